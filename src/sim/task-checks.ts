/** What must hold of tasks: they end, all honest spores agree on what they ended with, and it is what their entries come to. */
import type { Did, Digest, HybridTime } from '../core/base/brand.ts'
import { digestToCid } from '../core/base/hash.ts'
import { timeToIso, timeToMs } from '../core/memory/clock.ts'
import type { TaskView } from '../core/protocol/api.ts'
import { TURN_MS } from '../core/reasoning/efforts.ts'
import { DAY_ONE_MS } from './clock.ts'
import { type SimNode, textOf } from './node.ts'
import { type Minds, NO_ANSWER_MARK, WORDS } from './task-minds.ts'
import { type OracleTask, tasksOf, wasSealed } from './task-oracle.ts'
import type { World } from './world.ts'

/** Milliseconds between two looks at whether everything has ended. */
const LOOK_MS = 2500
/** Places in the list of who may put an answer together: all spores of a world, liars and their doubles. */
const PLACES_MAX = 12

const aliveOf = ({ nodes }: World): SimNode[] =>
  nodes.filter(({ engine, isHonest }) => isHonest && engine?.spore)

/** What a spore answers, in the world's time; null where that broke. */
async function answerOf<T>(world: World, asked: Promise<T>): Promise<T | null> {
  let answer: { readonly value: T } | null = null
  asked.then(
    (value) => {
      answer = { value }
    },
    (error: unknown) => world.report('broken', `a question threw ${textOf(error)}`),
  )
  await world.drive(() => answer !== null)
  return (answer as { readonly value: T } | null)?.value ?? null
}

/** Lets time pass until nobody works on a task; reports those that do not end in time. */
export async function endTasks(world: World): Promise<void> {
  const { scheduler, plan, report } = world
  const alive = aliveOf(world)
  const openAt = async (node: SimNode): Promise<number> => {
    const spore = node.engine?.spore
    const found = spore ? await answerOf(world, spore.convergence({ limit: 1 })) : null
    return found?.ok ? found.value.open : 0
  }
  const seconds = Math.max(0, ...alive.flatMap(({ audit }) => tasksOf(audit)).map(secondsOf))
  const limitMs =
    scheduler.elapsedMs + seconds * 1000 + PLACES_MAX * TURN_MS + plan.rounds * plan.pullIntervalMs
  for (;;) {
    const open: string[] = []
    for (const node of alive) {
      const count = await openAt(node)
      if (count > 0) open.push(`${node.name} works on ${count}`)
    }
    if (world.violations.length > 0) return
    const unended = open.length > 0 ? [] : unendedOf(alive)
    if (open.length === 0 && unended.length === 0) return
    if (scheduler.elapsedMs > limitMs)
      return report('task-ends', `${[...open, ...unended].join('; ')}, long past the deadline`)
    const untilMs = scheduler.elapsedMs + LOOK_MS
    scheduler.after(LOOK_MS, null, () => {})
    await world.drive(() => scheduler.elapsedMs >= untilMs)
  }
}

const secondsOf = ({ task }: OracleTask): number => task?.seconds ?? 0

/** Attempts without an answer that must have one: of an honest asker that is up; or one that an honest spore that is up has answered. */
function unendedOf(alive: readonly SimNode[]): string[] {
  const honest = new Set<Did>(alive.map(({ did }) => did))
  const found = new Set<string>()
  for (const { audit, name } of alive)
    for (const one of tasksOf(audit)) {
      if (!one.task || one.asks.length === 0 || one.accepted) continue
      const isAsked = one.asks.some(({ author }) => honest.has(author))
      const isAnswered = one.contributions.some(
        (said) => honest.has(said.author) && said.payload.outcome.failure === null && wasSealed(one, said),
      )
      if (isAsked || isAnswered)
        found.add(`${one.task.text.slice(0, 12)} ${one.task.attempt} is open at ${name}`)
    }
  return [...found]
}

/** What every spore shows of every task, against the entries that it holds, and against one another. */
export async function checkTasks(world: World, mindsOf: (place: number) => Minds | null): Promise<void> {
  const { report, note, plan } = world
  const alive = aliveOf(world)
  const honest = new Set<Did>(world.nodes.filter(({ isHonest }) => isHonest).map(({ did }) => did))
  const seen = new Map<Digest, { readonly name: string; readonly shown: string }>()
  for (const node of alive) {
    const tasks = tasksOf(node.audit)
    for (const question of new Set(tasks.filter(({ task }) => task).map((one) => one.question))) {
      const found = await answerOf(world, node.engine?.spore?.task(digestToCid(question)) as never)
      const view = (found as { ok: boolean; value: TaskView } | null)?.ok
        ? (found as unknown as { value: TaskView }).value
        : null
      const defined = tasks.find((one) => one.question === question && one.task?.attempt === view?.attempt)
      if (!view || !defined) {
        report('task-answer', `${node.name} shows nothing of ${digestToCid(question)}`)
        continue
      }
      checkView(node, view, defined, world)
      const shown = shownOf(view)
      const other = seen.get(defined.id)
      if (other && other.shown !== shown)
        report('task-agreement', `${node.name} shows ${shown}, ${other.name} ${other.shown}`)
      seen.set(defined.id, { name: node.name, shown })
    }
    for (const one of tasks) checkSaid(one, honest, world)
    if (!plan.faults.jump) noteReturns(node, tasks, world)
  }
  if (plan.faults.jump) return
  for (const { place, name } of world.nodes) {
    const minds = mindsOf(place)
    if (!minds) continue
    const { calls, callsMax } = minds
    // Two accounts each: the operator's, and that of all others.
    if (Math.max(calls.free, calls.paid) > 2 * callsMax)
      report('budget', `${name} made ${calls.free} and ${calls.paid} calls, twice ${callsMax} were granted`)
    if (callsMax > 0 && Math.max(calls.free, calls.paid) >= callsMax) note('a budget was spent')
  }
}

