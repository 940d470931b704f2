import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ageFactor,
  decoherence,
  decoherenceChanges,
  decoherenceView,
} from '../../../../../src/core/reasoning/synthesis/decoherence.ts'
import { createQuantumParams } from '../../../../../src/core/reasoning/synthesis/quantum-params.ts'
import * as age from '../../../../../src/core/retrieval/age.ts'
import { createRetrievalParams } from '../../../../../src/core/retrieval/params.ts'

const DAY_MS = 24 * 3_600_000

test('the function is the one that retrieval uses, with the numbers of the design', () => {
  assert.equal(decoherence, age.decoherence)
  assert.equal(ageFactor, age.ageFactor)
  assert.deepEqual(decoherenceView(createRetrievalParams()), { rate: 0.1, floor: 0.15, weight: 0.15 })
})

test('off, age weighs nothing', () => {
  const off = createRetrievalParams(decoherenceChanges(createQuantumParams({ isOn: { decoherence: false } })))
  assert.equal(ageFactor(1_000 * DAY_MS, off), 1)
  const on = createRetrievalParams(decoherenceChanges(createQuantumParams()))
  assert.ok(ageFactor(1_000 * DAY_MS, on) < 1)
})
