/** Real spore processes that exchange memories over loopback: joining, a chain, a crash in the middle, restarts. */
import assert from 'node:assert/strict'
import { join as joinPath } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../support/folder.ts'
import { health, holds, join, portOf, post, rememberMany, startPeer } from './support/swarm.ts'

test('two spores with 400 and 300 memories hold 700 after one joins the other', async (context) => {
  using folder = temporaryFolder()
  await using a = await startPeer({ home: joinPath(folder.path, 'a') })
  await using b = await startPeer({ home: joinPath(folder.path, 'b') })
  await rememberMany(a, 'a', 400)
  await rememberMany(b, 'b', 300)
  await post(`${a.url}/api/memory`, { text: 'stays here', space: 'private' })
  const startedAt = performance.now()
  await join(a, b.url)
  await Promise.all([holds(a, 701), holds(b, 700)])
  context.diagnostic(`both held 700 after ${Math.round(performance.now() - startedAt)} ms`)
  const { peers } = await health(b)
  assert.deepEqual(
    peers.map(({ spore, url, state }) => [spore, url, state]),
    [[a.did, a.url, 'alive']],
  )
})

test('a spore that others cannot reach receives and contributes', async () => {
  using folder = temporaryFolder()
  await using hub = await startPeer({ home: joinPath(folder.path, 'hub') })
  // It says that it is at a URL where nobody answers.
  const env = { SPORE_PUBLIC_URL: 'http://127.0.0.1:9' }
  await using hidden = await startPeer({ home: joinPath(folder.path, 'hidden'), env })
  await rememberMany(hub, 'hub', 30)
  await rememberMany(hidden, 'hidden', 40)
  await join(hidden, hub.url)
  await Promise.all([holds(hub, 70), holds(hidden, 70)])
  assert.deepEqual((await health(hub)).peers, [])
})

test('two spores that nobody can reach exchange through a third', async (context) => {
  using folder = temporaryFolder()
  // Nobody answers where they say they are, and they pull too seldom for that to explain it.
  const env = { SPORE_PUBLIC_URL: 'http://127.0.0.1:9', SPORE_PULL_INTERVAL_MS: '3600000' }
  await using hub = await startPeer({
    home: joinPath(folder.path, 'hub'),
    env: { SPORE_PULL_INTERVAL_MS: '3600000' },
  })
  await using a = await startPeer({ home: joinPath(folder.path, 'a'), env })
  await using b = await startPeer({ home: joinPath(folder.path, 'b'), env })
  await rememberMany(a, 'a', 30)
  await join(a, hub.url)
  await join(b, hub.url)
  await Promise.all([holds(hub, 30), holds(b, 30)])
  const startedAt = performance.now()
  await Promise.all([rememberMany(a, 'a, later', 20), rememberMany(b, 'b', 10)])
  await Promise.all([hub, a, b].map((spore) => holds(spore, 60)))
  context.diagnostic(`all held 60 after ${Math.round(performance.now() - startedAt)} ms`)
  assert.deepEqual((await health(hub)).peers, [])
})

test('three in a chain agree, also when the middle one is killed and comes back', async () => {
  using folder = temporaryFolder()
  const home = joinPath(folder.path, 'b')
  await using a = await startPeer({ home: joinPath(folder.path, 'a') })
  await using c = await startPeer({ home: joinPath(folder.path, 'c') })
  await using before = await startPeer({ home })
  await join(a, before.url)
  await join(c, before.url)
  await rememberMany(a, 'a', 200)
  await rememberMany(c, 'c', 100)
  await Promise.all([a, before, c].map((spore) => holds(spore, 300)))
  const written = rememberMany(a, 'a, while b dies', 300)
  await before.stop('SIGKILL')
  await written
  await rememberMany(c, 'c, while b is dead', 100)
  // Nobody tells it of its peers again, nor them of it.
  await using b = await startPeer({ home, port: portOf(before) })
  assert.equal(b.did, before.did)
  await Promise.all([a, b, c].map((spore) => holds(spore, 700)))
})

test('a spore started with SPORE_PEERS finds them, and again without being told', async () => {
  using folder = temporaryFolder()
  const home = joinPath(folder.path, 'a')
  await using b = await startPeer({ home: joinPath(folder.path, 'b') })
  await rememberMany(b, 'b', 10)
  await using first = await startPeer({ home, env: { SPORE_PEERS: b.url } })
  await holds(first, 10)
  await first.stop()
  await rememberMany(b, 'b, later', 10)
  await using second = await startPeer({ home })
  await holds(second, 20)
  await rememberMany(second, 'a', 5)
  await holds(b, 25)
  // The new address of a took the place of the old one.
  const known = (await health(b)).peers.filter(({ spore }) => spore === second.did)
  assert.deepEqual(
    known.map(({ url, state }) => [url, state]),
    [[second.url, 'alive']],
  )
})

test('a restart with peers that are away serves at once, and finds them when they are back', async () => {
  using folder = temporaryFolder()
  const [homeA, homeB] = [joinPath(folder.path, 'a'), joinPath(folder.path, 'b')]
  await using firstA = await startPeer({ home: homeA })
  await using firstB = await startPeer({ home: homeB })
  await join(firstA, firstB.url)
  await rememberMany(firstB, 'b', 10)
  await holds(firstA, 10)
  await firstA.stop('SIGKILL')
  await firstB.stop('SIGKILL')
  await using a = await startPeer({ home: homeA, port: portOf(firstA) })
  assert.equal((await health(a)).memories, 10)
  await rememberMany(a, 'a', 10)
  await using b = await startPeer({ home: homeB, port: portOf(firstB) })
  await holds(b, 20)
})
