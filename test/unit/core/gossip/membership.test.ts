/** Membership between real spores: who is there, who vouches, who leaves, who is told of whom, and what wrong clocks do. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeCanonical } from '../../../../src/core/base/canonical.ts'
import { SHUFFLE_ACCEPT_MS } from '../../../../src/core/gossip/shuffles.ts'
import { verifyDescriptor } from '../../../../src/core/identity/descriptor.ts'
import { createVerifier } from '../../../../src/core/identity/keys.ts'
import { emptyBatch } from '../../../../src/core/memory/store.ts'
import type { PeerStatus } from '../../../../src/core/protocol/api.ts'
import { SHUFFLE_NODES_MAX } from '../../../../src/core/protocol/limits.ts'
import type { Descriptor } from '../../../../src/core/protocol/messages.ts'
import { decodeProbeReply, encodeProbe } from '../../../../src/core/protocol/probe-messages.ts'
import { jsonReply, type Loopback, type Member } from '../../../support/loopback.ts'
import { life, tell } from './equivocator.ts'
import { serveLiar } from './liar.ts'
import { join, memoriesOf, only, remember, rememberMany, testLoopback } from './support.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const statusOf = (member: Member, of: Member | string): PeerStatus | undefined => {
  const url = typeof of === 'string' ? of : of.url
  return member.spore.federationStatus().peers.find((peer) => peer.url === url)
}
const stateOf = (member: Member, of: Member | string): string | undefined => statusOf(member, of)?.state

/** `count` spores that all know one another. */
async function mesh(net: Loopback, count: number): Promise<Member[]> {
  const members: Member[] = []
  for (let n = 0; n < count; n++) {
    const member = await net.open(`n${n}`, { seeds: members.slice(0, 1).map(({ url }) => url) })
    await net.clock.settle()
    members.push(member)
  }
  await net.clock.advance(2 * MINUTE_MS)
  return members
}

