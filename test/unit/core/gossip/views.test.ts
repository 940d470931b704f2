/** The views alone: every transition, and networks of state machines that ask one another. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ACTIVE_MAX,
  ASK_AGAIN_MS,
  createViews,
  PASSIVE_MAX,
  type ViewEffect,
  type ViewEvent,
  type Views,
} from '../../../../src/core/gossip/views.ts'
import { seededRandom, testSeed } from '../../../support/seeded.ts'

const newViews = (seed = 'views'): Views => {
  const random = seededRandom(seed)
  return createViews({ random: { float: random.float, bytes: () => new Uint8Array() } })
}

const types = (effects: readonly ViewEffect[]): string[] => effects.map(({ type }) => type)
const learn = (views: Views, peer: string, isPinned = false) =>
  views.handle({ type: 'learnt', peer, isPinned }, 0)
const ask = (views: Views, peer: string, isUrgent = false) =>
  views.handle({ type: 'asked', peer, isUrgent }, 0)

/** Views with `count` accepted strangers `p0`, `p1`… */
function linked(count: number): Views {
  const views = newViews()
  for (let i = 0; i < count; i++) ask(views, `p${i}`)
  assert.equal(views.active().length, count)
  return views
}

test('a spore asks everybody it knows until its links are full, and urgently while it has few', () => {
  const views = newViews()
  for (let i = 0; i < 20; i++) learn(views, `p${i}`)
  const asks = views.handle({ type: 'tick' }, 0)
  assert.deepEqual(new Set(types(asks)), new Set(['ask']))
  assert.equal(asks.length, ACTIVE_MAX)
  assert.ok(asks.every((effect) => effect.type === 'ask' && effect.isUrgent))
  assert.deepEqual(views.handle({ type: 'tick' }, 0), [])
  for (const { peer } of asks)
    assert.deepEqual(views.handle({ type: 'answered', peer, isAccepted: true }, 0), [{ type: 'up', peer }])
  assert.equal(views.active().length, ACTIVE_MAX)
  assert.deepEqual(views.handle({ type: 'tick' }, 0), [])
})

test('who asks is accepted while there is room, and one more only if it is urgent, in another’s place', () => {
  const views = linked(ACTIVE_MAX)
  assert.deepEqual(ask(views, 'late'), [{ type: 'answer', peer: 'late', isAccepted: false }])
  const effects = ask(views, 'urgent', true)
  assert.deepEqual(types(effects), ['leave', 'down', 'up', 'answer'])
  assert.equal(effects[0]?.peer, effects[1]?.peer)
  assert.equal(views.active().length, ACTIVE_MAX)
  assert.ok(views.isActive('urgent') && !views.isActive(effects[0]?.peer as string))
})

test('links that are being asked for take up room, but not against the peers that are asked', () => {
  const views = newViews()
  for (let i = 0; i < ACTIVE_MAX; i++) learn(views, `p${i}`)
  assert.equal(views.handle({ type: 'tick' }, 0).length, ACTIVE_MAX)
  assert.deepEqual(types(ask(views, 'other')), ['answer'])
  assert.deepEqual(ask(views, 'p0'), [
    { type: 'up', peer: 'p0' },
    { type: 'answer', peer: 'p0', isAccepted: true },
  ])
  // Both asked at once: one link, whichever answer comes later.
  assert.deepEqual(views.handle({ type: 'answered', peer: 'p0', isAccepted: false }, 0), [])
  assert.ok(views.isActive('p0'))
})

test('who refuses is asked again only later, each time later still', () => {
  const views = newViews()
  learn(views, 'a')
  let nowMs = 0
  let waitedMs = 0
  for (let i = 0; i < 4; i++) {
    assert.deepEqual(types(views.handle({ type: 'tick' }, nowMs)), ['ask'])
    views.handle({ type: 'answered', peer: 'a', isAccepted: false }, nowMs)
    const shortestMs = (ASK_AGAIN_MS * 2 ** i) / 2
    assert.deepEqual(views.handle({ type: 'tick' }, nowMs + shortestMs - 1), [])
    waitedMs = 3 * shortestMs
    nowMs += waitedMs
  }
})

