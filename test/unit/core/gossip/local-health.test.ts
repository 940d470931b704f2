/** The own health: who is late or hears from nobody judges others more slowly. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLocalHealth, HEALTH_FACTOR_MAX } from '../../../../src/core/gossip/local-health.ts'

test('a timer that went off late makes the judgement slower, up to a bound, and good ones restore it', () => {
  const health = createLocalHealth()
  assert.equal(health.factor, 1)
  health.woke(10_000, 14_000)
  assert.equal(health.factor, 1)
  for (let i = 0; i < 20; i++) health.woke(10_000, 40_000)
  assert.equal(health.factor, HEALTH_FACTOR_MAX)
  for (let i = 0; i < HEALTH_FACTOR_MAX; i++) health.woke(10_000, 10_010)
  assert.equal(health.factor, 1)
})

test('one peer that fails alone says nothing of this spore; nobody answering does', () => {
  const health = createLocalHealth()
  for (let i = 0; i < 20; i++) {
    for (let failed = 0; failed < 3; failed++) health.asked(false)
    health.asked(true)
  }
  assert.equal(health.factor, 1)
  for (let i = 0; i < 6; i++) health.asked(false)
  assert.ok(health.factor > 1)
  const ill = health.factor
  health.woke(10_000, 10_000)
  assert.equal(health.factor, ill, 'a timer in time does not make up for silence')
  for (let i = 0; i < HEALTH_FACTOR_MAX; i++) health.asked(true)
  assert.equal(health.factor, 1)
})
