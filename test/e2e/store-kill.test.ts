/** Fault S1 on the store alone: `kill -9` at random moments loses nothing that was acknowledged. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openSqliteStore } from '../../src/adapters/sqlite-store.ts'
import { temporaryFolder } from '../support/folder.ts'
import { seededRandom, testSeed } from '../support/seeded.ts'
import { testOrigin } from '../support/store-origin.ts'
import { drawKill, readJournal, runAndKill } from './support/kill.ts'
import { type Acknowledgement, findLosses } from './support/store-journal.ts'

/** Kills of one run. */
const ROUNDS = Number(process.env.SPORE_KILL_ROUNDS ?? 25)
/** Milliseconds of writing before the kill, at most. */
const WORK_MS_MAX = 250

const writer = fileURLToPath(new URL('./support/store-writer.ts', import.meta.url))

async function lossesIn(folder: string, journal: string): Promise<string[]> {
  await using store = openSqliteStore(folder, { ...testOrigin, create: () => testOrigin })
  return [...store.integrity(), ...(await findLosses(store, readJournal<Acknowledgement>(journal)))]
}

test(`no acknowledged entry is lost over ${ROUNDS} kills of eight writers`, async (context) => {
  const seed = testSeed()
  context.diagnostic(`seed ${seed} (repeat with SPORE_SEED=${seed})`)
  const random = seededRandom(seed)
  using folder = temporaryFolder()
  const home = join(folder.path, 'home')
  const journal = join(folder.path, 'journal')
  for (let round = 1; round <= ROUNDS; round++) {
    await runAndKill(drawKill(random, [writer, home, journal], WORK_MS_MAX))
    // Now and then the next process finds the store as the kill left it, its write-ahead log not folded in.
    if (round < ROUNDS && random.integer(1, 4) === 1) continue
    const losses = await lossesIn(home, journal)
    assert.deepEqual(losses.slice(0, 10), [], `seed ${seed}, round ${round}: ${losses.length} losses`)
  }
  const commits = readJournal<Acknowledgement>(journal)
  const entries = commits.reduce((sum, { size }) => sum + size, 0)
  context.diagnostic(`${commits.length} acknowledged commits, ${entries} entries`)
  assert.ok(commits.length > ROUNDS, 'the writers hardly wrote')
})

test('a store that acknowledges before it commits is caught', async () => {
  using folder = temporaryFolder()
  const journal = join(folder.path, 'journal')
  // The process kills itself behind the early acknowledgement, long before this kill.
  await runAndKill({
    argv: [writer, folder.path, journal, 'ack-before-commit'],
    from: 'output',
    afterMs: 60_000,
  })
  assert.notDeepEqual(await lossesIn(folder.path, journal), [])
})
