/** What came of runs that a peer sent: what it has, what of it was new here, and how much was not. */
import type { Did, LogId } from '../base/brand.ts'
import { countFrames } from '../protocol/frame.ts'
import { PULL_RANGES_MAX } from '../protocol/limits.ts'
import type { LogNext, LogStart, PushReply } from '../protocol/messages.ts'
import { type Conduct, offenceOf } from './conduct.ts'
import type { ReceivedRun, ReplicaView } from './replica.ts'

export interface Tally {
  /** Logs that the sender has, up to where. */
  readonly rows: readonly LogNext[]
  /** Logs that grew here, from where. */
  readonly stored: readonly LogStart[]
  /** Entries and fork proofs. */
  readonly fresh: number
  readonly duplicate: number
  /** Known proofs among them, and entries of logs that fork: these go along every link, so a second one says nothing of the link. */
  readonly knownProofs: number
  add(received: ReceivedRun): void
}

export function createTally(isForked: (logId: LogId) => boolean = () => false): Tally {
  const rows: LogNext[] = []
  const stored: LogStart[] = []
  let fresh = 0
  let duplicate = 0
  let knownProofs = 0
  return {
    rows,
    stored,
    get fresh() {
      return fresh
    },
    get duplicate() {
      return duplicate
    },
    get knownProofs() {
      return knownProofs
    },
    add({ logId, end, result }) {
      if (!result.ok) return
      fresh += result.value.fresh
      duplicate += result.value.duplicate
      if (end === null || isForked(logId)) knownProofs += result.value.duplicate
      if (end !== null) rows.push({ logId, next: end })
      if (end !== null && result.value.fresh > 0) stored.push({ logId, from: end - result.value.fresh })
    },
  }
}

/** What became of a push. */
export interface Receipt {
  readonly tally: Tally
  readonly failures: PushReply['failures']
  /** Where logs would be continued that had a gap. */
  readonly want: readonly LogStart[]
  /** Logs of which another chain is held here. */
  readonly suspects: readonly LogId[]
  /** Signatures that it took to see this, about. */
  readonly signatures: number
}

/** Frames out of form in one push that count: the first may have broken those behind it. */
const MALFORMED_PER_PUSH_MAX = 3

/** Holds against whoever pushed what it brought. */
export function judgePush(
  conduct: Conduct,
  caller: Did,
  { fresh, duplicate, knownProofs }: Tally,
  failures: PushReply['failures'],
): void {
  conduct.noteDuplicates(caller, duplicate)
  if (fresh === 0 && duplicate > knownProofs) conduct.note(caller, 'repeat')
  let malformed = 0
  for (const { code } of failures) {
    if (offenceOf(code) === 'malformed' && ++malformed > MALFORMED_PER_PUSH_MAX) continue
    conduct.noteRefused(caller, code)
  }
}

/** Logs of one key that may fork: one for each disk that was rolled back. Beyond, whoever has it forks them on purpose. */
export const OWN_FORKS_MAX = 8

/** Holds against a caller that it pushes though so many of its own logs are proven to fork. */
export function judgeForks(conduct: Conduct, caller: Did, ownForks: number): void {
  if (ownForks > OWN_FORKS_MAX) conduct.note(caller, 'lie')
}

/**
 * Verifies and stores what a peer pushed. Behind `entriesMax` entries, or a few more, what is left is not looked at: each frame
 * of it is OVERLOADED, and its sender brings it another time.
 */
export async function receivePush(
  replica: ReplicaView,
  frames: Uint8Array,
  entriesMax = Number.POSITIVE_INFINITY,
): Promise<Receipt> {
  const tally = createTally((logId) => replica.forkPoint(logId) < Number.POSITIVE_INFINITY)
  const failures: PushReply['failures'][number][] = []
  const want = new Map<LogId, number>()
  const suspects = new Set<LogId>()
  let index = 0
  let signatures = 0
  for await (const received of replica.receive(frames)) {
    const result = received.ok ? received.value.result : received
    if (result.ok ? result.value.fresh > 0 : result.error.code === 'SIGNATURE_INVALID') signatures++
    if (received.ok) tally.add(received.value)
    if (!result.ok) {
      const { code } = result.error
      if (failures.length < PULL_RANGES_MAX) failures.push({ index, code })
      const logId = received.ok ? received.value.logId : null
      if (logId && code === 'CHAIN_MISMATCH') suspects.add(logId)
      if (logId && code === 'SEQ_GAP' && want.size < PULL_RANGES_MAX) want.set(logId, replica.next(logId))
    }
    index++
    if (tally.fresh + tally.duplicate >= entriesMax) {
      for (const all = countFrames(frames); index < all && failures.length < PULL_RANGES_MAX; index++)
        failures.push({ index, code: 'OVERLOADED' })
      break
    }
  }
  return {
    tally,
    failures,
    want: [...want].map(([logId, from]) => ({ logId, from })),
    suspects: [...suspects],
    signatures,
  }
}
