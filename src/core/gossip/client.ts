/** The asking side of the exchange (PROTOCOL.md §8): signs requests, parses replies. It carries no other credential. */

import type { Did, LogId } from '../base/brand.ts'
import { utf8ToBytes } from '../base/bytes.ts'
import type { Clock, Random } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Nodes, parseNodes } from '../identity/descriptor.ts'
import { NONCE_BYTES, signRequest, verifyReply } from '../identity/http-signature.ts'
import type { Signer, Verifier } from '../identity/keys.ts'
import type { NetworkKey } from '../identity/network-key.ts'
import { parseShuffle, type Shuffle } from '../identity/shuffle.ts'
import { type Wanted, wantedToQuery } from '../identity/wanted.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { FRAMES_MEDIA_TYPE } from '../protocol/frame.ts'
import { encodeRedemption, type Redemption } from '../protocol/invitation.ts'
import {
  API_BODY_BYTES_MAX,
  FEDERATION_REPLY_TIMEOUT_MS,
  FEDERATION_TIMEOUT_MS,
  PULL_REPLY_BYTES_MAX,
  RECONCILE_REPLY_BYTES_MAX,
  SEGMENT_FRAME_BYTES_MAX,
  SEGMENT_LIST_BYTES_MAX,
  SHUFFLE_BYTES_MAX,
  STREAM_IDLE_MS,
} from '../protocol/limits.ts'
import {
  CBOR_MEDIA_TYPE,
  CURSOR_HEADER,
  CURSOR_UNKNOWN,
  type Descriptor,
  decodeHeads,
  decodeIhaveReply,
  decodeNeighborReply,
  decodePushReply,
  encodeIhave,
  encodeNeighbor,
  encodePull,
  FEDERATION_PATH,
  type HeadsReply,
  type IhaveReply,
  type LogNext,
  type NeighborReply,
  type NeighborRequest,
  type PushReply,
  type Range,
} from '../protocol/messages.ts'
import {
  decodePayloadReply,
  type EntryRef,
  encodePayloadRequest,
  type SentPayload,
} from '../protocol/payload-messages.ts'
import { decodeProbeReply, encodeProbe } from '../protocol/probe-messages.ts'
import { type Answer, type Ask, decodeAnswers, encodeAsks } from '../protocol/reconcile-messages.ts'
import { decodeSegmentList, type SegmentList } from '../protocol/segment-list.ts'
import { headsQuery, parseStamp, VIEW_HEADER } from '../protocol/view-stamp.ts'
import { EVENT_STREAM_MEDIA_TYPE, readEvents, type StreamEvent } from './event-stream.ts'
import { isAnswer, orRefusal, parseJson, refusal } from './refusal.ts'
import type { Transport, TransportReply, TransportRequest, TransportStream } from './transport.ts'

export interface FederationClient {
  /**
   * `own` is the stamp of the view here; `reply` is null where the peer has the same. `isLost` where it does not know the cursor, and
   * rather than all of its rows it sent none: they are to be reconciled.
   */
  heads(base: string, since: string | null, own: string): Promise<Result<HeadsAnswer, Failure>>
  /** The answers to the first of the asks. */
  reconcile(base: string, asks: readonly Ask[]): Promise<Result<readonly Answer[], Failure>>
  /** Frames, as they arrive. Throws `SporeError` PEER_UNREACHABLE where they break off. */
  pull(base: string, ranges: readonly Range[]): Promise<Result<AsyncIterable<Uint8Array>, Failure>>
  /** The sealed segments of a log that end before the entry `before`, newest first, at most `SEGMENT_ROWS_MAX`. */
  segments(base: string, logId: LogId, before: number | null): Promise<Result<SegmentList, Failure>>
  /** The frame of one sealed segment. */
  segment(base: string, logId: LogId, from: number): Promise<Result<Uint8Array, Failure>>
  /** Those of the payloads that the peer has. */
  payloads(base: string, entries: readonly EntryRef[]): Promise<Result<readonly SentPayload[], Failure>>
  push(base: string, frames: Uint8Array): Promise<Result<PushReply, Failure>>
  /** Opens a stream of what the peer pushes and announces; it ends with the signal. Its loop throws as `readEvents` does. */
  events(base: string, closing: AbortSignal): Promise<Result<AsyncIterable<StreamEvent>, Failure>>
  ihave(base: string, rows: readonly LogNext[]): Promise<Result<IhaveReply, Failure>>
  neighbor(base: string, request: NeighborRequest): Promise<Result<NeighborReply, Failure>>
  /** Whether the peer reaches the spore of a key; null where it does not know, or does not say. */
  probe(base: string, key: Did): Promise<Result<boolean | null, Failure>>
  /** Gives some descriptors for some others. */
  shuffle(base: string, given: Shuffle): Promise<Result<Shuffle, Failure>>
  /** Says that this spore goes; `until` bounds how long that may take. */
  leave(base: string, until: AbortSignal): Promise<void>
  /** Refused unless the spore whose descriptor it is has signed the reply to this very request. */
  join(base: string, self: Descriptor): Promise<Result<Nodes, Failure>>
  /** Presents an invitation. Failure INVITATION_REFUSED where it opens nothing there. */
  redeem(base: string, redemption: Redemption): Promise<Result<void, Failure>>
  /** Whom the peer knows; of those only who has every label of `wanted`. */
  nodes(base: string, wanted?: Wanted): Promise<Result<Nodes, Failure>>
}

