/**
 * Judged collections: a folder with `docs.jsonl` {id, text, title?, conv?, session?, turn?, speaker?}, `queries.jsonl`
 * {id, text, conv?} and `qrels.jsonl` {query, doc, rel}.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Doc {
  readonly id: string
  readonly text: string
  readonly title?: string
  readonly conv?: string
  readonly session?: number
  readonly turn?: number
  readonly speaker?: string
}

export interface Query {
  readonly id: string
  readonly text: string
  readonly conv?: string
}

export interface Collection {
  readonly docs: readonly Doc[]
  /** Those that have judgements. */
  readonly queries: readonly Query[]
  /** Query id → doc id → gain. */
  readonly judgements: ReadonlyMap<string, ReadonlyMap<string, number>>
}

export async function readCollection(folder: string): Promise<Collection> {
  const judgements = new Map<string, Map<string, number>>()
  for (const { query, doc, rel } of await readLines<{ query: string; doc: string; rel: number }>(
    folder,
    'qrels',
  )) {
    const gains = judgements.get(query) ?? new Map<string, number>()
    judgements.set(query, gains.set(doc, rel))
  }
  const queries = await readLines<Query>(folder, 'queries')
  return {
    docs: await readLines<Doc>(folder, 'docs'),
    queries: queries.filter(({ id }) => judgements.has(id)),
    judgements,
  }
}

/** The conversations of a collection, each with its documents and queries; null where it has none. */
export function conversationsOf({ docs, queries }: Collection) {
  const byConversation = Map.groupBy(docs, ({ conv }) => conv ?? null)
  if (byConversation.has(null)) return null
  return [...byConversation].map(([conv, its]) => ({
    docs: its,
    queries: queries.filter((query) => query.conv === conv),
  }))
}

/** A document as its user would remember it: a turn belongs to the thread of its conversation and session. */
export function docToMemory(doc: Doc) {
  return {
    text: doc.title === undefined ? doc.text : `${doc.title}\n${doc.text}`,
    ...(doc.conv !== undefined && { thread: `${doc.conv}/session ${doc.session ?? 0}` }),
    ...(doc.turn !== undefined && { position: doc.turn }),
    ...(doc.speaker !== undefined && { speaker: doc.speaker }),
  }
}

/** The same without its place: as somebody remembers who has no threads, or does not name them. */
export function docWithoutPlace(doc: Doc): ReturnType<typeof docToMemory> {
  const { thread: _, position: __, ...memory } = docToMemory(doc)
  return memory
}

/** Normalised discounted cumulative gain of the first ten (Järvelin & Kekäläinen, 2002; gain = grade). */
export function ndcg10(ranked: readonly string[], gains: ReadonlyMap<string, number>): number {
  const discount = (rank: number): number => 1 / Math.log2(rank + 2)
  const found = ranked.slice(0, 10).reduce((sum, id, rank) => sum + (gains.get(id) ?? 0) * discount(rank), 0)
  const best = [...gains.values()].sort((a, b) => b - a).slice(0, 10)
  return found / best.reduce((sum, gain, rank) => sum + gain * discount(rank), 0)
}

/** Share of the judged documents among the first ten. */
export function recall10(ranked: readonly string[], gains: ReadonlyMap<string, number>): number {
  return ranked.slice(0, 10).filter((id) => gains.has(id)).length / gains.size
}

async function readLines<T>(folder: string, name: string): Promise<T[]> {
  const text = await readFile(join(folder, `${name}.jsonl`), 'utf8')
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T)
}
