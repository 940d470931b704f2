/**
 * Sync between two real spore processes on loopback: time, bytes on the wire, and work.
 *
 *     npm run bench -- sync [--entries 10000] [--bytes 330] [--seed 1] [--profiles <folder>] [--json]
 *
 * Bytes are read off the sockets inside both processes (`support/meter.ts`). A proxy between them would have to pose as
 * the other spore: requests are signed for the authority that they go to, and an address with another port is refused.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { brotliCompressSync, constants, zstdCompressSync } from 'node:zlib'
import { encodeMemory } from '../../src/core/protocol/payloads.ts'
import type { Report, Run } from './support/harness.ts'
import { type MeasuredSpore, startMeasuredSpore } from './support/measured-spore.ts'
import type { Meter } from './support/meter.ts'
import { makeTexts } from './support/texts.ts'

const SECONDS_BAR = 5
const BYTES_BAR = 190
const JOIN_SECONDS_BAR = 2
/** What is not there by then never comes. */
const GIVE_UP_MS = 120_000
/** Memories are counted this often: a tenth of what the smallest bar resolves, and no load. */
const POLL_MS = 20
/** Bytes around the text in a payload: the map, its key and the text's length. */
const PAYLOAD_OVERHEAD_BYTES = 9
/** Bytes that the reference codecs see at once: what one segment holds. */
const CHUNK_BYTES = 256 * 1024

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
      entries: { type: 'string', default: '10000' },
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

/** One spore has everything, an empty one joins it; then neither has news. */
async function measureSync(folder: string, options: Options, report: Report): Promise<void> {
  const { entries, profiles } = options
  const texts = makeTexts(entries, options.bytes - PAYLOAD_OVERHEAD_BYTES, options.seed)
  const payloads = texts.map(toPayload)
  const payloadBytes = payloads.reduce((sum, { length }) => sum + length, 0)
  report.note(`${entries} entries of ${Math.round(payloadBytes / entries)} B, seed ${options.seed}`)

  await using source = await startMeasuredSpore({ home: join(folder, 'source'), profiles })
  await source.remember(texts.map((text) => ({ text, space: 'commons' })))
  await using joiner = await startMeasuredSpore({ home: join(folder, 'joiner'), profiles })
  const pair = [source, joiner] as const

  const before = await metersOf(pair)
  const startedAt = performance.now()
  await joiner.join(source.url)
  await holds(joiner, entries)
  const seconds = (performance.now() - startedAt) / 1000
  // Whatever one of them still sends about it belongs to it.
  await quiet(pair)
  const synced = await metersOf(pair)
  const spent = difference(before, synced)

  report.row({
    metric: 'seconds until all is there',
    value: seconds,
    unit: 's',
    bar: { atMost: SECONDS_BAR },
  })
  report.row({
    metric: 'bytes on the wire an entry',
    value: spent.bytes / entries,
    unit: 'B',
    bar: { atMost: BYTES_BAR },
  })
  for (const [name, compress] of CODECS)
    report.row({
      metric: `${name} an entry, payloads alone`,
      value: compressed(payloads, compress) / entries,
      unit: 'B',
    })
  report.row({ metric: 'bytes of a payload', value: payloadBytes / entries, unit: 'B' })
  report.row({ metric: 'requests', value: spent.requests.length, unit: '' })
  report.row({ metric: 'signatures verified', value: spent.verifications, unit: '' })
  report.row({ metric: 'CPU of the source', value: delta(before[0], synced[0]).cpuMs / 1000, unit: 's' })
  report.row({ metric: 'CPU of the joiner', value: delta(before[1], synced[1]).cpuMs / 1000, unit: 's' })
  report.row({ metric: 'RSS of the joiner', value: synced[1].rssBytes / 2 ** 20, unit: 'MiB' })
  await measureQuiet(pair, synced, report)
}

