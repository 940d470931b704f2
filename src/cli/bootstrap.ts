/** `spore bootstrap`: seed lists, for who publishes one and for who would be on it. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { Argument } from 'commander'
import { createKeyAt, readKeyAt } from '../adapters/key-file.ts'
import { readList } from '../adapters/seed-source.ts'
import { createSigner, createVerifier } from '../core/identity/keys.ts'
import {
  isSigned,
  parseSeedList,
  type SeedList,
  signSeedList,
  verifySeedList,
} from '../core/identity/seed-list.ts'
import { SporeError } from '../core/protocol/errors.ts'
import { BOOTSTRAP_VALID_MAX_MS } from '../core/protocol/limits.ts'
import { type CommandContext, type CommandSpec, listOption, wholeNumber } from './command.ts'
import { EXIT, type ExitCode, UsageError, unwrap } from './exit.ts'
import { checkSeeds, type SeedCheck } from './seed-check.ts'
import { oneLine } from './terminal-text.ts'

const DAY_MS = 24 * 3600 * 1000
/** Days for which a list holds unless `--days` says otherwise: signing it again is a job for each season. */
const DAYS_DEFAULT = 90

export const spec: CommandSpec = {
  name: 'bootstrap',
  summary: 'Sign and check seed lists',
  description:
    'keygen writes a new signing key to a file and prints its did:key, which spores pin by bootstrapKeys. sign puts times\n' +
    'and a signature into a list. check says whether a list is good: its form, its signature (by one of the keys of --key,\n' +
    'where given) and its times; with --online also whether each seed answers with the key and the network of the list.\n' +
    'docs/seeds.md says what to do with it.',
  examples: [
    'spore bootstrap keygen seeds.pem',
    'spore bootstrap sign bootstrap.json --key seeds.pem --days 90',
    'spore bootstrap check bootstrap.json --online --key did:key:z6Mk…',
  ],
  configure: (command) =>
    command
      .addArgument(new Argument('<action>', 'what to do').choices(['keygen', 'sign', 'check']))
      .argument('<file>', 'the list; for keygen the new key')
      .addOption(listOption('--key <key>', 'sign: the key file; check: a did:key that may sign'))
      .option('--days <n>', `sign: how long it holds (default ${DAYS_DEFAULT})`, wholeNumber(1, 366))
      .option('--out <file>', 'sign: where to write it (default: into the list itself)')
      .option('--online', 'check: ask every seed'),
  run: async (context, [action, file]) => {
    const path = resolve(file as string)
    if (action === 'keygen') return keygen(path, context)
    if (action === 'sign') return sign(path, context)
    return check(path, context)
  },
}

function keygen(path: string, { output }: CommandContext): ExitCode {
  const { did } = createSigner(createKeyAt(path).seed)
  output.note(`The key is in ${path}: keep it off every machine that runs a spore. Pin it by:`)
  output.result(did, { key: did, file: path })
  return EXIT.ok
}

async function sign(path: string, { options, output }: CommandContext): Promise<ExitCode> {
  const [keyFile, ...more] = keysOf(options)
  if (keyFile === undefined || more.length > 0) throw new UsageError('sign needs one --key <file>')
  const key = readKeyAt(resolve(keyFile))
  if (!key) throw new SporeError('IDENTITY_UNREADABLE', `there is no key file ${keyFile}`)
  const list = await readSeedList(path)
  const validMs = Math.min(
    ((options.days as number | undefined) ?? DAYS_DEFAULT) * DAY_MS,
    BOOTSTRAP_VALID_MAX_MS,
  )
  const signed = signSeedList(list, createSigner(key.seed), { nowMs: Date.now(), validMs })
  const out = options.out === undefined ? path : resolve(options.out as string)
  replaceFile(out, `${JSON.stringify(signed, null, 2)}\n`)
  const { issued, expires } = signed
  output.result(
    `${out}: ${signed.seeds.length} seeds of ${oneLine(signed.network, 64)}, signed by ${signed.key}, until ${expires}`,
    { file: out, key: signed.key, issued, expires, seeds: signed.seeds.length },
  )
  return EXIT.ok
}

async function check(path: string, context: CommandContext): Promise<ExitCode> {
  const { options, output, signal } = context
  const list = await readSeedList(path)
  const keys = keysOf(options)
  if (keys.length > 0 || isSigned(list)) verify(list, keys)
  const { network } = list
  const { allowPrivateAddresses } = context.load().config.federation
  const asked = options.online === true
  const seeds = asked ? await checkSeeds(list.seeds, { network, allowPrivateAddresses, signal }) : []
  const failed = seeds.filter(({ problem }) => problem !== null).length
  const signature = isSigned(list) ? { key: list.key, issued: list.issued, expires: list.expires } : null
  const head = signature
    ? `signed by ${signature.key}, until ${signature.expires}`
    : 'not signed: good for signing, and for the package; spores refuse it from anywhere else'
  const lines = [
    `${path}: ${list.seeds.length} seeds of ${oneLine(network, 64)}, ${head}`,
    ...seeds.map(describeSeed),
    ...(asked ? [failed === 0 ? 'Every seed answers as it should.' : `${failed} seeds do not pass.`] : []),
  ]
  output.result(lines.join('\n'), { ok: failed === 0, network, count: list.seeds.length, signature, seeds })
  return failed === 0 ? EXIT.ok : EXIT.failure
}

export const describeSeed = ({ url, name, problem }: SeedCheck): string =>
  problem === null
    ? `  ok    ${oneLine(url, 120)}  ${oneLine(name ?? '', 64)}`
    : `  FAIL  ${oneLine(url, 120)}\n        ${oneLine(problem, 200)}`

/** Throws BOOTSTRAP_REFUSED where no spore that pins one of `keys` (or any key, where none is given) would take it. */
function verify(list: SeedList, keys: readonly string[]): void {
  const verifier = createVerifier()
  const pinnedKeys = keys.length > 0 ? keys : isSigned(list) ? [list.key] : []
  const { network } = list
  unwrap(verifySeedList(list, { network, pinnedKeys, nowMs: Date.now(), verifier }))
}

async function readSeedList(path: string): Promise<SeedList> {
  return unwrap(parseSeedList(unwrap(await readList(path))))
}

const keysOf = (options: Readonly<Record<string, unknown>>): readonly string[] =>
  (options.key as readonly string[] | undefined) ?? []

/** Whole or not at all: a list that is half written is one that spores refuse. */
function replaceFile(path: string, text: string): void {
  const beside = `${path}.new-${process.pid}`
  try {
    writeFileSync(beside, text, { flag: 'wx' })
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    const { code } = error as NodeJS.ErrnoException
    throw new SporeError('CONFIG_INVALID', `${path} cannot be written (${code})`, { cause: error })
  }
}
