/**
 * Sync between two real spore processes on loopback, with SQLite and verification: time, work, and bytes on the wire.
 *
 *     npm run bench -- sync [--entries 100000] [--bytes 330] [--seed 1] [--profiles <folder>] [--json]
 *
 * Each spore is announced at a proxy (`support/proxy.ts`), which counts every byte that the two exchange, in both
 * directions, HTTP included, and cuts them off from one another for the second part: entries that only one side has.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { encodeMemory } from '../../src/core/protocol/payloads.ts'
import { bestCodecBytes } from './support/codecs.ts'
import type { Figure, Report, Run } from './support/harness.ts'
import { type MeasuredSpore, startMeasuredSpore } from './support/measured-spore.ts'
import type { Meter } from './support/meter.ts'
import { makeTexts } from './support/texts.ts'

/** The bars of the issue; ratios are to what the best codec makes of the same payloads. */
const BULK_RATIO_BAR = 1.5
const DIFFERENCE_RATIO_BAR = 1.6
const CPU_SECONDS_BAR = 4
const APPLY_RATE_BAR = 15_000
const LOOP_DELAY_MS_BAR = 100
const ROUND_TRIPS_BAR = 3
const JOIN_SECONDS_BAR = 2
/** One in so many entries is written while the two are cut off, at each. */
const DIFFERENT = 100
/** What is not there by then never comes. */
const GIVE_UP_MS = 180_000
/** Memories are counted this often: a fraction of what the smallest bar resolves, and no load. */
const POLL_MS = 20
/** Bytes around the text in a payload: the map, its key and the text's length. */
const PAYLOAD_OVERHEAD_BYTES = 9
/** Ten times what a spore waits before it pushes. */
const QUIET_MS = 500
/** Requests by which spores find one another again; those that bring entries, and ask for them, are the exchange. */
const MEMBERSHIP = /\/(join|nodes|neighbor|shuffle|probe) /
const MIB = 2 ** 20
/** A spore that takes less of a processor than this has nothing left to do. */
const IDLE_CPU_MS = 50

interface Options {
  readonly entries: number
  readonly bytes: number
  readonly seed: string
  readonly profiles: string | undefined
}

export const run: Run = async (args, report) => {
  const options = parseOptions(args)
  const folder = await mkdtemp(join(tmpdir(), 'spore-bench-'))
  try {
    await measureSync(folder, options, report)
    await measureJoin(folder, options, report)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      entries: { type: 'string', default: '100000' },
      bytes: { type: 'string', default: '330' },
      seed: { type: 'string', default: '1' },
      profiles: { type: 'string' },
    },
  })
  const [entries, bytes] = [Number(values.entries), Number(values.bytes)]
  if (!Number.isSafeInteger(entries) || entries < 1) throw new Error('--entries is a whole number')
  if (!(bytes >= 50 && bytes <= 60_000)) throw new Error('--bytes is between 50 and 60000')
  return { entries, bytes, seed: values.seed, profiles: values.profiles }
}

/** One spore has everything, an empty one joins it; then each gets entries of its own; then neither has news. */
async function measureSync(folder: string, options: Options, report: Report): Promise<void> {
  const { entries, profiles } = options
  const different = Math.max(1, Math.round(entries / DIFFERENT))
  const texts = makeTexts(entries + 2 * different, options.bytes - PAYLOAD_OVERHEAD_BYTES, options.seed)
  const shared = texts.slice(0, entries)
  const own = [texts.slice(entries, entries + different), texts.slice(entries + different)] as const
  report.note(`${entries} entries, then ${different} more at each; seed ${options.seed}`)

  await using source = await startMeasuredSpore({ home: join(folder, 'source'), profiles })
  await remember(source, shared)
  await using joiner = await startMeasuredSpore({ home: join(folder, 'joiner'), profiles })
  const pair = [source, joiner] as const
  await idle(pair)

  await measureBulk(pair, shared, report)
  await measureDifference(pair, entries, own, report)
  await measureQuiet(pair, report)
}

