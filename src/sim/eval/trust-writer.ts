/** Evidence as raters publish it: rows that grow by one outcome at a time, one entry a judged task. */
import type { Did, Digest, HybridTime, LogId, SpaceId } from '../../core/base/brand.ts'
import type { Change } from '../../core/memory/change.ts'
import { type EvidenceRow, encodeEvidence } from '../../core/protocol/evidence-payload.ts'
import { KINDS } from '../../core/protocol/kinds.ts'
import { PER_MILLE } from '../../core/protocol/task-limits.ts'
import { counted } from '../../core/trust/tally.ts'

export const WORLD_SPACE = 'commons' as SpaceId
export const WORLD_DOMAIN = 'general'

/** The row with one more outcome of a task of so many choices; `before` is null where there is none yet. */
export function grow(
  before: EvidenceRow | null,
  about: Did,
  period: number,
  isRight: boolean,
  choices: number,
): EvidenceRow {
  const key = { subject: about, domain: WORLD_DOMAIN, kind: 'answer', period } as const
  return counted(before, key, { ...key, isRight, chance: Math.round(PER_MILLE / choices) })
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
        const row = grow(rows.get(key) ?? null, about, period, isRight, choices)
        rows.set(key, row)
        written.set(about, row)
      }
      return toEvidence(rater, [...written.values()])
    },
  }
}
