/** `spore eval aggregate`: simulated reasoners, the aggregation that a spore runs, and its rivals. */
import { createAggregationParams } from '../../core/reasoning/aggregation-params.ts'
import {
  evaluateSeed,
  type SeedResult,
  summarizeWorld,
  type WorldResult,
} from '../../sim/eval/aggregate-eval.ts'
import { aggregateReport } from '../../sim/eval/aggregate-report.ts'
import { WORLDS, type World } from '../../sim/eval/reasoners.ts'
import { wholeNumber } from '../command.ts'
import { UsageError } from '../exit.ts'
import type { EvalContext, Evaluation } from './evaluation.ts'

const QUESTIONS_DEFAULT = 2000
const QUESTIONS_MAX = 1_000_000
const SCORED_DEFAULT = 50
/** Pairs of errors are counted over all of them; more would be minutes a seed. */
const SCORED_MAX = 10_000
const WORLD_NAMES = WORLDS.map(({ name }) => name)

export const evaluation: Evaluation = {
  name: 'aggregate',
  summary: 'One answer of several: against plurality, the best single and the best possible',
  description:
    'Simulated reasoners answer questions whose truth is known. Some are scored first, and weights are learnt from\n' +
    'those alone. Compares the aggregation of this spore with plurality, the best single reasoner, linear weights,\n' +
    'Dawid–Skene and Bayes with the true parameters. It calls no model and needs no spore. Exit code 1 where a bar is not met.\n' +
    `Worlds:\n${WORLDS.map(({ name, about }) => `  ${name.padEnd(20)}${about}`).join('\n')}`,
  examples: [
    'spore eval aggregate',
    'spore eval aggregate --json',
    'spore eval aggregate --world sybils --seed 7',
  ],
  seedsDefault: 20,
  configure: (command) =>
    void command
      .option(
        '--questions <n>',
        'questions that count, a seed',
        wholeNumber(1, QUESTIONS_MAX),
        QUESTIONS_DEFAULT,
      )
      .option('--scored <n>', 'questions that are scored before', wholeNumber(0, SCORED_MAX), SCORED_DEFAULT)
      .option('--world <name>', 'this world alone'),
  async run({ seeds, options, command, note, goesOn }: EvalContext) {
    const sizes = { questions: options.questions as number, scored: options.scored as number }
    const params = createAggregationParams()
    const worlds: WorldResult[] = []
    for (const world of worldsOf(options.world as string | undefined)) {
      const results: SeedResult[] = []
      for (const seed of seeds) {
        results.push(evaluateSeed(world, sizes, seed, params))
        if (!(await goesOn())) return null
      }
      note(`${world.name} is done`)
      worlds.push(summarizeWorld(world, results))
    }
    return aggregateReport({ command, seeds, sizes, params, worlds })
  },
}

function worldsOf(name: string | undefined): readonly World[] {
  const chosen = name === undefined ? WORLDS : WORLDS.filter((world) => world.name === name)
  if (chosen.length === 0) throw new UsageError(`--world is ${WORLD_NAMES.join(', ')}`)
  return chosen
}
