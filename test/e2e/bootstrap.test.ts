/** Real spore processes that find one another: by a URL, by a seed list, over bridges; and that start whatever the list is. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join as joinPath } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'
import type { Seed } from '../../src/core/identity/seed-list.ts'
import type { PeerPage } from '../../src/core/protocol/api.ts'
import { BOOTSTRAP_BYTES_MAX } from '../../src/core/protocol/limits.ts'
import { DEFAULT_NETWORK } from '../../src/core/protocol/version.ts'
import { temporaryFolder } from '../support/folder.ts'
import { RUN_NETWORK } from '../support/run-network.ts'
import { type RunningSpore, runSpore, startSwarm } from '../support/spore-process.ts'
import { operator, seedOf, serveLists, signedList, signerOf } from './support/seed-lists.ts'
import { health, holds, join, post, startPeer } from './support/swarm.ts'

/** The bar of issue 4 for an entry to cross, and for a spore to be up; printed, and loose enough not to fail by a busy machine. */
const HANG_MS = 20_000

const listed = async (spore: RunningSpore): Promise<(string | null)[]> =>
  (await health(spore)).peers.filter(({ state }) => state === 'alive').map(({ spore: did }) => did)

/** Both know each other, and what each remembers comes to the other. */
async function exchange(context: TestContext, a: RunningSpore, b: RunningSpore): Promise<void> {
  const startedAt = performance.now()
  await post(`${a.url}/api/memory`, { text: 'written at a', space: 'commons' })
  await holds(b, 1)
  context.diagnostic(`an entry crossed after ${Math.round(performance.now() - startedAt)} ms`)
  await post(`${b.url}/api/memory`, { text: 'written at b', space: 'commons' })
  await holds(a, 2)
  assert.deepEqual([await listed(a), await listed(b)], [[b.did], [a.did]])
}

/** Resolves when a spore logged something. */
async function logged(spore: RunningSpore, pattern: RegExp): Promise<void> {
  const stderr = spore.process.stderr
  assert.ok(stderr)
  const timeout = AbortSignal.timeout(HANG_MS)
  while (!pattern.test(spore.stderr())) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const fail = () => reject(new Error(`never logged ${pattern}: ${spore.stderr()}`))
    stderr.once('data', resolve)
    timeout.addEventListener('abort', fail, { once: true })
    await promise
  }
}

test('two fresh spores, one told the URL of the other, list each other and exchange', async (context) => {
  using folder = temporaryFolder()
  const env = { SPORE_TAGS: 'physics,lang-de', SPORE_ROLES: 'archive' }
  await using a = await startPeer({ home: joinPath(folder.path, 'a'), env })
  await using b = await startPeer({ home: joinPath(folder.path, 'b') })
  const joined = await runSpore(['join', a.url], { home: b.home })
  assert.equal(joined.code, 0, joined.stderr)
  await exchange(context, a, b)
  const wanted = ['--tag', 'physics', '--role', 'archive']
  const found = await runSpore(['peers', ...wanted, '--json'], { home: b.home })
  assert.deepEqual(
    (JSON.parse(found.stdout) as PeerPage).found.map(({ spore, url }) => [spore, url]),
    [[a.did, a.url]],
  )
})

