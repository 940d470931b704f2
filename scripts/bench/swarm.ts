/**
 * How soon five real spores have what one of them is told, where each was told of one neighbour in a chain only:
 *
 *     npm run bench -- swarm [--entries 1000] [--runs 5] [--seed 1] [--json]
 *
 * The first is told the entries in ten requests. In the second half of the runs the spore in the middle is killed after
 * half of them and started again after the last. All settings are the defaults of a spore, with new stores in each run.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Report, Run } from './support/harness.ts'
import { type MeasuredSpore, startMeasuredSpore } from './support/measured-spore.ts'
import { type SporeProxy, startProxy } from './support/proxy.ts'
import { makeTexts } from './support/texts.ts'

const SECONDS_BAR = 5
const SPORES = 5
const MIDDLE = 2
const REQUESTS = 10
const TEXT_BYTES = 321
/** What is not there by then never comes. */
const GIVE_UP_MS = 60_000
/** Memories are counted this often: a hundredth of what the bar resolves, and little load on five processes. */
const POLL_MS = 50

interface Took {
  /** From the first request to the last entry at the last spore, in seconds. */
  readonly everywhereS: number
  /** From the last request on. */
  readonly afterWritingS: number
}

export const run: Run = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      entries: { type: 'string', default: '1000' },
      runs: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
    },
  })
  const [entries, runs] = [Number(values.entries), Number(values.runs)]
  if (!Number.isSafeInteger(entries) || entries < REQUESTS)
    throw new Error('--entries is a whole number from 10')
  if (!Number.isSafeInteger(runs) || runs < 1) throw new Error('--runs is a whole number from 1')
  for (const kills of [false, true]) {
    const took: Took[] = []
    for (let i = 0; i < runs; i++) {
      const texts = makeTexts(entries, TEXT_BYTES, `${values.seed}/${i}`)
      took.push(await measure(texts, kills))
      report.note(
        `${kills ? 'with a kill' : 'undisturbed'}, run ${i + 1}: ${took.at(-1)?.everywhereS.toFixed(2)} s`,
      )
    }
    reportTook(took, kills ? 'one killed and restarted' : 'undisturbed', report)
  }
}

function reportTook(took: readonly Took[], how: string, report: Report): void {
  const all = took.map(({ everywhereS }) => everywhereS).sort((a, b) => a - b)
  const after = took.map(({ afterWritingS }) => afterWritingS).sort((a, b) => a - b)
  const bar = { atMost: SECONDS_BAR }
  report.row({
    metric: `seconds until everywhere, ${how}, median of ${took.length}`,
    value: median(all),
    unit: 's',
    bar,
  })
  report.row({ metric: `the slowest run, ${how}`, value: all.at(-1) as number, unit: 's' })
  report.row({ metric: `of these behind the last request, ${how}, median`, value: median(after), unit: 's' })
}

const median = (sorted: readonly number[]): number => {
  const half = sorted.length >> 1
  const [low, high] = [sorted[half - 1] as number, sorted[half] as number]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}

async function measure(texts: readonly string[], kills: boolean): Promise<Took> {
  const folder = await mkdtemp(join(tmpdir(), 'spore-bench-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  // Each keeps its address over a restart.
  const proxies = await Promise.all(Array.from({ length: SPORES }, startProxy))
  for (const proxy of proxies) stack.use(proxy)
  const spores: MeasuredSpore[] = []
  const at = (i: number): MeasuredSpore => spores[i] as MeasuredSpore
  const start = async (i: number): Promise<void> => {
    spores[i] = await startMeasuredSpore({ home: join(folder, String(i)), proxy: proxies[i] as SporeProxy })
    stack.use(at(i))
  }
  for (let i = 0; i < SPORES; i++) await start(i)
  for (let i = 1; i < SPORES; i++) await at(i).join(at(i - 1).publicUrl)

  const startedAt = performance.now()
  const size = Math.ceil(texts.length / REQUESTS)
  for (let i = 0; i < REQUESTS; i++) {
    if (kills && i === REQUESTS / 2) await at(MIDDLE).kill()
    const items = texts.slice(i * size, (i + 1) * size).map((text) => ({ text, space: 'commons' }))
    await at(0).remember(items)
  }
  const writtenAt = performance.now()
  if (kills) await start(MIDDLE)
  await Promise.all(spores.map((spore) => hold(spore, texts.length)))
  const endedAt = performance.now()
  return { everywhereS: (endedAt - startedAt) / 1000, afterWritingS: (endedAt - writtenAt) / 1000 }
}

async function hold(spore: MeasuredSpore, count: number): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS
  for (let held = 0; held !== count; held = (await spore.held()).memories) {
    if (performance.now() > deadline) throw new Error(`${held} of ${count} memories came`)
    await sleep(POLL_MS)
  }
}
