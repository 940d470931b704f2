/** Membership of real processes: a mesh that stops as a whole and finds itself again, and a spore that leaves in good order. */
import assert from 'node:assert/strict'
import { join as joinPath } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FederationStatus } from '../../src/core/protocol/api.ts'
import { temporaryFolder } from '../support/folder.ts'
import type { RunningSpore } from '../support/spore-process.ts'
import { holds, join, portOf, rememberMany, startPeer } from './support/swarm.ts'

const SPORES = 5
/** The bar: a mesh is whole again by then. */
const WHOLE_MS = 15_000
const LOOK_MS = 100

async function statusOf({ url }: RunningSpore): Promise<FederationStatus> {
  const reply = await fetch(`${url}/api/federation/status`, { signal: AbortSignal.timeout(WHOLE_MS) })
  return (await reply.json()) as FederationStatus
}

/** Resolves when the status of each is as wanted, with the milliseconds it took; there is no event for what others think. */
async function until(
  spores: readonly RunningSpore[],
  isWanted: (status: FederationStatus) => boolean,
): Promise<number> {
  const startedAt = performance.now()
  for (;;) {
    const all = await Promise.all(spores.map(statusOf))
    const tookMs = Math.round(performance.now() - startedAt)
    if (all.every(isWanted)) return tookMs
    if (tookMs > WHOLE_MS)
      assert.fail(JSON.stringify(all.map(({ states, neighbors }) => ({ ...states, neighbors }))))
    await sleep(LOOK_MS)
  }
}

const isWhole = ({ states, neighbors }: FederationStatus): boolean =>
  states.alive === SPORES - 1 && neighbors === SPORES - 1

test('five spores that are all killed and started at once are a whole mesh again, without any seed', async (context) => {
  using folder = temporaryFolder()
  // Pulls as seldom as by default: what is found is not found by pulling in a hurry.
  const env = { SPORE_PULL_INTERVAL_MS: '10000' }
  const homes = Array.from({ length: SPORES }, (_, n) => joinPath(folder.path, `n${n}`))
  const before = await Promise.all(homes.map((home) => startPeer({ home, env })))
  for (const spore of before.slice(1)) await join(spore, (before[0] as RunningSpore).url)
  await until(before, isWhole)
  const ports = before.map(portOf)
  await Promise.all(before.map((spore) => spore.stop('SIGKILL')))
  const startedAt = performance.now()
  const after = await Promise.all(homes.map((home, n) => startPeer({ home, env, port: ports[n] as number })))
  await using stack = new AsyncDisposableStack()
  for (const spore of after) stack.use(spore)
  await until(after, isWhole)
  const tookMs = Math.round(performance.now() - startedAt)
  context.diagnostic(`whole again after ${tookMs} ms, the start of five processes included`)
  await rememberMany(after[3] as RunningSpore, 'the fourth', 3)
  await Promise.all(after.map((spore) => holds(spore, 3)))
})

test('a spore that is stopped tells its peers, which let it sleep at once', async () => {
  using folder = temporaryFolder()
  await using stays = await startPeer({ home: joinPath(folder.path, 'stays') })
  const goes = await startPeer({ home: joinPath(folder.path, 'goes') })
  await join(goes, stays.url)
  await until([stays], ({ states }) => states.alive === 1)
  assert.equal(await goes.stop('SIGTERM'), 0)
  const { peers } = await statusOf(stays)
  assert.deepEqual(
    peers.map(({ state, isNeighbor }) => [state, isNeighbor]),
    [['asleep', false]],
  )
  assert.ok((peers[0]?.nextAskSeconds ?? 0) > 60)
})
