/**
 * Retrieval quality on any judged collection, through the spore's own remember and search.
 *
 *     npm run bench -- retrieval --data <folder> [--json]
 *
 * Conversations (documents with `conv`) are scored twice, as the LoCoMo paper does it: one conversation at a time, each
 * in a spore of its own, and pooled, all in one; and a third time without `thread` and `position`.
 */
import { parseArgs } from 'node:util'
import type { RememberInput } from '../../src/core/protocol/api.ts'
import { ITEMS_MAX } from '../../src/core/protocol/limits.ts'
import type { Spore } from '../../src/core/spore.ts'
import {
  type Collection,
  conversationsOf,
  type Doc,
  docToMemory,
  docWithoutPlace,
  ndcg10,
  type Query,
  readCollection,
  recall10,
} from './support/collection.ts'
import type { Report, Run } from './support/harness.ts'
import { withLocalSpore } from './support/local-spore.ts'

/** What the design asks, by the kind of collection. */
const NDCG_BAR = 0.53
const RECALL_ONE_BAR = 0.77
const RECALL_POOLED_BAR = 0.74
const RECALL_NO_THREADS_BAR = 0.64

interface Score {
  readonly ndcg10: number
  readonly recall10: number
  readonly latencyMs: number
}

/** How a document is remembered. */
type ToMemory = (doc: Doc) => RememberInput

export const run: Run = async (args, report) => {
  const { values } = parseArgs({ args: [...args], options: { data: { type: 'string' } } })
  if (values.data === undefined) throw new Error('which collection? --data <folder>')
  const collection = await readCollection(values.data)
  const { docs, queries } = collection
  report.note(`${docs.length} documents, ${queries.length} judged queries`)
  const pooled = await scoreIn(collection, docs, queries, docToMemory)
  const conversations = conversationsOf(collection)
  if (conversations) await reportConversations(collection, conversations, pooled, report)
  else {
    report.row({ metric: 'nDCG@10', value: mean(pooled, 'ndcg10'), unit: '', bar: { atLeast: NDCG_BAR } })
    report.row({ metric: 'Recall@10', value: mean(pooled, 'recall10'), unit: '' })
  }
  const latencies = pooled.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b)
  report.row({ metric: 'search p50', value: latencies[Math.floor(latencies.length / 2)] ?? 0, unit: 'ms' })
  report.row({ metric: 'search p99', value: latencies[Math.floor(latencies.length * 0.99)] ?? 0, unit: 'ms' })
}

type Conversations = NonNullable<ReturnType<typeof conversationsOf>>

async function reportConversations(
  collection: Collection,
  conversations: Conversations,
  pooled: readonly Score[],
  report: Report,
): Promise<void> {
  const oneByOne = async (toMemory: ToMemory): Promise<Score[]> => {
    const scores: Score[] = []
    for (const { docs, queries } of conversations)
      scores.push(...(await scoreIn(collection, docs, queries, toMemory)))
    return scores
  }
  const recall = (metric: string, scores: readonly Score[], bar: number): void =>
    report.row({ metric, value: mean(scores, 'recall10'), unit: '', bar: { atLeast: bar } })
  const one = await oneByOne(docToMemory)
  recall('evidence R@10, one conversation', one, RECALL_ONE_BAR)
  recall('evidence R@10, pooled', pooled, RECALL_POOLED_BAR)
  const bare = await oneByOne(docWithoutPlace)
  recall('evidence R@10, one conversation, without thread fields', bare, RECALL_NO_THREADS_BAR)
  report.row({ metric: 'nDCG@10, one conversation', value: mean(one, 'ndcg10'), unit: '' })
}

/** Remembers the documents in a fresh spore and scores the queries against it. */
function scoreIn(
  collection: Collection,
  docs: readonly Doc[],
  queries: readonly Query[],
  toMemory: ToMemory,
): Promise<Score[]> {
  return withLocalSpore(async (spore) => {
    const docIds = await remember(spore, docs, toMemory)
    const scores: Score[] = []
    for (const query of queries) {
      const startedAt = performance.now()
      const reply = await spore.search({ q: query.text, limit: 10 })
      const latencyMs = performance.now() - startedAt
      if (!reply.ok) throw new Error(`search failed: ${reply.error.detail}`)
      const ranked = reply.value.hits.flatMap(({ id }) => docIds.get(id) ?? [])
      const gains = collection.judgements.get(query.id) ?? new Map()
      scores.push({ ndcg10: ndcg10(ranked, gains), recall10: recall10(ranked, gains), latencyMs })
    }
    return scores
  })
}

/** Memory id → ids of the documents that it stands for (equal documents are one memory). */
async function remember(
  spore: Spore,
  docs: readonly Doc[],
  toMemory: ToMemory,
): Promise<ReadonlyMap<string, string[]>> {
  const docIds = new Map<string, string[]>()
  for (let at = 0; at < docs.length; at += ITEMS_MAX) {
    const batch = docs.slice(at, at + ITEMS_MAX)
    for (const [i, result] of (await spore.rememberMany(batch.map(toMemory))).entries()) {
      const doc = batch[i] as Doc
      // An empty document cannot be remembered, and no query can find it.
      if (!result.ok && result.error.code === 'TEXT_EMPTY') continue
      if (!result.ok) throw new Error(`${doc.id}: ${result.error.detail}`)
      docIds.set(result.value.id, [...(docIds.get(result.value.id) ?? []), doc.id])
    }
  }
  return docIds
}

const mean = (scores: readonly Score[], figure: 'ndcg10' | 'recall10'): number =>
  scores.reduce((sum, score) => sum + score[figure], 0) / scores.length
