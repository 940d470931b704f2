/**
 * Gossip engine: push-pull anti-entropy with the peers of this spore (PROTOCOL.md §8).
 *
 * Invariants: what a peer says it has is only a hint of what to ask for; nothing is stored but verified runs; at most one
 * sync and one push per peer are under way. Losing any message costs time, never an entry: the next pull finds it.
 */
import type { Did, LogId } from '../base/brand.ts'
import type { Clock, Log, Random } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import { signDescriptor, verifyDescriptor } from '../identity/descriptor.ts'
import type { Signer, Verifier } from '../identity/keys.ts'
import type { Applied, AppliedFork, Memory } from '../memory/memory.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { PeerView } from '../protocol/api.ts'
import type { Compression } from '../protocol/compression.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import type { Descriptor } from '../protocol/messages.ts'
import { PROTOCOL_VERSION } from '../protocol/version.ts'
import { createFederationClient } from './client.ts'
import type { Forks } from './forks.ts'
import { createInvestigator } from './investigation.ts'
import {
  createPeers,
  decodePeerUrls,
  encodePeerUrls,
  noteKnown,
  type Peer,
  type Peers,
  toPeerView,
} from './peers.ts'
import { createPuller, INVESTIGATIONS_MAX } from './pull.ts'
import { createPusher } from './push.ts'
import type { Replica } from './replica.ts'
import type { Transport } from './transport.ts'

export interface Gossip {
  /** Starts to sync. `url` is where this spore answers, null behind a NAT; `seeds` are asked at once and kept. */
  start(url: string | null, seeds: readonly string[]): Promise<void>
  /** Ends every loop; resolves when the last request has ended. */
  stop(): Promise<void>
  addPeer(url: string): Promise<Result<PeerView, Failure>>
  /** A spore introduced itself with a verified descriptor. */
  introduced(descriptor: Descriptor): Promise<Result<void, Failure>>
  /** Entries that came from a peer are not pushed back to it. */
  noteHeld(did: Did, logId: LogId, next: number): void
  /** Who pulls from here by itself needs nothing brought to it but news. */
  noteAsked(did: Did): void
  /** What a spore sent of a log is of another chain than the one here. */
  suspect(did: Did, logId: LogId): void
  /** Follows the change feed: what is new here is pushed, fork proofs too. */
  follow(applied: readonly Applied[], forks: readonly AppliedFork[]): void
  self(): Descriptor
  readonly peers: Peers
}

export interface GossipOptions {
  readonly name: string
  readonly network: string
  readonly pullIntervalMs: number
}

export interface GossipDeps {
  readonly replica: Replica
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
}

