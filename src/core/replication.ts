/**
 * Replication: the half of a spore that keeps entries and exchanges them (memory, writer, replica, gossip, federation),
 * put together once. `createSpore` stands on it; the simulator runs thousands of them without what stands above.
 */
import { type Activities, createActivities } from './base/activities.ts'
import type { Did, LogId } from './base/brand.ts'
import type { Clock, Log, Random } from './base/ports.ts'
import { type Conduct, CUT_OFF, createConduct, type ProvenOffence } from './gossip/conduct.ts'
import { createDeclined, type Declined } from './gossip/declined.ts'
import { createFederation, type Federation } from './gossip/federation.ts'
import { createForks } from './gossip/forks.ts'
import { createGossip, type Gossip } from './gossip/gossip.ts'
import { createReplica, type Replica } from './gossip/replica.ts'
import { createSegments } from './gossip/segments.ts'
import { createSpaceKeeper, type SpaceKeeper } from './gossip/space-keeper.ts'
import type { Transport } from './gossip/transport.ts'
import { createUnwanted } from './gossip/unwanted.ts'
import type { Signer, Verifier } from './identity/keys.ts'
import type { NetworkKey } from './identity/network-key.ts'
import { EMPTY_PROFILE, type Profile } from './identity/profile.ts'
import type { Change } from './memory/change.ts'
import { createCompaction } from './memory/compaction.ts'
import { createEviction } from './memory/eviction.ts'
import { keepQuarantine } from './memory/kept-quarantine.ts'
import { createMemory, type Memory, type MemoryOptions } from './memory/memory.ts'
import { createQuarantine } from './memory/quarantine.ts'
import { createQuota, QUOTAS_DEFAULT, type QuotaLimits } from './memory/quota.ts'
import { createInlineRunVerifier, type RunVerifier } from './memory/run-verifier.ts'
import type { Spaces } from './memory/spaces.ts'
import type { MemoryStore } from './memory/store.ts'
import { createWriter, type Writer } from './memory/writer.ts'
import { createModeration, type Moderation } from './moderation/moderation.ts'
import type { Compression } from './protocol/compression.ts'
import { SporeError } from './protocol/errors.ts'
import { EPOCH_BYTES } from './protocol/log.ts'

export interface Replication extends AsyncDisposable {
  /** What is under way, for whoever watches over it. */
  readonly activities: Activities
  readonly memory: Memory
  readonly writer: Writer
  readonly replica: Replica
  readonly declined: Declined
  readonly gossip: Gossip
  readonly keeper: SpaceKeeper
  readonly federation: Federation
  readonly moderation: Moderation
  /**
   * Folds the stored entries into the memory, in order of arrival; once, before `federation.start`. `follow` hears of
   * those that are not memories, for whoever keeps more than the set; `onListed` is waited for once logs, spaces and what the
   * operator rules are known, and before the first entry.
   */
  replay(follow: (changes: readonly Change[]) => void, onListed?: () => Promise<void>): Promise<void>
  /** Ends everything that writes by itself; what is disposed then has nothing left to do but to close. */
  rest(): Promise<void>
}

export interface ReplicationOptions {
  readonly name: string
  /** Mean time between two pulls, in milliseconds. */
  readonly pullIntervalMs: number
  readonly spaces: Spaces
  /** What is kept of others; the defaults unless given. */
  readonly quotas?: QuotaLimits
  /** Of the program: another one tries again what this one had to set aside. */
  readonly version?: string
  /** What others are told of this spore; nothing unless given. */
  readonly profile?: Profile
}

export interface ReplicationPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly store: MemoryStore
  readonly transport: Transport
  readonly compression: Compression
  readonly signer: Signer
  readonly verifier: Verifier
  /** Of a private network; none unless given. */
  readonly networkKey?: NetworkKey | null
  /** Where runs are verified; here and at once unless given. */
  readonly runVerifier?: RunVerifier
  /** How much is kept of an author, in times of what the operator set for one; once unless given. */
  readonly quotaShareOf?: (author: Did) => number
  /** Hears what another author did that anybody can check: the same may come again, and what is stored comes with each start. */
  readonly onFault?: (author: Did, fault: ProvenOffence | 'fork') => void
}

