/**
 * Gossip engine: push-pull anti-entropy with the peers of this spore (PROTOCOL.md §8).
 *
 * Invariants: what a peer says it has is only a hint of what to ask for; nothing is stored but verified runs; at most one
 * sync and one push per peer are under way. Losing any message costs time, never an entry: the next pull finds it.
 */
import type { Did, LogId } from '../base/brand.ts'
import { concatBytes } from '../base/bytes.ts'
import type { Clock, Log, Random } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import { signDescriptor, verifyDescriptor } from '../identity/descriptor.ts'
import type { Signer, Verifier } from '../identity/keys.ts'
import type { Applied } from '../memory/memory.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { PeerView } from '../protocol/api.ts'
import type { Compression } from '../protocol/compression.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { decodeFrames } from '../protocol/frame.ts'
import { PULL_RANGES_MAX } from '../protocol/limits.ts'
import type { Descriptor, HeadsRow, Range } from '../protocol/messages.ts'
import { PROTOCOL_VERSION } from '../protocol/version.ts'
import { createFederationClient } from './client.ts'
import { createPeers, decodePeerUrls, encodePeerUrls, type Peer, type Peers, toPeerView } from './peers.ts'
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
  /** Follows the change feed: what is new here is pushed. */
  follow(applied: readonly Applied[]): void
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
  readonly store: MemoryStore
  readonly writer: Writer
  readonly spaces: Spaces
  readonly signer: Signer
  readonly verifier: Verifier
  readonly transport: Transport
  readonly compression: Compression
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

const PEERS_VALUE = 'gossip/peers'
/** Writes that come within this time go out in one push. */
const PUSH_COALESCE_MS = 50
/** Bytes of frames in one push. */
const PUSH_BYTES = 1024 * 1024

