/** Measures how entries spread through a swarm, from what goes over its network and what spores fold in. */
import type { TransportRequest } from '../core/gossip/transport.ts'
import type { Applied } from '../core/memory/memory.ts'
import { decodePushReply } from '../core/protocol/messages.ts'
import type { Scheduler } from './scheduler.ts'

export interface BroadcastFigures {
  /** Entries written while it was measured. */
  readonly entries: number
  /** Share of the spores that are up at the end to which an entry had come so long after it was written. */
  readonly reach: readonly { readonly ms: number; readonly share: number }[]
  /** Spores that lack an entry at the end. */
  readonly unreached: number
  /** How often an entry arrives at a spore, its first time included; 1 is the least. */
  readonly copies: number
  readonly hops: { readonly mean: number; readonly max: number }
  /** Milliseconds from the write to the arrival. */
  readonly staleness: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Requests and bytes, headers included, that a spore sent and received on average. */
  readonly requestsANode: number
  readonly bytesANode: number
}

export interface SpreadMeter {
  request(from: number, to: number, request: TransportRequest): void
  reply(request: TransportRequest, body: Uint8Array | null): void
  /** A spore folded entries in; the first to do so is the author. */
  applied(place: number, entries: readonly Applied[]): void
  /** Entries that were written since the beginning. */
  readonly written: number
  /** Forgets what was measured. */
  reset(): void
  bytes(): number
  /** `alive` spores are up, of which `unreached` lack an entry. */
  figures(alive: number, unreached: number): BroadcastFigures
}

/** One entry on its way. */
interface Spread {
  readonly writtenAtMs: number
  /** From the author to each place; −1 where it has not arrived. */
  readonly hops: Int16Array
}

/** Times after the write at which reach is told, in milliseconds. */
const REACH_AT_MS = [100, 200, 500, 1000, 2000, 5000, 10_000, 30_000]
/** Bytes of a request's and a reply's line and fixed headers, beside those that are counted. */
const OVERHEAD_BYTES = 120

export function createSpreadMeter(scheduler: Scheduler, nodes: number): SpreadMeter {
  const spreads = new Map<string, Spread>()
  /** Who last pushed to each place. */
  const pushedBy = new Int32Array(nodes).fill(-1)
  let delays: number[] = []
  let allHops: number[] = []
  let measuredFrom = 0
  let duplicates = 0
  let requests = 0
  let bytes = 0

  return {
    request(from, to, request) {
      requests++
      bytes += OVERHEAD_BYTES + request.path.length + request.query.length + request.body.length
      for (const [name, value] of Object.entries(request.headers)) bytes += name.length + value.length + 4
      if (request.path.endsWith('/push')) pushedBy[to] = from
    },
    reply({ path }, body) {
      bytes += OVERHEAD_BYTES + (body?.length ?? 0)
      if (body && path.endsWith('/push')) duplicates += decodePushReply(body)?.dup ?? 0
    },
    applied(place, entries) {
      for (const { change } of entries) {
        const id = `${change.logId}/${change.seq}`
        const spread = spreads.get(id)
        if (!spread) {
          const hops = new Int16Array(nodes).fill(-1)
          hops[place] = 0
          spreads.set(id, { writtenAtMs: scheduler.elapsedMs, hops })
          continue
        }
        const before = spread.hops[pushedBy[place] as number] ?? 0
        spread.hops[place] = Math.max(0, before) + 1
        delays.push(scheduler.elapsedMs - spread.writtenAtMs)
        allHops.push(spread.hops[place] as number)
      }
    },
    get written() {
      return spreads.size
    },
    reset() {
      delays = []
      allHops = []
      measuredFrom = spreads.size
      duplicates = requests = bytes = 0
    },
    bytes: () => bytes,
    figures(alive, unreached) {
      const entries = spreads.size - measuredFrom
      const sorted = delays.toSorted((a, b) => a - b)
      const at = (share: number): number =>
        Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
      const rounded = (value: number): number => Number(value.toFixed(3))
      return {
        entries,
        reach: REACH_AT_MS.map((ms) => ({
          ms,
          share: rounded(sorted.filter((delay) => delay <= ms).length / (entries * (alive - 1))),
        })),
        unreached,
        copies: rounded((sorted.length + duplicates) / sorted.length),
        hops: {
          mean: rounded(allHops.reduce((sum, hop) => sum + hop, 0) / allHops.length),
          max: allHops.reduce((most, hop) => Math.max(most, hop), 0),
        },
        staleness: { p50: at(0.5), p99: at(0.99), max: Math.round(sorted.at(-1) ?? 0) },
        requestsANode: rounded(requests / nodes),
        bytesANode: Math.round(bytes / nodes),
      }
    },
  }
}
