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
import { HEADS_ROWS_MAX, LOGS_MAX, PULL_RANGES_MAX } from '../protocol/limits.ts'
import type { Descriptor, HeadsRow, Range } from '../protocol/messages.ts'
import { PROTOCOL_VERSION } from '../protocol/version.ts'
import { createFederationClient } from './client.ts'
import {
  createPeers,
  decodePeerUrls,
  encodePeerUrls,
  isFullyKnown,
  type Peer,
  type Peers,
  toPeerView,
} from './peers.ts'
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
/** Pages of heads in one sync: what a peer with `LOGS_MAX` logs has, and one; a peer can go on for ever. */
const HEADS_PAGES_MAX = Math.ceil(LOGS_MAX / HEADS_ROWS_MAX) + 1
/** Pulls in one sync: 4 GiB of full replies; a peer can also deliver one entry at a time. */
const PULLS_MAX = 256

/** A frame of a push: up to where it brings a log. */
interface Offered {
  readonly logId: LogId
  readonly frame: Uint8Array
  readonly end: number
}

/** One sync with one peer: how often it was pulled from, and the logs of which it sent what is refused here. */
interface Round {
  pulls: number
  readonly refused: Set<LogId>
}

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

  // --- Pull ---

  const sync = (peer: Peer): Promise<void> => {
    const running = syncs.get(peer)
    if (running) return running
    const started = syncOnce(peer)
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
    const view = await pullViews(peer)
    if (!view.ok) return void fail(peer, view.error)
    peer.state = 'alive'
    peer.lastError = null
    peer.lastSyncAtMs = clock.now()
    // Whoever can reach this spore pulls from it, given the time; the others are brought what they lack.
    const pulls = peer.hasAsked || (isFirst && selfUrl !== null)
    if (view.value === 'other' && !pulls) offerMissing(peer)
    pump(peer)
  }

  /** Reads what advanced at a peer, page by page, and pulls it; `same` where its view is the one here. */
  const pullViews = async (peer: Peer): Promise<Result<'same' | 'other', Failure>> => {
    const round: Round = { pulls: 0, refused: new Set() }
    let isComplete = true
    let since = peer.cursor
    for (let page = 0; page < HEADS_PAGES_MAX && !signal.aborted; page++) {
      const own = replica.digest()
      const answer = await client.heads(peer.url, since, [own, ...(peer.etag ? [peer.etag] : [])])
      if (!answer.ok) return answer
      const { etag, reply } = answer.value
      if (!reply) return ok(etag === own ? 'same' : 'other')
      const rows = reply.spaces.filter(({ space }) => spaces.replicates(space)).flatMap((view) => view.rows)
      for (const { logId, next } of rows) noteKnown(peer, logId, next)
      const fetched = await fetchRows(peer, rows, round)
      if (!fetched.ok) return fetched
      isComplete &&= fetched.value
      const isLast = !reply.more || reply.cursor === since
      since = reply.cursor
      // The cursor moves only behind what is here: what failed is asked for again. One bad row stops no other.
      if (isComplete) {
        peer.cursor = since
        // A view of which pages are missing must not be answered with 304.
        peer.etag = isLast ? etag : null
      }
      if (isLast) break
    }
    return ok('other')
  }

  /** Pulls what is missing of the rows; false where the peer did not deliver all of it. */
  const fetchRows = async (
    peer: Peer,
    rows: readonly HeadsRow[],
    round: Round,
  ): Promise<Result<boolean, Failure>> => {
    const missing = (of: readonly HeadsRow[]): HeadsRow[] =>
      of.filter(({ logId, next }) => replica.next(logId) < next)
    const lacking = missing(rows)
    for (let i = 0; i < lacking.length; i += PULL_RANGES_MAX)
      for (let isMore = true; isMore; ) {
        const wanted = missing(lacking.slice(i, i + PULL_RANGES_MAX)).filter(
          ({ logId }) => !round.refused.has(logId),
        )
        if (wanted.length === 0) break
        if (++round.pulls > PULLS_MAX || signal.aborted) return ok(false)
        const pulled = await client.pull(peer.url, wanted.map(rowToRange))
        if (!pulled.ok) return pulled
        const before = round.refused.size
        const fresh = await storeFrames(peer, pulled.value, round)
        if (!fresh.ok) return fresh
        // What is refused here is not asked for again in this round, so every pull is one step nearer to the end.
        isMore = fresh.value > 0 || round.refused.size > before
      }
    return ok(missing(lacking).length === 0)
  }

  const rowToRange = ({ logId }: HeadsRow): Range => ({ logId, from: replica.next(logId), to: null })

  /** Number of new entries in the frames of a reply. */
  const storeFrames = async (
    peer: Peer,
    frames: Uint8Array,
    round: Round,
  ): Promise<Result<number, Failure>> => {
    let fresh = 0
    for (const frame of decodeFrames(frames, compression)) {
      if (!frame.ok) return frame
      const received = await replica.receive(frame.value)
      if (!received.ok) return received
      const { logId, result } = received.value
      if (result.ok) {
        fresh += result.value.fresh
        noteKnown(peer, logId, replica.next(logId))
      } else {
        round.refused.add(logId)
        const { code, detail } = result.error
        log.warn('run refused', { peer: peer.url, logId, code, detail })
      }
    }
    return ok(fresh)
  }

  // --- Push ---

  const noteKnown = (peer: Peer, logId: LogId, next: number): void => {
    if (next > (peer.known.get(logId) ?? 0)) peer.known.set(logId, next)
  }

  /** Marks what a peer lacks by its own account. */
  const offerMissing = (peer: Peer): void => {
    if (!isFullyKnown(peer)) return
    for (const logId of replica.logIds()) {
      const known = peer.known.get(logId) ?? 0
      if (known < replica.next(logId)) peer.dirty.set(logId, known)
    }
  }

  /** Starts to push what a peer may lack, unless a push to it is under way: that one takes it along. */
  const pump = (peer: Peer): void => {
    if (peer.dirty.size === 0 || pushes.has(peer) || !loop) return
    const started = pushAll(peer)
      .catch((error: unknown) => log.error('push broke', { peer: peer.url, error: String(error) }))
      .finally(() => pushes.delete(peer))
    pushes.set(peer, started)
  }

  const pushAll = async (peer: Peer): Promise<void> => {
    const refilled = new Set<LogId>()
    await clock.sleep(PUSH_COALESCE_MS, signal)
    while (peer.dirty.size > 0 && !signal.aborted) {
      const offered = await takeFrames(peer)
      if (offered.length === 0) continue
      const pushed = await client.push(peer.url, concatBytes(...offered.map(({ frame }) => frame)))
      if (!pushed.ok) {
        // Whatever was not delivered is pulled later, or offered again behind the next sync.
        peer.dirty.clear()
        fail(peer, pushed.error)
        return
      }
      const failed = new Set(pushed.value.failures.map(({ index }) => index))
      for (const [index, { logId, end }] of offered.entries())
        if (!failed.has(index)) noteKnown(peer, logId, end)
      for (const { logId, from } of pushed.value.want) {
        // Once for each log: a peer can want the same again and again.
        const isOffered = offered.some((one) => one.logId === logId && from < one.end)
        if (!isOffered || refilled.has(logId)) continue
        refilled.add(logId)
        peer.known.set(logId, from)
        peer.dirty.set(logId, from)
      }
    }
  }

  /** Frames of what a peer may lack, up to the size of one push; what does not fit stays dirty. */
  const takeFrames = async (peer: Peer): Promise<Offered[]> => {
    const offered: Offered[] = []
    let size = 0
    for (const [logId, firstNew] of peer.dirty) {
      peer.dirty.delete(logId)
      let from = Math.max(firstNew, peer.known.get(logId) ?? 0)
      for await (const { frame, end } of replica.frames(logId, from, null)) {
        offered.push({ logId, frame, end })
        from = end
        size += frame.length
        if (size >= PUSH_BYTES) break
      }
      if (size < PUSH_BYTES) continue
      if (from < replica.next(logId)) peer.dirty.set(logId, from)
      break
    }
    return offered
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

/**
 * Whether a peer takes the place of a twin with the same key. The URL that a spore gives itself stays; one that gives
 * none stays where it was as long as it answers there. Descriptors are public, so an older one proves nothing.
 */
function isSuccessor(peer: Peer, descriptor: Descriptor, twin: Peer): boolean {
  if (descriptor.issued < (twin.descriptor?.issued ?? 0)) return false
  return descriptor.url === null ? twin.state !== 'alive' : descriptor.url === peer.url
}
