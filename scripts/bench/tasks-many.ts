/**
 * What finished tasks cost a spore that has many of them:
 *
 *     npm run bench -- tasks-many [--tasks 1000] [--idle 5] [--reads 200] [--more 50] [--json]
 *
 * One real spore, with a model that answers at once behind a provider on loopback, is asked all questions over its API. Before
 * and afterwards: the processor time of its process while nobody asks anything, and of one more task; afterwards the time of pages
 * of `GET /api/tasks` in many forms, and of a start. The issue's figures are those of `--tasks 10000 --idle 30`.
 */
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { TaskPage } from '../../src/core/protocol/api.ts'
import { processorMsOf } from '../../test/support/process-memory.ts'
import { ask, type Reasoners, settled, startReasoners, submit } from '../../test/support/reasoners.ts'
import type { Report, Run } from './support/harness.ts'
import { quantile } from './support/quantile.ts'

const P99_MS_BAR = 50
/** Idle work with many finished tasks beside that with none. */
const RATIO_BAR = 1.25
/** Processor time of an idle process that is noise: below it a ratio says nothing. */
const IDLE_MS_PER_S_FLOOR = 5
const AT_ONCE = 32
const WARM_TASKS = 100
const WARM_READS = 20
/** One in so many questions is asked in the space of the operator alone. */
const PRIVATE_EVERY = 10
const CHOICES = ['red', 'green', 'blue', 'none of them']
/** Has nothing to do with any of the tasks. */
const STRANGER = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'
const HANG_MS = 6 * 3600 * 1000
/** As `npm start` has them. */
const NODE_OPTIONS = ['--max-semi-space-size=4']
const PLENTY = '10000000'

