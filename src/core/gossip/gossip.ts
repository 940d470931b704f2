/**
 * Gossip engine: push-pull anti-entropy with the peers of this spore (PROTOCOL.md §8).
 *
 * Invariants: what a peer says it has is only a hint of what to ask for; nothing is stored but verified runs; at most one
 * sync and one push per peer are under way. Losing any message costs time, never an entry: the next pull finds it.
 */
import type { Activities } from '../base/activities.ts'
import type { Did, LogId } from '../base/brand.ts'
import type { Clock, Log, Random } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Signer, Verifier } from '../identity/keys.ts'
import type { NetworkKey } from '../identity/network-key.ts'
import type { Profile } from '../identity/profile.ts'
import type { Applied, AppliedFork, Memory } from '../memory/memory.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { Moderation } from '../moderation/moderation.ts'
import type { FederationStatus, PeerView } from '../protocol/api.ts'
import type { Compression } from '../protocol/compression.ts'
import type { Failure } from '../protocol/errors.ts'
import { DESCRIPTOR_TTL_MS } from '../protocol/limits.ts'
import type { Descriptor, IhaveReply, LogNext, NeighborReply, NeighborRequest } from '../protocol/messages.ts'
import { createBootstrap } from './bootstrap.ts'
import { createFederationClient, type FederationClient } from './client.ts'
import type { Conduct } from './conduct.ts'
import { createDiscovery, type Discovery } from './discovery.ts'
import { firstRound } from './first-round.ts'
import type { Forks } from './forks.ts'
import { createGate, type Gate } from './gate.ts'
import { createHints, type Hints } from './hints.ts'
import { createInvestigator, createSuspicions } from './investigation.ts'
import { createJoining } from './joining.ts'
import { createLinks } from './links.ts'
import { isAway } from './liveness.ts'
import { createMembership, createPeerTime, type Membership } from './membership.ts'
import { createOfferer, OFFER_ALL_PAUSE_MS } from './offer.ts'
import { ownNews } from './own-news.ts'
import { viewConduct } from './peer-conduct.ts'
import { createPeers, type Peer, type Peers, toPeerView } from './peers.ts'
import { createPuller } from './pull.ts'
import { createReconciler, type Reconciler } from './reconciler.ts'
import { createRefetcher } from './refetch.ts'
import { createRepair, type Repair } from './repair.ts'
import type { Replica } from './replica.ts'
import { createRounds } from './rounds.ts'
import { createStatus } from './status.ts'
import type { EventSource } from './streams.ts'
import { createSyncs } from './syncs.ts'
import type { Tally } from './tally.ts'
import type { Transport } from './transport.ts'

export interface Gossip {
  /** Starts to sync. `url` is where this spore answers, null behind a NAT; `seeds` are asked at once and kept. */
  start(url: string | null, seeds: readonly string[]): Promise<void>
  /**
   * Resolves when the first round with one of the peers of `start` is over, or with all of them failed, at the latest
   * after `FIRST_ROUND_MAX_MS`: own entries that were lost with a disk, or rolled back, are then here again, and what is
   * written next does not fork an own log. At once where there are no peers.
   */
  firstRound(): Promise<void>
  /** Ends every loop; resolves when the last request has ended. */
  stop(): Promise<void>
  addPeer(url: string): Promise<Result<PeerView, Failure>>
  /** A round with a peer, behind the one that is under way. */
  syncWith(url: string): Promise<void>
  /** A spore introduced itself with a verified descriptor. */
  introduced(descriptor: Descriptor): Result<void, Failure>
  /** A peer asks for a link to this spore, or ends one. */
  asked(did: Did, request: NeighborRequest): Promise<NeighborReply>
  /** A spore pushed what was stored here. `prune` where it should announce from now on; `linked` where it is a neighbour. */
  pushed(did: Did, tally: Tally): { readonly prune: boolean; readonly linked: boolean }
  /** Opens a stream to a spore that nobody can reach. Failure OVERLOADED. */
  stream(did: Did): Result<EventSource, Failure>
  /** Ends the stream to a spore, if there is one. */
  closeStream(did: Did): void
  /** Ends every stream that is held open here. */
  closeStreams(): void
  /** A spore announced what it has; what it should bring. */
  announced(did: Did, rows: readonly LogNext[]): IhaveReply
  /** Why no announcement of a caller is read for now; null where it is. */
  refusedClaims(did: Did): Failure | null
  /** Whether a caller is one of the peers, or holds a stream. */
  isPeer(did: Did): boolean
  /** Who pulls from here by itself needs nothing brought to it but news. */
  noteAsked(did: Did): void
  /** A spore asked from the very view that is here, by its stamp: it is in step, and lacks nothing of what is seen by it. */
  noteInStep(did: Did, stamp: string): void
  /** A spore was given what it pulled: it need not be told of it. */
  noteServed(did: Did, row: LogNext): void
  /** What a spore sent of a log is of another chain than the one here. */
  suspect(did: Did, logId: LogId): void
  /** Ends what links this spore to one that is cut off. */
  cutOff(did: Did): void
  view(peer: Peer): PeerView
  /** Where this spore keeps to what its operator ruled about peers. */
  readonly gate: Gate
  /** Follows the change feed: what was written here is pushed, and every fork proof. */
  follow(applied: readonly Applied[], forks: readonly AppliedFork[]): void
  self(): Descriptor
  readonly membership: Membership
  /** The federation as this spore sees it, and as others say they see it. */
  status(): FederationStatus
  readonly peers: Peers
  readonly reconciler: Reconciler
  readonly repair: Repair
  readonly hints: Hints
  readonly discovery: Discovery
  readonly client: FederationClient
}

