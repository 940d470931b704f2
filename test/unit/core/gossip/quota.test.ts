/** A spore that takes only a part: its rounds end, its cursors go on, and nobody sends it the rest for ever. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Exchange } from '../../../support/loopback.ts'
import { join, memoriesOf, only, remember, rememberMany, testLoopback } from './support.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const by = (exchanges: readonly Exchange[], name: string) => exchanges.filter(({ from }) => from === name)
/** Of what is said of entries; who belongs to the swarm is talked about all the same. */
const bytesOf = (exchanges: readonly Exchange[]): number =>
  exchanges
    .filter(({ request }) => !/\/(shuffle|probe|join|nodes)$/.test(request.path))
    .reduce((sum, { request, reply }) => sum + request.body.length + (reply?.body.length ?? 0), 0)

test('who takes only a part of a log asks for the rest ever more seldom, and hears of everything else', async (context) => {
  await using net = testLoopback(context)
  const author = await net.open('author')
  const other = await net.open('other')
  await rememberMany(author, 300)
  const full = author.spore.health().kept.bytes
  const small = await net.open('small', { quotas: { authorBytes: full + 500 } })
  // Nobody chose the author: more is kept of whom the operator joins.
  await join(author, small.url)
  await net.clock.advance(MINUTE_MS)
  assert.equal(memoriesOf(small), 300)
  // Now one more than it takes.
  await rememberMany(author, 900)
  await net.clock.advance(MINUTE_MS)
  assert.equal(memoriesOf(small), 300)
  assert.equal(small.spore.health().kept.declinedLogs, 1)

  await net.clock.advance(HOUR_MS)
  net.take()
  await net.clock.advance(6 * HOUR_MS)
  const quiet = net.take()
  const pulls = only(by(quiet, 'small'), '/pull').length
  assert.ok(pulls <= 12, `${pulls} pulls in six hours`)
  const pushed = only(by(quiet, 'author'), '/push').length
  assert.ok(pushed <= 12, `${pushed} pushes in six hours`)
  // Six hours of heads that say nothing new.
  assert.ok(bytesOf(quiet) < 256 * 1024, `${bytesOf(quiet)} bytes`)

  await join(other, author.url)
  await remember(other, 'somebody else says this')
  await net.clock.advance(MINUTE_MS)
  assert.equal(memoriesOf(small), 301)
  for (const { name, spore } of [author, small])
    for (const peer of spore.peers()) assert.equal(peer.standing, 'ok', `${name} of ${peer.name}`)
})

test('an author who goes on writing behind the quota costs whoever declines it little', async (context) => {
  await using net = testLoopback(context)
  const author = await net.open('author')
  await rememberMany(author, 200)
  const small = await net.open('small', { quotas: { authorBytes: author.spore.health().kept.bytes } })
  await join(author, small.url)
  await net.clock.advance(MINUTE_MS)
  net.take()
  for (let i = 0; i < 100; i++) {
    await remember(author, `too much ${i}`)
    await net.clock.advance(1000)
  }
  const cost = bytesOf(net.take())
  assert.equal(memoriesOf(small), 200)
  assert.ok(cost < 100 * 2000, `${cost} bytes for 100 entries`)
})

test('what was declined comes once there is room: after a restart with a larger quota', async (context) => {
  await using net = testLoopback(context)
  const author = await net.open('author')
  await rememberMany(author, 200)
  const small = await net.open('small', { quotas: { authorBytes: 10_000 }, seeds: [author.url] })
  await net.clock.advance(MINUTE_MS)
  assert.equal(memoriesOf(small), 0)
  const { store } = small
  await small.close()
  const large = await net.open('small', { store, seeds: [author.url] })
  await net.clock.advance(MINUTE_MS)
  assert.equal(memoriesOf(large), 200)
})

test('two spores that evict different payloads agree on their view and do not bring these back to one another', async (context) => {
  await using net = testLoopback(context)
  const author = await net.open('author')
  for (let i = 0; i < 100; i++) await remember(author, `${i} ${'x'.repeat(1000)}`)
  const [a, b] = [
    await net.open('a', { quotas: { storeBytes: 60_000 }, seeds: [author.url] }),
    await net.open('b', { quotas: { storeBytes: 80_000 }, seeds: [author.url] }),
  ]
  await net.clock.advance(10 * MINUTE_MS)
  for (const { spore } of [a, b]) {
    const { kept, entries, memories } = spore.health()
    assert.ok(kept.bytes <= kept.bytesMax && kept.evicted > 0, `${kept.bytes} of ${kept.bytesMax}`)
    assert.equal(memories, 100 - kept.evicted)
    assert.equal(entries, 100)
  }
  const digestOf = ({ spore }: typeof a) => spore.federation.heads(null, null).stamp
  assert.equal(digestOf(a), digestOf(b))
  assert.equal(digestOf(a), digestOf(author))
  await net.clock.advance(HOUR_MS)
  net.take()
  await net.clock.advance(HOUR_MS)
  assert.equal(only(net.take(), '/pull').length, 0)

  // Evicted payloads are missing after a restart: asked for where there is room for them, and only there.
  const { store } = a
  const memories = memoriesOf(a)
  await a.close()
  const again = await net.open('a', { store, quotas: { storeBytes: 60_000 }, seeds: [author.url] })
  await net.clock.advance(MINUTE_MS)
  assert.equal(memoriesOf(again), memories)
  await again.close()
  const large = await net.open('a', { store, seeds: [author.url] })
  await net.clock.advance(MINUTE_MS)
  assert.equal(memoriesOf(large), 100)
})
