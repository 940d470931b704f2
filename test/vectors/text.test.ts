/** PROTOCOL.md names the vectors that prove it; neither may name what the other has not. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { projectFile } from '../support/project.ts'
import { load } from './load.ts'

const files = readdirSync(import.meta.dirname).flatMap((name) => /^(.+)\.json$/.exec(name)?.[1] ?? [])

test('the text and the folder name the same vector files', () => {
  const text = readFileSync(projectFile('src/core/protocol/PROTOCOL.md'), 'utf8')
  const named = [...text.matchAll(/\[([^\]]*V:[^\]]*)\]/g)].flatMap(([, list]) =>
    (list as string).slice((list as string).indexOf('V:') + 2).split(', '),
  )
  assert.deepEqual([...new Set(named)].sort(), files.sort())
})

for (const file of files)
  test(`${file} has valid and invalid cases with names of their own`, () => {
    const cases = load(file)
    assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length)
    // A set of entries is what it is, and so is the dictionary: no history is invalid.
    if (file === 'set' || file === 'dictionary') return
    assert.ok(cases.some(({ error }) => error !== undefined))
    assert.ok(cases.some(({ error }) => error === undefined))
  })
