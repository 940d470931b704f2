/**
 * Verifies everything that a store holds, from nothing but its bytes: each log's id and key, each header and payload
 * against its hash, each chain from its genesis, each kept head against chain and signature, each fork proof, what is kept
 * of each log against its entries, also above a gap, and the order of arrival.
 */
import type { LogId } from '../base/brand.ts'
import { equalBytes } from '../base/bytes.ts'
import { bytesToDigest, sha256 } from '../base/hash.ts'
import { isAdmissibleKey, type Verifier } from '../identity/keys.ts'
import { decodeHeader, leafOf } from '../protocol/entry.ts'
import { extendChain, extendSegment, genesisOf, headBytes, logIdOf, type Segment } from '../protocol/log.ts'
import { verifyForkProof } from './fork.ts'
import type { EntryRow, HeadRow, LogRow, MemoryStore, PartialRow } from './store.ts'

/** Findings that a report carries: the rest is counted, for a store that is damaged throughout. */
export const FINDINGS_MAX = 1000
/** Entries that are read at a time. */
const READ_ENTRIES = 256

export interface Finding {
  readonly logId: LogId
  /** The entry, null where the finding is about the log. */
  readonly seq: number | null
  readonly reason: string
}

export interface VerifyReport {
  logs: number
  entries: number
  /** Payloads whose bytes were purged on this spore: their headers are verified. */
  purged: number
  heads: number
  forks: number
  /** How many findings there are; `findings` has the first `FINDINGS_MAX`. */
  found: number
  findings: Finding[]
}

/** Verifies a store; `onLog` hears of each log that is done. Throws what the store's reads and `signal` throw. */
export async function verifyStore(
  store: MemoryStore,
  verifier: Verifier,
  options: { readonly signal: AbortSignal; readonly onLog?: (done: number, total: number) => void },
): Promise<VerifyReport> {
  const report: VerifyReport = { logs: 0, entries: 0, purged: 0, heads: 0, forks: 0, found: 0, findings: [] }
  const find: Find = (logId, seq, reason) => {
    if (report.found++ < FINDINGS_MAX) report.findings.push({ logId, seq, reason })
  }
  const logs = await store.logs()
  const partials = new Map((await store.partials()).map((partial) => [partial.logId, partial]))
  for (const log of logs) {
    await verifyLog(log, partials.get(log.logId) ?? null, {
      store,
      verifier,
      report,
      find,
      signal: options.signal,
    })
    report.logs++
    options.onLog?.(report.logs, logs.length)
  }
  await verifyArrivals(logs, partials, { store, verifier, report, find, signal: options.signal })
  for (const { logId, seq, proof } of await store.forks()) {
    const verified = verifyForkProof(proof, store.origin.network, verifier)
    const isOfLog = verified.ok && verified.value.logId === logId && verified.value.proof.seq === seq
    if (!isOfLog) find(logId, seq, 'the fork proof proves something else or nothing')
    report.forks++
  }
  return report
}

type Find = (logId: LogId, seq: number | null, reason: string) => void

interface Context {
  readonly store: MemoryStore
  readonly verifier: Verifier
  readonly report: VerifyReport
  readonly find: Find
  readonly signal: AbortSignal
}

async function verifyLog(log: LogRow, partial: PartialRow | null, context: Context): Promise<void> {
  const { find } = context
  const { logId } = log
  if (logIdOf(log) !== logId) find(logId, null, 'the log id is not that of its key, space and epoch')
  if (!isAdmissibleKey(log.publicKey)) find(logId, null, 'the public key is not admissible')

  const start = { seq: 0, chain: genesisOf(logId), clock: 0 }
  const behind = await verifyStretch(log, start, log, context)
  if (behind && (!partial || behind.seq < partial.base))
    find(logId, behind.seq, 'a head covers entries that are not there')
  if (!partial) return
  const { base, baseClock, chainBefore } = partial
  if (base < log.next || partial.next <= base) find(logId, base, 'there is no gap below the entry')
  const from = { seq: base, chain: chainBefore, clock: baseClock - 1, isCut: partial.baseBytes === 0 }
  const above = await verifyStretch(log, from, partial, context)
  if (above) find(logId, above.seq, 'a head covers entries that are not there')
}

