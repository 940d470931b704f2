/**
 * T10: ten real processes with planted speed, error rate and honesty answer a stream of questions that an eleventh asks and judges:
 *
 *     npm run bench -- t10 [--seconds 60] [--runs 3] [--at-once 3] [--seed 1] [--json]
 *
 * The asker has no model, and asks the preferred. Nine answer from the beginning. In parts of the time: they are learnt; the best of
 * the role `brain` is killed as by a power cut; in `explorer` the best and one who was bad swap their qualities; a newcomer joins who
 * is better in `validator`. At last some questions go to everyone, to compare calls. Each run is of another seed.
 */
import { parseArgs } from 'node:util'
import { startReasoners } from '../../test/support/reasoners.ts'
import type { Report, Run } from './support/harness.ts'
import {
  bestIn,
  CHOICES,
  FIELD_ROLES,
  NEWCOMER,
  newcomer,
  plantedField,
  plantMinds,
  rightAnswer,
  roleOfQuestion,
} from './support/planted-field.ts'
import {
  afterKill,
  afterNewcomer,
  afterSwap,
  askedShares,
  type Moment,
  preferredIn,
} from './support/preference-figures.ts'
import { quantile } from './support/quantile.ts'
import { createTaskStream, type Streamed } from './support/task-stream.ts'

/** Shares of the time at which something happens. */
const KILL_AT = 0.5
const SWAP_AT = 0.65
const NEWCOMER_AT = 0.8
/** Questions of each role that are asked in a part at least, however slow the machine is: it then takes longer. */
const LEAST = { learn: 40, killed: 10, swapped: 20, joined: 30 } as const
/** Questions that go to everyone at last. */
const EVERYONE = 30
/** Milliseconds between two pulls: a gossip period. */
const PERIOD_MS = 1_000
/** Gossip periods within which the backup has to have the questions of who was killed, and their share. */
const PERIODS = 3
const SHARE_BAR = 95
/** Who was bad in `explorer` and becomes the best there. */
const SWAPPED = 'qwen'
/** Newest questions of a role by which it is told who is preferred. */
const NEWEST = 10
const DEADLINE_S = 20
const HANG_MS = 3600 * 1000
const NODE_OPTIONS = ['--max-semi-space-size=4']
const PLENTY = '10000000'

export const run: Run = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      runs: { type: 'string', default: '3' },
      'at-once': { type: 'string', default: '3' },
      seed: { type: 'string', default: '1' },
    },
  })
  const [seconds, runs, atOnce] = [values.seconds, values.runs, values['at-once']].map(Number) as [
    number,
    number,
    number,
  ]
  for (const count of [seconds, runs, atOnce])
    if (!Number.isSafeInteger(count) || count < 1) throw new Error('numbers are whole, from 1')
  for (let i = 0; i < runs; i++) {
    const seed = `${values.seed}/${i}`
    const happened = await runOnce({ seconds, atOnce, seed })
    reportRun(`run ${i + 1}`, happened, report)
  }
}

interface Happened {
  readonly streamed: readonly Streamed[]
  readonly kill: Moment & { readonly killed: string; readonly backup: string }
  readonly swap: Moment & { readonly fell: string; readonly rose: string }
  readonly joined: Moment
  /** Who is best of each role while all is learnt, by what is planted. */
  readonly best: ReadonlyMap<string, string>
  readonly startedMs: number
}

