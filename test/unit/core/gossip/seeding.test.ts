/** Where a spore that knows nobody looks: which seed list is in use, and who is joined by it. */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, test } from 'node:test'
import { utf8ToBytes } from '../../../../src/core/base/bytes.ts'
import { err, ok, type Result } from '../../../../src/core/base/result.ts'
import { HINTS_UNDER_WAY_MAX, PEERS_ENOUGH } from '../../../../src/core/gossip/hints.ts'
import { SEED_LIST_REFRESH_MS, type SeedSource } from '../../../../src/core/gossip/seeding.ts'
import { createSigner } from '../../../../src/core/identity/keys.ts'
import { type SeedDraft, signSeedList } from '../../../../src/core/identity/seed-list.ts'
import { type Failure, failure } from '../../../../src/core/protocol/errors.ts'
import { BOOTSTRAP_BYTES_MAX } from '../../../../src/core/protocol/limits.ts'
import { DAY_ONE, type Loopback, type Member, respondFrom, urlOf } from '../../../support/loopback.ts'
import { memoriesOf, only, rememberMany, testLoopback } from './support.ts'

const DAY_MS = 24 * 3600 * 1000
const operator = createSigner(new Uint8Array(hash('sha256', 'operator', 'buffer')))
const didOf = (name: string) => createSigner(new Uint8Array(hash('sha256', name, 'buffer'))).did
type Seeds = SeedDraft['seeds']

const seedOf = ({ url, did }: Pick<Member, 'url' | 'did'>): Seeds[number] => ({ url, key: did })
const absent = (count: number): Seeds =>
  Array.from({ length: count }, (_, i) => ({ url: urlOf(`absent-${i}`), key: didOf(`absent ${i}`) }))
const draft = (seeds: Seeds, network = 'spore-test'): SeedDraft => ({ version: 1, network, seeds })
const toBytes = (value: unknown): Uint8Array => utf8ToBytes(JSON.stringify(value))
const signed = (seeds: Seeds, { nowMs = DAY_ONE, validMs = 30 * DAY_MS, network = 'spore-test' } = {}) =>
  toBytes(signSeedList(draft(seeds, network), operator, { nowMs, validMs }))

/** A source that gives what it is told to, and counts how often it was asked. */
function sourceOf(first: Result<Uint8Array, Failure>) {
  const state = { gives: first, asked: 0 }
  const source: SeedSource = async () => {
    state.asked++
    return state.gives
  }
  return { state, source }
}

const bootstrapOf = (source: SeedSource | null, packaged: unknown = draft([])) => ({
  pinnedKeys: [operator.did],
  packaged: toBytes(packaged),
  source,
})

const view = ({ spore }: Member) => spore.health().bootstrap
const peersOf = ({ spore }: Member): string[] => spore.peers().map(({ url }) => url)
const alive = ({ spore }: Member): (string | null)[] =>
  spore
    .peers()
    .filter(({ state }) => state === 'alive')
    .map(({ spore: did }) => did)

test('a fresh spore joins a seed of the list that was fetched, and keeps the list', async (context) => {
  await using net = testLoopback(context)
  const seed = await net.open('seed')
  await rememberMany(seed, 3)
  const { source } = sourceOf(ok(signed([seedOf(seed)])))
  const a = await net.open('a', { bootstrap: bootstrapOf(source) })
  await net.clock.settle()
  assert.deepEqual([alive(a), alive(seed)], [[seed.did], [a.did]])
  assert.equal(memoriesOf(a), 3)
  const { source: from, seeds, problem, issued } = view(a)
  assert.deepEqual([from, seeds, problem, issued], ['fetched', 1, null, '2026-11-21T00:00:00Z'])

  await a.close()
  // Where it was fetched from is gone, and so is every peer it knew.
  const again = await net.open('a', {
    store: a.store,
    bootstrap: bootstrapOf(sourceOf(err(failure('FETCH_FAILED', 'no answer'))).source),
  })
  await net.clock.settle()
  assert.deepEqual(alive(again), [seed.did])
  assert.deepEqual([view(again).source, view(again).seeds], ['kept', 1])
  assert.match(view(again).problem ?? '', /no answer \[FETCH_FAILED\]/)
})

test('without a list that was fetched the one in the package is used', async (context) => {
  await using net = testLoopback(context)
  const seed = await net.open('seed')
  const a = await net.open('a', { bootstrap: bootstrapOf(null, draft([seedOf(seed)])) })
  await net.clock.settle()
  assert.deepEqual(alive(a), [seed.did])
  assert.deepEqual([view(a).source, view(a).problem], ['packaged', null])
})

test('without bootstrap nobody is asked', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  await net.clock.advance(DAY_MS)
  assert.deepEqual(net.take(), [])
  assert.deepEqual([view(a).isOn, view(a).source], [false, null])
})

