/** Fork proofs (PROTOCOL.md §6). */
import { cbor, hex, join, type Value } from './cbor.ts'
import { encodePoint, type Point, sign, smallOrderPoints } from './ed25519.ts'
import {
  author,
  type Case,
  chainOver,
  type Entry,
  extend,
  genesis,
  headBytes,
  header,
  type Log,
  leaf,
  logId,
  logOf,
  memory,
  NETWORK,
  NOW_MS,
  seeded,
} from './protocol.ts'

const log = logOf('ada')
const FIRST = 4

const entriesOf = (name: string, count: number): Entry[] =>
  Array.from({ length: count }, (_, i) => ({ ...memory(`${name} ${i}`), clock: NOW_MS * 1024 + i + 1 }))
const leavesOf = (from: number, entries: readonly Entry[], of: Log = log) =>
  entries.map((entry, i) => leaf(header(of, from + i, entry)))

export interface Fields {
  domain: Value
  publicKey: Value
  space: Value
  epoch: Value
  seq: Value
  base: Value
  leavesA: Value
  headA: Value
  leavesB: Value
  headB: Value
}
export const encodeProof = (fields: Fields): Uint8Array => {
  const { domain, publicKey, space, epoch, seq, base, leavesA, headA, leavesB, headB } = fields
  return cbor([domain, publicKey, space, epoch, seq, base, leavesA, headA, leavesB, headB])
}

/** The proof of two branches that part at `seq`. */
function proofOf(
  seq: number,
  a: readonly Entry[],
  b: readonly Entry[],
  signer = 'ada',
  of: Log = log,
  network = NETWORK,
): Fields {
  const base = chainOver(of, 0, entriesOf('common', seq), genesis(of))
  const branch = (entries: readonly Entry[]) => {
    const leaves = leavesOf(seq, entries, of)
    const clock = (entries.at(-1) as Entry).clock
    const bytes = headBytes(network, of, seq + leaves.length - 1, leaves.reduce(extend, base), clock)
    return { leaves, head: [clock, sign(author(signer), bytes)] }
  }
  const [left, right] = [branch(a), branch(b)]
  const { publicKey, space, epoch } = of
  return {
    domain: 'spore/fork/1',
    publicKey,
    space,
    epoch,
    seq,
    base,
    leavesA: left.leaves,
    headA: left.head,
    leavesB: right.leaves,
    headB: right.head,
  }
}

