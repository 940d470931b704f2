/** `spore eval`: how good the swarm's answers are, against rivals and against the best possible. */
import { setImmediate } from 'node:timers/promises'
import { createAggregationParams } from '../core/reasoning/aggregation-params.ts'
import { barsOf } from '../sim/eval/aggregate-bars.ts'
import {
  evaluateSeed,
  type SeedResult,
  summarizeWorld,
  type WorldResult,
} from '../sim/eval/aggregate-eval.ts'
import { CHOICES, WORLDS, type World } from '../sim/eval/reasoners.ts'
import { type CommandContext, type CommandSpec, wholeNumber } from './command.ts'
import { type AggregateReport, describeAggregate } from './eval-text.ts'
import { EXIT, type ExitCode, UsageError } from './exit.ts'

const QUESTIONS_DEFAULT = 2000
const QUESTIONS_MAX = 1_000_000
const SCORED_DEFAULT = 50
/** Pairs of errors are counted over all of them; more would be minutes a seed. */
const SCORED_MAX = 10_000
const SEEDS_DEFAULT = 20
const SEEDS_MAX = 1000
const WORLD_NAMES = WORLDS.map(({ name }) => name)

export const spec: CommandSpec = {
  name: 'eval',
  summary: 'Measure answers: aggregation against its rivals and the best possible',
  description:
    'aggregate: simulated reasoners answer questions whose truth is known. Some are scored first, and weights are learnt from\n' +
    'those alone. Compares the aggregation of this spore with plurality, the best single reasoner, linear weights,\n' +
    'Dawid–Skene and Bayes with the true parameters. It calls no model and needs no spore. Exit code 1 where a bar is not met.\n' +
    `Worlds:\n${WORLDS.map(({ name, about }) => `  ${name.padEnd(20)}${about}`).join('\n')}`,
  examples: [
    'spore eval aggregate',
    'spore eval aggregate --json',
    'spore eval aggregate --world sybils --seed 7',
  ],
  configure: (command) =>
    command
      .argument('<what>', 'aggregate')
      .option(
        '--questions <n>',
        'questions that count, a seed',
        wholeNumber(1, QUESTIONS_MAX),
        QUESTIONS_DEFAULT,
      )
      .option('--scored <n>', 'questions that are scored before', wholeNumber(0, SCORED_MAX), SCORED_DEFAULT)
      .option('--seeds <n>', 'how many seeds, from 1 on', wholeNumber(1, SEEDS_MAX), SEEDS_DEFAULT)
      .option('--seed <n>', 'this seed alone', wholeNumber(0, Number.MAX_SAFE_INTEGER))
      .option('--world <name>', 'this world alone'),
  run: async (context, [what]) => {
    if (what !== 'aggregate') throw new UsageError('spore eval measures: aggregate')
    return evaluateAggregate(context)
  },
}

async function evaluateAggregate(context: CommandContext): Promise<ExitCode> {
  const { options, output, signal } = context
  const only = options.seed as number | undefined
  const seeds = only === undefined ? Array.from({ length: options.seeds as number }, (_, i) => i + 1) : [only]
  const sizes = { questions: options.questions as number, scored: options.scored as number }
  const params = createAggregationParams()
  const worlds: WorldResult[] = []
  for (const world of worldsOf(options.world as string | undefined)) {
    const results: SeedResult[] = []
    for (const seed of seeds) {
      results.push(evaluateSeed(world, sizes, seed, params))
      // Lets a Ctrl-C arrive between two seeds.
      await setImmediate()
      if (signal.aborted) return EXIT.failure
    }
    output.note(`${world.name} is done`)
    worlds.push(summarizeWorld(world, results))
  }
  const bars = barsOf(worlds)
  const ok = bars.every(({ isMet }) => isMet)
  const report: AggregateReport = {
    ...{ ok, ...sizes, choices: CHOICES, seeds, params: { ...params }, worlds, bars },
  }
  output.result(describeAggregate(report), report)
  return ok ? EXIT.ok : EXIT.failure
}

function worldsOf(name: string | undefined): readonly World[] {
  const chosen = name === undefined ? WORLDS : WORLDS.filter((world) => world.name === name)
  if (chosen.length === 0) throw new UsageError(`--world is ${WORLD_NAMES.join(', ')}`)
  return chosen
}
