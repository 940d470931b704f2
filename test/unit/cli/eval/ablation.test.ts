/** `spore eval ablation` as a command: one report in JSON, and a run that can be stopped between two seeds. */
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { CliProcess } from '../../../../src/cli/command.ts'
import { run } from '../../../../src/cli/program.ts'
import { MECHANISMS } from '../../../../src/core/reasoning/synthesis/quantum-params.ts'
import type { EvalReport } from '../../../../src/sim/eval/report.ts'

async function evaluate(signal: AbortSignal, ...args: string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const host = { stdin: process.stdin, stdout, stderr, environment: {}, signal } as unknown as CliProcess
  const code = await run(['eval', 'ablation', ...args], host)
  return { code, stdout: String(stdout.read() ?? '') }
}
const SMALL = ['--tasks', '3', '--questions', '20', '--scored', '10', '--json']

test('the report names its sizes, switches and every mechanism, and gives exit code 1 where it is not ok', async () => {
  const { code, stdout } = await evaluate(new AbortController().signal, '--seeds', '2', ...SMALL)
  const report = JSON.parse(stdout) as EvalReport
  assert.equal(code, report.ok ? 0 : 1)
  assert.deepEqual([report.name, report.seeds, report.params.tasks], ['ablation', [1, 2], 3])
  assert.deepEqual([report.params.annealing, report.params.tunnelling], [true, false])
  assert.deepEqual([...new Set(report.bars.map(({ about }) => about))], [...MECHANISMS])
  for (const { columns, rows } of report.tables)
    for (const row of rows) assert.equal(row.length, columns.length)
})

test('a run that is aborted gives no report', async () => {
  const controller = new AbortController()
  controller.abort()
  const { code, stdout } = await evaluate(controller.signal, ...SMALL)
  assert.deepEqual([code, stdout], [1, ''])
})
