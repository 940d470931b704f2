/**
 * Writes to a store until it is killed: `store-writer.ts <folder> <journal> [defect]`. Eight writers, each with a log
 * of its own that it continues where the store left it; a commit is journaled only after its promise resolved.
 *
 * `ack-before-commit` is a planted defect: the process journals a commit, then dies before it makes it.
 */
import { setImmediate } from 'node:timers/promises'
import { openSqliteStore } from '../../../src/adapters/sqlite-store.ts'
import { type EntryRow, emptyBatch, type LogRow, type MemoryStore } from '../../../src/core/memory/store.ts'
import { testOrigin } from '../../support/store-origin.ts'
import { openJournal } from './kill.ts'
import { type Acknowledgement, entryOf, logIdOf, WRITERS } from './store-journal.ts'

const [folder, journalPath, defect] = process.argv.slice(2) as [string, string, string?]
const store = openSqliteStore(folder, { ...testOrigin, create: () => testOrigin })
const journal = openJournal<Acknowledgement>(journalPath)
const held = new Map((await store.logs()).map((log) => [log.logId, log.next]))
let arrival = await lastArrival(store, held)
let commits = 0
process.stdout.write('writing\n')
await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))

async function write(writer: number): Promise<never> {
  const logId = logIdOf(writer)
  let next = held.get(logId) ?? 0
  for (;;) {
    const size = 1 + ((writer + next) % 20)
    const first = arrival + 1
    const entries = Array.from({ length: size }, (_, i) => entryOf(writer, next + i, first + i))
    arrival += size
    const acknowledgement = { writer, from: next, size, arrival: first }
    next += size
    if (defect === 'ack-before-commit' && ++commits > 20) {
      journal.append(acknowledgement)
      process.kill(process.pid, 'SIGKILL')
    }
    await store.commit({ ...emptyBatch, logs: [logOf(writer, next, arrival)], entries })
    journal.append(acknowledgement)
    await setImmediate()
  }
}

function logOf(writer: number, next: number, arrival: number): LogRow {
  return {
    logId: logIdOf(writer),
    publicKey: testOrigin.publicKey,
    space: 'commons' as LogRow['space'],
    epoch: testOrigin.epoch,
    next,
    chain: new Uint8Array(32).fill(writer),
    clock: next,
    segmentStart: 0,
    segmentBytes: 0,
    arrival,
  }
}

async function lastArrival(from: MemoryStore, logs: ReadonlyMap<string, number>): Promise<number> {
  const count = [...logs.values()].reduce((sum, next) => sum + next, 0)
  const beyond: readonly EntryRow[] = await from.entriesAfter(count, 1)
  if (beyond.length > 0) throw new Error(`entries beyond the ${count} that the logs count`)
  return count
}