test('a source that does not answer holds up nothing', async (context) => {
  await using net = testLoopback(context)
  const seed = await net.open('seed')
  const kept = await net.open('a', { bootstrap: bootstrapOf(sourceOf(ok(signed([seedOf(seed)]))).source) })
  await net.clock.settle()
  await kept.close()
  let isAsked = false
  const never: SeedSource = (signal) => {
    isAsked = true
    return new Promise((resolve) =>
      signal.addEventListener('abort', () => resolve(err(failure('FETCH_FAILED', 'aborted')))),
    )
  }
  const a = await net.open('a', { store: kept.store, bootstrap: bootstrapOf(never) })
  await rememberMany(a, 1)
  await net.clock.advance(1000)
  assert.ok(isAsked)
  assert.deepEqual([memoriesOf(seed), view(a).source], [1, 'kept'])
})

describe('a list that is not right is refused as a whole, and the last good one is used', () => {
  const thief = createSigner(new Uint8Array(hash('sha256', 'thief', 'buffer')))
  const lists: readonly [name: string, reason: RegExp, list: (evil: Seeds) => Uint8Array][] = [
    ['no JSON', /not JSON/, () => utf8ToBytes('<html>404</html>')],
    [
      'too large',
      /larger than/,
      (evil) => utf8ToBytes(JSON.stringify(draft(evil)).padEnd(BOOTSTRAP_BYTES_MAX + 1)),
    ],
    ['expired', /expired/, (evil) => signed(evil, { nowMs: DAY_ONE - 2 * DAY_MS, validMs: DAY_MS })],
    ['not signed', /not signed/, (evil) => toBytes(draft(evil))],
    [
      'signed by another key',
      /not a pinned key/,
      (evil) => toBytes(signSeedList(draft(evil), thief, { nowMs: DAY_ONE, validMs: DAY_MS })),
    ],
    [
      'signed, then changed',
      /signature does not hold/,
      (evil) => toBytes({ ...JSON.parse(Buffer.from(signed(absent(1))).toString()), seeds: evil }),
    ],
    ['for another network', /another network/, (evil) => signed(evil, { network: 'spore-other' })],
    [
      'with a key twice',
      /twice/,
      (evil) => signed([...evil, ...evil.map(({ key }) => ({ url: urlOf('x'), key }))]),
    ],
    ['with one seed more than the bound', /more than 64 seeds/, (evil) => signed([...evil, ...absent(64)])],
    [
      'older than the one that is here',
      /before the one here/,
      (evil) => signed(evil, { nowMs: DAY_ONE - 1000 }),
    ],
  ]
  for (const [name, reason, list] of lists)
    test(name, async (context) => {
      await using net = testLoopback(context)
      const [seed, evil] = [await net.open('seed'), await net.open('evil')]
      const good = sourceOf(ok(signed([seedOf(seed)])))
      const first = await net.open('a', { bootstrap: bootstrapOf(good.source) })
      await net.clock.settle()
      await first.close()
      const before = await first.store.value('gossip/seed-list')

      const { source } = sourceOf(ok(list([seedOf(evil)])))
      const a = await net.open('a', { store: first.store, bootstrap: bootstrapOf(source) })
      await net.clock.advance(10 * 60_000)
      assert.match(view(a).problem ?? '', reason)
      assert.deepEqual([view(a).source, view(a).seeds], ['kept', 1])
      assert.deepEqual(await first.store.value('gossip/seed-list'), before)
      assert.deepEqual([peersOf(a), peersOf(evil)], [[seed.url], []])
    })
})

test('a list that was good is no longer used once it has expired', async (context) => {
  await using net = testLoopback(context)
  const packaged = draft(absent(2))
  const { state, source } = sourceOf(ok(signed(absent(1), { validMs: 2 * DAY_MS })))
  const a = await net.open('a', { bootstrap: bootstrapOf(source, packaged) })
  await net.clock.settle()
  state.gives = err(failure('FETCH_FAILED', 'gone'))
  assert.equal(view(a).source, 'fetched')
  net.clock.jump(2 * DAY_MS)
  assert.deepEqual([view(a).source, view(a).seeds], ['packaged', 2])
})

test('a list is fetched again: soon after a failure, daily after a success', async (context) => {
  await using net = testLoopback(context)
  const seed = await net.open('seed')
  const { state, source } = sourceOf(err(failure('FETCH_FAILED', 'no network')))
  const a = await net.open('a', { bootstrap: bootstrapOf(source) })
  await net.clock.settle()
  assert.deepEqual([state.asked, peersOf(a)], [1, []])
  state.gives = ok(signed([seedOf(seed)]))
  await net.clock.advance(2 * 60_000)
  assert.deepEqual([state.asked, alive(a), view(a).problem], [2, [seed.did], null])
  net.clock.jump(SEED_LIST_REFRESH_MS - 5 * 60_000)
  await net.clock.advance(60_000)
  assert.equal(state.asked, 2)
  await net.clock.advance(5 * 60_000)
  assert.equal(state.asked, 3)
  // A clock that was set back by years does not put it off by years.
  net.clock.jump(-1000 * DAY_MS)
  await net.clock.advance(60_000)
  assert.ok(state.asked > 3)
})

