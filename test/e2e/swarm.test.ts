/**
 * Five real spores, each with a store on disk, of which each is told of its neighbours only: what one of them learns
 * arrives everywhere, also where spores are killed on the way.
 */
import assert from 'node:assert/strict'
import { join as joinPath } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '../support/folder.ts'
import type { RunningSpore } from '../support/spore-process.ts'
import { frontierOf, holds, join, portOf, rememberMany, startPeer } from './support/swarm.ts'

const SPORES = 5
const MIDDLE = 2
const LAST = SPORES - 1
/** Entries that are written at once, ten times. */
const BATCH = 100

interface Swarm extends AsyncDisposable {
  readonly spores: readonly RunningSpore[]
  /** Ends one as a power cut would. */
  kill(i: number): Promise<void>
  /** Starts it again, at its old address. */
  restart(i: number): Promise<void>
}

/** `links` are those who join whom. */
async function startSwarm(links: readonly (readonly [number, number])[]): Promise<Swarm> {
  const folder = temporaryFolder()
  const start = (i: number, port = 0) => startPeer({ home: joinPath(folder.path, String(i)), port })
  const spores = await Promise.all(Array.from({ length: SPORES }, (_, i) => start(i)))
  const at = (i: number): RunningSpore => spores[i] as RunningSpore
  for (const [from, to] of links) await join(at(from), at(to).url)
  return {
    spores,
    kill: async (i) => void (await at(i).stop('SIGKILL')),
    async restart(i) {
      spores[i] = await start(i, portOf(at(i)))
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(spores.map((spore) => spore.stop()))
      folder[Symbol.dispose]()
    },
  }
}

const chain = Array.from({ length: LAST }, (_, i) => [i + 1, i] as const)
const ring = [...chain, [0, LAST] as const]

/** All five come to hold `count` memories, and then the same logs to the last byte. */
async function agree({ spores }: Swarm, count: number, context: TestContext, from: number): Promise<void> {
  await Promise.all(spores.map((spore) => holds(spore, count)))
  context.diagnostic(`${count} at all five ${Math.round(performance.now() - from)} ms behind the first write`)
  const [first, ...others] = await Promise.all(spores.map(frontierOf))
  for (const other of others) assert.deepEqual(other, first)
}

test('in a chain of five, 1,000 memories of the first arrive at the last', async (context) => {
  await using swarm = await startSwarm(chain)
  const from = performance.now()
  for (let i = 0; i < 10; i++) await rememberMany(swarm.spores[0]!, `request ${i}`, BATCH)
  await agree(swarm, 1000, context, from)
})

test('in a chain of five, the middle one is killed while it passes memories on, and comes back', async (context) => {
  await using swarm = await startSwarm(chain)
  const from = performance.now()
  for (let i = 0; i < 5; i++) await rememberMany(swarm.spores[0]!, `request ${i}`, BATCH)
  // Written, and under way: the kill falls into its passing on.
  const written = rememberMany(swarm.spores[0]!, 'request 5', BATCH)
  await swarm.kill(MIDDLE)
  await written
  for (let i = 6; i < 10; i++) await rememberMany(swarm.spores[0]!, `request ${i}`, BATCH)
  await rememberMany(swarm.spores[LAST]!, 'the other end, cut off', BATCH)
  await swarm.restart(MIDDLE)
  await agree(swarm, 1100, context, from)
})

test('in a ring of five, two neighbours of the writer are killed and what it wrote goes round both ways', async (context) => {
  await using swarm = await startSwarm(ring)
  const from = performance.now()
  await rememberMany(swarm.spores[0]!, 'before', BATCH)
  await Promise.all([swarm.kill(1), swarm.kill(LAST)])
  for (let i = 0; i < 8; i++) await rememberMany(swarm.spores[0]!, `request ${i}`, BATCH)
  await rememberMany(swarm.spores[MIDDLE]!, 'meanwhile', BATCH)
  await Promise.all([swarm.restart(1), swarm.restart(LAST)])
  await agree(swarm, 1000, context, from)
})

test('in a chain of five, the writer is killed behind its last acknowledgement, and all of it arrives', async (context) => {
  await using swarm = await startSwarm(chain)
  const from = performance.now()
  for (let i = 0; i < 10; i++) await rememberMany(swarm.spores[0]!, `request ${i}`, BATCH)
  // What it acknowledged is on its disk, whether or not anybody else has it yet.
  await swarm.kill(0)
  await rememberMany(swarm.spores[LAST]!, 'the other end', BATCH)
  await swarm.restart(0)
  await rememberMany(swarm.spores[0]!, 'after', BATCH)
  await agree(swarm, 1200, context, from)
})
