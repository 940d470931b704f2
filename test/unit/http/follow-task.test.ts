/** Following a task through streams that break off, are refused, or come from a spore that starts again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { err, ok } from '../../../src/core/base/result.ts'
import type { TaskEvent } from '../../../src/core/protocol/api.ts'
import { type ErrorCode, failure, SporeError } from '../../../src/core/protocol/errors.ts'
import { followTask, type TaskSource } from '../../../src/http/follow-task.ts'
import { holdTasks } from '../../support/held-tasks.ts'
import { contribution, idOf } from '../../support/task-samples.ts'
import { openSpore } from './support.ts'

const never = new AbortController().signal
const PAUSES = { firstMs: 1, maxMs: 5 }

async function collect(source: TaskSource, id: string, signal = never): Promise<TaskEvent[]> {
  const events: TaskEvent[] = []
  for await (const event of followTask(source, id, signal, PAUSES)) events.push(event)
  return events
}

async function askHeld() {
  const real = await openSpore()
  const held = holdTasks(real)
  const accepted = await held.spore.submitTask({ task: 'where does the heron nest?' })
  assert.ok(accepted.ok)
  return { real, held, id: accepted.value.task_id, [Symbol.asyncDispose]: () => real[Symbol.asyncDispose]() }
}

/** The same source, whose streams break off as those of a server do that is gone. */
const breaking = ({ task, taskEvents }: TaskSource): TaskSource => ({
  task,
  async taskEvents(id, signal) {
    const events = await taskEvents(id, signal)
    if (!events.ok) return events
    return ok(
      (async function* () {
        try {
          yield* events.value
        } catch (error) {
          throw new SporeError('SPORE_UNREACHABLE', 'it broke off', { cause: error })
        }
      })(),
    )
  },
})

test('a task is followed to its end, also where its stream breaks off again and again', async () => {
  await using world = await askHeld()
  const { held, id } = world
  const followed = collect(breaking(held.spore), id)
  for (let place = 1; place <= 3; place++) {
    await held.streams(place)
    held.tell(id, { type: 'contribution', contribution: contribution(place) })
    held.cut()
  }
  await held.streams(4)
  await held.end(id)
  const events = await followed
  assert.deepEqual(
    events.map(({ type }) => type).filter((type) => type === 'done'),
    ['done'],
  )
  assert.equal(events.at(-1)?.type, 'done')
  const told = events.flatMap((event) =>
    event.type === 'task'
      ? event.task.contributions
      : event.type === 'contribution'
        ? [event.contribution]
        : [],
  )
  assert.deepEqual([...new Set(told.map((one) => one.id))], [1, 2, 3].map(idOf))
})

test('an end that came while there was no stream is not missed', async () => {
  await using world = await askHeld()
  const { held, id } = world
  let refusals = 0
  const source: TaskSource = {
    task: held.spore.task,
    async taskEvents() {
      if (++refusals === 2) await held.end(id)
      return err(failure('OVERLOADED', 'too many streams'))
    },
  }
  const events = await collect(source, id)
  assert.deepEqual([events.at(-1)?.type, refusals], ['done', 2])
})

test('a spore that starts again is waited for, one that is gone is not', async () => {
  await using world = await askHeld()
  const { held, id } = world
  let silences = 3
  const source: TaskSource = {
    task: async (asked) =>
      silences-- > 0 ? err(failure('SPORE_UNREACHABLE', 'refused')) : held.spore.task(asked),
    taskEvents: async () => err(failure('SPORE_UNREACHABLE', 'refused')),
  }
  const followed = followTask(source, id, never, PAUSES)
  assert.equal((await followed.next()).value?.type, 'task')
  await followed.return(undefined)
  silences = Number.POSITIVE_INFINITY
  await assert.rejects(collect(source, id), { code: 'SPORE_UNREACHABLE' })
})

test('what does not pass is thrown at once, and a bug is not taken for a stream that breaks off', async () => {
  await using world = await askHeld()
  const { held, id } = world
  const refused = (code: ErrorCode): TaskSource => ({
    task: held.spore.task,
    taskEvents: async () => err(failure(code, 'no')),
  })
  await assert.rejects(collect(refused('TOKEN_INVALID'), id), { code: 'TOKEN_INVALID' })
  await assert.rejects(collect(held.spore, idOf(1)), { code: 'TASK_NOT_FOUND' })
  const broken: TaskSource = {
    task: held.spore.task,
    taskEvents: async () =>
      ok(
        // biome-ignore lint/correctness/useYield: it breaks before it could
        (async function* (): AsyncGenerator<TaskEvent> {
          throw new TypeError('a bug')
        })(),
      ),
  }
  await assert.rejects(collect(broken, id), TypeError)
})

test('whoever stops following leaves nothing open', async () => {
  await using world = await askHeld()
  const { held, id } = world
  const stop = new AbortController()
  const followed = collect(held.spore, id, stop.signal)
  await held.streams(1)
  stop.abort()
  assert.ok((await followed).every(({ type }) => type === 'task'))
  assert.equal(held.open, 0)
})
