/** Every evaluation of `spore eval`, in the order of the help. */
import type { CommandEntry } from '../command.ts'
import type { Evaluation } from './evaluation.ts'
import { toSpec } from './run.ts'

const entry = (summary: string, load: () => Promise<{ readonly evaluation: Evaluation }>): CommandEntry => ({
  summary,
  load: async () => ({ spec: toSpec((await load()).evaluation) }),
})

export const EVALUATIONS: Readonly<Record<string, CommandEntry>> = {
  aggregate: entry(
    'One answer of several: against plurality, the best single and the best possible',
    () => import('./aggregate.ts'),
  ),
  ablation: entry('The quantum-inspired layer: each mechanism on against off', () => import('./ablation.ts')),
  trust: entry(
    'Trust: planted quality, liars, noise, swaps, sybils, slander, new names',
    () => import('./trust.ts'),
  ),
  worm: entry(
    'A poisoned memory and models that obey it: how far it gets, with each rule and without',
    () => import('./worm.ts'),
  ),
  memory: entry('Compounding: many tasks with what was remembered, and without', () => import('./memory.ts')),
  scale: entry(
    'Size: 1 to 1,000 spores, how right they are and what a task costs',
    () => import('./scale.ts'),
  ),
  ask: entry(
    'Real models on a file of questions: each alone and all together (makes calls)',
    () => import('./ask.ts'),
  ),
}
