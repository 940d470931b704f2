import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  annealed,
  samplingTemperature,
  temperatureAt,
} from '../../../../../src/core/reasoning/synthesis/annealing.ts'
import { createQuantumParams } from '../../../../../src/core/reasoning/synthesis/quantum-params.ts'

const params = createQuantumParams()
const off = createQuantumParams({ isOn: { annealing: false } })
const isNear = (a: number, b: number): boolean => Math.abs(a - b) < 1e-12

test('a task begins hot, ends cold in the last of its rounds, and stays cold behind it', () => {
  for (const rounds of [2, 3, 8]) {
    assert.ok(isNear(temperatureAt(0, rounds, params), 1))
    assert.ok(isNear(temperatureAt(rounds - 1, rounds, params), 0.3))
    assert.ok(isNear(temperatureAt(rounds, rounds, params), 0.3))
  }
})

test('in the middle it is halfway, and it never rises', () => {
  assert.ok(isNear(temperatureAt(1, 3, params), 0.65))
  const schedule = Array.from({ length: 8 }, (_, round) => temperatureAt(round, 8, params))
  assert.deepEqual(
    schedule,
    [...schedule].sort((a, b) => b - a),
  )
})

test('the only round of a task is its first', () => {
  assert.equal(temperatureAt(0, 1, params), 1)
  assert.equal(temperatureAt(0, 0, params), 1)
})

test('a round that tunnelling begins is hot, whichever it is; off, models keep their own temperature', () => {
  assert.equal(samplingTemperature({ round: 5, rounds: 8, isReopened: true }, params), 1)
  assert.ok((samplingTemperature({ round: 5, rounds: 8, isReopened: false }, params) as number) < 0.6)
  assert.equal(samplingTemperature({ round: 0, rounds: 8, isReopened: true }, off), null)
})

test('from hot to cold along half a cosine, and no colder beyond its end', () => {
  assert.deepEqual(
    [0, 0.5, 1, 7].map((passed) => Math.round(annealed(passed, 2, 0.1) * 1000)),
    [2000, 1050, 100, 100],
  )
})
