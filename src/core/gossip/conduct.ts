/**
 * Conduct: what each caller has cost this spore and done to it, and what follows: `ok`, `slowed` (one request a second, the
 * rest is refused with a time to come back) or `cut` (nothing is taken from it, and it is asked nothing).
 *
 * Invariants: the table is bounded, whoever calls; only what was signed by a caller, or answered by a peer that is known, is
 * put down to it; what an honest spore does by mistake (a wrong clock, lost messages, a restored backup, being behind,
 * passing on the branch of a fork) weighs nothing; bad marks fade, and whoever earns them again is cut off for twice as
 * long; a peer that the operator configured is slowed and never cut. Time that runs backwards neither ends nor lengthens
 * anything. Keys cost nothing, so this bounds a caller and not an attacker: who has many keys is bounded by address.
 */
import { createBoundedMap } from '../base/bounded.ts'
import type { Did } from '../base/brand.ts'
import type { Clock } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type ErrorCode, type Failure, failure } from '../protocol/errors.ts'
import {
  CONDUCT_CALLERS_MAX,
  CONDUCT_CUT_MAX,
  CUT_MS,
  CUT_MS_MAX,
  PEER_BYTES_BURST,
  PEER_BYTES_PER_SECOND,
  PEER_REQUESTS_BURST,
  PEER_REQUESTS_PER_SECOND,
  PEER_SIGNATURES_BURST,
  PEER_SIGNATURES_PER_SECOND,
} from '../protocol/limits.ts'

/** What can be held against a caller, and how much it weighs: 100 cuts it off. */
export const OFFENCES = {
  /** A body, frame or run that is not in its form. */
  malformed: 15,
  /** A signature, key, clock or proof that does not hold: whoever verifies what it passes on has none. */
  forged: 20,
  /** Cursors that lead nowhere, ends that never come, another chain of a log that is not there when it is asked for. */
  lie: 20,
  /** A pull of what it says to have that brought nothing, or announcements of it. A spore of several replicas does that while one is behind. */
  futile: 8,
  /** A digest that changed though nothing else did. Honest views do that now and then. */
  changeling: 2,
  /** A run of another chain than the one here, and no proof: passing on the branch of a fork looks like it, for a while. */
  dispute: 0.5,
  /** A push of nothing but what is here. */
  repeat: 0.25,
  /** A request in the time in which it was told to wait. */
  flood: 0.25,
} as const

export type Offence = keyof typeof OFFENCES

/** What decodes beyond every bound, or is nested deeper than any message, is made and no mistake: two of them cut off. */
const BOMBS: ReadonlySet<ErrorCode> = new Set(['RUN_TOO_LARGE', 'BODY_TOO_DEEP'])
const BOMB_TIMES = 4

export const CUT_SCORE = 100
export const SLOWED_SCORE = 30
/** Milliseconds in which half of what is held against a caller fades. */
export const HALF_LIFE_MS = 60_000
/** Requests a second of one that is slowed, and how many at once. */
const SLOWED_REQUESTS_PER_SECOND = 1
const SLOWED_REQUESTS_BURST = 2
/** A day without being cut off takes one from the times that it was. */
const FORGIVEN_MS = 24 * 60 * 60 * 1000

/** What the log says of it. */
export const CUT_OFF = 'a caller is cut off'

export type Standing = 'ok' | 'slowed' | 'cut'

/** What a caller did so often, in requests that it signed itself, that it is no mistake and no trouble on the way. */
export type ProvenOffence = 'invalid-run' | 'flood'
/** Offences that add up to one. Others may be somebody else's, or depend on what this spore knows. */
const PROVES: Partial<Record<Offence, ProvenOffence>> = {
  malformed: 'invalid-run',
  forged: 'invalid-run',
  flood: 'flood',
}

/** What a caller costs. */
export interface Charge {
  /** Bytes that it sent, or had sent. */
  readonly bytes?: number
  /** Signatures that were verified for it: of requests, heads, proofs, descriptors. */
  readonly signatures?: number
}

