/** Runs (PROTOCOL.md §7) as a receiver sees them: what it holds before, and what one run then does. */
import { cbor, hex, join, raw, type Value } from './cbor.ts'
import { encodePoint, encodeY, P, type Point, smallOrderPoints } from './ed25519.ts'
import { encodeProof } from './forks.ts'
import {
  type Case,
  chainOver,
  cid,
  createWriter,
  type Entry,
  encodeRun,
  genesis,
  header,
  leaf,
  logId,
  logOf,
  memory,
  NETWORK,
  NOW_MS,
  type RunFields,
  retract,
  seeded,
  sha256,
  type Writer,
} from './protocol.ts'

const MINUTE_TICKS = 60_000 * 1024
const KIB = 1024

/** Ada's log of five entries of several kinds. */
function ada(): Writer {
  const writer = createWriter('ada')
  const reference = seeded('reference', 32)
  writer.write(
    memory('the kettle is in the left cupboard'),
    {
      ...memory('tea needs four minutes', { tags: ['kitchen', 'tea'], sources: [cid(reference)] }),
      references: [reference],
    },
    retract([writer.log.epoch, [0]]),
    { kind: 200, payload: cbor(['a kind of later']) },
    memory('the kettle is broken'),
  )
  return writer
}

interface Receiver {
  readonly nowMs?: number
  readonly before?: readonly Uint8Array[]
  /** Fork proofs that the receiver has. */
  readonly proofs?: readonly Uint8Array[]
}

function accepted(
  name: string,
  comment: string,
  writer: Writer,
  [from, to]: readonly [from: number, to: number],
  { nowMs = NOW_MS, before = [], proofs = [] }: Receiver = {},
  held = from,
): Case {
  return {
    name,
    comment: `§7: ${comment}`,
    network: NETWORK,
    nowMs,
    before: before.map(hex),
    ...(proofs.length > 0 && { proofs: proofs.map(hex) }),
    run: hex(writer.run(from, to)),
    logId: hex(logId(writer.log)),
    next: Math.max(to + 1, held),
    chain: hex(writer.chainBefore(Math.max(to + 1, held))),
    fresh: Math.max(0, to + 1 - held),
    duplicate: Math.min(held, to + 1) - from,
    // A full segment's would be most of the file; its chain says the same.
    ...(to - from < 16 && { entries: entriesOf(writer, from, to) }),
  }
}

const entriesOf = (writer: Writer, from: number, to: number) =>
  writer.entries.slice(from, to + 1).map((entry, i) => ({
    header: hex(header(writer.log, from + i, entry)),
    payload: entry.isAbsent ? null : hex(entry.payload),
    element: cid(sha256(entry.payload)),
  }))

const refused = (
  name: string,
  comment: string,
  error: string,
  run: Uint8Array,
  { nowMs = NOW_MS, before = [], proofs = [] }: Receiver = {},
): Case => ({
  name,
  comment: `§7: ${comment}`,
  network: NETWORK,
  nowMs,
  before: before.map(hex),
  ...(proofs.length > 0 && { proofs: proofs.map(hex) }),
  run: hex(run),
  error,
})

function valid(): Case[] {
  const writer = ada()
  const absent = createWriter('ada')
  absent.write(memory('kept'), { ...memory('purged'), isAbsent: true }, memory('kept too'))
  return [
    accepted('five entries', 'a whole log', writer, [0, 4]),
    accepted('a first entry', 'a run may end at any head', writer, [0, 0]),
    accepted('a continuation', 'it starts where the log ends', writer, [2, 4], {
      before: [writer.run(0, 1)],
    }),
    accepted(
      'an overlap',
      'what is here already is a duplicate, the rest is new',
      writer,
      [1, 4],
      { before: [writer.run(0, 2)] },
      3,
    ),
    accepted('a repetition', 'nothing new', writer, [0, 4], { before: [writer.run(0, 4)] }, 5),
    accepted('a purged payload', 'the chain proves its hash', absent, [0, 2]),
    ...clocks(),
    ...bounds(),
  ]
}

