/** The table of phases is complete: every phase with every event leads to a phase, and an attempt always comes to its end. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  nextPhase,
  PHASE_EVENTS,
  PHASES,
  type Phase,
  type PhaseEvent,
  TRANSITIONS,
} from '../../../../src/core/reasoning/phases.ts'

/** What moves a phase, by the design: everything else leaves it where it is. */
const MOVES: Readonly<Record<Phase, Partial<Record<PhaseEvent, Phase>>>> = {
  diverge: { enough: 'reveal', late: 'reveal', overdue: 'reveal', accepted: 'done', withdrawn: 'done' },
  reveal: {
    premature: 'diverge',
    open: 'deepen',
    tunnelling: 'diverge',
    settled: 'synthesize',
    overdue: 'synthesize',
    accepted: 'done',
    withdrawn: 'done',
  },
  deepen: {
    enough: 'converge',
    late: 'converge',
    overdue: 'synthesize',
    accepted: 'done',
    withdrawn: 'done',
  },
  converge: { enough: 'reveal', late: 'reveal', overdue: 'reveal', accepted: 'done', withdrawn: 'done' },
  synthesize: { accepted: 'done', withdrawn: 'done' },
  done: {},
}

describe('every phase × every event', () => {
  for (const phase of PHASES)
    for (const event of PHASE_EVENTS) {
      const to = MOVES[phase][event] ?? phase
      test(`${phase} × ${event} → ${to}`, () => assert.equal(nextPhase(phase, event), to))
    }
})

test('the table names every phase and every event, and nothing else', () => {
  assert.deepEqual(Object.keys(TRANSITIONS), [...PHASES])
  for (const phase of PHASES) assert.deepEqual(Object.keys(TRANSITIONS[phase]), [...PHASE_EVENTS])
})

test('from every phase a deadline that is past leads to an answer being put together, without another round', () => {
  for (const phase of PHASES) {
    let at: Phase = phase
    const seen = new Set<Phase>()
    while (at !== 'synthesize' && at !== 'done') {
      assert.ok(!seen.has(at), `${phase} goes round at ${at}`)
      seen.add(at)
      at = nextPhase(at, 'overdue')
    }
  }
})

test('what is over stays over', () => {
  for (const event of PHASE_EVENTS) assert.equal(nextPhase('done', event), 'done')
})
