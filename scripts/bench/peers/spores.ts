/**
 * Measures us, over the real thing: two processes with their stores on disk, signed requests over HTTP, everything
 * verified. Wire bytes are those that the proxies before them count; message bytes leave HTTP's framing and the
 * signatures of requests out (`../support/meter.ts`), for the libraries that have neither transport nor authors.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type MeasuredSpore, startMeasuredSpore } from '../support/measured-spore.ts'
import { pushAuthors } from './authors.ts'
import type { Bytes, Measured, Plan } from './measured.ts'

/** What is not there by then never comes. */
const GIVE_UP_MS = 120_000
/** Memories are counted this often: hardly any work for those who are asked. */
const POLL_MS = 100
/** Ten times what a spore waits before it pushes. */
const QUIET_MS = 500
/** A spore that takes less of a processor than this in that time has nothing left to do. */
const IDLE_CPU_MS = 50

export interface MeasuredSpores {
  readonly wire: Measured
  readonly messages: Measured
  /** The CPU time of the bulk, and of the search index that is built behind it. */
  readonly bulkAndIndexCpuMs: number
}

interface Exchanged {
  readonly wire: Bytes
  readonly messages: Bytes
  /** Until what was waited for was there; what is done behind it is none of the exchange. */
  readonly cpuMs: number
}
type Pair = readonly [MeasuredSpore, MeasuredSpore]

export async function measureSpores(folder: string, plan: Plan): Promise<MeasuredSpores> {
  const entries = plan.texts.length
  const added = plan.added[0].length + plan.added[1].length
  await using source = await startMeasuredSpore({ home: join(folder, 'spore-a') })
  await rememberAll(source, plan.texts)
  await using joiner = await startMeasuredSpore({ home: join(folder, 'spore-b') })
  const pair = [source, joiner] as const

  const before = await idle(pair)
  const bulk = await exchanged(pair, async () => {
    await joiner.join(source.publicUrl)
    await hold(pair, entries)
  })
  const bulkAndIndexCpuMs = (await idle(pair)) - before
  const { rssBytes } = await joiner.meter()
  const differing = await measureDiffering(pair, plan, entries + added)
  const quiet = await quietRound(pair)
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
  return { wire: of('wire'), messages: of('messages'), bulkAndIndexCpuMs }
}

/** Both write while they are cut off from one another; then one of them joins the other again. */
async function measureDiffering(pair: Pair, plan: Plan, count: number): Promise<Exchanged> {
  for (const { proxy } of pair) proxy.cut()
  await Promise.all(pair.map((spore, side) => rememberAll(spore, plan.added[side as 0 | 1])))
  await idle(pair)
  for (const { proxy } of pair) proxy.heal()
  return exchanged(pair, async () => {
    await pair[1].join(pair[0].publicUrl)
    await hold(pair, count)
  })
}

/** Many authors, all known to both. */
async function measureWriters(folder: string, texts: readonly string[]): Promise<Exchanged> {
  await using a = await startMeasuredSpore({ home: join(folder, 'spore-writers-a') })
  await using b = await startMeasuredSpore({ home: join(folder, 'spore-writers-b') })
  await pushAuthors(a.publicUrl, texts)
  const pair = [a, b] as const
  await exchanged(pair, async () => {
    await b.join(a.publicUrl)
    await hold(pair, texts.length)
  })
  return await quietRound(pair)
}

const rememberAll = (spore: MeasuredSpore, texts: readonly string[]): Promise<void> =>
  spore.remember(texts.map((text) => ({ text, space: 'commons' })))

/**
 * A round without news: one request that is answered with 204. Spores now and then ask for other things too; such a
 * moment is passed over.
 */
async function quietRound(pair: Pair): Promise<Exchanged> {
  for (const deadline = performance.now() + GIVE_UP_MS; performance.now() < deadline; ) {
    const before = await stateOf(pair)
    const made = async (): Promise<string[]> =>
      (await stateOf(pair)).requests.flatMap((of, i) => of.slice(before.requests[i]?.length))
    const round = await exchanged(pair, async () => {
      while ((await made()).length === 0 && performance.now() < deadline) await sleep(POLL_MS)
    })
    const requests = await made()
    const isQuiet = requests.every((request) => request === 'GET /federation/v1/heads 204')
    if (requests.length === 0 || !isQuiet) continue
    // Another may have begun while the first was waited for.
    const part = ({ bytes }: Bytes): Bytes => both(bytes / requests.length)
    return { wire: part(round.wire), messages: part(round.messages), cpuMs: round.cpuMs }
  }
  throw new Error('no round without news came')
}

/** What both spend on `action`, and the bytes of whatever one of them still sends about it. */
async function exchanged(pair: Pair, action: () => Promise<void>): Promise<Exchanged> {
  const before = await stateOf(pair)
  await action()
  const { cpuMs } = await stateOf(pair)
  const wireBytes = (): number => pair[0].proxy.bytes + pair[1].proxy.bytes
  for (let last = -1; last !== wireBytes(); await sleep(QUIET_MS)) last = wireBytes()
  const after = await stateOf(pair)
  return {
    wire: both(after.bytes - before.bytes),
    messages: both(after.messageBytes - before.messageBytes),
    cpuMs: cpuMs - before.cpuMs,
  }
}

/** Frames are compressed already: what gzip would still take off is their own loss. */
const both = (bytes: number): Bytes => ({ bytes, gzipBytes: bytes })

/** What both have done since they started, together. */
interface State {
  readonly bytes: number
  readonly messageBytes: number
  readonly cpuMs: number
  /** Of either, in order. */
  readonly requests: readonly (readonly string[])[]
}

async function stateOf([a, b]: Pair): Promise<State> {
  const [ofA, ofB] = [await a.meter(), await b.meter()]
  return {
    bytes: a.proxy.bytes + b.proxy.bytes,
    messageBytes: ofA.messageBytes + ofB.messageBytes,
    cpuMs: ofA.cpuMs + ofB.cpuMs,
    requests: [ofA.requests, ofB.requests],
  }
}

/** Resolves when a moment has passed in which neither did much; gives the CPU time of both. */
async function idle(pair: Pair): Promise<number> {
  for (let { cpuMs } = await stateOf(pair); ; ) {
    await sleep(QUIET_MS)
    const now = (await stateOf(pair)).cpuMs
    if (now - cpuMs < IDLE_CPU_MS) return now
    cpuMs = now
  }
}

async function hold(pair: Pair, count: number): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS
  for (;;) {
    const held = await Promise.all(pair.map(async (spore) => (await spore.held()).memories))
    if (held.every((memories) => memories === count)) return
    if (performance.now() > deadline) throw new Error(`${held} of ${count} memories are there`)
    await sleep(POLL_MS)
  }
}
