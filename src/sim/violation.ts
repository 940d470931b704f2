/** What a checker found: its name, and what was wrong. A run ends at the first one. */
export interface Violation {
  readonly checker: CheckerName
  readonly detail: string
}

/** Everything that must hold, by name; the planted bugs of `test/sim` name which of these must catch them. */
export const CHECKERS = {
  'acknowledged-write-lost': 'What was acknowledged is on the disk, and stays.',
  'visible-before-durable': 'Nothing is seen, counted or offered before it is durable.',
  chain: 'Sequence numbers, chains, clocks and kept rows agree with the stored bytes.',
  canonical: 'Stored headers are in their one byte form.',
  payload: 'A payload is the one that its header names.',
  signature: 'What is stored lies behind a head that its author signed.',
  'applied-twice': 'Each entry arrives once.',
  'clock-ahead': 'Nothing is taken from beyond the hold.',
  'private-leak': 'The private space never leaves its spore.',
  replay: 'A request is answered once.',
  bounds: 'What a stranger can grow stays within its bound.',
  'visible-set': 'What is visible is what the definition of the set says of the stored entries.',
  history: 'What is visible is what the acknowledged operations add up to.',
  'own-write': 'A write is acknowledged or fails with STORE_WRITE_FAILED.',
  'self-fork': 'A spore that lost its disk never forks its own log.',
  fair: 'No honest spore is cut off by another, whatever the faults.',
  liveness: 'Once faults stop, spores agree within the rounds of the scenario.',
  'task-ends':
    'A task of an honest asker, or that an honest spore has answered, ends; nobody works on it then.',
  'task-agreement': 'All honest spores show the same of a task.',
  'task-answer': 'The answer of a task is the one that its entries come to.',
  'task-garbage': 'No failure, refusal or reply that says nothing is ever an answer.',
  'task-seal':
    'An answer counts for who sealed it, and what an honest spore sealed it shows before it goes on.',
  budget: 'No more calls are made than were granted.',
  broken: 'Nothing throws, and no engine logs an error but for a failed disk.',
} as const

export type CheckerName = keyof typeof CHECKERS
export type Report = (checker: CheckerName, detail: string) => void