/** Waits for one more round, of whichever spore, and reports it. */
async function measureQuiet(pair: Pair, synced: Meters, report: Report): Promise<void> {
  report.note('waiting for a round without news')
  const deadline = performance.now() + GIVE_UP_MS
  let meters = synced
  while (difference(synced, meters).requests.length === 0) {
    if (performance.now() > deadline) throw new Error('no round came')
    await sleep(POLL_MS)
    meters = await metersOf(pair)
  }
  await quiet(pair)
  const { requests, bytes } = difference(synced, await metersOf(pair))
  report.note(`a round without news: ${requests.join(', ')}`)
  const is304 = requests.every((request) => request === 'GET /federation/v1/heads 304')
  report.row({
    metric: 'requests of a round without news',
    value: requests.length,
    unit: '',
    bar: { atMost: 1 },
  })
  report.row({
    metric: 'of them other than 304',
    value: is304 ? 0 : requests.length,
    unit: '',
    bar: { atMost: 0 },
  })
  report.row({ metric: 'bytes of a round without news', value: bytes, unit: 'B' })
}

/** Two spores with 400 and 300 memories; one joins the other. */
async function measureJoin(folder: string, options: Options, report: Report): Promise<void> {
  const texts = makeTexts(700, options.bytes, `${options.seed}/join`)
  await using a = await startMeasuredSpore({ home: join(folder, 'a') })
  await using b = await startMeasuredSpore({ home: join(folder, 'b') })
  await a.remember(texts.slice(0, 400).map((text) => ({ text, space: 'commons' })))
  await b.remember(texts.slice(400).map((text) => ({ text, space: 'commons' })))
  const startedAt = performance.now()
  await a.join(b.url)
  await Promise.all([holds(a, 700), holds(b, 700)])
  const value = (performance.now() - startedAt) / 1000
  report.row({
    metric: '400 and 300 become 700 at both',
    value,
    unit: 's',
    bar: { atMost: JOIN_SECONDS_BAR },
  })
}

type Pair = readonly [MeasuredSpore, MeasuredSpore]
type Meters = readonly [Meter, Meter]

const metersOf = async ([a, b]: Pair): Promise<Meters> => [await a.meter(), await b.meter()]

async function holds(spore: MeasuredSpore, memories: number): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS
  for (let held = 0; held !== memories; held = await spore.memories()) {
    if (performance.now() > deadline) throw new Error(`${held} of ${memories} memories came`)
    await sleep(POLL_MS)
  }
}

/** Resolves when a moment has passed in which neither sent anything. */
async function quiet(pair: Pair): Promise<void> {
  for (let before = await metersOf(pair); ; ) {
    await sleep(QUIET_MS)
    const now = await metersOf(pair)
    if (difference(before, now).bytes === 0) return
    before = now
  }
}
/** Ten times what a spore waits before it pushes. */
const QUIET_MS = 500

type Work = Pick<Meter, 'bytes' | 'requests' | 'cpuMs' | 'verifications'>

const delta = (before: Meter, after: Meter): Work => ({
  bytes: after.bytes - before.bytes,
  requests: after.requests.slice(before.requests.length),
  cpuMs: after.cpuMs - before.cpuMs,
  verifications: after.verifications - before.verifications,
})

/** What both spent together. */
function difference(before: Meters, after: Meters): Work {
  const [a, b] = [delta(before[0], after[0]), delta(before[1], after[1])]
  return {
    bytes: a.bytes + b.bytes,
    requests: [...a.requests, ...b.requests],
    cpuMs: a.cpuMs + b.cpuMs,
    verifications: a.verifications + b.verifications,
  }
}

// --- What the best codecs make of the same payloads ---

type Compress = (bytes: Buffer) => Buffer
const CODECS: readonly (readonly [string, Compress])[] = [
  ['zstd 19', (bytes) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 19 } })],
  ['brotli 11', (bytes) => brotliCompressSync(bytes)],
]

const toPayload = (text: string): Uint8Array =>
  encodeMemory({ text, tags: [], thread: null, position: null, speaker: null, sources: [] })

function compressed(payloads: readonly Uint8Array[], compress: Compress): number {
  const all = Buffer.concat(payloads)
  let size = 0
  for (let at = 0; at < all.length; at += CHUNK_BYTES)
    size += compress(all.subarray(at, at + CHUNK_BYTES)).length
  return size
}