async function measureBulk(pair: Pair, texts: readonly string[], report: Report): Promise<void> {
  const [source, joiner] = pair
  const before = await stateOf(pair)
  const startedAt = performance.now()
  await joiner.join(source.publicUrl)
  await holds(joiner, texts.length)
  const seconds = (performance.now() - startedAt) / 1000
  const synced = await stateOf(pair)
  const { behind } = await joiner.held()
  const spent = difference(before, synced)
  await quiet(pair)
  // Whatever one of them still sends about it belongs to it.
  const bytes = difference(before, await stateOf(pair)).bytes / texts.length
  await idle(pair)
  const rest = difference(synced, await stateOf(pair))

  const [ofSource, ofJoiner] = spent.meters
  reportBytes('bulk', bytes, texts.map(toPayload), BULK_RATIO_BAR, report)
  const row = (metric: string, value: number, unit = '', bar?: Figure['bar']): void =>
    report.row({ metric: `bulk: ${metric}`, value, unit, ...(bar && { bar }) })
  row('CPU of both sides until all is there', (ofSource.cpuMs + ofJoiner.cpuMs) / 1000, 's', {
    atMost: CPU_SECONDS_BAR,
  })
  row('CPU of the source', ofSource.cpuMs / 1000, 's')
  row('CPU of the joiner', ofJoiner.cpuMs / 1000, 's')
  row('entries applied a second', texts.length / seconds, '/s', { atLeast: APPLY_RATE_BAR })
  for (const [name, { loopDelayMs }] of [
    ['source', ofSource],
    ['joiner', ofJoiner],
  ] as const) {
    row(`event-loop delay p99, ${name}`, loopDelayMs.p99, 'ms', { atMost: LOOP_DELAY_MS_BAR })
    row(`event-loop delay at most, ${name}`, loopDelayMs.max, 'ms')
  }
  row('seconds', seconds, 's')
  row('requests', spent.requests.length)
  row('signatures verified', spent.verifications)
  row('RSS of the joiner', ofJoiner.rssBytes / MIB, 'MiB')
  // The index is built in the background: some of it is in the figures above, the rest comes behind them.
  row('entries indexed by then', texts.length - behind)
  row('CPU of the joiner behind it (index)', rest.meters[1].cpuMs / 1000, 's')
  row('event-loop delay p99 behind it, joiner', rest.meters[1].loopDelayMs.p99, 'ms')
  row('RSS of the joiner behind it', rest.meters[1].rssBytes / MIB, 'MiB')
}

/** Both write while they are cut off from one another; then one of them joins the other again. */
async function measureDifference(
  pair: Pair,
  shared: number,
  own: readonly [readonly string[], readonly string[]],
  report: Report,
): Promise<void> {
  const all = shared + own[0].length + own[1].length
  for (const { proxy } of pair) proxy.cut()
  await Promise.all(pair.map((spore, side) => remember(spore, own[side as 0 | 1])))
  await idle(pair)
  for (const { proxy } of pair) proxy.heal()
  const before = await stateOf(pair)
  const startedAt = performance.now()
  await pair[1].join(pair[0].publicUrl)
  await Promise.all(pair.map((spore) => holds(spore, all)))
  const seconds = (performance.now() - startedAt) / 1000
  const synced = difference(before, await stateOf(pair))
  await quiet(pair)
  const { bytes } = difference(before, await stateOf(pair))

  report.note(`entries that one side has: ${synced.requests.join(', ')}`)
  const payloads = own.flat().map(toPayload)
  reportBytes('1 % different', bytes / payloads.length, payloads, DIFFERENCE_RATIO_BAR, report)
  for (const [name, { requests }] of [
    ['the one that joins', synced.meters[1]],
    ['the other', synced.meters[0]],
  ] as const) {
    const exchange = requests.filter((request) => !MEMBERSHIP.test(request))
    report.row({
      metric: `1 % different: round trips of ${name}`,
      value: exchange.length,
      unit: '',
      bar: { atMost: ROUND_TRIPS_BAR },
    })
    report.row({
      metric: `1 % different: requests of ${name}, who is there included`,
      value: requests.length,
      unit: '',
    })
  }
  report.row({ metric: '1 % different: seconds', value: seconds, unit: 's' })
}

/** Waits for one more round, of whichever spore, and reports it. */
async function measureQuiet(pair: Pair, report: Report): Promise<void> {
  report.note('waiting for a round without news')
  const deadline = performance.now() + GIVE_UP_MS
  let round: { readonly requests: readonly string[]; readonly bytes: number }
  do {
    const before = await stateOf(pair)
    while (difference(before, await stateOf(pair)).requests.length === 0) {
      if (performance.now() > deadline) throw new Error('no round came')
      await sleep(POLL_MS)
    }
    await quiet(pair)
    round = difference(before, await stateOf(pair))
    // What spores say to each other now and then, whether there is news or not, is no part of a round.
  } while (round.requests.some((request) => MEMBERSHIP.test(request)))
  const { requests, bytes } = round
  report.note(`a round without news: ${requests.join(', ')}`)
  report.row({
    metric: 'no news: requests other than 204',
    value: requests.filter((request) => request !== 'GET /federation/v1/heads 204').length,
    unit: '',
    bar: { atMost: 0 },
  })
  report.row({ metric: 'no news: bytes a request', value: bytes / requests.length, unit: 'B' })
}

