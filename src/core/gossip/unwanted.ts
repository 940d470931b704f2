/**
 * Logs whose authors the operator refuses: nothing of them is taken, and nobody is asked for them.
 *
 * A view names logs by their ids, and an id does not tell whose log it is. So the first run of a log that is not held has to come
 * for this spore to know; from then on the log is left out of what is lacking, and rounds go quiet.
 */
import { createBoundedMap } from '../base/bounded.ts'
import type { LogId } from '../base/brand.ts'
import { publicKeyToDid } from '../identity/keys.ts'
import { decodeForkProof } from '../memory/fork.ts'
import type { LogTable } from '../memory/log-table.ts'
import type { Standings } from '../moderation/moderation.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { type LogDescriptor, logIdOf } from '../protocol/log.ts'

export interface Unwanted {
  /** AUTHOR_REFUSED where entries of this log are not taken; then it is noted. */
  refuse(log: LogDescriptor, logId: LogId): Failure | null
  /** The same for a fork proof, with the log that it is about. */
  refuseProof(proof: Uint8Array): { readonly logId: LogId; readonly refused: Failure } | null
  /** True for a log that is known to be refused. */
  has(logId: LogId): boolean
  /** Other rules hold: what was noted is to be found out again. */
  forget(): void
}

/** Refused logs that are remembered and not held; one that is forgotten costs a run again. */
export const UNWANTED_LOGS_MAX = 65_536

export function createUnwanted(logs: Pick<LogTable, 'get'>, standings: Standings): Unwanted {
  let noted = createBoundedMap<LogId, true>(UNWANTED_LOGS_MAX)

  const refuse = (log: LogDescriptor, logId: LogId): Failure | null => {
    if (standings.isSilent) return null
    const author = logs.get(logId)?.author ?? publicKeyToDid(log.publicKey)
    if (standings.author(author) !== 'refused') return null
    noted.set(logId, true)
    return failure('AUTHOR_REFUSED', 'entries of this author are not taken here')
  }

  return {
    refuse,
    refuseProof(proof) {
      const log = standings.isSilent ? undefined : decodeForkProof(proof)?.log
      if (!log) return null
      const logId = logIdOf(log)
      const refused = refuse(log, logId)
      return refused && { logId, refused }
    },
    has(logId) {
      if (standings.isSilent) return false
      const held = logs.get(logId)
      return held ? standings.author(held.author) === 'refused' : noted.get(logId) === true
    },
    forget() {
      noted = createBoundedMap(UNWANTED_LOGS_MAX)
    },
  }
}