function clocks(): Case[] {
  const aheadBy = (ticks: number) => {
    const writer = createWriter('ada')
    writer.write(memory('in time'), { ...memory('ahead'), clock: NOW_MS * 1024 + ticks })
    return writer
  }
  const late = (name: string, ticks: number) =>
    refused(
      name,
      'the last time is too far ahead of the receiver’s clock (§4)',
      'CLOCK_AHEAD',
      aheadBy(ticks).run(0, 1),
    )
  const hold = aheadBy(3 * MINUTE_TICKS)
  return [
    accepted('2 minutes ahead', 'still taken (§4)', aheadBy(2 * MINUTE_TICKS), [0, 1]),
    accepted(
      '2 minutes and 1023 ticks ahead',
      'whole milliseconds count (§4)',
      aheadBy(2 * MINUTE_TICKS + 1023),
      [0, 1],
    ),
    late('2 minutes and 1 ms ahead', 2 * MINUTE_TICKS + 1024),
    late('3 minutes ahead', 3 * MINUTE_TICKS),
    late('10 minutes ahead', 10 * MINUTE_TICKS),
    late('11 minutes ahead', 11 * MINUTE_TICKS),
    accepted(
      '3 minutes ahead, a minute later',
      'what was held is taken when it is near enough (§4)',
      hold,
      [0, 1],
      {
        nowMs: NOW_MS + 60_000,
      },
    ),
    accepted('written 20 years ago', 'no clock is too old', createOld(), [0, 0]),
  ]
}

function createOld(): Writer {
  const writer = createWriter('ada', logOf('ada'), 0)
  writer.write(memory('the first time is 1'))
  return writer
}

/** Bounds at their value and one beyond, with purged payloads so that the vectors stay short. */
function bounds(): Case[] {
  const empty = { kind: 255, payload: new Uint8Array() }
  const full = createWriter('ada')
  full.write(...Array.from({ length: 1025 }, () => empty))
  const long = (length: number) => ({
    kind: 255,
    payload: seeded(`payload of ${length}`, 32),
    isAbsent: true,
    length,
  })
  // Three payloads of 80 KiB, and one that fills the segment to its last byte.
  const brimful = (more: number, ...behind: Omit<Entry, 'clock'>[]) => {
    const writer = createWriter('ada')
    writer.write(long(80 * KIB), long(80 * KIB), long(80 * KIB))
    const headers = writer.entries.reduce((sum, entry, i) => sum + header(writer.log, i, entry).length, 0)
    const left = 256 * KIB - 240 * KIB - headers
    const own = header(writer.log, 3, { ...long(left), clock: NOW_MS * 1024 }).length
    writer.write(long(left - own + more), ...behind)
    return writer
  }
  const largest = createWriter('ada')
  largest.write(long(80 * KIB))
  const tooLarge = createWriter('ada')
  tooLarge.write(long(80 * KIB + 1))
  const references = (count: number) => {
    const writer = createWriter('ada')
    writer.write({
      ...empty,
      references: Array.from({ length: count }, (_, i) => seeded(`reference ${i}`, 32)),
    })
    return writer
  }
  const crossing = brimful(0, empty, empty)
  return [
    accepted('1,024 entries', 'a full segment', full, [0, 1023]),
    refused('1,025 entries', 'no segment has as many', 'RUN_TOO_LARGE', full.run(0, 1024)),
    accepted('entry 1,024', 'opens the next segment', full, [1024, 1024], { before: [full.run(0, 1023)] }),
    refused(
      'over the end of a segment by count',
      'a run lies inside one segment',
      'RUN_TOO_LARGE',
      full.run(1023, 1024),
      {
        before: [full.run(0, 1022)],
      },
    ),
    accepted(
      'a segment of 256 KiB',
      'full to its last byte, header and payload bytes together',
      brimful(0),
      [0, 3],
    ),
    refused('256 KiB and one byte', 'no segment holds as much', 'RUN_TOO_LARGE', brimful(1).run(0, 3)),
    accepted('the entry that did not fit', 'opens the next segment', brimful(1), [3, 3], {
      before: [brimful(1).run(0, 2)],
    }),
    refused(
      'over the end of a segment by bytes',
      'a run lies inside one segment',
      'RUN_TOO_LARGE',
      crossing.run(2, 4),
      {
        before: [crossing.run(0, 1)],
      },
    ),
    accepted('a payload of 80 KiB', 'as long as it may be', largest, [0, 0]),
    refused(
      'a payload of 80 KiB and one byte',
      'longer than it may be',
      'ENTRY_TOO_LARGE',
      tooLarge.run(0, 0),
    ),
    accepted('64 references', 'as many as there may be', references(64), [0, 0]),
    refused('65 references', 'more than there may be', 'ENTRY_TOO_LARGE', references(65).run(0, 0)),
  ]
}

