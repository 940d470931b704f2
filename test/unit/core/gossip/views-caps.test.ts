/** What strangers cannot do to the views: fill them from one place, push out the operator's peers, or surround a spore. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { placeOf } from '../../../../src/core/gossip/place.ts'
import { SAMPLED_ACTIVE } from '../../../../src/core/gossip/sampler.ts'
import {
  ACTIVE_MAX,
  CHOSEN_ASK_MS,
  CHOSEN_ASK_RARELY_MS,
  createViews,
  PASSIVE_MAX,
  PINNED_KEPT,
  PLACE_ACTIVE_MAX,
  PLACE_KNOWN_MAX,
  UNPROVEN_KEPT,
  type ViewEffect,
  type ViewEvent,
  type Views,
} from '../../../../src/core/gossip/views.ts'
import { seededRandom, testSeed } from '../../../support/seeded.ts'

interface Watched {
  readonly views: Views
  /** Handles an event, and gives each `ask` its answer. */
  tell(event: ViewEvent, nowMs?: number): readonly ViewEffect[]
}

function watch(context: TestContext, accepts: (peer: string) => boolean = () => true): Watched {
  const seed = testSeed()
  context.diagnostic(`seed ${seed} (repeat with SPORE_SEED=${seed})`)
  const { float } = seededRandom(seed)
  const views = createViews({ random: { float, bytes: (length) => new Uint8Array(length) }, placeOf })
  const tell = (event: ViewEvent, nowMs = 0): readonly ViewEffect[] => {
    const effects = views.handle(event, nowMs)
    const asked = effects.filter(({ type }) => type === 'ask')
    const more = asked.flatMap(({ peer }) =>
      tell({ type: 'answered', peer, isAccepted: accepts(peer) }, nowMs),
    )
    return [...effects, ...more]
  }
  return { views, tell }
}

const configured = (n: number): string => `https://mine-${n}.org`
const known = (n: number): string => `https://known-${n}.org`
const stranger = (n: number): string => `https://stranger-${n}.net`
const countIn = (peers: readonly string[], part: string): number =>
  peers.filter((peer) => peer.includes(part)).length

describe('links', () => {
  test('to one place are two at most, asked for or accepted, however urgent', (context) => {
    const { views, tell } = watch(context)
    const one = (n: number) => `https://s${n}.evil.net`
    for (let n = 0; n < 20; n++) {
      tell({ type: 'learnt', peer: one(n), isPinned: false })
      tell({ type: 'asked', peer: one(n), isUrgent: true })
      tell({ type: 'tick' })
      assert.ok(countIn(views.active(), 'evil') <= PLACE_ACTIVE_MAX)
    }
    assert.equal(countIn(views.active(), 'evil'), PLACE_ACTIVE_MAX)
    tell({ type: 'asked', peer: 'https://other.org', isUrgent: false })
    assert.ok(views.isActive('https://other.org'))
  })

  test('to peers that an operator configured, or that are private, have no such cap', (context) => {
    const { views, tell } = watch(context)
    for (let n = 0; n < 4; n++) tell({ type: 'learnt', peer: `https://s${n}.mine.org`, isPinned: true })
    for (let n = 0; n < 4; n++) tell({ type: 'asked', peer: `http://127.0.0.1:${7000 + n}`, isUrgent: false })
    tell({ type: 'tick' })
    assert.equal(views.active().length, 8)
  })
})

describe('peers that are known', () => {
  test('of one place are few, and those that were there first stay where they are links', (context) => {
    const { views, tell } = watch(context)
    const one = (n: number) => `https://203.0.114.${n}`
    tell({ type: 'asked', peer: one(0), isUrgent: false })
    for (let n = 1; n < 200; n++) {
      tell({ type: 'learnt', peer: one(n), isPinned: false })
      const all = [...views.active(), ...views.passive()]
      assert.ok(all.length <= PLACE_KNOWN_MAX)
    }
    assert.ok(views.isActive(one(0)))
  })

  test('and have answered are not pushed out by a flood of those that have not', (context) => {
    const { views, tell } = watch(context, () => false)
    for (let n = 0; n < PASSIVE_MAX - UNPROVEN_KEPT; n++)
      tell({ type: 'learnt', peer: known(n), isPinned: false, isProven: true })
    for (let n = 0; n < 10_000; n++) {
      tell({ type: 'learnt', peer: stranger(n), isPinned: false })
      assert.ok(views.passive().length <= PASSIVE_MAX)
    }
    assert.equal(countIn(views.passive(), 'known'), PASSIVE_MAX - UNPROVEN_KEPT)
  })

  test('and were chosen by chance are kept, even where all the others answer too', (context) => {
    const { views, tell } = watch(context, () => false)
    const chosen = [known(1), known(2), known(3)]
    for (let n = 0; n < 10; n++) tell({ type: 'learnt', peer: known(n), isPinned: false, isProven: true })
    tell({ type: 'sampled', active: chosen.slice(0, 1), passive: chosen.slice(1) })
    for (let n = 0; n < 2000; n++)
      tell({ type: 'learnt', peer: stranger(n), isPinned: false, isProven: true })
    for (const peer of chosen) assert.ok(views.passive().includes(peer), peer)
    assert.equal(views.passive().length, PASSIVE_MAX)
  })
})

