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
import type { Profile } from '../identity/profile.ts'
import type { Applied, AppliedFork, Memory } from '../memory/memory.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { Moderation } from '../moderation/moderation.ts'
import type { PeerView } from '../protocol/api.ts'
import type { Compression } from '../protocol/compression.ts'
import type { Failure } from '../protocol/errors.ts'
import type { Descriptor, IhaveReply, LogNext, NeighborReply, NeighborRequest } from '../protocol/messages.ts'
import { createBootstrap } from './bootstrap.ts'
import { createFederationClient, type FederationClient } from './client.ts'
import type { Conduct } from './conduct.ts'
import { createDiscovery, type Discovery } from './discovery.ts'
import { firstRound } from './first-round.ts'
import type { Forks } from './forks.ts'
import { createGate, type Gate } from './gate.ts'
import { createHints, type Hints } from './hints.ts'
import { createIntroductions } from './introductions.ts'
import { createInvestigator, createSuspicions } from './investigation.ts'
import { createJoining } from './joining.ts'
import { createLinks } from './links.ts'
import { createNeighbors } from './neighbors.ts'
import { createOfferer, OFFER_ALL_PAUSE_MS } from './offer.ts'
import { ownNews } from './own-news.ts'
import { isCutOff, isOwnTrouble, pause, viewConduct } from './peer-conduct.ts'
import { createPeers, type Peer, type Peers, toPeerView } from './peers.ts'
import { createPuller } from './pull.ts'
import { createReconciler, type Reconciler } from './reconciler.ts'
import { createRefetcher } from './refetch.ts'
import { createRepair, type Repair } from './repair.ts'
import type { Replica } from './replica.ts'
import { createRounds } from './rounds.ts'
import { createSelf } from './self.ts'
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
  /** Ends every stream that is held open here. */
  closeStreams(): void
  /** A spore announced what it has; what it should bring. */
  announced(did: Did, rows: readonly LogNext[]): IhaveReply
  /** Whether a caller is one of the peers, or holds a stream. */
  isPeer(did: Did): boolean
  /** Who pulls from here by itself needs nothing brought to it but news. */
  noteAsked(did: Did): void
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
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly activities: Activities
}

/** Failures in a row after which a neighbour is replaced: one alone may be a lost request. */
export const FAILURES_MAX = 2
/** Rounds in which a peer that can reach this spore will have pulled from it: 8 neighbours take turns at random. */
const ASKED_ROUNDS = 32

