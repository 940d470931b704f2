/** What the worlds of aggregation showed, as a report. */
import type { AggregationParams } from '../../core/reasoning/aggregation-params.ts'
import { barsOf } from './aggregate-bars.ts'
import { type EvalSizes, METHOD_NAMES, METHODS, type Method, type WorldResult } from './aggregate-eval.ts'
import { CHOICES } from './reasoners.ts'
import type { EvalReport } from './report.ts'
import { cellOf } from './statistics.ts'

export interface AggregateRun {
  readonly command: string
  readonly seeds: readonly number[]
  readonly sizes: EvalSizes
  readonly params: AggregationParams
  readonly worlds: readonly WorldResult[]
}

export function aggregateReport({ command, seeds, sizes, params, worlds }: AggregateRun): EvalReport {
  const bars = barsOf(worlds)
  const cells = (world: WorldResult, method: Method) =>
    cellOf(
      world.seeds.map(({ right }) => right[method]),
      100,
    )
  return {
    name: 'aggregate',
    title: 'Aggregation: one answer of several',
    command,
    ok: bars.every(({ isMet }) => isMet),
    seeds,
    params: { ...sizes, choices: CHOICES, ...params },
    tables: [
      {
        title: 'Right answers, percent',
        columns: ['world', ...METHOD_NAMES.map((method) => METHODS[method]), 'overruled'],
        rows: worlds.map((world) => [
          world.world,
          ...METHOD_NAMES.map((method) => cells(world, method)),
          `${world.seeds.filter(({ bestSingle }) => bestSingle !== null).length} of ${world.seeds.length}`,
        ]),
      },
    ],
    bars,
    plots: [
      {
        title: 'Right answers by world',
        x: 'world',
        y: 'right answers, %',
        categories: worlds.map(({ world }) => world),
        series: METHOD_NAMES.map((method) => ({
          name: METHODS[method],
          points: worlds.map((world, i) => {
            const { value, plusMinus } = cells(world, method)
            return [i, value, plusMinus] as const
          }),
        })),
      },
    ],
    notes: [
      `Reasoners, their answers and the truth are simulated; aggregation is the code that a spore runs. ${sizes.questions} questions a seed count, ${sizes.scored} are scored before.`,
      'Overruled: seeds in which history showed one contributor to be better than the panel.',
      ...worlds.map(({ world, about }) => `${world}: ${about}`),
    ],
    details: { worlds },
  }
}
