/** Finding spores by what they say they are for: among those known, and by asking the neighbours. */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import { FOUND_ENOUGH, PASSED_ON_MAX } from '../../../../src/core/gossip/discovery.ts'
import { signDescriptor } from '../../../../src/core/identity/descriptor.ts'
import { createSigner } from '../../../../src/core/identity/keys.ts'
import { LABELS_MAX } from '../../../../src/core/protocol/limits.ts'
import type { Descriptor } from '../../../../src/core/protocol/messages.ts'
import { descriptorFields } from '../../../support/descriptor.ts'
import { jsonReply, type Member, respondFrom, urlOf } from '../../../support/loopback.ts'
import { join, only, testLoopback } from './support.ts'

const signerOf = (name: string) => createSigner(new Uint8Array(hash('sha256', name, 'buffer')))

async function find({ spore }: Member, wanted: { role?: string[]; tag?: string[]; family?: string[] }) {
  const page = await spore.find({ role: [], tag: [], family: [], ...wanted })
  assert.ok(page.ok, page.ok ? '' : page.error.detail)
  return page.value
}
const names = async (member: Member, wanted: Parameters<typeof find>[1]): Promise<string[]> =>
  (await find(member, wanted)).found.map(({ name }) => name).sort()

test('spores are found by all of the labels that are wanted, and by these only', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const b = await net.open('b', { profile: { tags: ['physics', 'lang-de'], roles: ['archive'] } })
  const c = await net.open('c', { profile: { tags: ['physics'], families: ['llama'] } })
  for (const other of [b, c]) await join(a, other.url)
  assert.deepEqual(await names(a, { tag: ['physics'] }), ['b', 'c'])
  assert.deepEqual(await names(a, { tag: ['physics', 'lang-de'] }), ['b'])
  assert.deepEqual(await names(a, { tag: ['physics'], role: ['archive'] }), ['b'])
  assert.deepEqual(await names(a, { family: ['llama'] }), ['c'])
  assert.deepEqual(await names(a, { tag: ['archive'] }), [])
  const { peers, found } = await find(a, { role: ['archive'] })
  assert.deepEqual(
    peers.map(({ url }) => url),
    [b.url],
  )
  assert.deepEqual(found[0], {
    spore: b.did,
    name: 'b',
    url: b.url,
    roles: ['archive'],
    tags: ['lang-de', 'physics'],
    families: [],
    issuedAt: '2026-11-21T00:00:00.000Z',
    from: null,
  })
})

test('nothing wanted gives the peers, and asks nobody', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  await join(a, b.url)
  net.take()
  const { peers, found } = await find(a, {})
  assert.deepEqual([peers.length, found], [1, []])
  assert.deepEqual(only(net.take(), '/nodes'), [])
})

test('where few are known here the neighbours are asked, and who they know is not thereby a peer', async (context) => {
  await using net = testLoopback(context)
  const hub = await net.open('hub')
  const far = await net.open('far', { profile: { tags: ['physics'] } })
  await join(far, hub.url)
  // It may not connect to the far one, so it cannot have met it.
  net.lose = (from, { base }) => (from === 'a' && base === far.url) || (from === 'far' && base === urlOf('a'))
  const a = await net.open('a')
  await join(a, hub.url)
  await net.clock.settle()
  const before = a.spore.peers().length
  const { found } = await find(a, { tag: ['physics'] })
  assert.deepEqual(
    found.map(({ spore, from }) => [spore, from]),
    [[far.did, hub.did]],
  )
  assert.equal(a.spore.peers().length, before)
})

test('where enough are known here nobody is asked', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  for (let i = 0; i < FOUND_ENOUGH; i++) {
    const other = await net.open(`b-${i}`, { profile: { tags: ['physics'] } })
    await join(a, other.url)
  }
  net.take()
  assert.equal((await find(a, { tag: ['physics'] })).found.length, FOUND_ENOUGH)
  assert.deepEqual(only(net.take(), '/nodes'), [])
})

