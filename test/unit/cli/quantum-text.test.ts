import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeQuantum } from '../../../src/cli/quantum-text.ts'
import type { Quantum } from '../../../src/core/protocol/api.ts'

const tunnelling = {
  ...{ chance: 0.5, confidence: 0.5, dissent: 0, seed: 'ab'.repeat(16), draw: 0.25, premise: 'south' },
  isFired: true,
}
const shown = (answer: string): Quantum => ({
  switches: {
    ...{ annealing: true, superposition: true, interference: false },
    ...{ tunnelling: true, entanglement: true, decoherence: true },
  },
  decoherence: { rate: 0.1, floor: 0.15, weight: 0.15 },
  tasks: [
    {
      ...{ task_id: 'bafy', status: 'converged', effort: 'deep', round: 1, roundsMax: 8 },
      rounds: [
        { round: 0, kind: 'first', temperature: 1, agreement: 0.5, tunnelling: null },
        { round: 1, kind: 'revised', temperature: null, agreement: 1, tunnelling },
      ],
      hypotheses: [{ answer, share: 0.75, authors: [] }],
      contributors: [
        {
          ...{ contribution: 'bafy', author: 'did:key:zAda12345', model: 'm', answer, weight: 1_500_000 },
          ...{ independence: 0.5, confidence: 1, interference: 1, mass: 750_000 },
        },
      ],
      entangled: [],
    },
  ],
  total: 1,
  cursor: null,
})

test('rounds, hypotheses, factors and the draw with its seed, each on a line', () => {
  assert.equal(
    describeQuantum(shown('north')),
    [
      'rounds',
      '  0 first, temperature 1.00, agreement 50 %',
      `  1 revised, as the provider has it, agreement 100 %, tunnelling 0.250 of 0.500: opened once more (seed ${'ab'.repeat(16)})`,
      'held possible',
      '  75 % north',
      'contributors',
      '  Ada12345 (m) 1.500 × 0.50 × 1.00 × 1.00: north',
      'entangled: nobody',
      '',
      'off: interference',
    ].join('\n'),
  )
})

test('what others wrote stays on its line, and is cut', () => {
  const lines = describeQuantum(shown(`two\nlines\u001b[2J${'x'.repeat(500)}`)).split('\n')
  assert.equal(lines.length, 10)
  assert.ok(lines.every((line) => line.length < 200 && !line.includes('\u001b')))
})
