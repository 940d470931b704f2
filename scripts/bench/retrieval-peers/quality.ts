/** Quality of each engine on judged collections: the metric that their papers report, in the same run. */
import {
  type Collection,
  conversationsOf,
  type Doc,
  docToMemory,
  ndcg10,
  type Query,
  readCollection,
  recall10,
} from '../support/collection.ts'
import type { Report } from '../support/harness.ts'
import { createEngine, ENGINES, type EngineDoc, type EngineName, FTS5, OURS } from './engine.ts'

/** One point of a hundred: what ours may lie below FTS5. */
const POINT = 0.01
const HITS = 10

/** What is searched at a time, and the queries for it. */
interface Part {
  readonly docs: readonly Doc[]
  readonly queries: readonly Query[]
}

interface Measure {
  readonly name: string
  readonly parts: readonly Part[]
  of(ranked: readonly string[], gains: ReadonlyMap<string, number>): number
}

/** `folder` holds a collection, as `support/collection.ts` says. */
export async function reportQuality(folder: string, name: string, report: Report): Promise<void> {
  const collection = await readCollection(folder)
  for (const measure of measuresOf(collection)) {
    const values = new Map<EngineName, number>()
    for (const engine of ENGINES) values.set(engine, await evaluate(engine, collection, measure))
    const theirs = values.get(FTS5)!
    for (const [engine, value] of values) {
      const isOurs = (OURS as readonly string[]).includes(engine)
      report.row({
        metric: `${name}: ${measure.name}: ${engine}`,
        value,
        unit: '',
        ...(isOurs && {
          bar: { atLeast: Math.round((theirs - POINT) * 1e4) / 1e4 },
          peer: { name: FTS5, value: theirs },
        }),
      })
    }
  }
}

/** Conversations: the share of the evidence that is found, in one at a time and in all; else the gain. */
function measuresOf(collection: Collection): readonly Measure[] {
  const conversations = conversationsOf(collection)
  if (!conversations) return [{ name: 'nDCG@10', parts: [collection], of: ndcg10 }]
  return [
    { name: 'evidence R@10, one conversation', parts: conversations, of: recall10 },
    { name: 'evidence R@10, pooled', parts: [collection], of: recall10 },
  ]
}

async function evaluate(
  name: EngineName,
  { judgements }: Collection,
  { parts, of }: Measure,
): Promise<number> {
  let sum = 0
  let count = 0
  for (const { docs, queries } of parts) {
    await using engine = await createEngine(name)
    await engine.add(docs.map(toEngineDoc))
    for (const { id, text } of queries) {
      sum += of(await engine.search(text, HITS), judgements.get(id) ?? new Map())
      count++
    }
  }
  return sum / count
}

const toEngineDoc = (doc: Doc): EngineDoc => ({ id: doc.id, ...docToMemory(doc) })
