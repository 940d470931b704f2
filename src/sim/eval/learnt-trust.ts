/** Trust of a spore whose operator has judged tasks, through the entries of evidence that a spore writes for them. */
import type { Did, SpaceId } from '../../core/base/brand.ts'
import type { Change } from '../../core/memory/change.ts'
import { EVIDENCE_ROWS_MAX, type EvidenceRow, encodeEvidence } from '../../core/protocol/evidence-payload.ts'
import { KINDS } from '../../core/protocol/kinds.ts'
import { PER_MILLE } from '../../core/protocol/task-limits.ts'
import type { AggregationParams } from '../../core/reasoning/aggregation-params.ts'
import {
  type Evidence,
  type IsConfigured,
  learnTrackRecord,
  type ScoredTask,
  scoresOf,
} from '../../core/reasoning/track-record.ts'
import { counted } from '../../core/trust/tally.ts'
import { createTrust } from '../../core/trust/trust.ts'
import type { Trust } from '../../core/trust/trust-contract.ts'

const SELF = 'did:key:zOperator' as Did
const SPACE = 'commons' as SpaceId

/** The tasks in their order, all judged in one period. */
export function learntTrust(tasks: readonly ScoredTask[], isConfigured: IsConfigured): Trust {
  const trust = createTrust(
    {},
    { self: SELF, clock: { now: () => 0 }, isChosen: isConfigured, placeOf: (author) => [author] },
  )
  const rows = new Map<string, EvidenceRow>()
  for (const task of tasks)
    for (const { author: subject, isRight, classes } of scoresOf(task)) {
      const key = { subject, domain: task.domain, kind: 'answer', period: 0 } as const
      const outcome = { ...key, isRight, chance: Math.round(PER_MILLE / classes) }
      rows.set(
        `${task.domain} ${subject}`,
        counted(rows.get(`${task.domain} ${subject}`) ?? null, key, outcome),
      )
    }
  const all = [...rows.values()]
  for (let at = 0; at < all.length; at += EVIDENCE_ROWS_MAX) {
    const payload = encodeEvidence({ rows: all.slice(at, at + EVIDENCE_ROWS_MAX), because: [] })
    trust.note({ kind: KINDS.evidence, author: SELF, space: SPACE, payload } as Change)
  }
  return trust
}

/** What a spore has learnt from verdicts: trust from its evidence, the rest from the tasks themselves (`evidence-book.ts`). */
export function evidenceFrom(
  tasks: readonly ScoredTask[],
  params: AggregationParams,
  isConfigured: IsConfigured,
): Evidence {
  const trust = learntTrust(tasks, isConfigured)
  return {
    ...learnTrackRecord(tasks, params, isConfigured),
    trustOf: (author, domain) => trust.chanceOf(author, domain, isConfigured(author)),
  }
}