describe('a peer that', () => {
  test('goes without a word is suspect, then gone by the word of others, and alive when it is back', async (context) => {
    await using net = testLoopback(context)
    const members = await mesh(net, 4)
    const [a, b, c, d] = members as [Member, Member, Member, Member]
    assert.equal(stateOf(a, d), 'alive')
    await d.close()
    await net.clock.advance(5 * MINUTE_MS)
    for (const member of [a, b, c]) assert.equal(stateOf(member, d), 'gone', member.name)
    assert.ok(only(net.take(), '/probe').length > 0)
    const others = statusOf(a, d)?.reachability.others ?? []
    assert.ok(others.length > 0 && others.every(({ state }) => state !== 'alive'))
    const back = await net.open('n3', { store: d.store })
    await net.clock.advance(30_000)
    for (const member of [a, b, c]) assert.equal(stateOf(member, back), 'alive', member.name)
  })

  test('one spore alone cannot reach is not gone while others vouch for it', async (context) => {
    await using net = testLoopback(context)
    const [a, b, c] = (await mesh(net, 3)) as [Member, Member, Member]
    net.lose = (from, request) =>
      (from === a.name && request.base === c.url) || (from === c.name && request.base === a.url)
    await net.clock.advance(HOUR_MS)
    assert.equal(stateOf(a, c), 'suspect')
    assert.equal(stateOf(b, c), 'alive')
    const status = statusOf(a, c)
    assert.equal(status?.reachability.weReachIt, false)
    assert.ok(status?.reachability.others.some(({ spore, state }) => spore === b.did && state === 'alive'))
    net.lose = null
    await net.clock.advance(10 * MINUTE_MS)
    assert.equal(stateOf(a, c), 'alive')
  })

  test('leaves is asleep at once, everywhere, and not asked for a quarter of an hour', async (context) => {
    await using net = testLoopback(context)
    const [a, b, c] = (await mesh(net, 3)) as [Member, Member, Member]
    await c.spore.federation.leave(new AbortController().signal)
    await c.close()
    for (const member of [a, b]) {
      assert.equal(stateOf(member, c), 'asleep')
      assert.equal(statusOf(member, c)?.isNeighbor, false)
    }
    net.take()
    await net.clock.advance(14 * MINUTE_MS)
    assert.deepEqual(
      net.take().filter(({ request }) => request.base === c.url),
      [],
    )
    await net.clock.advance(2 * HOUR_MS)
    const asked = net.take().filter(({ request }) => request.base === c.url).length
    assert.ok(asked >= 1 && asked <= 12, `asked ${asked} times in two hours`)
    const back = await net.open('n2', { store: c.store })
    await net.clock.settle()
    for (const member of [a, b]) assert.equal(stateOf(member, back), 'alive')
  })

  test('a platform answers for is asleep rather than gone', async (context) => {
    await using net = testLoopback(context)
    const [a, b, c] = (await mesh(net, 3)) as [Member, Member, Member]
    await c.close()
    net.serve(c.name, async () => ({ status: 503, headers: {}, body: Buffer.from('<h1>waking up</h1>') }))
    await net.clock.advance(15 * MINUTE_MS)
    for (const member of [a, b]) assert.equal(stateOf(member, c), 'asleep', member.name)
    assert.match(statusOf(a, c)?.lastError ?? '', /^PEER_ASLEEP/)
  })

  test('was silent for a week is forgotten, over restarts too, and its entries stay; one that was joined is kept', async (context) => {
    await using net = testLoopback(context)
    const [first, c, d] = [await net.open('b'), await net.open('c'), await net.open('d')]
    await join(first, c.url)
    await join(c, d.url)
    await remember(d, 'what it knew')
    await net.clock.advance(5 * MINUTE_MS)
    assert.ok(statusOf(first, d))
    await Promise.all([first, c, d].map((member) => member.close()))
    // As if it had run for a week but for an hour since.
    const batch = {
      ...emptyBatch,
      values: [{ name: 'gossip/peers', value: silentFor([c.url, d.url], 167) }],
    }
    await first.store.commit(batch)
    const b = await net.open('b', { store: first.store })
    await net.clock.advance(0.9 * HOUR_MS)
    assert.ok(statusOf(b, d))
    await net.clock.advance(0.2 * HOUR_MS)
    assert.equal(statusOf(b, d), undefined)
    assert.ok(statusOf(b, c), 'the operator joined it')
    assert.equal(memoriesOf(b), 1)
  })
})

/** The address book of a spore whose peers have been silent for so many hours. */
const silentFor = (urls: readonly string[], hours: number): Uint8Array =>
  encodeCanonical(urls.map((url) => [url, 0, hours]))

test('no jump of the clock makes a peer suspect, or forgotten', async (context) => {
  await using net = testLoopback(context)
  const members = await mesh(net, 4)
  for (const ms of [HOUR_MS, -HOUR_MS, 10 * 365 * DAY_MS, -20 * 365 * DAY_MS]) {
    net.clock.jump(ms)
    for (let n = 0; n < 8; n++) {
      await net.clock.advance(15_000)
      for (const member of members)
        for (const other of members)
          if (other !== member)
            assert.equal(stateOf(member, other), 'alive', `${member.name} of ${other.name}`)
    }
  }
})

test('a spore that is cut off from all does not bury them', async (context) => {
  await using net = testLoopback(context)
  const members = await mesh(net, 5)
  const [lonely, ...others] = members as [Member, ...Member[]]
  net.lose = (from, request) => from === lonely.name || request.base === lonely.url
  await net.clock.advance(9 * MINUTE_MS)
  for (const other of others) assert.equal(stateOf(lonely, other), 'suspect')
  assert.ok(lonely.spore.federationStatus().healthFactor > 1)
  for (const other of others) assert.equal(stateOf(other, lonely), 'gone', other.name)
  net.lose = null
  await net.clock.advance(5 * MINUTE_MS)
  for (const other of others) {
    assert.equal(stateOf(other, lonely), 'alive', other.name)
    assert.equal(stateOf(lonely, other), 'alive', other.name)
  }
})

