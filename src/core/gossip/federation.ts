/** The answering side of the exchange (PROTOCOL.md §8). Stateless but for the nonces of the last minutes. */
import type { Did } from '../base/brand.ts'
import { utf8ToBytes } from '../base/bytes.ts'
import type { Clock } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import { verifyDescriptor } from '../identity/descriptor.ts'
import { claimedCaller, type RequestParts, signReply, verifyRequest } from '../identity/http-signature.ts'
import type { Signer, Verifier } from '../identity/keys.ts'
import type { NetworkKey } from '../identity/network-key.ts'
import { parseShuffle, type Shuffle } from '../identity/shuffle.ts'
import { queryToWanted, wantsNothing } from '../identity/wanted.ts'
import type { LogTable } from '../memory/log-table.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { Compression } from '../protocol/compression.ts'
import { textToLogId } from '../protocol/entry.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { PULL_REPLY_BYTES_MAX, SEQ_MAX } from '../protocol/limits.ts'
import {
  type Descriptor,
  decodeIhave,
  decodeNeighbor,
  decodePull,
  encodeIhaveReply,
  encodeNeighborReply,
  encodePushReply,
  FEDERATION_PATH,
} from '../protocol/messages.ts'
import { decodeProbe, encodeProbeReply } from '../protocol/probe-messages.ts'
import type { Conduct } from './conduct.ts'
import type { Gossip } from './gossip.ts'
import { createHeads, type HeadsAnswer } from './heads.ts'
import { framesToLines } from './lines.ts'
import { createNonces } from './nonces.ts'
import type { Reconciler } from './reconciler.ts'
import type { Repair } from './repair.ts'
import type { Replica } from './replica.ts'
import type { SegmentFrame, Segments } from './segments.ts'
import type { SpaceKeeper } from './space-keeper.ts'
import type { EventSource } from './streams.ts'
import { judgePush, receivePush } from './tally.ts'

export interface NodesReply {
  readonly self: Descriptor
  readonly nodes: readonly Descriptor[]
}

export interface SignedReply {
  /** JSON of a `NodesReply`. */
  readonly body: Uint8Array
  /** Those that sign it, where it is signed, and the proof of a private network’s key. */
  readonly headers: Readonly<Record<string, string>>
}

export interface Federation {
  /** Starts to sync. `url` is where this spore answers, null where no other spore can reach it. */
  start(url: string | null, seeds: readonly string[]): Promise<void>
  /** Resolves when own writes may begin: see `Gossip.firstRound`. */
  firstRound(): Promise<void>
  /** What callers did here so far. */
  readonly conduct: Conduct
  /** Who signed a request; failures REQUEST_UNSIGNED, REQUEST_STALE, REQUEST_REPLAYED, DIGEST_MISMATCH, SIGNATURE_INVALID, OVERLOADED, PEER_CUT_OFF, PEER_BLOCKED. */
  admit(parts: RequestParts, headers: { readonly [name: string]: unknown }): Result<Did, Failure>
  /** Whether a caller is one of this spore's peers, or holds a stream: there are few, and strangers do not crowd them out. */
  isPeer(caller: Did): boolean
  /** What advanced in the view of a caller, who has the view `own` by its stamp. Whoever is not named, here and below, sees what everybody may. */
  heads(since: string | null, own: string | null, caller?: Did | null): HeadsAnswer
  /** Payloads of single entries. Failure REQUEST_INVALID. */
  payloads(body: Uint8Array, caller?: Did | null): Promise<Result<Uint8Array, Failure>>
  /** Where two views differ. Failure REQUEST_INVALID. */
  reconcile(body: Uint8Array, caller?: Did | null): Result<Uint8Array, Failure>
  /** Frames of the ranges that are asked for. */
  pull(body: Uint8Array, caller: Did): Result<AsyncIterable<Uint8Array>, Failure>
  /** Frames of this spore as JSON lines, for people. */
  toLines(frames: AsyncIterable<Uint8Array>): AsyncIterable<string>
  push(body: Uint8Array, caller: Did): Promise<Uint8Array>
  /** The stream of a caller that nobody can reach. Failure OVERLOADED. */
  stream(caller: Did): Result<EventSource, Failure>
  /** Ends every stream: the server closes. */
  closeStreams(): void
  /** The segments of a log that end before the entry `before`. Failures REQUEST_INVALID, SEGMENT_UNKNOWN. */
  segments(logId: string, before: string | null, caller?: Did | null): Promise<Result<Uint8Array, Failure>>
  /** One sealed segment. Failures REQUEST_INVALID, SEGMENT_UNKNOWN. */
  segment(logId: string, from: string, caller?: Did | null): Promise<Result<SegmentFrame, Failure>>
  /** An invitation to a space is presented. Failures REQUEST_INVALID, INVITATION_REFUSED. */
  redeem(body: Uint8Array, caller: Did): Promise<Result<void, Failure>>
  /** Failure REQUEST_INVALID. */
  ihave(body: Uint8Array, caller: Did): Result<Uint8Array, Failure>
  /** Failure REQUEST_INVALID. */
  neighbor(body: Uint8Array, caller: Did): Promise<Result<Uint8Array, Failure>>
  /** Whether this spore reaches another one. Failure REQUEST_INVALID. */
  probe(body: Uint8Array, caller: Did): Promise<Result<Uint8Array, Failure>>
  /** Some descriptors for some others. Failure REQUEST_INVALID. */
  shuffle(body: unknown, caller: Did): Result<Shuffle, Failure>
  /** A caller says that it goes. */
  left(caller: Did): void
  /** Says so of this spore to its peers; `until` bounds how long that may take. */
  leave(until: AbortSignal): Promise<void>
  /**
   * Takes a descriptor, and answers with its own and those of its peers. `requestSignature` is the header of that name: the
   * reply is signed over it, since who it comes from is what the asker wants to know.
   */
  join(body: unknown, caller: Did, requestSignature: string): Promise<Result<SignedReply, Failure>>
  nodes(): NodesReply
  /** Those of them that have every label. Failure REQUEST_INVALID. */
  find(get: (name: string) => readonly unknown[]): Result<NodesReply, Failure>
  /** A reply to a request with this `signature` header, with the proof of a private network’s key. */
  prove(reply: NodesReply, requestSignature: string): SignedReply
}

