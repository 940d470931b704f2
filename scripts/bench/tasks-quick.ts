/**
 * How long a quick question takes at five real spores, each with a model of another family that answers in 100 ms:
 *
 *     npm run bench -- tasks-quick [--questions 50] [--at-once 1] [--model-ms 100] [--json]
 *
 * From sending the question to the asker's spore until its stream of events tells the answer. The spores have the settings of an
 * operator who configured his peers; the models are a script behind a provider on loopback.
 */
import { parseArgs } from 'node:util'
import { MODELS, startReasoners } from '../../test/support/reasoners.ts'
import { askAndFollow, type Followed } from './support/followed-task.ts'
import type { Report, Run } from './support/harness.ts'
import { quantile } from './support/quantile.ts'

const P50_MS_BAR = 1000
const CHOICES = ['red', 'green', 'blue', 'none of them']
/** Code gets warm, and links are made. */
const WARM_QUESTIONS = 10
const HANG_MS = 3600 * 1000
/** As `npm start` has them. */
const NODE_OPTIONS = ['--max-semi-space-size=4']

export const run: Run = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      questions: { type: 'string', default: '50' },
      'at-once': { type: 'string', default: '1' },
      'model-ms': { type: 'string', default: '100' },
    },
  })
  const [questions, atOnce, modelMs] = [values.questions, values['at-once'], values['model-ms']].map(
    Number,
  ) as [number, number, number]
  for (const count of [questions, atOnce])
    if (!Number.isSafeInteger(count) || count < 1) throw new Error('counts are whole numbers from 1')
  await using field = await startReasoners({
    think: () => ({ answer: 'A' }),
    delayMs: modelMs,
    env: { SPORE_PULL_INTERVAL_MS: '10000', ...NO_CAPS },
    process: { hangMs: HANG_MS, nodeOptions: NODE_OPTIONS },
  })
  const ask = (i: number): Promise<Followed> =>
    askAndFollow(field.at(i % MODELS.length).url, {
      task: `Question ${i}: which colour?`,
      choices: CHOICES,
      effort: 'quick',
      space: 'commons',
    })
  const askAll = async (from: number, count: number): Promise<Followed[]> => {
    const followed: Followed[] = []
    let next = from
    const lane = async (): Promise<void> => {
      while (next < from + count) followed.push(await ask(next++))
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
    return followed
  }
  await askAll(0, WARM_QUESTIONS)
  reportFollowed(await askAll(WARM_QUESTIONS, questions), report)
}

/** What others may ask of a model a day is no part of what is measured. */
const NO_CAPS = {
  SPORE_MODELS_FREE_CALLS_PER_DAY: '1000000',
  SPORE_MODELS_COMMUNITY_FREE_CALLS_PER_DAY: '1000000',
  SPORE_MODELS_CALLS_PER_ASKER_PER_DAY: '1000000',
}

function reportFollowed(followed: readonly Followed[], report: Report): void {
  const unanswered = followed.filter(({ task }) => task.status !== 'converged').length
  if (unanswered > 0) throw new Error(`${unanswered} questions had no answer`)
  const of = (msOf: (one: Followed) => number | undefined): number[] =>
    followed.flatMap((one) => msOf(one) ?? [])
  const row = (metric: string, values: readonly number[], share = 0.5): void =>
    report.row({ metric: `${metric}, p${100 * share}`, value: quantile(values, share), unit: 'ms' })
  const done = of(({ doneMs }) => doneMs)
  report.row({
    metric: 'from question to answer, p50',
    value: quantile(done, 0.5),
    unit: 'ms',
    bar: { atMost: P50_MS_BAR },
  })
  row('from question to answer', done, 0.95)
  row(
    'to the reply that takes the question',
    of(({ acceptedMs }) => acceptedMs),
  )
  row(
    'to the first seal',
    of(({ firstMs }) => firstMs.get('seal')),
  )
  row(
    'to the end of sealing',
    of(({ firstMs }) => firstMs.get('phase reveal')),
  )
  row(
    'to the first answer shown',
    of(({ firstMs }) => firstMs.get('contribution')),
  )
  row(
    'to the end of showing',
    of(({ firstMs }) => firstMs.get('phase synthesize')),
  )
  report.row({
    metric: 'answers to a question, mean',
    value:
      followed.reduce((sum, { task }) => sum + (task.settlement?.participants.length ?? 0), 0) /
      followed.length,
    unit: '',
  })
}
