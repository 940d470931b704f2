/** The index of a spore's process, kept beside its store: used by the next one, erased by a purge, missed by nobody after a kill. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ITEMS_MAX } from '../../src/core/protocol/limits.ts'
import { KEPT_DOCUMENTS_MIN } from '../../src/core/retrieval/index-saver.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type RunningSpore, runSpore, startSpore } from '../support/spore-process.ts'

const CANARY = 'canarybird'
const COUNT = KEPT_DOCUMENTS_MIN + 100

async function ask<T>(spore: RunningSpore, path: string, body?: unknown): Promise<T> {
  const reply = await fetch(spore.url + path, {
    ...(body !== undefined && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  const text = await reply.text()
  assert.ok(reply.ok, text)
  return JSON.parse(text) as T
}

interface Found {
  readonly total: number
  readonly hits: readonly { readonly id: string; readonly text: string }[]
}
const idsOf = ({ hits }: Found): string[] => hits.map(({ id }) => id)
const search = (spore: RunningSpore, q: string) => ask<Found>(spore, `/api/memory/search?q=${q}`)
const behind = async (spore: RunningSpore): Promise<number> =>
  (await ask<{ indexing: { behind: number } }>(spore, '/api/health')).indexing.behind
/** Starts it, and asks until nothing waits for the index. */
async function startIndexed(home: string): Promise<RunningSpore> {
  const spore = await startSpore({ home })
  while ((await behind(spore)) > 0);
  return spore
}

test('a kept index is used, erased by a purge, and no more than a wait where it is lost', async () => {
  using folder = temporaryFolder()
  const home = join(folder.path, 'home')
  const kept = (): string[] =>
    existsSync(join(home, 'index'))
      ? readdirSync(join(home, 'index')).map((name) => join(home, 'index', name))
      : []
  let spore = await startSpore({ home })
  await using last = { [Symbol.asyncDispose]: async () => void (await spore.stop('SIGKILL')) }
  void last
  const texts = Array.from({ length: COUNT }, (_, i) => `memory ${i} of the harbour word${i}x`)
  texts[700] = `the ${CANARY} of the lighthouse`
  for (let i = 0; i < COUNT; i += ITEMS_MAX)
    await ask(spore, '/api/memory', { items: texts.slice(i, i + ITEMS_MAX).map((text) => ({ text })) })
  const before = await search(spore, 'word5x')
  await spore.stop()
  assert.equal(kept().length, 1)
  assert.ok(readFileSync(kept()[0]!).includes(CANARY))

  spore = await startSpore({ home })
  assert.equal(await behind(spore), 0, 'nothing is indexed anew')
  assert.deepEqual(idsOf(await search(spore, 'word5x')), idsOf(before))
  const [bird] = (await search(spore, CANARY)).hits
  assert.equal(bird?.text, texts[700])
  await ask(spore, '/api/memory', { text: 'one lamp more' })
  const purged = await runSpore(['purge', bird.id, '--yes'], { home })
  assert.equal(purged.code, 0, purged.stderr)
  for (const file of [...kept(), join(home, 'spore.db'), join(home, 'spore.db-wal')])
    assert.ok(!existsSync(file) || !readFileSync(file).includes(CANARY), file)
  await spore.stop('SIGKILL')

  spore = await startIndexed(home)
  assert.equal((await search(spore, CANARY)).total, 0)
  assert.equal((await search(spore, 'lamp')).hits[0]?.text, 'one lamp more')
  await spore.stop()

  for (const file of kept()) truncateSync(file, 1000)
  spore = await startIndexed(home)
  assert.equal((await search(spore, 'lamp')).hits[0]?.text, 'one lamp more')
  await spore.stop()
  rmSync(join(home, 'index'), { recursive: true, force: true })
  spore = await startIndexed(home)
  assert.equal((await search(spore, 'lamp')).hits[0]?.text, 'one lamp more')
  await spore.stop()
})
