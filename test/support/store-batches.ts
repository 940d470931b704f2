/** Random store histories for property tests: plans are drawn freely, batches made of them are always legal. */
import fc from 'fast-check'
import type { LogId } from '../../src/core/base/brand.ts'
import { bytesToBase64url } from '../../src/core/base/bytes.ts'
import {
  type EntryRow,
  emptyBatch,
  type LogRow,
  type PartialRow,
  type StoreBatch,
} from '../../src/core/memory/store.ts'

/** What one batch shall do, before it is known which logs and positions there are. */
export interface BatchPlan {
  readonly appends: readonly {
    readonly log: number
    readonly header: Uint8Array
    readonly payload: Uint8Array | null
  }[]
  readonly heads: readonly { readonly log: number; readonly seq: number; readonly bytes: Uint8Array }[]
  readonly dropHeads: readonly { readonly log: number; readonly seq: number }[]
  readonly forks: readonly { readonly log: number; readonly seq: number; readonly proof: Uint8Array }[]
  readonly partials: readonly { readonly log: number; readonly base: number | null }[]
  readonly payloads: readonly {
    readonly log: number
    readonly seq: number
    readonly payload: Uint8Array | null
  }[]
  readonly epoch: Uint8Array | null
  readonly keys: readonly { readonly key: string; readonly value: string }[]
  readonly values: readonly { readonly name: string; readonly value: Uint8Array | null }[]
}

const LOGS = 4
const log = fc.nat(LOGS - 1)
const seq = fc.nat(9)
const bytes = fc.uint8Array({ maxLength: 40 })
/** Well-formed text of any characters: the API lets no other in. Few keys and names, so that they meet again. */
const text = fc.string({ unit: 'binary', maxLength: 6 })
const name = fc.oneof(fc.constantFrom('a', 'b', 'A', ''), text)

export const batchArbitrary: fc.Arbitrary<BatchPlan> = fc.record({
  appends: fc.array(fc.record({ log, header: bytes, payload: fc.option(bytes) }), { maxLength: 6 }),
  heads: fc.array(fc.record({ log, seq, bytes: fc.uint8Array({ minLength: 4, maxLength: 64 }) }), {
    maxLength: 4,
  }),
  dropHeads: fc.array(fc.record({ log, seq }), { maxLength: 3 }),
  forks: fc.array(fc.record({ log: fc.nat(9), seq, proof: bytes }), { maxLength: 2 }),
  partials: fc.array(fc.record({ log, base: fc.option(seq) }), { maxLength: 2 }),
  payloads: fc.array(fc.record({ log, seq, payload: fc.option(bytes) }), { maxLength: 2 }),
  epoch: fc.option(fc.uint8Array({ minLength: 8, maxLength: 8 })),
  keys: fc.array(fc.record({ key: name, value: text }), { maxLength: 4 }),
  values: fc.array(fc.record({ name, value: fc.option(bytes) }), { maxLength: 3 }),
})

const idOf = (number: number) => bytesToBase64url(new Uint8Array(16).fill(number + 1)) as LogId

/** Turns plans into batches whose entries continue their logs and whose arrival numbers have no gap. */
export function planToBatches(plans: readonly BatchPlan[]): StoreBatch[] {
  const next = new Array<number>(LOGS).fill(0)
  let arrival = 0
  return plans.map((plan, index) => {
    const entries = plan.appends.map(({ log, header, payload }): EntryRow => {
      const seq = next[log] as number
      next[log] = seq + 1
      return { logId: idOf(log), seq, arrival: ++arrival, header, payload }
    })
    return {
      ...emptyBatch,
      partials: plan.partials.map(({ log, base }) => ({
        logId: idOf(log),
        partial: base === null ? null : partialOf(log, base, index),
      })),
      payloads: plan.payloads.map(({ log, seq, payload }) => ({ logId: idOf(log), seq, payload })),
      epoch: plan.epoch,
      logs: next.map((held, log) => logOf(log, held, index)),
      entries,
      heads: plan.heads.map(({ log, seq, bytes }) => ({
        logId: idOf(log),
        seq,
        chain: bytes.slice(0, 32),
        clock: index * 1024,
        signature: bytes,
      })),
      dropHeads: plan.dropHeads.map(({ log, seq }) => ({ logId: idOf(log), seq })),
      forks: plan.forks.map(({ log, seq, proof }) => ({ logId: idOf(log), seq, proof })),
      keys: plan.keys,
      values: plan.values,
    }
  })
}

const partialOf = (log: number, base: number, index: number): PartialRow => ({
  logId: idOf(log),
  base,
  baseBytes: index,
  chainBefore: new Uint8Array(32).fill(log),
  baseClock: base,
  next: base + 1,
  chain: new Uint8Array(32).fill(index),
  clock: base * 1024,
  segmentStart: base,
  segmentBytes: 7,
  arrival: index,
})

const logOf = (log: number, next: number, index: number): LogRow => ({
  logId: idOf(log),
  publicKey: new Uint8Array(32).fill(log),
  space: 'commons' as LogRow['space'],
  epoch: new Uint8Array(8).fill(log),
  next,
  chain: new Uint8Array(32).fill(index),
  clock: next * 1024,
  segmentStart: 0,
  segmentBytes: next * 10,
  arrival: index,
})
