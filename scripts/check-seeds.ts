/**
 * What a pull request adds to bootstrap.json: `check-seeds.ts <before> <after>` asks only the seeds that are new, so that one
 * which is down for an hour fails nobody else's pull request. Prints a line a seed; exit code 1 where one does not pass.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { describeSeed } from '../src/cli/bootstrap.ts'
import { checkSeeds } from '../src/cli/seed-check.ts'
import { parseSeedList, type SeedList } from '../src/core/identity/seed-list.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  // For the test of this script, whose seeds are on loopback.
  options: { 'allow-private-addresses': { type: 'boolean', default: false } },
})
const [before, after] = positionals
if (before === undefined || after === undefined) throw new Error('usage: check-seeds.ts <before> <after>')

process.exitCode = await main(before, after)

async function main(before: string, after: string): Promise<number> {
  const [old, next] = [read(before), read(after)]
  if (old === null || next === null) return 1
  const known = new Set(old.seeds.map(toText))
  const added = next.seeds.filter((seed) => !known.has(toText(seed)))
  if (old.network !== next.network) {
    console.log(`FAIL: the list is for the network ${JSON.stringify(next.network)} now`)
    return 1
  }
  console.log(`${added.length} seeds are new or have changed.`)
  const checks = await checkSeeds(added, {
    network: next.network,
    allowPrivateAddresses: values['allow-private-addresses'],
    signal: new AbortController().signal,
  })
  for (const check of checks) console.log(describeSeed(check))
  return checks.every(({ problem }) => problem === null) ? 0 : 1
}

function read(path: string): SeedList | null {
  const parsed = parseSeedList(new Uint8Array(readFileSync(path)))
  if (!parsed.ok) console.log(`FAIL: ${path}: ${parsed.error.detail}`)
  return parsed.ok ? parsed.value : null
}

function toText({ url, key }: SeedList['seeds'][number]): string {
  return `${key} ${url}`
}
