/**
 * Forks as they come in (PROTOCOL.md §6): proofs are verified, stored and told, and what disagrees with the log that is held is
 * compared with it, which makes a proof where the run itself has what it takes.
 */
import type { LogId } from '../base/brand.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Verifier } from '../identity/keys.ts'
import type { NewEntry, Received } from '../memory/draft.ts'
import { type Comparison, compareRun, validEnd } from '../memory/equivocation.ts'
import { decodeForkProof, type ForkProof } from '../memory/fork.ts'
import { chainBefore } from '../memory/held-chain.ts'
import type { Memory } from '../memory/memory.ts'
import { entriesToRescue } from '../memory/rescue.ts'
import { refusedSpace, type Spaces, type View } from '../memory/spaces.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import { type ErrorCode, type Failure, failure } from '../protocol/errors.ts'
import { logIdOf } from '../protocol/log.ts'
import type { DecodedRun } from '../protocol/run.ts'

export interface Forks {
  /**
   * Verifies and stores a proof that came from whoever has this view: `fresh` 1 where it is news. Failures FORK_PROOF_INVALID,
   * SPACE_REFUSED, LOGS_FULL, STORE_WRITE_FAILED.
   */
  take(
    proof: Uint8Array,
    from: View,
  ): Promise<Result<{ readonly logId: LogId; readonly received: Received }, Failure>>
  /**
   * Looks at a run that brought nothing in: the failure to answer with, LOG_FORKED where it proved a fork just now and
   * CHAIN_MISMATCH where it disagrees without proving one; `result` as it was where it tells nothing.
   */
  explain(run: DecodedRun, result: Result<Received, Failure>): Promise<Result<Received, Failure>>
  compare(run: DecodedRun): Promise<Comparison>
  /** Brings the view of a log that is cut in line with what is held before its valid point; after each change of either. */
  settle(logId: LogId): Promise<void>
}

export interface ForksDeps {
  readonly memory: Memory
  readonly store: MemoryStore
  readonly writer: Writer
  readonly spaces: Spaces
  readonly verifier: Verifier
}

/** Refusals behind which another branch may stand; a run that is all duplicates is looked at too. */
const TELLING: readonly ErrorCode[] = ['CHAIN_MISMATCH', 'SEQ_GAP', 'LOG_FORKED']

export function createForks({ memory, store, writer, spaces, verifier }: ForksDeps): Forks {
  const { logs } = memory

  const compare = (run: DecodedRun): Promise<Comparison> =>
    compareRun(run, { store, logs, verifier, network: store.origin.network })

  const settle = async (logId: LogId): Promise<void> => {
    const point = memory.validPoint(logId)
    if (validEnd(logs, logId) < point) return
    const chain = await chainBefore(store, logId, point)
    // A lower fork may have been proven meanwhile.
    if (chain && memory.validPoint(logId) === point) logs.setBase(logId, chain)
  }

  const take: Forks['take'] = async (bytes, from) => {
    const proof = decodeForkProof(bytes)
    if (!proof) return err(failure('FORK_PROOF_INVALID', 'not in the form of a proof'))
    const logId = logIdOf(proof.log)
    if (!from.sees(proof.log.space)) return refusedSpace
    // Known ones cost no verification: every pull of a forked log brings its proof.
    if (proof.seq >= memory.forkPoint(logId)) return ok({ logId, received: { fresh: 0, duplicate: 1 } })
    const rescued = await rescue(proof)
    const written = await writer.writeForeign(bytes.length, (draft) => {
      const taken = draft.takeFork(bytes)
      if (taken.ok && taken.value) for (const entry of rescued) draft.append(entry)
      return taken
    })
    if (!written.ok) return written
    if (!written.value.ok) return written.value
    await settle(logId)
    const fresh = written.value.value ? 1 : 0
    return ok({ logId, received: { fresh, duplicate: 1 - fresh } })
  }

  /** What is written again, in the same commit, where an own log that is written to is cut; what is cut off others is theirs. */
  const rescue = async ({ log, seq }: ForkProof): Promise<NewEntry[]> => {
    const logId = logIdOf(log)
    const row = logs.get(logId)?.row
    if (!row || logIdOf(memory.ownLog(log.space)) !== logId) return []
    return entriesToRescue({ memory, store }, logId, seq, row.next - 1)
  }

  return {
    take,
    compare,
    settle,
    async explain(run, result) {
      if (result.ok ? result.value.fresh > 0 : !TELLING.includes(result.error.code)) return result
      if (run.from >= validEnd(logs, run.logId)) return result
      const compared = await compare(run)
      if (compared.kind === 'agrees') return result
      if (compared.kind === 'parts')
        return err(failure('CHAIN_MISMATCH', 'it is of another chain than is held here'))
      const taken = await take(compared.proof, spaces.whole)
      return taken.ok ? err(failure('LOG_FORKED', `at ${memory.forkPoint(run.logId)}`)) : taken
    },
  }
}
