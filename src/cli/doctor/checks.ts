/** The checks of `spore doctor`, one function each. None of them changes anything. */
import { existsSync } from 'node:fs'
import { access, constants, stat, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { KEY_FILE, parseKeySecret, readKeyFile } from '../../adapters/key-file.ts'
import { storeExists } from '../../adapters/sqlite-store.ts'
import { isLoopbackHost, type LoadedConfig } from '../../config/load.ts'
import { readTokens, tokenFile } from '../../config/tokens.ts'
import type { Health } from '../../core/protocol/api.ts'
import type { SidecarView } from '../../core/protocol/api-sidecar.ts'
import { type ErrorCode, SporeError } from '../../core/protocol/errors.ts'
import { CLOCK_AHEAD_MAX_MS } from '../../core/protocol/limits.ts'
import type { SporeAccess } from '../access.ts'
import { adviceFor } from '../advice.ts'
import { openFolderAccess } from '../open.ts'
import { type Check, fail, ok, warn } from './check.ts'
import { checkModels } from './models.ts'

export type { Check } from './check.ts'

/** Bytes free below which the doctor warns, and below which a store may stop taking writes soon. */
export const FREE_WARN_BYTES = 1024 ** 3
export const FREE_FAIL_BYTES = 64 * 1024 ** 2
/** This code was written after this instant: a clock before it is wrong. */
export const CLOCK_EARLIEST_MS = Date.UTC(2026, 10, 1)
const NODE_MAJOR_MIN = 24
/** Recall at ten below which searches miss more than they are built to. */
export const SEARCH_RECALL_WARN = 0.97

/**
 * All checks in order. `running` opens the running spore or throws SPORE_UNREACHABLE. `isAudited`: it is measured anew what
 * searches miss.
 */
export async function runChecks(
  loaded: LoadedConfig,
  running: () => Promise<SporeAccess>,
  isAudited = false,
): Promise<readonly Check[]> {
  const { config } = loaded
  const spore = await look(loaded, running, isAudited)
  return [
    checkNode(process.versions.node),
    ...loaded.notices.map((notice) =>
      warn('config', notice, 'Take it out of the configuration, or correct its name.'),
    ),
    await checkFolder(config.home),
    await checkIdentity(loaded),
    spore.check,
    await checkAddress(loaded, spore.url),
    await checkSpace(config.home),
    checkClock(Date.now(), spore.newestMs),
    await checkAccess(loaded),
    ...(spore.health
      ? [
          checkPeers(spore.health),
          checkQuarantine(spore.health),
          checkKept(spore.health),
          checkTrust(spore.health),
          checkEmbeddings(spore.health),
        ]
      : []),
    ...(await checkModels(loaded, spore.url ? spore.health : null)),
    ...(spore.sidecar ? [checkSearch(spore.sidecar)] : []),
    ...(spore.health && spore.url ? [checkBootstrap(spore.health)] : []),
  ]
}

/** Who is who here, as far as that is known: a look at it is `spore trust`. */
export function checkTrust({ trust }: Pick<Health, 'trust'>): Check {
  const { commander, peer, contributor, observer, stranger } = trust.authors
  // This spore itself is one of the first.
  const known = `${commander + peer + contributor - 1} authors beside this spore are trusted`
  return ok('trust', `${known}, ${observer} observed, ${stranger} strangers`)
}

export function checkNode(version: string): Check {
  if (Number(version.split('.')[0]) >= NODE_MAJOR_MIN) return ok('node', version)
  return fail('node', `${version} is too old`, `Install Node.js ${NODE_MAJOR_MIN} or newer.`)
}

async function checkFolder(home: string): Promise<Check> {
  if (!existsSync(home)) return ok('folder', `${home} is not there yet; "spore start" makes it`)
  try {
    await access(home, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch {
    return fail(
      'folder',
      `${home} cannot be read and written by this user`,
      `Give it to this user, as with: chown -R "$USER" ${home}`,
    )
  }
  const { mode } = await stat(home)
  if ((mode & 0o077) === 0) return ok('folder', home)
  return warn('folder', `${home} can be opened by other users of this machine`, `chmod 700 ${home}`)
}

async function checkIdentity({ config: { home }, secrets }: LoadedConfig): Promise<Check> {
  try {
    if (secrets.identity) {
      parseKeySecret(secrets.identity.reveal())
      return ok('identity', 'from SPORE_IDENTITY')
    }
    if (readKeyFile(home) === null) return checkNoIdentity(home)
  } catch (error) {
    return failed('identity', error)
  }
  const file = join(home, KEY_FILE)
  const { mode } = await stat(file)
  if ((mode & 0o077) === 0) return ok('identity', file)
  return fail('identity', `${file} can be read by other users`, `chmod 600 ${file}`)
}

const checkNoIdentity = (home: string): Check =>
  storeExists(home)
    ? fail('identity', 'the folder holds a store and no key', 'Bring identity.pem back from a backup.')
    : ok('identity', 'none yet; "spore start" makes one')

interface Look {
  readonly check: Check
  readonly url: string | null
  readonly health: Health | null
  readonly sidecar: SidecarView | null
  /** When the newest memory was made; null where there is none. */
  readonly newestMs: number | null
}

/** The store as the running spore sees it, or, where none runs, opened for this look. */
async function look(
  loaded: LoadedConfig,
  running: () => Promise<SporeAccess>,
  isAudited: boolean,
): Promise<Look> {
  const nothing = { url: null, health: null, sidecar: null, newestMs: null }
  try {
    const live = await running().catch(ifUnreachable)
    if (!live && !storeExists(loaded.config.home))
      return { ...nothing, check: ok('store', 'none yet; "spore start" makes one') }
    await using spore = live ?? (await openFolderAccess(loaded))
    const health = await spore.health()
    if (!health.ok) throw new SporeError(health.error.code, health.error.detail)
    const newest = await spore.memories({ limit: 1 })
    const sidecar = await (isAudited ? spore.auditSearch() : spore.sidecar())
    if (!sidecar.ok) throw new SporeError(sidecar.error.code, sidecar.error.detail)
    const createdAt = newest.ok ? newest.value.recent[0]?.createdAt : undefined
    return {
      check: checkStore(health.value, spore.url),
      url: spore.url,
      health: health.value,
      sidecar: sidecar.value,
      newestMs: createdAt === undefined ? null : Date.parse(createdAt),
    }
  } catch (error) {
    return { ...nothing, check: failed('store', error) }
  }
}

function ifUnreachable(error: unknown): null {
  if (error instanceof SporeError && error.code === 'SPORE_UNREACHABLE') return null
  throw error
}

function checkStore(health: Health, url: string | null): Check {
  const detail = `${health.memories} memories, ${health.entries} entries, ${health.purged > 0 ? `${health.purged} purged, ` : ''}${health.durability}${url ? `, running at ${url}` : ', not running'}`
  if (health.damaged === 0) return ok('store', detail)
  return fail(
    'store',
    `${detail}; ${health.damaged} entries do not match their hash`,
    'Restore the folder from a backup; "spore verify" lists the entries.',
  )
}

async function checkAddress({ config: { host, port } }: LoadedConfig, url: string | null): Promise<Check> {
  if (url) return ok('address', `${url} answers`)
  if (port === 0) return ok('address', 'any free port')
  const code = await tryListen(host, port)
  if (code === null) return ok('address', `${host}:${port} is free`)
  if (code === 'EADDRINUSE')
    return fail('address', `another program listens on ${host}:${port}`, adviceFor('PORT_IN_USE') ?? '')
  return fail(
    'address',
    `${host}:${port} cannot be listened on (${code})`,
    'Choose an address of this machine and a port above 1023.',
  )
}

/** The code of the error that listening there gives; null for none. */
function tryListen(host: string, port: number): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>()
  const server = createServer()
  server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  server.listen(port, host.replace(/^\[(.*)\]$/, '$1'), () => server.close(() => resolve(null)))
  return promise
}

async function checkSpace(home: string): Promise<Check> {
  let folder = home
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const detail = `${(free / 1024 ** 3).toFixed(1)} GiB free`
  const fix = 'Free some space, or move the data folder: a full disk takes no writes.'
  if (free < FREE_FAIL_BYTES) return fail('space', detail, fix)
  return free < FREE_WARN_BYTES ? warn('space', detail, fix) : ok('space', detail)
}

/** Others refuse entries from too far ahead; one's own newest entry tells whether the clock went back. */
export function checkClock(nowMs: number, newestMs: number | null): Check {
  const now = new Date(nowMs).toISOString()
  const fix = 'Set the clock, and let it be kept by NTP (as with: timedatectl set-ntp true).'
  if (nowMs < CLOCK_EARLIEST_MS) return fail('clock', `${now} is in the past`, fix)
  if (newestMs !== null && newestMs - nowMs > CLOCK_AHEAD_MAX_MS)
    return fail('clock', `${now} is before the newest memory (${new Date(newestMs).toISOString()})`, fix)
  return ok('clock', now)
}

async function checkAccess({ config: { home, host }, secrets }: LoadedConfig): Promise<Check> {
  const loopback = isLoopbackHost(host)
  try {
    const count = readTokens(home).length + (secrets.token ? 1 : 0)
    if (!loopback && count === 0)
      return fail(
        'access',
        `${host} is reachable from outside and there is no token`,
        adviceFor('BIND_REFUSED') ?? '',
      )
    const file = await stat(tokenFile(home)).catch(() => null)
    if (file && (file.mode & 0o077) !== 0)
      return fail('access', `${tokenFile(home)} can be read by other users`, `chmod 600 ${tokenFile(home)}`)
    return ok('access', loopback ? `this machine only (${count} tokens)` : `${count} tokens`)
  } catch (error) {
    return failed('access', error)
  }
}

/** Entries that a part of the program cannot handle: a defect of the program, which goes on without them. */
export function checkQuarantine({
  quarantined,
  quarantine,
}: Pick<Health, 'quarantined' | 'quarantine'>): Check {
  if (quarantined === 0) return ok('quarantine', 'none')
  const newest = quarantine.map(({ stage, log, seq, error }) => `\n  ${stage} ${log}/${seq}: ${error}`)
  return warn(
    'quarantine',
    `${quarantined} entries are left out by a part of this program:${newest.join('')}`,
    'Report it, with these lines; a newer version tries them again.',
  )
}

/** What is kept of others, against the bound that the operator set. */
export function checkKept({ kept }: Pick<Health, 'kept'>): Check {
  const { bytes, bytesMax, evicted, declinedLogs } = kept
  const mebibytes = (size: number): string => `${Math.ceil(size / 1024 ** 2)} MiB`
  const detail = `${mebibytes(bytes)} of ${mebibytes(bytesMax)}`
  if (evicted === 0 && declinedLogs === 0) return ok('quotas', detail)
  return warn(
    'quotas',
    `${detail}; ${evicted} texts of strangers were evicted, of ${declinedLogs} logs no more is taken`,
    'Raise quotas.* in config.yaml to keep more of others; own memories are always kept.',
  )
}

/** The search index: what it holds, how fast it answers, and what it misses where that was measured. */
export function checkSearch({ entries, behind, bytes, searchMs, recall }: SidecarView): Check {
  const size = `${entries} memories in ${(bytes / 1024 ** 2).toFixed(1)} MiB`
  const speed =
    searchMs.p50 === null || searchMs.p99 === null
      ? 'no search yet'
      : `p50 ${searchMs.p50.toFixed(1)} ms, p99 ${searchMs.p99.toFixed(1)} ms`
  const found = recall?.at10 ?? null
  const audit = found === null ? 'recall not measured (--audit does)' : `recall ${found.toFixed(3)}`
  const detail = `${size}, ${speed}, ${audit}`
  if (behind > 0)
    return warn('search', `${detail}; ${behind} entries are not found yet`, 'Wait: they are being indexed.')
  if (found !== null && found < SEARCH_RECALL_WARN)
    return warn('search', detail, 'Report it: searches leave out what they should find.')
  return ok('search', detail)
}

/** How far the vectors have come, and what keeps meaning from being searched. */
export function checkEmbeddings({ embeddings }: Pick<Health, 'embeddings'>): Check {
  if (!embeddings?.isOn) {
    const left = embeddings?.vectors ? `; ${embeddings.vectors} vectors of an earlier time are kept` : ''
    return ok('embeddings', `off: memories are found by their words${left}`)
  }
  const { model, dimension, vectors, waiting, index, unbuilt, problem, note, isBudgetSpent } = embeddings
  const detail = `${model}${dimension === null ? '' : `, ${dimension} numbers`}; ${vectors} vectors (${index}${unbuilt > 0 ? `, ${unbuilt} not built in yet` : ''}), ${waiting} entries wait${isBudgetSpent ? ', those of others until tomorrow' : ''}`
  if (problem)
    return warn(
      'embeddings',
      `${detail}; ${problem.detail} [${problem.code}]`,
      adviceFor(problem.code as ErrorCode) ?? 'Look at embeddings.* in config.yaml, and at the provider.',
    )
  if (note) return warn('embeddings', `${detail}; ${note}`, 'See docs/dense.md.')
  return ok('embeddings', detail)
}

function checkPeers({ peers }: Health): Check {
  const alive = peers.filter((peer) => peer.state === 'alive').length
  if (peers.length === 0) return ok('peers', 'none')
  if (alive > 0) return ok('peers', `${alive} of ${peers.length} answer`)
  return warn('peers', `none of ${peers.length} answers`, 'Look at "spore peers" for the reasons.')
}

export function checkBootstrap({ bootstrap }: Pick<Health, 'bootstrap'>): Check {
  const { isOn, source, seeds, problem } = bootstrap
  if (!isOn) return ok('bootstrap', 'off')
  const using = source === null ? 'no seed list' : `${seeds} seeds of the ${source} list`
  if (problem === null) return ok('bootstrap', using)
  return warn(
    'bootstrap',
    `${using}; ${problem}`,
    'Look at bootstrapUrl and bootstrapKeys; "spore bootstrap check <file>" says more.',
  )
}

function failed(name: string, error: unknown): Check {
  const code = error instanceof SporeError ? error.code : 'INTERNAL'
  const detail = error instanceof Error ? error.message : String(error)
  return fail(name, `${detail} [${code}]`, adviceFor(code) ?? 'Look into the log of the spore.')
}
