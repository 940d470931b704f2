/** What the store's writers write and journal, and the check of a store against a journal. */
import { hash } from 'node:crypto'
import type { LogId } from '../../../src/core/base/brand.ts'
import { bytesToBase64url } from '../../../src/core/base/bytes.ts'
import type { EntryRow, MemoryStore } from '../../../src/core/memory/store.ts'

/** Concurrent writers, each with a log of its own. */
export const WRITERS = 8

/** One commit that was acknowledged: `size` entries of a writer's log, from a position, with arrivals from a number. */
export interface Acknowledgement {
  readonly writer: number
  readonly from: number
  readonly size: number
  readonly arrival: number
}

export const logIdOf = (writer: number): LogId =>
  bytesToBase64url(new Uint8Array(16).fill(writer + 1)) as LogId

/** The one entry of a position: its bytes follow from the position, so the journal need not carry them. */
export function entryOf(writer: number, seq: number, arrival: number): EntryRow {
  const header = Buffer.from(hash('sha256', `${writer}/${seq}/${arrival}`, 'buffer'))
  const size = (writer * 31 + seq * 17) % 700
  return { logId: logIdOf(writer), seq, arrival, header, payload: Buffer.alloc(size, header) }
}

/** Every sentence names an acknowledged entry that is missing or different, or an order that is broken. */
export async function findLosses(
  store: MemoryStore,
  acknowledged: readonly Acknowledgement[],
): Promise<string[]> {
  const losses: string[] = []
  for (const { writer, from, size, arrival } of acknowledged) {
    const found = await store.entriesOf(logIdOf(writer), from, from + size - 1)
    for (let i = 0; i < size; i++)
      if (!sameEntry(found[i], entryOf(writer, from + i, arrival + i)))
        losses.push(`entry ${from + i} of writer ${writer}, arrival ${arrival + i}`)
  }
  return [...losses, ...(await findGaps(store))]
}

const sameEntry = (found: EntryRow | undefined, written: EntryRow): boolean =>
  found !== undefined &&
  found.arrival === written.arrival &&
  found.seq === written.seq &&
  Buffer.compare(found.header, written.header) === 0 &&
  Buffer.compare(found.payload as Uint8Array, written.payload as Uint8Array) === 0

async function findGaps(store: MemoryStore): Promise<string[]> {
  const next = new Map<LogId, number>()
  let arrival = 0
  for (;;) {
    const page = await store.entriesAfter(arrival, 10_000)
    if (page.length === 0) break
    for (const entry of page) {
      if (entry.arrival !== ++arrival) return [`arrival ${entry.arrival} where ${arrival} comes next`]
      const seq = next.get(entry.logId) ?? 0
      if (entry.seq !== seq) return [`position ${entry.seq} of ${entry.logId} where ${seq} comes next`]
      next.set(entry.logId, seq + 1)
    }
  }
  const logs = await store.logs()
  return logs
    .filter((log) => (next.get(log.logId) ?? 0) !== log.next)
    .map((log) => `log ${log.logId} counts wrong`)
}