/** An account as operators see it. Counts are of this process, and of as long as the caller is remembered. */
export interface ConductView {
  readonly standing: Standing
  /** When it is no longer cut off, in milliseconds since the Unix epoch; null where it is not. */
  readonly untilMs: number | null
  /** The offence that weighed last; null for none. */
  readonly reason: Offence | null
  /** Times that it was cut off, as far as that still counts. */
  readonly cuts: number
  readonly bytes: number
  readonly signatures: number
  /** Runs that were refused. */
  readonly refused: number
  /** Entries that were here already. */
  readonly duplicates: number
  readonly offences: Readonly<Record<Offence, number>>
}

export interface Conduct {
  /**
   * A request of a caller, whose signature holds: counts it. Failures PEER_CUT_OFF, and OVERLOADED where it sends too much
   * or is slowed; both say when to come back.
   */
  request(caller: Did): Result<void, Failure>
  /** Adds to what a caller cost. */
  charge(caller: Did, charge: Charge): void
  /** Holds something against a caller, so many times. `isAnswer`: it stood in an answer, which nobody signs. */
  note(caller: Did, offence: Offence, times?: number, isAnswer?: boolean): void
  /** Takes in what came of a run or proof that a caller brought. */
  noteRefused(caller: Did, code: ErrorCode, isAnswer?: boolean): void
  noteDuplicates(caller: Did, entries: number): void
  /** The failure of one that is cut off, null for any other. Costs nothing and counts nothing. */
  cutOff(caller: Did): Failure | null
  view(caller: Did): ConductView | null
  /** Callers that are cut off now. */
  readonly cut: number
  /** Callers that are remembered. */
  readonly size: number
}

export interface ConductDeps {
  readonly clock: Clock
  /** Whether an operator configured this peer. */
  readonly isPinned: (caller: Did) => boolean
  /** Hears of a caller that is cut off from now on. */
  readonly onCut: (caller: Did, reason: Offence) => void
  /** Hears once of a caller that offences of one kind, signed by it, would have cut off by themselves. */
  readonly onProven?: (caller: Did, offence: ProvenOffence) => void
}

interface Bucket {
  tokens: number
}

interface Account {
  atMs: number
  score: number
  /** Of the cut that lasts. */
  leftMs: number
  cuts: number
  /** Since the last cut ended. */
  goodMs: number
  reason: Offence | null
  readonly requests: Bucket
  readonly slowed: Bucket
  readonly byteTokens: Bucket
  readonly signatureTokens: Bucket
  bytes: number
  signatures: number
  refused: number
  duplicates: number
  readonly offences: Record<Offence, number>
  /** What signed offences weigh, by what they add up to; null once that was told. */
  readonly signed: Record<ProvenOffence, number | null>
}