test('200 strangers that ask urgently, for ever, never evict the links to the operator’s peers and to chance’s', (context) => {
  const { views, tell } = watch(context)
  const mine = Array.from({ length: PINNED_KEPT }, (_, n) => configured(n))
  const chosen = Array.from({ length: SAMPLED_ACTIVE }, (_, n) => known(n))
  for (const peer of mine) tell({ type: 'learnt', peer, isPinned: true, isProven: true })
  for (const peer of chosen) tell({ type: 'learnt', peer, isPinned: false, isProven: true })
  tell({ type: 'sampled', active: chosen, passive: [] })
  tell({ type: 'tick' })
  for (const peer of [...mine, ...chosen]) assert.ok(views.isActive(peer))
  for (let round = 0; round < 20; round++)
    for (let n = 0; n < 200; n++) {
      const effects = tell({ type: 'asked', peer: stranger(n), isUrgent: true }, round * 1000)
      for (const effect of effects)
        if (effect.type === 'leave') assert.ok(effect.peer.includes('stranger'), effect.peer)
      assert.ok(views.active().length <= ACTIVE_MAX)
    }
  for (const peer of [...mine, ...chosen]) assert.ok(views.isActive(peer))
})

test('a spore that asked for a link itself asks for chosen ones beside full links ever more rarely', (context) => {
  const { views, tell } = watch(context, (peer) => peer !== known(0))
  for (let n = 0; n < ACTIVE_MAX - 1; n++) tell({ type: 'asked', peer: stranger(n), isUrgent: false })
  // Its own link, to nobody that was chosen.
  tell({ type: 'learnt', peer: known(9), isPinned: false, isProven: true })
  tell({ type: 'tick' })
  assert.ok(views.isActive(known(9)))
  tell({ type: 'learnt', peer: known(0), isPinned: false, isProven: true })
  tell({ type: 'sampled', active: [known(0)], passive: [] })
  const askedAtMs: number[] = []
  for (let nowMs = 1; nowMs < 20 * CHOSEN_ASK_RARELY_MS; nowMs += 60_000)
    for (const effect of tell({ type: 'tick' }, nowMs)) if (effect.type === 'ask') askedAtMs.push(nowMs)
  // Pauses of 1, 2, 4, 8 and 16 times as long, each half as long or half as long again by chance.
  assert.ok(askedAtMs.length >= 3 && askedAtMs.length <= 5, `${askedAtMs.length} times`)
  assert.ok((askedAtMs[0] ?? 0) >= CHOSEN_ASK_RARELY_MS / 2)
})

test('a spore whose links are all taken by strangers asks those that chance chose, urgently and seldom', (context) => {
  const { views, tell } = watch(context)
  for (let n = 0; n < ACTIVE_MAX; n++) tell({ type: 'asked', peer: stranger(n), isUrgent: false })
  for (let n = 0; n < 4; n++) tell({ type: 'learnt', peer: known(n), isPinned: false, isProven: true })
  tell({ type: 'sampled', active: [known(0), known(1)], passive: [known(2)] })
  const askedAtMs: number[] = []
  for (let nowMs = 0; nowMs < 2 * CHOSEN_ASK_RARELY_MS; nowMs += 1000)
    for (const effect of tell({ type: 'tick' }, nowMs))
      if (effect.type === 'ask') {
        assert.ok(effect.isUrgent)
        askedAtMs.push(nowMs)
      }
  assert.equal(askedAtMs.length, SAMPLED_ACTIVE)
  const [first, second] = askedAtMs as [number, number]
  assert.ok(first <= 1.5 * CHOSEN_ASK_MS && second - first >= CHOSEN_ASK_RARELY_MS / 2)
  assert.ok(views.isActive(known(0)) && views.isActive(known(1)))
  assert.equal(views.active().length, ACTIVE_MAX)
})
