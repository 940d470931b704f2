/** Evidence as raters publish it: rows that grow by one outcome at a time, one entry a judged task. */
import type { Did, Digest, HybridTime, LogId, SpaceId } from '../../core/base/brand.ts'
import type { Change } from '../../core/memory/change.ts'
import { type EvidenceRow, encodeEvidence } from '../../core/protocol/evidence-payload.ts'
import { KINDS } from '../../core/protocol/kinds.ts'

export const WORLD_SPACE = 'commons' as SpaceId
export const WORLD_DOMAIN = 'general'

export const emptyRow = (subject: Did, period: number): EvidenceRow => ({
  ...{ subject, domain: WORLD_DOMAIN, kind: 'answer', period },
  counters: { right: 0, wrong: 0, chance: 0, rightBack: 0, wrongBack: 0, chanceBack: 0 },
  recent: { outcomes: 0, bits: 0 },
})

/** With one more outcome of a task of so many choices. */
export function grow(row: EvidenceRow, isRight: boolean, choices: number): EvidenceRow {
  const { counters, recent } = row
  return {
    ...row,
    counters: {
      ...counters,
      right: counters.right + (isRight ? 1 : 0),
      wrong: counters.wrong + (isRight ? 0 : 1),
      chance: counters.chance + Math.round(1000 / choices),
    },
    recent: { outcomes: recent.outcomes + 1, bits: ((recent.bits << 1) | (isRight ? 1 : 0)) >>> 0 },
  }
}

export const toEvidence = (author: Did, rows: readonly EvidenceRow[]): Change => ({
  ...{ arrival: 0, seq: 0, logId: 'log' as LogId, clock: 0 as HybridTime, element: 'element' as Digest },
  ...{ author, space: WORLD_SPACE, kind: KINDS.evidence, references: [], header: new Uint8Array() },
  payload: encodeEvidence({ rows, because: [] }),
})

export interface Writer {
  /** The entry of a rater who has judged these. */
  write(
    rater: Did,
    outcomes: readonly { readonly about: Did; readonly isRight: boolean }[],
    period: number,
  ): Change
}

export function createWriter(choices: number): Writer {
  const rows = new Map<string, EvidenceRow>()
  return {
    write(rater, outcomes, period) {
      const written = new Map<Did, EvidenceRow>()
      for (const { about, isRight } of outcomes) {
        const key = `${rater} ${about} ${period}`
        const row = grow(rows.get(key) ?? emptyRow(about, period), isRight, choices)
        rows.set(key, row)
        written.set(about, row)
      }
      return toEvidence(rater, [...written.values()])
    },
  }
}
