/**
 * What a receiver checks of a run before it stores anything of it (PROTOCOL.md §4, §7). It costs hashes and a signature,
 * so it may be done elsewhere than where the log is kept (`run-verifier.ts`), from a position that the log had then.
 *
 * Invariant: only `judgeRun` and a `RunVerifier` that ran it make a `JudgedRun`, and a draft takes nothing else.
 */
import { equalBytes } from '../base/bytes.ts'
import { isAdmissibleKey, type Verifier } from '../identity/keys.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { createChainFold, headBytes } from '../protocol/log.ts'
import type { DecodedRun } from '../protocol/run.ts'
import { judgeTime } from './clock.ts'

/** How far a log is: what the run that continues it is checked from. */
export interface LogPosition {
  /** Sequence number expected next. */
  readonly next: number
  /** Chain value and hybrid time of the entry before it. */
  readonly chain: Uint8Array
  readonly clock: number
}

declare const judged: unique symbol

/** A run and what is to be thought of it. */
export interface JudgedRun {
  readonly [judged]: true
  readonly run: DecodedRun
  readonly verdict: Verdict
}

export interface Verdict {
  /** What the run was checked from; null where nothing of it was, as it brings that log nothing, or leaves a gap. */
  readonly position: LogPosition | null
  /** KEY_REFUSED, CLOCK_REGRESSED, CHAIN_MISMATCH or SIGNATURE_INVALID; null where it may be applied there. */
  readonly failure: Failure | null
  /** The author signed the head that the run ends at. That holds from whatever position the chain leads there. */
  readonly isSigned: boolean
}

export interface JudgeContext {
  readonly network: string
  readonly verifier: Verifier
}

/**
 * Checks that a run continues its log from `position`, entries that are held already left out, and that the author signed
 * where it ends: one signature, whatever the number of entries. `isSigned` where that is known from an earlier judgement.
 */
export function judgeRun(
  run: DecodedRun,
  position: LogPosition | null,
  context: JudgeContext,
  isSigned = false,
): JudgedRun {
  const isNews = position !== null && run.from <= position.next && position.next < run.from + run.count
  return sealVerdict(
    run,
    isNews ? check(run, position, context, isSigned) : { position: null, failure: null, isSigned },
  )
}

/** Makes a judgement of what a `RunVerifier` came to elsewhere, by `judgeRun`. */
export const sealVerdict = (run: DecodedRun, verdict: Verdict): JudgedRun =>
  ({ run, verdict }) as unknown as JudgedRun

/** True where a judgement holds for a log that is now at `position`. */
export function isJudgedFrom({ verdict }: JudgedRun, position: LogPosition): boolean {
  const from = verdict.position
  return (
    from !== null &&
    from.next === position.next &&
    from.clock === position.clock &&
    equalBytes(from.chain, position.chain)
  )
}

/** Where a log is behind a run that was applied. */
export const positionBehind = ({ run }: JudgedRun): LogPosition => ({
  next: run.from + run.count,
  chain: run.chain,
  clock: lastClock(run),
})

/** What is wrong with a run at this time: its verdict, and whether its last clock is too far ahead. Null for nothing. */
export function refusalAt({ run, verdict }: JudgedRun, nowMs: number): Failure | null {
  const { failure: refused } = verdict
  if (refused?.code === 'KEY_REFUSED' || refused?.code === 'CLOCK_REGRESSED') return refused
  const judgement = judgeTime(lastClock(run), nowMs)
  if (judgement === 'accept') return refused
  return failure(
    'CLOCK_AHEAD',
    judgement === 'hold' ? 'more than 2 minutes; offered again later it is taken' : 'more than 10 minutes',
  )
}

const lastClock = ({ clocks, count }: DecodedRun): number => clocks[count - 1] as number

function check(
  run: DecodedRun,
  { next, chain: before, clock: after }: LogPosition,
  context: JudgeContext,
  isSigned: boolean,
): Verdict {
  // What is given may be a whole row; a verdict keeps no more of it.
  const position: LogPosition = { next, chain: before, clock: after }
  const refuse = (code: Failure['code'], detail: string): Verdict => ({
    position,
    failure: failure(code, detail),
    isSigned,
  })
  const { logId, headers, headerStarts, clocks, count } = run
  if (!isAdmissibleKey(run.log.publicKey)) return refuse('KEY_REFUSED', 'the author’s public key')
  const chain = createChainFold(before)
  let clock = after
  for (let i = next - run.from; i < count; i++) {
    if ((clocks[i] as number) <= clock)
      return refuse('CLOCK_REGRESSED', `entry ${run.from + i} is not after the one before it`)
    clock = clocks[i] as number
    chain.extend(headers.subarray(headerStarts[i] as number, headerStarts[i + 1] as number))
  }
  const seq = run.from + count - 1
  if (!equalBytes(chain.value(), run.chain))
    return refuse('CHAIN_MISMATCH', `the chain of log ${logId} up to ${seq} is another one here`)
  const head = { logId, seq, chain: run.chain, clock }
  if (
    !isSigned &&
    !context.verifier.verify(run.log.publicKey, headBytes(context.network, head), run.signature)
  )
    return refuse('SIGNATURE_INVALID', `the head of log ${logId} at ${seq}`)
  return { position, failure: null, isSigned: true }
}
