import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  createQuantumParams,
  MECHANISMS,
  type QuantumChanges,
  SWITCHES,
  switchesOf,
} from '../../../../../src/core/reasoning/synthesis/quantum-params.ts'

test('the defaults are the design’s, and only what met its line is on', () => {
  const params = createQuantumParams()
  assert.deepEqual(
    [params.hotTemperature, params.coldTemperature, params.constructiveGain, params.destructiveFloor],
    [1, 0.3, 0.4, 0.25],
  )
  assert.deepEqual([params.tunnellingMax, params.tunnellingFrom, params.tunnellingPause], [0.92, 0.18, 3])
  assert.equal(params.priorShare, 0.45)
  assert.deepEqual(
    MECHANISMS.filter((one) => !SWITCHES[one]),
    ['interference', 'tunnelling'],
  )
  assert.ok(Object.isFrozen(params) && Object.isFrozen(params.isOn))
})

test('one switch changes no other', () => {
  assert.deepEqual(createQuantumParams({ isOn: { tunnelling: true } }).isOn, {
    ...SWITCHES,
    tunnelling: true,
  })
  assert.deepEqual(switchesOf(false, ['annealing']).annealing, true)
  assert.equal(Object.values(switchesOf(true)).every(Boolean), true)
})

describe('a value outside of its range throws', () => {
  const wrong: readonly QuantumChanges[] = [
    { hotTemperature: 2.01 },
    { coldTemperature: -0.01 },
    { hotTemperature: 0.2 },
    { alignedFrom: 1.01 },
    { constructiveGain: 10.1 },
    { destructiveFloor: 1.01 },
    { destructiveSlope: -1 },
    { tunnellingMax: 1.01 },
    { tunnellingFrom: -0.01 },
    { tunnellingRoundsMin: 0 },
    { tunnellingRoundsMin: 1.5 },
    { tunnellingPause: 101 },
    { priorShare: Number.NaN },
    { priorMax: 0.51 },
    { uncertainBelow: 0 },
    { unheard: 1 } as QuantumChanges,
    { isOn: { unheard: true } } as unknown as QuantumChanges,
  ]
  for (const changes of wrong)
    test(JSON.stringify(changes), () => assert.throws(() => createQuantumParams(changes), RangeError))
})
