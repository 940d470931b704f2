/** Those who follow a task hear its steps, and always its end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import type { TaskEvent } from '../../../../src/core/protocol/api.ts'
import { createTaskEvents, TASK_EVENTS_WAITING_MAX } from '../../../../src/core/reasoning/task-events.ts'

const question = bytesToDigest(sha256(Buffer.from('question')))
const step = (round: number): TaskEvent => ({ type: 'phase', phase: 'diverge', round })
const end = { type: 'done', task: {} } as TaskEvent

async function heard(stream: AsyncIterable<TaskEvent>): Promise<TaskEvent[]> {
  const all: TaskEvent[] = []
  for await (const event of stream) all.push(event)
  return all
}

test('what happened since somebody follows is heard in order, though he reads later; nothing behind the end', async () => {
  const events = createTaskEvents()
  const stream = events.follow(question, step(0), new AbortController().signal)
  events.tell(question, step(1))
  events.tell(question, end)
  events.tell(question, step(2))
  assert.deepEqual(await heard(stream), [step(0), step(1), end])
  assert.equal(events.isFollowed(question), false)
})

test('a slow reader misses the oldest steps, one more than may wait, and not the end', async () => {
  const events = createTaskEvents()
  const stream = events.follow(question, step(0), new AbortController().signal)
  for (let round = 1; round < TASK_EVENTS_WAITING_MAX; round++) events.tell(question, step(round))
  events.tell(question, end)
  const all = await heard(stream)
  assert.equal(all.length, TASK_EVENTS_WAITING_MAX)
  assert.deepEqual([all[0], all.at(-1)], [step(1), end])
})

test('who gives up is forgotten, whether or not he ever read', async () => {
  const events = createTaskEvents()
  const [reading, waiting] = [new AbortController(), new AbortController()]
  events.follow(question, step(0), waiting.signal)
  const all = heard(events.follow(question, step(0), reading.signal))
  reading.abort()
  assert.ok((await all).length <= 1)
  assert.equal(events.isFollowed(question), true)
  waiting.abort()
  assert.equal(events.isFollowed(question), false)
})
