import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { systemClock } from '../../../src/adapters/clock.ts'

test('now is the time of day in milliseconds', () => {
  const before = Date.now()
  const now = systemClock.now()
  assert.ok(before <= now && now <= Date.now())
})

test('a sleep ends by itself', async () => {
  await systemClock.sleep(5)
  await systemClock.sleep(5, new AbortController().signal)
})

for (const delayMs of [0, 60_000, 2 ** 40, Number.POSITIVE_INFINITY])
  test(`a sleep of ${delayMs} ms ends without an error when its signal aborts`, async () => {
    const stop = new AbortController()
    const sleep = systemClock.sleep(delayMs, stop.signal)
    stop.abort()
    await sleep
    await systemClock.sleep(delayMs, stop.signal)
    assert.equal(getEventListeners(stop.signal, 'abort').length, 0)
  })

test('sleep(0) ends behind what is already waiting', async () => {
  const order: string[] = []
  const sleep = systemClock.sleep(0).then(() => order.push('slept'))
  process.nextTick(() => order.push('tick'))
  queueMicrotask(() => order.push('microtask'))
  await sleep
  assert.equal(order.at(-1), 'slept')
  assert.equal(order.length, 3)
})