export function createConduct({ clock, isPinned, onCut, onProven }: ConductDeps): Conduct {
  const calm = createBoundedMap<Did, Account>(CONDUCT_CALLERS_MAX)
  /** Those who were cut off and for whom that still counts: strangers with new keys do not push them out. */
  const marked = new Map<Did, Account>()

  const known = (caller: Did): Account | undefined => {
    const account = marked.get(caller) ?? calm.get(caller)
    if (account) pass(account, clock.now())
    if (account?.cuts === 0 && marked.delete(caller)) calm.set(caller, account)
    return account
  }

  const accountOf = (caller: Did): Account => {
    const account = known(caller) ?? newAccount(clock.now())
    if (account.cuts === 0) calm.set(caller, account)
    return account
  }

  const cut = (caller: Did, account: Account, reason: Offence): void => {
    account.leftMs = Math.min(CUT_MS_MAX, CUT_MS * 2 ** account.cuts)
    account.cuts++
    account.goodMs = 0
    // Half of what slows: on probation, not at the brink.
    account.score = SLOWED_SCORE / 2
    calm.delete(caller)
    marked.set(caller, account)
    if (marked.size > CONDUCT_CUT_MAX) marked.delete(soonestFree(marked))
    onCut(caller, reason)
  }

  /** Adds to what a caller's own signatures show; it is told once, however long that goes on. */
  const prove = (caller: Did, { signed }: Account, offence: Offence, times: number): void => {
    const proves = PROVES[offence]
    const before = proves && signed[proves]
    if (proves === undefined || before === undefined || before === null) return
    const weighs = before + OFFENCES[offence] * times
    signed[proves] = weighs < CUT_SCORE ? weighs : null
    if (weighs >= CUT_SCORE) onProven?.(caller, proves)
  }

  const hold = (caller: Did, account: Account, offence: Offence, times: number, isAnswer: boolean): void => {
    account.offences[offence] += times
    account.reason = offence
    account.score += OFFENCES[offence] * times
    if (!isAnswer) prove(caller, account, offence, times)
    if (account.score < CUT_SCORE || account.leftMs > 0) return
    if (isPinned(caller)) account.score = CUT_SCORE
    else cut(caller, account, offence)
  }

  const standingOf = ({ leftMs, score }: Account): Standing =>
    leftMs > 0 ? 'cut' : score >= SLOWED_SCORE ? 'slowed' : 'ok'

  return {
    request(caller) {
      const account = accountOf(caller)
      if (account.leftMs > 0) return err(cutFailure(account))
      const isSlowed = standingOf(account) === 'slowed'
      const waitMs = Math.max(
        isSlowed ? waitFor(account.slowed, SLOWED_REQUESTS_PER_SECOND) : 0,
        waitFor(account.requests, PEER_REQUESTS_PER_SECOND),
        owes(account.byteTokens, PEER_BYTES_PER_SECOND),
        owes(account.signatureTokens, PEER_SIGNATURES_PER_SECOND),
      )
      if (waitMs > 0) {
        hold(caller, account, 'flood', 1, false)
        return err(busy(waitMs, isSlowed))
      }
      account.requests.tokens--
      if (isSlowed) account.slowed.tokens--
      return ok(undefined)
    },
    charge(caller, { bytes = 0, signatures = 0 }) {
      const account = accountOf(caller)
      account.bytes += bytes
      account.signatures += signatures
      account.byteTokens.tokens -= bytes
      account.signatureTokens.tokens -= signatures
    },
    note(caller, offence, times = 1, isAnswer = false) {
      if (times > 0) hold(caller, accountOf(caller), offence, times, isAnswer)
    },
    noteRefused(caller, code, isAnswer = false) {
      const account = accountOf(caller)
      account.refused++
      const offence = offenceOf(code)
      if (offence) hold(caller, account, offence, BOMBS.has(code) ? BOMB_TIMES : 1, isAnswer)
    },
    noteDuplicates(caller, entries) {
      if (entries > 0) accountOf(caller).duplicates += entries
    },
    cutOff(caller) {
      const account = marked.has(caller) ? known(caller) : undefined
      return account && account.leftMs > 0 ? cutFailure(account) : null
    },
    view(caller) {
      const account = known(caller)
      if (!account) return null
      const { leftMs, reason, cuts, bytes, signatures, refused, duplicates, offences } = account
      const totals = { bytes, signatures, refused, duplicates, offences: { ...offences } }
      const untilMs = leftMs > 0 ? clock.now() + leftMs : null
      return { standing: standingOf(account), untilMs, reason, cuts, ...totals }
    },
    get cut() {
      let count = 0
      for (const account of marked.values()) {
        pass(account, clock.now())
        if (account.leftMs > 0) count++
      }
      return count
    },
    get size() {
      return calm.size + marked.size
    },
  }
}

/** What a refusal of a run, proof or message says of whoever brought it; null where honest spores bring the like. */
export function offenceOf(code: ErrorCode): Offence | null {
  switch (code) {
    case 'RUN_MALFORMED':
    case 'RUN_TOO_LARGE':
    case 'ENTRY_MALFORMED':
    case 'ENTRY_TOO_LARGE':
    case 'REQUEST_INVALID':
    case 'BODY_MALFORMED':
    case 'BODY_TOO_DEEP':
      return 'malformed'
    case 'SIGNATURE_INVALID':
    case 'KEY_REFUSED':
    case 'CLOCK_REGRESSED':
    case 'FORK_PROOF_INVALID':
      return 'forged'
    case 'CHAIN_MISMATCH':
      return 'dispute'
    // A gap, a known fork, a clock that one of the two has wrong, a space or an author that is not wanted here, and
    // whatever this spore cannot do: nothing that the other side could have known.
    default:
      return null
  }
}

