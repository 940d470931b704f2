import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createAggregationParams } from '../../../../../src/core/reasoning/aggregation-params.ts'
import {
  correlationOf,
  entangledBy,
  entanglementOf,
  priorLift,
} from '../../../../../src/core/reasoning/synthesis/entanglement.ts'
import { createQuantumParams } from '../../../../../src/core/reasoning/synthesis/quantum-params.ts'

const params = createAggregationParams()
const quantum = createQuantumParams()
const lift = (overlap: number, gain: number, answers = 0): number =>
  priorLift([{ overlap, gain }], answers, params, quantum)

test('from .55 on two count as one; below, as far as they are correlated', () => {
  assert.equal(entangledBy(0.55, params), 1)
  assert.equal(entangledBy(0.54, params), 0.54)
  const shared = { both: 20, onlyA: 5, onlyB: 5, neither: 10 }
  const correlation = correlationOf(shared, params)
  assert.ok(correlation > 0 && correlation < 0.55)
  assert.equal(entanglementOf(shared, params), correlation)
})

describe('a prior by a partner’s evidence', () => {
  test('is Δ · correlation · .45', () => {
    assert.ok(Math.abs(lift(0.8, 0.2) - 0.2 * 0.8 * 0.45) < 1e-12)
  })
  test('is never more than its cap, however good the partner', () => {
    assert.equal(lift(1, 0.7), 0.15)
    assert.equal(lift(1, 1), 0.15)
  })
  test('is none without evidence, and never below none', () => {
    assert.equal(lift(1, 0), 0)
    assert.equal(lift(1, -0.5), 0)
    assert.equal(priorLift([], 0, params, quantum), 0)
  })
  test('is none of who is not entangled', () => {
    assert.equal(lift(0.54, 0.5), 0)
    assert.ok(lift(0.55, 0.5) > 0)
  })
  test('fades with own answers, and is gone once there are enough', () => {
    assert.ok(Math.abs(lift(1, 0.2, 5) - lift(1, 0.2) / 2) < 1e-12)
    assert.equal(lift(1, 0.7, 10), 0)
    assert.equal(lift(1, 0.7, 11), 0)
  })
  test('takes the best partner alone: a house cannot pile up its members', () => {
    const many = Array.from({ length: 100 }, () => ({ overlap: 1, gain: 0.2 }))
    assert.equal(priorLift(many, 0, params, quantum), lift(1, 0.2))
  })
})
