/** The vectors survive `kill -9` at any moment: what was acknowledged is there, what was removed is not, and nothing is mixed up. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { createThreadedVectorIndex } from '../../src/adapters/vectors/threaded-vector-index.ts'
import { silentLog } from '../../src/core/base/ports.ts'
import { value } from '../contract/vector-index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { seededRandom, testSeed } from '../support/seeded.ts'
import { clustered, numberedId } from '../support/vectors.ts'

const ROUNDS = 6
const writer = join(import.meta.dirname, 'support', 'vector-writer.ts')

/** Writes from `first` on, and is killed some moments after a batch; how many it had acknowledged. */
async function writeUntilKilled(folder: string, first: number, batches: number, delayMs: number) {
  const child = spawn(process.execPath, [writer, folder, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let acknowledged = first
  let seen = 0
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line)
    if (++seen === batches) setTimeout(() => child.kill('SIGKILL'), delayMs)
  }
  const [, signal] = (await exited) as [number | null, string | null]
  assert.equal(signal, 'SIGKILL')
  return acknowledged
}

test(`vectors are whole after ${ROUNDS} kills`, { timeout: 120_000 }, async () => {
  const seed = testSeed()
  console.log(`SPORE_SEED=${seed}`)
  const random = seededRandom(seed)
  using folder = temporaryFolder()
  const items = clustered(1, { count: 20_000, dimension: 16, centres: 50 })
  let acknowledged = 0
  for (let round = 0; round < ROUNDS; round++) {
    const batches = random.integer(1, 12)
    acknowledged = await writeUntilKilled(folder.path, acknowledged, batches, random.integer(0, 30))
    await using index = createThreadedVectorIndex({ folder: folder.path, log: silentLog, exactMax: 100 })
    const progress = value(await index.open({ model: 'test', dimension: null }))
    assert.ok(progress.own >= acknowledged, `${progress.own} of ${acknowledged}`)
    assert.equal(index.status.note, null)
    const ids = items.slice(0, acknowledged).map(({ id }) => id)
    const missing = new Set<string>()
    for (let at = 0; at < ids.length; at += 4000)
      for (const id of value(await index.missing(ids.slice(at, at + 4000)))) missing.add(id)
    for (const [n, id] of ids.entries())
      assert.equal(missing.has(id), n % 40 === 0, `${n} of ${acknowledged}`)
    for (let i = 0; i < 40; i++) {
      const { id, vector } = items[random.integer(0, acknowledged - 1)]!
      const [first] = value(await index.nearest(vector, 1)).ids
      if (!missing.has(id)) assert.equal(first, id)
      else assert.notEqual(first, id)
    }
    // What was under way may be there or not; the next round writes it again.
    value(await index.remove([numberedId(acknowledged)], false))
  }
})
