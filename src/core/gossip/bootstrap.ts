/**
 * Newest-first fetching of long logs (PROTOCOL.md §7 "partial log"): the newest segments of a log that is far behind come
 * first, from every peer that has it at the same time, and go into the store in descending order.
 *
 * Invariants: what is stored proves itself, whoever planned or sent it, so a lie costs a request and its teller, never an
 * entry; a fetch that was cut off goes on from what is stored, after a restart too; each turn of a lane brings the log
 * on, or strikes a peer off, or ends; no more than `AHEAD_PARTS_MAX` segments are in memory for one log.
 */
import type { LogId } from '../base/brand.ts'
import { concatBytes } from '../base/bytes.ts'
import type { Clock, Log } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type ChangeSignal, createChangeSignal } from '../base/signal.ts'
import { type Failure, SporeError } from '../protocol/errors.ts'
import {
  BOOTSTRAP_ENTRIES_MIN,
  BOOTSTRAP_SEGMENTS_MIN,
  SEGMENT_FRAME_BYTES_MAX,
  SEGMENT_ROWS_MAX,
} from '../protocol/limits.ts'
import type { HeadsRow, Range } from '../protocol/messages.ts'
import { chainBeforeRow, type SegmentList } from '../protocol/segment-list.ts'
import type { FederationClient } from './client.ts'
import type { Conduct } from './conduct.ts'
import { isOwnTrouble, noteOffence, noteRefusal } from './peer-conduct.ts'
import { type Peer, peerDid } from './peers.ts'
import type { Replica, ReplicaView } from './replica.ts'

export interface Bootstrap {
  /** True where a log is fetched newest first: it is far behind, or was begun so. */
  isFor(peer: Peer, row: HeadsRow): boolean
  /** True while a log is being fetched so, from any peer. */
  isUnderWay(peer: Peer, logId: LogId): boolean
  /**
   * Lets a peer take part in fetching a log. True where the log is then as far as the peer says, false where the peer can
   * do no more for it this way. Fails where the peer does.
   */
  bring(peer: Peer, row: HeadsRow): Promise<Result<boolean, Failure>>
}