/** Two spores with 400 and 300 memories; one joins the other. */
async function measureJoin(folder: string, options: Options, report: Report): Promise<void> {
  const texts = makeTexts(700, options.bytes, `${options.seed}/join`)
  await using a = await startMeasuredSpore({ home: join(folder, 'a') })
  await using b = await startMeasuredSpore({ home: join(folder, 'b') })
  await remember(a, texts.slice(0, 400))
  await remember(b, texts.slice(400))
  const startedAt = performance.now()
  await a.join(b.publicUrl)
  await Promise.all([holds(a, 700), holds(b, 700)])
  const value = (performance.now() - startedAt) / 1000
  report.row({
    metric: '400 and 300 become 700 at both',
    value,
    unit: 's',
    bar: { atMost: JOIN_SECONDS_BAR },
  })
}

/** Bytes an entry beside what the best codec makes of the payloads alone. */
function reportBytes(
  name: string,
  bytes: number,
  payloads: readonly Uint8Array[],
  ratioBar: number,
  report: Report,
): void {
  const best = bestCodecBytes(payloads)
  const raw = payloads.reduce((sum, { length }) => sum + length, 0)
  report.row({
    metric: `${name}: bytes on the wire an entry`,
    value: bytes,
    unit: 'B',
    peer: { name: best.name, value: best.bytes / payloads.length },
  })
  report.row({
    metric: `${name}: bytes, of the best codec’s`,
    value: (bytes * payloads.length) / best.bytes,
    unit: '',
    bar: { atMost: ratioBar },
  })
  report.row({ metric: `${name}: bytes of a payload`, value: raw / payloads.length, unit: 'B' })
}

// --- The two and what they have done ---

type Pair = readonly [MeasuredSpore, MeasuredSpore]
interface State {
  readonly meter: Meter
  /** Bytes through its proxy. */
  readonly bytes: number
}

const stateOf = async (pair: Pair): Promise<readonly [State, State]> => {
  const [a, b] = pair
  return [
    { meter: await a.meter(), bytes: a.proxy.bytes },
    { meter: await b.meter(), bytes: b.proxy.bytes },
  ]
}

/** What both did between two states: each one's own meter, and both together. */
function difference(before: readonly [State, State], after: readonly [State, State]) {
  const meterOf = (side: 0 | 1): Meter => ({
    ...after[side].meter,
    requests: after[side].meter.requests.slice(before[side].meter.requests.length),
    cpuMs: after[side].meter.cpuMs - before[side].meter.cpuMs,
    verifications: after[side].meter.verifications - before[side].meter.verifications,
  })
  const meters = [meterOf(0), meterOf(1)] as const
  return {
    meters,
    bytes: after[0].bytes - before[0].bytes + after[1].bytes - before[1].bytes,
    requests: meters.flatMap(({ requests }) => requests),
    verifications: meters[0].verifications + meters[1].verifications,
  }
}

const remember = (spore: MeasuredSpore, texts: readonly string[]): Promise<void> =>
  spore.remember(texts.map((text) => ({ text, space: 'commons' })))

const toPayload = (text: string): Uint8Array =>
  encodeMemory({ text, tags: [], thread: null, position: null, speaker: null, sources: [] })

async function holds(spore: MeasuredSpore, memories: number): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS
  for (let held = 0; held !== memories; held = (await spore.held()).memories) {
    if (performance.now() > deadline) throw new Error(`${held} of ${memories} memories came`)
    await sleep(POLL_MS)
  }
}

/** Resolves when a moment has passed in which neither sent anything. */
async function quiet(pair: Pair): Promise<void> {
  const bytes = (): number => pair[0].proxy.bytes + pair[1].proxy.bytes
  for (let before = -1; before !== bytes(); await sleep(QUIET_MS)) before = bytes()
}

/** Resolves when the index is complete and a moment has passed in which none did much. */
async function idle(spores: readonly MeasuredSpore[]): Promise<void> {
  const cpuMs = async (): Promise<number> => {
    const meters = await Promise.all(spores.map((spore) => spore.cpuMs()))
    return meters.reduce((sum, one) => sum + one, 0)
  }
  for (let before = await cpuMs(); ; ) {
    await sleep(QUIET_MS)
    const now = await cpuMs()
    const held = await Promise.all(spores.map((spore) => spore.held()))
    if (now - before < IDLE_CPU_MS * spores.length && held.every(({ behind }) => behind === 0)) return
    before = now
  }
}
