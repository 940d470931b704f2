/** What remembering was worth, as a report: curves over tasks, what it cost, and whom it misled. */
import { FOLLOWS, KNOWS } from './memory-minds.ts'
import { MEMORY_ARMS, type MemoryArm, type MemoryOptions, type MemoryStep } from './memory-run.ts'
import { HARBOURS, SHIPS } from './memory-world.ts'
import type { EvalCell, EvalReport, EvalSeries } from './report.ts'
import { cellOf, meanOf } from './statistics.ts'

export interface MemoryRun {
  readonly command: string
  readonly seeds: readonly number[]
  readonly options: MemoryOptions
  /** Each arm's steps, one list a seed. */
  readonly arms: ReadonlyMap<MemoryArm, readonly (readonly MemoryStep[])[]>
}

/** Rows of the table and points of a curve: with more, each would be of too few tasks. */
const TENTHS = 10

export function memoryReport({ command, seeds, options, arms }: MemoryRun): EvalReport {
  const { tasks, told, wrong, judged, models } = options
  const names = [...arms.keys()]
  const of = (arm: MemoryArm) => arms.get(arm) ?? []
  const fresh = of('fresh')
  return {
    name: 'memory',
    title: `Memory: ${tasks} tasks with what was remembered, and without`,
    command,
    ok: true,
    seeds,
    params: {
      ...options,
      follows: FOLLOWS,
      knows: KNOWS.slice(0, models).join(' '),
      ships: SHIPS,
      harbours: HARBOURS,
    },
    tables: [
      {
        title: 'Right answers in each tenth, percent',
        columns: ['tasks', ...names.map((arm) => MEMORY_ARMS[arm])],
        rows: windowsOf(tasks, TENTHS).map(([from, to]) => [
          `${from + 1} to ${to}`,
          ...names.map((arm) => shareCell(of(arm), from, to)),
        ]),
      },
      {
        title: 'All tasks',
        columns: [
          '',
          'right, %',
          'last tenth, %',
          'calls a task',
          'tokens recalled a call or search',
          'helped, %',
          'harmed, %',
          'misled, %',
        ],
        rows: names.map((arm) => {
          const runs = of(arm)
          const compared = ['judged', 'doubting', 'unjudged'].includes(arm)
          return [
            MEMORY_ARMS[arm],
            shareCell(runs, 0, tasks),
            shareCell(runs, Math.floor(tasks * (1 - 1 / TENTHS)), tasks),
            cellOf(runs.map((steps) => meanOf(steps.map(({ calls }) => calls)))),
            cellOf(runs.map(tokensIn)),
            compared ? against(runs, fresh, (is, was) => is && !was) : '',
            compared ? against(runs, fresh, (is, was) => !is && was) : '',
            compared ? misled(runs) : '',
          ]
        }),
      },
    ],
    bars: [],
    plots: [
      {
        title: 'Right answers over tasks',
        x: 'tasks',
        y: 'right answers, %',
        series: names.map((arm) =>
          curve(MEMORY_ARMS[arm], of(arm), tasks, (steps) => shareOf(steps, ({ isRight }) => isRight) * 100),
        ),
      },
      {
        title: 'What is recalled for it',
        x: 'tasks',
        y: 'tokens recalled a call or search',
        series: names.map((arm) => curve(MEMORY_ARMS[arm], of(arm), tasks, tokensIn)),
      },
    ],
    notes: [
      `The world is made up: ${SHIPS} ships with a home harbour each, ${HARBOURS} harbours whose light somebody keeps. 40 % of the tasks ask for a ship's harbour, 20 % for a harbour's keeper, 40 % for the keeper at a ship's harbour, which needs two facts; each in one of three wordings.`,
      `Documents tell ${told} % of the facts once, evenly over the tasks; ${wrong} % of them tell something wrong. ${judged} % of the answers are judged in the arms with verdicts, and corrected where they are wrong.`,
      `A spore runs the production core on a virtual clock: indexing, recall, prompts, routing, aggregation, and the memory that it makes of each answer. Models are scripted: where the prompt states the fact, by document, remembered answer or past question, they say what it states for ${FOLLOWS * 100} % of the facts, right or wrong; else they know ${KNOWS.slice(
        0,
        models,
      )
        .map((share) => `${share * 100} %`)
        .join(
          ', ',
        )} of the facts (never two in a row as one), and guess among ${HARBOURS} names. Real models may believe more, or less.`,
      'Fresh: every task at a spore that has nothing, with the same models, which know and guess the same: helped are tasks that are right with memory and wrong fresh, harmed the other way round. Misled: the answer is wrong and stood in what was recalled.',
      'Without a model a spore quotes what it remembers. It learns from documents alone: quotes are not remembered as answers, and verdicts on them go nowhere. An answer of quotes is right where the first harbour (or keeper) that it names is.',
      'Where several values are stated, models take the one stated most often, the first of equals; checked answers outweigh all others, and what was found wrong is struck out. Believing documents and checked answers alone is a rule of the models here, which real ones would have to be told.',
      'Each task is answered anew, also where the same words were asked before (a spore would give its answer again, for no call).',
    ],
    details: {
      rightOf: Object.fromEntries(
        names.map((arm) => [
          arm,
          of(arm).map((steps) => steps.map(({ isRight }) => (isRight ? 1 : 0)).join('')),
        ]),
      ),
    },
  }
}

type Runs = readonly (readonly MemoryStep[])[]

const shareOf = (steps: readonly MemoryStep[], has: (step: MemoryStep) => boolean): number =>
  meanOf(steps.map((step) => (has(step) ? 1 : 0)))

const shareCell = (runs: Runs, from: number, to: number): EvalCell =>
  cellOf(
    runs.map((steps) => shareOf(steps.slice(from, to), ({ isRight }) => isRight)),
    100,
  )

const misled = (runs: Runs): EvalCell =>
  cellOf(
    runs.map((steps) => shareOf(steps, ({ isMisled, isRight }) => isMisled && !isRight)),
    100,
  )

/** Tokens a call; without models a search. */
function tokensIn(steps: readonly MemoryStep[]): number {
  const tokens = steps.reduce((sum, { recalledTokens }) => sum + recalledTokens, 0)
  const calls = steps.reduce((sum, step) => sum + step.calls, 0)
  return tokens / (calls === 0 ? steps.length : calls)
}

/** Share of the tasks in which the same task fresh went as `has` says, in percent. */
const against = (runs: Runs, fresh: Runs, has: (is: boolean, was: boolean) => boolean): EvalCell =>
  cellOf(
    runs.map((steps, i) =>
      meanOf(steps.map(({ isRight }, at) => (has(isRight, fresh[i]?.[at]?.isRight === true) ? 1 : 0))),
    ),
    100,
  )

function curve(
  name: string,
  runs: Runs,
  tasks: number,
  figureOf: (steps: readonly MemoryStep[]) => number,
): EvalSeries {
  return {
    name,
    points: windowsOf(tasks, TENTHS).map(([from, to]) => {
      const { value, plusMinus } = cellOf(runs.map((steps) => figureOf(steps.slice(from, to))))
      return [to, value, plusMinus] as const
    }),
  }
}

/** `count` pieces of all tasks, each from and up to a number; fewer where there are fewer tasks. */
function windowsOf(tasks: number, count: number): [number, number][] {
  const pieces = Math.min(tasks, count)
  return Array.from({ length: pieces }, (_, i) => [
    Math.floor((i * tasks) / pieces),
    Math.floor(((i + 1) * tasks) / pieces),
  ])
}