export interface BootstrapDeps {
  readonly client: FederationClient
  readonly replica: Replica
  readonly conduct: Conduct
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

/** Segments asked for in one request: few requests for a long log, and 4 MiB at most. */
export const BATCH_PARTS_MAX = 16
/** Segments of one log that are fetched and not yet stored: 16 MiB at most. */
export const AHEAD_PARTS_MAX = 64
/** Requests to one peer that are under way for one log: while one reply is stored the next one comes. */
const LANES_PER_PEER = 2
/** A peer that holds up the others for this long is replaced. */
export const STALL_MS = 10_000
/** Times that a peer's segments may not fit another's list, before it is the peer that is not believed. */
const MISFITS_MAX = 3

/** A stretch of a log that is asked for as one: a sealed segment, what of one is missing, or what is behind the last one. */
interface Part {
  readonly from: number
  /** Null for all there is. */
  readonly to: number | null
  readonly chainBefore: Uint8Array | null
}

interface Batch {
  readonly peer: Peer
  readonly parts: readonly Part[]
  readonly sinceMs: number
  /** The plan that it was taken from; what belongs to an older one is not stored. */
  readonly plan: number
  isLost: boolean
}

interface Job {
  readonly logId: LogId
  /** What is here, as those see it who take part. */
  readonly here: ReplicaView
  readonly changed: ChangeSignal
  /** Whose list of segments is followed; null where none is. */
  source: Peer | null
  plan: number
  planning: Promise<Result<void, Failure>> | null
  /** Parts that nobody has been asked for, newest first, and whether the list goes on behind them. */
  todo: Part[]
  isEnd: boolean
  readonly batches: Set<Batch>
  /** Peers that can do no more here, and those whose lists led others astray. */
  readonly struck: Set<Peer>
  readonly barred: Set<Peer>
  readonly misfits: Map<Peer, number>
  lanes: number
}

export function createBootstrap({ client, replica, conduct, clock, log, signal }: BootstrapDeps): Bootstrap {
  const jobs = new Map<string, Job>()
  const hereOf = (peer: Peer): ReplicaView => replica.seenBy(peerDid(peer))
  /** A log that a peer may not see is another one to it: nothing shows of what is kept of it. */
  const keyOf = (peer: Peer, logId: LogId): string =>
    hereOf(peer).isHidden(logId) ? `hidden ${logId}` : logId

  // --- Planning ---

  /** Reads the (next) list of segments from a peer into the job. */
  const planFrom = async (job: Job, peer: Peer, row: HeadsRow): Promise<Result<void, Failure>> => {
    const { logId, here } = job
    const above = job.todo.at(-1)?.from ?? lowest(job.batches) ?? here.gap(logId)?.to ?? null
    const listed = await client.segments(peer.url, logId, above)
    if (!listed.ok) {
      job.struck.add(peer)
      // A peer without such a list may serve the log the old way.
      return listed.error.code === 'PEER_REFUSED' ? ok(undefined) : listed
    }
    const list = listed.value
    const fits = above === null || list.rows.length === 0 || list.rows[0]?.seq === above - 1
    const isWorth = above !== null || list.rows.length > BOOTSTRAP_SEGMENTS_MIN
    if (!fits || !isWorth || list.rows.length === 0) job.struck.add(peer)
    else {
      const parts = toParts(list, logId, above === null ? row.next : null, here.next(logId))
      if (parts.length === 0) job.struck.add(peer)
      job.todo.push(...parts)
      job.isEnd = (parts.at(-1)?.from ?? 0) <= here.next(logId)
      job.source = peer
    }
    return ok(undefined)
  }

  const isPlanned = (job: Job): boolean =>
    job.source !== null && (job.todo.length > 0 || job.isEnd || job.batches.size > 0)

  /** False where this peer cannot plan, and nobody has. */
  const ensurePlan = async (job: Job, peer: Peer, row: HeadsRow): Promise<Result<boolean, Failure>> => {
    while (!isPlanned(job) && !signal.aborted) {
      if (job.planning) {
        await job.planning
        continue
      }
      if (job.barred.has(peer) || job.struck.has(peer)) return ok(false)
      job.planning = planFrom(job, peer, row).finally(() => {
        job.planning = null
        job.changed.notify()
      })
      const planned = await job.planning
      if (!planned.ok) return planned
    }
    return ok(true)
  }

  const dropPlan = (job: Job): void => {
    job.plan++
    job.source = null
    job.todo = []
    job.isEnd = false
  }

  /** What a peer sent did not fit the list that is followed: one of the two is wrong. */
  const blame = (job: Job, peer: Peer, detail: string): void => {
    log.warn('segments do not fit', { peer: peer.url, source: job.source?.url, logId: job.logId, detail })
    const misfits = (job.misfits.get(peer) ?? 0) + 1
    job.misfits.set(peer, misfits)
    if (job.source === peer || job.source === null || misfits >= MISFITS_MAX) job.struck.add(peer)
    else job.barred.add(job.source)
    dropPlan(job)
  }

  // --- Lanes ---

  const claim = (job: Job, peer: Peer): Batch | null => {
    const ahead = [...job.batches].reduce((sum, { parts }) => sum + parts.length, 0)
    const parts = job.todo.splice(0, Math.min(BATCH_PARTS_MAX, AHEAD_PARTS_MAX - ahead))
    if (parts.length === 0) return null
    const batch: Batch = { peer, parts, sinceMs: clock.now(), plan: job.plan, isLost: false }
    job.batches.add(batch)
    return batch
  }

  /** Gives parts that are not stored back, to be asked for elsewhere. */
  const release = (job: Job, batch: Batch): void => {
    job.batches.delete(batch)
    const isCurrent = batch.plan === job.plan && !batch.isLost
    if (isCurrent) job.todo = sortParts([...batch.parts.filter((part) => !isStored(job, part)), ...job.todo])
    job.changed.notify()
  }

  const isStored = ({ logId, here }: Job, { from }: Part): boolean => {
    const gap = here.gap(logId)
    return here.next(logId) > from || (gap !== null && gap.to <= from)
  }

  const isCurrent = (job: Job, batch: Batch): boolean => batch.plan === job.plan && !batch.isLost

  /** Nothing newer is missing: the turn of this batch to be stored. */
  const isTurn = (job: Job, batch: Batch): boolean => {
    const top = batch.parts[0] as Part
    const others = [...job.batches].filter((other) => other !== batch).map(({ parts }) => parts[0] as Part)
    return ![...others, ...job.todo.slice(0, 1)].some(({ from }) => from > top.from)
  }

  /** Waits for a change, at most as long as a peer may hold up others; whoever does is replaced then. */
  const waitForOthers = async (job: Job, peer: Peer): Promise<void> => {
    const waiting = new AbortController()
    const slept = clock.sleep(STALL_MS, AbortSignal.any([waiting.signal, signal]))
    await Promise.race([job.changed.wait(), slept])
    waiting.abort()
    const first = [...job.batches].find((batch) => isTurn(job, batch))
    if (!first || first.peer === peer || clock.now() - first.sinceMs < STALL_MS) return
    log.warn('a slow peer is replaced', { peer: first.peer.url, logId: job.logId })
    job.struck.add(first.peer)
    release(job, first)
    first.isLost = true
  }

  /** Asks for a batch and stores it in its turn. Fails where the peer is out of reach. */
  const fetchBatch = async (job: Job, batch: Batch): Promise<Result<void, Failure>> => {
    const { peer, parts } = batch
    const ranges = parts.map(({ from, to }): Range => ({ logId: job.logId, from, to }))
    const pulled = await client.pull(peer.url, ranges)
    if (!pulled.ok) return pulled
    let frames: AsyncIterable<Uint8Array> | Uint8Array = pulled.value
    if (!isTurn(job, batch)) {
      const collected = await collect(pulled.value, parts.length * SEGMENT_FRAME_BYTES_MAX)
      if (!collected.ok) return collected
      if (!collected.value) {
        if (isCurrent(job, batch)) blame(job, peer, 'more bytes than the segments have')
        return ok(undefined)
      }
      frames = collected.value
      while (isCurrent(job, batch) && !isTurn(job, batch) && !signal.aborted) await waitForOthers(job, peer)
    }
    if (!isCurrent(job, batch) || signal.aborted) return ok(undefined)
    return storeBatch(job, batch, frames)
  }

  const storeBatch = async (
    job: Job,
    batch: Batch,
    frames: AsyncIterable<Uint8Array> | Uint8Array,
  ): Promise<Result<void, Failure>> => {
    const chains = new Map(batch.parts.map(({ from, chainBefore }) => [from, chainBefore]))
    const chainBefore = (logId: LogId, from: number) =>
      logId === job.logId ? (chains.get(from) ?? null) : null
    for await (const received of hereOf(batch.peer).receive(frames, chainBefore)) {
      if (!received.ok && received.error.code === 'PEER_UNREACHABLE') return received
      const refused = received.ok
        ? received.value.result.ok
          ? null
          : received.value.result.error
        : received.error
      if (refused && isOwnTrouble(refused)) {
        // What this spore does not take, it takes from nobody.
        job.struck.add(batch.peer)
        return ok(undefined)
      }
      if (refused) {
        noteRefusal(conduct, batch.peer, refused.code)
        if (isCurrent(job, batch)) blame(job, batch.peer, `${refused.code}: ${refused.detail}`)
        return ok(undefined)
      }
    }
    if (isCurrent(job, batch) && !batch.parts.some((part) => isStored(job, part))) {
      noteOffence(conduct, batch.peer, 'futile')
      blame(job, batch.peer, 'nothing came')
    }
    return ok(undefined)
  }

  const runLane = async (job: Job, peer: Peer, row: HeadsRow): Promise<Result<void, Failure>> => {
    while (!signal.aborted && !job.struck.has(peer)) {
      const planned = await ensurePlan(job, peer, row)
      if (!planned.ok || !planned.value) return planned.ok ? ok(undefined) : planned
      if (job.struck.has(peer)) break
      const batch = claim(job, peer)
      if (!batch) {
        if (job.batches.size === 0 && job.todo.length === 0 && job.isEnd) break
        await waitForOthers(job, peer)
        continue
      }
      const fetched = await fetchBatch(job, batch)
      if (!fetched.ok) job.struck.add(peer)
      release(job, batch)
      if (!fetched.ok) return fetched
    }
    return ok(undefined)
  }

  const jobOf = (peer: Peer, logId: LogId): Job => {
    const known = jobs.get(keyOf(peer, logId))
    if (known) return known
    const job: Job = {
      logId,
      here: hereOf(peer),
      changed: createChangeSignal(),
      source: null,
      plan: 0,
      planning: null,
      todo: [],
      isEnd: false,
      batches: new Set(),
      struck: new Set(),
      barred: new Set(),
      misfits: new Map(),
      lanes: 0,
    }
    jobs.set(keyOf(peer, logId), job)
    return job
  }

  return {
    isFor(peer, { logId, next, forkPoint }) {
      const here = hereOf(peer)
      if (forkPoint !== undefined || here.validPoint(logId) < Number.POSITIVE_INFINITY) return false
      return here.gap(logId) !== null || next - here.next(logId) > BOOTSTRAP_ENTRIES_MIN
    },

    isUnderWay: (peer, logId) => jobs.has(keyOf(peer, logId)),

    async bring(peer, row) {
      const job = jobOf(peer, row.logId)
      const key = keyOf(peer, row.logId)
      job.lanes++
      const lanes = Array.from({ length: LANES_PER_PEER }, () => runLane(job, peer, row))
      const ended = await Promise.all(lanes)
      if (--job.lanes === 0) jobs.delete(key)
      const failed = ended.find((lane) => !lane.ok)
      return failed && !failed.ok ? err(failed.error) : ok(job.here.next(row.logId) >= row.next)
    },
  }
}

/** The parts of a list, newest first, down to what is held from 0 on; `tailTo` is how far the log goes behind them. */
function toParts(list: SegmentList, logId: LogId, tailTo: number | null, held: number): Part[] {
  const parts: Part[] = []
  const [newest] = list.rows
  if (newest && tailTo !== null && tailTo > newest.seq + 1)
    parts.push({ from: newest.seq + 1, to: null, chainBefore: newest.chain })
  for (const [index, { from, seq }] of list.rows.entries()) {
    if (seq < held) break
    const chainBefore = chainBeforeRow(list, logId, index)
    // What stands before the last row of a full list is told by the next list.
    if (!chainBefore && from > held && list.rows.length === SEGMENT_ROWS_MAX) break
    parts.push({ from: Math.max(from, held), to: seq, chainBefore })
  }
  return parts
}

const sortParts = (parts: readonly Part[]): Part[] => [...parts].sort((a, b) => b.from - a.from)

function lowest(batches: ReadonlySet<Batch>): number | null {
  const ends = [...batches].map(({ parts }) => (parts.at(-1) as Part).from)
  return ends.length > 0 ? Math.min(...ends) : null
}

/** All bytes of a reply; null where they are more than `max`. */
async function collect(
  frames: AsyncIterable<Uint8Array>,
  max: number,
): Promise<Result<Uint8Array | null, Failure>> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of frames) {
      size += chunk.length
      if (size > max) return ok(null)
      chunks.push(chunk)
    }
  } catch (error) {
    if (!(error instanceof SporeError)) throw error
    return err({ code: error.code, detail: error.message })
  }
  return ok(concatBytes(...chunks))
}
