/** One seed → one world → a report. A violation ends the run; the report says how to see it again. */
import type { Digest } from '../core/base/brand.ts'
import type { Compression } from '../core/protocol/compression.ts'
import { FEDERATION_TIMEOUT_MS } from '../core/protocol/limits.ts'
import { createAdversary } from './adversary.ts'
import { createFaults } from './faults.ts'
import { type SimNode, textOf } from './node.ts'
import { type VisibleSet, visibleOf } from './oracle.ts'
import { drawPlan, type ScenarioName } from './plan.ts'
import { createRandom } from './random.ts'
import { checkTasks, endTasks } from './task-checks.ts'
import type { Minds } from './task-minds.ts'
import { equipAll, liarsOf } from './task-run.ts'
import { createTaskWorkload } from './task-workload.ts'
import type { Violation } from './violation.ts'
import { createWorkload } from './workload.ts'
import { createWorld, type World } from './world.ts'

export interface SimOptions {
  readonly seed: number
  readonly scenario: ScenarioName
  /** Events while faults happen; the time in which spores must agree comes on top. */
  readonly steps: number
  readonly compression: Compression
}

export interface SimReport {
  readonly seed: number
  readonly scenario: ScenarioName
  readonly nodes: number
  /** Events in all. */
  readonly steps: number
  readonly virtualMs: number
  /** Rounds after the end of the faults until all agreed; null where they did not. */
  readonly rounds: number | null
  readonly entries: number
  readonly traceHash: string
  readonly violations: readonly Violation[]
  readonly sometimes: Readonly<Record<string, number>>
}

/** Events until every spore is up again and answers what is under way: far more than that takes. */
const RECOVERY_STEPS_MAX = 50_000

