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
  /** By sequence number; above a gap, what is between is missing. */
  readonly entries: readonly (AuditedEntry | undefined)[]
  /** Chain value after each entry, from the first on as far as there is no gap. */
  readonly chains: readonly Uint8Array[]
  /** The newest head. */
  readonly head: HeadRow | null
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
  viewStamp(replicates: (space: string) => boolean): string
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
  readonly entries: (AuditedEntry | undefined)[]
  readonly chains: Uint8Array[]
  /** Kept heads that stand above a gap: compared once it is closed. */
  readonly headsAbove: HeadRow[]
  head: HeadRow | null
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
    if (log.entries[entry.seq]) report('applied-twice', `${where} is stored again`)
    const decoded = decodeHeader(entry.header)
    if (!decoded.ok) {
      report('canonical', `${where}: ${decoded.error.detail}`)
      return
    }
    const header = decoded.value
    if (header.logId !== entry.logId || header.seq !== entry.seq)
      report('chain', `${where}: the header is of ${header.logId}/${header.seq}`)
    auditPayload(header, entry.payload, where)
    const isOwn = equalBytes(log.row.publicKey, ownKey)
    if (isOwn && header.kind === KINDS.memory) own.add(header.payload)
    const aheadMs = Math.floor(header.clock / 1024) - now()
    if (!isOwn && aheadMs > CLOCK_HOLD_MS)
      report('clock-ahead', `${where}: accepted from ${aheadMs} ms ahead`)
    if (!isOwn && log.row.space === 'private')
      report('private-leak', `${where} is of another's private space`)
    log.entries[entry.seq] = { header, bytes: entry.header, payload: entry.payload }
    extendChain(log)
  }

  const auditPayload = (header: Header, payload: Uint8Array | null, where: string): void => {
    if (payload && sha256(payload).toString('base64url') !== header.payload)
      report('payload', `${where}: the payload is not the one that the header names`)
  }

  /** Follows the chain as far as there is no gap. */
  const extendChain = (log: LogAudit): void => {
    for (let seq = log.chains.length; log.entries[seq]; seq++) {
      const { header, bytes } = log.entries[seq] as AuditedEntry
      if (header.clock <= (log.entries[seq - 1]?.header.clock ?? 0))
        report('chain', `${name}: ${header.logId}/${seq} has a clock that is not after the one before`)
      log.chains.push(sha256(Uint8Array.of(1), chainBefore(log, seq), sha256(Uint8Array.of(0), bytes)))
    }
    const reached = log.headsAbove.filter(({ seq }) => seq < log.chains.length)
    for (const head of reached) {
      log.headsAbove.splice(log.headsAbove.indexOf(head), 1)
      auditHead(head)
    }
  }

  const auditHead = (head: HeadRow): void => {
    const log = logs.get(head.logId)
    const where = `${name}: head ${head.logId}/${head.seq}`
    if (!log) {
      report('chain', `${where} belongs to no log`)
      return
    }
    if (log.entries[head.seq]?.header.clock !== head.clock) report('chain', `${where} has another clock`)
    if (!signatures.holds(network, log.row, head)) report('signature', `${where} is not signed by its author`)
    const chain = log.chains[head.seq]
    if (!chain) log.headsAbove.push(head)
    else if (!equalBytes(chain, head.chain)) report('chain', `${where} is of another chain`)
    if (head.seq >= (log.head?.seq ?? 0)) log.head = head
  }

  const auditRow = (row: LogRow, batch: StoreBatch): void => {
    const log = logs.get(row.logId) as LogAudit
    const held = log.chains.length
    if (row.next !== held || (held > 0 && !equalBytes(row.chain, log.chains[held - 1] as Uint8Array)))
      report('chain', `${name}: log ${row.logId} is kept as ${row.next} where ${held} entries are`)
    const fresh = batch.entries.filter(({ logId }) => logId === row.logId).map(({ seq }) => seq)
    if (fresh.length > 0 && Math.max(...fresh) > (log.head?.seq ?? -1))
      report('signature', `${name}: log ${row.logId} goes on behind its signed head`)
  }

  return {
    durable(batch) {
      for (const row of batch.logs) {
        if (logIdOf(row) !== row.logId) report('chain', `${name}: log ${row.logId} is not that of its key`)
        const log = logs.get(row.logId)
        if (log) log.row = row
        else logs.set(row.logId, emptyAudit(row))
      }
      for (const entry of batch.entries) auditEntry(entry)
      for (const head of batch.heads) auditHead(head)
      for (const row of batch.logs) auditRow(row, batch)
      for (const { logId, seq, payload } of batch.payloads) {
        const log = logs.get(logId)
        const entry = log?.entries[seq]
        if (!log || !entry) {
          report('payload', `${name}: a payload for ${logId}/${seq}, which is not held`)
          continue
        }
        auditPayload(entry.header, payload, `${name}: ${logId}/${seq}`)
        log.entries[seq] = { ...entry, payload }
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
    viewStamp(replicates) {
      let sum = 0n
      for (const log of logs.values()) {
        const isForked = Number.isFinite(log.forkPoint)
        const next = Math.min(log.chains.length, log.forkPoint)
        if ((next === 0 && !isForked) || !replicates(log.row.space)) continue
        const parts = [Buffer.from(log.row.logId, 'base64url'), uint64(next), chainBefore(log, next)]
        if (isForked) parts.push(uint64(log.forkPoint))
        sum += BigInt(`0x${sha256(...parts).toString('hex')}`)
      }
      const digest = Buffer.from((sum % (1n << 256n)).toString(16).padStart(64, '0'), 'hex')
      return sha256(Buffer.from('spore/view/1'), digest).subarray(0, 12).toString('base64url')
    },
  }
}

const emptyAudit = (row: LogRow): LogAudit => ({
  row,
  entries: [],
  chains: [],
  headsAbove: [],
  head: null,
  forkPoint: Number.POSITIVE_INFINITY,
})

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