function misplaced(): Case[] {
  const writer = ada()
  const other = createWriter('ada')
  other.write(memory('a fork'), memory('of the log'), memory('from its beginning'))
  const before = [writer.run(0, 1)]
  return [
    refused('a gap', 'it starts behind the end of the log', 'SEQ_GAP', writer.run(3, 4), { before }),
    refused('a gap at the start', 'an unknown log starts at 0', 'SEQ_GAP', writer.run(1, 4)),
    refused('another branch', 'the chain does not continue what is held', 'CHAIN_MISMATCH', other.run(2, 2), {
      before,
    }),
    refused('clock repeated', 'times strictly increase (§4)', 'CLOCK_REGRESSED', sameClock([5, 5]).run(0, 1)),
    refused('clock 0', 'the first time is above 0 (§4)', 'CLOCK_REGRESSED', sameClock([0]).run(0, 0)),
    refused(
      'clock not after what is held',
      'times strictly increase (§4)',
      'CLOCK_REGRESSED',
      sameClock([9, 9]).run(1, 1),
      {
        before: [sameClock([9, 9]).run(0, 0)],
      },
    ),
    refused(
      'clock before what is held',
      'times strictly increase (§4)',
      'CLOCK_REGRESSED',
      sameClock([9, 3]).run(1, 1),
      {
        before: [sameClock([9, 3]).run(0, 0)],
      },
    ),
    refused(
      'another network',
      'the head signs the network (§2)',
      'SIGNATURE_INVALID',
      writer.run(0, 4, {}, 'spore-main'),
    ),
    refused(
      'a key of small order',
      'refused before anything else of it is believed (§3)',
      'KEY_REFUSED',
      withKey(encodePoint(smallOrderPoints()[1] as Point)),
    ),
    refused(
      'a key that is not canonical',
      'y is not below p (§3)',
      'KEY_REFUSED',
      withKey(encodeY(P + 3n, 0n)),
    ),
  ]
}

function sameClock(times: readonly number[]): Writer {
  const writer = createWriter('ada')
  writer.write(...times.map((clock) => ({ ...memory(`at ${clock}`), clock })))
  return writer
}

/** A run whose chain is right for this key; nobody can sign for it. */
function withKey(publicKey: Uint8Array): Uint8Array {
  const log = { ...logOf('ada'), publicKey }
  const entry: Entry = { ...memory('signed by nobody'), clock: NOW_MS * 1024 }
  const chain = chainOver(log, 0, [entry], genesis(log))
  return encodeRun({
    ...ada().fields(0, 0),
    publicKey,
    clocks: [entry.clock],
    lengths: [entry.payload.length],
    payloads: entry.payload,
    chain,
  })
}