export interface FederationDeps {
  readonly compression: Compression
  readonly gossip: Gossip
  readonly conduct: Conduct
  readonly replica: Replica
  readonly segments: Segments
  readonly redeem: SpaceKeeper['redeem']
  readonly reconciler: Pick<Reconciler, 'answer'>
  readonly repair: Pick<Repair, 'answer'>
  readonly logs: LogTable
  readonly spaces: Spaces
  readonly signer: Signer
  readonly verifier: Verifier
  readonly networkKey: NetworkKey | null
  readonly clock: Clock
  readonly network: string
  /** Epoch of the store at the time (`cursor.ts`). */
  readonly epoch: () => Uint8Array
  /** The last arrival number given: a cursor behind it is of a disk that was rolled back since. */
  readonly arrival: () => number
}

export function createFederation(deps: FederationDeps): Federation {
  const { gossip, conduct, replica, spaces, signer, verifier, networkKey, clock, network } = deps
  const nonces = createNonces({ isPeer: gossip.isPeer })

  const heads = createHeads({
    ...deps,
    startedAtMs: clock.now(),
    onInStep: gossip.noteInStep,
  })

  /** Holds against a caller what was wrong with its request. */
  const judged = <T>(caller: Did | null, result: Result<T, Failure>): Result<T, Failure> => {
    if (caller && !result.ok) conduct.noteRefused(caller, result.error.code)
    return result
  }

  /** Charges a caller with what it is given: making it and sending it cost more than the request. */
  const charged = (caller: Did | null, reply: Uint8Array): void => {
    if (caller) conduct.charge(caller, { bytes: reply.length })
  }
  const told = (caller: Did | null, reply: Result<Uint8Array, Failure>): Result<Uint8Array, Failure> => {
    if (reply.ok) charged(caller, reply.value)
    return reply
  }

  return {
    conduct,
    start: gossip.start,
    firstRound: gossip.firstRound,
    isPeer: gossip.isPeer,

    admit(parts, headers) {
      // Before all else: it costs little, and who does not have the key is told no more than that.
      if (networkKey && !networkKey.isProven(headers))
        return err(failure('NETWORK_KEY_REFUSED', 'the request does not prove the key of this network'))
      const nowMs = clock.now()
      // Before anything is verified: it costs nothing to turn them away, and nobody else can be harmed by saying to be one.
      const claimed = claimedCaller(headers)
      const cutOff = claimed && conduct.cutOff(claimed)
      if (cutOff) return err(cutOff)
      const verified = verifyRequest(parts, headers, { nowMs, verifier })
      if (!verified.ok) return verified
      const { caller, nonce } = verified.value
      const fresh = nonces.add(caller, nonce, nowMs)
      if (!fresh.ok) return fresh
      conduct.charge(caller, { bytes: parts.body.length, signatures: 1 })
      const isWelcome = conduct.request(caller)
      if (!isWelcome.ok) return isWelcome
      const refused = gossip.gate.refuses(caller, parts.path)
      if (refused) return err(refused)
      gossip.membership.called(caller)
      // Who reads what there is here fetches what it lacks, though there be nothing to fetch for a long time.
      if (parts.path.endsWith(`${FEDERATION_PATH}/heads`)) gossip.noteAsked(caller)
      return ok(caller)
    },

    heads(since, own, caller = null) {
      const answer = heads(since, own, caller)
      if (answer.body) charged(caller, answer.body)
      return answer
    },

    async payloads(body, caller = null) {
      return told(caller, judged(caller, await deps.repair.answer(body, spaces.viewFor(caller))))
    },
    reconcile: (body, caller = null) =>
      told(caller, judged(caller, deps.reconciler.answer(body, spaces.viewFor(caller)))),

    pull(body, caller) {
      const ranges = judged(caller, decodePull(body))
      if (!ranges.ok) return ranges
      gossip.noteAsked(caller)
      const here = replica.seenBy(caller)
      return ok(
        (async function* () {
          let bytes = 0
          for (const { logId, from, to } of ranges.value)
            for await (const { frame, end } of here.frames(logId, from, to)) {
              conduct.charge(caller, { bytes: frame.length })
              yield frame
              gossip.noteServed(caller, { logId, next: end })
              bytes += frame.length
              if (bytes >= PULL_REPLY_BYTES_MAX || gossip.gate.refuses(caller, '')) return
              // The store answers and the socket takes at once: without a turn, nobody else would get one until the end.
              await clock.sleep(0)
            }
        })(),
      )
    },

    redeem: deps.redeem,

    toLines: (frames) => framesToLines(frames, deps.compression),

    async push(body, caller) {
      const { tally, failures, want, suspects, signatures } = await receivePush(replica.seenBy(caller), body)
      conduct.charge(caller, { signatures })
      judgePush(conduct, caller, tally, failures)
      for (const logId of suspects) gossip.suspect(caller, logId)
      const { prune, linked } = gossip.pushed(caller, tally)
      return encodePushReply({ new: tally.fresh, dup: tally.duplicate, failures, want, prune, linked })
    },

    stream: gossip.stream,
    closeStreams: gossip.closeStreams,

    async segments(logId, before, caller = null) {
      const id = textToLogId(logId)
      const seq = before === null ? SEQ_MAX + 1 : parseSeq(before)
      if (!id || seq === null) return err(failure('REQUEST_INVALID', 'a log id, and an entry of it'))
      return told(caller, await deps.segments.list(id, seq, spaces.viewFor(caller)))
    },

    async segment(logId, from, caller = null) {
      const id = textToLogId(logId)
      const seq = parseSeq(from)
      if (!id || seq === null) return err(failure('REQUEST_INVALID', 'a log id, and an entry of it'))
      const segment = await deps.segments.segment(id, seq, spaces.viewFor(caller))
      if (segment.ok) charged(caller, segment.value.frame)
      return segment
    },

    ihave(body, caller) {
      const refused = gossip.refusedClaims(caller)
      if (refused) return err(refused)
      const rows = judged(caller, decodeIhave(body))
      return rows.ok ? ok(encodeIhaveReply(gossip.announced(caller, rows.value))) : rows
    },

    async neighbor(body, caller) {
      const request = judged(caller, decodeNeighbor(body))
      return request.ok ? ok(encodeNeighborReply(await gossip.asked(caller, request.value))) : request
    },

    async probe(body, caller) {
      const key = decodeProbe(body)
      if (!key.ok) return key
      return ok(encodeProbeReply({ reached: await gossip.membership.probed(key.value, caller) }))
    },

    shuffle(body, caller) {
      const given = parseShuffle(body)
      if (!given) return err(failure('REQUEST_INVALID', 'shuffle: {nodes, states}'))
      return ok(gossip.membership.shuffled(given, caller))
    },

    left(caller) {
      gossip.closeStream(caller)
      gossip.membership.left(caller)
    },
    leave: gossip.membership.leave,

    async join(body, caller, requestSignature) {
      const descriptor = verifyDescriptor(body, { network, nowMs: clock.now(), verifier })
      conduct.charge(caller, { signatures: 1 })
      if (!descriptor.ok) return descriptor
      if (descriptor.value.key !== caller)
        return err(failure('SIGNATURE_INVALID', 'the descriptor is not the caller’s own'))
      const introduced = gossip.introduced(descriptor.value)
      if (!introduced.ok) return introduced
      const { body: replied, headers } = prove(nodes(), requestSignature)
      const reply = { status: 200, body: replied, requestSignature }
      return ok({
        body: replied,
        headers: { ...headers, ...signReply(reply, signer, Math.floor(clock.now() / 1000)) },
      })
    },

    nodes,

    find(get) {
      const wanted = queryToWanted(get)
      if (!wanted.ok) return wanted
      return ok(
        wantsNothing(wanted.value)
          ? nodes()
          : { self: gossip.self(), nodes: gossip.discovery.known(wanted.value) },
      )
    },
    prove,
  }

  function prove(reply: NodesReply, requestSignature: string): SignedReply {
    const body = utf8ToBytes(JSON.stringify(reply))
    return { body, headers: networkKey?.proveReply(requestSignature, body) ?? {} }
  }

  function nodes(): NodesReply {
    const alive = gossip.peers
      .all()
      .filter((peer) => peer.vital.state === 'alive' && gossip.gate.isOpen(peer))
    const known = alive.flatMap(({ descriptor }) => (descriptor?.url ? [descriptor] : []))
    return { self: gossip.self(), nodes: known }
  }
}

/** A sequence number of a log, or the one behind its last; null for what is none. */
function parseSeq(text: string): number | null {
  const seq = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  return seq <= SEQ_MAX + 1 ? seq : null
}