test('who fails is replaced at once', () => {
  const views = linked(ACTIVE_MAX)
  learn(views, 'spare')
  const effects = views.handle({ type: 'failed', peer: 'p3' }, 0)
  assert.deepEqual(effects, [
    { type: 'down', peer: 'p3' },
    { type: 'ask', peer: 'spare', isUrgent: false },
  ])
  assert.deepEqual(views.handle({ type: 'failed', peer: 'nobody' }, 0), [])
})

test('who leaves is not asked back at once, and who failed while it was asked is no link', () => {
  const views = newViews()
  learn(views, 'a')
  views.handle({ type: 'tick' }, 0)
  assert.deepEqual(views.handle({ type: 'failed', peer: 'a' }, 0), [])
  assert.deepEqual(types(ask(views, 'a')), ['up', 'answer'])
  assert.deepEqual(views.handle({ type: 'left', peer: 'a' }, 0), [{ type: 'down', peer: 'a' }])
  assert.deepEqual(views.handle({ type: 'tick' }, 1), [])
  assert.deepEqual(views.passive(), ['a'])
})

test('a link that was accepted by a peer which is forgotten meanwhile is ended', () => {
  const views = newViews()
  learn(views, 'a')
  views.handle({ type: 'tick' }, 0)
  views.handle({ type: 'forgotten', peer: 'a' }, 0)
  assert.deepEqual(views.handle({ type: 'answered', peer: 'a', isAccepted: true }, 0), [
    { type: 'leave', peer: 'a' },
  ])
  assert.deepEqual(views.active(), [])
})

test('so many strangers are kept, and for one more another goes, rather one that failed', () => {
  const views = newViews()
  for (let i = 0; i < PASSIVE_MAX; i++) assert.deepEqual(learn(views, `p${i}`), [])
  const [dropped] = learn(views, 'one more')
  assert.equal(dropped?.type, 'dropped')
  assert.notEqual(dropped?.peer, 'one more')
  views.handle({ type: 'failed', peer: 'one more' }, 0)
  assert.deepEqual(learn(views, 'another'), [{ type: 'dropped', peer: 'one more' }])
  assert.equal(views.passive().length, PASSIVE_MAX)
  // Configured peers count beside them, and none is dropped.
  for (let i = 0; i < 100; i++) assert.deepEqual(learn(views, `seed-${i}`, true), [])
  assert.equal(views.passive().length, PASSIVE_MAX + 100)
})

test('strangers cannot take every link from a configured peer', () => {
  const views = newViews()
  ask(views, 'seed')
  learn(views, 'seed', true)
  for (let i = 0; i < 1000; i++) ask(views, `stranger-${i}`, true)
  assert.equal(views.active().length, ACTIVE_MAX)
  assert.ok(views.isActive('seed'))
})

test('a spore that strangers surround asks a configured peer all the same, and takes it in another’s place', () => {
  const views = linked(ACTIVE_MAX)
  learn(views, 'seed', true)
  assert.deepEqual(views.handle({ type: 'tick' }, 0), [{ type: 'ask', peer: 'seed', isUrgent: true }])
  assert.deepEqual(types(views.handle({ type: 'answered', peer: 'seed', isAccepted: true }, 0)), [
    'leave',
    'down',
    'up',
  ])
  assert.equal(views.active().length, ACTIVE_MAX)
})