function tampered(): Case[] {
  const writer = ada()
  const fields = writer.fields(0, 4)
  const clocks = fields.clocks as number[]
  const payloads = fields.payloads as Uint8Array
  const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
  const chainError = (name: string, changed: Partial<RunFields>) =>
    refused(
      name,
      'headers are rebuilt from the columns, so the chain is another one',
      'CHAIN_MISMATCH',
      writer.run(0, 4, changed),
    )
  const lengths = fields.lengths as number[]
  return [
    chainError('a tampered payload', { payloads: flip(payloads, 12) }),
    chainError('a tampered clock', { clocks: [(clocks[0] as number) - 1, ...clocks.slice(1)] }),
    chainError('a tampered kind', { kinds: Uint8Array.of(1, 1, 2, 201, 1) }),
    chainError('tampered lengths', {
      lengths: [(lengths[0] as number) + 1, (lengths[1] as number) - 1, ...lengths.slice(2)],
    }),
    chainError('a tampered reference', { references: [[1, seeded('another reference', 32)]] }),
    chainError('a reference removed', { references: [] }),
    chainError('a reference of another entry', { references: [[0, seeded('reference', 32)]] }),
    chainError('a payload declared absent, with another hash', {
      absent: [[4, seeded('hash', 32)]],
      payloads: payloads.slice(0, -(lengths[4] as number)),
    }),
    chainError('another space', { space: 'private2' }),
    chainError('another epoch', { epoch: seeded('another epoch', 8) }),
    chainError('another author', { publicKey: logOf('bo').publicKey }),
    chainError('a tampered chain', { chain: flip(fields.chain as Uint8Array, 0) }),
    chainError('an entry left out', {
      ...writer.fields(0, 3),
      chain: fields.chain,
      signature: fields.signature,
    }),
    refused(
      'a tampered signature',
      'the head is not the author’s',
      'SIGNATURE_INVALID',
      writer.run(0, 4, { signature: flip(fields.signature as Uint8Array, 40) }),
    ),
    refused(
      'the signature of another head',
      'a head covers its own place only',
      'SIGNATURE_INVALID',
      writer.run(0, 4, { signature: writer.fields(0, 3).signature }),
    ),
    refused(
      'the signature of another author',
      'only the log’s author signs its heads',
      'SIGNATURE_INVALID',
      writer.run(0, 4, { signature: createBo() }),
    ),
    refused(
      'a purged payload whose bytes are sent',
      'the bytes belong to no entry',
      'RUN_MALFORMED',
      writer.run(0, 4, { absent: [[4, sha256((writer.entries[4] as Entry).payload)]] }),
    ),
  ]
}

/** A log that parts after two entries, and what a run of it is to whoever knows. */
function forked(): Case[] {
  const branch = (name: string) => {
    const writer = createWriter('ada')
    writer.write(memory('common 0'), memory('common 1'), memory(`${name} 2`), memory(`${name} 3`))
    return writer
  }
  const [left, right] = [branch('left'), branch('right')]
  const side = (writer: Writer) => {
    const { signature } = writer.fields(0, 3)
    const leaves = [2, 3].map((seq) => leaf(header(writer.log, seq, writer.entries[seq] as Entry)))
    return { leaves, head: [(writer.entries[3] as Entry).clock, signature] }
  }
  const { publicKey, space, epoch } = left.log
  const proof = encodeProof({
    domain: 'spore/fork/1',
    publicKey,
    space,
    epoch,
    seq: 2,
    base: left.chainBefore(2),
    leavesA: side(left).leaves,
    headA: side(left).head,
    leavesB: side(right).leaves,
    headB: side(right).head,
  })
  const proofs = [proof]
  const whole = { proofs }
  const behind = 'what lies behind the fork point is not valid on any branch (§6)'
  return [
    accepted(
      'over the fork point',
      'it brings two valid entries, and no head ends right behind them',
      left,
      [0, 3],
      whole,
    ),
    accepted(
      'over the fork point, on the other branch',
      'either branch has the same valid part',
      right,
      [1, 3],
      {
        proofs,
        before: [left.run(0, 0)],
      },
    ),
    accepted('up to the fork point', 'all of it is valid', left, [0, 1], whole),
    refused('at the fork point', behind, 'LOG_FORKED', left.run(2, 3), { proofs, before: [left.run(0, 1)] }),
    refused('behind the fork point', behind, 'LOG_FORKED', left.run(3, 3), {
      proofs,
      before: [left.run(0, 2)],
    }),
    refused('over the fork point, with nothing new below it', behind, 'LOG_FORKED', right.run(0, 3), {
      proofs,
      before: [left.run(0, 3)],
    }),
  ]
}

function createBo(): Value {
  const writer = createWriter('bo')
  writer.write(memory('bo’s'))
  return writer.fields(0, 0).signature
}

