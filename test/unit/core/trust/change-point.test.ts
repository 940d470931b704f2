/** When outcomes are of another quality than before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findChange, lowerTail } from '../../../../src/core/trust/change-point.ts'
import { createTrustParams } from '../../../../src/core/trust/trust-params.ts'
import { createRandom } from '../../../../src/sim/random.ts'

const params = createTrustParams()
/** `newest` from the newest, as `+` and `-`; before them, so many right and wrong. */
const find = (newest: string, right: number, wrong: number) => {
  const outcomes = [...newest].map((one): number => (one === '+' ? 1 : 0))
  const rights = outcomes.reduce((sum, one) => sum + one, 0)
  return findChange(outcomes, right + rights, wrong + outcomes.length - rights, params)
}

test('the tail is the beta-binomial: of all hits it is 1, of none what repeated draws give', () => {
  assert.ok(Math.abs(lowerTail(10, 10, 3, 4) - 1) < 1e-12)
  // After 50 of 50, three misses: 1/52 · 2/53 · 3/54 by Laplace's rule.
  assert.ok(Math.abs(lowerTail(0, 3, 51, 1) - 6 / (52 * 53 * 54)) < 1e-15)
})

test('a fall is told by the shortest stretch that shows it, and needs three outcomes', () => {
  assert.deepEqual(find('---', 50, 0), { kind: 'fall', newest: 3 })
  assert.deepEqual(find('-----', 50, 0), { kind: 'fall', newest: 3 })
  assert.equal(find('--', 500, 0), null)
  assert.deepEqual(find('--+--', 50, 0)?.kind, 'fall')
})

test('who was wrong as often before has not fallen, and where little came before nothing is told', () => {
  assert.equal(find('----', 25, 25), null)
  assert.equal(find('----', 4, 0), null)
  assert.equal(find('-'.repeat(32), 0, 0), null)
})

test('a rise needs more than a fall: sixteen outcomes, and the longest stretch', () => {
  assert.equal(find('+'.repeat(15), 0, 50), null)
  assert.deepEqual(find('+'.repeat(16), 0, 50), { kind: 'rise', newest: 16 })
  assert.deepEqual(find(`${'+'.repeat(20)}${'-'.repeat(4)}`, 0, 50), { kind: 'rise', newest: 24 })
})

test('a fall wins over a rise', () => {
  assert.equal(find('+'.repeat(27), 0, 8)?.kind, 'rise')
  assert.equal(find(`-----${'+'.repeat(27)}`, 0, 8)?.kind, 'fall')
})

test('who stays as he is seems to have fallen in few of a hundred tasks', () => {
  for (const quality of [0.6, 0.75, 0.9]) {
    const random = createRandom(`change point ${quality}`)
    const newest: number[] = []
    let [right, wrong, falls, rises] = [0, 0, 0, 0]
    const tasks = 5000
    for (let i = 0; i < tasks; i++) {
      const isRight = random.chance(quality)
      if (isRight) right++
      else wrong++
      newest.unshift(isRight ? 1 : 0)
      newest.length = Math.min(newest.length, 32)
      const found = findChange(newest, right, wrong, params)
      if (found?.kind === 'fall') falls++
      if (found?.kind === 'rise') rises++
    }
    console.log(`right in ${100 * quality} %: falls ${falls}, rises ${rises} of ${tasks}`)
    assert.ok(falls < 0.03 * tasks, `${falls} falls`)
    assert.ok(rises < 0.01 * tasks, `${rises} rises`)
  }
})
