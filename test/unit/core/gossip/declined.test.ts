/** Logs of which no more is taken: tried again ever more seldom, and bounded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { createDeclined } from '../../../../src/core/gossip/declined.ts'
import { failure } from '../../../../src/core/protocol/errors.ts'
import { DECLINED_LOGS_MAX, DECLINED_MS, DECLINED_MS_MAX } from '../../../../src/core/protocol/limits.ts'

const log = (i: number) => `log ${i}` as LogId
const full = failure('QUOTA_EXCEEDED', 'no more of this author')

function setup() {
  let nowMs = 0
  const declined = createDeclined({ clock: { now: () => nowMs, sleep: async () => {} } })
  const pass = (ms: number): void => {
    nowMs += ms
  }
  return { declined, pass }
}

test('a full quota declines a log for a while, twice as long each time, up to a bound', () => {
  const { declined, pass } = setup()
  for (let pauseMs = DECLINED_MS; pauseMs < 4 * DECLINED_MS_MAX; pauseMs *= 2) {
    const expected = Math.min(pauseMs, DECLINED_MS_MAX)
    declined.note(log(1), full)
    pass(expected - 1)
    assert.equal(declined.refusal(log(1)), full)
    pass(1)
    assert.equal(declined.refusal(log(1)), null)
  }
  declined.note(log(1), full)
  declined.forget(log(1))
  assert.equal(declined.refusal(log(1)), null)
  assert.equal(declined.size, 0)
})

test('other refusals decline nothing', () => {
  const { declined } = setup()
  for (const code of [
    'SIGNATURE_INVALID',
    'CHAIN_MISMATCH',
    'SEQ_GAP',
    'STORE_WRITE_FAILED',
    'OVERLOADED',
  ] as const)
    declined.note(log(1), failure(code, ''))
  assert.equal(declined.refusal(log(1)), null)
})

test('so many logs are remembered, and with one more the one asked for longest ago is not', () => {
  const { declined } = setup()
  for (let i = 0; i <= DECLINED_LOGS_MAX; i++) declined.note(log(i), full)
  assert.equal(declined.size, DECLINED_LOGS_MAX)
  assert.equal(declined.refusal(log(0)), null)
  assert.equal(declined.refusal(log(DECLINED_LOGS_MAX)), full)
})

test('a clock that goes back ends a pause rather than to make it last', () => {
  const { declined, pass } = setup()
  declined.note(log(1), full)
  pass(-10 * DECLINED_MS_MAX)
  assert.equal(declined.refusal(log(1)), null)
})