describe('shuffles', () => {
  test('tell those at the ends of a chain of one another', async (context) => {
    await using net = testLoopback(context)
    const members: Member[] = []
    for (let n = 0; n < 6; n++) members.push(await net.open(`n${n}`))
    for (let n = 1; n < 6; n++) await join(members[n] as Member, (members[n - 1] as Member).url)
    await net.clock.advance(20 * MINUTE_MS)
    for (const member of members)
      for (const other of members)
        if (other !== member) assert.equal(stateOf(member, other), 'alive', `${member.name} of ${other.name}`)
  })

  test('carry a few valid descriptors, once a minute', async (context) => {
    await using net = testLoopback(context)
    await mesh(net, 5)
    net.take()
    await net.clock.advance(30 * MINUTE_MS)
    const shuffled = only(net.take(), '/shuffle')
    assert.ok(shuffled.length > 5 * 20 && shuffled.length < 5 * 45, `${shuffled.length} shuffles`)
    const context_ = { network: 'spore-test', nowMs: net.clock.now(), verifier: createVerifier() }
    for (const { request, reply } of shuffled)
      for (const bytes of [request.body, reply?.body ?? new Uint8Array()]) {
        const { nodes, states } = JSON.parse(Buffer.from(bytes).toString()) as {
          nodes: Descriptor[]
          states: string[]
        }
        assert.ok(nodes.length <= SHUFFLE_NODES_MAX && nodes.length === states.length)
        for (const node of nodes) assert.ok(verifyDescriptor(node, context_).ok)
      }
  })

  test('of a stranger, too many or too often are not read', async (context) => {
    await using net = testLoopback(context)
    const a = await net.open('a')
    const liar = serveLiar(net, 'liar', {})
    const sybil = (n: number) => serveLiar(net, `sybil-${n}`, {}).descriptor()
    const shuffle = (count: number, caller = liar.descriptor().key) => {
      const nodes = Array.from({ length: count }, (_, n) => sybil(n))
      return a.spore.federation.shuffle({ nodes, states: nodes.map(() => 'alive') }, caller)
    }
    const known = () => a.spore.peers().filter(({ url }) => url.includes('sybil')).length
    assert.ok(shuffle(SHUFFLE_NODES_MAX).ok)
    assert.equal(known(), 0, 'a stranger')
    await join(a, liar.url)
    const tooMany = shuffle(SHUFFLE_NODES_MAX + 1)
    assert.equal(!tooMany.ok && tooMany.error.code, 'REQUEST_INVALID')
    const first = shuffle(1)
    assert.ok(first.ok && first.value.nodes.length > 0)
    assert.equal(known(), 1)
    const again = shuffle(SHUFFLE_NODES_MAX)
    assert.deepEqual(again.ok && again.value.nodes, [])
    assert.equal(known(), 1)
    await net.clock.advance(SHUFFLE_ACCEPT_MS)
    assert.ok(shuffle(SHUFFLE_NODES_MAX).ok)
    assert.ok(known() > 1)
    for (const wrong of [
      null,
      [],
      {},
      { nodes: [] },
      { nodes: [1], states: [] },
      { nodes: [1], states: ['?'] },
    ])
      assert.ok(!a.spore.federation.shuffle(wrong, liar.descriptor().key).ok)
  })

  test('with a forged, an expired or a foreign descriptor teach nothing', async (context) => {
    await using net = testLoopback(context)
    const a = await net.open('a')
    const nodes = [
      { ...serveLiar(net, 'forged', {}).descriptor(), url: 'https://elsewhere.test' },
      serveLiar(net, 'expired', {}, { issued: net.clock.now() - 2 * DAY_MS }).descriptor(),
      serveLiar(net, 'foreign', {}, { network: 'spore-other' }).descriptor(),
    ]
    const liar = serveLiar(net, 'liar', {})
    await join(a, liar.url)
    assert.ok(
      a.spore.federation.shuffle({ nodes, states: nodes.map(() => 'alive') }, liar.descriptor().key).ok,
    )
    assert.deepEqual(
      a.spore.peers().map(({ url }) => url),
      [liar.url],
    )
  })
})

