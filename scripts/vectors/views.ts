/** Replies to heads, and the digest and stamp of the view that they show (PROTOCOL.md §8). */
import { cbor, hex, join, type Value } from './cbor.ts'
import { type Case, genesis, logId, logOf, seeded, sha256 } from './protocol.ts'

interface Row {
  readonly logId: Uint8Array
  readonly next: number
  readonly chain: Uint8Array
  readonly forkPoint?: number
}

const uint64 = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
const fields = ({ logId, next, chain, forkPoint }: Row): Value =>
  forkPoint === undefined ? [logId, next, chain] : [logId, next, chain, forkPoint]

function digest(rows: readonly Row[]): string {
  let sum = 0n
  for (const { logId, next, chain, forkPoint } of rows) {
    const parts = [logId, uint64(next), chain, ...(forkPoint === undefined ? [] : [uint64(forkPoint)])]
    sum += BigInt(`0x${hex(sha256(join(...parts)))}`)
  }
  return (sum % (1n << 256n)).toString(16).padStart(64, '0')
}

const stamp = (digest: string): string =>
  Buffer.from(sha256(join(Buffer.from('spore/view/1'), Buffer.from(digest, 'hex'))))
    .subarray(0, 12)
    .toString('base64url')

export function views(): Case[] {
  const [ada, bo, eve] = ['ada', 'bo', 'eve'].map((name) => logOf(name)) as [
    ReturnType<typeof logOf>,
    ReturnType<typeof logOf>,
    ReturnType<typeof logOf>,
  ]
  const row = (log: typeof ada, next: number, forkPoint?: number): Row => ({
    logId: logId(log),
    next,
    chain: next === 0 ? genesis(log) : seeded(`chain ${next}`, 32),
    ...(forkPoint !== undefined && { forkPoint }),
  })
  const good = (name: string, comment: string, rows: readonly Row[]): Case => ({
    name,
    comment: `§8: ${comment}`,
    reply: hex(cbor(['0011223344556677.12.0.0', false, [['commons', rows.map(fields)]]])),
    rows: rows.map(({ logId, next, chain, forkPoint }) => ({
      logId: hex(logId),
      next,
      chain: hex(chain),
      ...(forkPoint !== undefined && { forkPoint }),
    })),
    digest: digest(rows),
    stamp: stamp(digest(rows)),
  })
  const bad = (name: string, item: Value): Case => ({
    name,
    comment: '§8: refused by its form',
    reply: hex(cbor(['x', false, [['commons', [item]]]])),
    error: 'REQUEST_INVALID',
  })
  const { logId: id, chain } = row(ada, 3)
  return [
    good('no log', 'the digest of nothing is 0', []),
    good('one log', 'a row says how far it is', [row(ada, 3)]),
    good('two logs', 'the digest is a sum, so their order means nothing', [row(bo, 7), row(ada, 3)]),
    good('a forked log', 'next is the fork point where the valid part is whole', [row(ada, 3, 3)]),
    good('a forked log of which less is held', 'the fork point is known all the same', [row(ada, 3, 9)]),
    good('a log that forks at its first entry', 'nothing of it is valid, and its proof is in the view', [
      row(eve, 0, 0),
    ]),
    good('a forked log of which nothing is held', 'its proof is in the view', [row(eve, 0, 12), row(bo, 7)]),
    bad('a row of two items', [id, 3]),
    bad('a row of five items', [id, 3, chain, 3, 3]),
    bad('next behind the fork point', [id, 4, chain, 3]),
    bad('a fork point below 0', [id, 0, chain, -1]),
    bad('a fork point of 2^32', [id, 0, chain, 2 ** 32]),
    bad('no fork point in its place', [id, 0, chain, null]),
    bad('a log id of 15 bytes', [id.slice(1), 3, chain]),
    bad('a chain value of 33 bytes', [id, 3, seeded('x', 33)]),
  ]
}
