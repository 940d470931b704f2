/** Virtual time: order of events, ends of lives, and promises that are settled between two events. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '../../../src/sim/random.ts'
import { createScheduler, type Life } from '../../../src/sim/scheduler.ts'

const never = () => false

test('events happen by time, and in the order of their making at the same time', async () => {
  const scheduler = createScheduler()
  const random = createRandom('order')
  const made = Array.from({ length: 300 }, (_, order) => ({ atMs: random.integer(0, 20), order }))
  const happened: { atMs: number; order: number }[] = []
  for (const event of made) scheduler.after(event.atMs, null, () => happened.push(event))
  await scheduler.drive(never)
  assert.deepEqual(
    happened,
    made.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order),
  )
  assert.equal(scheduler.steps, 300)
})

test('what an event settles is handled before the next one, however long the chain', async () => {
  const scheduler = createScheduler()
  const happened: string[] = []
  scheduler.after(1, null, () => {
    let chain = Promise.resolve()
    for (let i = 0; i < 50; i++) chain = chain.then(() => {})
    void chain.then(() => happened.push('settled'))
  })
  scheduler.after(1, null, () => happened.push('next'))
  await scheduler.drive(never)
  assert.deepEqual(happened, ['settled', 'next'])
})

test('a life that has ended does nothing more, and a cancelled event does not happen', async () => {
  const scheduler = createScheduler()
  const life: Life = { isOver: false }
  const happened: string[] = []
  scheduler.after(1, life, () => happened.push('alive'))
  scheduler.after(2, null, () => {
    life.isOver = true
  })
  scheduler.after(3, life, () => happened.push('dead'))
  scheduler.after(3, null, () => happened.push('cancelled')).cancel()
  await scheduler.drive(never)
  assert.deepEqual(happened, ['alive'])
  assert.equal(scheduler.elapsedMs, 2)
})

test('cancelled events leave the others in their order', async () => {
  const scheduler = createScheduler()
  const random = createRandom('cancel')
  const made = Array.from({ length: 300 }, (_, order) => ({ atMs: random.integer(0, 20), order }))
  const happened: typeof made = []
  const timers = made.map((event) => scheduler.after(event.atMs, null, () => happened.push(event)))
  const isCancelled = made.map(() => random.chance(0.5))
  for (const [order, timer] of timers.entries()) if (isCancelled[order]) timer.cancel()
  // Twice is once.
  for (const [order, timer] of timers.entries()) if (isCancelled[order]) timer.cancel()
  await scheduler.drive(never)
  assert.deepEqual(
    happened,
    made.filter(({ order }) => !isCancelled[order]).toSorted((a, b) => a.atMs - b.atMs || a.order - b.order),
  )
})

test('what an event throws rejects, and the end is asked for before each event', async () => {
  const scheduler = createScheduler()
  scheduler.after(1, null, () => {
    throw new Error('bug')
  })
  await assert.rejects(scheduler.drive(never), /bug/)
  let happened = 0
  for (let i = 0; i < 10; i++) scheduler.after(1, null, () => happened++)
  await scheduler.drive(() => happened === 3)
  assert.equal(happened, 3)
})
