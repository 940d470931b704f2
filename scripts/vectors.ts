/**
 * The protocol's test vectors: `node scripts/vectors.ts` makes them anew from fixed seeds and compares them with the files
 * of `test/vectors`; only `--write` writes them. They are made by a second writing of PROTOCOL.md (`scripts/vectors/`)
 * that shares nothing with `src`. A vector is never written anew to turn a red test green: either the text changed, and
 * with it the protocol, or the code is wrong.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { canonical } from './vectors/canonical.ts'
import { clocks } from './vectors/clocks.ts'
import { dictionaries } from './vectors/dictionaries.ts'
import { entries, heads } from './vectors/entries.ts'
import { forks } from './vectors/forks.ts'
import { frames } from './vectors/frames.ts'
import { httpSignatures } from './vectors/http-signatures.ts'
import { payloads } from './vectors/payloads.ts'
import type { Case } from './vectors/protocol.ts'
import { runs } from './vectors/runs.ts'
import { seedLists } from './vectors/seed-lists.ts'
import { sets } from './vectors/sets.ts'
import { didKey, ed25519 } from './vectors/signatures.ts'
import { views } from './vectors/views.ts'

const folder = join(import.meta.dirname, '..', 'test', 'vectors')

/** File of `test/vectors`, how to read its cases, and the cases. */
const groups: readonly (readonly [name: string, about: string, make: () => Case[]])[] = [
  [
    'canonical',
    '`bytes` decodes to `value` and nothing else encodes to them; {"$bytes": hex} is a byte string.',
    canonical,
  ],
  ['ed25519', '`signature` of `publicKey` over `message` is accepted, or refused with `error`.', ed25519],
  ['did', '`did` is the author with `publicKey`, or refused.', didKey],
  [
    'clock',
    'next: the time of a write after `last`. judge: what a receiver at `nowMs` does with `time`.',
    clocks,
  ],
  [
    'entry',
    'header: its fields, leaf and ids. log: its id and genesis. chain: its value behind each header.',
    entries,
  ],
  ['head', '`signature` of `publicKey` over `bytes`, the canonical form of the head’s fields.', heads],
  [
    'payload',
    '`payload` as one of `kind` says `fields`, or is not interpreted; [x, n] is n times x, also as {"$repeat": [x, n]}.',
    payloads,
  ],
  [
    'run',
    'A receiver at `nowMs` takes the runs of `before` and the fork `proofs`, then `run`: it stores `fresh` entries, or refuses.',
    runs,
  ],
  ['dictionary', '`bytes` are the shared dictionary of codec 3, `sha256` is their digest.', dictionaries],
  ['frame', '`bytes` as frames hold `bodies`; with `error`, what comes behind them is refused.', frames],
  [
    'set',
    'After all `runs`, in any order, exactly `visible` memories are visible, by exactly these dots.',
    sets,
  ],
  ['fork', '`proof` proves that log `logId` forks at `seq`, or is refused.', forks],
  [
    'view',
    '`reply` to heads has these `rows`, whose view has this `digest` and this `stamp`, or is refused.',
    views,
  ],
  [
    'http-signature',
    'A receiver at `nowMs` takes `request` with `headers` as one of `caller`, or refuses it; `earlier`: how often the same request came before.',
    httpSignatures,
  ],
  [
    'bootstrap',
    'A spore of `network` that pinned `pinnedKeys` takes `list` at `nowMs`, or refuses it; `padTo`: with spaces behind it up to as many bytes.',
    seedLists,
  ],
]

function main(): number {
  const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
  mkdirSync(folder, { recursive: true })
  let differing = 0
  for (const [name, about, make] of groups) {
    const cases = make()
    const names = new Set(cases.map((one) => one.name))
    if (names.size !== cases.length) throw new Error(`${name}: two cases of one name`)
    const text = toText({ protocol: 1, about, cases })
    const file = join(folder, `${name}.json`)
    if (values.write) writeFileSync(file, text)
    const isSame = values.write || read(file) === text
    if (!isSame) differing++
    console.log(
      `${name.padEnd(16)}${String(cases.length).padStart(5)}  ${values.write ? 'written' : isSame ? 'as committed' : 'DIFFERS'}`,
    )
  }
  return differing === 0 ? 0 : 1
}

/** One case a line, so that a change shows as the cases that changed. */
function toText({
  protocol,
  about,
  cases,
}: {
  protocol: number
  about: string
  cases: readonly Case[]
}): string {
  const lines = cases.map((one) => JSON.stringify(one)).join(',\n')
  return `{"protocol": ${protocol},\n"about": ${JSON.stringify(about)},\n"cases": [\n${lines}\n]}\n`
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

process.exitCode = main()
