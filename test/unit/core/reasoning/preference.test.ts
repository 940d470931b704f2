/** Who is asked first: by trust, by speed among equals, and now and then to learn. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Did, Digest } from '../../../../src/core/base/brand.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import {
  type Candidate,
  exploredOf,
  isBeaten,
  orderOf,
  PREFERENCE_PARAMS,
} from '../../../../src/core/reasoning/preference.ts'

const taskOf = (i: number): Digest => bytesToDigest(sha256(Buffer.from(`task ${i}`)))
const TASK = taskOf(0)
const names = (list: readonly Candidate[]): string[] => list.map(({ author }) => author)

/** Of `right` and `wrong` answers that were judged, as a Beta posterior over chance has it. */
function peer(name: string, right: number, wrong: number, more: Partial<Candidate> = {}): Candidate {
  const [a, b] = [right + 1, wrong + 1]
  const mean = a / (a + b)
  const uncertainty = Math.sqrt((mean * (1 - mean)) / (a + b + 1))
  const trust = { mean, uncertainty, lower: Math.max(0, mean - uncertainty) }
  const known = { answered: 1, streak: 0, typicalMs: 100, isAway: false, isMute: false, since: 1 }
  return { author: name as Did, trust, ...known, ...more }
}

describe('the order', () => {
  test('is that of trust where it differs by more than is known of it, however slow the better one is', () => {
    const order = orderOf(
      [peer('fast', 30, 30, { typicalMs: 1 }), peer('good', 57, 3, { typicalMs: 900 })],
      TASK,
    )
    assert.deepEqual(names(order), ['good', 'fast'])
  })

  test('is that of speed where trust differs by less', () => {
    const order = orderOf(
      [peer('slow', 56, 4, { typicalMs: 900 }), peer('fast', 55, 5, { typicalMs: 90 })],
      TASK,
    )
    assert.deepEqual(names(order), ['fast', 'slow'])
  })

  test('is that of trust among equals where neither takes twice as long', () => {
    const better = peer('better', 56, 4, { typicalMs: 199 })
    assert.deepEqual(names(orderOf([peer('fast', 55, 5), better], TASK)), ['better', 'fast'])
    const slow = { ...better, typicalMs: 200 }
    assert.deepEqual(names(orderOf([peer('fast', 55, 5), slow], TASK)), ['fast', 'better'])
  })

  test('has those who left tasks unanswered behind the others, and those who are away behind all', () => {
    const candidates = [
      peer('away', 60, 0, { isAway: true }),
      peer('mute', 60, 0, { isMute: true }),
      peer('bad', 1, 60),
      peer('good', 50, 10),
    ]
    assert.deepEqual(names(orderOf(candidates, TASK)), ['good', 'bad', 'mute', 'away'])
  })

  test('does not depend on the order in which they are listed, and is another one of equals for each task', () => {
    const equals = ['a', 'b', 'c', 'd'].map((name) => peer(name, 0, 0, { typicalMs: null }))
    const firsts = new Set<string>()
    for (let i = 0; i < 40; i++) {
      const order = names(orderOf(equals, taskOf(i)))
      assert.deepEqual(names(orderOf(equals.toReversed(), taskOf(i))), order)
      firsts.add(order[0] as string)
    }
    assert.equal(firsts.size, 4)
  })

  test('takes who was never measured for as fast as the others are', () => {
    const candidates = [
      peer('new', 20, 2, { typicalMs: null }),
      peer('fast', 20, 2, { typicalMs: 10 }),
      peer('slow', 20, 2, { typicalMs: 500 }),
    ]
    assert.deepEqual(names(orderOf(candidates, TASK)), ['fast', 'new', 'slow'])
  })
})