export interface GossipOptions {
  readonly name: string
  readonly network: string
  readonly profile: Profile
  readonly pullIntervalMs: number
}

export interface GossipDeps {
  readonly replica: Replica
  readonly conduct: Conduct
  readonly moderation: Moderation
  readonly forks: Forks
  readonly memory: Memory
  readonly compression: Compression
  readonly store: MemoryStore
  readonly writer: Writer
  readonly spaces: Spaces
  readonly signer: Signer
  readonly verifier: Verifier
  readonly networkKey: NetworkKey | null
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly activities: Activities
}

/** Rounds in which a peer that can reach this spore will have pulled from it: 8 neighbours take turns at random. */
const ASKED_ROUNDS = 32
/** Peers that a start begins a round with: those that were configured, and were neighbours, are the first. */
const FIRST_ROUND_PEERS = 32
/** Syncs under way, above which no stranger is met: each may take as long as a timeout. */
const MEETINGS_MAX = 16

export function createGossip(options: GossipOptions, deps: GossipDeps): Gossip {
  const { replica, conduct, memory, store, writer, spaces, clock, random, log } = deps
  const { pullIntervalMs } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const gate = createGate({
    ...deps,
    peers: () => peers,
    neighbors: () => neighbors,
    links: () => links,
    forget: (peer) => introductions.forget(peer),
  })
  const { transport } = gate
  const elapsed = createPeerTime(clock, pullIntervalMs)
  const peers = createPeers(elapsed)
  const client = createFederationClient({
    ...deps,
    transport,
    signal,
    onPushed: (url, result) => membership.gave(url, result),
  })
  let loop: Promise<void> | null = null
  let first: Promise<void> = Promise.resolve()

  // --- Peers ---

  const membership = createMembership(options, {
    ...deps,
    client,
    peers,
    elapsed,
    gate,
    signal,
    subscriptions: () => links.subscriptions,
    sync: (peer) => sync(peer),
    onUp: (peer) => links.up(peer),
    onDown: (peer) => links.down(peer),
  })
  const { self, introductions, neighbors } = membership
  const view = (peer: Peer): PeerView => toPeerView(peer, viewConduct(conduct, peer))
  const links = createLinks({
    client,
    replica,
    conduct,
    peers,
    clock,
    random,
    log,
    signal,
    onReached: membership.heard,
    onFailed: membership.failed,
    onSuspect: (peer, logId) => suspect(peer, logId),
    onUnlinked: (peer) => neighbors.unlinked(peer),
    // What came before the stream is not told over it, in either direction.
    onOpened: (peer) => void sync(peer),
    onEnded(peer, error) {
      membership.failed(peer, error)
      neighbors.ended(peer)
    },
  })
  const investigator = createInvestigator({ client, ...deps, logs: memory.logs, signal })
  const suspicions = createSuspicions({ investigator, log, signal })
  const suspect = suspicions.follow
  const refetcher = createRefetcher({ ...deps, client })
  const repair = createRepair({ client, memory, store, writer, spaces, log })
  const bootstrap = createBootstrap({ client, replica, conduct, clock, log, signal })
  const reconciler = createReconciler({ client, logs: memory.logs, clock })
  const puller = createPuller({
    client,
    replica,
    bootstrap,
    conduct,
    reconciler,
    investigator,
    spaces,
    clock,
    log,
    signal,
    onFetched: (fetched, { url }) => links.stored(fetched, url),
  })
  const offerer = createOfferer({ client, replica, clock, signal, onSuspect: suspect })

  const addPeer = async (input: string): Promise<Result<PeerView, Failure>> => {
    const joined = await join(input)
    return joined.ok ? ok(view(joined.value)) : joined
  }

  /** Strangers that introduce themselves make this spore ask where they say they are: so many of them at a time. */
  const mayMeet = ({ isStranger }: Peer): boolean => !isStranger || syncs.size < MEETINGS_MAX

  const isOld = ({ issued }: Descriptor): boolean => clock.now() - issued > DESCRIPTOR_TTL_MS / 2
  const meeting = { ...deps, transport, client, peers, signal, self, introductions, neighbors }
  const join = createJoining({ ...meeting, gate, sync: (peer) => sync(peer) })
  const hints = createHints({ ...meeting, onMet: (peer) => void sync(peer) })

  // --- Sync ---

  const syncOnce = async (peer: Peer): Promise<void> => {
    // Who was away may have come back as another, or without knowing of this spore.
    if (!peer.descriptor || !peer.isProven || isAway(peer.vital) || isOld(peer.descriptor)) {
      const introduced = await introductions.introduce(peer)
      if (!introduced.ok || introduced.value !== peer || !gate.isOpen(peer)) return
      neighbors.refill()
    }
    const isFirst = peer.lastSyncAtMs === null
    const view = await puller.pull(peer)
    if (!view.ok) return membership.failed(peer, view.error)
    membership.reached(peer)
    peer.lastSyncAtMs = clock.now()
    await refetcher.refetch(peer)
    await repair.repairFrom(peer)
    if (view.value === 'same') peer.offerPauseMs = OFFER_ALL_PAUSE_MS
    // Whoever can reach this spore pulls from it, given the time; the others are brought what they lack.
    const pulls =
      // A configured peer that strangers surround has little time to pull from those who are no neighbours of it.
      (!peer.isPinned || neighbors.isActive(peer)) &&
      (clock.now() - peer.askedAtMs < ASKED_ROUNDS * pullIntervalMs || (isFirst && self.url !== null))
    if (view.value === 'same' || (pulls && !links.subscriptions.has(peer))) return
    const offered = await offerer.offer(peer)
    if (!offered.ok) membership.failed(peer, offered.error)
  }
  const progress = (): number => memory.arrival + memory.payloadVersion
  const syncs = createSyncs({
    ...deps,
    run: syncOnce,
    isAskable: membership.isWelcome,
    onFailed: membership.failed,
    progress,
  })
  const sync = syncs.start

  // --- The loop ---

  const run = async (): Promise<void> => {
    // Nobody waits for a peer: a slow one holds up nothing but itself.
    first = firstRound(peers.all().slice(0, FIRST_ROUND_PEERS), { sync, clock, signal })
    while (!signal.aborted) {
      const pauseMs = pullIntervalMs * (0.5 + random.float())
      await clock.sleep(pauseMs, signal)
      if (signal.aborted) return
      const [peer, companion] = [rounds.choose(), rounds.chooseCompanion()]
      if (peer) void sync(peer)
      if (companion) void sync(companion)
      membership.pass(pauseMs)
      if (peer) void rounds.discover(peer)
    }
  }

  const rounds = createRounds({
    ...deps,
    membership,
    isAskable: (peer) => membership.isAskable(peer) && !syncs.get(peer),
    sync: (peer) => void (loop && Promise.resolve(syncs.get(peer)).then(() => sync(peer))),
  })

  return {
    async start(url, seeds) {
      await introductions.open(url, seeds)
      loop = run()
    },
    firstRound: () => first,
    async stop() {
      stopping.abort()
      links.close()
      await Promise.allSettled([
        loop,
        hints.settled(),
        syncs.settled(),
        suspicions.settled(),
        links.settled(),
        membership.settled(),
      ])
    },
    addPeer,
    async syncWith(url) {
      const peer = peers.byUrl(url)
      if (peer) await Promise.resolve(syncs.get(peer)).then(() => sync(peer))
    },
    introduced(descriptor) {
      const refused = gate.introduced(descriptor)
      if (refused && !gate.isInvited(descriptor.url)) return err(refused)
      const introduced = introductions.introduced(descriptor)
      if (!introduced.ok) return introduced
      const peer = introduced.value
      if (peer && peer.vital.state !== 'alive' && loop && mayMeet(peer)) void sync(peer)
      return refused ? err(refused) : ok(undefined)
    },
    async asked(did, { ask, want }) {
      if (ask === 'leave') links.closeStream(did)
      if (ask !== 'leave' && gate.isLimited(did)) return { accepted: false, reached: true }
      if (ask !== 'eager' && ask !== 'lazy') return neighbors.asked(did, ask)
      return { accepted: links.turned(did, ask, want), reached: null }
    },
    pushed: links.pushed,
    stream: gate.stream,
    closeStream: links.closeStream,
    closeStreams: links.close,
    announced: links.announced,
    refusedClaims: links.claims.refusal,
    isPeer: (did) => links.holdsStream(did) || peers.byDid(did) !== undefined,
    noteAsked(did) {
      const peer = peers.byDid(did)
      if (peer) peer.askedAtMs = clock.now()
    },
    noteInStep(did, stamp) {
      const peer = peers.byDid(did)
      if (peer) peer.stamp = stamp
    },
    noteServed: links.noteServed,
    suspect(did, logId) {
      const peer = peers.byDid(did)
      if (peer) suspect(peer, logId)
    },
    cutOff(did) {
      const peer = peers.byDid(did)
      if (peer) neighbors.failed(peer)
      links.closeStream(did)
    },
    view,
    gate,
    follow(applied, forks) {
      if (!loop) return
      const stored = ownNews(applied, replica.ownLogs())
      if (stored.length > 0) links.stored(stored)
      for (const { logId, space } of forks) if (spaces.replicates(space)) links.forked(logId)
    },
    self: self.descriptor,
    membership,
    status: createStatus({
      ...deps,
      membership,
      logs: memory.logs,
      isPrivate: deps.networkKey !== null,
      network: options.network,
      view,
    }),
    peers,
    reconciler,
    repair,
    hints,
    discovery: createDiscovery({ ...meeting, network: options.network, self: deps.signer.did }),
    client,
  }
}