export async function runSeed(options: SimOptions): Promise<SimReport> {
  const { seed, scenario, steps, compression } = options
  const name = `${scenario} ${seed}`
  const plan = drawPlan(scenario, createRandom(`${name} plan`))
  const mindsOf = plan.tasks ? equipAll(plan.tasks, createRandom(`${name} minds`)) : () => null
  const world = createWorld({ seed: name, plan, compression, equip: mindsOf })
  const onRejection = (error: unknown): void => world.report('broken', `nobody caught ${textOf(error)}`)
  process.on('unhandledRejection', onRejection)
  let rounds: number | null = null
  try {
    rounds = await live(world, steps, compression, mindsOf)
  } catch (error) {
    world.report('broken', textOf(error))
  } finally {
    process.off('unhandledRejection', onRejection)
  }
  const { scheduler, nodes, violations, sometimes } = world
  return {
    seed,
    scenario,
    nodes: nodes.length,
    steps: scheduler.steps,
    virtualMs: Math.round(scheduler.elapsedMs),
    rounds,
    entries: Math.max(...nodes.map(({ audit }) => audit.entries)),
    traceHash: world.traceHash(),
    violations,
    sometimes: Object.fromEntries([...sometimes].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** The command that shows a run again. */
export const replayCommand = (
  { scenario, seed }: Pick<SimReport, 'scenario' | 'seed'>,
  steps: number,
): string => `spore sim --scenario ${scenario} --seed ${seed} --steps ${steps}`

async function live(
  world: World,
  steps: number,
  compression: Compression,
  mindsOf: (place: number) => Minds | null,
): Promise<number | null> {
  const { scheduler, nodes } = world
  const { tasks } = world.plan
  const workload = tasks ? createTaskWorkload(world, tasks) : createWorkload(world)
  const liars = tasks ? liarsOf(world, tasks) : []
  const adversaries = Array.from({ length: world.plan.liars }, (_, i) =>
    createAdversary(`liar-${i}`, world, compression),
  )
  const faults = createFaults(world, adversaries)
  world.onUp = (node) => {
    if (node.lives > 1) world.note('a spore came back')
    workload.resend(node)
  }
  for (const node of nodes) node.start()
  workload.start()
  faults.start()
  for (const one of [...adversaries, ...liars]) one.start()
  await world.drive(() => scheduler.steps >= steps)
  workload.stop()
  for (const one of [...adversaries, ...liars]) one.stop()
  faults.heal()
  const last = scheduler.steps + RECOVERY_STEPS_MAX
  const isUp = (): boolean => nodes.every(({ engine, isGone }) => engine !== null || isGone)
  await world.drive(() => scheduler.steps >= last || (isUp() && workload.isIdle()))
  if (!isUp()) world.report('liveness', 'a spore does not come up again')
  else if (!workload.isIdle()) world.report('liveness', 'an operation is never answered')
  if (tasks && world.violations.length === 0) await endTasks(world)
  const rounds = await agree(world)
  if (tasks && rounds !== null) await checkTasks(world, mindsOf)
  if (rounds !== null) await checkSets(world)
  return rounds
}

/** Rounds until the views of all honest spores are one; null, and a violation, where they are not in time. */
async function agree(world: World): Promise<number | null> {
  const { scheduler, plan, nodes, report } = world
  const honest = nodes.filter(({ isHonest, isGone }) => isHonest && !isGone)
  // Rounds count once whoever asked in vain while faults lasted knows it.
  const startMs = scheduler.elapsedMs + FEDERATION_TIMEOUT_MS
  const roundOf = (): number => Math.max(0, Math.ceil((scheduler.elapsedMs - startMs) / plan.pullIntervalMs))
  const isAgreed = (): boolean => new Set(honest.map(({ engine }) => engine?.stamp())).size === 1
  // The digests are asked for now and then: at each step they would cost more than the steps.
  let checkedAtMs = -1
  let isOne = false
  await world.drive(() => {
    if (scheduler.elapsedMs - checkedAtMs >= plan.pullIntervalMs / 4) {
      checkedAtMs = scheduler.elapsedMs
      isOne = isAgreed()
    }
    return isOne || roundOf() > plan.rounds
  })
  if (world.violations.length > 0) return null
  if (isOne) return roundOf()
  report(
    'liveness',
    `no agreement ${plan.rounds} rounds after the last fault: ${differences(honest).join('; ')}`,
  )
  return null
}

/** The logs that spores hold to different lengths, by length. */
function differences(nodes: readonly SimNode[]): string[] {
  const logs = new Map(nodes.flatMap(({ audit }) => [...audit.logs()].map(({ row }) => [row.logId, row])))
  return [...logs.values()]
    .filter(({ space }) => space !== 'private')
    .flatMap(({ logId }) => {
      const byNext = Map.groupBy(nodes, (node) => node.next(logId))
      if (byNext.size < 2) return []
      const groups = [...byNext].map(
        ([next, group]) => `${next} at ${group.map(({ name }) => name).join(' ')}`,
      )
      return [`log ${logId.slice(0, 6)}: ${groups.join(', ')}`]
    })
}

/** What each spore shows, against both oracles. */
async function checkSets(world: World): Promise<void> {
  const { nodes, history, report } = world
  const shown = new Map<number, VisibleSet>()
  for (const node of nodes) {
    const { engine } = node
    if (!node.isHonest || !engine) continue
    const replicates = (space: string): boolean => space !== 'private'
    if (engine.stamp() !== node.audit.viewStamp(replicates))
      report('chain', `${node.name} gives another digest than its entries have`)
    const visible = await list(node, world)
    if (!visible) return
    shown.set(node.place, visible)
    compareSets(node, visible, visibleOf(node.audit), world)
  }
  for (const { element, space, isVisible, authors } of history.expectations())
    for (const [place, visible] of shown) {
      if (isVisible === null || (space === 'private' && !authors.includes(place))) continue
      if (visible.has(element) !== isVisible)
        report(
          'history',
          `n${place} ${isVisible ? 'lacks' : 'shows'} ${element} (${space}), acknowledged by ${authors.join(', ') || 'nobody any more'}`,
        )
    }
}

/** What a spore lists, once no commit came in between; null where that broke. */
async function list(node: SimNode, world: World): Promise<VisibleSet | null> {
  for (;;) {
    const { entries } = node.audit
    let visible: VisibleSet | null = null
    node.engine?.visible().then(
      (set) => {
        visible = set
      },
      (error: unknown) => world.report('broken', `${node.name} cannot list: ${textOf(error)}`),
    )
    await world.drive(() => visible !== null)
    if (!visible || node.audit.entries === entries) return visible
  }
}

function compareSets(node: SimNode, shown: VisibleSet, defined: VisibleSet, { report }: World): void {
  const all = new Set<Digest>([...shown.keys(), ...defined.keys()])
  for (const element of all) {
    const [is, must] = [shown.get(element)?.join(' '), defined.get(element)?.join(' ')]
    if (is !== must) report('visible-set', `${node.name} shows ${element} by ${is}, the set has ${must}`)
  }
  if (node.engine && node.engine.memories !== defined.size)
    report('visible-set', `${node.name} counts ${node.engine.memories} memories, the set has ${defined.size}`)
}
