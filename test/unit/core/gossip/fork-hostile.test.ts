/** Peers that lie about forks: what they say costs a bounded number of requests and changes nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { concatBytes } from '../../../../src/core/base/bytes.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../../../../src/core/base/canonical.ts'
import { FALSE_ALARMS_MAX, PROBES_MAX } from '../../../../src/core/gossip/investigation.ts'
import { encodeFrame } from '../../../../src/core/protocol/frame.ts'
import { SEGMENT_ENTRIES_MAX } from '../../../../src/core/protocol/limits.ts'
import {
  decodeHeads,
  decodePull,
  decodePushReply,
  type HeadsRow,
} from '../../../../src/core/protocol/messages.ts'
import { type Loopback, type Member, reply } from '../../../support/loopback.ts'
import { framesOfLife, life, logIdOfLife, tell } from './equivocator.ts'
import { headsReply, type Script, serveLiar } from './liar.ts'
import { join, memoriesOf, only, testLoopback } from './support.ts'

const frame = (body: Uint8Array) => encodeFrame(body, zlibCompression)
const codesOf = async (member: Member, frames: Uint8Array): Promise<string[]> => {
  const answer = decodePushReply(await member.spore.federation.push(frames, member.did))
  assert.ok(answer)
  return answer.failures.map(({ code }) => code)
}
const rowsOf = ({ spore }: Member): HeadsRow[] =>
  decodeHeads(spore.federation.heads(null, null).body as Uint8Array)!.spaces.flatMap(({ rows }) => [...rows])

/** A true proof, as the fields of its array. */
async function provenBy(net: Loopback): Promise<{ proof: Canonical[]; logId: LogId }> {
  const witness = await net.open('witness')
  const left = await life('mallory', ['one', 'left'])
  await tell(witness, left)
  await tell(witness, await life('mallory', ['one', 'right']))
  const [fork] = await witness.store.forks()
  assert.ok(fork)
  const decoded = decodeCanonical(fork.proof)
  assert.ok(decoded.ok)
  return { proof: decoded.value as Canonical[], logId: fork.logId }
}

test('forged proofs are refused one by one, and a true one among them is taken', async (context) => {
  await using net = testLoopback(context)
  const { proof } = await provenBy(net)
  const changed = (index: number, value: Canonical) =>
    encodeCanonical(proof.map((field, i) => (i === index ? value : field)))
  const [, , , , , , leavesA, headA] = proof
  const leaf = (leavesA as Uint8Array[])[0] as Uint8Array
  const forged = [
    changed(4, 0),
    changed(4, 2),
    changed(5, new Uint8Array(32)),
    changed(6, [new Uint8Array(32)]),
    changed(
      6,
      Array.from({ length: SEGMENT_ENTRIES_MAX + 1 }, () => leaf),
    ),
    changed(8, leavesA as Canonical).subarray(0),
    changed(9, headA as Canonical),
    changed(1, new Uint8Array(32)),
  ]
  const victim = await net.open('victim')
  assert.deepEqual(
    await codesOf(victim, concatBytes(...forged.map(frame))),
    forged.map(() => 'FORK_PROOF_INVALID'),
  )
  assert.deepEqual(await victim.store.forks(), [])
  assert.deepEqual(
    await codesOf(victim, concatBytes(frame(forged[0] as Uint8Array), frame(encodeCanonical(proof)))),
    ['FORK_PROOF_INVALID'],
  )
  assert.equal((await victim.store.forks()).length, 1)
})

test('a proof of a private log is not taken from others', async (context) => {
  await using net = testLoopback(context)
  const { proof } = await provenBy(net)
  const victim = await net.open('victim')
  const secret = encodeCanonical(proof.map((field, i) => (i === 2 ? 'private' : field)))
  assert.deepEqual(await codesOf(victim, frame(secret)), ['SPACE_REFUSED'])
  assert.deepEqual(await victim.store.logs(), [])
})

/** A victim that holds a long log, and a liar that claims another chain of it. */
async function accused(net: Loopback, script: (row: HeadsRow, frames: Uint8Array) => Script) {
  const victim = await net.open('victim')
  const author = await life(
    'ada',
    Array.from({ length: 3000 }, (_, i) => `entry ${i}`),
    'one',
  )
  await tell(victim, author)
  const [row] = rowsOf(victim) as [HeadsRow]
  let page = 0
  const liar = serveLiar(net, 'liar', {
    heads: async () =>
      headsReply([{ ...row, chain: new Uint8Array(32).fill(7) }], { cursor: String(page++), more: false }),
    ...script(row, await framesOfLife(author)),
  })
  await join(victim, liar.url)
  await net.clock.advance(600_000)
  const pulls = only(net.take(), '/pull').filter(({ request }) => request.base === liar.url)
  assert.deepEqual(await victim.store.forks(), [])
  assert.equal(memoriesOf(victim), 3000)
  return { pulls: pulls.length, logId: logIdOfLife(author) }
}

const answers: Readonly<Record<string, (row: HeadsRow, frames: Uint8Array) => Script>> = {
  'answers with nothing': () => ({ pull: async () => reply(200, new Uint8Array()) }),
  'answers with rubbish': () => ({ pull: async () => reply(200, new Uint8Array(5000).fill(9)) }),
  'answers with the true log': (_, frames) => ({ pull: async () => reply(200, frames) }),
  'answers with an error': () => ({ pull: async () => reply(500, new Uint8Array()) }),
  'claims less than is held': (row) => ({
    heads: async () =>
      headsReply([{ ...row, next: 1500, chain: new Uint8Array(32) }], { cursor: 'x', more: false }),
  }),
  'claims that it is forked, without a proof': (row) => ({
    heads: async () => headsReply([{ ...row, next: 7, forkPoint: 7 }], { cursor: 'x', more: false }),
  }),
}
for (const [name, script] of Object.entries(answers))
  test(`a false alarm whose peer ${name} ends`, async (context) => {
    await using net = testLoopback(context)
    const { pulls } = await accused(net, script)
    // A round that is refused or unproven may be repeated each time; it asks once then.
    const rounds = 600_000 / 5_000
    assert.ok(pulls <= FALSE_ALARMS_MAX * PROBES_MAX + rounds, `${pulls} pulls`)
    context.diagnostic(`${pulls} pulls`)
  })

test('who answers each probe with a run of its own making is not followed for ever', async (context) => {
  await using net = testLoopback(context)
  const other = await life(
    'eve',
    Array.from({ length: 2000 }, (_, i) => `entry ${i}`),
    'one',
  )
  const { pulls } = await accused(net, () => ({
    pull: async ({ body }) => {
      const ranges = decodePull(body)
      const from = ranges.ok ? (ranges.value[0]?.from ?? 0) : 0
      const run = from < 2000 ? await other.run(logIdOfLife(other), from) : null
      return reply(200, run ? frame(run) : new Uint8Array())
    },
  }))
  assert.ok(pulls <= FALSE_ALARMS_MAX * PROBES_MAX, `${pulls} pulls`)
})
