/** What was said last within a scope: the reply to a query without words. */
import type { DocumentTable } from './document-table.ts'
import type { ScopeTest } from './scope.ts'

export interface Newest {
  /** The newest first, of the same time by id. */
  readonly ordinals: readonly number[]
  /** Documents inside the scope; those that were counted, where not `isTotalExact`. */
  readonly total: number
  readonly isTotalExact: boolean
}

/** Documents that are looked at for the total alone: a millisecond. */
export const COUNTED_MAX = 65_536

/**
 * The `limit` newest documents inside the scope. Ordinals mostly rise with time, so from their end on nearly all that is looked at
 * later is older than what was found, and costs a comparison.
 */
export function selectNewest(limit: number, scope: ScopeTest, table: DocumentTable): Newest {
  const { alive, authorOf, atMs } = table
  const ordinals: number[] = []
  const times: number[] = []
  let total = 0
  let seen = 0
  let isTotalExact = true

  const insert = (ordinal: number, time: number): void => {
    let place = times.length
    const comesBefore = (other: number): boolean =>
      times[other] === time ? table.compareIds(ordinal, ordinals[other]!) < 0 : time > times[other]!
    while (place > 0 && comesBefore(place - 1)) place--
    if (place >= limit) return
    ordinals.splice(place, 0, ordinal)
    times.splice(place, 0, time)
    if (times.length <= limit) return
    ordinals.pop()
    times.pop()
  }

  for (let ordinal = table.ordinals - 1; ordinal >= 0; ordinal--) {
    if (alive[ordinal] !== 1) continue
    const isOld = times.length >= limit && authorOf[ordinal]! >= 0 && atMs[ordinal]! < (times.at(-1) ?? 0)
    if (isOld && ++seen > COUNTED_MAX) {
      isTotalExact = false
      continue
    }
    if (!scope.isOpen && !scope.isInside(ordinal)) continue
    total++
    if (!isOld) insert(ordinal, timeInScope(ordinal, scope, table))
  }
  return scope.isOpen
    ? { ordinals, total: table.size, isTotalExact: true }
    : { ordinals, total, isTotalExact }
}

/** When a document inside the scope was said, there for the first time: milliseconds since the Unix epoch. */
export function timeInScope(ordinal: number, scope: ScopeTest, { authorOf, atMs }: DocumentTable): number {
  return authorOf[ordinal]! < 0 ? scope.provenance(ordinal)!.atMs : atMs[ordinal]!
}
