/** What real models came to, alone and together, as a report. */
import type { AggregationParams } from '../../core/reasoning/aggregation-params.ts'
import {
  type AskedQuestion,
  type HalfAccuracies,
  isFamilyRight,
  isPluralityRight,
  isTogetherRight,
  scoreHalves,
  together,
} from './ask-score.ts'
import type { EvalCell, EvalReport, EvalTable } from './report.ts'
import { meanOf, quantileOf, shareHalfWidth } from './statistics.ts'

export interface ModelSpending {
  readonly model: string
  readonly family: string
  readonly calls: number
  /** Micro-dollars by the operator's prices; 0 of what is free. */
  readonly microUsd: number
}

export interface AskRun {
  readonly command: string
  /** Draws of the halves. */
  readonly seeds: readonly number[]
  readonly params: AggregationParams
  readonly families: readonly string[]
  readonly asked: readonly AskedQuestion[]
  /** Questions of the file. */
  readonly questions: number
  /** Why not all of them were asked; null where they were. */
  readonly ended: string | null
  readonly spending: readonly ModelSpending[]
}

/** Questions that are listed because the answer of all together is wrong, and characters of each. */
const WRONG_SHOWN = 50
const TEXT_CHARS = 160

export function askReport(run: AskRun): EvalReport {
  const { command, seeds, params, families, asked, questions, ended, spending } = run
  const halves = seeds.flatMap((seed) => scoreHalves(asked, families, params, seed) ?? [])
  const found = asked.map((one) => together(one, families, params))
  const rightTogether = asked.filter((one, i) =>
    isTogetherRight(one, found[i] as (typeof found)[number]),
  ).length
  const rightOf = families.map((_, i) => asked.filter((one) => isFamilyRight(one, i)).length)
  const calls = spending.reduce((sum, one) => sum + one.calls, 0)
  const slowest = asked.map(({ answers }) => Math.max(0, ...answers.map(({ tookMs }) => tookMs)))
  const best = Math.max(0, ...rightOf)
  const plural = asked.filter(isPluralityRight).length
  const share = (right: number): EvalCell => percent(right, asked.length)
  const none = ''
  return {
    name: 'ask',
    title: 'Real models: each alone, and all together',
    command,
    ok: ended === null,
    seeds,
    params: { questions, asked: asked.length, families: families.length },
    tables: [
      {
        title: 'Each alone, and all together',
        columns: [
          'who',
          'right, %',
          'no answer, %',
          'calls',
          'dollars',
          'dollars a question',
          'p50, s',
          'p95, s',
        ],
        rows: [
          ...families.map((family, i) => {
            const own = spending.filter((one) => one.family === family)
            const took = asked.flatMap(({ answers }) => answers[i]?.tookMs ?? [])
            const failed = asked.filter(
              ({ answers }) => 'failure' in (answers[i]?.outcome ?? { failure: '' }),
            ).length
            return [
              family,
              share(rightOf[i] ?? 0),
              share(failed),
              own.reduce((sum, one) => sum + one.calls, 0),
              ...moneyCells(own, asked.length),
              ...latencyCells(took),
            ]
          }),
          [
            'all together',
            share(rightTogether),
            share(found.filter(({ answer }) => !answer).length),
            calls,
            ...moneyCells(spending, asked.length),
            ...latencyCells(slowest),
          ],
          ['plurality', share(plural), none, none, none, none, none, none],
          ['the best of them', share(best), none, none, none, none, none, none],
        ],
      },
      ...(halves.length > 0 ? [halvesTable(halves, Math.ceil(asked.length / 2))] : []),
      ...wrongTable(run, found),
      {
        title: 'Calls by model',
        columns: ['model', 'family', 'calls', 'dollars'],
        rows: spending.map(({ model, family, calls: made, microUsd }) => [
          model,
          family,
          made,
          dollars(microUsd),
        ]),
      },
    ],
    bars: [],
    plots: [
      {
        title: 'Right answers',
        x: 'who',
        y: 'right answers, %',
        categories: [...families, 'all together', 'plurality'],
        series: [
          {
            name: `of ${asked.length} questions`,
            points: [...rightOf, rightTogether, plural].map((right, i) => {
              const { value, plusMinus } = percent(right, asked.length)
              return [i, value, plusMinus] as const
            }),
          },
        ],
      },
    ],
    notes: [
      ...(ended === null
        ? []
        : [`Not all was asked: ${ended}. What follows is of ${asked.length} of ${questions} questions.`]),
      'Real models of the configuration, through the router, prompts and reading of replies of a spore, with nothing recalled. Each family answers alone, first answers only; what is made of them is the aggregation of a spore, which costs no call more.',
      'An answer is right where it is of the class of the one in the file: the same choice, number or words. No answer (a failure, an abstention, a refusal) counts as wrong.',
      'Intervals are those of Wilson for a share of so many questions. Together, all families are waited for: a spore waits for fewer. Dollars are by the prices of the configuration; a call of which the provider does not say what it used counts with the most that it can cost.',
      ...(halves.length > 0
        ? [
            `Scored half first: ${halves.length === 1 ? 'the questions are' : `${halves.length} times the questions are`} drawn into halves; weights come from one, the other counts. Nothing is asked again for it.`,
          ]
        : []),
    ],
    details: {
      answers: asked.map(({ question, answers }) => ({
        line: question.line,
        answers: Object.fromEntries(families.map((family, i) => [family, answers[i] ?? null])),
      })),
    },
  }
}