test('seeds that were away are tried again', async (context) => {
  await using net = testLoopback(context)
  const bootstrap = bootstrapOf(null, draft([{ url: urlOf('late'), key: await keyOf(net, 'late') }]))
  const a = await net.open('a', { bootstrap })
  await net.clock.advance(60_000)
  assert.deepEqual(peersOf(a), [])
  const late = await net.open('late')
  await net.clock.advance(10 * 60_000)
  assert.deepEqual([alive(a), alive(late)], [[late.did], [a.did]])
})

test('no more seeds are asked than it takes', async (context) => {
  await using net = testLoopback(context)
  const seeds: Member[] = []
  for (let i = 0; i < 20; i++) seeds.push(await net.open(`seed-${i}`))
  const a = await net.open('a', { bootstrap: bootstrapOf(null, draft(seeds.map(seedOf))) })
  await net.clock.settle()
  const asked = new Set(
    only(net.take(), '/nodes')
      .filter(({ from }) => from === 'a')
      .map(({ request }) => request.base),
  )
  assert.ok(alive(a).length >= PEERS_ENOUGH)
  assert.ok(asked.size < PEERS_ENOUGH + 4, `${asked.size} of 20 were asked`)
})

test('a spore whose known peers answer asks no seed', async (context) => {
  await using net = testLoopback(context)
  const known = [await net.open('b'), await net.open('c'), await net.open('d')]
  const seed = await net.open('seed')
  const a = await net.open('a', {
    seeds: known.map(({ url }) => url),
    bootstrap: bootstrapOf(null, draft([seedOf(seed)])),
  })
  await net.clock.advance(10 * 60_000)
  assert.ok(!peersOf(a).includes(seed.url))
  assert.ok(net.take().every(({ from, request }) => from !== 'a' || request.base !== seed.url))
})

describe('a seed that answers with another key', () => {
  test('is not joined, nor told where this spore is', async (context) => {
    await using net = testLoopback(context)
    const other = await net.open('other')
    const bootstrap = bootstrapOf(null, draft([{ url: other.url, key: didOf('who was meant') }]))
    const a = await net.open('a', { bootstrap })
    await net.clock.advance(60_000)
    assert.deepEqual([peersOf(a), peersOf(other)], [[], []])
    const asked = net.take().filter(({ request }) => request.base === other.url)
    assert.deepEqual([...new Set(asked.map(({ request }) => request.path))], ['/federation/nodes'])
  })

  test('is not joined where it shows the descriptor of who was meant either', async (context) => {
    await using net = testLoopback(context)
    const [meant, liar] = [await net.open('meant'), await net.open('liar', { url: urlOf('seed') })]
    const [honest, lying] = [respondFrom(meant.spore.federation), respondFrom(liar.spore.federation)]
    // It passes on what the other one says of itself, which anybody can have.
    const url = net.serve('seed', async (request) =>
      request.path === '/federation/nodes'
        ? honest({ ...request, base: meant.url })
        : lying({ ...request, base: urlOf('seed') }),
    )
    const a = await net.open('a', { bootstrap: bootstrapOf(null, draft([{ url, key: meant.did }])) })
    await net.clock.settle()
    assert.ok(!alive(a).includes(liar.did))
  })
})

test('a seed that the operator blocks is not asked', async (context) => {
  await using net = testLoopback(context)
  const seed = await net.open('seed')
  const a = await net.open('a')
  const target = { kind: 'peer' as const, value: seed.did }
  assert.ok((await a.spore.moderation.rule({ action: 'block', targets: [target] }, 'test')).ok)
  net.take()
  a.spore.hint(seedOf(seed))
  await net.clock.settle()
  assert.deepEqual([net.take(), peersOf(a)], [[], []])
})

test('no more hints are followed at a time than the bound', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const hints = absent(HINTS_UNDER_WAY_MAX + 1)
  for (let i = 0; i < hints.length; i++) net.silent.add(`absent-${i}`)
  // As the local network would give them: each by itself.
  for (const hint of hints) a.spore.hint(hint)
  await net.clock.settle()
  assert.equal(net.take().length, HINTS_UNDER_WAY_MAX)
})

test('the own entry of a list is passed over', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a', {
    bootstrap: bootstrapOf(null, draft([{ url: urlOf('elsewhere'), key: await keyOf(net, 'a') }])),
  })
  await net.clock.advance(60_000)
  assert.deepEqual([peersOf(a), net.take()], [[], []])
})

/** The key that a spore of that name will have in this network. */
async function keyOf(net: Loopback, name: string) {
  const member = await net.open(name)
  const { did } = member
  await member.close()
  net.take()
  return did
}
