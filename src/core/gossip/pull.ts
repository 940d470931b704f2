/**
 * The pulling half of gossip: reads how far a peer is and fetches what is missing here.
 *
 * Invariant: one round with one peer ends, whatever the peer answers: each page moves the cursor, each pull stores
 * something or strikes a log off, and both are counted.
 */
import type { LogId } from '../base/brand.ts'
import { equalBytes } from '../base/bytes.ts'
import type { Clock, Log } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Spaces } from '../memory/spaces.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import {
  AUDIT_INTERVAL_MS,
  HEADS_ROWS_MAX,
  LOGS_MAX,
  PULL_RANGES_MAX,
  RECONCILE_LOGS_MIN,
} from '../protocol/limits.ts'
import type { HeadsRow, LogStart, Range } from '../protocol/messages.ts'
import type { Bootstrap } from './bootstrap.ts'
import type { FederationClient } from './client.ts'
import type { Conduct } from './conduct.ts'
import type { Investigator } from './investigation.ts'
import { isCutOff, noteOffence, noteRefusal } from './peer-conduct.ts'
import { noteKnown, noteRow, type Peer, peerDid } from './peers.ts'
import { createReconcilePauses } from './reconcile-pauses.ts'
import type { Reconciler } from './reconciler.ts'
import type { Replica, ReplicaView } from './replica.ts'
import { createTally } from './tally.ts'

export interface Puller {
  /**
   * One round: reads what advanced at a peer, page by page, and fetches it. `same` where the peer's view is the one here,
   * `other` where it is not, or nobody knows.
   */
  pull(peer: Peer): Promise<Result<'same' | 'other', Failure>>
}

export interface PullerDeps {
  readonly client: FederationClient
  readonly replica: Replica
  readonly conduct: Conduct
  readonly investigator: Investigator
  readonly spaces: Spaces
  readonly bootstrap: Bootstrap
  readonly reconciler: Reconciler
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** Hears of what was fetched from a peer and stored. */
  readonly onFetched: (fetched: readonly LogStart[], peer: Peer) => void
}

/** Pages of heads in one round: what a peer with `LOGS_MAX` logs has, and one; a peer can go on for ever. */
export const HEADS_PAGES_MAX = Math.ceil(LOGS_MAX / HEADS_ROWS_MAX) + 1
/** Pulls in one round: 4 GiB of full replies; a peer can also deliver one entry at a time. */
export const PULLS_MAX = 256

/** Logs whose chain is compared with the one here, in one round, where it takes more than a look at the row. */
const DEEP_CHECKS_MAX = 16
/** Investigations in one round; what is left comes with the next. */
export const INVESTIGATIONS_MAX = 16

/** Behind so many pulls in one round each must bring this much: a full reply brings thousands of entries, and ranges of many logs. */
const QUICK_PULLS = 16
const QUICK_ENTRIES = 16

interface Round {
  pulls: number
  deepChecks: number
  investigations: number
  /** Logs of which the peer sent what is refused here. */
  readonly refused: Set<LogId>
  /** Those among them whose author may not write in their space, as far as was known then. */
  readonly unadmitted: Set<LogId>
  /** How often the spaces had changed then. */
  changes: number
  /** Logs that are another one at the peer, and the end of what it has of them. */
  readonly suspects: Map<LogId, number>
}

