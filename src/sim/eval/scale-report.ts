/** What size does to a federation, as a report. */
import { LISTED_MAX } from '../../core/reasoning/synthesis-job.ts'
import type { EvalCell, EvalPlot, EvalReport, EvalSeries, EvalTable } from './report.ts'
import { SCALE_METHOD_NAMES, SCALE_METHODS, type ScaleAccuracies } from './scale-aggregate.ts'
import type { ScaleSwarmRun, ScaleTask } from './scale-swarm.ts'
import { COPYING, FAMILIES } from './scale-world.ts'
import { cellOf, meanOf } from './statistics.ts'

export interface ScaleOptions {
  readonly sizes: readonly number[]
  /** Spores up to which the real swarm runs. */
  readonly real: number
  readonly effort: string
  readonly tasks: number
  readonly questions: number
  readonly scored: number
  readonly waitsFor: number
}

/** What was found at one size, one of each a seed; `runs` is empty where the swarm did not run. */
export interface ScaleResult {
  readonly size: number
  readonly runs: readonly ScaleSwarmRun[]
  readonly accuracies: readonly ScaleAccuracies[]
}

export interface ScaleRun {
  readonly command: string
  readonly seeds: readonly number[]
  readonly options: ScaleOptions
  readonly results: readonly ScaleResult[]
}

export function scaleReport({ command, seeds, options, results }: ScaleRun): EvalReport {
  const ran = results.filter(({ runs }) => runs.length > 0)
  const { sizes, waitsFor, ...params } = options
  return {
    name: 'scale',
    title: `Size: a federation of ${sizes[0]} to ${sizes.at(-1)} spores`,
    command,
    ok: true,
    seeds,
    params: { ...params, sizes: sizes.join(' '), waitsFor },
    tables: [
      ...(ran.length > 0 ? [swarmTable(ran)] : []),
      {
        title: 'Right answers by aggregation alone, percent',
        columns: ['spores', ...SCALE_METHOD_NAMES.map((method) => SCALE_METHODS[method])],
        rows: results.map(({ size, accuracies }) => [
          size,
          ...SCALE_METHOD_NAMES.map((method) => percent(accuracies.map((of) => of[method]))),
        ]),
      },
    ],
    bars: [],
    plots: [
      {
        title: 'Right answers by size',
        ...{ x: 'spores', y: 'right answers, %', isLogX: true },
        series: [
          ...(ran.length > 0
            ? [line('the real swarm', ran, ({ runs }) => figures(runs, ({ isRight }) => (isRight ? 100 : 0)))]
            : []),
          ...SCALE_METHOD_NAMES.map((method) =>
            line(SCALE_METHODS[method], results, ({ accuracies }) =>
              accuracies.map((of) => of[method] * 100),
            ),
          ),
        ],
      },
      ...(ran.length > 0 ? swarmPlots(ran) : []),
    ],
    notes: [
      ran.length === 0
        ? 'No federation was simulated: there are no calls, bytes and times.'
        : `Up to ${options.real} spores are whole ones of the production core on a virtual clock and network (5 to 60 ms one way, nothing lost, everybody knows everybody, all serve all), with scripted models that take 0.5 to 4 s: ${options.tasks} tasks a seed, effort ${options.effort}, nothing scored before. Calls, bytes and times are those of that run; larger sizes have none.`,
      `Aggregation alone, at every size: the same models answer ${options.questions} questions a seed, put together by the functions of the core, with no network and no time. "The first answers" are the ${waitsFor} quickest, as many as a spore waits for here; "as many as a synthesis lists" are the ${LISTED_MAX} that it would choose; "some scored before" are ${options.scored}.`,
      `Models are of ${FAMILIES.length} families, right in ${FAMILIES.map((share) => Math.round(share * 100)).join(', ')} % of questions with four choices. One repeats what its family says with a chance of ${COPYING}, and answers by itself else. Which spore has which is drawn.`,
      'Bytes are those of requests and replies with 250 bytes of headers each, less what goes over the network while nothing is asked; bodies are not compressed here.',
    ],
    details: {
      results: results.map(({ size, runs, accuracies }) => ({ size, accuracies, runs })),
    },
  }
}

const percent = (values: readonly number[]): EvalCell => cellOf(values, 100)

/** What the simulated federations came to, and what it cost. */
const swarmTable = (ran: readonly ScaleResult[]): EvalTable => ({
  title: 'The real swarm, simulated message by message',
  columns: [
    'spores',
    'right, %',
    'answers it rests on',
    'calls a task',
    'kB a task',
    'kB a task and spore',
    'asker has it, s',
    'all have it, s',
    'idle B/s a spore',
  ],
  rows: ran.map(({ size, runs }) => [
    size,
    percent(figures(runs, ({ isRight }) => (isRight ? 1 : 0))),
    cellOf(figures(runs, ({ participants }) => participants)),
    cellOf(figures(runs, ({ calls }) => calls)),
    cellOf(figures(runs, ({ bytes }) => bytes / 1000)),
    cellOf(figures(runs, ({ bytes }) => bytes / 1000 / size)),
    cellOf(figures(runs, ({ settleMs }) => settleMs / 1000)),
    cellOf(figures(runs, ({ everywhereMs }) => everywhereMs / 1000)),
    cellOf(runs.map(({ idleBytes }) => idleBytes)),
  ]),
})

const swarmPlots = (ran: readonly ScaleResult[]): EvalPlot[] => [
  {
    title: 'What a task costs',
    ...{ x: 'spores', y: 'a task', isLogX: true, isLogY: true },
    series: [
      line('calls of models', ran, ({ runs }) => figures(runs, ({ calls }) => calls)),
      line('kB on the network', ran, ({ runs }) => figures(runs, ({ bytes }) => bytes / 1000)),
    ],
  },
  {
    title: 'How long it takes',
    ...{ x: 'spores', y: 'seconds of virtual time', isLogX: true },
    series: [
      line('until the asker has the answer', ran, ({ runs }) =>
        figures(runs, ({ settleMs }) => settleMs / 1000),
      ),
      line('until all have it', ran, ({ runs }) => figures(runs, ({ everywhereMs }) => everywhereMs / 1000)),
    ],
  },
]

/** The mean of a figure, one for each seed. */
const figures = (runs: readonly ScaleSwarmRun[], of: (task: ScaleTask) => number): number[] =>
  runs.map(({ tasks }) => meanOf(tasks.map(of)))

function line(
  name: string,
  results: readonly ScaleResult[],
  of: (result: ScaleResult) => readonly number[],
): EvalSeries {
  return {
    name,
    points: results.map((result) => {
      const { value, plusMinus } = cellOf(of(result))
      return [result.size, value, plusMinus] as const
    }),
  }
}
