/** PROTOCOL.md written down a second time, for the vectors alone: it shares nothing with `src`. */
import { createHash } from 'node:crypto'
import { cbor, join, utf8, type Value } from './cbor.ts'
import { type Key, keyOf, sign } from './ed25519.ts'

/** A case of a vector file. `error` is a code of PROTOCOL.md §9; a case without one is valid. */
export interface Case {
  readonly name: string
  /** What it shows, with the requirement's section of PROTOCOL.md. */
  readonly comment: string
  readonly error?: string
  readonly [field: string]: unknown
}

export const NETWORK = 'spore-test'
/** 2026-11-21T00:00:00Z: what the receiver's clock shows. */
export const NOW_MS = 1_795_219_200_000

export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash('sha256')
      .update(join(...parts))
      .digest(),
  )
const tagged = (tag: number, ...parts: readonly Uint8Array[]) => sha256(Uint8Array.of(tag), ...parts)

/** Bytes that look random and are always the same. */
export const seeded = (name: string, length: number): Uint8Array => {
  let bytes = new Uint8Array()
  for (let i = 0; bytes.length < length; i++)
    bytes = new Uint8Array(join(bytes, sha256(utf8(`spore vector ${name} ${i}`))))
  return bytes.slice(0, length)
}

const keys = new Map<string, Key>()
/** The key of a named author. */
export function author(name: string): Key {
  const known = keys.get(name) ?? keyOf(seeded(`author ${name}`, 32))
  keys.set(name, known)
  return known
}

export interface Log {
  readonly publicKey: Uint8Array
  readonly space: string
  readonly epoch: Uint8Array
}
export const logOf = (name: string, space = 'commons', epoch = 0): Log => ({
  publicKey: author(name).publicKey,
  space,
  epoch: seeded(`epoch ${epoch}`, 8),
})
export const logId = ({ publicKey, space, epoch }: Log): Uint8Array =>
  sha256(utf8('spore/log/1'), publicKey, utf8(space), epoch).slice(0, 16)
export const genesis = (log: Log): Uint8Array => tagged(2, logId(log))
export const leaf = (header: Uint8Array): Uint8Array => tagged(0, header)
export const extend = (chain: Uint8Array, leafBytes: Uint8Array): Uint8Array => tagged(1, chain, leafBytes)

/** CIDv1 dag-cbor sha2-256 in lower-case base32 without padding. */
export function cid(digest: Uint8Array): string {
  const bytes = join(Uint8Array.of(0x01, 0x71, 0x12, 0x20), digest)
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const letters = bits
    .match(/.{1,5}/g)!
    .map((five) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(five.padEnd(5, '0'), 2)])
  return `b${letters.join('')}`
}

/** did:key with base58btc. */
export function did(publicKey: Uint8Array, prefix: readonly number[] = [0xed, 0x01]): string {
  let number = BigInt(`0x${Buffer.from(join(Uint8Array.from(prefix), publicKey)).toString('hex')}`)
  let text = ''
  for (; number > 0n; number /= 58n)
    text = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'[Number(number % 58n)] + text
  return `did:key:z${text}`
}

export interface Entry {
  readonly kind: number
  readonly payload: Uint8Array
  readonly clock: number
  readonly references?: readonly Uint8Array[]
  /** True where the payload was purged. */
  readonly isAbsent?: boolean
  /** Length to claim for an absent payload. */
  readonly length?: number
}

export const header = (log: Log, seq: number, entry: Entry): Uint8Array =>
  cbor([
    1,
    logId(log),
    seq,
    entry.clock,
    entry.kind,
    entry.length ?? entry.payload.length,
    sha256(entry.payload),
    entry.references ?? [],
  ])

/** Chain value behind `entries`, which start at `from` on top of `before`. */
export const chainOver = (
  log: Log,
  from: number,
  entries: readonly Entry[],
  before: Uint8Array,
): Uint8Array =>
  entries.reduce((chain, entry, i) => extend(chain, leaf(header(log, from + i, entry))), before)