export function createPuller(deps: PullerDeps): Puller {
  const { client, replica, bootstrap, reconciler, investigator, spaces, clock, log, signal, onFetched } = deps
  const { conduct } = deps
  let changes = 0
  spaces.onChanged(() => changes++)
  const hereOf = (peer: Peer): ReplicaView => replica.seenBy(peerDid(peer))
  const pauses = createReconcilePauses(clock)
  /** When the whole view of a peer was last compared with the one here. */
  const auditedAtMs = new WeakMap<Peer, number>()

  const pull = async (peer: Peer): Promise<Result<'same' | 'other', Failure>> => {
    const round: Round = {
      pulls: 0,
      deepChecks: 0,
      investigations: 0,
      refused: new Set(),
      unadmitted: new Set(),
      changes,
      suspects: new Map(),
    }
    const started = changes
    let isComplete = true
    // Without a cursor of the peer's, but with much of what it may have: an unknown one asks to reconcile.
    const here = hereOf(peer)
    const mayReconcile = !pauses.isPaused(peer)
    let since = peer.cursor ?? (mayReconcile && here.logIds().length > RECONCILE_LOGS_MIN ? '' : null)
    for (let page = 0; page < HEADS_PAGES_MAX && !isOver(peer); page++) {
      const own = here.stamp()
      const answer = await client.heads(peer.url, since, own)
      if (!answer.ok) return answer
      const { stamp, reply, isLost } = answer.value
      if (!reply) {
        peer.stamp = own
        return ok('same')
      }
      // Who names no cursor cannot have one that is unknown.
      if (isLost && since === null) return lied(peer, 'a cursor is unknown where none was given')
      if (isLost && !mayReconcile) isComplete = false
      if (mayReconcile && (isLost || isAuditDue(peer))) {
        const compared = await compareViews(peer, round)
        if (!compared.ok) return compared
        isComplete &&= compared.value
      }
      const rows = reply.spaces.filter(({ space }) => here.sees(space)).flatMap((view) => view.rows)
      const fetched = await fetchRows(peer, rows, round)
      noteRows(peer, rows)
      if (!fetched.ok) return fetched
      isComplete &&= fetched.value
      if (reply.spaces.length === 0 && !reply.more && peer.stamp !== null && stamp !== peer.stamp)
        noteOffence(conduct, peer, 'changeling')
      if (reply.more && (reply.cursor === since || page === HEADS_PAGES_MAX - 1))
        noteOffence(conduct, peer, 'lie')
      const isLast = !reply.more || reply.cursor === since
      since = reply.cursor
      // The cursor moves only behind what is here: what failed is asked for again. One bad row stops no other.
      // What came into view meanwhile may stand before the cursor.
      if (isComplete && started === changes) {
        peer.cursor = since
        // A view of which pages are missing does not count as read.
        peer.stamp = isLast ? stamp : null
      }
      if (isLast) break
    }
    return ok('other')
  }

  const lied = (peer: Peer, what: string): Result<never, Failure> => {
    noteOffence(conduct, peer, 'lie')
    return err(failure('PEER_REFUSED', what))
  }

  const isOver = (peer: Peer): boolean => signal.aborted || isCutOff(conduct, peer)

  /** What was missed though the cursor is behind it: after a defect, or of a disk that was rolled back. */
  const isAuditDue = (peer: Peer): boolean => {
    const auditedAt = auditedAtMs.get(peer)
    if (auditedAt === undefined) auditedAtMs.set(peer, clock.now())
    return auditedAt !== undefined && Math.abs(clock.now() - auditedAt) > AUDIT_INTERVAL_MS
  }

  /** Reconciles the whole view of a peer with the one here; false where it did not deliver all that is missing. */
  const compareViews = async (peer: Peer, round: Round): Promise<Result<boolean, Failure>> => {
    const compared = await reconciler.differences(peer.url, hereOf(peer).view)
    if (!compared.ok) return compared
    if (compared.value === 'endless') {
      pauses.lengthen(peer)
      peer.cursor = null
      return lied(peer, 'the reconciliation comes to no end')
    }
    pauses.end(peer)
    auditedAtMs.set(peer, clock.now())
    const { theirs, ours } = compared.value
    const lacked = new Set(ours.map(({ logId }) => logId))
    for (const row of reconciler.rows(hereOf(peer).view)) if (!lacked.has(row.logId)) noteRow(peer, row)
    const fetched = await fetchRows(peer, theirs, round)
    noteRows(peer, theirs)
    return fetched
  }

  /** What is not held here is not brought to anybody either: a peer can name as many logs as it likes. */
  const noteRows = (peer: Peer, rows: readonly HeadsRow[]): void => {
    for (const row of rows)
      if (replica.seenBy(peer.descriptor?.key ?? null).row(row.logId)) noteRow(peer, row)
  }

  /** Fetches what is missing of the rows; false where the peer did not deliver all of it. */
  const fetchRows = async (
    peer: Peer,
    rows: readonly HeadsRow[],
    round: Round,
  ): Promise<Result<boolean, Failure>> => {
    const here = hereOf(peer)
    for (const row of rows) if (await isAnother(here, row, round)) round.suspects.set(row.logId, row.next)
    const missing = (of: readonly HeadsRow[]): HeadsRow[] => of.filter(here.lacks)
    const toRange = ({ logId }: HeadsRow): Range => ({ logId, from: here.next(logId), to: null })
    // A view lists its logs in the order in which they moved: the newest come first here.
    const lacking = ownFirst(missing(rows).toReversed(), replica.isOwn)
    for (const row of lacking.filter((each) => bootstrap.isFor(peer, each))) {
      const from = here.next(row.logId)
      const fetched = await bootstrap.bring(peer, row)
      if (!fetched.ok) return fetched
      if (here.next(row.logId) > from) onFetched([{ logId: row.logId, from }], peer)
    }
    for (let i = 0; i < lacking.length; i += PULL_RANGES_MAX)
      for (let isMore = true; isMore; ) {
        readmit(round)
        const wanted = missing(lacking.slice(i, i + PULL_RANGES_MAX)).filter(
          ({ logId }) => !round.refused.has(logId) && !bootstrap.isUnderWay(peer, logId),
        )
        if (wanted.length === 0) break
        if (++round.pulls > PULLS_MAX || isOver(peer)) return ok(false)
        const pulled = await client.pull(peer.url, wanted.map(toRange))
        if (!pulled.ok) return pulled
        const before = round.refused.size
        const fresh = await storeFrames(peer, pulled.value, round)
        if (!fresh.ok) return fresh
        isMore = fresh.value > 0 || round.refused.size > before
        if (!isMore || (round.pulls > QUICK_PULLS && fresh.value < QUICK_ENTRIES))
          noteOffence(conduct, peer, 'futile')
      }
    const isClear = await investigate(peer, round)
    return ok(isClear && missing(lacking).length === 0)
  }

  /** Whether a row is of another chain than the one here, as far as that can be told at little cost. */
  const isAnother = async (
    here: ReplicaView,
    { logId, next, chain }: HeadsRow,
    round: Round,
  ): Promise<boolean> => {
    const own = here.row(logId)
    if (!own || next === 0 || next > own.next) return false
    if (next === own.next) return !equalBytes(chain, own.chain)
    if (++round.deepChecks > DEEP_CHECKS_MAX) return false
    const held = await here.chainBefore(logId, next)
    return held !== null && !equalBytes(chain, held)
  }

  /** Follows up what is another log at the peer; false where that is not done yet. */
  const investigate = async (peer: Peer, round: Round): Promise<boolean> => {
    let isClear = true
    for (const [logId, until] of round.suspects) {
      if (++round.investigations > INVESTIGATIONS_MAX) return false
      round.suspects.delete(logId)
      const outcome = await investigator.investigate(peer, logId, until)
      isClear &&= outcome !== 'unanswered'
    }
    return isClear
  }

  /** Who may write where was learnt meanwhile: what was refused for that is asked for again. */
  const readmit = (round: Round): void => {
    if (round.changes === changes) return
    round.changes = changes
    for (const logId of round.unadmitted) round.refused.delete(logId)
    round.unadmitted.clear()
  }

  /** Number of new entries in the frames of a reply. */
  const storeFrames = async (
    peer: Peer,
    frames: AsyncIterable<Uint8Array>,
    round: Round,
  ): Promise<Result<number, Failure>> => {
    const tally = createTally()
    const here = hereOf(peer)
    for await (const received of here.receive(frames)) {
      if (!received.ok) {
        noteRefusal(conduct, peer, received.error.code)
        return received
      }
      const { logId, result } = received.value
      tally.add(received.value)
      if (result.ok) {
        noteKnown(peer, logId, here.next(logId))
      } else {
        round.refused.add(logId)
        if (result.error.code === 'SPACE_REFUSED') round.unadmitted.add(logId)
        if (result.error.code === 'CHAIN_MISMATCH') round.suspects.set(logId, Number.MAX_SAFE_INTEGER)
        const { code, detail } = result.error
        noteRefusal(conduct, peer, code)
        log.warn('run refused', { peer: peer.url, logId, code, detail })
      }
    }
    onFetched(tally.stored, peer)
    return ok(tally.fresh)
  }

  return { pull }
}

/** Own logs that are longer elsewhere come first: until they are here, what is written could fork them. */
const ownFirst = (rows: readonly HeadsRow[], isOwn: (logId: LogId) => boolean): HeadsRow[] => [
  ...rows.filter(({ logId }) => isOwn(logId)),
  ...rows.filter(({ logId }) => !isOwn(logId)),
]