export const run: Run = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tasks: { type: 'string', default: '1000' },
      idle: { type: 'string', default: '5' },
      reads: { type: 'string', default: '200' },
      more: { type: 'string', default: '50' },
    },
  })
  const [tasks, idleS, reads, more] = [values.tasks, values.idle, values.reads, values.more].map(Number) as [
    number,
    number,
    number,
    number,
  ]
  for (const count of [tasks, idleS, reads, more])
    if (!Number.isSafeInteger(count) || count < 1) throw new Error('counts are whole numbers from 1')
  await using field = await startReasoners({
    models: ['llama'],
    think: ({ number }) => ({ answer: 'ABCD'[number % 4] as string, reason: 'It was seen there.' }),
    env: {
      SPORE_PULL_INTERVAL_MS: '10000',
      SPORE_MODELS_FREE_CALLS_PER_DAY: PLENTY,
    },
    process: { hangMs: HANG_MS, nodeOptions: NODE_OPTIONS },
  })
  await askMany(field, 'warm', WARM_TASKS)
  const before = await costs(field, 'none', idleS, more)
  const startedAt = performance.now()
  await askMany(field, 'many', tasks)
  report.note(`${tasks} tasks in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  const after = await costs(field, 'behind many', idleS, more)
  const held = (await ask<TaskPage>(field.at(0), '/api/tasks?limit=1')).total
  reportCosts(before, after, held, report)
  await reportPages(field, reads, report)
  await ask(field.at(0), '/api/moderation', {
    action: 'block',
    targets: [{ kind: 'author', value: STRANGER }],
  })
  await reportPage(field, reads, '20, with a rule', 'limit=20', report)
  await reportStart(field, held, report)
}

/** Asks so many questions and waits for all answers. */
async function askMany(field: Reasoners, name: string, count: number): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) await askOne(field, name, i)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, lane))
}

async function askOne(field: Reasoners, name: string, i: number): Promise<void> {
  const spore = field.at(0)
  const task = `${name}, question ${i}: which colour has the door of house ${i}?`
  const space = i % PRIVATE_EVERY === 0 ? 'private' : 'commons'
  const id = await submit(spore, { task, choices: CHOICES, effort: 'quick', space })
  const { status } = await settled(spore, id)
  if (status !== 'converged') throw new Error(`question ${i} ${status}`)
}

function cpuMsOf(field: Reasoners): number {
  const ms = processorMsOf(field.at(0).process.pid)
  if (ms === null) throw new Error('this system does not tell what processor time a process has used')
  return ms
}

interface Costs {
  /** Processor milliseconds a second. */
  readonly idle: number
  readonly cpuMsPerTask: number
  readonly taskMs: number
}

async function costs(field: Reasoners, name: string, idleS: number, more: number): Promise<Costs> {
  const cpuMs = (): number => cpuMsOf(field)
  // What was begun comes to rest first.
  await sleep(2000)
  const idleFrom = cpuMs()
  await sleep(idleS * 1000)
  const idle = (cpuMs() - idleFrom) / idleS
  const taskFrom = cpuMs()
  const took: number[] = []
  for (let i = 0; i < more; i++) {
    const startedAt = performance.now()
    await askOne(field, name, i)
    took.push(performance.now() - startedAt)
  }
  return { idle, cpuMsPerTask: (cpuMs() - taskFrom) / more, taskMs: quantile(took, 0.5) }
}

function reportCosts(before: Costs, after: Costs, held: number, report: Report): void {
  const row = (metric: string, value: number, unit: string) => report.row({ metric, value, unit })
  row('processor while idle, with few tasks', before.idle, 'ms/s')
  row(`processor while idle, with ${held} tasks`, after.idle, 'ms/s')
  report.row({
    metric: 'idle with many ÷ with few',
    value: Math.max(IDLE_MS_PER_S_FLOOR, after.idle) / Math.max(IDLE_MS_PER_S_FLOOR, before.idle),
    unit: '',
    bar: { atMost: RATIO_BAR },
  })
  row('processor of one more task, with few', before.cpuMsPerTask, 'ms')
  row(`processor of one more task, with ${held}`, after.cpuMsPerTask, 'ms')
  row('one more task, with few, p50', before.taskMs, 'ms')
  row(`one more task, with ${held}, p50`, after.taskMs, 'ms')
}

/** Pages as people and tools ask for them; each the first one, and one far behind. */
const QUERIES: readonly (readonly [string, string])[] = [
  ['20', 'limit=20'],
  ['100', 'limit=100'],
  ['20 converged', 'limit=20&status=converged'],
  ['20 failed', 'limit=20&status=failed'],
  ['20 open', 'limit=20&status=open'],
  ['20 of a space', 'limit=20&space=private'],
  ['100 converged of a space', 'limit=100&status=converged&space=commons'],
]
/** Share of all tasks before a page that is deep. */
const DEEP = 0.9

async function reportPages(field: Reasoners, reads: number, report: Report): Promise<void> {
  for (const [name, query] of QUERIES) {
    await reportPage(field, reads, name, query, report)
    const deep = await deepCursor(field, query)
    if (deep) await reportPage(field, reads, `${name}, deep`, `${query}&cursor=${deep}`, report)
  }
}

async function reportPage(field: Reasoners, reads: number, name: string, query: string, report: Report) {
  const took: number[] = []
  let cpuFrom = 0
  for (let i = -WARM_READS; i < reads; i++) {
    if (i === 0) cpuFrom = cpuMsOf(field)
    const startedAt = performance.now()
    await ask<TaskPage>(field.at(0), `/api/tasks?${query}`)
    if (i >= 0) took.push(performance.now() - startedAt)
  }
  const cpuMs = (cpuMsOf(field) - cpuFrom) / reads
  report.row({ metric: `GET /api/tasks, ${name}, processor`, value: cpuMs, unit: 'ms' })
  report.row({ metric: `GET /api/tasks, ${name}, p50`, value: quantile(took, 0.5), unit: 'ms' })
  report.row({
    metric: `GET /api/tasks, ${name}, p99`,
    value: quantile(took, 0.99),
    unit: 'ms',
    bar: { atMost: P99_MS_BAR },
  })
}

/** Behind most of the tasks that a query finds; null where one page holds them all. */
async function deepCursor(field: Reasoners, query: string): Promise<string | null> {
  const all = query.replace(/limit=\d+/, 'limit=100')
  let cursor: string | null = null
  for (let passed = 0; ; passed += 100) {
    const page: TaskPage = await ask(field.at(0), `/api/tasks?${all}${cursor ? `&cursor=${cursor}` : ''}`)
    if (!page.cursor) return cursor
    cursor = page.cursor
    if (passed + 100 >= DEEP * page.total) return cursor
  }
}

async function reportStart(field: Reasoners, held: number, report: Report): Promise<void> {
  await field.at(0).stop()
  const startedAt = performance.now()
  await field.restart(0)
  const ms = performance.now() - startedAt
  await ask<TaskPage>(field.at(0), '/api/tasks?limit=1')
  report.row({ metric: `start with ${held} tasks, until it serves`, value: ms, unit: 'ms' })
  report.row({
    metric: `start with ${held} tasks, until it shows them`,
    value: performance.now() - startedAt,
    unit: 'ms',
  })
  report.note(
    `${availableParallelism()} cores; the process that asks and the provider share them with the spore`,
  )
}