/** What the log says when the own epoch is another one. */
const NEW_EPOCH =
  'own entries go on in a new epoch: peers held some of the last one that are not here, a fork, or a removal from a space'

/** Entries that are replayed between two turns of the event loop at start: well under a millisecond, and little garbage. */
const REPLAY_BATCH = 64

/**
 * Throws `SporeError` IDENTITY_MISMATCH where the key is not the one that the store belongs to. Disposing it ends the
 * exchange, drains writes and closes the store.
 */
export function createReplication(options: ReplicationOptions, ports: ReplicationPorts): Replication {
  const { name, pullIntervalMs, spaces, profile = EMPTY_PROFILE } = options
  const { clock, random, log, store, transport, compression, signer, verifier } = ports
  const { network, epoch } = store.origin
  const { networkKey = null } = ports
  if (Buffer.compare(store.origin.publicKey, signer.publicKey) !== 0)
    throw new SporeError('IDENTITY_MISMATCH', `the store belongs to another identity than ${signer.did}`)

  const drawEpoch = () => random.bytes(EPOCH_BYTES)
  const quarantine = createQuarantine({ version: options.version ?? '', log })
  const quota: MemoryOptions['quota'] = (deps) =>
    createQuota(options.quotas ?? QUOTAS_DEFAULT, {
      ...deps,
      isOpen: (space) => spaces.typeOf(space) === 'open',
      isPeer: (author) => gossip.peers.byDid(author) !== undefined,
      ...(ports.quotaShareOf && { shareOf: ports.quotaShareOf }),
    })
  const own = { signer, verifier, network, epoch, drawEpoch }
  const memory = createMemory({ ...own, rules: spaces, quota, quarantine })
  const activities = createActivities(clock)
  const writer = createWriter({ memory, store, clock, log, activities })
  const eviction = createEviction({ memory, store, writer, clock, log })
  const declined = createDeclined({ clock })
  const runVerifier = ports.runVerifier ?? createInlineRunVerifier({ network, verifier, compression })
  const moderation = createModeration(signer.did, { store, writer, clock, log })
  const unwanted = createUnwanted(memory.logs, moderation)
  const forks = createForks({ memory, store, writer, spaces, verifier })
  const replica = createReplica({
    memory,
    store,
    writer,
    spaces,
    compression,
    runVerifier,
    forks,
    unwanted,
    declined,
  })
  const conduct: Conduct = createConduct({
    clock,
    isPinned: (caller) => gossip.peers.byDid(caller)?.isPinned === true,
    onCut(caller, reason) {
      log.warn(CUT_OFF, { caller, reason })
      gossip.cutOff(caller)
    },
    onProven(caller, offence) {
      log.warn('a caller is at fault', { caller, offence })
      ports.onFault?.(caller, offence)
    },
  })
  const noteForks = (forked: readonly { readonly logId: LogId }[]): void => {
    for (const { logId } of forked) {
      const author = memory.logs.get(logId)?.author
      if (author && author !== signer.did) ports.onFault?.(author, 'fork')
    }
  }
  const gossip = createGossip(
    { name, network, profile, pullIntervalMs },
    {
      replica,
      conduct,
      moderation,
      forks,
      memory,
      compression,
      store,
      writer,
      spaces,
      signer,
      verifier,
      networkKey,
      transport,
      clock,
      random,
      log,
      activities,
    },
  )
  const keeper = createSpaceKeeper({
    name,
    memory,
    store,
    writer,
    spaces,
    gossip,
    signer,
    clock,
    random,
    log,
  })
  const segments = createSegments({ memory, store, spaces, compression })
  const federation = createFederation({
    compression,
    gossip,
    conduct,
    replica,
    segments,
    redeem: keeper.redeem,
    reconciler: gossip.reconciler,
    repair: gossip.repair,
    logs: memory.logs,
    usage: memory.usage,
    spaces,
    signer,
    verifier,
    networkKey,
    clock,
    network,
    epoch: () => store.origin.epoch,
    arrival: () => memory.arrival,
  })
  const compaction = createCompaction({ memory, writer, store, log })
  moderation.onChanged(() => {
    unwanted.forget()
    memory.logs.withhold((author) => moderation.author(author) === 'refused')
    gossip.gate.sweep()
  })
  /** What this spore would add to a log that was cut counts nowhere: were it a member again, it goes on elsewhere. */
  const leaveCutLogs = (): void => {
    const isCut = (logId: LogId) =>
      memory.logs.get(logId) && memory.validPoint(logId) < Number.POSITIVE_INFINITY
    const isAny = () => [...replica.ownLogs()].some(isCut)
    if (isAny()) void writer.write((draft) => isAny() && draft.leaveEpoch())
  }
  const compact = (changes: readonly Change[]): void => {
    for (const change of changes)
      quarantine.guard('compact', change, undefined, () => compaction.follow([change]))
  }
  let written = epoch
  writer.onCommitted(async (applied, cut) => {
    // Held beyond a cut that was made just now.
    const cutNow = memory.logs.unsettled()
    noteForks(cut)
    for (const logId of cutNow) await forks.settle(logId)
    compact(applied.map(({ change }) => change))
    eviction.follow()
    for (const logId of [...cut.map((fork) => fork.logId), ...cutNow]) await compaction.forked(logId)
    if (store.origin.epoch === written) return leaveCutLogs()
    written = store.origin.epoch
    log.warn(NEW_EPOCH)
  })
  // News go out as the views then stand.
  writer.onCommitted(gossip.follow)

  /**
   * The position up to which is replayed then; null at the end. A call of its own: nothing of a batch is in reach while
   * the event loop turns, and the garbage collector, which likes to come then, carries none of it on.
   */
  const replayBehind = async (
    after: number,
    follow: (changes: readonly Change[]) => void,
  ): Promise<number | null> => {
    const rows = await store.entriesAfter(after, REPLAY_BATCH)
    const changes = rows.map((row) => memory.replay(row)).filter((change) => change !== null)
    compact(changes)
    compaction.meet(rows)
    follow(changes)
    return rows.at(-1)?.arrival ?? null
  }

  const rest = async (): Promise<void> => {
    await gossip.stop()
    await compaction.stop()
    await moderation.settled()
    await eviction.stop()
    await writer.drain()
  }

  return {
    activities,
    memory,
    writer,
    replica,
    declined,
    gossip,
    keeper,
    federation,
    moderation,
    async replay(follow, onListed) {
      await moderation.load()
      await keeper.load()
      await keepQuarantine({ quarantine, store, writer })
      await compaction.load()
      memory.deny((await store.denied()).map((digest) => ({ digest, isDenied: true })))
      const forked = await store.forks()
      memory.load(await store.logs(), forked, await store.partials())
      noteForks(forked)
      await onListed?.()
      for (let after: number | null = 0; after !== null; ) {
        after = await replayBehind(after, follow)
        await clock.sleep(0)
      }
      memory.settleMembers()
      for (const { logId } of forked) await forks.settle(logId)
      for (const logId of memory.logs.unsettled()) await forks.settle(logId)
      if (memory.damaged > 0)
        log.error('entries do not match their hashes and were set aside', { damaged: memory.damaged })
      compaction.start()
      eviction.follow()
    },
    rest,
    async [Symbol.asyncDispose]() {
      await rest()
      await store[Symbol.asyncDispose]()
    },
  }
}
