/**
 * Measures us, over the real thing: two processes with their stores on disk, signed requests over HTTP, everything
 * verified and indexed. Wire bytes are those of the sockets; message bytes leave HTTP's framing and the request
 * signatures out (`../support/meter.ts`), for the libraries that have neither transport nor authors.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type MeasuredSpore, startMeasuredSpore } from '../support/measured-spore.ts'
import type { Meter } from '../support/meter.ts'
import { pushAuthors } from './authors.ts'
import type { Bytes, Measured, Plan } from './measured.ts'

/** What is not there by then never comes. */
const GIVE_UP_MS = 120_000
/** Memories are counted this often. */
const POLL_MS = 20
/** Ten times what a spore waits before it pushes. */
const QUIET_MS = 500

export interface MeasuredSpores {
  readonly wire: Measured
  readonly messages: Measured
}

interface Exchanged {
  readonly wire: Bytes
  readonly messages: Bytes
  readonly cpuMs: number
}
type Pair = readonly [MeasuredSpore, MeasuredSpore]

export async function measureSpores(folder: string, plan: Plan): Promise<MeasuredSpores> {
  const homes = [join(folder, 'spore-a'), join(folder, 'spore-b')] as const
  const entries = plan.texts.length
  const added = plan.added[0].length + plan.added[1].length
  const { bulk, rssBytes, ports } = await measureBulk(homes, plan.texts)
  const { differing, quiet } = await measureDiffering(homes, ports, plan, entries + added)
  const quietWriters = await measureWriters(folder, plan.ofWriters)
  const of = (kind: 'wire' | 'messages'): Measured => ({
    entries,
    bulk: bulk[kind],
    bulkCpuMs: bulk.cpuMs,
    rssBytes,
    differing: { ...differing[kind], entries: added },
    quiet: quiet[kind],
    quietWriters: quietWriters[kind],
  })
  return { wire: of('wire'), messages: of('messages') }
}

/** One has everything, an empty one joins it. */
async function measureBulk(homes: readonly [string, string], texts: readonly string[]) {
  await using source = await startMeasuredSpore({ home: homes[0] })
  await rememberAll(source, texts)
  await using joiner = await startMeasuredSpore({ home: homes[1] })
  const pair = [source, joiner] as const
  const bulk = await exchanged(pair, async () => {
    await joiner.join(source.url)
    await hold(pair, texts.length)
  })
  const { rssBytes } = await joiner.meter()
  return { bulk, rssBytes, ports: pair.map(({ url }) => Number(new URL(url).port)) }
}

/** Each writes while the other is down; then both are there, at the addresses that they know of each other. */
async function measureDiffering(
  homes: readonly [string, string],
  ports: readonly number[],
  plan: Plan,
  count: number,
) {
  const start = (i: 0 | 1) => startMeasuredSpore({ home: homes[i], port: ports[i] as number })
  {
    await using first = await start(0)
    await rememberAll(first, plan.added[0])
  }
  await using second = await start(1)
  await rememberAll(second, plan.added[1])
  const before = await second.meter()
  await using first = await start(0)
  const pair = [first, second] as const
  const differing = await exchanged(pair, () => hold(pair, count), [nothing, before])
  return { differing, quiet: await quietRound(pair) }
}

/** Many authors, all known to both. */
async function measureWriters(folder: string, texts: readonly string[]): Promise<Exchanged> {
  await using a = await startMeasuredSpore({ home: join(folder, 'spore-writers-a') })
  await using b = await startMeasuredSpore({ home: join(folder, 'spore-writers-b') })
  await pushAuthors(a.url, texts)
  const pair = [a, b] as const
  await exchanged(pair, async () => {
    await b.join(a.url)
    await hold(pair, texts.length)
  })
  return await quietRound(pair)
}

const rememberAll = (spore: MeasuredSpore, texts: readonly string[]): Promise<void> =>
  spore.remember(texts.map((text) => ({ text, space: 'commons' })))

/** The next round that either makes by itself. It must be one request that says that there is nothing. */
async function quietRound(pair: Pair): Promise<Exchanged> {
  const start = await metersOf(pair)
  const count = (meters: readonly Meter[]) => meters.reduce((sum, { requests }) => sum + requests.length, 0)
  const round = await exchanged(pair, async () => {
    for (const deadline = performance.now() + GIVE_UP_MS; count(await metersOf(pair)) === count(start); ) {
      if (performance.now() > deadline) throw new Error('no round came')
      await sleep(POLL_MS)
    }
  })
  const made = (await metersOf(pair)).flatMap(({ requests }, i) => requests.slice(start[i]?.requests.length))
  // Another may have begun while the first was waited for.
  if (made.some((request) => request !== 'GET /federation/v1/heads 304'))
    throw new Error(`a round without news: ${made.join(', ')}`)
  const part = ({ bytes, gzipBytes }: Bytes): Bytes => ({
    bytes: bytes / made.length,
    gzipBytes: gzipBytes / made.length,
  })
  return { wire: part(round.wire), messages: part(round.messages), cpuMs: round.cpuMs }
}

/** What both spend on `action`, with whatever one of them still sends about it. */
async function exchanged(
  pair: Pair,
  action: () => Promise<void>,
  from?: readonly [Work, Work],
): Promise<Exchanged> {
  const before = from ?? (await metersOf(pair))
  await action()
  let last = await metersOf(pair)
  for (;;) {
    await sleep(QUIET_MS)
    const now = await metersOf(pair)
    if (now.every(({ bytes }, i) => bytes === last[i]?.bytes)) break
    last = now
  }
  const sum = (of: (work: Work) => number): number =>
    last.reduce((total, meter, i) => total + of(meter) - of(before[i] as Work), 0)
  // Frames are compressed already: what gzip would still take off is its own loss.
  const both = (bytes: number): Bytes => ({ bytes, gzipBytes: bytes })
  return {
    wire: both(sum(({ bytes }) => bytes)),
    messages: both(sum(({ messageBytes }) => messageBytes)),
    cpuMs: sum(({ cpuMs }) => cpuMs),
  }
}

type Work = Pick<Meter, 'bytes' | 'messageBytes' | 'cpuMs'>
/** Of a process that was not there yet. */
const nothing: Work = { bytes: 0, messageBytes: 0, cpuMs: 0 }

const metersOf = async ([a, b]: Pair): Promise<readonly [Meter, Meter]> => [await a.meter(), await b.meter()]

async function hold(pair: Pair, count: number): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS
  for (;;) {
    const held = await Promise.all(pair.map((spore) => spore.memories()))
    if (held.every((memories) => memories === count)) return
    if (performance.now() > deadline) throw new Error(`${held} of ${count} memories are there`)
    await sleep(POLL_MS)
  }
}
