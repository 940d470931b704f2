/**
 * Real spores behind proxies that cut some off from others (N2): both sides go on, and agree again when they can. Which
 * spore a connection comes from is read from its signature, so that halves can be cut apart on one machine.
 */
import assert from 'node:assert/strict'
import { join as joinPath } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.ts'
import { temporaryFolder } from '../support/folder.ts'
import type { RunningSpore } from '../support/spore-process.ts'
import { frontierOf, health, holds, join, portOf, rememberMany, startPeer } from './support/swarm.ts'

const SPORES = 4

describe('four spores behind proxies', () => {
  const stack = new AsyncDisposableStack()
  const spores: RunningSpore[] = []
  const proxies: CuttingProxy[] = []
  const at = (i: number): RunningSpore => spores[i] as RunningSpore
  const didsOf = (places: readonly number[]): string[] => places.map((i) => at(i).did)
  let written = 0

  const write = async (i: number, count: number): Promise<void> => {
    await rememberMany(at(i), `${i} behind ${written}`, count)
    written += count
  }
  const agree = async (): Promise<void> => {
    await Promise.all(spores.map((spore) => holds(spore, written)))
    const [first, ...others] = await Promise.all(spores.map(frontierOf))
    for (const other of others) assert.deepEqual(other, first)
  }

  before(async () => {
    const folder = stack.use(temporaryFolder())
    for (let i = 0; i < SPORES; i++) {
      const proxy = stack.use(await startCuttingProxy())
      const env = { SPORE_PUBLIC_URL: proxy.url }
      const spore = stack.use(await startPeer({ home: joinPath(folder.path, String(i)), env }))
      proxy.target = portOf(spore)
      proxies.push(proxy)
      spores.push(spore)
    }
    for (let i = 1; i < SPORES; i++) await join(at(i), (proxies[i - 1] as CuttingProxy).url)
    await write(0, 20)
    await agree()
  })
  after(() => stack.disposeAsync())

  test('cut into halves, each goes on by itself, and both agree when they are whole again', async () => {
    for (const [i, proxy] of proxies.entries()) proxy.cut(didsOf(i < 2 ? [2, 3] : [0, 1]))
    const before = written
    await Promise.all([write(0, 15), write(3, 25)])
    // What was written on one side is on all of that side, and there alone.
    await Promise.all([holds(at(1), before + 15), holds(at(2), before + 25)])
    assert.equal((await health(at(0))).memories, before + 15)
    assert.equal((await health(at(3))).memories, before + 25)
    assert.ok(
      proxies.some(({ refused }) => refused > 0),
      'nobody was cut off',
    )
    for (const proxy of proxies) proxy.heal()
    await agree()
  })

  test('where one half cannot reach the other, but is reached by it, both go on to agree', async () => {
    for (const proxy of proxies.slice(0, 2)) proxy.cut(didsOf([2, 3]))
    await Promise.all([write(0, 10), write(3, 10)])
    await agree()
    for (const proxy of proxies) proxy.heal()
    await write(2, 5)
    await agree()
  })
})
