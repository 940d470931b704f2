/** Who is a peer: joining, refusing, two URLs of one spore, and strangers who pose as others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPeers, type Peer } from '../../../../src/core/gossip/peers.ts'
import { PEERS_MAX } from '../../../../src/core/protocol/limits.ts'
import { jsonReply, type Member, respondFrom, urlOf } from '../../../support/loopback.ts'
import { serveLiar, signedReply } from './liar.ts'
import { join, memoriesOf, only, remember, rememberMany, testLoopback } from './support.ts'

const refusal = async (member: Member, url: string): Promise<string> => {
  const added = await member.spore.addPeer(url)
  return added.ok ? 'accepted' : `${added.error.code} ${added.error.detail}`
}

const peerUrls = ({ spore }: Member): string[] =>
  spore
    .peers()
    .map(({ url }) => url)
    .sort()

test('a peer that made room while it was asked is put back, unless another is in its place', () => {
  const peers = createPeers(() => 0)
  const peer = peers.at('https://a.test') as Peer
  peers.remove(peer)
  assert.ok(peers.keep(peer))
  assert.equal(peers.byUrl('https://a.test'), peer)
  peers.remove(peer)
  const other = peers.at('https://a.test') as Peer
  assert.ok(!peers.keep(peer) && peers.keep(other))
  peers.remove(other)
  for (let n = 0; n < PEERS_MAX; n++) peers.at(`https://n${n}.test`)
  assert.ok(!peers.keep(peer))
})

test('a spore that is joined gets to know who joined it', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  const added = await a.spore.addPeer(`${b.url}/`)
  assert.deepEqual(added.ok && [added.value.spore, added.value.url, added.value.state], [
    b.did,
    b.url,
    'alive',
  ])
  await net.clock.settle()
  const [peer] = b.spore.peers()
  assert.deepEqual([peer?.spore, peer?.url, peer?.state, peer?.name], [a.did, a.url, 'alive', 'a'])
  assert.deepEqual(
    b.spore.federation.nodes().nodes.map(({ key }) => key),
    [a.did],
  )
})

test('peers survive a restart: those that were joined, and the seeds that answered', async (context) => {
  await using net = testLoopback(context)
  const [b, c] = [await net.open('b'), await net.open('c')]
  const first = await net.open('a', { seeds: [c.url, 'https://nobody.test', 'ftp://c.test'] })
  await join(first, b.url)
  await net.clock.settle()
  await first.close()
  await rememberMany(b, 2)
  await rememberMany(c, 2)
  const a = await net.open('a', { store: first.store })
  await net.clock.settle()
  assert.equal(memoriesOf(a), 4)
  assert.ok(peerUrls(a).includes(b.url) && peerUrls(a).includes(c.url))
})

test('joining oneself is refused, under the own URL and under another', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  net.serve('alias', respondFrom(a.spore.federation))
  assert.match(await refusal(a, a.url), /^PEER_SELF /)
  assert.match(await refusal(a, urlOf('alias')), /^PEER_SELF /)
  assert.deepEqual(a.spore.peers(), [])
  const seeded = await net.open('b', { seeds: [urlOf('other')] })
  assert.equal(seeded.spore.peers().length, 1)
  net.serve('other', respondFrom(seeded.spore.federation))
  await net.clock.advance(60_000)
  assert.deepEqual(seeded.spore.peers(), [])
})

test('a URL that this spore may not connect to is refused', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  assert.match(await refusal(a, 'http://127.0.0.1:1'), /^PEER_URL_INVALID /)
  assert.match(await refusal(a, urlOf('nobody')), /^PEER_UNREACHABLE /)
  assert.deepEqual(a.spore.peers(), [])
})

test('another network is refused on both sides, with both names, and nothing is exchanged', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const b = await net.open('b', { network: 'another-net' })
  await rememberMany(b, 3)
  const reason = await refusal(a, b.url)
  assert.match(reason, /^NETWORK_MISMATCH .*another-net.*spore-test/)
  await net.clock.advance(60_000)
  assert.deepEqual([a.spore.peers(), b.spore.peers()], [[], []])
  assert.equal(memoriesOf(a), 0)
})

test('another protocol version is refused with both values, also where the peer would take ours', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const liar = serveLiar(net, 'newer', {}, { version: 7 })
  assert.match(await refusal(a, liar.url), /^VERSION_UNSUPPORTED 7 there, 1 here/)
})

test('a peer’s own words are not passed on', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const detail = '\u001b[31mrun this command'
  const liar = serveLiar(net, 'liar', {
    join: async () => jsonReply(409, { code: 'NETWORK_MISMATCH', detail }),
  })
  const reason = await refusal(a, liar.url)
  assert.match(reason, /^NETWORK_MISMATCH /)
  assert.ok(!reason.includes('command'))
})

test('a spore keeps so many peers and refuses one more', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  for (let i = 0; i < PEERS_MAX; i++) await join(a, serveLiar(net, `peer-${i}`, {}).url)
  assert.match(await refusal(a, serveLiar(net, 'one-more', {}).url), /^PEERS_FULL /)
  assert.equal(a.spore.peers().length, PEERS_MAX)
  // Who comes by itself is refused the same way.
  const late = await net.open('late')
  assert.match(await refusal(late, a.url), /^PEER_REFUSED .*PEERS_FULL/)
})

test('strangers that do not answer where they say are dropped and not kept over a restart', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  for (let i = 0; i < PEERS_MAX + 10; i++) {
    const stranger = await net.open(`stranger-${i}`, { isReachable: false, url: `https://nowhere-${i}.test` })
    await stranger.spore.addPeer(a.url)
    await stranger.close()
  }
  await net.clock.settle()
  assert.deepEqual(a.spore.peers(), [])
  const friend = await net.open('friend')
  await join(friend, a.url)
  await net.clock.settle()
  assert.deepEqual(peerUrls(a), [friend.url])
  await a.close()
  const again = await net.open('a', { store: a.store })
  assert.deepEqual(peerUrls(again), [friend.url])
})

test('a peer that is away stays, and is introduced again when it is back', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  await join(a, b.url)
  await net.clock.settle()
  await b.close()
  await net.clock.advance(30_000)
  assert.equal(a.spore.peers()[0]?.state, 'suspect')
  assert.match(a.spore.peers()[0]?.lastError ?? '', /^PEER_UNREACHABLE/)
  // Its store was lost meanwhile: it does not know a, until a introduces itself.
  const fresh = await net.open('b')
  await remember(fresh, 'a new beginning')
  await net.clock.advance(30_000)
  assert.deepEqual([a.spore.peers()[0]?.state, memoriesOf(a)], ['alive', 1])
  assert.deepEqual(peerUrls(fresh), [a.url])
})

test('a spore under two URLs is one peer, at the URL that it gives itself', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  net.serve('b-alias', respondFrom(b.spore.federation))
  await join(a, urlOf('b-alias'))
  await join(a, b.url)
  await net.clock.settle()
  assert.deepEqual(peerUrls(a), [b.url])
  const again = await a.spore.addPeer(urlOf('b-alias'))
  assert.equal(again.ok && again.value.url, b.url)
  assert.deepEqual(peerUrls(a), [b.url])
  await rememberMany(b, 2)
  await net.clock.advance(200)
  assert.equal(memoriesOf(a), 2)
})

test('a spore that gives no URL and is found under two is one peer, at the first while that answers', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const b = await net.open('b', { url: null })
  await join(a, b.url)
  net.serve('impostor', respondFrom(b.spore.federation))
  await join(a, urlOf('impostor'))
  assert.deepEqual(peerUrls(a), [b.url])
  // It moved: the old address is silent, and the new one may take its place.
  net.lose = (_, { base }) => base === b.url
  await net.clock.advance(60_000)
  await join(a, urlOf('impostor'))
  assert.deepEqual(peerUrls(a), [urlOf('impostor')])
})

test('who answers with another’s descriptor takes neither its place nor its URL', async (context) => {
  await using net = testLoopback(context)
  const [a, victim] = [await net.open('a'), await net.open('victim')]
  await join(a, victim.url)
  const stolen = victim.spore.federation.nodes().self
  const impostor = serveLiar(net, 'impostor', {
    join: async () => jsonReply(200, { self: stolen, nodes: [] }),
  })
  await a.spore.addPeer(impostor.url)
  await net.clock.settle()
  assert.deepEqual(peerUrls(a), [victim.url])
  assert.equal(a.spore.peers()[0]?.spore, victim.did)
  await rememberMany(victim, 3)
  await net.clock.advance(30_000)
  assert.equal(memoriesOf(a), 3)
})

test('a reply to a join counts only if its sender has signed it, for this very request', async (context) => {
  await using net = testLoopback(context)
  const [a, victim] = [await net.open('a'), await net.open('victim')]
  const stolen = victim.spore.federation.nodes().self
  const forged: Parameters<typeof serveLiar>[2][] = [
    // Without a signature; with its own beside the descriptor of another; with one that was true for another request.
    { join: async () => jsonReply(200, { self: stolen, nodes: [] }) },
    {
      join: async (request) => signedReply(net, request, forger.signer, { self: stolen, nodes: [] }),
    },
    { join: async () => recorded },
  ]
  const forger = serveLiar(net, 'forger', {})
  await join(a, victim.url)
  const recorded = only(net.take(), '/join').find(({ request }) => request.base === victim.url)!.reply!
  for (const [i, script] of forged.entries()) {
    const liar = serveLiar(net, `liar-${i}`, script)
    const other = await net.open(`other-${i}`)
    assert.match(await refusal(other, liar.url), /^PEER_REFUSED /)
    assert.deepEqual(other.spore.peers(), [])
  }
})

test('an older descriptor of a peer does not bring back the URL that it has left', async (context) => {
  await using net = testLoopback(context)
  const before = await net.open('victim', { url: urlOf('old-home') })
  const stolen = before.spore.federation.nodes().self
  await before.close()
  await net.clock.advance(1000)
  const [a, victim] = [await net.open('a'), await net.open('victim')]
  await join(a, victim.url)
  serveLiar(net, 'old-home', { join: async () => jsonReply(200, { self: stolen, nodes: [] }) })
  await a.spore.addPeer(urlOf('old-home'))
  assert.deepEqual(peerUrls(a), [victim.url])
})

test('a stranger that names a peer’s URL as its own does not become that peer', async (context) => {
  await using net = testLoopback(context)
  const [a, victim] = [await net.open('a'), await net.open('victim')]
  await join(a, victim.url)
  const thief = await net.open('thief', { isReachable: false, url: victim.url })
  await join(thief, a.url)
  await net.clock.settle()
  assert.deepEqual(
    a.spore.peers().map(({ spore, url }) => [spore, url]),
    [[victim.did, victim.url]],
  )
})

test('a descriptor that another key has signed, or that has expired, is refused', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  const own = b.spore.federation.nodes().self
  const posed = await a.spore.federation.join(own, a.did, '')
  assert.equal(!posed.ok && posed.error.code, 'SIGNATURE_INVALID')
  const changed = await a.spore.federation.join({ ...own, url: urlOf('elsewhere') }, b.did, '')
  assert.equal(!changed.ok && changed.error.code, 'SIGNATURE_INVALID')
  net.clock.jump(25 * 3600 * 1000)
  const late = await a.spore.federation.join(own, b.did, '')
  assert.equal(!late.ok && late.error.code, 'REQUEST_STALE')
})

test('two spores that join each other at once are introduced by few requests', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  await Promise.all([join(a, b.url), join(b, a.url)])
  await net.clock.settle()
  assert.ok(only(net.take(), '/join').length <= 4)
  assert.deepEqual([peerUrls(a), peerUrls(b)], [[b.url], [a.url]])
})
