/** Loaded before everything else in a process of its own: plants the bug that MUTANT names into the source as it is read. */
import { registerHooks } from 'node:module'
import { MUTANTS, type Patch } from './mutants.ts'

const mutant = MUTANTS.find(({ name }) => name === process.env.MUTANT)
if (!mutant) throw new Error(`no planted bug is named ${process.env.MUTANT}`)
const root = new URL('../../../src/', import.meta.url).href

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const patches = mutant.patches.filter(({ file }) => url === root + file)
    if (patches.length === 0) return loaded
    const source = patches.reduce(apply, String(Buffer.from(loaded.source as Uint8Array)))
    return { ...loaded, source }
  },
})

function apply(source: string, { file, find, replace }: Patch): string {
  const parts = source.split(find)
  if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times: ${find}`)
  return parts.join(replace)
}
