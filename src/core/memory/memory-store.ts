/** The in-memory twin of the store: for the simulator, for tests, and for a spore that may forget. */
import type { Digest, LogId } from '../base/brand.ts'
import { IDEMPOTENCY_KEYS_MAX } from '../protocol/limits.ts'
import type { EntryRow, ForkRow, HeadRow, LogRow, MemoryStore, PartialRow, StoreOrigin } from './store.ts'

export function createMemoryStore(created: StoreOrigin): MemoryStore {
  let origin = created
  const logs = new Map<LogId, LogRow>()
  const partials = new Map<LogId, PartialRow>()
  const entries: EntryRow[] = []
  const entriesByLog = new Map<LogId, EntryRow[]>()
  const heads = new Map<LogId, Map<number, HeadRow>>()
  const forks = new Map<LogId, ForkRow>()
  const denied = new Set<Digest>()
  const keys = new Map<string, string>()
  const values = new Map<string, Uint8Array>()

  return {
    durability: 'memory',
    get origin() {
      return origin
    },

    async commit(batch) {
      for (const log of batch.logs) logs.set(log.logId, log)
      for (const { logId, partial } of batch.partials) {
        if (partial) partials.set(logId, partial)
        else partials.delete(logId)
      }
      for (const entry of batch.entries) {
        entries.push(entry)
        const ofLog = entriesByLog.get(entry.logId) ?? []
        if (ofLog.length === 0) entriesByLog.set(entry.logId, ofLog)
        ofLog[entry.seq] = entry
      }
      for (const head of batch.heads) {
        const ofLog = heads.get(head.logId) ?? new Map<number, HeadRow>()
        heads.set(head.logId, ofLog.set(head.seq, head))
      }
      for (const { logId, seq } of batch.dropHeads) heads.get(logId)?.delete(seq)
      for (const fork of batch.forks) forks.set(fork.logId, fork)
      for (const { key, value } of batch.keys) {
        keys.delete(key)
        keys.set(key, value)
      }
      for (const oldest of keys.keys()) {
        if (keys.size <= IDEMPOTENCY_KEYS_MAX) break
        keys.delete(oldest)
      }
      for (const { name, value } of batch.values) {
        if (value) values.set(name, value)
        else values.delete(name)
      }
      for (const { logId, seq, payload } of batch.payloads) {
        const ofLog = entriesByLog.get(logId)
        const entry = ofLog?.[seq]
        if (!ofLog || !entry) continue
        const changed = { ...entry, payload }
        ofLog[seq] = changed
        entries[entry.arrival - 1] = changed
      }
      for (const { digest, isDenied } of batch.denied) {
        if (isDenied) denied.add(digest)
        else denied.delete(digest)
      }
      if (batch.epoch) origin = { ...origin, epoch: batch.epoch }
    },

    async logs() {
      return [...logs.values()]
    },
    async partials() {
      return [...partials.values()]
    },
    async forks() {
      return [...forks.values()]
    },
    async fork(logId) {
      return forks.get(logId) ?? null
    },
    // Arrival numbers have no gap and start at 1: entry n stands at n − 1.
    async entriesAfter(after, limit) {
      return entries.slice(after, after + limit)
    },
    async entriesBefore(before, limit) {
      const end = Math.min(before - 1, entries.length)
      return entries.slice(Math.max(0, end - limit), Math.max(0, end)).reverse()
    },
    async entriesOf(logId, from, to) {
      // There are holes where a log has a gap.
      return (entriesByLog.get(logId) ?? []).slice(from, to + 1).filter((entry) => entry !== undefined)
    },
    async entriesAt(dots) {
      return dots.map(({ logId, seq }) => entriesByLog.get(logId)?.[seq] ?? null)
    },
    async headFrom(logId, atLeast) {
      let least: HeadRow | null = null
      for (const head of heads.get(logId)?.values() ?? [])
        if (head.seq >= atLeast && (!least || head.seq < least.seq)) least = head
      return least
    },
    async headUpTo(logId, atMost) {
      let greatest: HeadRow | null = null
      for (const head of heads.get(logId)?.values() ?? [])
        if (head.seq <= atMost && (!greatest || head.seq > greatest.seq)) greatest = head
      return greatest
    },
    async headsBefore(logId, before, limit) {
      const below = [...(heads.get(logId)?.values() ?? [])].filter(({ seq }) => seq < before)
      return below.sort((a, b) => b.seq - a.seq).slice(0, limit)
    },
    async denied() {
      return [...denied]
    },
    async scrub() {},
    async key(key) {
      return keys.get(key) ?? null
    },
    async value(name) {
      return values.get(name) ?? null
    },
    async [Symbol.asyncDispose]() {},
  }
}
