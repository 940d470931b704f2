/**
 * Finds the suites of `test/` and runs each in a process of its own. A suite is the finest folder that people speak
 * of: `architecture`, `unit/core/base`, `unit/http`, `contract`, `vectors`, `sim`, `e2e`.
 *
 * Counts come from node:test's reporter interface (`outcome-reporter.ts`), through a file that only this process and
 * the suite's know: what a test prints is never mistaken for a result.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import type { TestOutcome } from './outcome-reporter.ts'

export interface Suite {
  /** Its folder below `test/`, or a file's name without `.test.ts`; with slashes on every system. */
  readonly name: string
  /** Paths of its test files, absolute, sorted. */
  readonly files: readonly string[]
}

export interface SuiteResult {
  readonly suite: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly tookMs: number
  /** What the suite printed, for people to read when it failed. */
  readonly output: string
}

/** A suite still running after this is stopped and counts as failed: longer than the whole run may take. */
const SUITE_TIMEOUT_MS = 6 * 60 * 1000
/** Files of a suite that run at the same time: the cores of the smallest machine we test on. */
const CONCURRENCY = 2

const reporter = join(import.meta.dirname, 'outcome-reporter.ts')

/** Every suite below `testRoot` with a file that one of `filters` is a prefix of; all of them without filters. */
export async function findSuites(testRoot: string, filters: readonly string[] = []): Promise<Suite[]> {
  const filesBySuite = new Map<string, string[]>()
  const found = await readdir(testRoot, { recursive: true, withFileTypes: true })
  for (const entry of found) {
    if (!entry.isFile() || !entry.name.endsWith('.test.ts')) continue
    const file = join(entry.parentPath, entry.name)
    const path = relative(testRoot, file).split(sep).join('/')
    if (filters.length > 0 && !filters.some((filter) => isBelow(path, filter))) continue
    const name = pathToSuite(path)
    filesBySuite.set(name, [...(filesBySuite.get(name) ?? []), file])
  }
  return [...filesBySuite]
    .map(([name, files]) => ({ name, files: files.sort() }))
    .sort((a, b) => suiteRank(a.name) - suiteRank(b.name) || (a.name < b.name ? -1 : 1))
}

/** Runs one suite to its end. Never rejects for a failing test: that is a count. */
export async function runSuite(suite: Suite, cwd: string): Promise<SuiteResult> {
  const scratch = await mkdtemp(join(tmpdir(), 'spore-suite-'))
  const outcomes = join(scratch, 'outcomes.jsonl')
  const startedAt = performance.now()
  try {
    const { code, output } = await runNode([...suiteFlags(suite.name, outcomes), ...suite.files], cwd)
    const counts = countOutcomes(await readFile(outcomes, 'utf8').catch(() => ''))
    const tookMs = performance.now() - startedAt
    // The process knows better than the list: a suite that died, or ran nothing, has failed.
    const died = code !== 0 && counts.failed === 0
    const ranNothing = counts.passed + counts.failed + counts.skipped === 0
    return {
      suite: suite.name,
      ...counts,
      failed: counts.failed + (died || ranNothing ? 1 : 0),
      tookMs,
      output,
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function suiteFlags(name: string, outcomes: string): string[] {
  // The core is pure, so its files can share a process: ten times faster than one each.
  const shared = name.startsWith('unit/core/') || name === 'vectors'
  // Real processes on loopback get the machine for themselves, one file after the other.
  const concurrency = name === 'e2e' ? 1 : CONCURRENCY
  return [
    '--test',
    shared ? '--test-isolation=none' : `--test-concurrency=${concurrency}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${reporter}`,
    `--test-reporter-destination=${outcomes}`,
  ]
}

async function runNode(args: readonly string[], cwd: string): Promise<{ code: number; output: string }> {
  // Inside a test of our own, node marks its children as reporting to it; these report to us.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  const timer = setTimeout(() => {
    chunks.push(Buffer.from(`\nstopped: still running after ${SUITE_TIMEOUT_MS / 1000} s\n`))
    child.kill('SIGKILL')
  }, SUITE_TIMEOUT_MS)
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve(status ?? 1))
  }).finally(() => clearTimeout(timer))
  return { code, output: Buffer.concat(chunks).toString('utf8') }
}

function countOutcomes(lines: string): Record<TestOutcome['outcome'], number> {
  const counts = { passed: 0, failed: 0, skipped: 0, end: 0 }
  for (const line of lines.split('\n')) if (line) counts[(JSON.parse(line) as TestOutcome).outcome]++
  return counts
}

/** `unit/core/base/x.test.ts` → `unit/core/base`, `unit/http/api/x.test.ts` → `unit/http`, `e2e/a/b.test.ts` → `e2e`. */
function pathToSuite(path: string): string {
  const parts = path.split('/')
  const folders = parts.slice(0, -1)
  if (folders.length === 0) return path.replace(/\.test\.ts$/, '')
  const depth = folders[0] !== 'unit' ? 1 : folders[1] === 'core' ? 3 : 2
  return folders.slice(0, depth).join('/')
}

const isBelow = (path: string, filter: string): boolean => {
  const prefix = filter.replace(/^(\.\/)?test\//, '').replace(/\/$/, '')
  return path === prefix || path.startsWith(`${prefix}/`) || path === `${prefix}.test.ts`
}

/** Cheap and telling suites first: a wrong import or a broken codec explains what fails after it. */
const ORDER = ['architecture', 'docs', 'unit/core', 'vectors', 'unit', 'contract', 'sim', 'e2e']
const suiteRank = (name: string): number => {
  const rank = ORDER.findIndex((prefix) => name === prefix || name.startsWith(`${prefix}/`))
  return rank < 0 ? ORDER.indexOf('sim') : rank
}
