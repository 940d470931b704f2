/**
 * Watches one disk: every batch that became durable is checked as it is stored, with chain, hashes and signatures
 * computed here from the bytes. So a defect is found at the step that made it, not at the end.
 */
import { createHash } from 'node:crypto'
import type { Digest, LogId } from '../core/base/brand.ts'
import { bytesToHex, equalBytes } from '../core/base/bytes.ts'
import type { Verifier } from '../core/identity/keys.ts'
import type { EntryRow, HeadRow, LogRow, StoreBatch } from '../core/memory/store.ts'
import { decodeHeader, type Header } from '../core/protocol/entry.ts'
import { KINDS } from '../core/protocol/kinds.ts'
import { CLOCK_HOLD_MS } from '../core/protocol/limits.ts'
import { headBytes, logIdOf } from '../core/protocol/log.ts'
import type { Report } from './violation.ts'

/** An entry as it is stored, with its header read. */
export interface AuditedEntry {
  readonly header: Header
  readonly bytes: Uint8Array
  readonly payload: Uint8Array | null
}

export interface AuditedLog {
  readonly row: LogRow
  readonly entries: readonly AuditedEntry[]
  /** Chain value after each entry. */
  readonly chains: readonly Uint8Array[]
  /** Where it is proven to fork, Infinity where it is not. */
  readonly forkPoint: number
}

export interface Audit {
  durable(batch: StoreBatch): void
  log(logId: LogId): AuditedLog | undefined
  logs(): IterableIterator<AuditedLog>
  /** True where an own log carries this memory. */
  carries(element: Digest): boolean
  /** Entries held. */
  readonly entries: number
  /** Digest of the view of these spaces, as PROTOCOL.md §8 defines it. */
  viewDigest(replicates: (space: string) => boolean): string
}

export interface AuditDeps {
  readonly name: string
  /** The key of the spore that the disk belongs to. */
  readonly ownKey: Uint8Array
  readonly network: string
  /** What the machine's clock shows, or showed a moment ago where that was later. */
  readonly now: () => number
  readonly report: Report
  readonly signatures: SignatureCache
}

/** Heads whose signature was verified, for all disks of a world: each is verified once. */
export interface SignatureCache {
  holds(network: string, log: LogRow, head: HeadRow): boolean
}

export function createSignatureCache(verifier: Verifier): SignatureCache {
  const known = new Map<string, boolean>()
  return {
    holds(network, log, head) {
      const id = `${head.logId} ${head.seq} ${bytesToHex(head.chain)} ${bytesToHex(head.signature)}`
      const before = known.get(id)
      if (before !== undefined) return before
      const holds = verifier.verify(log.publicKey, headBytes(network, head), head.signature)
      known.set(id, holds)
      return holds
    },
  }
}

interface LogAudit {
  row: LogRow
  readonly entries: AuditedEntry[]
  readonly chains: Uint8Array[]
  forkPoint: number
}

