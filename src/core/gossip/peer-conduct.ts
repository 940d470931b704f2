/** Conduct of the peers of the table: who is known at a URL is who answered there. What nobody has signed counts for nobody. */
import type { ErrorCode, Failure } from '../protocol/errors.ts'
import type { Conduct, ConductView, Offence } from './conduct.ts'
import type { Peer } from './peers.ts'

/** A peer that asks for more patience than this is asked again all the same: it may have meant another. */
const PAUSE_MS_MAX = 60 * 60 * 1000

/** Failures of this spore, whatever it was doing with a peer. */
const OWN: readonly ErrorCode[] = [
  'STORE_WRITE_FAILED',
  'QUOTA_EXCEEDED',
  'LOGS_FULL',
  'SPACE_REFUSED',
  'OVERLOADED',
]

export const isOwnTrouble = ({ code }: Failure): boolean => OWN.includes(code)

export const isCutOff = (conduct: Conduct, { descriptor }: Peer): boolean =>
  descriptor !== null && conduct.cutOff(descriptor.key) !== null

export const viewConduct = (conduct: Conduct, { descriptor }: Peer): ConductView | null =>
  descriptor && conduct.view(descriptor.key)

/** Holds something against a peer. */
export function noteOffence(conduct: Conduct, { descriptor }: Peer, offence: Offence, times = 1): void {
  if (descriptor) conduct.note(descriptor.key, offence, times, true)
}

/** Takes in what came of a run or proof that a peer gave. */
export function noteRefusal(conduct: Conduct, { descriptor }: Peer, code: ErrorCode): void {
  if (descriptor) conduct.noteRefused(descriptor.key, code, true)
}

/** Answers that it is busy without a round in between, after which a peer counts as failed: it might as well be gone. */
export const BUSY_MAX = 16
/** A busy peer that does not say for how long is asked again after this. */
const BUSY_PAUSE_SECONDS = 5

/** Keeps to the time that a peer set. True where it is merely busy, which is no failure of it. */
export function pause(peer: Peer, { code, retryAfterSeconds }: Failure, nowMs: number): boolean {
  const isBusy = code === 'PEER_BUSY'
  const seconds = retryAfterSeconds ?? (isBusy ? BUSY_PAUSE_SECONDS : 0)
  if (seconds > 0) peer.pausedUntilMs = nowMs + Math.min(PAUSE_MS_MAX, seconds * 1000)
  const { busy, lastSyncAtMs } = peer
  peer.busy = {
    times: isBusy ? (busy.sinceSyncAtMs === lastSyncAtMs ? busy.times : 0) + 1 : 0,
    sinceSyncAtMs: lastSyncAtMs,
  }
  return isBusy && peer.busy.times <= BUSY_MAX
}
