/** `spore eval ask`: the configured models on a file of questions, each alone and all together. It makes calls that may cost money. */
import { silentLog } from '../../core/base/ports.ts'
import { SporeError } from '../../core/protocol/errors.ts'
import { createAggregationParams } from '../../core/reasoning/aggregation-params.ts'
import { costOf } from '../../core/reasoning/budget.ts'
import { usageBound } from '../../core/reasoning/language-model.ts'
import type { ModelRoute } from '../../core/reasoning/model-call.ts'
import { answerPrompt } from '../../core/reasoning/prompts/answer.ts'
import { NOTHING_RECOLLECTED } from '../../core/reasoning/recollection.ts'
import { askReport } from '../../sim/eval/ask-report.ts'
import type { AskQuestion } from '../../sim/eval/ask-score.ts'
import { wholeNumber } from '../command.ts'
import { UsageError } from '../exit.ts'
import { openModels } from '../open-models.ts'
import { createRunLedger } from './ask-ledger.ts'
import { readQuestionFile } from './ask-questions.ts'
import { askAll } from './ask-run.ts'
import type { EvalContext, Evaluation } from './evaluation.ts'

const CALLS_MAX = 1_000_000
const AT_ONCE_DEFAULT = 4
const AT_ONCE_MAX = 32
/** Seconds: providers that are free say "a minute" when they are asked too often; half an hour is a quota that is used up. */
const PATIENCE_DEFAULT = 120
const PATIENCE_MAX = 3600
/** Calls of one answer at most: the second has a reply repaired that cannot be read. */
const CALLS_AN_ANSWER = 2
/** Questions between two words on how far it is. */
const NOTE_EVERY = 10

export const evaluation: Evaluation = {
  name: 'ask',
  summary: 'Real models on a file of questions: each alone and all together',
  description:
    'The models of your configuration answer a file of questions: a line of JSON each, {"question", "choices"?, "answer",\n' +
    '"domain"?}. Each family answers alone; then their answers are put together as a spore does. Accuracy, calls, cost and\n' +
    'latency of each and of all. IT CALLS YOUR PROVIDERS AND MAY COST MONEY: it says what it would call, and goes on only with\n' +
    '--yes or --calls. The caps of models.* hold as for one day, beside what a running spore spends. --seeds are draws of the\n' +
    'half that is scored before; they cost no call.',
  examples: [
    'spore eval ask questions.jsonl',
    'spore eval ask questions.jsonl --calls 200 --out reports',
    'spore eval ask questions.jsonl --yes --at-once 1 --json',
  ],
  seedsDefault: 20,
  configure: (command) =>
    void command
      .argument('<questions.jsonl>', 'the file')
      .option('--yes', 'make the calls')
      .option('--calls <n>', 'make the calls, at most so many', wholeNumber(1, CALLS_MAX))
      .option('--at-once <n>', 'questions at a time', wholeNumber(1, AT_ONCE_MAX), AT_ONCE_DEFAULT)
      .option(
        '--patience <seconds>',
        'how long an answer waits for a model that must be left alone',
        wholeNumber(0, PATIENCE_MAX),
        PATIENCE_DEFAULT,
      ),
  async run({ seeds, options, args, signal, command, note, load }: EvalContext) {
    const questions = await readQuestionFile(args[0] as string)
    const loaded = load()
    await using models = openModels(loaded, silentLog)
    if (!models) throw new SporeError('MODELS_OFF', 'no model is configured that can be called')
    const { routes, caps } = models.ports
    const families = [...new Set(routes.map(({ model }) => model.family))]
    const callsMax = (options.calls as number | undefined) ?? null
    const estimate = describeEstimate(questions, routes, families)
    if (callsMax === null && options.yes !== true)
      throw new UsageError(`${estimate}\nNothing was called. Say --yes, or --calls <n> for a cap on calls.`)
    note(estimate)
    const ledger = createRunLedger(caps, callsMax)
    const onAsked = (count: number): void => {
      if (count % NOTE_EVERY === 0 || count === questions.length)
        note(`${count} of ${questions.length} questions`)
    }
    const atOnce = options.atOnce as number
    const patienceSeconds = options.patience as number
    const { asked, ended } = await askAll(
      { routes, families, questions, atOnce, patienceSeconds, signal, onAsked },
      ledger,
      silentLog,
    )
    if (ended !== null) note(`not all was asked: ${ended}`)
    const spending = routes.map(({ model: { name, family } }) => ({
      model: name,
      family,
      ...ledger.spentOn(name),
    }))
    const params = createAggregationParams()
    return askReport({
      command,
      seeds,
      params,
      families,
      asked,
      questions: questions.length,
      ended,
      spending,
    })
  },
}

/** What all of it would call, and cost at most where prices are known. */
function describeEstimate(
  questions: readonly AskQuestion[],
  routes: readonly ModelRoute[],
  families: readonly string[],
): string {
  const least = questions.length * families.length
  const lines = [
    `${questions.length} questions to ${families.length} ${families.length === 1 ? 'family' : 'families'} (${families.join(', ')}): ` +
      `${least} calls, at most ${least * CALLS_AN_ANSWER} where replies have to be repaired; more where a family has several models and one fails.`,
  ]
  const first = families.map((family) => routes.find(({ model }) => model.family === family) as ModelRoute)
  const unpriced = first.filter(({ isFree, price }) => !isFree && !price)
  const microUsd = questions.reduce((sum, { text, choices }) => {
    const question = { text, choices, isForeign: false }
    const { request, structure } = answerPrompt({
      ...{ question, role: 'generalist', recollected: NOTHING_RECOLLECTED },
    })
    const bound = usageBound({ ...request, schema: structure.schema })
    return sum + first.reduce((all, { isFree, price }) => all + (isFree ? 0 : costOf(bound, price)), 0)
  }, 0)
  lines.push(
    `By your prices these calls cost at most ${(microUsd / 1e6).toFixed(2)} dollars, if every reply were as long as it may be.`,
  )
  if (unpriced.length > 0)
    lines.push(`Without a price: ${unpriced.map(({ model }) => model.name).join(', ')}; they are not in it.`)
  return lines.join('\n')
}
