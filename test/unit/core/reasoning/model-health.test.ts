/** A model that does badly is left alone for longer each time, and one answer makes up for it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ErrorCode, failure } from '../../../../src/core/protocol/errors.ts'
import {
  BREAKER_MS,
  BREAKER_MS_MAX,
  COOL_DOWN_MS,
  COOL_DOWN_MS_MAX,
  FAILURES_MAX,
  isOnTrial,
  isPoor,
  isReady,
  type ModelHealth,
  newHealth,
  noteAnswer,
  noteFailure,
  noteGivenUp,
} from '../../../../src/core/reasoning/model-health.ts'

const fail = (health: ModelHealth, code: ErrorCode, nowMs: number, chance = 0, retryAfterSeconds?: number) =>
  noteFailure(
    health,
    { ...failure(code, 'x'), ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) },
    nowMs,
    chance,
  )

test('the breaker opens after so many failures in a row, for longer each time, up to a bound', () => {
  const health = newHealth()
  for (let i = 1; i < FAILURES_MAX; i++) fail(health, 'MODEL_FAILED', 0)
  assert.ok(isReady(health, 0))
  fail(health, 'MODEL_TIMEOUT', 0)
  let nowMs = 0
  for (let pauseMs = BREAKER_MS; ; pauseMs = Math.min(2 * pauseMs, BREAKER_MS_MAX)) {
    assert.equal(isReady(health, nowMs + pauseMs - 1), false)
    assert.ok(isReady(health, nowMs + pauseMs))
    nowMs += pauseMs
    if (nowMs > 5 * BREAKER_MS_MAX) break
    fail(health, 'MODEL_REPLY_UNUSABLE', nowMs)
  }
})

test('an answer in between keeps it closed', () => {
  const health = newHealth()
  for (let i = 0; i < 10; i++) {
    for (let j = 1; j < FAILURES_MAX; j++) fail(health, 'MODEL_FAILED', 0)
    noteAnswer(health, 10, 0)
  }
  assert.ok(isReady(health, 0) && !isOnTrial(health) && health.problem === null)
})

test('who is out of calls is left alone at once: as it asks, or for a minute and up to half an hour', () => {
  const health = newHealth()
  fail(health, 'MODEL_BUSY', 0, 0, 7)
  assert.deepEqual([isReady(health, 6_999), isReady(health, 7_000)], [false, true])
  fail(health, 'MODEL_BUSY', 7_000)
  assert.equal(health.coolUntilMs, 7_000 + COOL_DOWN_MS)
  for (let i = 0; i < 10; i++) fail(health, 'MODEL_BUSY', 0)
  assert.equal(health.coolUntilMs, COOL_DOWN_MS_MAX)
  const other = newHealth()
  fail(other, 'MODEL_BUSY', 0, 0.99)
  assert.ok(other.coolUntilMs > COOL_DOWN_MS * 1.2 && other.coolUntilMs < COOL_DOWN_MS * 1.25)
})

for (const code of ['MODEL_UNPAID', 'MODEL_SETTINGS'] as const)
  test(`what only the operator can mend is asked again after half an hour: ${code}`, () => {
    const health = newHealth()
    fail(health, code, 0)
    assert.equal(health.coolUntilMs, COOL_DOWN_MS_MAX)
  })

for (const code of ['MODEL_REFUSED', 'MODEL_CANCELLED', 'BUDGET_SPENT', 'STORE_WRITE_FAILED'] as const)
  test(`nothing about its health: ${code}`, () => {
    const health = newHealth()
    for (let i = 0; i < 10; i++) fail(health, code, 0)
    assert.ok(isReady(health, 0) && !isPoor(health) && health.failed === 0)
    assert.equal(health.calls, code === 'MODEL_REFUSED' ? 10 : 0)
  })

test('an answer to an older call does not end a pause', () => {
  const health = newHealth()
  fail(health, 'MODEL_BUSY', 0)
  noteAnswer(health, 10, 1)
  assert.equal(isReady(health, 2), false)
  noteAnswer(health, 10, COOL_DOWN_MS)
  assert.ok(isReady(health, 2) && !isOnTrial(health))
})

test('after a pause one call at a time is tried', () => {
  const health = newHealth()
  fail(health, 'MODEL_BUSY', 0)
  health.isProbing = true
  assert.equal(isReady(health, COOL_DOWN_MS), false)
  health.isProbing = false
  assert.ok(isReady(health, COOL_DOWN_MS))
})

test('who fails most of the time is poor, until it answers again', () => {
  const health = newHealth()
  for (let i = 0; i < 5; i++) fail(health, 'MODEL_FAILED', 0)
  assert.ok(isPoor(health))
  for (let i = 0; i < 5; i++) noteAnswer(health, 10, 1e9)
  assert.equal(isPoor(health), false)
})

test('who was given up is known to be as slow as that', () => {
  const health = newHealth()
  noteAnswer(health, 100, 0)
  noteGivenUp(health, 50)
  assert.equal(health.latencyMs, 100)
  noteGivenUp(health, 500)
  assert.equal(health.latencyMs, 500)
})
