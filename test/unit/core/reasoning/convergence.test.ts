/** How far contributors agree, and where that leaves a task. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAggregationParams } from '../../../../src/core/reasoning/aggregation-params.ts'
import {
  agreementOf,
  CLAIMS_MAX,
  POSITIONS_MAX,
  type Position,
  withoutDominance,
} from '../../../../src/core/reasoning/agreement.ts'
import { freeClass } from '../../../../src/core/reasoning/answer-classes.ts'
import { createClaimSimilarity } from '../../../../src/core/reasoning/claim-similarity.ts'
import { convergenceOf, type RoundAgreement } from '../../../../src/core/reasoning/convergence.ts'

const params = createAggregationParams()
const similarity = createClaimSimilarity()

const position = (
  author: string,
  answer: string | null,
  claims: string[] = [],
  rest: Partial<Position> = {},
): Position => ({
  author,
  owner: author,
  modelFamily: null,
  class: answer === null ? null : freeClass(answer),
  claims,
  ...rest,
})
const agreement = (...positions: Position[]) => agreementOf(positions, similarity, params)

test('agreement is the share of pairs with the same answer', () => {
  const found = agreement(position('a', '4'), position('b', '4.0'), position('c', 'four'), position('d', '4'))
  assert.deepEqual(found, { agreement: 0.5, isUnanimous: false, independent: 4 })
  assert.equal(agreement(position('a', '4'), position('b', '4.0')).isUnanimous, true)
})

test('one position agrees with nobody, and neither does none', () => {
  assert.deepEqual(agreement(position('a', '4')), { agreement: 0, isUnanimous: false, independent: 1 })
  assert.deepEqual(agreement(), { agreement: 0, isUnanimous: false, independent: 0 })
})

test('without short answers the best claims decide', () => {
  const a = position('a', null, ['The pump failed because its seal had dried out.', 'Nobody was hurt.'])
  const b = position('b', null, ['It rained all week.', 'A dried-out seal made the pump fail.'])
  const c = position('c', null, ['The controller lost power at noon.'])
  assert.equal(agreement(a, b).agreement, 1)
  assert.equal(agreement(a, c).agreement, 0)
  assert.equal(similarity('', 'a pump'), 0)
  assert.equal(similarity('a pump failed', 'a pump failed'), 1)
})

test('copies of one owner or model family count once', () => {
  const copies = ['b', 'c', 'd'].map((name) => position(name, 'yes', ['Because it is so.'], { owner: 'o' }))
  assert.deepEqual(agreement(position('a', 'no'), ...copies), {
    agreement: 0,
    isUnanimous: false,
    independent: 2,
  })
  const family = ['b', 'c'].map((name) => position(name, 'yes', [], { modelFamily: 'm' }))
  assert.equal(agreement(...family).independent, 1)
  assert.equal(agreement(...family).isUnanimous, false)
  const strangers = ['b', 'c'].map((name) => position(name, 'yes', ['Because it is so.']))
  assert.equal(agreement(...strangers).independent, 2)
})

test('who has most of the claims keeps his share of them, and agrees with no more for it', () => {
  // Of 9 claims 6 are one's own: 2 of 5 is the most he may have.
  const loud = position('loud', null, ['alpha', 'beta', 'gamma', 'delta', 'the harbour freezes', 'zeta'])
  const others = [position('b', null, ['omega', 'sigma']), position('c', null, ['the harbour freezes'])]
  const [cut] = withoutDominance([loud, ...others], params)
  assert.deepEqual(cut?.claims, ['alpha', 'beta'])
  assert.equal(agreement(loud, ...others).agreement, 0)
  const fair = { ...loud, claims: ['the harbour freezes', 'alpha'] }
  assert.equal(agreement(fair, ...others).agreement, 1 / 3)
})

test('the order of positions makes no difference', () => {
  // Of one house, each a copy of the next and the first none of the last: who is kept hangs on the order of authors alone.
  const chain = ['aa bb cc dd ee ff gg hh', 'aa bb cc dd ee ff gg', 'aa bb cc dd ee ff']
  const loose = createAggregationParams({ copiesAlikeAt: 0.9 })
  const positions = [
    ...chain.map((claim, i) => position(`${i}`, 'x', [claim], { owner: 'o' })),
    position('x', 'x', ['another thing', 'one thing', 'a third']),
    position('y', 'y', ['one thing']),
  ]
  const found = positions.map((_, i) =>
    agreementOf([...positions.slice(i), ...positions.slice(0, i)], similarity, loose),
  )
  assert.equal(new Set(found.map((one) => JSON.stringify(one))).size, 1)
  assert.deepEqual(found[0], { agreement: 0.5, isUnanimous: false, independent: 4 })
})

test('of claims and positions one more than the bound is not compared', () => {
  const many = Array.from({ length: CLAIMS_MAX }, (_, i) => `word${i}`)
  const uncapped = createAggregationParams({ claimShareMax: 1 })
  const compare = (claims: string[]) =>
    agreementOf([position('a', null, claims), position('b', null, ['harbour'])], similarity, uncapped)
      .agreement
  assert.equal(compare([...many.slice(1), 'harbour']), 1)
  assert.equal(compare([...many, 'harbour']), 0)
  const crowd = Array.from({ length: POSITIONS_MAX }, (_, i) => position(`a${i}`, 'yes'))
  assert.equal(agreement(...crowd).isUnanimous, true)
  assert.equal(agreement(...crowd, position('z', 'no')).isUnanimous, true)
})

const round = (agreed: number, rest: Partial<RoundAgreement> = {}): RoundAgreement => ({
  agreement: agreed,
  isUnanimous: false,
  isDiverge: false,
  isChallenge: false,
  ...rest,
})
const first = (agreed: number, rest: Partial<RoundAgreement> = {}) =>
  round(agreed, { isDiverge: true, ...rest })
const challenge = (agreed: number, rest: Partial<RoundAgreement> = {}) =>
  first(agreed, { isChallenge: true, ...rest })
const verdict = (rounds: readonly RoundAgreement[], roundsMax = 8) =>
  convergenceOf(rounds, roundsMax, params).verdict

test('a task without rounds is open', () => assert.equal(verdict([]), 'open'))

test('three rounds at .70 or more that stay within .05 have converged', () => {
  assert.equal(verdict([first(0.3), round(0.7), round(0.75)]), 'open')
  assert.equal(verdict([first(0.3), round(0.7), round(0.75), round(0.72)]), 'converged')
  assert.equal(verdict([first(0.3), round(0.7), round(0.76), round(0.72)]), 'open', 'it moves by .06')
  assert.equal(verdict([first(0.3), round(0.69), round(0.72), round(0.72)]), 'open', 'one is below')
})

test('the same answer of all, once it was challenged or worked out, has converged', () => {
  assert.equal(verdict([first(0.3), round(1, { isUnanimous: true })]), 'converged')
  const early = first(1, { isUnanimous: true })
  assert.equal(verdict([early]), 'premature')
  assert.equal(verdict([early, challenge(1, { isUnanimous: true })]), 'converged')
})

test('first answers that agree too early are challenged, once, where there is a round left', () => {
  assert.equal(verdict([first(0.7)]), 'premature')
  assert.equal(verdict([first(0.69)]), 'open')
  assert.equal(verdict([first(0.8), challenge(0.8)]), 'open')
  assert.equal(verdict([first(0.8)], 1), 'dissent')
  assert.equal(verdict([first(1, { isUnanimous: true })], 1), 'converged', 'effort quick')
})

test('three crossings lower the threshold to .60', () => {
  const swings = [first(0.5), round(0.72), round(0.6), round(0.72)]
  const twice = convergenceOf(swings.slice(0, 3), 8, params)
  assert.deepEqual([twice.crossings, twice.threshold, twice.isOscillating], [2, 0.7, false])
  const thrice = convergenceOf(swings, 8, params)
  assert.deepEqual([thrice.crossings, thrice.threshold, thrice.isOscillating], [3, 0.6, true])
  assert.equal(verdict([...swings, round(0.62), round(0.61), round(0.63)]), 'converged')
  assert.equal(verdict([first(0.5), round(0.62), round(0.61), round(0.63)]), 'open', 'it never was above')
})

test('rounds used up without agreement end with the dissent', () => {
  const rounds = [first(0.3), round(0.3), round(0.3)]
  assert.equal(verdict(rounds, 4), 'open')
  assert.equal(verdict(rounds, 3), 'dissent')
})
