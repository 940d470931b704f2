/**
 * Context of place: what stands beside a good hit in its thread, what links to it, the thread as a whole, and who
 * said it. Chats and documents put the words of a question in one entry and the answer in the next.
 */
import type { Analyser } from './analysis.ts'
import type { Collection } from './collection.ts'
import { type Gate, INSIDE } from './gate.ts'
import type { LexicalScores } from './lexical.ts'
import type { RetrievalParams } from './params.ts'

export interface PlaceScores {
  /** Ordinals with a score: the candidates, their neighbours and what they are linked with. */
  readonly ordinals: Iterable<number>
  /** The summands by name. */
  parts(ordinal: number): { neighbours: number; links: number; thread: number }
  /** Factor for what was said by someone whom the query names, else 1. */
  speakerFactor(ordinal: number): number
}

export function scorePlace(
  candidates: readonly number[],
  text: string,
  lexical: LexicalScores,
  gate: Gate,
  collection: Collection,
  analyser: Analyser,
  params: RetrievalParams,
): PlaceScores {
  const neighbours = new Map<number, number>()
  const links = new Map<number, number>()
  const isInside = (ordinal: number) => gate.decide(ordinal) === INSIDE
  const reached = new Set(candidates)
  for (const ordinal of candidates) {
    const score = lexical.score(ordinal)
    for (const direction of [-1, 1] as const) {
      const beside = collection.threads.neighbours(
        ordinal,
        direction,
        params.neighbourWeights.length,
        isInside,
      )
      for (const [i, other] of beside.entries()) {
        if (params.neighbourWeights[i] === 0) continue
        reached.add(other)
        neighbours.set(other, (neighbours.get(other) ?? 0) + params.neighbourWeights[i]! * score)
      }
    }
    if (params.linkWeight === 0 || collection.links.isEmpty) continue
    collection.links.follow(collection.table.id(ordinal), collection.table.sources(ordinal), (id) => {
      const other = collection.table.find(id)
      if (other < 0 || other === ordinal || !isInside(other)) return
      reached.add(other)
      links.set(other, Math.max(links.get(other) ?? 0, params.linkWeight * score))
    })
  }
  const threadScale = lexical.threads.best > 0 ? params.threadWeight / lexical.threads.best : 0
  const isNamed = createNameTest(text, analyser)

  return {
    ordinals: reached,
    parts: (ordinal) => ({
      neighbours: neighbours.get(ordinal) ?? 0,
      links: links.get(ordinal) ?? 0,
      thread: threadScale * lexical.threads.score(ordinal),
    }),
    speakerFactor(ordinal) {
      const speaker = collection.table.speakerOf[ordinal]!
      return speaker > 0 && isNamed(collection.table.speakers.text(speaker)) ? params.speakerFactor : 1
    },
  }
}

/** Does the query name this speaker: all words of the name, or the first one? */
function createNameTest(text: string, analyser: Analyser): (speaker: string) => boolean {
  const words = new Set(analyser.words(text))
  const known = new Map<string, boolean>()
  return (speaker) => {
    let isNamed = known.get(speaker)
    if (isNamed === undefined) {
      const [first] = analyser.words(speaker)
      isNamed = first !== undefined && words.has(first)
      known.set(speaker, isNamed)
    }
    return isNamed
  }
}
