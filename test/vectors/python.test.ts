/**
 * The vectors through `python/`, a reader in another language that was written from PROTOCOL.md alone and needs nothing but
 * Python's standard library: what both agree on is what the text says, not what our code happens to do.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../support/folder.ts'
import { load } from './load.ts'

interface FileResult {
  readonly file: string
  readonly passed: number
  readonly skipped: number
  readonly failed: readonly (readonly [name: string, why: string])[]
}

const HANG_MS = 60_000
const version = spawnSync('python3', ['-c', 'import sys; print(sys.version_info >= (3, 10))'], {
  encoding: 'utf8',
})
const skip = version.stdout?.trim() === 'True' ? false : 'skipped: no python3 of 3.10 or later'
const files = readdirSync(import.meta.dirname).flatMap((name) => /^(.+)\.json$/.exec(name)?.[1] ?? [])

/** Results by file. */
function check(folder: string): Map<string, FileResult> {
  // -B: no compiled files beside the sources.
  const argv = ['-B', join(import.meta.dirname, 'python', 'check.py'), folder]
  const { status, stdout, stderr } = spawnSync('python3', argv, { encoding: 'utf8', timeout: HANG_MS })
  assert.equal(status, 0, stderr)
  const results = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as FileResult)
  return new Map(results.map((result) => [result.file, result]))
}

test('a reader in Python agrees with every vector', { skip }, (context) => {
  const results = check(import.meta.dirname)
  assert.deepEqual([...results.keys()].sort(), files.toSorted())
  for (const { file, passed, skipped, failed } of results.values()) {
    assert.deepEqual(failed, [], file)
    assert.equal(passed + skipped, load(file).length, file)
    // Two of the codecs are not in its standard library; nothing else is left out.
    if (file !== 'frame') assert.equal(skipped, 0, file)
    context.diagnostic(
      `${file}: ${passed} agreed${skipped > 0 ? `, ${skipped} need a codec that it has not` : ''}`,
    )
  }
})

test('it can disagree: a vector that is wrong in one letter is found', { skip }, () => {
  using folder = temporaryFolder()
  for (const file of files)
    cpSync(join(import.meta.dirname, `${file}.json`), join(folder.path, `${file}.json`))
  const path = join(folder.path, 'head.json')
  const text = readFileSync(path, 'utf8')
  const wrong = text.replace('"signature":"694d', '"signature":"794d')
  assert.notEqual(wrong, text)
  writeFileSync(path, wrong)
  assert.deepEqual(
    check(folder.path)
      .get('head')
      ?.failed.map(([name]) => name),
    ['a head'],
  )
})
