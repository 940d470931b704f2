/** Measures the libraries that we are compared with, each replica in a process of its own. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { type Bytes, batchesOf, type Measured, type Plan } from './measured.ts'
import { type Remote, startHypercore, startMessageReplica } from './processes.ts'
import type { MessageLibrary, MessageReplica, SocketReplica } from './replica.ts'

/** What is not there by then never comes. */
const GIVE_UP_MS = 120_000
/** An exchange over a socket is over when nothing has moved for this long. */
const QUIET_MS = 500
const POLL_MS = 50
const HYPERCORE_NAME = 'hypercore'

/** A library whose messages we carry ourselves: `b` asks, `a` has. */
export async function measureMessages(library: MessageLibrary, plan: Plan): Promise<Measured> {
  await using a = await startMessageReplica(library)
  await using b = await startMessageReplica(library)
  const entries = plan.texts.length
  for (const batch of batchesOf(plan.texts)) await a.write(0, batch)
  const before = await cpuOf([a, b])
  const bulk = await exchange(a, b, entries)
  const bulkCpuMs = (await cpuOf([a, b])) - before
  const { rssBytes } = await b.spent()

  const [ofA, ofB] = plan.added
  for (const batch of batchesOf(ofA)) await a.write(0, batch)
  for (const batch of batchesOf(ofB)) await b.write(1, batch)
  const added = ofA.length + ofB.length
  const differing = { ...(await exchange(a, b, entries + added)), entries: added }
  const quiet = await exchange(a, b, entries + added)
  const quietWriters = await measureWriters(library, plan.ofWriters)
  return { entries, bulk, bulkCpuMs, rssBytes, differing, quiet, quietWriters }
}

async function measureWriters(library: MessageLibrary, texts: readonly string[]): Promise<Bytes> {
  await using a = await startMessageReplica(library)
  await using b = await startMessageReplica(library)
  for (const [writer, text] of texts.entries()) await a.writeApart(writer, text)
  await exchange(a, b, texts.length)
  return await exchange(a, b, texts.length)
}

type Replicas<T> = readonly [a: Remote<T>, b: Remote<T>]

/** Carries messages until neither has more to say; both must then hold `count` texts. */
async function exchange(a: Remote<MessageReplica>, b: Remote<MessageReplica>, count: number): Promise<Bytes> {
  const replicas = [a, b] as const
  await Promise.all(replicas.map((replica) => replica.connect()))
  const waiting: { to: 0 | 1; message: Uint8Array }[] = []
  const said = { bytes: 0, gzipBytes: 0 }
  const say = (to: 0 | 1, messages: readonly Uint8Array[]): void => {
    for (const message of messages) {
      said.bytes += message.length
      // Small ones would grow; whoever compresses sends them as they are.
      said.gzipBytes += Math.min(message.length, gzipSync(message).length)
      waiting.push({ to, message })
    }
  }
  say(0, await b.ask())
  for (let next = waiting.shift(); next; next = waiting.shift())
    say(next.to === 0 ? 1 : 0, await replicas[next.to].receive(next.message))
  const counts = await Promise.all(replicas.map((replica) => replica.count()))
  if (counts.some((held) => held !== count)) throw new Error(`${counts} of ${count} texts are there`)
  return said
}

const cpuOf = async (replicas: readonly Pick<Remote<unknown>, 'spent'>[]): Promise<number> =>
  (await Promise.all(replicas.map((replica) => replica.spent()))).reduce((sum, { cpuMs }) => sum + cpuMs, 0)

/** Hypercore: each exchange is over a connection of its own. `folder` is for its logs. */
export async function measureHypercore(folder: string, plan: Plan): Promise<Measured> {
  const two = async (name: string): Promise<Replicas<SocketReplica>> => [
    await startHypercore(join(folder, `${HYPERCORE_NAME}-${name}-a`)),
    await startHypercore(join(folder, `${HYPERCORE_NAME}-${name}-b`)),
  ]
  const entries = plan.texts.length
  const [a, b] = await two('bulk')
  await using stack = new AsyncDisposableStack()
  stack.use(a)
  stack.use(b)
  for (const batch of batchesOf(plan.texts)) await a.write(0, batch)
  // Its log is there from the start, as ours is; it is empty.
  await b.write(1, [])
  await followEachOther([a, b])
  const port = await a.listen()
  const before = await cpuOf([a, b])
  const bulk = await connectOnce([a, b], port, entries)
  const bulkCpuMs = (await cpuOf([a, b])) - before
  const { rssBytes } = await b.spent()

  const [ofA, ofB] = plan.added
  for (const batch of batchesOf(ofA)) await a.write(0, batch)
  for (const batch of batchesOf(ofB)) await b.write(1, batch)
  const added = ofA.length + ofB.length
  const differing = { ...(await connectOnce([a, b], port, entries + added)), entries: added }
  const quiet = await connectOnce([a, b], port, entries + added)

  const many = await two('writers')
  for (const replica of many) stack.use(replica)
  for (const [writer, text] of plan.ofWriters.entries()) await many[0].write(writer, [text])
  await followEachOther(many)
  const manyPort = await many[0].listen()
  await connectOnce(many, manyPort, plan.ofWriters.length)
  const quietWriters = await connectOnce(many, manyPort, plan.ofWriters.length)
  return { entries, bulk, bulkCpuMs, rssBytes, differing, quiet, quietWriters }
}

async function followEachOther([a, b]: Replicas<SocketReplica>): Promise<void> {
  await b.follow(await a.keys())
  await a.follow(await b.keys())
}

/** Connects, waits until both hold `count` texts and nothing moves any more, and disconnects. */
async function connectOnce([a, b]: Replicas<SocketReplica>, port: number, count: number): Promise<Bytes> {
  const before = await b.bytes()
  const deadline = performance.now() + GIVE_UP_MS
  await b.connect(port)
  for (;;) {
    const counts = [await a.count(), await b.count()]
    if (counts.every((held) => held === count)) break
    if (performance.now() > deadline) throw new Error(`${counts} of ${count} blocks are there`)
    await sleep(POLL_MS)
  }
  let bytes = await b.bytes()
  for (let last = -1; last !== bytes; ) {
    last = bytes
    await sleep(QUIET_MS)
    bytes = await b.bytes()
  }
  await b.disconnect()
  // The stream is encrypted: nothing is left that gzip could find.
  return { bytes: bytes - before, gzipBytes: bytes - before }
}
