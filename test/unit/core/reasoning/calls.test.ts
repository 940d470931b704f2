/** Whom an asker has called, as entries say: of the asker alone, in the task's space, bounded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did, Digest, SpaceId } from '../../../../src/core/base/brand.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import type { Change } from '../../../../src/core/memory/change.ts'
import { nextTime } from '../../../../src/core/memory/clock.ts'
import { encodeCall } from '../../../../src/core/protocol/call-payload.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { CALLED_MAX } from '../../../../src/core/protocol/task-limits.ts'
import { encodeContribution, encodeSeal, encodeTask } from '../../../../src/core/protocol/task-payloads.ts'
import type { Attempt } from '../../../../src/core/reasoning/attempt.ts'
import { areSilent, calledBy, calledIn, silentInMs } from '../../../../src/core/reasoning/calls.ts'
import { createReserve, RESERVE_MAX } from '../../../../src/core/reasoning/reserve.ts'
import { createTaskBook, RECORDS_PER_AUTHOR_MAX } from '../../../../src/core/reasoning/task-book.ts'
import { COMMONS } from '../memory/replica.ts'

const who = (name: string): Did => `did:key:z${name}` as Did
const [SELF, ADA, BOB, LIAR] = ['Self', 'Ada', 'Bob', 'Liar'].map(who) as [Did, Did, Did, Did]
const all = () => true

function setup() {
  const book = createTaskBook(SELF)
  let seq = 0
  const say = (
    author: Did,
    kind: number,
    payload: Uint8Array,
    { ms = seq, space = COMMONS }: { ms?: number; space?: SpaceId } = {},
  ): Digest => {
    const element = bytesToDigest(sha256(payload))
    const clock = nextTime(0, 1_000_000 + ms)
    const change = { logId: `log ${author}`, seq: seq++, kind, payload, element, author, space }
    book.note({ ...change, clock, arrival: seq } as unknown as Change)
    return element
  }
  const task = bytesToDigest(sha256(encodeTask({ text: 'Which one?', space: COMMONS })))
  const ask = (author: Did, ms = 0) =>
    say(author, KINDS.task, encodeTask({ text: 'Which one?', space: COMMONS }), { ms })
  const call = (author: Did, called: readonly Did[], more = {}) =>
    say(author, KINDS.call, encodeCall({ task, called }), more)
  return { book, say, ask, call, task, attempt: () => book.attempt(task) as Attempt }
}

test('an asker’s calls count, with the time since it asked, and those of nobody else', () => {
  const { ask, call, attempt } = setup()
  call(ADA, [BOB, SELF], { ms: 0 })
  ask(ADA)
  call(LIAR, [LIAR], { ms: 1 })
  call(ADA, [LIAR], { ms: 500 })
  const called = calledBy(attempt(), ADA, all)
  assert.deepEqual(called, {
    all: new Map([
      [BOB, 0],
      [SELF, 0],
      [LIAR, 500],
    ]),
    first: 2,
    isFurther: true,
  })
  assert.equal(calledBy(attempt(), LIAR, all), null, 'it does not ask')
  assert.deepEqual(calledIn(attempt(), all, all), called)
})

test('a call in another space, or one that was cut off, says nothing', () => {
  const { ask, call, attempt } = setup()
  ask(ADA)
  call(ADA, [BOB], { space: 'elsewhere' as SpaceId })
  assert.equal(calledBy(attempt(), ADA, all), null)
  call(ADA, [BOB, SELF])
  assert.ok(calledBy(attempt(), ADA, all))
  assert.equal(
    calledBy(attempt(), ADA, ({ payload }) => !Object.hasOwn(payload as object, 'called')),
    null,
  )
})

test('where one of the askers that are listened to called nobody, everybody may answer', () => {
  const { ask, call, attempt } = setup()
  ask(ADA)
  ask(BOB)
  call(ADA, [SELF])
  assert.equal(calledIn(attempt(), all, all), null)
  assert.deepEqual([...(calledIn(attempt(), (asker) => asker === ADA, all)?.all.keys() ?? [])], [SELF])
  assert.equal(
    calledIn(attempt(), () => false, all),
    null,
  )
})

test('a liar who asks the same and calls itself keeps nobody from what another asker wants', () => {
  const { ask, call, attempt } = setup()
  ask(ADA)
  call(ADA, [SELF])
  ask(LIAR)
  call(LIAR, [LIAR])
  assert.ok(calledIn(attempt(), all, all)?.all.has(SELF))
  assert.ok(calledBy(attempt(), ADA, all)?.all.has(SELF))
})

test('so many are called at most, however many are named in however many entries', () => {
  const { ask, call, attempt } = setup()
  ask(ADA)
  for (let i = 0; i <= RECORDS_PER_AUTHOR_MAX; i++)
    call(
      ADA,
      Array.from({ length: CALLED_MAX }, (_, j) => who(`${i}x${j}`)),
    )
  assert.ok(attempt().calls.size <= RECORDS_PER_AUTHOR_MAX)
  assert.equal(calledBy(attempt(), ADA, all)?.all.size, CALLED_MAX)
})

test('those who are called are silent past half of the time without a seal, or a step more without an answer', () => {
  const { ask, call, say, task, attempt } = setup()
  ask(ADA)
  call(ADA, [BOB])
  const at = (elapsedMs: number) => areSilent(attempt(), { elapsedMs, totalMs: 10_000 }, all)
  assert.deepEqual([at(4_999), at(5_000)], [false, true])
  const outcome = { text: 'red', quotes: [], failure: null } as const
  const answer = encodeContribution({ task, model: 'm', by: BOB, outcome })
  say(BOB, KINDS.contribution, encodeSeal({ task, round: 0, seal: bytesToDigest(sha256(answer)) }))
  assert.deepEqual([at(5_000), at(6_499), at(6_500)], [false, false, true])
  say(BOB, KINDS.contribution, answer)
  assert.equal(at(9_000), false)
  const due = (elapsedMs: number) => silentInMs({ elapsedMs, totalMs: 10_000 })
  assert.deepEqual([due(0), due(5_000), due(6_500)], [5_000, 1_500, Number.POSITIVE_INFINITY])
})

test('so many attempts are watched; one more is left to others', async () => {
  const waiting: AbortSignal[] = []
  const jobs: Promise<void>[] = []
  const due: string[] = []
  const reserve = createReserve({
    clock: {
      sleep: (_, signal) =>
        new Promise((resolve) => {
          waiting.push(signal as AbortSignal)
          signal?.addEventListener('abort', () => resolve())
        }),
    },
    run: (job) => void jobs.push(job()),
    onDue: ({ id }) => due.push(id),
  })
  const watch = (i: number) => reserve.watch({ id: `task ${i}` } as never, ADA, 10)
  for (let i = 0; i <= RESERVE_MAX; i++) watch(i)
  watch(0)
  assert.equal(waiting.length, RESERVE_MAX)
  reserve.drop('task 0' as Digest)
  watch(RESERVE_MAX)
  assert.equal(waiting.length, RESERVE_MAX + 1)
  reserve.stop()
  await Promise.all(jobs)
  assert.deepEqual(due, [])
})