export function createGossip(options: GossipOptions, deps: GossipDeps): Gossip {
  const { replica, conduct, memory, store, writer, spaces, signer, verifier, clock, random, log } = deps
  const { network, pullIntervalMs } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const gate = createGate({
    ...deps,
    peers: () => peers,
    neighbors: () => neighbors,
    links: () => links,
  })
  const { transport } = gate
  const client = createFederationClient({ transport, signer, verifier, clock, random, signal })
  const self = createSelf(options, { signer, clock, epoch: () => store.origin.epoch })
  const peers = createPeers()
  let loop: Promise<void> | null = null
  let first: Promise<void> = Promise.resolve()

  // --- Peers ---

  const view = (peer: Peer): PeerView => toPeerView(peer, viewConduct(conduct, peer))
  /** Whether it makes sense to ask a peer anything now. */
  const isAskable = (peer: Peer): boolean =>
    gate.isOpen(peer) && !isCutOff(conduct, peer) && !(clock.now() < peer.pausedUntilMs)

  const noteFailure = (peer: Peer, error: Failure): void => {
    // What this spore itself could not do says nothing of the peer.
    if (isOwnTrouble(error)) return
    if (pause(peer, error, clock.now())) return
    peer.state = error.code === 'PEER_UNREACHABLE' ? 'unreachable' : 'refused'
    peer.isProven &&= peer.state !== 'unreachable'
    peer.lastError = `${error.code}: ${error.detail}`
    peer.failures++
    log.debug('peer failed', { peer: peer.url, code: error.code, detail: error.detail })
    if (peer.failures >= FAILURES_MAX) neighbors.failed(peer)
  }

  const noteReached = (peer: Peer): void => {
    peer.state = 'alive'
    peer.lastError = null
    if (peer.failures > 0) neighbors.learn(peer)
    peer.failures = 0
  }

  const introductions = createIntroductions(
    { network },
    {
      ...deps,
      self,
      client,
      peers,
      onFailed: noteFailure,
      onLearnt: (peer) => neighbors.learn(peer),
      onForgotten: (peer) => neighbors.forget(peer),
    },
  )
  const links = createLinks({
    client,
    replica,
    conduct,
    peers,
    clock,
    random,
    log,
    signal,
    onReached(peer) {
      // Taking a push says nothing of what a peer answers to a pull.
      if (peer.state === 'unreachable') noteReached(peer)
    },
    onFailed: noteFailure,
    onSuspect: (peer, logId) => suspect(peer, logId),
    onUnlinked: (peer) => neighbors.unlinked(peer),
    // What came before the stream is not told over it, in either direction.
    onOpened: (peer) => void sync(peer),
    onEnded(peer, error) {
      noteFailure(peer, error)
      neighbors.failed(peer)
    },
  })
  const neighbors = createNeighbors({
    client,
    peers,
    clock,
    random,
    introduce: introductions.introduce,
    isReachable: () => self.url !== null,
    subscriptions: links.subscriptions,
    onUp: links.up,
    onDown: links.down,
    onFailed: noteFailure,
    isAskable,
    admits: gate.admits,
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
    onFetched: (fetched) => links.stored(fetched, true),
  })
  const offerer = createOfferer({ client, replica, clock, signal, onSuspect: suspect })

  const addPeer = async (input: string): Promise<Result<PeerView, Failure>> => {
    const joined = await join(input)
    return joined.ok ? ok(view(joined.value)) : joined
  }

  const meeting = { ...deps, transport, client, peers, signal, self, introductions, neighbors }
  const join = createJoining({ ...meeting, gate, sync: (peer) => sync(peer) })
  const hints = createHints({ ...meeting, onMet: (peer) => void sync(peer) })

  // --- Sync ---

  const syncOnce = async (peer: Peer): Promise<void> => {
    // Who was away may have come back as another, or without knowing of this spore.
    if (!peer.isProven || peer.state === 'unreachable') {
      const introduced = await introductions.introduce(peer)
      if (!introduced.ok || introduced.value !== peer || !gate.isOpen(peer)) return
      neighbors.refill()
    }
    const isFirst = peer.lastSyncAtMs === null
    const view = await puller.pull(peer)
    if (!view.ok) return noteFailure(peer, view.error)
    noteReached(peer)
    peer.lastSyncAtMs = clock.now()
    await refetcher.refetch(peer)
    await repair.repairFrom(peer)
    if (view.value === 'same') peer.offerPauseMs = OFFER_ALL_PAUSE_MS
    // Whoever can reach this spore pulls from it, given the time; the others are brought what they lack.
    const pulls =
      clock.now() - peer.askedAtMs < ASKED_ROUNDS * pullIntervalMs || (isFirst && self.url !== null)
    if (view.value === 'same' || (pulls && !links.subscriptions.has(peer))) return
    const offered = await offerer.offer(peer)
    if (!offered.ok) noteFailure(peer, offered.error)
  }
  const progress = (): number => memory.arrival + memory.payloadVersion
  const syncs = createSyncs({ ...deps, run: syncOnce, isAskable, onFailed: noteFailure, progress })
  const sync = syncs.start

  // --- The loop ---

  const run = async (): Promise<void> => {
    // Nobody waits for a peer: a slow one holds up nothing but itself.
    first = firstRound(peers.all(), { sync, clock, signal })
    while (!signal.aborted) {
      await clock.sleep(pullIntervalMs * (0.5 + random.float()), signal)
      if (signal.aborted) return
      const [peer, companion] = [rounds.choose(), rounds.chooseCompanion()]
      if (peer) void sync(peer)
      if (companion) void sync(companion)
      neighbors.refill()
      if (peer) void rounds.discover(peer)
    }
  }

  const rounds = createRounds({
    ...deps,
    neighbors,
    introductions,
    peers,
    isAskable,
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
        neighbors.settled(),
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
      if (peer && peer.state !== 'alive' && loop) void sync(peer)
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
    closeStreams: links.close,
    announced: links.announced,
    isPeer: (did) => links.holdsStream(did) || peers.byDid(did) !== undefined,
    noteAsked(did) {
      const peer = peers.byDid(did)
      if (peer) peer.askedAtMs = clock.now()
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
      if (stored.length > 0) links.stored(stored, false)
      for (const { logId, space } of forks) if (spaces.replicates(space)) links.forked(logId)
    },
    self: self.descriptor,
    peers,
    reconciler,
    repair,
    hints,
    discovery: createDiscovery({ ...meeting, network, self: signer.did }),
    client,
  }
}
