/**
 * Quotas: what a foreign run or fork proof must keep to if it is to be stored here. They are local: what one spore does not
 * keep another may, and nothing about the validity of an entry follows from it. A log of which no more is taken is held up
 * to some head, as by whoever is behind.
 *
 * Invariants: own entries are never refused; what is refused leaves no trace; of a log that is known to be forked a lower
 * proof is always taken, so that who follows it agrees on what of it is valid.
 */
import type { Did, SpaceId } from '../base/brand.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import {
  AUTHOR_LOGS_MAX,
  FORKS_AUTHOR_MAX,
  FORKS_EMPTY_MAX,
  FORKS_MAX,
  LOGS_MAX,
  LOGS_RESERVED,
  QUOTA_AUTHOR_BYTES,
  QUOTA_SPACE_BYTES,
  QUOTA_STORE_BYTES,
  SEGMENT_BYTES_MAX,
} from '../protocol/limits.ts'
import type { LogDescriptor } from '../protocol/log.ts'
import type { LogTable } from './log-table.ts'
import type { Usage } from './usage.ts'

/** What an operator may set. All in header and payload bytes. */
export interface QuotaLimits {
  /** Of one foreign author in one open space; of some more or less, by what is thought of them (`QuotaDeps.shareOf`). */
  readonly authorBytes: number
  /** Of one space. In an open one the oldest payloads of whoever takes most make room. */
  readonly spaceBytes: number
  /** Of everything. */
  readonly storeBytes: number
}

export const QUOTAS_DEFAULT: QuotaLimits = {
  authorBytes: QUOTA_AUTHOR_BYTES,
  spaceBytes: QUOTA_SPACE_BYTES,
  storeBytes: QUOTA_STORE_BYTES,
}

/** What one draft takes; what it has taken already counts. */
export interface Admission {
  /** Why a run of a log is not kept: LOGS_FULL, QUOTA_EXCEEDED; null where it is. */
  refuseRun(log: LogDescriptor, bytes: number, isNewLog: boolean): Failure | null
  /** Counts a run as taken. */
  take(log: LogDescriptor, bytes: number, isNewLog: boolean): void
  /** Why the first fork proof of a log is not kept; null where it is, and then it counts as taken. */
  refuseFork(log: LogDescriptor, isNewLog: boolean, isEmpty: boolean): Failure | null
}

export interface Quota {
  readonly limits: QuotaLimits
  admission(): Admission
  /** Whether payloads of this space may be evicted. */
  isEvictable(space: SpaceId): boolean
  /** Whether there is room to ask for payloads that are missing. */
  hasRoom(space: SpaceId): boolean
}

export interface QuotaDeps {
  readonly usage: Usage
  readonly logs: Pick<LogTable, 'size' | 'authorOf'>
  readonly self: Did
  /** Whether anybody may write in a space: then its authors are strangers. */
  readonly isOpen: (space: SpaceId) => boolean
  /** Whether this author is a peer: of the places for logs some are kept for these. */
  readonly isPeer: (author: Did) => boolean
  /** How many times `authorBytes` are kept of an author, `SHARE_MIN` or more; once unless given. */
  readonly shareOf?: (author: Did) => number
}

/** The least share of `authorBytes`: below it nobody is asked what is thought of an author. */
export const SHARE_MIN = 1 / 4

/** For whoever drafts nothing of others. */
export const ADMIT_ALL: Admission = { refuseRun: () => null, take() {}, refuseFork: () => null }

/** What may come on top of a bound until evicting has made room: one sixteenth, and a run in any case. */
const withSlack = (bytes: number): number => bytes + Math.max(bytes / 16, SEGMENT_BYTES_MAX)
/** Payloads that are missing are only asked for below this share of a bound, or they would come and go. */
const ROOM = 0.9

/** The defaults, where nobody says which spaces are open to strangers: all of them. */
export const defaultQuota = (deps: Pick<QuotaDeps, 'usage' | 'logs' | 'self'>): Quota =>
  createQuota(QUOTAS_DEFAULT, { ...deps, isOpen: () => true, isPeer: () => true })

