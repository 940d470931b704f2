/**
 * Retrieval quality on any judged collection, through the spore's own remember and search.
 *
 *     npm run bench -- retrieval --data <folder> [--json]
 *
 * Conversations (documents with `conv`) are scored twice, as the LoCoMo paper does it: one conversation at a time, each
 * in a spore of its own, and pooled, all in one.
 */
import { parseArgs } from 'node:util'
import type { RememberInput } from '../../src/core/protocol/api.ts'
import { ITEMS_MAX } from '../../src/core/protocol/limits.ts'
import type { Spore } from '../../src/core/spore.ts'
import {
  type Collection,
  type Doc,
  ndcg10,
  type Query,
  readCollection,
  recall10,
} from './support/collection.ts'
import type { Run } from './support/harness.ts'
import { withLocalSpore } from './support/local-spore.ts'

/** What the design asks of this cut, by the kind of collection. */
const NDCG_BAR = 0.52
const RECALL_ONE_BAR = 0.72
const RECALL_POOLED_BAR = 0.74

interface Score {
  readonly ndcg10: number
  readonly recall10: number
  readonly latencyMs: number
}

export const run: Run = async (args, report) => {
  const { values } = parseArgs({ args: [...args], options: { data: { type: 'string' } } })
  if (values.data === undefined) throw new Error('which collection? --data <folder>')
  const collection = await readCollection(values.data)
  report.note(`${collection.docs.length} documents, ${collection.queries.length} judged queries`)

  const conversations = Map.groupBy(collection.docs, ({ conv }) => conv ?? null)
  const isConversational = !conversations.has(null)
  const pooled = await scoreIn(collection, collection.docs, collection.queries)
  if (!isConversational) {
    report.row({ metric: 'nDCG@10', value: mean(pooled, 'ndcg10'), unit: '', bar: { atLeast: NDCG_BAR } })
    report.row({ metric: 'Recall@10', value: mean(pooled, 'recall10'), unit: '' })
  } else {
    const one: Score[] = []
    for (const [conv, docs] of conversations)
      one.push(
        ...(await scoreIn(
          collection,
          docs,
          collection.queries.filter((query) => query.conv === conv),
        )),
      )
    report.row({
      metric: 'evidence R@10, one conversation',
      value: mean(one, 'recall10'),
      unit: '',
      bar: { atLeast: RECALL_ONE_BAR },
    })
    report.row({
      metric: 'evidence R@10, pooled',
      value: mean(pooled, 'recall10'),
      unit: '',
      bar: { atLeast: RECALL_POOLED_BAR },
    })
    report.row({ metric: 'nDCG@10, one conversation', value: mean(one, 'ndcg10'), unit: '' })
  }
  const latencies = pooled.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b)
  report.row({ metric: 'search p50', value: latencies[Math.floor(latencies.length / 2)] ?? 0, unit: 'ms' })
  report.row({ metric: 'search p99', value: latencies[Math.floor(latencies.length * 0.99)] ?? 0, unit: 'ms' })
}

/** Remembers the documents in a fresh spore and scores the queries against it. */
function scoreIn(collection: Collection, docs: readonly Doc[], queries: readonly Query[]): Promise<Score[]> {
  return withLocalSpore(async (spore) => {
    const docIds = await remember(spore, docs)
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
async function remember(spore: Spore, docs: readonly Doc[]): Promise<ReadonlyMap<string, string[]>> {
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

/** A document as its user would remember it: a turn belongs to the thread of its conversation and session. */
function toMemory(doc: Doc): RememberInput {
  return {
    text: doc.title === undefined ? doc.text : `${doc.title}\n${doc.text}`,
    ...(doc.conv !== undefined && { thread: `${doc.conv}/session ${doc.session ?? 0}` }),
    ...(doc.turn !== undefined && { position: doc.turn }),
    ...(doc.speaker !== undefined && { speaker: doc.speaker }),
  }
}

const mean = (scores: readonly Score[], figure: 'ndcg10' | 'recall10'): number =>
  scores.reduce((sum, score) => sum + score[figure], 0) / scores.length