const newAccount = (nowMs: number): Account => ({
  atMs: nowMs,
  score: 0,
  leftMs: 0,
  cuts: 0,
  goodMs: 0,
  reason: null,
  requests: { tokens: PEER_REQUESTS_BURST },
  slowed: { tokens: SLOWED_REQUESTS_BURST },
  byteTokens: { tokens: PEER_BYTES_BURST },
  signatureTokens: { tokens: PEER_SIGNATURES_BURST },
  bytes: 0,
  signatures: 0,
  refused: 0,
  duplicates: 0,
  offences: { malformed: 0, forged: 0, lie: 0, futile: 0, changeling: 0, dispute: 0, repeat: 0, flood: 0 },
  signed: { 'invalid-run': 0, flood: 0 },
})

/** Lets time pass for an account. */
function pass(account: Account, nowMs: number): void {
  const elapsedMs = Math.max(0, nowMs - account.atMs)
  account.atMs = nowMs
  if (elapsedMs === 0) return
  const left = 0.5 ** (elapsedMs / HALF_LIFE_MS)
  account.score *= left
  const { signed } = account
  if (signed['invalid-run'] !== null) signed['invalid-run'] *= left
  if (signed.flood !== null) signed.flood *= left
  const cutMs = Math.min(account.leftMs, elapsedMs)
  account.leftMs -= cutMs
  account.goodMs += elapsedMs - cutMs
  const forgiven = Math.min(account.cuts, Math.floor(account.goodMs / FORGIVEN_MS))
  account.cuts -= forgiven
  account.goodMs -= forgiven * FORGIVEN_MS
  refill(account.requests, elapsedMs, PEER_REQUESTS_PER_SECOND, PEER_REQUESTS_BURST)
  refill(account.slowed, elapsedMs, SLOWED_REQUESTS_PER_SECOND, SLOWED_REQUESTS_BURST)
  refill(account.byteTokens, elapsedMs, PEER_BYTES_PER_SECOND, PEER_BYTES_BURST)
  refill(account.signatureTokens, elapsedMs, PEER_SIGNATURES_PER_SECOND, PEER_SIGNATURES_BURST)
}

function refill(bucket: Bucket, elapsedMs: number, perSecond: number, burst: number): void {
  bucket.tokens = Math.min(burst, bucket.tokens + (elapsedMs / 1000) * perSecond)
}

/** Milliseconds until there is a token to take. */
const waitFor = ({ tokens }: Bucket, perSecond: number): number =>
  tokens >= 1 ? 0 : ((1 - tokens) / perSecond) * 1000
/** Milliseconds until what was taken in advance is paid: what a request costs is known afterwards. */
const owes = ({ tokens }: Bucket, perSecond: number): number =>
  tokens >= 0 ? 0 : (-tokens / perSecond) * 1000

/** The one that is free again first, or has been for longest. */
function soonestFree(accounts: ReadonlyMap<Did, Account>): Did {
  let soonest: Did | null = null
  let least = Number.POSITIVE_INFINITY
  for (const [did, { leftMs, goodMs }] of accounts) {
    const rank = leftMs > 0 ? leftMs : -goodMs
    if (rank < least) [soonest, least] = [did, rank]
  }
  return soonest as Did
}

const cutFailure = ({ leftMs, reason }: Account): Failure => ({
  ...failure('PEER_CUT_OFF', `for ${Math.ceil(leftMs / 1000)} s, because of: ${reason}`),
  retryAfterSeconds: Math.ceil(leftMs / 1000),
})

const busy = (waitMs: number, isSlowed: boolean): Failure => ({
  ...failure('OVERLOADED', isSlowed ? 'this caller is slowed for what it did' : 'this caller asks too much'),
  retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
})
