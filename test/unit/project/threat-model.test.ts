/** `docs/threat-model.md`: the tests that it names are there, and each line has one or says what is missing. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { MODE_NAMES } from '../../support/hostile-peer/modes.ts'
import { projectFile } from '../../support/project.ts'

const path = projectFile('docs/threat-model.md')
const text = readFileSync(path, 'utf8')
/** Cells of every row of a table, its head and the line below left out. */
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (---|threat|id) \|/.test(line))
  .map((line) => line.split('|').slice(1, -1))

/** The tests of a cell: `[file](../test/…) *name*; *another name*`. */
function testsOf(cell: string): { readonly file: string; readonly name: string }[] {
  return [...cell.matchAll(/\]\((\.\.\/test\/[^)]+)\)((?:;? \*[^*]+\*)+)/g)].flatMap(([, file, names]) =>
    [...(names as string).matchAll(/\*([^*]+)\*/g)].map(([, name]) => ({
      file: file as string,
      name: name as string,
    })),
  )
}

describe('a line of the threat model', () => {
  for (const cells of rows) {
    const named = cells.flatMap(testsOf)
    test(`${(cells[0] as string).trim()}: its tests are there`, () => {
      const missing = (cells.at(-1) as string).trim()
      assert.ok(named.length > 0 || missing !== '', 'it names no test, and not what is missing')
      for (const { file, name } of named) {
        const source = join(dirname(path), file)
        assert.ok(existsSync(source), file)
        assert.ok(readFileSync(source, 'utf8').includes(name), `${file} has no test named ${name}`)
      }
    })
  }
  test('is there for each of seventeen threats and twenty faults', () => assert.equal(rows.length, 17 + 18))
})

test('the threat model counts the modes of the hostile peer', () => {
  assert.ok(text.includes(`${MODE_NAMES.length} modes`), `there are ${MODE_NAMES.length}`)
})
