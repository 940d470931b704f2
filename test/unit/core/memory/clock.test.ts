/** Laws of the hybrid clock (PROTOCOL.md §4). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { judgeTime, nextTime, timeToIso, timeToMs } from '../../../../src/core/memory/clock.ts'
import { CLOCK_AHEAD_MAX_MS, CLOCK_HOLD_MS } from '../../../../src/core/protocol/limits.ts'
import { fuzz } from '../../../support/fuzz.ts'
import { NOW_MS } from './replica.ts'

/** Walls that jump by years in both directions. */
const walls = fc.array(fc.integer({ min: 0, max: 2 ** 42 }), { minLength: 1, maxLength: 50 })

describe('the next time', () => {
  test('is always after the last and never behind the wall, whatever the wall does', () =>
    fuzz(walls, (list) => {
      let last = 0
      for (const nowMs of list) {
        const time = nextTime(last, nowMs)
        assert.ok(time > last && time >= nowMs * 1024 && Number.isSafeInteger(time))
        last = time
      }
    }))

  test('leaves the wall only as far as it must: one tick an entry', () =>
    fuzz(
      fc.record({ wall: fc.integer({ min: 0, max: 2 ** 42 }), entries: fc.integer({ min: 1, max: 5000 }) }),
      ({ wall, entries }) => {
        let last = 0
        for (let i = 0; i < entries; i++) last = nextTime(last, wall)
        assert.equal(last, Math.max(wall * 1024, 1) + entries - 1)
      },
      50,
    ))

  test('goes on with the wall as soon as the wall is ahead again', () => {
    const ahead = nextTime(0, NOW_MS)
    const back = nextTime(ahead, NOW_MS - 20 * 365 * 86_400_000)
    assert.equal(back, ahead + 1)
    assert.equal(nextTime(back, NOW_MS + 1), (NOW_MS + 1) * 1024)
  })

  test('of a replica that took a time from ahead comes after it', () =>
    fuzz(
      fc.record({ accepted: fc.integer({ min: 1, max: 2 ** 52 }), wall: fc.nat(2 ** 31) }),
      ({ accepted, wall }) => {
        assert.ok(nextTime(accepted, wall) > accepted)
      },
    ))
})

describe('a time from elsewhere', () => {
  for (const [aheadMs, verdict] of [
    [-CLOCK_AHEAD_MAX_MS, 'accept'],
    [0, 'accept'],
    [CLOCK_HOLD_MS - 1, 'accept'],
    [CLOCK_HOLD_MS, 'accept'],
    [CLOCK_HOLD_MS + 1, 'hold'],
    [CLOCK_AHEAD_MAX_MS - 1, 'hold'],
    [CLOCK_AHEAD_MAX_MS, 'hold'],
    [CLOCK_AHEAD_MAX_MS + 1, 'refuse'],
  ] as const)
    test(`${aheadMs} ms ahead: ${verdict}`, () => {
      for (const counter of [0, 1, 1023])
        assert.equal(judgeTime((NOW_MS + aheadMs) * 1024 + counter, NOW_MS), verdict)
    })

  test('is judged the same by clocks that show the same, and never worse later', () =>
    fuzz(
      fc.record({
        time: fc.integer({ min: 0, max: 2 ** 52 }),
        nowMs: fc.nat(2 ** 42),
        laterMs: fc.nat(10 ** 7),
      }),
      ({ time, nowMs, laterMs }) => {
        const order = ['accept', 'hold', 'refuse']
        assert.ok(order.indexOf(judgeTime(time, nowMs + laterMs)) <= order.indexOf(judgeTime(time, nowMs)))
      },
    ))
})

test('a time shows its millisecond', () => {
  assert.equal(timeToMs(NOW_MS * 1024 + 1023), NOW_MS)
  assert.equal(timeToIso(NOW_MS * 1024 + 7), '2026-11-21T00:00:00.000Z')
})
