/**
 * Fusion: what the words find and what meaning finds as one score, a weighted sum of parts that are each divided by their
 * best (a convex sum does better than ranks that are added: Bruch, Gai & Ingber 2023).
 *
 * A cosine is counted from the least one that was found: models put all texts of a language into a narrow cone, so that what
 * has nothing to do with a question may be at .7 of it; and what was not found then scores as the last that was: 0.
 */
import type { Digest } from '../base/brand.ts'
import type { SearchMode } from '../protocol/api-embeddings.ts'
import type { DocumentTable } from './document-table.ts'
import { type Gate, INSIDE } from './gate.ts'
import type { LexicalScores } from './lexical.ts'

/** Scores with the part `dense` among them. `cosines` may name what is not inside, or not there any more. */
export function fuse(
  lexical: LexicalScores,
  cosines: ReadonlyMap<Digest, number>,
  mode: SearchMode,
  weight: number,
  gate: Gate,
  table: DocumentTable,
): LexicalScores {
  const byOrdinal = new Map<number, number>()
  for (const [id, cosine] of cosines) {
    const ordinal = table.find(id)
    if (ordinal >= 0 && gate.decide(ordinal) === INSIDE) byOrdinal.set(ordinal, cosine)
  }
  const scores = scaled(byOrdinal, weight)
  const isLexical = mode !== 'dense'
  const ofWords = (ordinal: number): number => (isLexical ? lexical.score(ordinal) : 0)
  const matches = isLexical ? [...new Set([...lexical.matches, ...scores.keys()])] : [...scores.keys()]
  return {
    matches,
    total: isLexical ? lexical.total + matches.length - lexical.matches.length : matches.length,
    isTotalExact: lexical.isTotalExact,
    threads: lexical.threads,
    score: (ordinal) => ofWords(ordinal) + (scores.get(ordinal) ?? 0),
    parts: (ordinal) => ({
      ...(isLexical && lexical.parts(ordinal)),
      dense: scores.get(ordinal) ?? 0,
    }),
  }
}

/** `weight` for the closest, down to nearly 0 for the last: what was found counts, if only just. */
function scaled(cosines: ReadonlyMap<number, number>, weight: number): ReadonlyMap<number, number> {
  const values = [...cosines.values()]
  const most = Math.max(...values)
  const least = Math.min(...values)
  const span = most - least
  return new Map(
    [...cosines].map(([ordinal, cosine]) => [
      ordinal,
      weight * (span > 0 ? Math.max(FOUND_MIN, (cosine - least) / span) : 1),
    ]),
  )
}

/** A score of 0 would be no match. */
const FOUND_MIN = 1e-6
