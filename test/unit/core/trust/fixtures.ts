/** Evidence as a spore sends it, with everything but what a test is about filled in. */
import type { Did, Digest, HybridTime, LogId, SpaceId } from '../../../../src/core/base/brand.ts'
import type { Change } from '../../../../src/core/memory/change.ts'
import {
  type EvidenceKind,
  type EvidenceRow,
  encodeEvidence,
  PERIOD_MS,
} from '../../../../src/core/protocol/evidence-payload.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { createTrust, type TrustDeps } from '../../../../src/core/trust/trust.ts'
import type { Trust } from '../../../../src/core/trust/trust-contract.ts'
import type { TrustParams } from '../../../../src/core/trust/trust-params.ts'

export const SELF = 'did:key:self' as Did
export const COMMONS = 'commons' as SpaceId
export const NOW_PERIOD = 700
export const did = (name: string): Did => `did:key:${name}` as Did

/** Outcomes from a text: `+` is right, `-` wrong, the oldest first. */
export function row(
  subject: string,
  outcomes: string,
  rest: { domain?: string; kind?: EvidenceKind; period?: number; chance?: number } = {},
): EvidenceRow {
  const right = [...outcomes].filter((one) => one === '+').length
  const wrong = outcomes.length - right
  const bits = [...outcomes].slice(-32).reduce((sum, one) => ((sum << 1) | (one === '+' ? 1 : 0)) >>> 0, 0)
  return {
    subject: subject.startsWith('did:') ? subject : `did:key:${subject}`,
    domain: rest.domain ?? 'general',
    kind: rest.kind ?? 'answer',
    period: rest.period ?? NOW_PERIOD,
    counters: {
      ...{ right, wrong, chance: (rest.chance ?? 250) * outcomes.length },
      ...{ rightBack: 0, wrongBack: 0, chanceBack: 0 },
    },
    recent: { outcomes: outcomes.length, bits },
  }
}

/** `right` right ones among `of`, evenly spread. */
export const spread = (right: number, of: number): string =>
  Array.from({ length: of }, (_, i) =>
    Math.floor(((i + 1) * right) / of) > Math.floor((i * right) / of) ? '+' : '-',
  ).join('')

export const evidence = (rater: string, ...rows: EvidenceRow[]): Change => change(rater, rows)

export const change = (rater: string, rows: readonly EvidenceRow[], space: SpaceId = COMMONS): Change => ({
  ...{ arrival: 0, seq: 0, logId: 'log' as LogId, clock: 0 as HybridTime, element: 'element' as Digest },
  author: rater.startsWith('did:') ? (rater as Did) : did(rater),
  space,
  kind: KINDS.evidence,
  references: [],
  header: new Uint8Array(),
  payload: encodeEvidence({ rows, because: [] }),
})

export interface TrustWorld {
  readonly trust: Trust
  nowMs: number
  readonly chosen: Set<Did>
  readonly places: Map<Did, readonly string[]>
  /** Each with a place of its own, unless it is said here. */
  note(rater: string, ...rows: EvidenceRow[]): void
}

export function world(params: Partial<TrustParams> = {}, deps: Partial<TrustDeps> = {}): TrustWorld {
  const chosen = new Set<Did>()
  const places = new Map<Did, readonly string[]>()
  const state = { nowMs: (NOW_PERIOD + 0.5) * PERIOD_MS }
  const trust = createTrust(
    { params },
    {
      self: SELF,
      clock: { now: () => state.nowMs },
      isChosen: (author) => chosen.has(author),
      placeOf: (author) => places.get(author) ?? [`${author.slice(8)}.example`],
      ...deps,
    },
  )
  return {
    ...{ trust, chosen, places },
    get nowMs() {
      return state.nowMs
    },
    set nowMs(ms) {
      state.nowMs = ms
    },
    note: (rater, ...rows) => trust.note(change(rater, rows)),
  }
}
