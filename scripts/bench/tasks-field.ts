/**
 * Whether five real spores come to what one process comes to with the same answers, and how long they take:
 *
 *     npm run bench -- tasks-field [--questions 20] [--at-once 4] [--seed 1] [--json]
 *
 * Each spore has a model of another family, of drawn quality, and asks in its turn. An answer counts as the same where all five
 * spores show the class that the pure aggregation finds, with the same masses. The figure is that of `--questions 200`.
 */
import { parseArgs } from 'node:util'
import type { TaskView } from '../../src/core/protocol/api.ts'
import { aggregateScripted, type ScriptedAnswer } from '../../test/support/aggregate-scripted.ts'
import { MODELS, type Reasoners, settled, startReasoners } from '../../test/support/reasoners.ts'
import { askAndFollow } from './support/followed-task.ts'
import type { Run } from './support/harness.ts'
import { quantile } from './support/quantile.ts'
import { createDraw } from './support/texts.ts'

const CHOICES = ['red', 'green', 'blue', 'none of them']
const LETTERS = 'ABCD'
/** Chances of the models to be right: the first is better than all others, the last is guessing. */
const QUALITIES = [0.85, 0.7, 0.6, 0.5, 0.25]
/** Seconds: nobody is left out because this machine is slow. */
const DEADLINE_S = 120
const HANG_MS = 6 * 3600 * 1000
/** As `npm start` has them. */
const NODE_OPTIONS = ['--max-semi-space-size=4']
const PLENTY = '10000000'

export const run: Run = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      questions: { type: 'string', default: '20' },
      'at-once': { type: 'string', default: '4' },
      seed: { type: 'string', default: '1' },
    },
  })
  const [questions, atOnce] = [Number(values.questions), Number(values['at-once'])]
  for (const count of [questions, atOnce])
    if (!Number.isSafeInteger(count) || count < 1) throw new Error('counts are whole numbers from 1')
  const script = drawScript(questions, values.seed)
  await using field = await startReasoners({
    think({ model, text }) {
      const question = Number(/Question (\d+)/.exec(text)?.[1])
      const scripted = script[question]?.answers[MODELS.indexOf(model as never)]
      if (!scripted) throw new Error(`nothing is scripted for ${model} and ${question}`)
      return { answer: scripted[0], confidence: scripted[1] }
    },
    env: {
      SPORE_PULL_INTERVAL_MS: '10000',
      SPORE_MODELS_FREE_CALLS_PER_DAY: PLENTY,
      SPORE_MODELS_COMMUNITY_FREE_CALLS_PER_DAY: PLENTY,
      SPORE_MODELS_CALLS_PER_ASKER_PER_DAY: PLENTY,
    },
    process: { hangMs: HANG_MS, nodeOptions: NODE_OPTIONS },
  })
  const outcomes: Outcome[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    for (let i = next++; i < questions; i = next++)
      outcomes.push(await askOne(field, i, script[i] as ScriptedQuestion))
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  for (const { different } of outcomes) if (different) report.note(different)
  const same = outcomes.filter(({ different }) => different === null).length
  const right = outcomes.filter(({ isRight }) => isRight).length
  const took = outcomes.map(({ ms }) => ms)
  const percent = (count: number): number => (100 * count) / questions
  report.row({
    metric: `questions with the answer of one process, of ${questions}`,
    value: percent(same),
    unit: '%',
    bar: { atLeast: 100 },
  })
  report.row({ metric: 'questions answered rightly', value: percent(right), unit: '%' })
  report.row({
    metric: `from question to answer, ${atOnce} at once, p50`,
    value: quantile(took, 0.5),
    unit: 'ms',
  })
  report.row({
    metric: `from question to answer, ${atOnce} at once, p95`,
    value: quantile(took, 0.95),
    unit: 'ms',
  })
}

interface ScriptedQuestion {
  readonly right: string
  readonly answers: readonly ScriptedAnswer[]
}

function drawScript(questions: number, seed: string): ScriptedQuestion[] {
  const draw = createDraw(seed)
  const letter = (): string => LETTERS[Math.floor(draw() * LETTERS.length)] as string
  return Array.from({ length: questions }, () => {
    const right = letter()
    const answers = QUALITIES.map(
      (quality): ScriptedAnswer => [draw() < quality ? right : letter(), 1 + Math.floor(draw() * 99)],
    )
    return { right, answers }
  })
}

interface Outcome {
  readonly ms: number
  readonly isRight: boolean
  /** What is not the same; null where all is. */
  readonly different: string | null
}

async function askOne(field: Reasoners, i: number, { right, answers }: ScriptedQuestion): Promise<Outcome> {
  const input = { task: `Question ${i}: which colour?`, choices: CHOICES, space: 'commons' }
  const asker = field.at(i % MODELS.length)
  const more = { effort: 'quick', answers: MODELS.length, deadline: DEADLINE_S } as const
  const { task, doneMs } = await askAndFollow(asker.url, { ...input, ...more })
  const views = await Promise.all(field.spores.map((spore) => settled(spore, task.task_id)))
  const expected = JSON.stringify(expectedOf(answers))
  const odd = views.map(shownOf).find((shown) => JSON.stringify(shown) !== expected)
  return {
    ms: doneMs,
    isRight: task.settlement?.conclusion === CHOICES[LETTERS.indexOf(right)],
    different: odd ? `question ${i}: ${JSON.stringify(odd)}, in one process ${expected}` : null,
  }
}

const shownOf = ({ settlement }: TaskView) => [
  settlement?.rule,
  settlement?.conclusion,
  settlement?.masses.map(({ answer, authors }) => [answer, authors.length]),
]

function expectedOf(answers: readonly ScriptedAnswer[]) {
  const { rule, answer, masses } = aggregateScripted(CHOICES, answers)
  return [rule, answer?.text, masses.map(({ text, authors }) => [text, authors.length])]
}