/** What a peer answered to a request for heads. */
interface HeadsAnswer {
  readonly stamp: string | null
  readonly reply: HeadsReply | null
  readonly isLost: boolean
}

export interface FederationClientDeps {
  readonly transport: Transport
  readonly signer: Signer
  readonly verifier: Verifier
  /** Of a private network; every request proves it, and who somebody is has to be said under it. */
  readonly networkKey?: NetworkKey | null
  /** What became of what was pushed to a peer. */
  readonly onPushed?: (base: string, result: Result<PushReply, Failure>) => void
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
}

interface Outgoing {
  readonly method: 'GET' | 'POST'
  readonly base: string
  readonly path: string
  readonly query?: string
  readonly headers?: { readonly [name: string]: string }
  readonly body?: Uint8Array
  readonly maxBytes?: number
}

/** Slack over the bound of a pull's reply for the frame that crosses it. */
const PULL_SLACK_BYTES = 1024 * 1024

export function createFederationClient({
  transport,
  signer,
  verifier,
  networkKey = null,
  onPushed = () => {},
  clock,
  random,
  signal,
}: FederationClientDeps): FederationClient {
  const sign = (outgoing: Outgoing): TransportRequest => {
    const {
      method,
      base,
      path,
      query = '',
      headers = {},
      body = new Uint8Array(),
      maxBytes = API_BODY_BYTES_MAX,
    } = outgoing
    const { host, pathname } = new URL(base + path)
    const parts = { method, authority: host, path: pathname, query, body }
    const signature = signRequest(parts, signer, Math.floor(clock.now() / 1000), random.bytes(NONCE_BYTES))
    const proven = networkKey ? networkKey.prove({ ...signature }) : signature
    return { method, base, path, query, headers: { ...headers, ...proven }, body, maxBytes }
  }

  const send = async (outgoing: Outgoing): Promise<Result<TransportReply, Failure>> => {
    const reply = await transport.send(sign(outgoing), signal)
    if (!reply.ok || isAnswer(reply.value.status)) return reply
    return err(refusal(reply.value))
  }

  const nodes = async (base: string, wanted?: Wanted): Promise<Result<Nodes, Failure>> => {
    const headers = { accept: 'application/json' }
    const query = wanted ? wantedToQuery(wanted) : ''
    const request = sign({ method: 'GET', base, path: '/federation/nodes', query, headers })
    const sent = await transport.send(request, signal)
    if (!sent.ok) return sent
    if (!isAnswer(sent.value.status)) return err(refusal(sent.value))
    return isProven(request, sent.value) ? readNodes(sent.value.body) : err(unproven())
  }

  const isProven = ({ headers }: TransportRequest, reply: TransportReply): boolean =>
    networkKey === null || networkKey.isReplyProven(headers.signature ?? '', reply.body, reply.headers)

  const stream = async (outgoing: Outgoing): Promise<Result<TransportStream, Failure>> => {
    const timeouts = { idleTimeoutMs: FEDERATION_TIMEOUT_MS, replyTimeoutMs: FEDERATION_REPLY_TIMEOUT_MS }
    const reply = await transport.stream({ ...sign(outgoing), ...timeouts }, signal)
    return reply.ok ? orRefusal(reply.value) : reply
  }

  return {
    async heads(base, since, own) {
      const query = headsQuery(own, since)
      const headers = { accept: CBOR_MEDIA_TYPE }
      const sent = await send({ method: 'GET', base, path: `${FEDERATION_PATH}/heads`, query, headers })
      if (!sent.ok) return sent
      const said = sent.value.headers[VIEW_HEADER]
      const stamp = parseStamp(said)
      if (sent.value.status === 204) {
        if (said === undefined || stamp === own) return ok({ stamp: own, reply: null, isLost: false })
        if (!stamp || !since) return err(notUnderstood('heads'))
        return ok({ stamp, reply: { cursor: since, more: false, spaces: [] }, isLost: false })
      }
      const isLost = sent.value.headers[CURSOR_HEADER] === CURSOR_UNKNOWN
      const reply = decodeHeads(sent.value.body)
      return reply ? ok({ stamp, reply, isLost }) : err(notUnderstood('heads'))
    },
    async reconcile(base, asks) {
      const sent = await send({
        method: 'POST',
        base,
        path: `${FEDERATION_PATH}/reconcile`,
        headers: { 'content-type': CBOR_MEDIA_TYPE, accept: CBOR_MEDIA_TYPE },
        body: encodeAsks(asks),
        maxBytes: RECONCILE_REPLY_BYTES_MAX,
      })
      if (!sent.ok) return sent
      const answers = decodeAnswers(sent.value.body, asks)
      return answers ? ok(answers) : err(notUnderstood('reconcile'))
    },
    async payloads(base, entries) {
      const sent = await send({
        method: 'POST',
        base,
        path: `${FEDERATION_PATH}/payloads`,
        headers: { 'content-type': CBOR_MEDIA_TYPE, accept: CBOR_MEDIA_TYPE },
        body: encodePayloadRequest(entries),
      })
      if (!sent.ok) return sent
      const payloads = decodePayloadReply(sent.value.body)
      return payloads ? ok(payloads) : err(notUnderstood('payloads'))
    },
    async pull(base, ranges) {
      const headers = { 'content-type': CBOR_MEDIA_TYPE, accept: FRAMES_MEDIA_TYPE }
      const maxBytes = PULL_REPLY_BYTES_MAX + PULL_SLACK_BYTES
      const sent = await stream({
        method: 'POST',
        base,
        path: `${FEDERATION_PATH}/pull`,
        headers,
        body: encodePull(ranges),
        maxBytes,
      })
      return sent.ok ? ok(sent.value.body) : sent
    },
    async segments(base, logId, before) {
      const query = before === null ? '' : `?before=${before}`
      const path = `${FEDERATION_PATH}/log/${logId}/segments`
      const headers = { accept: CBOR_MEDIA_TYPE }
      const maxBytes = SEGMENT_LIST_BYTES_MAX
      const sent = await send({ method: 'GET', base, path, query, headers, maxBytes })
      if (!sent.ok) return sent
      const list = decodeSegmentList(sent.value.body, logId)
      return list ? ok(list) : err(notUnderstood('segments'))
    },
    async segment(base, logId, from) {
      const path = `${FEDERATION_PATH}/log/${logId}/segment/${from}`
      const headers = { accept: FRAMES_MEDIA_TYPE }
      const sent = await send({ method: 'GET', base, path, headers, maxBytes: SEGMENT_FRAME_BYTES_MAX })
      return sent.ok ? ok(sent.value.body) : sent
    },
    async push(base, frames) {
      const headers = { 'content-type': FRAMES_MEDIA_TYPE, accept: CBOR_MEDIA_TYPE }
      const path = `${FEDERATION_PATH}/push`
      const sent = await send({ method: 'POST', base, path, headers, body: frames })
      const reply = sent.ok ? decodePushReply(sent.value.body) : null
      const result = reply ? ok(reply) : sent.ok ? err(notUnderstood('push')) : sent
      onPushed(base, result)
      return result
    },
    async events(base, closing) {
      const headers = { accept: EVENT_STREAM_MEDIA_TYPE }
      const path = `${FEDERATION_PATH}/stream`
      const request = sign({ method: 'GET', base, path, headers, maxBytes: Number.MAX_SAFE_INTEGER })
      const lasting = { idleTimeoutMs: STREAM_IDLE_MS, replyTimeoutMs: null }
      const reply = await transport.stream({ ...request, ...lasting }, AbortSignal.any([signal, closing]))
      if (!reply.ok) return reply
      const opened = await orRefusal(reply.value)
      return opened.ok ? ok(readEvents(opened.value.body)) : opened
    },
    async ihave(base, rows) {
      const headers = { 'content-type': CBOR_MEDIA_TYPE, accept: CBOR_MEDIA_TYPE }
      const body = encodeIhave(rows)
      const sent = await send({ method: 'POST', base, path: `${FEDERATION_PATH}/ihave`, headers, body })
      if (!sent.ok) return sent
      const reply = decodeIhaveReply(sent.value.body)
      return reply ? ok(reply) : err(notUnderstood('ihave'))
    },
    async neighbor(base, request) {
      const headers = { 'content-type': CBOR_MEDIA_TYPE, accept: CBOR_MEDIA_TYPE }
      const body = encodeNeighbor(request)
      const sent = await send({ method: 'POST', base, path: `${FEDERATION_PATH}/neighbor`, headers, body })
      if (!sent.ok) return sent
      const reply = decodeNeighborReply(sent.value.body)
      return reply ? ok(reply) : err(notUnderstood('neighbor'))
    },
    async probe(base, key) {
      const headers = { 'content-type': CBOR_MEDIA_TYPE, accept: CBOR_MEDIA_TYPE }
      const path = `${FEDERATION_PATH}/probe`
      const sent = await send({ method: 'POST', base, path, headers, body: encodeProbe(key) })
      if (!sent.ok) return sent
      const reply = decodeProbeReply(sent.value.body)
      return reply ? ok(reply.reached) : err(notUnderstood('probe'))
    },
    async shuffle(base, given) {
      const headers = { 'content-type': 'application/json', accept: 'application/json' }
      const body = utf8ToBytes(JSON.stringify(given))
      const path = `${FEDERATION_PATH}/shuffle`
      const sent = await send({ method: 'POST', base, path, headers, body, maxBytes: SHUFFLE_BYTES_MAX })
      if (!sent.ok) return sent
      const reply = parseShuffle(parseJson(sent.value.body))
      return reply ? ok(reply) : err(notUnderstood('shuffle'))
    },
    async leave(base, until) {
      const request = sign({ method: 'POST', base, path: `${FEDERATION_PATH}/leave` })
      await transport.send(request, AbortSignal.any([signal, until]))
    },
    async join(base, self) {
      // Who does not have the key of a private network is not told who this spore is.
      const known = networkKey ? await nodes(base) : null
      if (known && !known.ok) return known
      const headers = { 'content-type': 'application/json', accept: 'application/json' }
      const body = utf8ToBytes(JSON.stringify(self))
      const request = sign({ method: 'POST', base, path: '/federation/join', headers, body })
      const sent = await transport.send(request, signal)
      if (!sent.ok) return sent
      if (!isAnswer(sent.value.status)) return err(refusal(sent.value))
      if (!isProven(request, sent.value)) return err(unproven())
      const joined = readNodes(sent.value.body)
      if (!joined.ok) return joined
      const parts = { ...sent.value, requestSignature: request.headers.signature ?? '' }
      const by = verifyReply(parts, sent.value.headers, { nowMs: clock.now(), verifier })
      if (!by.ok) return err(failure('PEER_REFUSED', `its reply to join: ${by.error.detail}`))
      // A descriptor is public: that it was sent does not make the sender its owner.
      const isOwn = (joined.value.self as Partial<Descriptor>).key === by.value
      return isOwn ? joined : err(failure('PEER_REFUSED', 'it answered with the descriptor of another spore'))
    },
    async redeem(base, redemption) {
      const headers = { 'content-type': CBOR_MEDIA_TYPE, accept: CBOR_MEDIA_TYPE }
      const body = encodeRedemption(redemption)
      const sent = await send({ method: 'POST', base, path: `${FEDERATION_PATH}/space`, headers, body })
      return sent.ok ? ok(undefined) : sent
    },
    nodes,
  }
}

function readNodes(body: Uint8Array): Result<Nodes, Failure> {
  const nodes = parseNodes(parseJson(body))
  return nodes ? ok(nodes) : err(notUnderstood('join'))
}

const unproven = (): Failure =>
  failure('NETWORK_KEY_REFUSED', 'what answers there does not have the key of this private network')
const notUnderstood = (what: string) => failure('PEER_REFUSED', `the reply to ${what} is not in its form`)