test('two fresh spores, one given a signed list in a file, list each other and exchange', async (context) => {
  using folder = temporaryFolder()
  const [key, list] = [joinPath(folder.path, 'key.pem'), joinPath(folder.path, 'bootstrap.json')]
  await using a = await startPeer({ home: joinPath(folder.path, 'a') })
  const { stdout } = await runSpore(['bootstrap', 'keygen', key], { home: folder.path })
  writeFileSync(list, JSON.stringify({ version: 1, network: RUN_NETWORK, seeds: [seedOf(a)] }))
  const signed = await runSpore(['bootstrap', 'sign', list, '--key', key], { home: folder.path })
  assert.equal(signed.code, 0, signed.stderr)
  const env = { SPORE_ALLOW_PRIVATE_ADDRESSES: 'true' }
  const check = ['bootstrap', 'check', list, '--online', '--key', stdout.trim()]
  const checked = await runSpore(check, { home: folder.path, env })
  assert.match(checked.stdout, /Every seed answers as it should/, checked.stderr)

  const seeded = { SPORE_BOOTSTRAP: 'on', SPORE_BOOTSTRAP_URL: list, SPORE_BOOTSTRAP_KEYS: stdout.trim() }
  await using b = await startPeer({ home: joinPath(folder.path, 'b'), env: seeded })
  await exchange(context, a, b)
  const { bootstrap } = await health(b)
  assert.deepEqual([bootstrap.source, bootstrap.seeds, bootstrap.problem], ['fetched', 1, null])
})

test('three clusters, each tied to the next by one link, exchange', async (context) => {
  const env = { SPORE_PULL_INTERVAL_MS: '500' }
  const start = () => startSwarm({ env }, ['--count', '2'])
  await using stack = new AsyncDisposableStack()
  const clusters = await Promise.all([start(), start(), start()])
  for (const cluster of clusters) stack.use(cluster)
  const [a, b, c] = clusters.map(({ spores }) =>
    spores.map(({ url, spore }) => ({ url, did: spore }) as RunningSpore),
  )
  const [a1, b1, b2, c1, c2] = [a?.[0], b?.[0], b?.[1], c?.[0], c?.[1]] as RunningSpore[]
  assert.ok(a1 && b1 && b2 && c1 && c2)
  await join(a1, b1.url)
  await join(b2, c1.url)
  const startedAt = performance.now()
  await post(`${a1.url}/api/memory`, { text: 'from the first cluster', space: 'commons' })
  await holdsAt(c2, 1)
  context.diagnostic(`an entry crossed two bridges after ${Math.round(performance.now() - startedAt)} ms`)
  // And back, so that every link has carried something in both directions.
  await post(`${c2.url}/api/memory`, { text: 'from the last cluster', space: 'commons' })
  await holdsAt(a1, 2)
  const known = await Promise.all([a1, b1, b2, c1].map(listed))
  assert.ok(known[0]?.includes(b1.did) && known[1]?.includes(a1.did), 'a1 and b1 list each other')
  assert.ok(known[2]?.includes(c1.did) && known[3]?.includes(b2.did), 'b2 and c1 list each other')
})

/** As `holds`, of a spore that shares its process with others. */
const holdsAt = (spore: RunningSpore, count: number) => holds({ ...spore, stderr: () => '' }, count)

