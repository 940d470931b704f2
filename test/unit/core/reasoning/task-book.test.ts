/** What others say about tasks is kept in memory up to a bound; own ones always. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did, Digest, HybridTime, LogId } from '../../../../src/core/base/brand.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import type { Change } from '../../../../src/core/memory/change.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { encodeContribution, encodeTask } from '../../../../src/core/protocol/task-payloads.ts'
import { type Attempt, type Counts, saidOf } from '../../../../src/core/reasoning/attempt.ts'
import {
  ASKS_MAX,
  ASKS_PER_ASKER_MAX,
  createTaskBook,
  FOREIGN_TASK_BYTES_MAX,
  FOREIGN_TASKS_MAX,
  RECORDS_PER_AUTHOR_MAX,
  RECORDS_PER_TASK_MAX,
  TASK_BYTES_MAX,
  TASK_BYTES_PER_AUTHOR_MAX,
} from '../../../../src/core/reasoning/task-book.ts'
import { COMMONS } from '../memory/replica.ts'

const SELF = 'did:key:zSelf' as Did
const STRANGER = 'did:key:zStranger' as Did

const author = (i: number) => `did:key:z${i}` as Did

function setup() {
  const book = createTaskBook(SELF)
  let seq = 0
  const follow = (kind: number, payload: Uint8Array, author = STRANGER, logId = 'log'): Digest => {
    const element = bytesToDigest(sha256(payload))
    const change = { logId, seq: seq++, kind, payload, element, author, space: COMMONS }
    book.note({ ...change, clock: seq as HybridTime, arrival: seq } as unknown as Change)
    return element
  }
  const ask = (text: string, author = STRANGER) =>
    follow(KINDS.task, encodeTask({ text, space: COMMONS }), author)
  const answer = (task: Digest, text: string, author = STRANGER, logId = 'log') =>
    follow(
      KINDS.contribution,
      encodeContribution({ task, model: 'm', outcome: { text, quotes: [], failure: null } }),
      author,
      logId,
    )
  const asked = () => [...book.all()].length
  return { book, ask, answer, asked }
}

test('so many tasks of others are kept, and with one more the oldest is not; own ones stay', () => {
  const { book, ask, asked } = setup()
  const own = ask('mine', SELF)
  const first = ask('the first of others')
  for (let i = 1; i < FOREIGN_TASKS_MAX; i++) ask(`task ${i}`)
  assert.equal(asked(), FOREIGN_TASKS_MAX + 1)
  assert.ok(book.attempt(first))
  ask('one more')
  assert.equal(asked(), FOREIGN_TASKS_MAX + 1)
  assert.equal(book.attempt(first), undefined)
  assert.deepEqual(book.attemptsAt(first), [])
  assert.ok(book.attempt(own))
})

test('so many bytes of answers of others are kept, with one more the oldest task goes', () => {
  const { book, ask, answer } = setup()
  const own = ask('mine', SELF)
  const big = 'x'.repeat(60_000)
  const asked: Digest[] = []
  const each = Math.floor(TASK_BYTES_MAX / (big.length + 1000))
  for (let i = 0; i * each * big.length <= FOREIGN_TASK_BYTES_MAX; i++) {
    const task = ask(`task ${i}`)
    asked.push(task)
    for (let j = 0; j < each; j++) answer(task, `${i} ${j} ${big}`, author(j))
  }
  // What others answer to an own task is not theirs to be dropped.
  answer(own, big)
  assert.equal(book.attempt(asked[0]!), undefined)
  assert.ok(book.attempt(asked.at(-1)!))
  assert.equal(book.attempt(own)?.contributions.size, 1)
})

test('so many bytes are kept of what others say about one task, and one more is not', () => {
  const { book, ask, answer } = setup()
  const own = ask('mine', SELF)
  const big = 'x'.repeat(60_000)
  for (let i = 0; i < 2 * Math.floor(TASK_BYTES_MAX / big.length); i++) answer(own, `${i} ${big}`, author(i))
  assert.equal(book.attempt(own)?.contributions.size, Math.floor(TASK_BYTES_MAX / (big.length + 100)))
})

test('who floods a task keeps nobody else from being heard', () => {
  const { book, ask, answer } = setup()
  const own = ask('mine', SELF)
  const big = 'x'.repeat(60_000)
  for (let i = 0; i < RECORDS_PER_AUTHOR_MAX; i++) answer(own, `${i} ${big}`)
  assert.equal(
    book.attempt(own)?.contributions.size,
    Math.floor(TASK_BYTES_PER_AUTHOR_MAX / (big.length + 100)),
  )
  const other = answer(own, big, author(1))
  assert.ok([...(book.attempt(own)?.contributions.values() ?? [])].some(({ element }) => element === other))
})

test('what an author says again counts once, and where the first time is withdrawn, too', () => {
  const { book, ask, answer } = setup()
  const task = ask('whose?', SELF)
  for (let i = 0; i < 3; i++) answer(task, 'the same')
  const attempt = book.attempt(task) as Attempt
  const said = (counts: Counts) => [...saidOf(attempt, attempt.contributions, counts)].map(({ seq }) => seq)
  assert.deepEqual(
    said(() => true),
    [1],
  )
  assert.deepEqual(
    said(({ seq }) => seq !== 1),
    [2],
  )
  assert.deepEqual(
    said(({ seq }) => seq > 2),
    [3],
  )
})

test('what an author says again in another log counts where the first one is cut off, whichever came first', () => {
  for (const logs of [
    ['first', 'second'],
    ['second', 'first'],
  ]) {
    const { book, ask, answer } = setup()
    const task = ask('whose?', SELF)
    for (const log of logs) answer(task, 'the same', STRANGER, log)
    const attempt = book.attempt(task) as Attempt
    const said = (counts: Counts) => [...saidOf(attempt, attempt.contributions, counts)]
    assert.deepEqual(
      said(({ logId }) => logId !== 'first').map(({ logId }) => logId),
      ['second'],
    )
    assert.equal(said(() => true).length, 1)
  }
})

test('so many entries of a kind are kept about a task, and of these so many by one; own ones always', () => {
  const { book, ask, answer } = setup()
  const task = ask('whose?')
  for (let i = 0; i <= RECORDS_PER_AUTHOR_MAX; i++) answer(task, `stranger ${i}`)
  assert.equal(book.attempt(task)?.contributions.size, RECORDS_PER_AUTHOR_MAX)
  for (let i = RECORDS_PER_AUTHOR_MAX; i <= RECORDS_PER_TASK_MAX; i++)
    answer(task, 'another', `did:key:z${i}` as Did)
  assert.equal(book.attempt(task)?.contributions.size, RECORDS_PER_TASK_MAX)
  answer(task, 'mine', SELF)
  assert.equal(book.attempt(task)?.contributions.size, RECORDS_PER_TASK_MAX + 1)
})

test('asks that are not kept leave nothing behind, however many come', () => {
  const { book, ask } = setup()
  const own = ask('mine', SELF)
  for (let i = 0; i < 10 * ASKS_MAX; i++) ask('mine', i % 2 ? STRANGER : (`did:key:z${i}` as Did))
  const attempt = book.attempt(own)
  assert.equal(attempt?.asks.length, ASKS_MAX)
  assert.equal(book.entriesIn('log' as LogId).size, ASKS_MAX)
  assert.equal(attempt?.bytes, ASKS_MAX * encodeTask({ text: 'mine', space: COMMONS }).length)
})

test('so many asks of a task are kept, and of these so many by one; an own one always', () => {
  const { book, ask } = setup()
  const task = ask('again?')
  for (let i = 0; i <= ASKS_PER_ASKER_MAX; i++) ask('again?')
  assert.equal(book.attempt(task)?.asks.length, ASKS_PER_ASKER_MAX)
  for (let i = 0; i <= ASKS_MAX; i++) ask('again?', `did:key:z${i}` as Did)
  assert.equal(book.attempt(task)?.asks.length, ASKS_MAX)
  ask('again?', SELF)
  assert.equal(book.attempt(task)?.asks.length, ASKS_MAX + 1)
})

test('answers to what nobody asked are bounded as well', () => {
  const { answer, asked, book } = setup()
  const tasks = Array.from({ length: FOREIGN_TASKS_MAX + 1 }, (_, i) =>
    bytesToDigest(sha256(Buffer.from(`${i}`))),
  )
  for (const task of tasks) answer(task, 'x')
  assert.equal(asked(), 0)
  assert.equal(book.attempt(tasks[0]!), undefined)
  assert.ok(book.attempt(tasks.at(-1)!))
})
