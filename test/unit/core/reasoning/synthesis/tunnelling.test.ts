import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesToDigest } from '../../../../../src/core/base/hash.ts'
import { createQuantumParams } from '../../../../../src/core/reasoning/synthesis/quantum-params.ts'
import {
  drawOf,
  drawTunnelling,
  tunnellingChance,
  tunnellingSeed,
} from '../../../../../src/core/reasoning/synthesis/tunnelling.ts'

const params = createQuantumParams()
const sure = { agreement: 1, confidence: 0.9, dissent: 0 }
const unsure = { agreement: 1, confidence: 0, dissent: 0 }
const task = (i: number) => bytesToDigest(new Uint8Array(32).fill(i))
/** Tasks whose draw after so many rounds is below the greatest chance. */
const fireable = (rounds: number) =>
  Array.from({ length: 50 }, (_, i) => task(i)).filter((id) => drawOf(tunnellingSeed(id, rounds)) < 0.92)

test('the chance is the formula of the design, and never above its most', () => {
  assert.equal(tunnellingChance({ agreement: 0.8, confidence: 0.5, dissent: 0.25 }, params), 0.8 * 0.5 * 1.25)
  assert.equal(tunnellingChance(unsure, params), 0.92)
  assert.equal(tunnellingChance({ agreement: 1, confidence: 0, dissent: 1 }, params), 0.92)
  assert.equal(tunnellingChance({ ...unsure, agreement: 0 }, params), 0)
  assert.equal(tunnellingChance({ ...unsure, confidence: 1 }, params), 0)
})

test('where nobody states a chance, nothing says that they are unsure', () => {
  assert.equal(tunnellingChance({ ...unsure, confidence: null }, params), 0)
})

test('a small chance never fires, however low the draw', () => {
  const fired = Array.from({ length: 50 }, (_, i) => drawTunnelling(task(i), 4, null, sure, params))
  assert.equal(
    fired.some(({ fires }) => fires),
    false,
  )
  assert.ok(fired.some(({ draw, chance }) => draw < chance))
  const lower = createQuantumParams({ tunnellingFrom: 0.05 })
  assert.ok(
    Array.from({ length: 50 }, (_, i) => drawTunnelling(task(i), 4, null, sure, lower)).some(
      ({ fires }) => fires,
    ),
  )
})

test('not before two rounds are over', () => {
  for (const id of fireable(1)) assert.equal(drawTunnelling(id, 1, null, unsure, params).fires, false)
  for (const id of fireable(2)) assert.equal(drawTunnelling(id, 2, null, unsure, params).fires, true)
})

test('not within three rounds of the last time', () => {
  for (const id of fireable(4)) assert.equal(drawTunnelling(id, 4, 2, unsure, params).fires, false)
  for (const id of fireable(5)) assert.equal(drawTunnelling(id, 5, 2, unsure, params).fires, true)
})

test('a draw can be replayed from its seed, and another round or task has another one', () => {
  const { seed, draw } = drawTunnelling(task(1), 3, null, unsure, params)
  assert.match(seed, /^[0-9a-f]{32}$/)
  assert.equal(drawOf(seed), draw)
  assert.equal(tunnellingSeed(task(1), 3), seed)
  assert.notEqual(tunnellingSeed(task(1), 4), seed)
  assert.notEqual(tunnellingSeed(task(2), 3), seed)
})

test('draws are even: of 2,000 about a third are below a third', () => {
  const draws = Array.from({ length: 2_000 }, (_, i) => drawOf(tunnellingSeed(task(i % 256), i)))
  const below = draws.filter((draw) => draw < 1 / 3).length
  assert.ok(below > 580 && below < 755, `${below}`)
  assert.ok(draws.every((draw) => draw >= 0 && draw < 1))
})