describe('who is asked besides', () => {
  const COLD = 1_000
  const exploredIn = (
    candidates: readonly Candidate[],
    i: number,
    settled = COLD,
    params = PREFERENCE_PARAMS,
  ) => {
    const order = orderOf(candidates, taskOf(i), params)
    return names(exploredOf(order, order.slice(0, 1), settled, taskOf(i), params))
  }
  const share = (candidates: readonly Candidate[], of: string, params = PREFERENCE_PARAMS): number => {
    const rounds = 2_000
    let times = 0
    for (let i = 0; i < rounds; i++) if (exploredIn(candidates, i, COLD, params).includes(of)) times++
    return times / rounds
  }
  const best = peer('best', 95, 5)
  const { coldShare, longestShare, hotShare, surpriseShare } = PREFERENCE_PARAMS

  test('is the same for the same task', () => {
    const candidates = [best, peer('b', 3, 3), peer('c', 3, 3)]
    for (let i = 0; i < 50; i++) assert.deepEqual(exploredIn(candidates, i), exploredIn(candidates, i))
  })

  test('is a newcomer far more often than one who is known to be bad', () => {
    const candidates = [best, peer('newcomer', 0, 0, { typicalMs: null }), peer('bad', 10, 90)]
    assert.ok(share(candidates, 'newcomer') > 3 * share(candidates, 'bad'))
  })

  test('is by turns also one who is known to be bad: he may have become good', () => {
    const candidates = [best, peer('bad', 1, 99, { since: 50 }), peer('other', 1, 99)]
    const expected = coldShare * (longestShare + (1 - longestShare) / 2)
    assert.ok(Math.abs(share(candidates, 'bad') - expected) < 0.03)
  })

  test('is one who was bad, and gives one right answer after the other', () => {
    const candidates = [best, peer('bad', 4, 30, { streak: 3 }), peer('other', 4, 30)]
    assert.ok(share(candidates, 'bad') >= surpriseShare - 0.03)
    const luck = [best, peer('good', 40, 4, { streak: 32 }), peer('other', 4, 30)]
    assert.ok(share(luck, 'good') < surpriseShare, 'of who is good a row of right answers is no surprise')
  })

  test('are more of them while nothing is settled, and none twice', () => {
    const candidates = [best, peer('b', 1, 99), peer('c', 1, 99), peer('d', 1, 99)]
    const count = (settled: number) => {
      let all = 0
      for (let i = 0; i < 500; i++) {
        const explored = exploredIn(candidates, i, settled)
        assert.equal(new Set(explored).size, explored.length)
        all += explored.length
      }
      return all / 500
    }
    assert.equal(count(0), hotShare)
    assert.ok(count(10) < hotShare)
    assert.ok(Math.abs(count(COLD) - coldShare) < 0.05)
    const few = exploredIn([best, peer('b', 0, 0)], 0, 0)
    assert.ok(few.length <= 1)
  })

  test('is nobody where the draw is against it and nobody else is likely to be better', () => {
    const params = { ...PREFERENCE_PARAMS, coldShare: 0 }
    assert.equal(share([best, peer('bad', 1, 99)], 'bad', params), 0)
  })

  test('is nobody who is away, and nobody who is called anyway', () => {
    const candidates = [best, peer('away', 0, 0, { isAway: true })]
    for (let i = 0; i < 50; i++) assert.deepEqual(exploredIn(candidates, i, 0), [])
  })
})

test('who answers only every other time is worth half', () => {
  const order = orderOf([peer('mostly silent', 57, 3, { answered: 0.5 }), peer('steady', 45, 15)], TASK)
  assert.deepEqual(names(order), ['steady', 'mostly silent'])
})

test('who was best is beaten where another is clearly better, and is there', () => {
  const fallen = peer('fallen', 3, 20)
  assert.ok(isBeaten(fallen, [fallen, peer('good', 50, 5)]))
  assert.ok(!isBeaten(fallen, [fallen, peer('good', 50, 5, { isAway: true })]))
  assert.ok(!isBeaten(peer('a', 50, 5), [peer('b', 51, 4)]))
})
