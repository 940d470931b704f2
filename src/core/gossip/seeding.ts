/**
 * Seeding: where a spore that knows nobody looks first (PROTOCOL.md §8 "Bootstrap"). The seed list is the one that was
 * fetched last, else the one that is in the package; both are hints.
 *
 * Invariants: nothing waits for a list; a list is used as a whole or not at all, and is kept only after it was verified,
 * so that a bad one leaves the last good one in its place; an older list never replaces a newer one.
 */
import type { Clock, Log, Random } from '../base/ports.ts'
import { err, type Result } from '../base/result.ts'
import type { Verifier } from '../identity/keys.ts'
import {
  checkNetwork,
  expiresMs,
  isSigned,
  issuedMs,
  parseSeedList,
  type SeedList,
  type SignedSeedList,
  verifySeedList,
} from '../identity/seed-list.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { BootstrapView } from '../protocol/api-discovery.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import type { Hints } from './hints.ts'

/** Brings the bytes of a seed list from where the operator said; the failure says why not. */
export type SeedSource = (signal: AbortSignal) => Promise<Result<Uint8Array, Failure>>

export interface Seeding {
  /** Begins to look; once. Returns at once. */
  start(): void
  view(): BootstrapView
  stop(): Promise<void>
}

export interface SeedingOptions {
  readonly network: string
  /** Who may sign what the source brings. */
  readonly pinnedKeys: readonly string[]
  /** The list in the package, trusted as the package is; null for none. */
  readonly packaged: Uint8Array | null
}

