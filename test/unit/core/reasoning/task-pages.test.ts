/** Pages of tasks: how many there are, and how few of them are looked at for that. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did, Digest, SpaceId } from '../../../../src/core/base/brand.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import { ok } from '../../../../src/core/base/result.ts'
import type { Hides } from '../../../../src/core/moderation/shown.ts'
import type { TaskStatus } from '../../../../src/core/protocol/api.ts'
import { createTaskIndex } from '../../../../src/core/reasoning/task-index.ts'
import { createTaskPages } from '../../../../src/core/reasoning/task-pages.ts'
import type { Standing } from '../../../../src/core/reasoning/task-view.ts'

const [ada, bob] = ['did:key:ada', 'did:key:bob'] as [Did, Did]
const [commons, notes] = ['commons', 'notes'] as [SpaceId, SpaceId]
const ROWS = 1_000
/** One in so many questions has a word of bob's, one was cancelled, one is of the other space. */
const BOB_EVERY = 200
const CANCELLED_EVERY = 10
const NOTES_EVERY = 4
const LIMIT = 20

const questionOf = (i: number): Digest => bytesToDigest(sha256(new TextEncoder().encode(`question ${i}`)))
const statusOf = (i: number): TaskStatus => (i % CANCELLED_EVERY === 0 ? 'cancelled' : 'converged')

/** To who does not see bob, what he took part in is open. */
function pagesOf() {
  const index = createTaskIndex()
  const numbers = new Map<Digest, number>()
  for (let i = 0; i < ROWS; i++) {
    numbers.set(questionOf(i), i)
    index.set(questionOf(i), {
      space: i % NOTES_EVERY === 0 ? notes : commons,
      status: statusOf(i),
      askedAt: i + 1,
      answeredAt: i + 1,
      authors: i % BOB_EVERY === 0 ? [ada, bob] : [ada],
    })
  }
  const looked = { times: 0 }
  const pages = createTaskPages({
    index,
    spaces: { resolve: (name) => ok(name as SpaceId) },
    standingAt(question, hides) {
      looked.times++
      const i = numbers.get(question) as number
      return {
        status: hides?.(bob, 'private' as SpaceId) && i % BOB_EVERY === 0 ? 'open' : statusOf(i),
      } as Standing
    },
  })
  const total = (hides: Hides | undefined, status: TaskStatus | null, space?: string): number => {
    looked.times = 0
    const query = { limit: LIMIT, ...(space !== undefined && { space }) }
    const cut = pages.cut(index.asked, query, hides, (is) => status === null || is === status)
    assert.ok(cut.ok)
    return cut.value.total
  }
  return { index, total, looked }
}

test('the total is told without a look at what is not on the page', () => {
  const { index, total, looked } = pagesOf()
  assert.equal(total(undefined, null), ROWS)
  assert.equal(total(undefined, 'cancelled'), ROWS / CANCELLED_EVERY)
  assert.equal(total(undefined, 'cancelled', notes), ROWS / (CANCELLED_EVERY * 2))
  assert.ok(looked.times <= LIMIT + 1, `${looked.times}`)
  index.set(questionOf(0), null)
  const { space, askedAt, authors } = index.get(questionOf(1)) as NonNullable<ReturnType<typeof index.get>>
  index.set(questionOf(1), { space, askedAt, authors, status: 'cancelled', answeredAt: null })
  assert.deepEqual(
    [total(undefined, null), total(undefined, 'cancelled'), total(undefined, 'converged')],
    [ROWS - 1, ROWS / CANCELLED_EVERY, ROWS - 1 - ROWS / CANCELLED_EVERY],
  )
})

test('where somebody is hidden, what he had no part in is not looked at anew', () => {
  const { total, looked } = pagesOf()
  const hides: Hides = (author) => author === bob
  const ofBob = ROWS / BOB_EVERY
  assert.equal(total(hides, 'open'), ofBob)
  assert.ok(looked.times <= 2 * ofBob, `${looked.times}`)
  assert.equal(total(hides, 'cancelled'), ROWS / CANCELLED_EVERY - ofBob)
  assert.equal(total(hides, null), ROWS)
  assert.ok(looked.times <= LIMIT + 1 + ofBob, `${looked.times}`)
})