export function createGossip(options: GossipOptions, deps: GossipDeps): Gossip {
  const { replica, store, writer, spaces, signer, verifier, transport, compression, clock, random, log } =
    deps
  const { name, network, pullIntervalMs } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const client = createFederationClient({ transport, signer, clock, random, signal })
  const peers = createPeers()
  const syncs = new Map<Peer, Promise<void>>()
  const pushes = new Map<Peer, Promise<void>>()
  let loop: Promise<void> | null = null
  let selfUrl: string | null = null

  const self = (): Descriptor =>
    signDescriptor({ url: selfUrl, name, network, version: PROTOCOL_VERSION, issued: clock.now() }, signer)

  // --- Peers ---

  /** Asks who answers at a peer's URL; the peer that it turned out to be. */
  const introduce = async (peer: Peer): Promise<Result<Peer, Failure>> => {
    const joined = await client.join(peer.url, self())
    if (!joined.ok) return fail(peer, joined.error)
    const verified = verifyDescriptor(joined.value.self, { network, nowMs: clock.now(), verifier })
    if (!verified.ok) return fail(peer, verified.error)
    if (verified.value.key === signer.did) {
      peers.remove(peer)
      return err(failure('PEER_SELF', peer.url))
    }
    const twin = peers.byDid(verified.value.key)
    if (twin && twin !== peer) {
      // One spore under two URLs: the one that it gives itself stays.
      const isAlias = verified.value.url !== null && verified.value.url !== peer.url
      peers.remove(isAlias ? peer : twin)
      if (isAlias) return ok(twin)
    }
    peer.descriptor = verified.value
    peer.state = 'alive'
    peer.lastError = null
    return ok(peer)
  }

  const fail = (peer: Peer, error: Failure): Result<never, Failure> => {
    peer.state = error.code === 'PEER_UNREACHABLE' ? 'unreachable' : 'refused'
    peer.lastError = `${error.code}: ${error.detail}`
    log.debug('peer failed', { peer: peer.url, code: error.code, detail: error.detail })
    return err(error)
  }

  const persistPeers = async (): Promise<void> => {
    await writer.write((draft) => draft.setValue(PEERS_VALUE, encodePeerUrls(peers.all())))
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
    await persistPeers()
    void sync(introduced.value)
    return ok(toPeerView(introduced.value))
  }

  // --- Pull ---

  const sync = (peer: Peer): Promise<void> => {
    const running = syncs.get(peer)
    if (running) return running
    const started = syncOnce(peer).finally(() => syncs.delete(peer))
    syncs.set(peer, started)
    return started
  }

  const syncOnce = async (peer: Peer): Promise<void> => {
    if (!peer.descriptor) {
      const introduced = await introduce(peer)
      if (!introduced.ok || introduced.value !== peer) return
    }
    const isFirst = peer.cursor === null
    for (let more = true; more && !signal.aborted; ) {
      const etags = [replica.digest(), ...(peer.etag ? [peer.etag] : [])]
      const answer = await client.heads(peer.url, peer.cursor, etags)
      if (!answer.ok) return void fail(peer, answer.error)
      if (answer.value === null) break
      const { etag, reply } = answer.value
      const rows = reply.spaces.filter(({ space }) => spaces.replicates(space)).flatMap((view) => view.rows)
      for (const { logId, next } of rows) noteKnown(peer, logId, next)
      const fetched = await fetchRows(peer, rows)
      if (!fetched.ok) return void fail(peer, fetched.error)
      // The cursor moves only behind what is here: what failed is asked for again.
      if (!fetched.value) break
      peer.cursor = reply.cursor
      peer.etag = etag
      more = reply.more
    }
    peer.state = 'alive'
    peer.lastError = null
    peer.lastSyncAtMs = clock.now()
    // A spore that nobody can reach brings what it has; the others are pulled from.
    if (isFirst && selfUrl === null) offerAll(peer)
    pump(peer)
  }

  /** Pulls what is missing of the rows; false where the peer did not deliver all of it. */
  const fetchRows = async (peer: Peer, rows: readonly HeadsRow[]): Promise<Result<boolean, Failure>> => {
    const missing = (): Range[] =>
      rows
        .filter(({ logId, next }) => replica.next(logId) < next)
        .map(({ logId }) => ({ logId, from: replica.next(logId), to: null }))
    for (let wanted = missing(); wanted.length > 0; ) {
      const pulled = await client.pull(peer.url, wanted.slice(0, PULL_RANGES_MAX))
      if (!pulled.ok) return pulled
      const stored = await storeFrames(peer, pulled.value)
      if (!stored.ok) return stored
      if (stored.value === 0) return ok(false)
      wanted = missing()
    }
    return ok(true)
  }

  /** Number of new entries in the frames of a reply. */
  const storeFrames = async (peer: Peer, frames: Uint8Array): Promise<Result<number, Failure>> => {
    let fresh = 0
    for (const frame of decodeFrames(frames, compression)) {
      if (!frame.ok) return frame
      const received = await replica.receive(frame.value)
      if (!received.ok) return received
      const { logId, result } = received.value
      if (!result.ok) {
        log.warn('run refused', {
          peer: peer.url,
          logId,
          code: result.error.code,
          detail: result.error.detail,
        })
        continue
      }
      fresh += result.value.fresh
      noteKnown(peer, logId, replica.next(logId))
    }
    return ok(fresh)
  }

  // --- Push ---

  const noteKnown = (peer: Peer, logId: LogId, next: number): void => {
    if (next > (peer.known.get(logId) ?? 0)) peer.known.set(logId, next)
  }

  const offerAll = (peer: Peer): void => {
    for (const logId of replica.logIds()) peer.dirty.set(logId, peer.known.get(logId) ?? 0)
  }

  /** Starts to push what a peer may lack, unless a push to it is under way: that one takes it along. */
  const pump = (peer: Peer): void => {
    if (peer.dirty.size === 0 || pushes.has(peer) || !loop) return
    const started = pushAll(peer).finally(() => pushes.delete(peer))
    pushes.set(peer, started)
  }

  const pushAll = async (peer: Peer): Promise<void> => {
    await clock.sleep(PUSH_COALESCE_MS, signal)
    while (peer.dirty.size > 0 && !signal.aborted) {
      const { frames, ends } = await takeFrames(peer)
      if (frames.length === 0) return
      const pushed = await client.push(peer.url, concatBytes(...frames))
      if (!pushed.ok) {
        // Whatever was not delivered is pulled later.
        peer.dirty.clear()
        fail(peer, pushed.error)
        return
      }
      for (const [logId, end] of ends) noteKnown(peer, logId, end)
      for (const { logId, from } of pushed.value.want) {
        if (from >= replica.next(logId) || from >= (ends.get(logId) ?? 0)) continue
        peer.known.set(logId, from)
        peer.dirty.set(logId, from)
      }
    }
  }

  /** Frames of what a peer may lack, up to the size of one push; what does not fit stays dirty. */
  const takeFrames = async (peer: Peer) => {
    const frames: Uint8Array[] = []
    const ends = new Map<LogId, number>()
    let size = 0
    for (const [logId, firstNew] of peer.dirty) {
      peer.dirty.delete(logId)
      const from = Math.max(firstNew, peer.known.get(logId) ?? 0)
      for await (const { frame, end } of replica.frames(logId, from, null)) {
        frames.push(frame)
        ends.set(logId, end)
        size += frame.length
        if (size >= PUSH_BYTES) break
      }
      const end = ends.get(logId) ?? from
      if (size >= PUSH_BYTES) {
        if (end < replica.next(logId)) peer.dirty.set(logId, end)
        break
      }
    }
    return { frames, ends }
  }

  // --- The loop ---

  const run = async (): Promise<void> => {
    await Promise.all(peers.all().map(sync))
    while (!signal.aborted) {
      await clock.sleep(pullIntervalMs * (0.5 + random.float()), signal)
      const all = peers.all()
      const peer = all[Math.floor(random.float() * all.length)]
      if (peer && !signal.aborted) await sync(peer)
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
      await Promise.allSettled([loop, ...syncs.values(), ...pushes.values()])
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
      if (!isKnown) await persistPeers()
      // Who answers there is asked there: a stranger's word for it would let it pose as another's URL.
      if (!peer.descriptor && loop) void sync(peer)
      return ok(undefined)
    },
    noteHeld(did, logId, next) {
      const peer = peers.byDid(did)
      if (peer) noteKnown(peer, logId, next)
    },
    follow(applied) {
      const firstNew = new Map<LogId, number>()
      for (const { change } of applied)
        if (spaces.replicates(change.space) && !firstNew.has(change.logId))
          firstNew.set(change.logId, change.seq)
      if (firstNew.size === 0) return
      for (const peer of peers.all()) {
        if (peer.state !== 'alive') continue
        for (const [logId, seq] of firstNew) if (!peer.dirty.has(logId)) peer.dirty.set(logId, seq)
        pump(peer)
      }
    },
    self,
    peers,
  }
}
