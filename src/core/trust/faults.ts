/**
 * What authors did that anybody can check. A set of (author, fault, period), so that the same fault told twice, or in another order, is
 * the same: bounded by authors and by periods.
 */
import type { Did } from '../base/brand.ts'
import { type Ages, MILLIONTHS } from './testimony.ts'
import { FAULTS, type Fault } from './trust-contract.ts'
import type { TrustParams } from './trust-params.ts'

/** Authors with faults that are remembered: proofs of forks are in the store as well. */
export const FAULTY_AUTHORS_MAX = 8192
/** Periods of a fault that are remembered, the newest: two thirds of a year, when a sixth of its weight is left. */
export const FAULT_PERIODS_MAX = 8

/** Without a way back: who signed two continuations, or another's name, did so knowingly. */
const PERMANENT: readonly Fault[] = ['fork', 'forged-receipt']

export interface Faults {
  /** Whether that was new. */
  note(author: Did, fault: Fault, period: number): boolean
  of(author: Did): readonly Fault[]
  isPermanent(author: Did): boolean
  /** Wrong outcomes that they count for now, in millionths. */
  wrongOf(author: Did, ages: Ages, params: TrustParams): number
  authors(): Iterable<Did>
}

export function createFaults(): Faults {
  const byAuthor = new Map<Did, Map<Fault, readonly number[]>>()
  const isPermanent = (author: Did): boolean => PERMANENT.some((fault) => byAuthor.get(author)?.has(fault))

  const makeRoom = (): void => {
    if (byAuthor.size <= FAULTY_AUTHORS_MAX) return
    let oldest: Did | undefined
    for (const author of byAuthor.keys())
      if (!isPermanent(author)) {
        oldest = author
        break
      }
    byAuthor.delete(oldest ?? (byAuthor.keys().next().value as Did))
  }

  return {
    isPermanent,
    note(author, fault, period) {
      const known = byAuthor.get(author) ?? new Map<Fault, readonly number[]>()
      const periods = known.get(fault) ?? []
      if (periods.includes(period)) return false
      known.set(fault, [...periods, period].sort((a, b) => b - a).slice(0, FAULT_PERIODS_MAX))
      byAuthor.set(author, known)
      makeRoom()
      return true
    },
    of(author) {
      const known = byAuthor.get(author)
      return known ? FAULTS.filter((fault) => known.has(fault)) : []
    },
    wrongOf(author, { period, keptByAge }, params) {
      let wrong = 0
      const weights: Partial<Record<Fault, number>> = {
        'invalid-run': params.invalidRunWrong,
        flood: params.floodWrong,
      }
      // A clock that went back does not undo a fault: what seems to lie ahead is of now.
      for (const fault of FAULTS)
        for (const at of byAuthor.get(author)?.get(fault) ?? [])
          wrong += (weights[fault] ?? 0) * (keptByAge[Math.max(0, period - at)] ?? 0)
      return Math.round(wrong * MILLIONTHS)
    },
    authors: () => byAuthor.keys(),
  }
}
