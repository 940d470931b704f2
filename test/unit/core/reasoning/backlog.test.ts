/** Questions that models which were down left open. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Digest } from '../../../../src/core/base/brand.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import { silentLog } from '../../../../src/core/base/ports.ts'
import { err, ok } from '../../../../src/core/base/result.ts'
import { failure } from '../../../../src/core/protocol/errors.ts'
import {
  BACKLOG_MAX,
  BACKLOG_MS_MAX,
  BACKLOG_PAUSE_MS,
  createBacklog,
} from '../../../../src/core/reasoning/backlog.ts'
import { createVirtualClock } from '../../../support/virtual-clock.ts'

const question = (i: number): Digest => bytesToDigest(sha256(Buffer.from(`question ${i}`)))

function setup() {
  const clock = createVirtualClock(0)
  const state = { isBack: false, calls: 0, asked: [] as Digest[] }
  const backlog = createBacklog({
    clock,
    log: silentLog,
    router: {
      async ask() {
        state.calls++
        const answer = { text: 'ready', value: undefined as never, usage: null, model: 'm', family: 'm' }
        return state.isBack ? ok(answer) : err(failure('MODEL_BUSY', 'down'))
      },
    },
    askAgain: async (one) => void state.asked.push(one),
  })
  return { clock, state, backlog }
}

test('what waits is asked again, once, when one call shows that a model answers', async () => {
  const { clock, state, backlog } = setup()
  backlog.note(question(1), true)
  backlog.note(question(2), true)
  backlog.note(question(3), true)
  backlog.note(question(2), false)
  await clock.advance(10 * 60_000)
  assert.deepEqual(state.asked, [])
  assert.ok(state.calls >= 3 && state.calls <= 6, `${state.calls} calls in ten minutes: the pause doubles`)
  state.isBack = true
  await clock.advance(20 * 60_000)
  assert.deepEqual(state.asked, [question(1), question(3)])
  const { calls } = state
  await clock.advance(60 * 60_000)
  assert.equal(state.calls, calls, 'nothing waits, so nothing is called')
  await backlog.stop()
})

test('so many wait, and with one more the oldest does not', async () => {
  const { clock, state, backlog } = setup()
  for (let i = 0; i <= BACKLOG_MAX; i++) backlog.note(question(i), true)
  assert.equal(backlog.size, BACKLOG_MAX)
  state.isBack = true
  await clock.advance(BACKLOG_PAUSE_MS)
  assert.equal(state.asked.length, BACKLOG_MAX)
  assert.ok(!state.asked.includes(question(0)))
  await backlog.stop()
})

test('after a day nobody wants to know any more', async () => {
  const { clock, state, backlog } = setup()
  backlog.note(question(1), true)
  await clock.advance(BACKLOG_MS_MAX + 60 * 60_000)
  assert.equal(backlog.size, 0)
  state.isBack = true
  await clock.advance(60 * 60_000)
  assert.deepEqual(state.asked, [])
  await backlog.stop()
})
