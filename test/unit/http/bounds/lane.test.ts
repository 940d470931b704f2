/** Turns for the work of strangers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as settle } from 'node:timers/promises'
import {
  createLane,
  LANE_FREE,
  LANE_FREE_MS,
  LANE_GAP_MAX_MS,
  LANE_GAP_MIN_MS,
  LANE_SHARE,
  LANE_WAITING_ADDRESS_MAX,
  LANE_WAITING_MAX,
} from '../../../../src/http/bounds/lane.ts'
import { type Origin, toOrigin } from '../../../../src/http/bounds/origin.ts'

const HERE = toOrigin('93.184.216.34')
const THERE = toOrigin('198.41.0.4')
const NEAR = toOrigin('127.0.0.1')

/** A lane whose free pieces are used up, unless told. */
function setUp(isFresh = false) {
  const time = { nowMs: 1000, busyMs: 0 }
  const lane = createLane({ nowMs: () => time.nowMs, busyMs: () => time.busyMs })
  const served: string[] = []
  const ask = async (name: string, origin: Origin): Promise<boolean> => {
    const isServed = await lane.turn(origin)
    if (isServed) served.push(name)
    return isServed
  }
  if (!isFresh) for (let i = 0; i <= LANE_FREE; i++) void lane.turn(HERE)
  time.nowMs += isFresh ? 0 : LANE_FREE_MS - 1
  return { time, lane, served, ask }
}

test('a few pieces begin at once, though the loop is busy; one more waits', async () => {
  const { time, served, ask } = setUp(true)
  for (let i = 0; i <= LANE_FREE; i++) assert.equal(await ask(`first ${i}`, HERE), true)
  const waiting = ask('one more', HERE)
  await settle()
  assert.equal(served.length, LANE_FREE + 1)
  time.nowMs += LANE_GAP_MAX_MS
  assert.equal(await waiting, true)
  time.nowMs += LANE_FREE_MS
  time.busyMs += 10_000
  assert.equal(await ask('later', HERE), true)
})

test('one piece of work begins at once, the next when the loop has been free for its share of the time', async () => {
  const { time, served, ask } = setUp()
  assert.equal(await ask('first', HERE), true)
  const second = ask('second', HERE)
  const workMs = 10
  time.busyMs += workMs
  time.nowMs += workMs / LANE_SHARE - 1
  await settle()
  assert.deepEqual(served, ['first'])
  time.nowMs += 1
  assert.equal(await second, true)
})

test('work that took no time is followed after the shortest gap, however long nobody asked before', async () => {
  const { time, served, ask } = setUp()
  time.nowMs += 60_000
  for (let i = 0; i <= LANE_FREE; i++) await ask('first', HERE)
  const second = ask('second', THERE)
  time.nowMs += LANE_GAP_MIN_MS - 1
  await settle()
  assert.ok(!served.includes('second'))
  time.nowMs += 1
  assert.equal(await second, true)
})

test('strangers get on though the loop is never free', async () => {
  const { time, ask } = setUp()
  await ask('first', HERE)
  const second = ask('second', HERE)
  time.busyMs += LANE_GAP_MAX_MS
  time.nowMs += LANE_GAP_MAX_MS
  assert.equal(await second, true)
})

test('addresses take turns: one that asks much holds up itself', async () => {
  const { time, served, ask } = setUp()
  await ask('here 0', HERE)
  const all = [1, 2, 3].map((n) => ask(`here ${n}`, HERE))
  all.push(ask('there', THERE))
  const next = async (count: number) => {
    while (served.length < count) {
      time.nowMs += LANE_GAP_MAX_MS
      await settle()
    }
  }
  await next(5)
  await Promise.all(all)
  assert.deepEqual(served, ['here 0', 'here 1', 'there', 'here 2', 'here 3'])
})

test('so many of one address wait, and one more is turned away at once; so many in all', async () => {
  const { time, lane, ask } = setUp()
  await ask('first', HERE)
  const waiting = Array.from({ length: LANE_WAITING_ADDRESS_MAX }, (_, n) => ask(`here ${n}`, HERE))
  assert.equal(await ask('one more', HERE), false)
  while (lane.waiting < LANE_WAITING_MAX) waiting.push(ask('near', NEAR))
  assert.equal(await ask('one more', NEAR), false)
  assert.equal(await ask('one more', THERE), false)
  while (lane.waiting > 0) {
    time.nowMs += LANE_GAP_MAX_MS
    await settle()
  }
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set([true]))
})