test('who asks for a probe is told of known peers alone, and nobody is asked for a stranger', async (context) => {
  await using net = testLoopback(context)
  const [a, b, c] = (await mesh(net, 3)) as [Member, Member, Member]
  const stranger = serveLiar(net, 'stranger', {})
  const ask = async (key: string, caller: string): Promise<unknown> => {
    const answer = await a.spore.federation.probe(encodeProbe(key as never), caller as never)
    return answer.ok ? decodeProbeReply(answer.value)?.reached : answer.error.code
  }
  assert.equal(await ask(c.did, b.did), true)
  assert.equal(await ask(stranger.descriptor().key, b.did), null)
  net.take()
  assert.equal(await ask(c.did, stranger.descriptor().key), null)
  assert.deepEqual(net.take(), [])
  assert.equal(await ask('x'.repeat(65), b.did), 'REQUEST_INVALID')
  const malformed = await a.spore.federation.probe(Buffer.from('ff', 'hex'), b.did)
  assert.equal(!malformed.ok && malformed.error.code, 'REQUEST_INVALID')
})

test('five spores that all stop at once find one another again without a seed', async (context) => {
  await using net = testLoopback(context)
  const members = await mesh(net, 5)
  await Promise.all(members.map((member) => member.close()))
  await net.clock.advance(HOUR_MS)
  const again: Member[] = []
  for (const { name, store } of members) again.push(await net.open(name, { store }))
  await net.clock.advance(15_000)
  for (const member of again) {
    const { states, neighbors } = member.spore.federationStatus()
    assert.deepEqual([states.alive, neighbors], [4, 4], member.name)
  }
})

test('the status says how far each is behind, and what a peer last took', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [
    await net.open('a', { profile: { roles: ['relay'], tags: ['physics'], families: ['qwen'] } }),
    await net.open('b'),
  ]
  await join(a, b.url)
  await net.clock.advance(MINUTE_MS)
  await rememberMany(a, 3)
  await net.clock.advance(1000)
  const given = statusOf(a, b)?.given
  assert.deepEqual([given?.accepted, given?.refusal], [3, null])
  assert.ok(given?.acceptedAt)
  assert.deepEqual(statusOf(b, a)?.roles, ['relay'])
  assert.deepEqual([statusOf(b, a)?.tags, statusOf(b, a)?.families], [['physics'], ['qwen']])
  // Neither is it told, nor does it ask.
  net.lose = () => true
  await rememberMany(a, 5)
  await net.clock.advance(1000)
  assert.deepEqual(statusOf(a, b)?.behindThere, { logs: 1, entries: 5 - 3 })
  net.lose = null
  await net.clock.advance(2 * MINUTE_MS)
  assert.deepEqual(statusOf(a, b)?.behindThere, { logs: 0, entries: 0 })
  assert.deepEqual(statusOf(b, a)?.behindHere, { logs: 0, entries: 0 })
  assert.equal(statusOf(a, b)?.reachability.itReachesUs, true)
  assert.ok((statusOf(a, b)?.lastHeardSeconds ?? 1e9) < 60)
})

test('who is asked from its own view knows that the asker is in step, though nobody said of what', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  await join(a, b.url)
  await net.clock.advance(MINUTE_MS)
  net.lose = () => true
  const run = await life('mallory', ['one', 'two'])
  for (const member of [a, b]) await tell(member, run)
  assert.deepEqual(statusOf(a, b)?.behindThere, { logs: 1, entries: 2 })
  // Only b asks, and says nothing of the log.
  net.lose = (from, { path }) => from === 'a' || /\/(push|ihave)$/.test(path)
  await net.clock.advance(2 * MINUTE_MS)
  assert.deepEqual(statusOf(a, b)?.behindThere, { logs: 0, entries: 0 })
})

test('a push that is refused leaves its code behind', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const liar = serveLiar(net, 'liar', {
    push: async () => jsonReply(507, { code: 'LOGS_FULL', detail: 'x' }),
  })
  await join(a, liar.url)
  await net.clock.advance(1000)
  await remember(a, 'for nobody')
  await net.clock.advance(MINUTE_MS)
  const given = statusOf(a, liar.url)?.given
  assert.deepEqual([given?.accepted, given?.refusal], [0, 'PEER_REFUSED'])
})
