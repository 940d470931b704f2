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

const dated = (...of: Parameters<typeof find>) => {
  const found = find(...of)
  return found && `${found.kind} ${found.newest}`
}

test('a fall is dated where it is plainest, and needs three outcomes', () => {
  assert.equal(dated('---', 50, 0), 'fall 3')
  assert.equal(dated('-----', 50, 0), 'fall 5')
  assert.equal(dated('--', 500, 0), null)
  assert.equal(dated(`----${'+'.repeat(20)}`, 50, 0), 'fall 4')
  assert.equal(dated('--+--', 50, 0), 'fall 5')
})

test('the plainer it is, the less it may be luck', () => {
  const doubts = ['-++-+', '---', '-----', '----------'].map((newest) => find(newest, 40, 10)?.doubt ?? 1)
  assert.deepEqual(
    [...doubts].sort((a, b) => b - a),
    doubts,
  )
  assert.equal(doubts[0], 1)
  assert.ok((doubts[3] as number) < 0.001)
})

test('who was wrong as often before has not fallen, and where little came before little is told', () => {
  assert.equal(find('----', 15, 35), null)
  assert.equal(find('----', 2, 0), null)
  assert.ok((find('----', 4, 0)?.doubt ?? 1) > 0.1)
  assert.equal(find('-'.repeat(32), 0, 0), null)
})

test('a rise needs sixteen outcomes, and brings along what was wrong since', () => {
  assert.equal(dated('+'.repeat(15), 0, 50), null)
  assert.equal(dated('+'.repeat(16), 0, 50), 'rise 16')
  assert.equal(dated(`${'+'.repeat(20)}${'-'.repeat(4)}`, 0, 50), 'rise 24')
})

test('a fall wins over a rise', () => {
  assert.equal(find('+'.repeat(27), 0, 8)?.kind, 'rise')
  assert.equal(find(`-----${'+'.repeat(27)}`, 0, 8)?.kind, 'fall')
})

test('who stays as he is seems to have plainly changed in few of a hundred tasks', () => {
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
      if (!found || found.doubt > 0.1) continue
      if (found.kind === 'fall') falls++
      else rises++
    }
    console.log(`right in ${100 * quality} %: plain falls ${falls}, plain rises ${rises} of ${tasks}`)
    assert.ok(falls < 0.03 * tasks, `${falls} falls`)
    assert.ok(rises < 0.03 * tasks, `${rises} rises`)
  }
})
