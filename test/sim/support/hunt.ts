/** Runs seeds on a core with a planted bug (`plant.ts`) until a checker finds it; prints what it found as JSON. */
import { zlibCompression } from '../../../src/adapters/compression.ts'
import { runSeed } from '../../../src/sim/run.ts'
import { MUTANTS } from './mutants.ts'

const [name, seeds, steps] = process.argv.slice(2)
const mutant = MUTANTS.find((one) => one.name === name)
if (!mutant) throw new Error(`no planted bug is named ${name}`)
const { scenario, caughtBy, seed: shown } = mutant
const all = Array.from({ length: Number(seeds) }, (_, i) => i + 1)

const others: string[] = []
let caught = null
for (const seed of shown === undefined ? all : [shown, ...all]) {
  if (caught) break
  const report = await runSeed({ seed, scenario, steps: Number(steps), compression: zlibCompression })
  const found = report.violations.find(({ checker }) => caughtBy.includes(checker))
  if (found) caught = { seed, scenario, steps: report.steps, ...found }
  else others.push(...report.violations.map(({ checker, detail }) => `${checker}: ${detail}`))
}
console.log(JSON.stringify({ caught, others: others.slice(0, 3) }))