describe('a spore is up whatever its seed list is', () => {
  const seeded = (url: string) => ({
    SPORE_BOOTSTRAP: 'on',
    SPORE_BOOTSTRAP_URL: url,
    SPORE_BOOTSTRAP_KEYS: operator.did,
  })

  test('without any network: no name resolves and nobody answers', async (context) => {
    using folder = temporaryFolder()
    // The list in the package is of this network.
    const env = {
      ...seeded('https://seeds.invalid/bootstrap.json'),
      SPORE_NETWORK: DEFAULT_NETWORK,
      SPORE_PEERS: 'http://127.0.0.1:9',
    }
    const startedAt = performance.now()
    await using a = await startPeer({ home: folder.path, env })
    context.diagnostic(`up after ${Math.round(performance.now() - startedAt)} ms`)
    await post(`${a.url}/api/memory`, { text: 'alone', space: 'commons' })
    const { memories, bootstrap } = await health(a)
    assert.deepEqual([memories, bootstrap.source, bootstrap.seeds], [1, 'packaged', 0])
  })

  test('one that is slow, broken, huge, expired or wrongly signed: the last good one is used', async (context) => {
    using folder = temporaryFolder()
    const home = joinPath(folder.path, 'a')
    await using seed = await startPeer({ home: joinPath(folder.path, 'seed') })
    await using evil = await startPeer({ home: joinPath(folder.path, 'evil') })
    const send = (value: unknown) => (response: ServerResponse) => void response.end(JSON.stringify(value))
    await using lists = await serveLists(send(signedList([seedOf(seed)])))
    const env = seeded(lists.url)
    await using first = await startPeer({ home, env })
    await exchange(context, seed, first)
    await first.stop()

    const evilSeeds = [seedOf(evil)]
    const cases: readonly [string, RegExp, (response: ServerResponse) => void][] = [
      ['broken', /not JSON/, (response) => void response.end('{"version": 1,')],
      ['missing', /HTTP 404/, (response) => void response.writeHead(404).end()],
      ['huge', /more than 65536 bytes/, (response) => void response.end('[1,'.repeat(BOOTSTRAP_BYTES_MAX))],
      ['expired', /expired/, send(signedList(evilSeeds, { nowMs: Date.now() - 3_600_000, validMs: 60_000 }))],
      ['wrongly signed', /not a pinned key/, send(signedList(evilSeeds, { by: signerOf('a thief') }))],
    ]
    for (const [name, reason, answer] of cases) {
      // The answer is given only once the spore serves: so it cannot have waited for it.
      const held = Promise.withResolvers<ServerResponse>()
      lists.answer = held.resolve
      const startedAt = performance.now()
      await using a = await startPeer({ home, env })
      context.diagnostic(`${name}: up after ${Math.round(performance.now() - startedAt)} ms`)
      assert.equal((await health(a)).memories, 2)
      answer(await held.promise)
      await logged(a, /seed list not used/)
      const { bootstrap, peers } = await health(a)
      assert.match(bootstrap.problem ?? '', reason)
      assert.deepEqual([bootstrap.source, bootstrap.seeds], ['kept', 1])
      assert.deepEqual(
        peers.map(({ spore }) => spore).filter((did) => did === evil.did),
        [],
      )
    }
    const doctor = await runSpore(['doctor'], {
      home,
      env: { ...env, SPORE_ALLOW_PRIVATE_ADDRESSES: 'true' },
    })
    assert.equal(doctor.code, 0, doctor.stdout)
    assert.deepEqual(await listed(evil), [])
  })
})

test('of a pull request the seeds that are new are asked, and no others', async () => {
  using folder = temporaryFolder()
  await using a = await startPeer({ home: joinPath(folder.path, 'a') })
  // Nobody answers there any more: that is not what the request is about.
  const old = { url: 'http://127.0.0.1:9', key: signerOf('old').did }
  const check = async (before: readonly Seed[], after: readonly Seed[]) => {
    const files = [before, after].map((seeds, i) => {
      const file = joinPath(folder.path, `${i}.json`)
      writeFileSync(file, JSON.stringify({ version: 1, network: RUN_NETWORK, seeds }))
      return file
    })
    const script = joinPath(import.meta.dirname, '..', '..', 'scripts', 'check-seeds.ts')
    const child = spawn(process.execPath, [script, '--allow-private-addresses', ...files], {
      timeout: HANG_MS,
    })
    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
    return { code, stdout }
  }
  const good = await check([old], [old, seedOf(a)])
  assert.match(good.stdout, /^1 seeds are new[\s\S]* ok /)
  assert.equal(good.code, 0)
  const wrong = await check([old, seedOf(a)], [old, { url: a.url, key: signerOf('other').did }])
  assert.match(wrong.stdout, new RegExp(`${a.did} answers there`))
  assert.equal(wrong.code, 1)
  const twice = await check([], [old, old])
  assert.match(twice.stdout, /FAIL: .*twice/)
  assert.equal(twice.code, 1)
})

test('the list in the package has the form of one', () => {
  const list = JSON.parse(readFileSync(new URL('../../bootstrap.json', import.meta.url), 'utf8'))
  assert.deepEqual(list, { version: 1, network: DEFAULT_NETWORK, seeds: [] })
})