const percent = (right: number, of: number): { readonly value: number; readonly plusMinus: number } => ({
  value: of === 0 ? 0 : (right / of) * 100,
  plusMinus: shareHalfWidth(right, of) * 100,
})

const dollars = (microUsd: number): string => (microUsd / 1e6).toFixed(4)

function moneyCells(spending: readonly ModelSpending[], questions: number): EvalCell[] {
  const microUsd = spending.reduce((sum, one) => sum + one.microUsd, 0)
  return [dollars(microUsd), questions === 0 ? '' : dollars(microUsd / questions)]
}

const latencyCells = (tookMs: readonly number[]): EvalCell[] =>
  tookMs.length === 0 ? ['', ''] : [quantileOf(tookMs, 0.5) / 1000, quantileOf(tookMs, 0.95) / 1000]

const HALF_NAMES: Readonly<Record<keyof HalfAccuracies, string>> = {
  scored: 'all together, the other half scored before',
  unscored: 'all together, nothing scored',
  plurality: 'plurality',
  bestByScores: 'the family that was best in the other half',
  bestInTruth: 'the family that is best in this half, which nobody knows before',
}

/** Draws share their questions, so that the interval is that of one half, and not smaller for more draws. */
function halvesTable(halves: readonly HalfAccuracies[], size: number): EvalTable {
  return {
    title: `With one half scored, ${size} questions of the other`,
    columns: ['who', 'right, %'],
    rows: (Object.keys(HALF_NAMES) as (keyof HalfAccuracies)[]).map((name) => {
      const mean = meanOf(halves.map((half) => half[name]))
      return [HALF_NAMES[name], { value: mean * 100, plusMinus: shareHalfWidth(mean * size, size) * 100 }]
    }),
  }
}

function wrongTable({ asked, families }: AskRun, found: readonly ReturnType<typeof together>[]): EvalTable[] {
  const rows = asked.flatMap((one, i) => {
    const { answer } = found[i] as (typeof found)[number]
    if (isTogetherRight(one, found[i] as (typeof found)[number])) return []
    const right = families.filter((_, at) => isFamilyRight(one, at))
    const { line, text, answer: expected } = one.question
    return [
      [
        line,
        short(text),
        short(expected),
        answer ? short(answer.text) : 'none',
        right.join(', ') || 'nobody',
      ],
    ]
  })
  if (rows.length === 0) return []
  return [
    {
      title: `Where all together are wrong${rows.length > WRONG_SHOWN ? `, the first ${WRONG_SHOWN} of ${rows.length}` : ''}`,
      columns: ['line', 'question', 'right', 'their answer', 'who was right'],
      rows: rows.slice(0, WRONG_SHOWN),
    },
  ]
}

function short(text: string): string {
  const characters = Array.from(text.replace(/\s+/g, ' ').trim())
  return characters.length <= TEXT_CHARS
    ? characters.join('')
    : `${characters.slice(0, TEXT_CHARS - 1).join('')}…`
}
