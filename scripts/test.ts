/**
 * `npm test`: lint, types and every suite of `test/`, one process a suite, a count per suite, and
 * `N passed, N failed` alone on the last line. `npm test -- unit/core e2e` runs only the suites below those folders,
 * without lint and types. Exit code 1 where anything failed or nothing ran.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findSuites, runSuite, type SuiteResult } from '../test/support/suite-runner.ts'

const root = join(import.meta.dirname, '..')

async function main(): Promise<number> {
  const { positionals: filters } = parseArgs({ allowPositionals: true, options: {} })
  const suites = await findSuites(join(root, 'test'), filters)
  if (suites.length === 0) {
    console.error(filters.length > 0 ? `No test file below: ${filters.join(', ')}` : 'There is no test file.')
    console.log('0 passed, 1 failed')
    return 1
  }

  const results: SuiteResult[] = []
  const report = (result: SuiteResult) => {
    results.push(result)
    console.log(resultToRow(result))
    if (result.failed > 0) console.log(`\n${result.output.trim()}\n`)
  }
  console.log(row('suite', 'passed', 'failed', 'skipped', 'time'))
  if (filters.length === 0) {
    const checks = [runCheck('lint', 'biome', ['check', '.']), runCheck('types', 'tsc', [])]
    for (const check of checks) report(await check)
  }
  for (const suite of suites) report(await runSuite(suite, root))
  return closeWith(results)
}

/** Runs a tool of `node_modules/.bin` as a check that counts as one test. */
async function runCheck(name: string, tool: string, args: readonly string[]): Promise<SuiteResult> {
  const startedAt = performance.now()
  const child = spawn(join(root, 'node_modules', '.bin', tool), args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const passed = await new Promise<boolean>((resolve) => {
    child.once('error', (error) => {
      output += `${tool} did not start: ${error.message}`
      resolve(false)
    })
    child.once('close', (code) => resolve(code === 0))
  })
  const tookMs = performance.now() - startedAt
  return { suite: name, passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0, tookMs, output }
}

function closeWith(results: readonly SuiteResult[]): number {
  const total = { passed: 0, failed: 0, skipped: 0, tookMs: 0 }
  for (const result of results) {
    total.passed += result.passed
    total.failed += result.failed
    total.skipped += result.skipped
    total.tookMs += result.tookMs
  }
  console.log(resultToRow({ suite: 'all', ...total, output: '' }))
  for (const { suite, failed } of results) if (failed > 0) console.log(`failed: ${suite}`)
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
  console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`)
  return total.failed > 0 || total.passed === 0 ? 1 : 0
}

const resultToRow = ({ suite, passed, failed, skipped, tookMs }: SuiteResult): string =>
  row(suite, String(passed), String(failed), String(skipped), `${(tookMs / 1000).toFixed(1)} s`)

const row = (suite: string, ...cells: readonly string[]): string =>
  `${suite.padEnd(26)}${cells.map((cell) => cell.padStart(9)).join('')}`

process.exitCode = await main()
