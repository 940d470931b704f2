/** The scripted model keeps to the port: pieces, deadlines, cancellation and failures as a provider's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createScriptedModel, type ScriptedStep } from '../../../../src/core/reasoning/scripted-model.ts'
import { createVirtualClock } from '../../../support/virtual-clock.ts'

const request = { messages: [{ role: 'user', text: 'Where?' }], maxTokens: 10 } as const

function scripted(...steps: ScriptedStep[]) {
  const clock = createVirtualClock(0)
  return { clock, model: createScriptedModel({ name: 'a', script: (_, i) => steps[i]! }, { clock }) }
}

test('a text comes in its pieces and then whole', async () => {
  const { clock, model } = scripted({ text: 'ab', pieces: ['a', 'b'], delayMs: 100 })
  const pieces: string[] = []
  const reply = model.generate(request, { timeoutMs: 1000, onText: (piece) => pieces.push(piece) })
  await clock.advance(60)
  assert.deepEqual(pieces, ['a'])
  await clock.advance(60)
  assert.deepEqual([await reply, pieces], [{ ok: true, value: { text: 'ab', usage: null } }, ['a', 'b']])
})

test('what takes as long as it may has not come', async () => {
  const { clock, model } = scripted({ text: 'a', delayMs: 1000 })
  const pieces: string[] = []
  const reply = model.generate(request, { timeoutMs: 1000, onText: (piece) => pieces.push(piece) })
  await clock.advance(1000)
  const found = await reply
  assert.ok(!found.ok && found.error.code === 'MODEL_TIMEOUT' && found.error.cost === 'unknown')
  assert.deepEqual(pieces, [])
})

test('a call that is given up ends at once and is counted', async () => {
  const { clock, model } = scripted({ text: 'a', delayMs: 1000 })
  const controller = new AbortController()
  const reply = model.generate(request, { timeoutMs: 5000, signal: controller.signal })
  await clock.advance(1)
  controller.abort()
  const found = await reply
  assert.ok(!found.ok && found.error.code === 'MODEL_CANCELLED')
  assert.equal(model.cancelled, 1)
})

test('a failure comes as scripted', async () => {
  const { model } = scripted({ code: 'MODEL_BUSY', retryAfterSeconds: 7 })
  const found = await model.generate(request, { timeoutMs: 1000 })
  assert.ok(!found.ok && found.error.retryAfterSeconds === 7 && found.error.cost === 'nothing')
})
