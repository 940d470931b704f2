/** The sampler: every peer that was ever seen has the same chance, however often and from wherever others are seen. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { placeOf } from '../../../../src/core/gossip/place.ts'
import {
  createSampler,
  SAMPLED_ACTIVE,
  SAMPLED_PASSIVE,
  type Sampler,
} from '../../../../src/core/gossip/sampler.ts'
import { type SeededRandom, seededRandom, testSeed } from '../../../support/seeded.ts'

function seededOf(context: TestContext): SeededRandom {
  const seed = testSeed()
  context.diagnostic(`seed ${seed} (repeat with SPORE_SEED=${seed})`)
  return seededRandom(seed)
}

const newSampler = (random: SeededRandom, active = SAMPLED_ACTIVE, passive = SAMPLED_PASSIVE): Sampler =>
  createSampler(
    { active, passive },
    {
      random: {
        float: random.float,
        bytes: (length) => Uint8Array.from({ length }, () => random.integer(0, 255)),
      },
      placeOf,
    },
  )
const honest = (n: number): string => `https://spore.honest-${n}.org`

test('what is sampled depends on who was seen, not on how often or in which order', (context) => {
  const random = seededOf(context)
  const seed = String(random.integer(0, 1e9))
  const [one, other] = [newSampler(seededRandom(seed)), newSampler(seededRandom(seed))]
  for (let n = 0; n < 50; n++) one.saw(honest(n))
  for (let n = 49; n >= 0; n--) for (let times = 0; times < 1 + (n % 7); times++) other.saw(honest(n))
  assert.deepEqual(one.sample(), other.sample())
  assert.ok(one.sample().active.length <= SAMPLED_ACTIVE)
  assert.ok(one.sample().passive.length <= SAMPLED_PASSIVE)
})

test('every peer is sampled equally often', (context) => {
  const random = seededOf(context)
  const counts = new Map<string, number>()
  const rounds = 300
  for (let round = 0; round < rounds; round++) {
    const sampler = newSampler(random, 4, 0)
    for (let n = 0; n < 10; n++) sampler.saw(honest(n))
    for (const peer of sampler.sample().active) counts.set(peer, (counts.get(peer) ?? 0) + 1)
  }
  // Each is in one of 4 cells with chance 1 − 0.9⁴ = 0.344; six standard deviations of 300 such draws are 49.
  for (let n = 0; n < 10; n++)
    assert.ok(Math.abs((counts.get(honest(n)) ?? 0) - 0.3439 * rounds) < 50, `${n}: ${counts.get(honest(n))}`)
})

test('an attacker that is seen many times as often gains nothing', (context) => {
  const random = seededOf(context)
  let hostile = 0
  let all = 0
  for (let round = 0; round < 40; round++) {
    const sampler = newSampler(random)
    for (let n = 0; n < 20; n++) sampler.saw(honest(n))
    for (let times = 0; times < 60; times++) sampler.saw(`https://evil-${times % 2}.net`)
    const { active, passive } = sampler.sample()
    all += active.length + passive.length
    hostile += [...active, ...passive].filter((peer) => peer.includes('evil')).length
  }
  // Two of 22 places, and each fills the same cells over and over.
  assert.ok(hostile / all < 2 * (2 / 22), `${hostile} of ${all}`)
})

test('any number of names in one domain, or addresses in one block, count as one', (context) => {
  const random = seededOf(context)
  for (const sybil of [
    (n: number) => `https://s${n}.evil.net`,
    (n: number) => `https://203.0.114.${n % 256}`,
  ]) {
    let hostile = 0
    const rounds = 10
    for (let round = 0; round < rounds; round++) {
      const sampler = newSampler(random)
      for (let n = 0; n < 250; n++) sampler.saw(sybil(n))
      for (let n = 0; n < 20; n++) sampler.saw(honest(n))
      const cells = [...sampler.sample().active, ...sampler.sample().passive]
      hostile += cells.filter((peer) => !peer.includes('honest')).length
    }
    // One of 21 places: 0.86 of 18 cells on average.
    assert.ok(hostile / rounds < 3, `${hostile / rounds} of ${SAMPLED_ACTIVE + SAMPLED_PASSIVE} cells`)
  }
})

test('who is dropped is in no cell, and its cells go to others who are known', (context) => {
  const random = seededOf(context)
  const sampler = newSampler(random)
  const known = Array.from({ length: 10 }, (_, n) => honest(n))
  for (const peer of known) sampler.saw(peer)
  const [gone] = sampler.sample().active as [string]
  assert.ok(sampler.drop(gone, known))
  const { active, passive } = sampler.sample()
  assert.ok(![...active, ...passive].includes(gone))
  assert.equal(active.length > 0, true)
  assert.ok(!sampler.drop('https://never.seen.org', known))
})
