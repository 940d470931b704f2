/** What an entangled partner has earned reaches a contributor that is still uncertain, and nobody else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAggregationParams } from '../../../../src/core/reasoning/aggregation-params.ts'
import { createEntangledPrior } from '../../../../src/core/reasoning/entangled-prior.ts'
import { createQuantumParams } from '../../../../src/core/reasoning/synthesis/quantum-params.ts'
import { learnTrackRecord, type ScoredTask } from '../../../../src/core/reasoning/track-record.ts'
import { answer } from './fixtures-aggregate.ts'

const params = createAggregationParams()
const CHOICES = ['a', 'b', 'c', 'd']
/** Both are right but in one of four tasks; the newcomer has answered the last of them. */
const tasksOf = (old: string, newcomer: string, together: number): ScoredTask[] =>
  Array.from({ length: 40 }, (_, i) => {
    const text = i % 4 === 0 ? 'b' : 'a'
    const contributions = [answer(old, text), ...(i >= 40 - together ? [answer(newcomer, text)] : [])]
    return { id: `t${i}`, domain: 'd', choices: CHOICES, contributions, right: 'a' }
  })
const CHANCES: Record<string, number> = { 'did:a m': 0.75, 'did:b m': 0.5, 'did:a n': 0.5 }
const chanceOf = (contributor: string): number | null => CHANCES[contributor] ?? null

function lifted(newcomer: string, together: number, isOn = true): number | null {
  const tasks = tasksOf('did:a m', newcomer, together)
  const quantum = createQuantumParams({ isOn: { entanglement: isOn } })
  const record = learnTrackRecord(tasks, params)
  const prior = createEntangledPrior(tasks, record, () => false, params, quantum)
  return prior(newcomer, chanceOf(newcomer), chanceOf)
}

test('less the more it has answered itself, and nothing from ten answers on', () => {
  // .75 is .5 above chance: .45 of that is above the cap of .15, of which a tenth is left at nine answers.
  assert.ok(Math.abs((lifted('did:b m', 9) as number) - (0.5 + 0.15 / 10)) < 1e-12)
  assert.ok(Math.abs((lifted('did:b m', 8) as number) - (0.5 + (0.15 * 2) / 10)) < 1e-3)
  assert.equal(lifted('did:b m', 10), 0.5)
})

test('none where they have hardly ever answered the same, or where it is off', () => {
  assert.equal(lifted('did:b m', 2), 0.5)
  assert.equal(lifted('did:b m', 9, false), 0.5)
})

test('models of one spore are trust’s own matter, and of whom nothing is known nothing is assumed', () => {
  assert.equal(lifted('did:a n', 9), 0.5)
  assert.equal(lifted('did:c m', 9), null)
})
