import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { systemClock } from '../../../src/adapters/clock.ts'
import { startWatchdog } from '../../../src/adapters/watchdog.ts'
import { createActivities } from '../../../src/core/base/activities.ts'
import { type LogFields, silentLog } from '../../../src/core/base/ports.ts'

type Logged = readonly [message: string, fields: LogFields]

/** A watchdog with a short patience, and the next line that it logs. */
function setUp() {
  const activities = createActivities(systemClock)
  const next = Promise.withResolvers<Logged>()
  const say = (message: string, fields: LogFields = {}) => next.resolve([message, fields])
  const log = { ...silentLog, warn: say, error: say }
  const watchdog = startWatchdog({ activities, log, tickMs: 5, stallMs: 200 })
  // The timer of the watchdog alone keeps no process alive.
  const awake = setInterval(() => {}, 1000)
  return {
    activities,
    watchdog,
    logged: next.promise,
    [Symbol.dispose]() {
      clearInterval(awake)
      watchdog[Symbol.dispose]()
    },
  }
}

test('an event loop that stands still is noticed, with what ran', async () => {
  using world = setUp()
  const end = world.activities.begin('a long calculation', { limitMs: 60_000 })
  for (const untilMs = performance.now() + 400; performance.now() < untilMs; );
  end()
  const [message, fields] = await world.logged
  assert.equal(message, 'the event loop stalled')
  assert.deepEqual(fields.running, ['a long calculation'])
  const { stalls, longestMs, lastMs } = world.watchdog.view()
  assert.ok(stalls >= 1 && longestMs >= 200 && lastMs >= 200)
})

test('what does not end is said once, and shown as long as it does not', async () => {
  using world = setUp()
  const end = world.activities.begin('a commit', { limitMs: 20, isVital: true })
  const [message, fields] = await world.logged
  assert.deepEqual([message, fields.what, fields.isVital], ['something does not end', 'a commit', true])
  assert.deepEqual(
    world.watchdog.view().overdue.map(({ what }) => what),
    ['a commit'],
  )
  end()
  assert.deepEqual(world.watchdog.view().overdue, [])
})