export const headBytes = (
  network: string,
  log: Log,
  seq: number,
  chain: Uint8Array,
  clock: number,
): Uint8Array => cbor(['spore/head/1', network, logId(log), seq, chain, clock])

/** The fields of a run, in order; a case replaces some of them before they are encoded. */
export interface RunFields {
  version: Value
  publicKey: Value
  space: Value
  epoch: Value
  from: Value
  clocks: Value
  kinds: Value
  lengths: Value
  references: Value
  absent: Value
  payloads: Value
  chain: Value
  signature: Value
}

/** A log that is written to: it knows its chain and makes the runs of its entries. */
export interface Writer {
  readonly log: Log
  readonly entries: readonly Entry[]
  /** Chain value before entry `seq`. */
  chainBefore(seq: number): Uint8Array
  /** Appends entries; clocks follow one another unless given. */
  write(...entries: readonly (Omit<Entry, 'clock'> & { readonly clock?: number })[]): void
  fields(from: number, to: number, network?: string): RunFields
  /** The run of entries `from … to`, signed at `to`. */
  run(from: number, to: number, changed?: Partial<RunFields>, network?: string): Uint8Array
}

export function createWriter(
  name: string,
  log: Log = logOf(name),
  firstClock = (NOW_MS - 60_000) * 1024,
): Writer {
  const entries: Entry[] = []
  const chains: Uint8Array[] = [genesis(log)]
  const chainBefore = (seq: number) => chains[seq] as Uint8Array
  const fields = (from: number, to: number, network = NETWORK): RunFields => {
    const part = entries.slice(from, to + 1)
    const chain = chainBefore(to + 1)
    const clock = (entries[to] as Entry).clock
    const indexed = (of: (entry: Entry) => Uint8Array | null) =>
      part
        .map((entry, i) => [i, of(entry)] as const)
        .filter((pair): pair is [number, Uint8Array] => pair[1] !== null)
    return {
      version: 1,
      publicKey: log.publicKey,
      space: log.space,
      epoch: log.epoch,
      from,
      clocks: part.map(({ clock }, i) => clock - (part[i - 1]?.clock ?? 0)),
      kinds: Uint8Array.from(part.map(({ kind }) => kind)),
      lengths: part.map(({ length, payload }) => length ?? payload.length),
      references: indexed(({ references }) => (references?.length ? join(...references) : null)),
      absent: indexed(({ isAbsent, payload }) => (isAbsent ? sha256(payload) : null)),
      payloads: join(...part.filter(({ isAbsent }) => !isAbsent).map(({ payload }) => payload)),
      chain,
      signature: sign(author(name), headBytes(network, log, to, chain, clock)),
    }
  }
  return {
    log,
    entries,
    chainBefore,
    write(...added) {
      for (const one of added) {
        const entry: Entry = { clock: (entries.at(-1)?.clock ?? firstClock) + 1, ...one }
        chains.push(chainOver(log, entries.length, [entry], chainBefore(entries.length)))
        entries.push(entry)
      }
    },
    fields,
    run: (from, to, changed = {}, network = NETWORK) =>
      encodeRun({ ...fields(from, to, network), ...changed }),
  }
}

export const encodeRun = (fields: RunFields): Uint8Array =>
  cbor([
    fields.version,
    fields.publicKey,
    fields.space,
    fields.epoch,
    fields.from,
    fields.clocks,
    fields.kinds,
    fields.lengths,
    fields.references,
    fields.absent,
    fields.payloads,
    fields.chain,
    fields.signature,
  ])

export const memory = (text: string, more: { readonly [key: string]: Value } = {}): Omit<Entry, 'clock'> => ({
  kind: 1,
  payload: cbor({ text, ...more }),
})
export const retract = (
  ...dots: readonly (readonly [epoch: Uint8Array, seqs: readonly number[]])[]
): Omit<Entry, 'clock'> => ({
  kind: 2,
  payload: cbor({ dots: dots as Value }),
})
export const checkpoint = (
  ...dead: readonly (readonly [epoch: Uint8Array, ranges: readonly (readonly [number, number])[]])[]
): Omit<Entry, 'clock'> => ({
  kind: 3,
  payload: cbor({ dead: dead as Value }),
})
