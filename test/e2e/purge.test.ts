/** `spore purge` against a running spore: the bytes are gone from every file of the data folder. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type TemporaryFolder, temporaryFolder } from '../support/folder.ts'
import { runSpore, startSpore } from '../support/spore-process.ts'

const CANARY = 'canary-7f3a'
let folder: TemporaryFolder
before(() => {
  folder = temporaryFolder()
})
after(() => folder[Symbol.dispose]())

/** Files of the data folder that hold the canary. */
const singing = (home: string): string[] =>
  readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(CANARY))

test('a purge leaves no byte in any file, and survives a restart', async () => {
  const home = join(folder.path, 'home')
  let spore = await startSpore({ home })
  const post = async (path: string, body?: unknown) => {
    const reply = await fetch(spore.url + path, {
      method: 'POST',
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
    return { status: reply.status, body: (await reply.json()) as Record<string, never> }
  }
  // Of one page and of many, between others, and retracted.
  const texts = [`${CANARY} short`, `${CANARY} ${'long '.repeat(12_000)}`, `${CANARY} retracted`]
  const ids: string[] = []
  for (const [i, text] of texts.entries()) {
    for (let k = 0; k < 20; k++) await post('/api/memory', { text: `beside it ${i} ${k} ${'x'.repeat(300)}` })
    ids.push((await post('/api/memory', { text })).body.id as unknown as string)
  }
  await fetch(`${spore.url}/api/memory/${ids[2]}`, { method: 'DELETE' })
  assert.ok(singing(home).length > 0, 'the canary was there')

  const asked = await runSpore(['purge', ...ids], { home })
  assert.equal(asked.code, 2)
  assert.match(asked.stderr, /--yes/)
  const purged = await runSpore(['purge', ...ids, '--yes', '--json'], { home })
  assert.equal(purged.code, 0, purged.stderr)
  assert.deepEqual(JSON.parse(purged.stdout), { purged: 3, entries: 3, total: 3 })
  assert.deepEqual(singing(home), [], 'while it runs')
  assert.equal((await post('/api/memory', { text: texts[0] })).body.code, 'PURGED')
  await spore.stop()
  assert.deepEqual(singing(home), [], 'after it ended')

  const verified = await runSpore(['verify', '--json'], { home })
  assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  spore = await startSpore({ home })
  assert.equal((await post('/api/memory', { text: texts[0] })).body.code, 'PURGED')
  const undone = await runSpore(['purge', '--undo', ids[0] as string], { home })
  assert.equal(undone.code, 0, undone.stderr)
  assert.equal((await post('/api/memory', { text: texts[0] })).status, 201)
  await spore.stop()
})

test('a purge that is called wrongly says how it is meant', async () => {
  const home = join(folder.path, 'other')
  for (const args of [
    [],
    ['--author', 'x', 'y'],
    ['--author', 'x', '--undo'],
    ['x', '--descendants'],
    ['x', '--preview'],
  ]) {
    const result = await runSpore(['purge', ...args], { home })
    assert.equal(result.code, 2, result.stderr)
  }
})

test('a purge of an author with descendants says first what it takes, and leaves no byte of it', async () => {
  const home = join(folder.path, 'author')
  const spore = await startSpore({ home })
  const text = `${CANARY} sings at midnight`
  const remembered = await runSpore(['remember', text, '--json'], { home })
  assert.equal(remembered.code, 0, remembered.stderr)
  const asked = await runSpore(['ask', 'when does it sing?', '--json'], { home })
  assert.equal(asked.code, 0, asked.stderr)
  assert.ok(asked.stdout.includes('midnight'))
  const { author } = (
    (await (await fetch(`${spore.url}/api/memory`)).json()) as { recent: { author: string }[] }
  ).recent[0] as { author: string }
  const args = ['purge', '--author', author, '--descendants']
  const shown = await runSpore([...args, '--preview', '--json'], { home })
  assert.equal(shown.code, 0, shown.stderr)
  const { preview } = JSON.parse(shown.stdout) as {
    preview: { purged: number; entries: number; own: number }
  }
  assert.ok(preview.purged >= 4 && preview.own === preview.purged, shown.stdout)
  assert.ok(singing(home).length > 0, 'a preview purges nothing')
  const purged = await runSpore([...args, '--yes'], { home })
  assert.equal(purged.code, 0, purged.stderr)
  assert.match(purged.stderr, new RegExp(`${preview.purged} would be purged .*${preview.own} are your own:`))
  assert.match(
    purged.stdout,
    new RegExp(`^${preview.purged} purged \\(bytes of ${preview.entries} entries dropped\\)`),
  )
  assert.deepEqual(singing(home), [], 'while it runs')
  await spore.stop()
  assert.deepEqual(singing(home), [], 'after it ended')
})
