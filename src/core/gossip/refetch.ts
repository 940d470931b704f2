/**
 * Refetching: payloads that are missing here, and neither dead nor purged, are asked for again at peers (PROTOCOL.md §6). They came absent
 * from a peer that had forgotten them, or were forgotten for a checkpoint that a fork made invalid.
 *
 * Invariant: a peer that has nothing to give is asked ever more seldom.
 */
import { equalBytes } from '../base/bytes.ts'
import type { Clock } from '../base/ports.ts'
import { type Change, rowToChange } from '../memory/change.ts'
import type { Memory } from '../memory/memory.ts'
import { isPurged } from '../memory/purge.ts'
import type { Spaces, View } from '../memory/spaces.ts'
import type { EntryRow, MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { Compression } from '../protocol/compression.ts'
import { SporeError } from '../protocol/errors.ts'
import { decodeFrames, splitFrames } from '../protocol/frame.ts'
import type { Range } from '../protocol/messages.ts'
import { type DecodedRun, decodeRun, entryOf } from '../protocol/run.ts'
import type { FederationClient } from './client.ts'
import { type Peer, peerDid } from './peers.ts'

export interface Refetcher {
  /** Asks a peer for some of what is missing, if it is time to. */
  refetch(peer: Peer): Promise<void>
}

export interface RefetcherDeps {
  readonly client: FederationClient
  readonly memory: Memory
  readonly store: MemoryStore
  readonly writer: Writer
  readonly spaces: Spaces
  readonly compression: Compression
  readonly clock: Clock
}

/** Ranges that are asked for at once; each is answered by a segment at most. */
export const REFETCH_RANGES_MAX = 16
/** Entries of one range: what is looked up before it is asked for. */
const RANGE_ENTRIES_MAX = 256
/** Pause before a peer that had nothing is asked again, and what it grows to. */
const PAUSE_MS = 60_000
const PAUSE_MS_MAX = 6 * 60 * 60_000

export function createRefetcher(deps: RefetcherDeps): Refetcher {
  const { client, memory, store, writer, spaces, compression, clock } = deps
  const pauses = new WeakMap<Peer, { readonly untilMs: number; readonly pauseMs: number }>()

  const refetch = async (peer: Peer): Promise<void> => {
    const pause = pauses.get(peer)
    if (pause && clock.now() < pause.untilMs) return
    const wanted = await missing(spaces.viewFor(peerDid(peer)))
    if (wanted.length === 0) return
    const restored = await ask(peer, wanted)
    const pauseMs = Math.min(PAUSE_MS_MAX, 2 * (pause?.pauseMs ?? PAUSE_MS / 2))
    if (restored > 0) pauses.delete(peer)
    else pauses.set(peer, { untilMs: clock.now() + pauseMs, pauseMs })
  }

  /** Ranges of valid entries without their payload that a peer may see; what is purged is taken off the list. */
  const missing = async (view: View): Promise<Range[]> => {
    const wanted: Range[] = []
    for (const [logId, absent] of memory.absent) {
      const row = memory.logs.get(logId)?.row
      // What there is no room for would be evicted again.
      if (!row || !view.sees(row.space) || !memory.quota.hasRoom(row.space)) continue
      const end = Math.min(row.next, memory.validPoint(logId))
      for (const [from, to] of [...absent.ranges()]) {
        if (from >= end) break
        const last = Math.min(to, end - 1, from + RANGE_ENTRIES_MAX - 1)
        for (const held of await store.entriesOf(logId, from, last))
          if (held.payload !== null || isPurgedRow(held)) absent.remove(held.seq, held.seq)
        if (absent.has(from)) wanted.push({ logId, from, to: last })
        if (wanted.length === REFETCH_RANGES_MAX) return wanted
      }
    }
    return wanted
  }

  const isPurgedRow = (row: EntryRow): boolean => {
    const log = memory.logs.get(row.logId)
    const change = log && rowToChange(row, log)
    return !change || isPurged(change, memory.isDenied)
  }

  const ask = async (peer: Peer, wanted: readonly Range[]): Promise<number> => {
    const pulled = await client.pull(peer.url, wanted)
    if (!pulled.ok) return 0
    let restored = 0
    try {
      for await (const part of splitFrames(pulled.value, 1))
        for (const frame of decodeFrames(part, compression)) {
          const run = frame.ok ? decodeRun(frame.value) : frame
          if (run.ok) restored += await restore(run.value)
        }
    } catch (error) {
      if (!(error instanceof SporeError)) throw error
    }
    return restored
  }

  /** Puts payloads back whose headers are those that are held: the header names the hash of what was sent. */
  const restore = async (run: DecodedRun): Promise<number> => {
    const absent = memory.absent.get(run.logId)
    const log = memory.logs.get(run.logId)
    if (!absent || !log) return 0
    const changes: Change[] = []
    for (const row of await store.entriesOf(run.logId, run.from, run.from + run.count - 1)) {
      const { header, payload } = entryOf(run, row.seq - run.from)
      if (!payload || row.payload || !absent.has(row.seq) || !equalBytes(header, row.header)) continue
      const change = rowToChange({ ...row, payload }, log)
      if (change && !isPurged(change, memory.isDenied)) changes.push(change)
    }
    if (changes.length === 0) return 0
    const written = await writer.write((draft) => changes.forEach(draft.restorePayload))
    return written.ok ? changes.length : 0
  }

  return { refetch }
}