export function forks(): Case[] {
  const good = proofOf(FIRST, entriesOf('left', 3), entriesOf('right', 2))
  const valid = (name: string, comment: string, fields: Fields, of: Log = log): Case => ({
    name,
    comment: `§6: ${comment}`,
    network: NETWORK,
    proof: hex(encodeProof(fields)),
    logId: hex(logId(of)),
    seq: fields.seq,
  })
  const invalid = (name: string, comment: string, proof: Uint8Array | Fields): Case => ({
    name,
    comment: `§6: ${comment}`,
    network: NETWORK,
    proof: hex(proof instanceof Uint8Array ? proof : encodeProof(proof)),
    error: 'FORK_PROOF_INVALID',
  })
  const form = (name: string, changed: Partial<Fields>) =>
    invalid(name, 'refused by its form', { ...good, ...changed })
  const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
  const [clock, signature] = good.headA as [number, Uint8Array]
  const leavesA = good.leavesA as Uint8Array[]
  const common = entriesOf('common', FIRST + 1).slice(FIRST)
  const smallKey = { ...log, publicKey: encodePoint(smallOrderPoints()[1] as Point) }
  return [
    valid('branches of 3 and 2 entries', 'anybody can check it, whatever they hold', good),
    valid('the branches swapped', 'their order means nothing', {
      ...good,
      leavesA: good.leavesB,
      headA: good.headB,
      leavesB: good.leavesA,
      headB: good.headA,
    }),
    valid(
      'single entries',
      'the shortest proof',
      proofOf(FIRST, entriesOf('left', 1), entriesOf('right', 1)),
    ),
    valid(
      'at the first entry',
      'the base is the genesis',
      proofOf(0, entriesOf('left', 1), entriesOf('right', 1)),
    ),
    valid(
      '1,024 leaves',
      'as many as there may be',
      proofOf(FIRST, entriesOf('left', 1024), entriesOf('right', 1)),
    ),
    valid(
      'another space',
      'a private log forks like any other',
      proofOf(1, entriesOf('left', 1), entriesOf('right', 1), 'ada', logOf('ada', 'private')),
      logOf('ada', 'private'),
    ),
    invalid(
      '1,025 leaves',
      'more than there may be',
      proofOf(FIRST, entriesOf('left', 1025), entriesOf('right', 1)),
    ),
    invalid('the same branch twice', 'one branch is no fork', {
      ...good,
      leavesB: good.leavesA,
      headB: good.headA,
    }),
    invalid(
      'a branch and its beginning',
      'two heads on one chain are no fork',
      proofOf(FIRST, entriesOf('left', 3), entriesOf('left', 2)),
    ),
    invalid(
      'branches that part later',
      'the first leaves must differ, or the fork point would be too low',
      proofOf(FIRST, [...common, ...entriesOf('left', 1)], [...common, ...entriesOf('right', 1)]),
    ),
    invalid('a tampered base', 'the leaves then lead elsewhere', {
      ...good,
      base: flip(good.base as Uint8Array, 0),
    }),
    invalid('at 0 from another base than the genesis', 'a log begins at its genesis', zeroWithBase()),
    invalid('a higher seq', 'the heads are signed for their places', { ...good, seq: FIRST + 1 }),
    invalid('a lower seq', 'the heads are signed for their places', { ...good, seq: FIRST - 1 }),
    invalid('a tampered leaf', 'the chain leads elsewhere', {
      ...good,
      leavesA: [leavesA[0] as Uint8Array, flip(leavesA[1] as Uint8Array, 0), leavesA[2] as Uint8Array],
    }),
    invalid('a leaf left out', 'the chain leads elsewhere', { ...good, leavesA: leavesA.slice(0, 2) }),
    invalid('a tampered clock', 'the head covers its clock', { ...good, headA: [clock + 1, signature] }),
    invalid('a tampered first signature', 'both branches must be signed', {
      ...good,
      headA: [clock, flip(signature, 3)],
    }),
    invalid('a tampered second signature', 'both branches must be signed', {
      ...good,
      headB: [(good.headB as [number, Uint8Array])[0], flip((good.headB as [number, Uint8Array])[1], 3)],
    }),
    invalid(
      'signed by somebody else',
      'nobody can frame an author',
      proofOf(FIRST, entriesOf('left', 1), entriesOf('right', 1), 'mallory'),
    ),
    invalid('one branch signed by somebody else', 'nobody can frame an author', {
      ...proofOf(FIRST, entriesOf('left', 3), entriesOf('right', 1), 'mallory'),
      leavesA: good.leavesA,
      headA: good.headA,
    }),
    invalid('another author named', 'the log id follows from the key', {
      ...good,
      publicKey: logOf('bo').publicKey,
    }),
    invalid('another space named', 'the log id follows from the space', { ...good, space: 'private' }),
    invalid('another epoch named', 'the log id follows from the epoch', {
      ...good,
      epoch: seeded('another', 8),
    }),
    invalid(
      'another network',
      'the heads sign the network',
      proofOf(FIRST, entriesOf('left', 1), entriesOf('right', 1), 'ada', log, 'spore-main'),
    ),
    invalid(
      'a key of small order',
      'refused whatever is signed',
      proofOf(FIRST, entriesOf('left', 1), entriesOf('right', 1), 'ada', smallKey),
    ),
    form('another domain', { domain: 'spore/fork/2' }),
    form('a key of 31 bytes', { publicKey: seeded('x', 31) }),
    form('an empty space', { space: '' }),
    form('a space of 65 characters', { space: 'x'.repeat(65) }),
    form('an epoch of 9 bytes', { epoch: seeded('x', 9) }),
    form('seq -1', { seq: -1 }),
    form('seq 2^32', { seq: 2 ** 32 }),
    form('a base of 31 bytes', { base: seeded('x', 31) }),
    form('no leaves', { leavesA: [] }),
    form('a leaf of 31 bytes', { leavesA: [seeded('x', 31)] }),
    form('a head of three items', { headA: [clock, signature, 0] }),
    form('a signature of 63 bytes', { headA: [clock, signature.slice(1)] }),
    form('a clock below 0', { headA: [-1, signature] }),
    invalid('a field too few', 'refused by its form', cbor(Object.values(good).slice(0, 9))),
    invalid('a field too many', 'refused by its form', cbor([...Object.values(good), 0])),
    invalid('empty', 'refused by its form', new Uint8Array()),
    invalid('trailing bytes', 'refused by its form', join(encodeProof(good), Uint8Array.of(0))),
    invalid('cut', 'refused by its form', encodeProof(good).slice(0, -1)),
    invalid('no array', 'refused by its form', cbor({})),
  ]
}

/** Two branches of a made-up base, rightly signed: the log would fork before its own beginning. */
function zeroWithBase(): Fields {
  const base = seeded('made up base', 32)
  const branch = (name: string) => {
    const entries = entriesOf(name, 1)
    const leaves = leavesOf(0, entries)
    const at = (entries[0] as Entry).clock
    return {
      leaves,
      head: [at, sign(author('ada'), headBytes(NETWORK, log, 0, leaves.reduce(extend, base), at))],
    }
  }
  const [left, right] = [branch('left'), branch('right')]
  const { publicKey, space, epoch } = log
  return {
    domain: 'spore/fork/1',
    publicKey,
    space,
    epoch,
    seq: 0,
    base,
    leavesA: left.leaves,
    headA: left.head,
    leavesB: right.leaves,
    headB: right.head,
  }
}
