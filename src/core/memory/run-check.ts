/** What a receiver checks of a run before it stores anything of it (PROTOCOL.md §4, §7). */
import { equalBytes } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import { isAdmissibleKey, type Verifier } from '../identity/keys.ts'
import { leafOf } from '../protocol/entry.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { extendChain, headBytes } from '../protocol/log.ts'
import type { DecodedRun } from '../protocol/run.ts'
import { judgeTime } from './clock.ts'

export interface CheckedRun {
  readonly run: DecodedRun
  /** Chain value after each entry. */
  readonly chains: readonly Uint8Array[]
}

/**
 * Checks that the run continues from (`chain`, `clock`), the state of the log before `run.from`, and that its author
 * signed where it ends. Failures: KEY_REFUSED, CLOCK_REGRESSED, CLOCK_AHEAD, CHAIN_MISMATCH, SIGNATURE_INVALID.
 */
export function checkRun(
  run: DecodedRun,
  before: { readonly chain: Uint8Array; readonly clock: number },
  context: { readonly network: string; readonly nowMs: number; readonly verifier: Verifier },
): Result<CheckedRun, Failure> {
  if (!isAdmissibleKey(run.log.publicKey)) return err(failure('KEY_REFUSED', 'the author’s public key'))
  let { chain, clock } = before
  const chains: Uint8Array[] = []
  for (const [i, header] of run.headers.entries()) {
    if (header.clock <= clock)
      return err(failure('CLOCK_REGRESSED', `entry ${header.seq} is not after the one before it`))
    clock = header.clock
    chain = extendChain(chain, leafOf(run.entries[i]!.header))
    chains.push(chain)
  }
  const judgement = judgeTime(clock, context.nowMs)
  if (judgement !== 'accept')
    return err(
      failure(
        'CLOCK_AHEAD',
        judgement === 'hold'
          ? 'more than 2 minutes; offered again later it is taken'
          : 'more than 10 minutes',
      ),
    )
  if (!equalBytes(chain, run.chain))
    return err(
      failure(
        'CHAIN_MISMATCH',
        `the chain of log ${run.logId} up to ${run.from + chains.length - 1} is another one here`,
      ),
    )
  const head = { logId: run.logId, seq: run.from + chains.length - 1, chain, clock }
  if (!context.verifier.verify(run.log.publicKey, headBytes(context.network, head), run.signature))
    return err(failure('SIGNATURE_INVALID', `the head of log ${run.logId} at ${head.seq}`))
  return ok({ run, chains })
}
