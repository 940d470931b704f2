/**
 * The hostile peer against real spores: whatever it does, what honest spores write arrives at the others, none of them
 * answers 500, ends, or connects to what it must not. How fast, and with how much memory, is measured by
 * `npm run bench -- hostile`; here several modes go on at once, for seconds.
 */
import assert from 'node:assert/strict'
import { join as joinPath } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Arrivals, watchArrivals } from '../support/arrivals.ts'
import { temporaryFolder } from '../support/folder.ts'
import { MODE_NAMES, type ModeName } from '../support/hostile-peer/modes.ts'
import { type Canary, startCanary, startHostilePeer } from '../support/hostile-peer/start.ts'
import type { Accounts } from '../support/hostile-peer/tally.ts'
import { HOSTILE_BLOCK } from '../support/hostile-peer/wire.ts'
import type { RunningSpore } from '../support/spore-process.ts'
import { health, join, post, startPeer } from './support/swarm.ts'

/** Modes that go on at the same time, each from an address and with an identity of its own. */
const GROUPS: readonly (readonly ModeName[])[] = [
  ['digest', 'heads', 'cursor', 'claims', 'fake-nodes', 'redirects'],
  ['endless-heads', 'endless-pull', 'endless-stream', 'drip', 'hang', 'reply-bombs'],
  ['forks', 'replays', 'fake-joins', 'sybils'],
  ['flood', 'unsigned', 'garbage', 'worthless'],
  ['bombs', 'slow-heads', 'slow-bodies'],
]
const GROUP_MS = 2500
/** Between two writes of an honest spore. */
const WRITE_MS = 250
/** They live through all groups, and on a busy machine each takes longer. */
const HANG_MS = 240_000
/** What has not come by then is not coming. */
const ARRIVES_MS = 20_000

describe('under attack', () => {
  const stack = new AsyncDisposableStack()
  /** The first two find the hostile peer; the third connects to public addresses only. */
  let spores: RunningSpore[] = []
  let arrivals: Arrivals[] = []
  let canary: Canary

  before(async () => {
    const folder = stack.use(temporaryFolder())
    const env = { SPORE_TRUST_PROXY: HOSTILE_BLOCK }
    const strict = { ...env, SPORE_ALLOW_PRIVATE_ADDRESSES: 'false' }
    const start = (name: string, settings: Readonly<Record<string, string>>) =>
      startPeer({ home: joinPath(folder.path, name), env: settings, hangMs: HANG_MS })
    spores = await Promise.all([start('a', env), start('b', env), start('strict', strict)])
    for (const spore of spores) stack.use(spore)
    const [a, b, c] = spores as [RunningSpore, RunningSpore, RunningSpore]
    await join(a, b.url)
    await join(a, c.url)
    arrivals = await Promise.all(spores.map(({ url }) => watchArrivals(url)))
    for (const stream of arrivals) stack.use(stream)
    canary = stack.use(await startCanary())
  })
  after(() => stack.disposeAsync())

  /** One of the spores remembers a text, and all have it. */
  const exchange = async (from: number, text: string): Promise<void> => {
    const { id } = (await post(`${spores[from]?.url}/api/memory`, { text, space: 'commons' })) as {
      id: string
    }
    await Promise.all(arrivals.map((stream) => stream.arrived(id, ARRIVES_MS)))
  }

  test('every mode is among those that are tried', () => {
    assert.deepEqual(GROUPS.flat().sort(), [...MODE_NAMES].sort())
  })

  for (const modes of GROUPS)
    test(`by ${modes.join(', ')}: what honest spores write arrives`, async (context) => {
      const [a, b, c] = spores as [RunningSpore, RunningSpore, RunningSpore]
      await using peer = await startHostilePeer({
        modes,
        targets: [a.url, b.url],
        strict: [c.url],
        canary: canary.authority,
        seconds: 60,
      })
      const startedAt = performance.now()
      const exchanges: Promise<void>[] = []
      for (let n = 0; performance.now() - startedAt < GROUP_MS; n++) {
        exchanges.push(exchange(n % 2, `honest ${n} beside ${modes[0]}`))
        // Whoever fails is heard below; until then nobody waits for it.
        exchanges.at(-1)?.catch(() => {})
        await sleep(WRITE_MS)
      }
      await Promise.all(exchanges)
      const accounts = await peer.stop()
      context.diagnostic(describeAccounts(accounts))
      for (const [mode, { broken, sent }] of Object.entries(accounts)) {
        assert.deepEqual(broken, [], mode)
        assert.ok(sent.length > 0, `${mode} did nothing`)
      }
      assert.deepEqual(canary.connections, [])
      for (const spore of spores) {
        assert.equal(spore.process.exitCode, null)
        assert.equal((await health(spore)).spore, spore.did)
      }
    })
})

const describeAccounts = (accounts: Accounts): string =>
  Object.entries(accounts)
    .map(([mode, { statuses }]) => `${mode} ${JSON.stringify(statuses)}`)
    .join(', ')
