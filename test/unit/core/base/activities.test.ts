import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACTIVITIES_MAX, CHECK_STEP_MS_MAX, createActivities } from '../../../../src/core/base/activities.ts'

function setUp() {
  const clock = { ms: 0, now: () => clock.ms }
  const activities = createActivities(clock)
  const pass = (ms: number) => {
    clock.ms += ms
    return activities.check().map(({ what }) => what)
  }
  return { clock, activities, pass }
}

test('what goes on as long as it may is not overdue, a millisecond more is, and is told once', () => {
  const { activities, pass } = setUp()
  let called = 0
  activities.begin('a commit', { limitMs: 100, isVital: true, onOverdue: () => called++ })
  assert.deepEqual(pass(99), [])
  assert.deepEqual(activities.overdue(), [])
  assert.deepEqual(pass(1), ['a commit'])
  assert.deepEqual(pass(50), [])
  assert.deepEqual(activities.overdue(), [{ what: 'a commit', forMs: 150, isVital: true }])
  assert.equal(called, 1)
})

test('what has ended is neither overdue nor under way', () => {
  const { activities, pass } = setUp()
  const end = activities.begin('a sync', { limitMs: 10 })
  pass(5)
  end()
  end()
  assert.deepEqual(pass(100), [])
  assert.deepEqual(activities.overdue(), [])
})

test('progress puts it off, and what was overdue and goes on is so no longer', () => {
  const { activities, pass } = setUp()
  let stored = 0
  activities.begin('a sync', { limitMs: 100, progress: () => stored })
  for (let i = 0; i < 10; i++) {
    stored++
    assert.deepEqual(pass(90), [])
  }
  assert.deepEqual(pass(90), [])
  assert.deepEqual(pass(90), ['a sync'])
  stored++
  pass(1)
  assert.deepEqual(activities.overdue(), [])
  pass(60)
  assert.deepEqual(pass(60), ['a sync'])
})

test('a clock that jumps makes nothing overdue at once, in neither direction', () => {
  const { activities, pass } = setUp()
  activities.begin('a sync', { limitMs: CHECK_STEP_MS_MAX + 1 })
  assert.deepEqual(pass(10 * 365 * 86_400_000), [])
  assert.deepEqual(pass(-10 * 365 * 86_400_000), [])
  assert.deepEqual(pass(1), ['a sync'])
})

test('what ran at a time is what is under way and what has ended since', () => {
  const { clock, activities } = setUp()
  activities.begin('early', { limitMs: 1000 })()
  clock.ms = 100
  activities.begin('late', { limitMs: 1000 })()
  activities.begin('open', { limitMs: 1000 })
  assert.deepEqual(activities.during(50), ['open', 'late'])
  for (let i = 0; i < 100; i++) activities.begin(`more ${i}`, { limitMs: 1000 })()
  assert.ok(activities.during(50).length <= 32)
})

test('as many as may be are watched; one more is not, and ends all the same', () => {
  const { activities, pass } = setUp()
  const ends = Array.from({ length: ACTIVITIES_MAX + 1 }, (_, i) => activities.begin(`${i}`, { limitMs: 1 }))
  assert.equal(pass(1).length, ACTIVITIES_MAX)
  for (const end of ends) end()
  assert.deepEqual(activities.overdue(), [])
})