export interface SeedingDeps {
  /** Null where there is only the list in the package. */
  readonly source: SeedSource | null
  readonly store: Pick<MemoryStore, 'value'>
  readonly writer: Pick<Writer, 'write'>
  readonly verifier: Verifier
  readonly hints: Pick<Hints, 'follow' | 'hasEnough'>
  /** Resolves when those who were known before had the time to answer. */
  readonly firstRound: () => Promise<void>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** What there is to see where bootstrap is off. */
export const BOOTSTRAP_OFF: BootstrapView = {
  isOn: false,
  source: null,
  seeds: 0,
  issued: null,
  expires: null,
  checkedAt: null,
  problem: null,
}

/** The last list that was verified, in the bytes that it came in. */
const LIST_VALUE = 'gossip/seed-list'
/** Whether there is something to do is looked at this often, give or take a half. */
const TICK_MS = 30_000
/** A list is fetched anew this often. */
export const SEED_LIST_REFRESH_MS = 24 * 3600 * 1000
/** What failed is tried again after this, and each time after twice as long, up to the most. */
const AGAIN_MS = 30_000
const AGAIN_MAX_MS = 3600 * 1000

export function createSeeding(options: SeedingOptions, deps: SeedingDeps): Seeding {
  const { network, pinnedKeys } = options
  const { source, store, writer, verifier, hints, firstRound, clock, random, log } = deps
  const stopping = new AbortController()
  const { signal } = stopping
  const running = new Set<Promise<void>>()
  const refreshes = createPace(clock)
  const searches = createPace(clock)
  let newest: { readonly list: SignedSeedList; readonly from: 'fetched' | 'kept' } | null = null
  let packaged: SeedList | null = null
  let problem: string | null = null
  let checkedAtMs: number | null = null

  const verify = (bytes: Uint8Array): Result<SignedSeedList, Failure> => {
    const parsed = parseSeedList(bytes)
    if (!parsed.ok) return parsed
    return verifySeedList(parsed.value, { network, pinnedKeys, nowMs: clock.now(), verifier })
  }

  /** The list that holds now. */
  const inUse = (): { readonly list: SeedList; readonly from: BootstrapView['source'] } | null => {
    const holds = (list: SeedList) => !isSigned(list) || expiresMs(list) > clock.now()
    if (newest && holds(newest.list)) return newest
    return packaged && holds(packaged) ? { list: packaged, from: 'packaged' } : null
  }

  const note = (what: string, { code, detail }: Failure): void => {
    const now = `${what}: ${detail} [${code}]`
    if (now !== problem)
      log.warn('seed list not used', { list: what, code, detail, using: inUse()?.from ?? 'none' })
    problem = now
  }

  const load = async (): Promise<void> => {
    if (options.packaged) loadPackaged(options.packaged)
    const kept = source ? await store.value(LIST_VALUE) : null
    if (!kept) return
    const verified = verify(kept)
    if (verified.ok) newest = { list: verified.value, from: 'kept' }
    else note('the last good list', verified.error)
  }

  /** The package names the seeds of one network; that a spore is of another is no fault. */
  const loadPackaged = (bytes: Uint8Array): void => {
    const parsed = parseSeedList(bytes)
    if (!parsed.ok) note('the list in the package', parsed.error)
    else if (checkNetwork(parsed.value, network).ok) packaged = parsed.value
  }

  const refresh = async (from: SeedSource): Promise<void> => {
    const fetched = await from(signal)
    if (signal.aborted) return
    const taken = fetched.ok ? notOlder(verify(fetched.value)) : fetched
    checkedAtMs = clock.now()
    if (!taken.ok) {
      refreshes.failed()
      return note('the list that was fetched', taken.error)
    }
    newest = { list: taken.value, from: 'fetched' }
    problem = null
    refreshes.done(SEED_LIST_REFRESH_MS)
    searches.done(0)
    const bytes = fetched.ok ? fetched.value : new Uint8Array()
    log.debug('seed list taken', { seeds: taken.value.seeds.length, issued: taken.value.issued })
    await writer.write((draft) => draft.setValue(LIST_VALUE, bytes))
    look()
  }

  /** A signed list is public, so anybody could bring back an older one, with seeds that are no longer to be asked. */
  const notOlder = (verified: Result<SignedSeedList, Failure>): Result<SignedSeedList, Failure> => {
    if (!verified.ok || !newest || issuedMs(verified.value) >= issuedMs(newest.list)) return verified
    return err(
      failure(
        'BOOTSTRAP_REFUSED',
        `issued ${verified.value.issued}, before the one here (${newest.list.issued})`,
      ),
    )
  }

  const track = (work: Promise<void>): void => {
    const tracked = work
      .catch((error: unknown) => log.error('bootstrap broke', { error: String(error) }))
      .finally(() => running.delete(tracked))
    running.add(tracked)
  }

  const fetchDue = (): void => {
    if (!source || !refreshes.isDue()) return
    refreshes.begun()
    track(refresh(source))
  }

  /** Starts what is due. A slow source and seeds that do not answer hold up nothing, not even one another. */
  const look = (): void => {
    if (signal.aborted) return
    fetchDue()
    if (hints.hasEnough()) searches.done(0)
    else search(inUse()?.list.seeds ?? [])
  }

  const search = (seeds: SeedList['seeds']): void => {
    if (seeds.length === 0 || !searches.isDue()) return
    // Whether it led to enough peers is seen at the next look.
    searches.failed()
    track(hints.follow(seeds))
  }

  const run = async (): Promise<void> => {
    await load()
    // The source is asked at once; the seeds only where those who were known before do not answer.
    fetchDue()
    await firstRound()
    // Nothing can come of waiting.
    if (!source && !packaged?.seeds.length) return
    while (!signal.aborted) {
      look()
      await clock.sleep(TICK_MS * (0.5 + random.float()), signal)
    }
  }

  return {
    start: () => track(run()),
    view() {
      const used = inUse()
      const signed = used && isSigned(used.list) ? used.list : null
      return {
        isOn: true,
        source: used?.from ?? null,
        seeds: used?.list.seeds.length ?? 0,
        issued: signed?.issued ?? null,
        expires: signed?.expires ?? null,
        checkedAt: checkedAtMs === null ? null : new Date(checkedAtMs).toISOString(),
        problem,
      }
    },
    async stop() {
      stopping.abort()
      while (running.size > 0) await Promise.allSettled(running)
    },
  }
}

/** When something is to be done again: in a given time where it went well, in ever longer pauses where it did not. */
function createPace(clock: Clock) {
  let fromMs = 0
  let pauseMs = 0
  let failures = 0
  const pause = (ms: number): void => {
    fromMs = clock.now()
    pauseMs = ms
  }
  return {
    /** A clock that was set back must not stretch a pause. */
    isDue: () =>
      clock.now() - fromMs >= pauseMs || (clock.now() < fromMs && pauseMs !== Number.POSITIVE_INFINITY),
    /** It is under way: not due until it says how it went. */
    begun: () => pause(Number.POSITIVE_INFINITY),
    done(nextMs: number) {
      failures = 0
      pause(nextMs)
    },
    failed: () => pause(Math.min(AGAIN_MS * 2 ** failures++, AGAIN_MAX_MS)),
  }
}