export function createQuota(limits: QuotaLimits, deps: QuotaDeps): Quota {
  const { usage, logs, self, isOpen, isPeer, shareOf = () => 1 } = deps
  const authorBytesOf = (author: Did): number =>
    Math.floor(limits.authorBytes * Math.max(SHARE_MIN, shareOf(author)))

  const admission = (): Admission => {
    const taken = new Map<string, number>()
    const drafted = (key: string): number => taken.get(key) ?? 0
    const count = (key: string, amount: number): void => void taken.set(key, drafted(key) + amount)

    const refuseLog = (author: Did): Failure | null => {
      const most = isPeer(author) ? LOGS_MAX : LOGS_MAX - LOGS_RESERVED
      if (logs.size + drafted('logs') >= most) return failure('LOGS_FULL', `${most} logs are followed here`)
      if (usage.logsOf(author) + drafted(`logs ${author}`) < AUTHOR_LOGS_MAX) return null
      return failure('LOGS_FULL', `${AUTHOR_LOGS_MAX} logs of this author are followed here`)
    }

    const takeLog = (author: Did): void => {
      count('logs', 1)
      count(`logs ${author}`, 1)
    }

    return {
      refuseRun({ publicKey, space }, bytes, isNewLog) {
        const author = logs.authorOf(publicKey)
        if (author === self) return null
        const ofLogs = isNewLog ? refuseLog(author) : null
        if (ofLogs) return ofLogs
        const isStranger = isOpen(space)
        const most = (bound: number): number => (isStranger ? withSlack(bound) : bound)
        const held = usage.of(author, space)
        const ofAuthor = (held?.bytes ?? 0) + (held?.evicted ?? 0) + drafted(`${author} ${space}`)
        if (isStranger && ofAuthor + bytes > limits.authorBytes * SHARE_MIN) {
          const mostOfAuthor = authorBytesOf(author)
          if (ofAuthor + bytes > mostOfAuthor)
            return failure('QUOTA_EXCEEDED', `${mostOfAuthor} bytes of this author in this space`)
        }
        if (usage.ofSpace(space) + drafted(space) + bytes > most(limits.spaceBytes))
          return failure('QUOTA_EXCEEDED', `${limits.spaceBytes} bytes of this space`)
        if (usage.total + drafted('bytes') + bytes > most(limits.storeBytes))
          return failure('QUOTA_EXCEEDED', `${limits.storeBytes} bytes in all`)
        return null
      },
      take({ publicKey, space }, bytes, isNewLog) {
        const author = logs.authorOf(publicKey)
        for (const key of [`${author} ${space}`, space, 'bytes']) count(key, bytes)
        if (isNewLog) takeLog(author)
      },
      refuseFork({ publicKey }, isNewLog, isEmpty) {
        const author = logs.authorOf(publicKey)
        const ofLogs = isNewLog && author !== self ? refuseLog(author) : null
        if (ofLogs) return ofLogs
        if (author !== self && usage.forksOf(author) + drafted(`forks ${author}`) >= FORKS_AUTHOR_MAX)
          return failure('QUOTA_EXCEEDED', `${FORKS_AUTHOR_MAX} forks of one author`)
        if (author !== self && usage.forks + drafted('forks') >= FORKS_MAX)
          return failure('QUOTA_EXCEEDED', `${FORKS_MAX} forks`)
        if (author !== self && isEmpty && usage.emptyForks + drafted('empty') >= FORKS_EMPTY_MAX)
          return failure('QUOTA_EXCEEDED', `${FORKS_EMPTY_MAX} forks of logs of which nothing is held`)
        for (const key of [`forks ${author}`, 'forks', ...(isEmpty ? ['empty'] : [])]) count(key, 1)
        if (isNewLog) takeLog(author)
        return null
      },
    }
  }

  return {
    limits,
    admission,
    isEvictable: isOpen,
    hasRoom: (space) =>
      usage.total < ROOM * limits.storeBytes && usage.ofSpace(space) < ROOM * limits.spaceBytes,
  }
}
