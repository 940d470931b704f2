/** `docs/evaluation.md`: each command in it is understood, each evaluation has a command and a heading, and its links lead somewhere. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { CliProcess } from '../../../src/cli/command.ts'
import { EVALUATIONS } from '../../../src/cli/eval/registry.ts'
import { run } from '../../../src/cli/program.ts'
import { projectFile } from '../../support/project.ts'

const guide = readFileSync(projectFile('docs/evaluation.md'), 'utf8')
/** Lines of blocks of code, without what stands behind a `#`. */
const commands = [...guide.matchAll(/^ {4}(spore eval \w.*?)(?: +#.*)?$/gm)].map(
  ([, command]) => command as string,
)

/** Runs a command that is told to stop before it has begun. */
async function begin(words: readonly string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const environment = { SPORE_HOME: '/nonexistent/spore' }
  const signal = AbortSignal.abort()
  const host = { stdin: process.stdin, stdout, stderr, environment, signal } as unknown as CliProcess
  return { code: await run(words, host), stderr: String(stderr.read() ?? '') }
}

test('its commands are there, one at least for each evaluation', () => {
  assert.ok(commands.length >= Object.keys(EVALUATIONS).length)
  for (const name of Object.keys(EVALUATIONS)) {
    assert.ok(
      commands.some((command) => command.split(' ')[2] === name),
      `a command of ${name}`,
    )
    assert.match(guide, new RegExp(`^## .*\\(\`${name}\`\\)$`, 'm'), `a heading of ${name}`)
  }
})

for (const command of new Set(commands))
  test(`${command} is understood`, async () => {
    const { code, stderr } = await begin(command.split(' ').slice(1))
    // Told to stop it fails; 2 is what was not understood.
    assert.equal(code, command.endsWith('--help') ? 0 : 1, stderr)
  })

test('a command that is not understood is not taken for one that is', async () => {
  assert.equal((await begin(['eval', 'memory', '--colour'])).code, 2)
  assert.equal((await begin(['eval', 'wisdom'])).code, 2)
})

test('its links lead somewhere, and its tables have as many cells in each row as in their head', () => {
  for (const [, path] of guide.matchAll(/\]\(([\w./-]+\.md)(?:#[\w-]+)?\)/g))
    assert.ok(existsSync(projectFile(`docs/${path}`)), path)
  const tables = guide.split(/\n\n/).filter((part) => /^\|.*\n\| ?-/.test(part))
  assert.ok(tables.length >= 4)
  for (const table of tables)
    assert.equal(
      new Set(
        table
          .trim()
          .split('\n')
          .map((row) => row.split('|').length),
      ).size,
      1,
      table,
    )
})
