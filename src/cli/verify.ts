/** `spore verify`: rehashes everything in the store of a data folder. The spore must not be running. */
import { createPorts } from '../adapters/ports.ts'
import { type SqliteStore, storeExists } from '../adapters/sqlite-store.ts'
import { createVerifier } from '../core/identity/keys.ts'
import { type Finding, type VerifyReport, verifyStore } from '../core/memory/verify.ts'
import { SporeError } from '../core/protocol/errors.ts'
import { findRunning } from './access.ts'
import type { CommandSpec } from './command.ts'
import { EXIT, UsageError } from './exit.ts'
import { openLog } from './open.ts'
import { createProgress } from './progress.ts'

export const spec: CommandSpec = {
  name: 'verify',
  summary: 'Check everything in the store against its hashes',
  description:
    'Rehashes every entry and payload, walks every chain and checks every signature, from the bytes on the disk alone.\n' +
    'It reads the store itself, so the spore must be stopped. It changes nothing. Exit code 1 when anything is wrong.',
  examples: ['spore verify', 'spore verify --home ./data --json'],
  run: async (context) => {
    const loaded = context.load()
    const { config, secrets } = loaded
    const { output, signal } = context
    const running = await findRunning(loaded, signal)
    if (running)
      throw new SporeError(
        'STORE_IN_USE',
        `the spore at ${running.url} has ${config.home} open: stop it to verify`,
      )
    if (!storeExists(config.home)) throw new UsageError(`there is no store in ${config.home}`)
    await using ports = createPorts({
      home: config.home,
      network: config.network,
      durability: 'disk',
      allowPrivateAddresses: false,
      identity: secrets.identity?.reveal() ?? null,
      log: openLog(loaded),
    })
    await using store = ports.store
    const pages = (store as Partial<SqliteStore>).integrity?.() ?? []
    let bar: ReturnType<typeof createProgress> | null = null
    using _ = { [Symbol.dispose]: () => bar?.[Symbol.dispose]() }
    const onLog = (done: number, total: number) => {
      bar ??= createProgress(context, total)
      bar.update(done, 'logs')
    }
    const report = await verifyStore(store, createVerifier(), { signal, onLog })
    const isSound = report.found === 0 && pages.length === 0
    output.result(describeReport(report, pages), { ok: isSound, ...report, integrity: pages })
    return isSound ? EXIT.ok : EXIT.failure
  },
}

function describeReport(report: VerifyReport, pages: readonly string[]): string {
  const { logs, entries, purged, heads, forks, found, findings } = report
  const counts = `${entries} entries in ${logs} logs, ${heads} signed heads${purged > 0 ? `, ${purged} purged` : ''}${forks > 0 ? `, ${forks} fork proofs` : ''}`
  if (found === 0 && pages.length === 0) return `All is sound: ${counts}.`
  const more = found > findings.length ? [`… and ${found - findings.length} more`] : []
  return [`Checked ${counts}. Found:`, ...pages, ...findings.map(describeFinding), ...more].join('\n')
}

const describeFinding = ({ logId, seq, reason }: Finding): string =>
  `log ${logId}${seq === null ? '' : ` entry ${seq}`}: ${reason}`
