/** `spore eval aggregate`: its report for people and for programs, and what it refuses. */
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { CliProcess } from '../../../src/cli/command.ts'
import type { AggregateReport } from '../../../src/cli/eval-text.ts'
import { run } from '../../../src/cli/program.ts'

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
  const report = JSON.parse(stdout) as AggregateReport
  assert.deepEqual([report.ok, report.questions, report.scored, report.seeds], [true, 300, 50, [1, 2, 3]])
  assert.equal(report.params.startTrust, 0.6)
  const [world] = report.worlds
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
  assert.match(stdout, /over seeds 1 2 3; 300 questions a seed, 50 scored before/)
  const rows = stdout.split('\n').filter((line) => line.startsWith('| '))
  assert.match(rows[0] ?? '', /\| world +\| ours +\| .* \| oracle +\| overruled \|/)
  const cells = rows.map((row) => row.split('|').length)
  assert.deepEqual(new Set(cells.slice(0, 3)), new Set([12]))
  assert.deepEqual(new Set(cells.slice(3)), new Set([7]))
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
  assert.match(stdout, /at most 1 below the best single +\| [\d.]+ +\| [\d.]+ \| NO/)
})

test('it stops when it is told to, and refuses what it does not know', async () => {
  assert.equal((await evaluate(AbortSignal.abort(), 'aggregate')).code, 1)
  for (const args of [['wisdom'], ['aggregate', '--world', 'flat'], ['aggregate', '--questions', '0'], []])
    assert.equal((await evaluate(signal, ...args)).code, 2, args.join(' '))
})
