/** `spore eval aggregate`: its report for people and for programs, and what it refuses. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { CliProcess } from '../../../../src/cli/command.ts'
import { EVALUATIONS } from '../../../../src/cli/eval/registry.ts'
import { run } from '../../../../src/cli/program.ts'
import type { WorldResult } from '../../../../src/sim/eval/aggregate-eval.ts'
import type { EvalReport } from '../../../../src/sim/eval/report.ts'
import { temporaryFolder } from '../../../support/folder.ts'

async function evaluate(signal: AbortSignal, ...args: string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const host = { stdin: process.stdin, stdout, stderr, environment: {}, signal } as unknown as CliProcess
  const code = await run(['eval', ...args], host)
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') }
}
const { signal } = new AbortController()
const SMALL = ['--questions', '300', '--seeds', '3']

test('it prints one JSON document with seeds, sizes, params, worlds and bars', async () => {
  const { code, stdout, stderr } = await evaluate(
    signal,
    'aggregate',
    ...SMALL,
    '--world',
    'sybils',
    '--json',
  )
  assert.deepEqual([code, stderr], [0, ''])
  const report = JSON.parse(stdout) as EvalReport & { details: { worlds: WorldResult[] } }
  const { questions, scored } = report.params
  assert.deepEqual([report.ok, questions, scored, report.seeds], [true, 300, 50, [1, 2, 3]])
  assert.equal(report.command, 'spore eval aggregate --questions 300 --seeds 3 --world sybils')
  assert.equal(report.params.startTrust, 0.6)
  const [world] = report.details.worlds
  assert.equal(world?.world, 'sybils')
  assert.ok((world?.mean.aggregate ?? 0) > 0.9 && world?.mean.plurality === 0)
  assert.deepEqual(
    world?.seeds.map(({ seed }) => seed),
    [1, 2, 3],
  )
  assert.equal(report.bars.length, 4)
})

test('for people it prints Markdown tables with the seeds, whose rows have the columns of their head', async () => {
  const { code, stdout } = await evaluate(signal, 'aggregate', ...SMALL, '--world', 'liars')
  assert.equal(code, 0)
  assert.match(stdout, /^Seeds 1, 2, 3;/m)
  assert.match(stdout, /300 questions a seed count, 50 are scored before/)
  const rows = stdout.split('\n').filter((line) => line.startsWith('| '))
  assert.match(rows[0] ?? '', /\| world +\| ours +\| .* \| oracle +\| overruled \|/)
  const cells = rows.map((row) => row.split('|').length)
  assert.deepEqual(new Set(cells.slice(0, 3)), new Set([12]))
  assert.deepEqual(new Set(cells.slice(3)), new Set([8]))
})

test('a bar that is not met is exit code 1', async () => {
  // One scored answer is no record: the panel stays near plurality, far below the best single.
  const { code, stdout } = await evaluate(
    signal,
    'aggregate',
    ...SMALL,
    '--scored',
    '1',
    '--world',
    'correlated',
  )
  assert.equal(code, 1)
  assert.match(stdout, /at most 1 below the best single +\| [\d.]+ % +\| ≥ +\| [\d.]+ % \| NO/)
})

test('it stops when it is told to, and refuses what it does not know', async () => {
  assert.equal((await evaluate(AbortSignal.abort(), 'aggregate')).code, 1)
  for (const args of [['wisdom'], ['aggregate', '--world', 'flat'], ['aggregate', '--questions', '0'], []])
    assert.equal((await evaluate(signal, ...args)).code, 2, args.join(' '))
})

test('it writes all three forms into a folder, or one of them to a file, each of them the same report', async () => {
  using folder = temporaryFolder()
  const files = ['--out', join(folder.path, 'all'), '--html', join(folder.path, 'one', 'page.html')]
  const { code, stdout } = await evaluate(signal, 'aggregate', ...SMALL, '--world', 'liars', ...files)
  assert.equal(code, 0)
  const read = (...path: string[]): string => readFileSync(join(folder.path, ...path), 'utf8')
  assert.equal(read('all', 'aggregate.md').trimEnd(), stdout.trimEnd())
  assert.equal(read('all', 'aggregate.html'), read('one', 'page.html'))
  assert.match(read('all', 'aggregate.html'), /^<!doctype html>/)
  const report = JSON.parse(read('all', 'aggregate.json')) as EvalReport
  assert.equal(report.command, 'spore eval aggregate --questions 300 --seeds 3 --world liars')
})

test('without an evaluation, or with one that it does not know, it lists them', async () => {
  for (const args of [[], ['wisdom']]) {
    const { code, stderr } = await evaluate(signal, ...args)
    assert.equal(code, 2)
    for (const name of Object.keys(EVALUATIONS)) assert.match(stderr, new RegExp(`^ +${name} `, 'm'))
  }
})

test('each evaluation has help of its own, with the common options', async () => {
  for (const name of Object.keys(EVALUATIONS)) {
    const { code, stdout } = await evaluate(signal, name, '--help')
    assert.equal(code, 0, name)
    for (const part of ['--seeds', '--seed', '--json', '--markdown', '--html', '--out', 'Examples:'])
      assert.ok(stdout.includes(part), `${name}: ${part}`)
  }
})
