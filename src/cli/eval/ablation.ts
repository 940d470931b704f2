/** `spore eval ablation`: what each mechanism of the quantum-inspired layer brings. */
import { ablationReport } from '../../sim/eval/ablation-report.ts'
import { type AblationSeed, ablateSeed } from '../../sim/eval/ablation-run.ts'
import { wholeNumber } from '../command.ts'
import type { EvalContext, Evaluation } from './evaluation.ts'

const TASKS_DEFAULT = 100
const QUESTIONS_DEFAULT = 1000
const SCORED_DEFAULT = 50
/** A seed takes a second for a hundred tasks: beyond these it would be hours. */
const TASKS_MAX = 100_000
const QUESTIONS_MAX = 1_000_000
const SCORED_MAX = 10_000
const SEEDS = 20

export const evaluation: Evaluation = {
  name: 'ablation',
  summary: 'The quantum-inspired layer: each mechanism on against off, and all pairs',
  description:
    'Simulated reasoners whose answers depend on temperature, on the others and on premises answer tasks by the code that a spore\n' +
    'runs; the retriever of a spore finds generated facts. Annealing, superposition, interference, tunnelling, entanglement and\n' +
    'decoherence are each measured on against off, and in pairs. Exit code 1 where a mechanism is on by default and fails its bar.',
  examples: ['spore eval ablation', 'spore eval ablation --seeds 40 --json'],
  seedsDefault: SEEDS,
  configure: (command) =>
    void command
      .option('--tasks <n>', 'tasks of a panel, a seed and arm', wholeNumber(1, TASKS_MAX), TASKS_DEFAULT)
      .option(
        '--questions <n>',
        'questions where aggregation alone is compared',
        wholeNumber(1, QUESTIONS_MAX),
        QUESTIONS_DEFAULT,
      )
      .option('--scored <n>', 'questions that are scored before', wholeNumber(0, SCORED_MAX), SCORED_DEFAULT),
  async run({ seeds, options, command, note, goesOn }: EvalContext) {
    const { tasks, questions, scored } = options as Readonly<Record<'tasks' | 'questions' | 'scored', number>>
    const sizes = { tasks, questions, scored }
    const figures: AblationSeed[] = []
    for (const seed of seeds) {
      if (!(await goesOn())) return null
      figures.push(ablateSeed(seed, sizes))
      note(`seed ${seed} is done`)
    }
    return ablationReport({ command, seeds, sizes, figures })
  },
}
