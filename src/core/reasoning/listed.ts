/**
 * Which of too many answers a synthesis lists, so that what is listed weighs as all of them would. Those of one model family share their
 * weight, so by weight alone the members of the smallest family would all come first, and the others not at all.
 */
import { compareText } from '../base/bytes.ts'

export interface Listable {
  /** Breaks ties, the same way everywhere. */
  readonly id: string
  /** As it weighs among all. */
  readonly mass: number
  /** Null where it names none: then it shares with nobody. */
  readonly family: string | null
}

/**
 * The heaviest of each family, then the second of each, and so on, the heavier first each time; who weighs nothing comes behind all that
 * weigh something, by id, so that naming many families gains nothing.
 */
export function listedOf<T>(all: readonly T[], max: number, of: (one: T) => Listable): readonly T[] {
  if (all.length <= max) return all
  const placeInFamily = new Map<string, number>()
  return all
    .map((one) => ({ one, ...of(one) }))
    .sort((a, b) => b.mass - a.mass || compareText(a.id, b.id))
    .map((row) => {
      const place = row.family === null || row.mass <= 0 ? 0 : (placeInFamily.get(row.family) ?? 0)
      if (row.family !== null) placeInFamily.set(row.family, place + 1)
      return { ...row, place: row.mass > 0 ? place : Number.MAX_SAFE_INTEGER }
    })
    .sort((a, b) => a.place - b.place || b.mass - a.mass || compareText(a.id, b.id))
    .slice(0, max)
    .map(({ one }) => one)
}