async function runOnce(options: { seconds: number; atOnce: number; seed: string }): Promise<Happened> {
  const { seconds, atOnce, seed } = options
  const field = plantedField()
  const minds = plantMinds(field, seed)
  const names = [...field.keys()]
  const startedAt = performance.now()
  await using spores = await startReasoners({
    think: minds.think,
    models: [null, ...names],
    env: {
      SPORE_PULL_INTERVAL_MS: String(PERIOD_MS),
      SPORE_ASK: 'preferred',
      SPORE_MODELS_FREE_CALLS_PER_DAY: PLENTY,
      SPORE_MODELS_COMMUNITY_FREE_CALLS_PER_DAY: PLENTY,
      SPORE_MODELS_CALLS_PER_ASKER_PER_DAY: PLENTY,
    },
    process: { hangMs: HANG_MS, nodeOptions: NODE_OPTIONS },
  })
  const startedMs = performance.now() - startedAt
  const asker = spores.at(0)
  const modelOf = (did: string): string => {
    const place = spores.spores.findIndex((spore) => spore.did === did)
    return spores.models[place] ?? 'asker'
  }
  let ask: 'preferred' | 'everyone' = 'preferred'
  const stream = createTaskStream({
    url: asker.url,
    input: (question) => ({
      task: `Question ${question}: which colour?`,
      choices: [...CHOICES],
      roles: [roleOfQuestion(question)],
      ...{ effort: 'quick', deadline: DEADLINE_S, space: 'commons', ask },
    }),
    roleOf: roleOfQuestion,
    rightOf: (question) => rightAnswer(seed, question),
    modelOf,
    callsOf: (question) => minds.calls.get(question) ?? 0,
    atOnce,
  })
  const moment = (): Moment => ({ atMs: stream.nowMs, periodMs: PERIOD_MS })
  const until = (share: number, questions: number): Promise<void> =>
    stream.reaches(share * seconds * 1000, questions * FIELD_ROLES.length)
  const best = new Map(FIELD_ROLES.map((role) => [role, bestIn(field, role)[0] as string]))

  stream.phase = 'learn'
  const streaming = stream.run()
  await until(KILL_AT, LEAST.learn)
  const [killed, backup] = bestIn(field, 'brain') as [string, string]
  stream.phase = 'killed'
  const kill = { ...moment(), killed, backup }
  await spores.kill(spores.models.indexOf(killed))
  await until(SWAP_AT, LEAST.killed)

  const fell = best.get('explorer') as string
  const [of, to] = [field.get(fell), field.get(SWAPPED)]
  if (!of || !to) throw new Error('who swaps is there')
  stream.phase = 'swapped'
  const swap = { ...moment(), fell, rose: SWAPPED }
  field.set(fell, { ...of, ms: to.ms, right: { ...of.right, explorer: to.right.explorer } })
  field.set(SWAPPED, { ...to, ms: of.ms, right: { ...to.right, explorer: of.right.explorer } })
  await until(NEWCOMER_AT, LEAST.swapped)

  field.set(NEWCOMER, newcomer())
  await spores.add(NEWCOMER)
  stream.phase = 'joined'
  const joined = moment()
  await until(1, LEAST.joined)
  ask = 'everyone'
  stream.phase = 'everyone'
  await stream.reaches(0, EVERYONE)
  stream.stop()
  await streaming
  return { streamed: stream.streamed, kill, swap, joined, best, startedMs }
}

function reportRun(name: string, happened: Happened, report: Report): void {
  const { streamed, kill, swap, joined, best, startedMs } = happened
  const of = (phase: string): Streamed[] => streamed.filter((one) => one.phase === phase)
  const figure = (
    metric: string,
    value: number,
    unit: string,
    bar?: { atLeast: number } | { atMost: number },
  ) => report.row({ metric: `${name}: ${metric}`, value, unit, ...(bar && { bar }) })
  const percent = (part: number, all: number): number => (all === 0 ? 0 : (100 * part) / all)

  report.note(
    `${name}: ${streamed.length} questions; eleven processes were there after ${Math.round(startedMs)} ms`,
  )
  for (const phase of ['learn', 'killed', 'swapped', 'joined'])
    for (const role of FIELD_ROLES)
      report.note(`${name} ${phase.padEnd(7)} ${role.padEnd(9)} asked first: ${askedShares(of(phase), role)}`)
  const learnt = FIELD_ROLES.filter((role) => preferredIn(of('learn'), role, NEWEST) === best.get(role))
  figure('roles whose preferred is the planted best', learnt.length, 'of 3', { atLeast: FIELD_ROLES.length })

  const killing = afterKill(of('killed'), kill, { role: 'brain', periods: PERIODS })
  figure(
    `questions of the killed one that its backup has, ${PERIODS} gossip periods on`,
    killing.share,
    '%',
    {
      atLeast: SHARE_BAR,
    },
  )
  figure('gossip periods after which the killed one is preferred no more', killing.periodsLost, '', {
    atMost: PERIODS,
  })
  figure('questions for which the killed one was preferred meanwhile', killing.lost, '')
  const swapping = afterSwap([...of('swapped'), ...of('joined')], swap, 'explorer')
  figure('questions of the role until who became bad is not preferred', swapping.untilFallen, '')
  figure('questions of the role until who became good is preferred', swapping.untilRisen, '')
  const joining = afterNewcomer(of('joined'), joined, { role: 'validator', name: NEWCOMER })
  figure('questions of the role until the newcomer is tried', joining.untilTried, '')
  figure('questions of the role until the newcomer is preferred', joining.untilPreferred, '')

  const preferred = streamed.filter(({ phase }) => phase !== 'everyone')
  for (const [who, list] of [
    ['preferred', preferred],
    ['everyone', of('everyone')],
  ] as const) {
    const calls = list.reduce((sum, one) => sum + one.calls, 0)
    figure(`calls of models a question, ${who}`, calls / Math.max(1, list.length), '')
    figure(`right answers, ${who}`, percent(list.filter(({ isRight }) => isRight).length, list.length), '%')
    const took = list.map(({ tookMs }) => tookMs)
    figure(`from question to answer, ${who}, p50`, quantile(took, 0.5), 'ms')
    figure(`from question to answer, ${who}, p95`, quantile(took, 0.95), 'ms')
  }
  figure('questions without an answer', streamed.filter(({ isAnswered }) => !isAnswered).length, '')
}
