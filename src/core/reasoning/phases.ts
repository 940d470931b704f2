/**
 * The phases of an attempt at one spore, and what moves it on (05-reasoning §1). There is no coordinator: each spore that takes part has
 * its own phase, driven by the entries that it has and by its own clock; two spores may be in different ones.
 *
 * The table is complete: every phase with every event. What an event is in a phase, `task-progress.ts` judges.
 */
import type { Phase } from '../protocol/api-tasks.ts'

export { PHASES, type Phase } from '../protocol/api-tasks.ts'

/**
 * - `enough`: what the phase waits for is there
 * - `late`: its share of the time is used up
 * - `premature`: first answers agree before anybody doubted them, and a round is left
 * - `open`: answers differ, and a round is left
 * - `tunnelling`: answers agree, nobody is sure of them, and the draw fires: a round is begun anew
 * - `settled`: no further round is wanted or possible
 * - `overdue`: the deadline is past
 * - `accepted`: there is an accepted synthesis
 * - `withdrawn`: nobody asks any more
 */
export const PHASE_EVENTS = [
  'enough',
  'late',
  'premature',
  'open',
  'tunnelling',
  'settled',
  'overdue',
  'accepted',
  'withdrawn',
] as const
export type PhaseEvent = (typeof PHASE_EVENTS)[number]

type Row = Readonly<Record<PhaseEvent, Phase>>

/** A phase in which an event means nothing stays what it is. */
const row = (phase: Phase, moves: Partial<Row>): Row => {
  const stay = Object.fromEntries(PHASE_EVENTS.map((event) => [event, phase])) as Record<PhaseEvent, Phase>
  return { ...stay, accepted: 'done', withdrawn: 'done', ...moves }
}

export const TRANSITIONS: Readonly<Record<Phase, Row>> = {
  // Answering alone: what is sealed by then is shown.
  diverge: row('diverge', { enough: 'reveal', late: 'reveal', overdue: 'reveal' }),
  // The answers of the round are shown; what they come to decides.
  reveal: row('reveal', {
    premature: 'diverge',
    open: 'deepen',
    tunnelling: 'diverge',
    settled: 'synthesize',
    overdue: 'synthesize',
  }),
  // Reviewing the others.
  deepen: row('deepen', { enough: 'converge', late: 'converge', overdue: 'synthesize' }),
  // Answering once more, sealed again.
  converge: row('converge', { enough: 'reveal', late: 'reveal', overdue: 'reveal' }),
  synthesize: row('synthesize', {}),
  // Where an accepted synthesis counts no more, the attempt is taken up anew.
  done: row('done', {}),
}

export const nextPhase = (phase: Phase, event: PhaseEvent): Phase => TRANSITIONS[phase][event]

/** Whether an event begins a round. */
export const beginsRound = (from: Phase, to: Phase): boolean =>
  (from === 'reveal' && to === 'diverge') || (from === 'deepen' && to === 'converge')