export function createAudit(deps: AuditDeps): Audit {
  const { name, ownKey, network, now, report, signatures } = deps
  const logs = new Map<LogId, LogAudit>()
  /** Memories that own logs carry, retracted ones too. */
  const own = new Set<Digest>()
  let arrival = 0

  const chainBefore = (log: LogAudit, seq: number): Uint8Array =>
    log.chains[seq - 1] ?? sha256(Uint8Array.of(2), Buffer.from(log.row.logId, 'base64url'))

  const auditEntry = (entry: EntryRow): void => {
    const log = logs.get(entry.logId)
    const where = `${name}: ${entry.logId}/${entry.seq}`
    if (!log) {
      report('chain', `${where} belongs to no log`)
      return
    }
    if (entry.arrival !== arrival + 1)
      report('applied-twice', `${where} arrives as ${entry.arrival} after ${arrival}`)
    arrival = entry.arrival
    if (entry.seq !== log.entries.length) {
      const checker = entry.seq < log.entries.length ? 'applied-twice' : 'chain'
      report(checker, `${where} is stored where ${log.entries.length} entries are`)
      return
    }
    const decoded = decodeHeader(entry.header)
    if (!decoded.ok) {
      report('canonical', `${where}: ${decoded.error.detail}`)
      return
    }
    const header = decoded.value
    if (header.logId !== entry.logId || header.seq !== entry.seq)
      report('chain', `${where}: the header is of ${header.logId}/${header.seq}`)
    const clockBefore = log.entries.at(-1)?.header.clock ?? 0
    if (header.clock <= clockBefore) report('chain', `${where}: its clock is not after the one before`)
    if (entry.payload && sha256(entry.payload).toString('base64url') !== header.payload)
      report('payload', `${where}: the payload is not the one that the header names`)
    const isOwn = equalBytes(log.row.publicKey, ownKey)
    if (isOwn && header.kind === KINDS.memory) own.add(header.payload)
    if (!isOwn && Math.floor(header.clock / 1024) > now() + CLOCK_HOLD_MS)
      report('clock-ahead', `${where}: accepted from ${Math.floor(header.clock / 1024) - now()} ms ahead`)
    if (!isOwn && log.row.space === 'private')
      report('private-leak', `${where} is of another's private space`)
    const leaf = sha256(Uint8Array.of(0), entry.header)
    log.chains.push(sha256(Uint8Array.of(1), chainBefore(log, entry.seq), leaf))
    log.entries.push({ header, bytes: entry.header, payload: entry.payload })
  }

  const auditHead = (head: HeadRow): void => {
    const log = logs.get(head.logId)
    const where = `${name}: head ${head.logId}/${head.seq}`
    if (!log) {
      report('chain', `${where} belongs to no log`)
      return
    }
    const chain = log.chains[head.seq]
    if (!chain || !equalBytes(chain, head.chain)) report('chain', `${where} is of another chain`)
    if (log.entries[head.seq]?.header.clock !== head.clock) report('chain', `${where} has another clock`)
    if (!signatures.holds(network, log.row, head)) report('signature', `${where} is not signed by its author`)
  }

  return {
    durable(batch) {
      for (const row of batch.logs) {
        if (logIdOf(row) !== row.logId) report('chain', `${name}: log ${row.logId} is not that of its key`)
        const log = logs.get(row.logId)
        if (log) log.row = row
        else logs.set(row.logId, { row, entries: [], chains: [], forkPoint: Number.POSITIVE_INFINITY })
      }
      for (const entry of batch.entries) auditEntry(entry)
      for (const head of batch.heads) auditHead(head)
      for (const row of batch.logs) {
        const log = logs.get(row.logId) as LogAudit
        const end = log.entries.length
        if (row.next !== end || (end > 0 && !equalBytes(row.chain, log.chains[end - 1] as Uint8Array)))
          report('chain', `${name}: log ${row.logId} is kept as ${row.next} where ${end} entries are`)
        const isCovered = batch.heads.some((head) => head.logId === row.logId && head.seq === end - 1)
        const hasNew = batch.entries.some(({ logId }) => logId === row.logId)
        if (hasNew && !isCovered) report('signature', `${name}: log ${row.logId} ends behind its signed head`)
      }
      for (const { logId, seq } of batch.forks) {
        const log = logs.get(logId)
        if (log) log.forkPoint = Math.min(log.forkPoint, seq)
      }
    },
    log: (logId) => logs.get(logId),
    logs: () => logs.values(),
    carries: (element) => own.has(element),
    get entries() {
      return arrival
    },
    viewDigest(replicates) {
      let sum = 0n
      for (const log of logs.values()) {
        const next = Math.min(log.entries.length, log.forkPoint)
        if (next === 0 || !replicates(log.row.space)) continue
        const position = Buffer.alloc(8)
        position.writeBigUInt64BE(BigInt(next))
        const id = Buffer.from(log.row.logId, 'base64url')
        sum += BigInt(`0x${sha256(id, position, chainBefore(log, next)).toString('hex')}`)
      }
      return (sum % (1n << 256n)).toString(16).padStart(64, '0')
    },
  }
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
