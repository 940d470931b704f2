/** Planted bugs of the reasoning swarm: ways in which spores that reason together could be wrong. */
import type { Mutant } from './mutants.ts'

const scenario = 'tasks'
const BY_THE_LIST = '.sort((a, b) => order.indexOf(a.author) - order.indexOf(b.author) || firstOf(a, b))'

export const TASK_MUTANTS: readonly Mutant[] = [
  {
    name: 'accept any synthesis, whatever its masses come to',
    patches: [
      {
        file: 'core/reasoning/acceptance.ts',
        find: 'const said = possible.find((key) => key === stated) ?? possible.find(says)',
        replace: 'const said = stated ?? possible.find(says)',
      },
    ],
    scenario,
    seed: 30,
    caughtBy: ['task-answer', 'task-ends'],
  },
  {
    name: "take the newest synthesis instead of the asker's",
    patches: [
      {
        file: 'core/reasoning/acceptance.ts',
        find: BY_THE_LIST,
        replace: '.sort((a, b) => b.clock - a.clock)',
      },
    ],
    scenario,
    seed: 3,
    caughtBy: ['task-answer', 'task-agreement'],
  },
  {
    name: 'take the synthesis that arrives first',
    patches: [
      {
        file: 'core/reasoning/acceptance.ts',
        find: BY_THE_LIST,
        replace: '.sort((a, b) => a.arrival - b.arrival)',
      },
    ],
    scenario,
    seed: 3,
    caughtBy: ['task-answer', 'task-agreement'],
  },
  {
    name: 'drop what was sealed at a crash',
    patches: [
      {
        file: 'core/reasoning/contributor.ts',
        find: 'draft.setValue(sealedValue(answer.element), answer.payload)',
        replace: '',
      },
    ],
    scenario,
    seed: 2,
    caughtBy: ['task-seal'],
  },
  {
    name: 'count a contribution without its seal',
    patches: [
      {
        file: 'core/reasoning/attempt.ts',
        find: 'if (!seal || isIt(seal)) return seal ?? null',
        replace: 'return (seal ?? noted) as never',
      },
    ],
    scenario,
    seed: 3,
    caughtBy: ['task-seal', 'task-answer', 'task-agreement', 'task-ends'],
  },
  {
    name: 'never look again at what rested on something withdrawn',
    patches: [
      {
        file: 'core/reasoning/tasks.ts',
        find: 'for (const removal of removals) settle(removedBy(removal))',
        replace: '',
      },
    ],
    scenario,
    seed: 2,
    caughtBy: ['task-ends', 'task-answer'],
  },
  {
    name: "wait for the asker's answer for ever",
    patches: [
      {
        file: 'core/reasoning/swarm.ts',
        find: 'return place === 0 || (place > 0 && msToTurn(work, place) <= 0)',
        replace: 'return place === 0',
      },
    ],
    scenario,
    seed: 3,
    caughtBy: ['task-ends'],
  },
  {
    name: 'take a refusal for an answer',
    patches: [
      {
        file: 'core/reasoning/refusal.ts',
        find: 'return whole.length <= REFUSAL_CHARS_MAX &&',
        replace: 'return whole.length < 0 &&',
      },
    ],
    scenario,
    seed: 3,
    caughtBy: ['task-garbage'],
  },
  {
    name: 'count no call',
    patches: [
      {
        file: 'core/reasoning/budget.ts',
        find: 'for (const { spent } of counts) add(spent, 1, microUsd ?? 0)',
        replace: 'for (const { spent } of counts) add(spent, 0, microUsd ?? 0)',
      },
    ],
    scenario,
    seed: 21,
    caughtBy: ['budget'],
  },
]