test('a neighbour that lies, floods or gives all can say nothing in the name of others', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const liar = await net.open('liar')
  const nodeOf = (name: string, changes: Partial<Descriptor> = {}): Descriptor => {
    const fields = { name, url: urlOf(name), tags: ['physics'], issued: net.clock.now(), ...changes }
    return signDescriptor(descriptorFields(fields), signerOf(name))
  }
  const answers: Descriptor[] = []
  const honest = respondFrom(liar.spore.federation)
  net.serve('liar', async (request) =>
    request.path === '/federation/nodes' && request.query !== ''
      ? jsonReply(200, { self: liar.spore.federation.nodes().self, nodes: answers })
      : honest(request),
  )
  await join(a, liar.url)
  await net.clock.settle()

  answers.push(
    nodeOf('real'),
    { ...nodeOf('changed'), name: 'other' },
    nodeOf('off-topic', { tags: ['art'] }),
  )
  answers.push(nodeOf('old', { issued: net.clock.now() - 25 * 3600 * 1000 }))
  answers.push(nodeOf('elsewhere', { network: 'another' }), nodeOf('inside', { url: 'http://127.0.0.1:1' }))
  const { found } = await find(a, { tag: ['physics'] })
  assert.deepEqual(found.map(({ name, url }) => [name, url]).sort(), [
    ['inside', null],
    ['real', urlOf('real')],
  ])
  answers.length = 0
  for (let i = 0; i < PASSED_ON_MAX + 1; i++) answers.push(nodeOf(`many-${i}`))
  assert.equal((await find(a, { tag: ['physics'] })).found.length, PASSED_ON_MAX)
  assert.ok(a.spore.peers().every(({ url }) => !url.includes('many')))
})

test('a neighbour that does not answer is not waited for longer than a moment', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const [b, c] = [await net.open('b'), await net.open('c', { profile: { roles: ['archive'] } })]
  for (const other of [b, c]) await join(a, other.url)
  await net.clock.settle()
  net.silent.add('b')
  const looking = names(a, { role: ['archive'] })
  await net.clock.advance(3000)
  assert.deepEqual(await looking, ['c'])
})

test('whom the operator blocks is neither shown nor told of', async (context) => {
  await using net = testLoopback(context)
  const [a, hub] = [await net.open('a'), await net.open('hub')]
  const [b, c] = [
    await net.open('b', { profile: { tags: ['physics'] } }),
    await net.open('c', { profile: { tags: ['physics'] } }),
  ]
  await join(a, hub.url)
  for (const other of [b, c]) await join(other, hub.url)
  await net.clock.settle()
  assert.deepEqual(await names(a, { tag: ['physics'] }), ['b', 'c'])
  const block = (member: Member, { did }: Member) =>
    member.spore.moderation.rule({ action: 'block', targets: [{ kind: 'peer', value: did }] }, 'test')
  assert.ok((await block(a, b)).ok)
  assert.deepEqual(await names(a, { tag: ['physics'] }), ['c'])
  assert.ok((await block(hub, c)).ok)
  const told = hub.spore.federation.find((name) => (name === 'tag' ? ['physics'] : []))
  assert.deepEqual(told.ok && told.value.nodes.map(({ name }) => name), ['b'])
})

test('what is no label, and one label too many, is refused', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  const words = (count: number) => Array.from({ length: count }, (_, i) => `word${i}`)
  for (const tag of [['Physics'], [''], ['a b'], ['x'.repeat(33)], words(LABELS_MAX + 1)]) {
    const page = await a.spore.find({ role: [], family: [], tag })
    assert.ok(!page.ok && page.error.code === 'REQUEST_INVALID', tag[0])
    const asked = b.spore.federation.find((name) => (name === 'tag' ? tag : []))
    assert.ok(!asked.ok && asked.error.code === 'REQUEST_INVALID', tag[0])
  }
  assert.ok((await a.spore.find({ role: [], family: [], tag: words(LABELS_MAX) })).ok)
})

test('a spore tells of at most so many others at once', async (context) => {
  await using net = testLoopback(context)
  const hub = await net.open('hub')
  for (let i = 0; i < PASSED_ON_MAX + 1; i++)
    await join(hub, (await net.open(`b-${i}`, { profile: { tags: ['physics'] } })).url)
  const told = hub.spore.federation.find((name) => (name === 'tag' ? ['physics'] : []))
  assert.ok(told.ok)
  assert.equal(told.value.nodes.length, PASSED_ON_MAX)
})