/** What must be the same everywhere: all but what this spore itself would think. */
function shownOf({ status, answer, settlement, answeredAt, askers, reason }: TaskView): string {
  const { ownView: _, ...settled } = settlement ?? { ownView: null }
  // Whether one that nobody works on is given up is a matter of when it is looked at.
  const isGivenUp = status === 'failed' && answeredAt === null
  return JSON.stringify([
    isGivenUp ? 'open' : status,
    answer,
    settled,
    answeredAt,
    askers,
    isGivenUp || reason,
  ])
}

function checkView(node: SimNode, view: TaskView, one: OracleTask, { report, note }: World): void {
  const { accepted } = one
  const where = `${node.name}: ${view.task} ${view.attempt}`
  const outcome = accepted?.payload.outcome
  const status = !accepted
    ? one.asks.length === 0
      ? 'cancelled'
      : 'open'
    : outcome?.failure === null
      ? 'converged'
      : 'failed'
  const isGivenUp = status === 'open' && view.status === 'failed' && view.answeredAt === null
  if (view.status !== status && !isGivenUp)
    report('task-answer', `${where} is ${view.status}, by its entries ${status}`)
  if (!accepted) return
  if (view.answeredAt !== timeToIso(accepted.clock))
    report('task-answer', `${where} answers of ${view.answeredAt}, by the list ${timeToIso(accepted.clock)}`)
  if (status === 'failed') note('a task failed')
  if (!view.settlement) return
  if (view.settlement.synthesizer !== accepted.author)
    report('task-answer', `${where}: ${view.settlement.synthesizer} answers, by the list ${accepted.author}`)
  const { conclusion, participants } = view.settlement
  const isQuoted = view.degradedBecause.some((why) => why.startsWith('no model'))
  if (isQuoted) note('an answer was quoted without a model')
  const said = [conclusion, view.answer ?? '', ...participants.map(({ answer }) => answer)]
  if (said.some((text) => text === '' || text.includes(NO_ANSWER_MARK)))
    report('task-garbage', `${where} answers ${JSON.stringify(said)}`)
  if (!isQuoted && !WORDS.some((word) => conclusion.includes(word)))
    report('task-garbage', `${where} concludes ${JSON.stringify(conclusion)}`)
  for (const { contribution, author, answer } of participants) {
    const isIts = one.contributions.some(
      (said) =>
        digestToCid(said.element) === contribution &&
        said.author === author &&
        (wasSealed(one, said) || said.payload.model === 'extractive'),
    )
    if (!isIts) report('task-seal', `${where} counts ${answer} for ${author}, who did not seal it`)
  }
  if (!one.asks.some(({ author }) => author === accepted.author))
    note('another than the asker put the answer together')
  if (view.contributions.some(({ round }) => round > 0)) note('an answer was revised')
  if (view.contributions.some(({ round, role }) => round > 0 && role === 'adversarial'))
    note('early agreement was challenged')
}

/** Notes what was sealed in one life of a spore and shown in another. */
function noteReturns({ did, upsMs }: SimNode, tasks: readonly OracleTask[], { note }: World): void {
  const since = (clock: HybridTime): number => timeToMs(clock) - DAY_ONE_MS
  for (const { seals, contributions } of tasks)
    for (const seal of seals) {
      if (seal.author !== did) continue
      const shown = contributions.find(
        ({ author, element }) => author === did && element === seal.payload.seal,
      )
      if (shown && upsMs.some((ms) => since(seal.clock) < ms && ms < since(shown.clock)))
        note('what was sealed was shown after a restart')
    }
}

/** What honest authors said of a task, whatever came of it. */
function checkSaid(one: OracleTask, honest: ReadonlySet<Did>, { report, note }: World): void {
  if (one.syntheses.some((said) => !honest.has(said.author) && said.element !== one.accepted?.element))
    note('a liar put an answer together that was not taken')
  for (const { author, payload } of one.contributions) {
    if (!honest.has(author) || payload.model === 'extractive') continue
    const { text, failure } = payload.outcome
    if (failure !== null || !WORDS.includes(text as (typeof WORDS)[number]))
      report('task-garbage', `${author} answers ${JSON.stringify(payload.outcome)}`)
  }
  for (const { author, payload } of one.seals) {
    if (!honest.has(author)) continue
    const isShown = one.contributions.some((said) => said.author === author && said.element === payload.seal)
    const wentOn = [...one.reviews, ...one.seals].some(
      (said) =>
        said.author === author &&
        ('ranking' in said.payload
          ? said.payload.round >= payload.round
          : said.payload.round > payload.round),
    )
    if (!isShown && (wentOn || one.syntheses.some((said) => said.author === author)))
      report('task-seal', `${author} went on in ${one.task?.text} without showing what it sealed`)
  }
}
