/** A question as a caller puts it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SpaceId } from '../../../../src/core/base/brand.ts'
import { TASK_SECONDS_MAX } from '../../../../src/core/protocol/task-limits.ts'
import { encodeTask } from '../../../../src/core/protocol/task-payloads.ts'
import { toTaskPayload } from '../../../../src/core/reasoning/task-input.ts'

const COMMONS = 'commons' as SpaceId
const NOW_MS = Date.UTC(2026, 10, 21)
const payload = (input: Parameters<typeof toTaskPayload>[0]) => {
  const read = toTaskPayload(input, COMMONS, NOW_MS)
  return read.ok ? read.value : read.error.code
}

test('the same question is the same bytes, whatever is spelt out of what goes without saying', () => {
  const short = payload({ task: ' Why? ' })
  const long = payload({ task: 'Why?', effort: 'standard', choices: undefined, roles: [] } as never)
  assert.ok(typeof short !== 'string' && typeof long !== 'string')
  assert.deepEqual(encodeTask(short), encodeTask(long))
})

test('a deadline is seconds from now, or an instant within a day', () => {
  const seconds = (deadline: number | string) => {
    const read = payload({ task: 'Why?', deadline } as never)
    return typeof read === 'string' ? read : read.seconds
  }
  assert.equal(seconds(30), 30)
  assert.equal(seconds(new Date(NOW_MS + 29_001).toISOString()), 30)
  assert.equal(seconds(new Date(NOW_MS + TASK_SECONDS_MAX * 1000).toISOString()), TASK_SECONDS_MAX)
  assert.equal(seconds(new Date(NOW_MS + TASK_SECONDS_MAX * 1000 + 1).toISOString()), 'REQUEST_INVALID')
  assert.equal(seconds(new Date(NOW_MS).toISOString()), 'REQUEST_INVALID')
})

test('nothing is asked twice in one list, and something is asked', () => {
  assert.equal(payload({ task: '  ' }), 'TEXT_EMPTY')
  assert.equal(payload({ task: '\ud800' }), 'TEXT_ILL_FORMED')
  assert.equal(payload({ task: 'Why?', choices: ['a', 'b', 'a'] }), 'REQUEST_INVALID')
  assert.equal(payload({ task: 'Why?', roles: ['brain', 'brain'] }), 'REQUEST_INVALID')
})