/** State machines that hear one another in the order in which they spoke. */
function network(seed: string) {
  const random = seededRandom(seed)
  const nodes = new Map<string, Views>()
  const dead = new Set<string>()
  const queue: { readonly to: string; readonly from: string; readonly event: ViewEvent }[] = []
  let nowMs = 0
  const carryOut = (name: string, effect: ViewEffect): void => {
    const { peer: to } = effect
    if (effect.type === 'ask' && dead.has(to))
      queue.push({ to: name, from: to, event: { type: 'failed', peer: to } })
    else if (effect.type === 'ask')
      queue.push({ to, from: name, event: { type: 'asked', peer: name, isUrgent: effect.isUrgent } })
    else if (effect.type === 'answer')
      queue.push({ to, from: name, event: { type: 'answered', peer: name, isAccepted: effect.isAccepted } })
    else if (effect.type === 'leave') queue.push({ to, from: name, event: { type: 'left', peer: name } })
  }
  const send = (name: string, event: ViewEvent): void => {
    queue.push({ to: name, from: name, event })
    for (let next = queue.shift(); next; next = queue.shift())
      if (!dead.has(next.to))
        for (const effect of nodes.get(next.to)!.handle(next.event, nowMs)) carryOut(next.to, effect)
  }
  return {
    nodes,
    dead,
    send,
    random,
    tickAll(times: number) {
      for (let i = 0; i < times; i++) {
        nowMs += 10_000
        for (const name of nodes.keys()) if (!dead.has(name)) send(name, { type: 'tick' })
      }
    },
    /** A new node that knows one, and whom that one knows. */
    join(name: string, seedName: string | null) {
      const views = newViews(`${seed}/${name}`)
      nodes.set(name, views)
      if (seedName === null) return
      send(name, { type: 'learnt', peer: seedName, isPinned: true })
      const known = nodes.get(seedName)!
      for (const peer of [...known.active(), ...known.passive()])
        if (peer !== name) send(name, { type: 'learnt', peer, isPinned: false })
      send(seedName, { type: 'learnt', peer: name, isPinned: false })
      send(name, { type: 'tick' })
    },
  }
}

function reachOf(nodes: ReadonlyMap<string, Views>, dead: ReadonlySet<string>, start: string): number {
  const seen = new Set([start])
  for (const name of seen) for (const peer of nodes.get(name)!.active()) if (!dead.has(peer)) seen.add(peer)
  return seen.size
}

test('up to nine spores link everybody to everybody', (context) => {
  const seed = testSeed()
  context.diagnostic(`seed ${seed}`)
  const net = network(seed)
  for (let i = 0; i <= ACTIVE_MAX; i++) net.join(`n${i}`, i === 0 ? null : 'n0')
  net.tickAll(20)
  for (const [name, views] of net.nodes) assert.equal(views.active().length, ACTIVE_MAX, name)
})

test('a thousand that joined one seed are one network with symmetric links, also after 30 % are gone', (context) => {
  const seed = testSeed()
  context.diagnostic(`seed ${seed}`)
  const net = network(seed)
  const count = 1000
  for (let i = 0; i < count; i++) net.join(`n${i}`, i === 0 ? null : 'n0')
  net.tickAll(10)
  let links = 0
  for (const [name, views] of net.nodes) {
    links += views.active().length
    assert.ok(views.active().length <= ACTIVE_MAX)
    for (const peer of views.active()) assert.ok(net.nodes.get(peer)!.isActive(name), `${name} and ${peer}`)
  }
  assert.equal(reachOf(net.nodes, net.dead, 'n0'), count)
  assert.ok(links / count > ACTIVE_MAX - 1, `${links / count} links a node`)
  const names = [...net.nodes.keys()]
  while (net.dead.size < count * 0.3) net.dead.add(names[net.random.integer(0, count - 1)]!)
  // Each notices of its own neighbours that they do not answer.
  for (const [name, views] of net.nodes)
    if (!net.dead.has(name))
      for (const peer of views.active()) if (net.dead.has(peer)) net.send(name, { type: 'failed', peer })
  net.tickAll(10)
  const start = names.find((name) => !net.dead.has(name))!
  assert.equal(reachOf(net.nodes, net.dead, start), count - net.dead.size)
})
