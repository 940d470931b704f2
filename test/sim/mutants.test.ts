/** The simulator catches each planted bug, by a checker that is named, within the seeds of a CI run. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { MUTANTS, type Mutant } from './support/mutants.ts'

const root = join(import.meta.dirname, '..', '..')
const support = join(import.meta.dirname, 'support')
/** Seeds of one scenario in a CI run of 300. */
const SEEDS = 37
const STEPS = 2000
/** A spore that reasons takes more than an event that one which replicates does, and comes to more within fewer of them. */
const TASK_SEEDS = 75
const TASK_STEPS = 600
const run = promisify(execFile)

interface Hunt {
  readonly caught: {
    readonly seed: number
    readonly checker: string
    readonly detail: string
    readonly steps: number
  } | null
  readonly others: readonly string[]
}

async function hunt({ name, scenario }: Pick<Mutant, 'name' | 'scenario'>): Promise<Hunt> {
  const [seeds, steps] = scenario === 'tasks' ? [TASK_SEEDS, TASK_STEPS] : [SEEDS, STEPS]
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const args = [
    '--import',
    join(support, 'plant.ts'),
    join(support, 'hunt.ts'),
    name,
    String(seeds),
    String(steps),
  ]
  const { stdout } = await run(process.execPath, args, { cwd: root, env: { ...env, MUTANT: name } })
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as Hunt
}

test('there are ten planted bugs, each in step with the source', () => {
  assert.ok(MUTANTS.length >= 10)
  for (const { name, patches } of MUTANTS)
    for (const { file, find } of patches) {
      const parts = readFileSync(join(root, 'src', file), 'utf8').split(find)
      assert.equal(parts.length, 2, `${name}: ${file} holds it ${parts.length - 1} times: ${find}`)
    }
})

describe('a core that would', { concurrency: 2 }, () => {
  for (const { name, scenario } of MUTANTS)
    test(`${name} is caught`, async (context) => {
      const { caught, others } = await hunt({ name, scenario })
      assert.ok(
        caught,
        `the seeds did not catch it${others.length > 0 ? `; they found ${others.join('; ')}` : ''}`,
      )
      context.diagnostic(
        `seed ${caught.seed}, step ${caught.steps}, ${caught.checker}: ${caught.detail.slice(0, 200)}`,
      )
    })
})
