/** `spore eval scale`: what the number of spores does to answers, and what it costs. */
import { InvalidArgumentError } from 'commander'
import { TASK_ANSWERS_MAX } from '../../core/protocol/task-limits.ts'
import { EFFORTS, type Effort } from '../../core/protocol/task-payloads.ts'
import { createAggregationParams } from '../../core/reasoning/aggregation-params.ts'
import { EFFORT_BOUNDS } from '../../core/reasoning/efforts.ts'
import { aggregateScale } from '../../sim/eval/scale-aggregate.ts'
import { type ScaleOptions, type ScaleResult, scaleReport } from '../../sim/eval/scale-report.ts'
import { runScaleSwarm } from '../../sim/eval/scale-swarm.ts'
import { createScaleWorld } from '../../sim/eval/scale-world.ts'
import { wholeNumber } from '../command.ts'
import { UsageError } from '../exit.ts'
import type { EvalContext, Evaluation } from './evaluation.ts'

const SIZES_DEFAULT = [1, 3, 10, 30, 100, 300, 1000]
const SIZE_MAX = 10_000
/** Every task is some entries of each spore at each other one: at 100 spores one takes seconds. */
const REAL_DEFAULT = 30
const REAL_MAX = 200
const TASKS_MAX = 10_000
const QUESTIONS_MAX = 100_000

export const evaluation: Evaluation = {
  name: 'scale',
  summary: 'Size: 1 to 1,000 spores, how right they are and what a task costs',
  description:
    'The same questions in federations of several sizes. Small ones are whole spores, simulated message by message: how right\n' +
    'the settled answer is, calls of models, bytes, time. At every size the answers of as many models are also put together by\n' +
    'the aggregation of the core alone. Models, clock and network are simulated; nothing is called.',
  examples: [
    'spore eval scale',
    'spore eval scale --sizes 1,3,10 --seeds 1 --json',
    'spore eval scale --answers 30',
    'spore eval scale --real 100 --tasks 5',
  ],
  seedsDefault: 3,
  configure: (command) =>
    void command
      .option('--sizes <list>', `spores, in commas (default ${SIZES_DEFAULT.join(',')})`, toSizes)
      .option('--real <n>', 'spores up to which they are simulated', wholeNumber(0, REAL_MAX), REAL_DEFAULT)
      .option('--effort <effort>', EFFORTS.join(', '), 'quick')
      .option(
        '--answers <n>',
        'answers that are waited for (default: those of the effort)',
        wholeNumber(1, TASK_ANSWERS_MAX),
      )
      .option('--tasks <n>', 'tasks of the simulated ones, a seed', wholeNumber(1, TASKS_MAX), 10)
      .option('--questions <n>', 'questions of aggregation alone, a seed', wholeNumber(1, QUESTIONS_MAX), 100)
      .option('--scored <n>', 'questions that are scored before', wholeNumber(0, 1000), 50),
  async run({ seeds, options: given, command, note, goesOn }: EvalContext) {
    const options = optionsOf(given)
    const answers = given.answers === undefined ? {} : { answers: given.answers as number }
    const params = createAggregationParams()
    const results: ScaleResult[] = []
    for (const size of options.sizes) {
      const result = {
        size,
        runs: [] as ScaleResult['runs'][number][],
        accuracies: [] as ScaleResult['accuracies'][number][],
      }
      for (const seed of seeds) {
        const world = createScaleWorld(seed, size)
        if (size <= options.real) {
          const run = await runScaleSwarm(
            world,
            { seed, tasks: options.tasks, effort: options.effort, ...answers },
            goesOn,
          )
          if (!run) return null
          result.runs.push(run)
        }
        result.accuracies.push(aggregateScale(world, options, params))
        if (!(await goesOn())) return null
      }
      note(`${size} ${size === 1 ? 'spore is' : 'spores are'} done`)
      results.push(result)
    }
    return scaleReport({ command, seeds, options, results })
  },
}

function optionsOf(given: EvalContext['options']): ScaleOptions & { readonly effort: Effort } {
  const effort = EFFORTS.find((one) => one === given.effort)
  if (!effort) throw new UsageError(`--effort is ${EFFORTS.join(', ')}`)
  return {
    sizes: (given.sizes as readonly number[] | undefined) ?? SIZES_DEFAULT,
    real: given.real as number,
    effort,
    tasks: given.tasks as number,
    questions: given.questions as number,
    scored: given.scored as number,
    waitsFor: (given.answers as number | undefined) ?? EFFORT_BOUNDS[effort].answers,
  }
}

/** Ascending, each once. */
function toSizes(text: string): number[] {
  const sizes = text.split(',').map((part) => Number(part.trim() || Number.NaN))
  if (!sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= SIZE_MAX))
    throw new InvalidArgumentError(`They are whole numbers from 1 to ${SIZE_MAX}, in commas.`)
  return [...new Set(sizes)].sort((a, b) => a - b)
}
