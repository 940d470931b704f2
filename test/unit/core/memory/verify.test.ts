import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createPorts, type RealPorts } from '../../../../src/adapters/ports.ts'
import { silentLog } from '../../../../src/core/base/ports.ts'
import { createVerifier } from '../../../../src/core/identity/keys.ts'
import type { EntryRow, HeadRow, LogRow, MemoryStore } from '../../../../src/core/memory/store.ts'
import { FINDINGS_MAX, verifyStore } from '../../../../src/core/memory/verify.ts'
import { SEGMENT_ENTRIES_MAX } from '../../../../src/core/protocol/limits.ts'
import { createSpore, type Spore } from '../../../../src/core/spore.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/folder.ts'

/** More than a segment, so that there is a head at a segment's end and one at the log's. */
const MEMORIES = SEGMENT_ENTRIES_MAX + 100

let folder: TemporaryFolder
let ports: RealPorts
let spore: Spore
before(async () => {
  folder = temporaryFolder()
  const home = folder.path
  const options = {
    home,
    network: 'test',
    durability: 'memory',
    allowPrivateAddresses: false,
    identity: null,
    log: silentLog,
  } as const
  ports = createPorts(options)
  spore = await createSpore({ defaultSpace: 'private', pullIntervalMs: 1e6 }, ports)
  const inputs = Array.from({ length: MEMORIES }, (_, i) => ({ text: `memory ${i}` }))
  for (let from = 0; from < MEMORIES; from += 500) await spore.rememberMany(inputs.slice(from, from + 500))
  await spore.remember({ text: 'shared', space: 'commons' })
})
after(async () => {
  await spore[Symbol.asyncDispose]()
  await ports[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

const { signal } = new AbortController()
const verify = (changed: Partial<MemoryStore> = {}) =>
  verifyStore({ ...ports.store, origin: ports.store.origin, ...changed }, createVerifier(), { signal })
const flipped = (bytes: Uint8Array, at = bytes.length - 1): Uint8Array =>
  bytes.with(at, (bytes[at] as number) ^ 1)

/** The store with one entry changed on its way out. */
const withEntry = (seq: number, change: (row: EntryRow) => EntryRow | null): Partial<MemoryStore> => ({
  entriesOf: async (logId, from, to) => {
    const rows = await ports.store.entriesOf(logId, from, to)
    return rows.map((row) => (row.seq === seq ? change(row) : row)).filter((row) => row !== null)
  },
})
const withHeads = (change: (head: HeadRow) => HeadRow | null): Partial<MemoryStore> => ({
  headFrom: async (logId, atLeast) => {
    const head = await ports.store.headFrom(logId, atLeast)
    return head && change(head)
  },
})
const withLogs = (change: (log: LogRow) => LogRow): Partial<MemoryStore> => ({
  logs: async () => (await ports.store.logs()).map(change),
})

describe('verification of a store', () => {
  it('finds nothing in a sound one and counts everything', async () => {
    const report = await verify()
    assert.deepEqual(report.findings, [])
    assert.deepEqual([report.logs, report.entries, report.purged, report.forks], [2, MEMORIES + 1, 0, 0])
    assert.ok(report.heads >= 3, `${report.heads} heads`)
  })

  it('finds a changed payload, and takes a purged one for what it is', async () => {
    const report = await verify(
      withEntry(5, (row) => ({ ...row, payload: flipped(row.payload as Uint8Array) })),
    )
    assert.deepEqual(
      report.findings.map(({ seq, reason }) => [seq, reason]),
      [[5, 'the payload is not the one that the header names']],
    )
    const purged = await verify(withEntry(5, (row) => ({ ...row, payload: null })))
    assert.deepEqual([purged.found, purged.purged], [0, 1])
  })

  it('finds a changed header by the chain and the head behind it', async () => {
    const report = await verify(
      withEntry(5, (row) => ({ ...row, header: flipped(row.header, row.header.length - 10) })),
    )
    const reasons = report.findings.map(({ reason }) => reason)
    assert.ok(reasons.includes('the head is of another chain'), reasons.join('\n'))
    assert.ok(reasons.includes('the chain does not end in the value that is kept'))
  })

  it('finds a missing entry', async () => {
    const report = await verify(withEntry(300, () => null))
    assert.deepEqual(report.findings[0], {
      logId: report.findings[0]?.logId,
      seq: 300,
      reason: 'the entry is missing',
    })
  })

  it('finds heads that are forged or gone', async () => {
    const forged = await verify(withHeads((head) => ({ ...head, signature: flipped(head.signature, 3) })))
    assert.ok(forged.findings.every(({ reason }) => reason === 'the signature of the head does not hold'))
    assert.equal(forged.found, forged.heads)
    const gone = await verify(withHeads(() => null))
    assert.deepEqual(
      [...new Set(gone.findings.map(({ reason }) => reason))],
      ['no signed head covers the entries from here on'],
    )
  })

  it('finds a log that is not that of its key', async () => {
    const report = await verify(withLogs((log) => ({ ...log, epoch: flipped(log.epoch) })))
    assert.equal(report.found, 2)
    assert.match(report.findings[0]?.reason ?? '', /log id/)
  })

  it('bounds the list of findings and counts them all', async () => {
    const entriesOf: MemoryStore['entriesOf'] = async (...range) =>
      (await ports.store.entriesOf(...range)).map((row) => ({ ...row, payload: new Uint8Array(1) }))
    const report = await verify({ entriesOf })
    assert.equal(report.findings.length, FINDINGS_MAX)
    assert.equal(report.found, MEMORIES + 1)
  })
})