/** A stretch of a log without a gap, and what is kept of it; the first kept head behind it. */
async function verifyStretch(
  log: LogRow,
  start: {
    readonly seq: number
    readonly chain: Uint8Array
    readonly clock: number
    /** It begins where no segment does: nothing can be said of segments. */
    readonly isCut?: boolean
  },
  kept: LogRow | PartialRow,
  context: Context,
): Promise<HeadRow | null> {
  const { store, report, find, signal } = context
  const { logId } = log
  let { seq, chain, clock } = start
  let segment: Segment = { start: seq, bytes: 0 }
  let head = await store.headFrom(logId, seq)
  let coveredTo = seq - 1
  while (seq < kept.next) {
    signal.throwIfAborted()
    const rows = await store.entriesOf(logId, seq, Math.min(kept.next, seq + READ_ENTRIES) - 1)
    if (rows[0]?.seq !== seq) break
    for (const row of rows) {
      if (row.seq !== seq) break
      segment = extendSegment(segment, seq, row.header.length + payloadLengthOf(row))
      // Without it nobody could be given a segment before the newest.
      if (segment.start === seq && coveredTo !== seq - 1 && !start.isCut)
        find(logId, seq - 1, 'no signed head at the end of the segment')
      clock = verifyEntry(row, clock, context)
      chain = extendChain(chain, leafOf(row.header))
      if (head?.seq === seq) {
        verifyHead(head, log, { chain, clock }, context)
        coveredTo = seq
        head = await store.headFrom(logId, seq + 1)
      }
      report.entries++
      seq++
    }
  }
  if (seq < kept.next) find(logId, seq, 'the entry is missing')
  else if (!equalBytes(chain, kept.chain))
    find(logId, null, 'the chain does not end in the value that is kept')
  else if (
    clock !== kept.clock ||
    (!start.isCut && (segment.start !== kept.segmentStart || segment.bytes !== kept.segmentBytes))
  )
    find(logId, null, 'the clock or segment that is kept is not that of its entries')
  if (coveredTo < seq - 1) find(logId, coveredTo + 1, 'no signed head covers the entries from here on')
  return head
}

/** Every entry once, in an order of arrival without a gap, and none that its log does not know. */
async function verifyArrivals(
  logs: readonly LogRow[],
  partials: ReadonlyMap<LogId, PartialRow>,
  { store, find, signal }: Context,
): Promise<void> {
  const rowsById = new Map(logs.map((log) => [log.logId, log]))
  const newest = new Map<LogId, number>()
  let arrival = 0
  for (;;) {
    signal.throwIfAborted()
    const rows = await store.entriesAfter(arrival, READ_ENTRIES)
    for (const row of rows) {
      if (row.arrival !== arrival + 1)
        find(row.logId, row.seq, `arrival ${row.arrival} comes behind ${arrival}`)
      arrival = Math.max(arrival, row.arrival)
      newest.set(row.logId, row.arrival)
      const log = rowsById.get(row.logId)
      if (!log) find(row.logId, row.seq, 'the log of the entry is not listed')
      else if (row.seq >= log.next && !isAbove(row, partials.get(row.logId)))
        find(row.logId, row.seq, 'the entry stands behind the end of its log')
    }
    if (rows.length < READ_ENTRIES) break
  }
  for (const { logId, arrival } of logs)
    if (Math.max(arrival, partials.get(logId)?.arrival ?? 0) !== (newest.get(logId) ?? 0))
      find(logId, null, 'the arrival that is kept is not that of its newest entry')
}

const isAbove = ({ seq }: EntryRow, partial: PartialRow | undefined): boolean =>
  partial !== undefined && seq >= partial.base && seq < partial.next

/** What the header says; the bytes that are there where it cannot be read. */
function payloadLengthOf({ header, payload }: EntryRow): number {
  const decoded = decodeHeader(header)
  return decoded.ok ? decoded.value.payloadLength : (payload?.length ?? 0)
}

/** The clock of the entry, the one before it where the header cannot be read. */
function verifyEntry(row: EntryRow, clockBefore: number, { report, find }: Context): number {
  const { logId, seq, payload } = row
  const decoded = decodeHeader(row.header)
  if (!decoded.ok) {
    find(logId, seq, `the header cannot be read: ${decoded.error.detail}`)
    return clockBefore
  }
  const header = decoded.value
  if (header.logId !== logId || header.seq !== seq) find(logId, seq, 'the header is of another entry')
  if (header.clock <= clockBefore) find(logId, seq, 'the clock is not after the one before it')
  if (payload === null) report.purged++
  else if (payload.length !== header.payloadLength || bytesToDigest(sha256(payload)) !== header.payload)
    find(logId, seq, 'the payload is not the one that the header names')
  return header.clock
}

function verifyHead(
  head: HeadRow,
  log: LogRow,
  here: { readonly chain: Uint8Array; readonly clock: number },
  { store, verifier, report, find }: Context,
): void {
  report.heads++
  if (!equalBytes(head.chain, here.chain)) find(log.logId, head.seq, 'the head is of another chain')
  if (head.clock !== here.clock) find(log.logId, head.seq, 'the head has another clock than its entry')
  if (!verifier.verify(log.publicKey, headBytes(store.origin.network, head), head.signature))
    find(log.logId, head.seq, 'the signature of the head does not hold')
}
