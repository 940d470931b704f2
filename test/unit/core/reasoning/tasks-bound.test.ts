/** Tasks of strangers are kept in memory up to a bound; own ones always. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did, Digest, HybridTime } from '../../../../src/core/base/brand.ts'
import { bytesToDigest, digestToCid, sha256 } from '../../../../src/core/base/hash.ts'
import type { Change } from '../../../../src/core/memory/change.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { encodeContribution, encodeTask } from '../../../../src/core/protocol/task-payloads.ts'
import {
  createTasks,
  FOREIGN_TASK_BYTES_MAX,
  FOREIGN_TASKS_MAX,
  TASK_BYTES_MAX,
} from '../../../../src/core/reasoning/tasks.ts'
import { COMMONS, createReplica } from '../memory/replica.ts'

const STRANGER = 'did:key:zStranger' as Did

function setup() {
  const { memory } = createReplica({ name: 'ada' })
  const tasks = createTasks({
    memory,
    library: { read: async () => [] },
    shown: { hides: () => undefined },
    spaces: { nameOf: (space: string) => space, readableFrom: (space: string) => new Set([space]) },
  } as never)
  let seq = 0
  const follow = (kind: number, payload: Uint8Array, author = STRANGER): Digest => {
    const element = bytesToDigest(sha256(payload))
    const change = { logId: 'log', seq: seq++, kind, payload, element, author, space: COMMONS }
    tasks.follow([{ ...change, clock: seq as HybridTime, arrival: seq } as unknown as Change])
    return element
  }
  const ask = (text: string, author = STRANGER) =>
    follow(KINDS.task, encodeTask({ text, space: COMMONS }), author)
  const answer = (task: Digest, text: string) =>
    follow(
      KINDS.contribution,
      encodeContribution({ task, model: 'm', outcome: { text, quotes: [], failure: null } }),
    )
  return { memory, tasks, ask, answer }
}

test('so many tasks of others are kept, and with one more the oldest is not; own ones stay', async () => {
  const { memory, tasks, ask } = setup()
  const own = ask('mine', memory.self)
  const first = ask('the first of others')
  for (let i = 1; i < FOREIGN_TASKS_MAX; i++) ask(`task ${i}`)
  assert.equal(tasks.count, FOREIGN_TASKS_MAX + 1)
  assert.ok((await tasks.get(digestToCid(first))).ok)
  ask('one more')
  assert.equal(tasks.count, FOREIGN_TASKS_MAX + 1)
  assert.equal((await tasks.get(digestToCid(first))).ok, false)
  assert.ok((await tasks.get(digestToCid(own))).ok)
})

test('so many bytes of answers of others are kept, with one more the oldest task goes', async () => {
  const { memory, tasks, ask, answer } = setup()
  const own = ask('mine', memory.self)
  const big = 'x'.repeat(60_000)
  const asked: Digest[] = []
  const each = Math.floor(TASK_BYTES_MAX / (big.length + 1000))
  for (let i = 0; i * each * big.length <= FOREIGN_TASK_BYTES_MAX; i++) {
    const task = ask(`task ${i}`)
    asked.push(task)
    for (let j = 0; j < each; j++) answer(task, `${i} ${j} ${big}`)
  }
  // What others answer to an own task is not theirs to be dropped.
  answer(own, big)
  assert.equal((await tasks.get(digestToCid(asked[0]!))).ok, false)
  assert.ok((await tasks.get(digestToCid(asked.at(-1)!))).ok)
  const kept = await tasks.get(digestToCid(own))
  assert.equal(kept.ok && kept.value.contributions.length, 1)
})

test('so many bytes are kept of what others say about one task, and one more is not', async () => {
  const { memory, tasks, ask, answer } = setup()
  const own = ask('mine', memory.self)
  const big = 'x'.repeat(60_000)
  for (let i = 0; i < 2 * Math.floor(TASK_BYTES_MAX / big.length); i++) answer(own, `${i} ${big}`)
  const kept = await tasks.get(digestToCid(own))
  assert.equal(kept.ok && kept.value.contributions.length, Math.floor(TASK_BYTES_MAX / (big.length + 100)))
})

test('answers to what nobody asked are bounded as well', () => {
  const { tasks, answer } = setup()
  for (let i = 0; i <= FOREIGN_TASKS_MAX; i++) answer(bytesToDigest(sha256(Buffer.from(`${i}`))), 'x')
  assert.equal(tasks.count, 0)
})