const PEERS_VALUE = 'gossip/peers'
export function createGossip(options: GossipOptions, deps: GossipDeps): Gossip {
  const { replica, memory, store, writer, spaces, signer, verifier, transport, clock, random, log } = deps
  const { name, network, pullIntervalMs } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const client = createFederationClient({ transport, signer, clock, random, signal })
  const peers = createPeers()
  const syncs = new Map<Peer, Promise<void>>()
  const investigations = new Set<Promise<unknown>>()
  let loop: Promise<void> | null = null
  let selfUrl: string | null = null

  const self = (): Descriptor =>
    signDescriptor({ url: selfUrl, name, network, version: PROTOCOL_VERSION, issued: clock.now() }, signer)

  const investigator = createInvestigator({ client, ...deps, logs: memory.logs, signal })
  const puller = createPuller({ client, replica, investigator, spaces, log, signal })
  const pusher = createPusher({
    client,
    replica,
    clock,
    log,
    signal,
    onFailed: (peer, error) => fail(peer, error),
    onSuspect: (peer, logId) => suspect(peer, logId),
  })

  const suspect = (peer: Peer, logId: LogId): void => {
    if (investigations.size >= INVESTIGATIONS_MAX || signal.aborted) return
    const started = investigator
      .investigate(peer, logId, Number.MAX_SAFE_INTEGER)
      .catch((error: unknown) => log.error('investigation broke', { peer: peer.url, error: String(error) }))
      .finally(() => investigations.delete(started))
    investigations.add(started)
  }

  // --- Peers ---

  /** Asks who answers at a peer's URL; the peer that it turned out to be. */
  const introduce = async (peer: Peer): Promise<Result<Peer, Failure>> => {
    const joined = await client.join(peer.url, self())
    if (!joined.ok && joined.error.code !== 'PEER_SELF') return fail(peer, await explain(peer, joined.error))
    const verified = joined.ok ? verify(joined.value.self) : joined
    if (!verified.ok && verified.error.code !== 'PEER_SELF') return fail(peer, verified.error)
    if (!verified.ok || verified.value.key === signer.did) {
      peers.remove(peer)
      return err(failure('PEER_SELF', peer.url))
    }
    const twin = peers.byDid(verified.value.key)
    if (twin && twin !== peer) {
      const stays = isSuccessor(peer, verified.value, twin) ? peer : twin
      peers.remove(stays === peer ? twin : peer)
      if (stays === twin) return ok(twin)
    }
    peer.descriptor = verified.value
    peer.isStranger = false
    peer.state = 'alive'
    peer.lastError = null
    await persistPeers()
    return ok(peer)
  }

  const verify = (descriptor: unknown): Result<Descriptor, Failure> =>
    verifyDescriptor(descriptor, { network, nowMs: clock.now(), verifier })

  /** A refusal for another network or version, with both values: a peer's words are not passed on, what it signs is. */
  const explain = async (peer: Peer, refusal: Failure): Promise<Failure> => {
    if (refusal.code !== 'NETWORK_MISMATCH' && refusal.code !== 'VERSION_UNSUPPORTED') return refusal
    const nodes = await client.nodes(peer.url)
    const verified = nodes.ok ? verify(nodes.value.self) : nodes
    return !verified.ok && verified.error.code === refusal.code ? verified.error : refusal
  }

  const fail = (peer: Peer, error: Failure): Result<never, Failure> => {
    peer.state = error.code === 'PEER_UNREACHABLE' ? 'unreachable' : 'refused'
    peer.lastError = `${error.code}: ${error.detail}`
    log.debug('peer failed', { peer: peer.url, code: error.code, detail: error.detail })
    return err(error)
  }

  const persistPeers = async (): Promise<void> => {
    await writer.write((draft) =>
      draft.setValue(PEERS_VALUE, encodePeerUrls(peers.all().filter(({ isStranger }) => !isStranger))),
    )
  }

  const addPeer = async (input: string): Promise<Result<PeerView, Failure>> => {
    const url = transport.admit(input)
    if (!url.ok) return url
    if (url.value === selfUrl) return err(failure('PEER_SELF', url.value))
    const isKnown = peers.all().some((peer) => peer.url === url.value)
    const peer = peers.at(url.value)
    if (!peer) return err(failure('PEERS_FULL', 'no more peers are kept'))
    const introduced = await introduce(peer)
    if (!introduced.ok) {
      if (!isKnown) peers.remove(peer)
      return introduced
    }
    void sync(introduced.value)
    return ok(toPeerView(introduced.value))
  }

  // --- Sync ---

  const sync = (peer: Peer): Promise<void> => {
    const running = syncs.get(peer)
    if (running) return running
    // Noted before it begins: an answer may already ask for the next.
    const started = Promise.resolve(peer)
      .then(syncOnce)
      .catch((error: unknown) => log.error('sync broke', { peer: peer.url, error: String(error) }))
      .finally(() => syncs.delete(peer))
    syncs.set(peer, started)
    return started
  }

  const syncOnce = async (peer: Peer): Promise<void> => {
    // Who was away may have come back as another, or without knowing of this spore.
    if (!peer.descriptor || peer.state === 'unreachable') {
      const introduced = await introduce(peer)
      if (!introduced.ok && peer.isStranger) peers.remove(peer)
      if (!introduced.ok || introduced.value !== peer) return
    }
    const isFirst = peer.lastSyncAtMs === null
    const view = await puller.pull(peer)
    if (!view.ok) return void fail(peer, view.error)
    peer.state = 'alive'
    peer.lastError = null
    peer.lastSyncAtMs = clock.now()
    // Whoever can reach this spore pulls from it, given the time; the others are brought what they lack.
    const pulls = peer.hasAsked || (isFirst && selfUrl !== null)
    if (view.value === 'other' && !pulls) pusher.offerMissing(peer)
    pusher.pump(peer)
  }

  // --- The loop ---

  const run = async (): Promise<void> => {
    // Nobody waits for a peer: a slow one holds up nothing but itself.
    for (const peer of peers.all()) void sync(peer)
    while (!signal.aborted) {
      await clock.sleep(pullIntervalMs * (0.5 + random.float()), signal)
      const all = peers.all()
      const peer = all[Math.floor(random.float() * all.length)]
      if (peer && !signal.aborted) void sync(peer)
    }
  }

  return {
    async start(url, seeds) {
      selfUrl = url
      const stored = await store.value(PEERS_VALUE)
      for (const seed of new Set([...seeds, ...(stored ? decodePeerUrls(stored) : [])])) {
        const admitted = transport.admit(seed)
        if (!admitted.ok) log.warn('peer left out', { peer: seed, detail: admitted.error.detail })
        else if (admitted.value !== selfUrl) peers.at(admitted.value)
      }
      loop = run()
    },
    async stop() {
      stopping.abort()
      await Promise.allSettled([loop, ...syncs.values(), ...investigations, pusher.settled()])
    },
    addPeer,
    async introduced(descriptor) {
      if (descriptor.key === signer.did) return err(failure('PEER_SELF', 'this spore cannot join itself'))
      const url = descriptor.url === null ? null : transport.admit(descriptor.url)
      // Without a URL that this spore may connect to, the other one pulls and pushes, and that is all it takes.
      if (!url?.ok || url.value === selfUrl) return ok(undefined)
      const isKnown = peers.all().some((peer) => peer.url === url.value)
      const peer = peers.at(url.value)
      if (!peer) return err(failure('PEERS_FULL', 'no more peers are kept'))
      // Who answers there is asked there: a stranger's word for it would let it pose as another's URL.
      if (!isKnown) peer.isStranger = true
      if (peer.state !== 'alive' && loop) void sync(peer)
      return ok(undefined)
    },
    noteHeld(did, logId, next) {
      const peer = peers.byDid(did)
      if (peer) noteKnown(peer, logId, next)
    },
    noteAsked(did) {
      const peer = peers.byDid(did)
      if (peer) peer.hasAsked = true
    },
    suspect(did, logId) {
      const peer = peers.byDid(did)
      if (peer) suspect(peer, logId)
    },
    follow(applied, forks) {
      const firstNew = new Map<LogId, number>()
      for (const { change } of applied)
        if (spaces.replicates(change.space) && !firstNew.has(change.logId))
          firstNew.set(change.logId, change.seq)
      for (const { logId, space } of forks)
        if (spaces.replicates(space) && !firstNew.has(logId)) firstNew.set(logId, replica.next(logId))
      if (firstNew.size === 0) return
      for (const peer of peers.all()) {
        if (peer.state !== 'alive') continue
        for (const [logId, seq] of firstNew) if (!peer.dirty.has(logId)) peer.dirty.set(logId, seq)
        if (loop) pusher.pump(peer)
      }
    },
    self,
    peers,
  }
}

/**
 * Whether a peer takes the place of a twin with the same key. The URL that a spore gives itself stays; one that gives
 * none stays where it was as long as it answers there. Descriptors are public, so an older one proves nothing.
 */
function isSuccessor(peer: Peer, descriptor: Descriptor, twin: Peer): boolean {
  if (descriptor.issued < (twin.descriptor?.issued ?? 0)) return false
  return descriptor.url === null ? twin.state !== 'alive' : descriptor.url === peer.url
}