function malformed(): Case[] {
  const writer = ada()
  const fields = writer.fields(0, 4)
  const bad = (name: string, changed: Partial<RunFields>, error = 'RUN_MALFORMED') =>
    refused(name, 'refused by its form', error, writer.run(0, 4, changed))
  const reference = seeded('reference', 32)
  const clocks = fields.clocks as number[]
  const lengths = fields.lengths as number[]
  const bytes = writer.run(0, 4)
  return [
    bad('version 2', { version: 2 }, 'VERSION_UNSUPPORTED'),
    bad('version 0', { version: 0 }, 'VERSION_UNSUPPORTED'),
    bad('no version', { version: null }, 'VERSION_UNSUPPORTED'),
    refused(
      'version 2 with other fields',
      'the version is looked at first',
      'VERSION_UNSUPPORTED',
      cbor([2, {}]),
    ),
    refused('empty', 'refused by its form', 'RUN_MALFORMED', new Uint8Array()),
    refused('no array', 'refused by its form', 'RUN_MALFORMED', cbor({})),
    refused(
      'a field too few',
      'refused by its form',
      'RUN_MALFORMED',
      cbor(Object.values(fields).slice(0, 12)),
    ),
    refused('a field too many', 'refused by its form', 'RUN_MALFORMED', cbor([...Object.values(fields), 0])),
    refused('cut', 'refused by its form', 'RUN_MALFORMED', bytes.slice(0, -1)),
    refused('trailing bytes', 'refused by its form', 'RUN_MALFORMED', join(bytes, Uint8Array.of(0))),
    bad('a key of 31 bytes', { publicKey: seeded('x', 31) }),
    bad('a space of 0 characters', { space: '' }),
    bad('a space of 65 characters', { space: 'x'.repeat(65) }),
    bad('a space as bytes', { space: seeded('x', 8) }),
    bad('an epoch of 7 bytes', { epoch: seeded('x', 7) }),
    bad('from -1', { from: -1 }),
    bad('from 2^32', { from: 2 ** 32 }),
    bad('from so high that the last seq is 2^32', { from: 2 ** 32 - 4 }),
    bad('from not in its shortest form', { from: raw('1800') }),
    bad('no entries', {
      kinds: new Uint8Array(),
      clocks: [],
      lengths: [],
      references: [],
      absent: [],
      payloads: new Uint8Array(),
    }),
    bad('kinds as an array', { kinds: [1, 1, 2, 200, 1] }),
    bad('a clock too few', { clocks: clocks.slice(1) }),
    bad('a clock too many', { clocks: [...clocks, 1] }),
    bad('a negative difference', { clocks: [clocks[0] as number, -1, 1, 1, 1] }),
    bad('clocks that exceed a safe integer', {
      clocks: [clocks[0] as number, Number.MAX_SAFE_INTEGER, 1, 1, 1],
    }),
    bad('a length too few', { lengths: lengths.slice(1) }),
    bad('a negative length', { lengths: [-1, ...lengths.slice(1)] }),
    bad('payloads shorter than their lengths', { payloads: (fields.payloads as Uint8Array).slice(1) }),
    bad('bytes behind the payloads', { payloads: join(fields.payloads as Uint8Array, Uint8Array.of(0)) }),
    bad('payloads as text', { payloads: 'payloads' }),
    bad('references as a map', { references: {} }),
    bad('references of an entry that is not there', { references: [[5, reference]] }),
    bad('references out of order', {
      references: [
        [1, reference],
        [0, reference],
      ],
    }),
    bad('references of one entry twice', {
      references: [
        [1, reference],
        [1, reference],
      ],
    }),
    bad('references without bytes', { references: [[1, new Uint8Array()]] }),
    bad('a reference of 33 bytes', { references: [[1, seeded('x', 33)]] }),
    bad('an indexed item of three', { references: [[1, reference, 0]] }),
    bad('an absent hash of 31 bytes', { absent: [[4, seeded('x', 31)]] }),
    bad('absent of an entry that is not there', { absent: [[5, reference]] }),
    bad('absent null', { absent: null }),
    bad('a chain of 31 bytes', { chain: seeded('x', 31) }),
    bad('a signature of 63 bytes', { signature: seeded('x', 63) }),
    bad('a signature of 65 bytes', { signature: seeded('x', 65) }),
  ]
}

export const runs = (): Case[] => [...valid(), ...misplaced(), ...tampered(), ...forked(), ...malformed()]
