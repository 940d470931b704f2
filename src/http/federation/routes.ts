/**
 * The federation routes (PROTOCOL.md §8): they translate between HTTP and the core's `Federation`, which decides. Every
 * request is signed over the body's own bytes, so bodies arrive here unparsed.
 */
import { Readable } from 'node:stream'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Did } from '../../core/base/brand.ts'
import { err, ok, type Result } from '../../core/base/result.ts'
import type { Federation } from '../../core/gossip/federation.ts'
import { LINES_MEDIA_TYPE } from '../../core/gossip/lines.ts'
import type { SegmentFrame } from '../../core/gossip/segments.ts'
import { type Failure, failure } from '../../core/protocol/errors.ts'
import { countFrames, FRAMES_MEDIA_TYPE } from '../../core/protocol/frame.ts'
import { FEDERATION_BODY_BYTES_MAX, SHUFFLE_BYTES_MAX } from '../../core/protocol/limits.ts'
import { CBOR_MEDIA_TYPE, FEDERATION_PATH } from '../../core/protocol/messages.ts'
import { SECURITY_HEADERS } from '../plugins/headers.ts'
import { parseJson } from '../plugins/json.ts'
import { unwrap } from '../problem.ts'
import { parseRange } from '../range.ts'
import { writeStream } from './stream.ts'
import { createSyncReplies, takeTurns } from './sync-replies.ts'

/** A request for payloads: its entries, each in a log of its own. */
const PAYLOADS_BYTES_MAX = 16 * 1024
/** JSON of a descriptor: its fields at their longest, escaped. */
const DESCRIPTOR_BYTES_MAX = 16 * 1024
/** An invitation that is presented: two hashes and a name. */
const REDEMPTION_BYTES_MAX = 1024
/** An ihave at its longest: `IHAVE_ROWS_MAX` rows of at most 23 bytes. */
const IHAVE_BYTES_MAX = 256 * 1024
/** A key, and no more. */
const PROBE_BYTES_MAX = 256
/** `want` at its longest: `PULL_RANGES_MAX` rows of 23 bytes. */
const NEIGHBOR_BYTES_MAX = 32 * 1024

/** Seconds after which a spore that found every stream taken may come back. */
const STREAM_RETRY_SECONDS = '60'

export interface FederationRoutesOptions {
  /** Where others are told to reach this spore, which may be a proxy before it; null where they are told nothing. */
  readonly publicUrl: string | null
}

export const federationRoutes =
  (
    federation: Federation,
    { publicUrl }: FederationRoutesOptions = { publicUrl: null },
  ): FastifyPluginAsync =>
  async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser(
      [CBOR_MEDIA_TYPE, FRAMES_MEDIA_TYPE, 'application/json'],
      { parseAs: 'buffer' },
      async (_: FastifyRequest, body: Buffer) => body,
    )

    const publicAuthority = publicUrl === null ? null : new URL(publicUrl).host
    const callerOf = (request: FastifyRequest): Did => {
      const admitted = admit(federation, request, publicAuthority)
      app.callers.judged(request, admitted, federation.isPeer)
      return unwrap(admitted)
    }
    const syncs = createSyncReplies(federation.isPeer)

    app.get(`${FEDERATION_PATH}/heads`, async (request, reply) => {
      const caller = callerOf(request)
      const { body, headers } = federation.heads(textOf(request, 'since'), textOf(request, 'own'), caller)
      reply.header('cache-control', 'no-store').headers({ ...headers })
      return body ? sendBytes(reply, CBOR_MEDIA_TYPE, body) : sendNothingNew(reply)
    })

    app.post(`${FEDERATION_PATH}/payloads`, { bodyLimit: PAYLOADS_BYTES_MAX }, async (request, reply) => {
      const caller = callerOf(request)
      await syncs.begin(reply, caller)
      return sendBytes(reply, CBOR_MEDIA_TYPE, unwrap(await federation.payloads(bodyOf(request), caller)))
    })

    app.post(
      `${FEDERATION_PATH}/reconcile`,
      { bodyLimit: FEDERATION_BODY_BYTES_MAX },
      async (request, reply) => {
        const caller = callerOf(request)
        await syncs.begin(reply, caller)
        return sendBytes(reply, CBOR_MEDIA_TYPE, unwrap(federation.reconcile(bodyOf(request), caller)))
      },
    )

    app.post(`${FEDERATION_PATH}/pull`, { bodyLimit: FEDERATION_BODY_BYTES_MAX }, async (request, reply) => {
      const caller = callerOf(request)
      const slot = await syncs.begin(reply, caller)
      const frames = unwrap(federation.pull(bodyOf(request), caller))
      return sendFrames(reply, federation, takeTurns(frames, slot))
    })

    const pushed = { bodyLimit: FEDERATION_BODY_BYTES_MAX, config: { signatures: countFrames } }
    app.post(`${FEDERATION_PATH}/push`, pushed, async (request, reply) => {
      const caller = callerOf(request)
      return sendBytes(reply, CBOR_MEDIA_TYPE, await federation.push(bodyOf(request), caller))
    })

    app.get(
      `${FEDERATION_PATH}/stream`,
      { exposeHeadRoute: false, config: { streams: true } },
      async (request, reply) => {
        const caller = callerOf(request)
        const source = federation.stream(caller)
        if (!source.ok) reply.header('retry-after', STREAM_RETRY_SECONDS)
        await writeStream(reply, unwrap(source))
      },
    )
    // Streams never end by themselves, so a closing server would wait for them for ever.
    app.addHook('preClose', async () => federation.closeStreams())

    app.get(`${FEDERATION_PATH}/log/:id/segments`, async (request, reply) => {
      const caller = callerOf(request)
      await syncs.begin(reply, caller)
      const { id } = request.params as { id: string }
      const list = await federation.segments(id, textOf(request, 'before'), caller)
      return sendBytes(reply.header('cache-control', 'no-cache'), CBOR_MEDIA_TYPE, unwrap(list))
    })

    app.get(`${FEDERATION_PATH}/log/:id/segment/:from`, async (request, reply) => {
      const caller = callerOf(request)
      await syncs.begin(reply, caller)
      const { id, from } = request.params as { id: string; from: string }
      const segment = unwrap(await federation.segment(id, from, caller))
      return wantsLines(request)
        ? sendFrames(reply, federation, onlyOne(segment.frame))
        : sendSegment(request, reply.header('vary', 'accept'), segment)
    })

    app.post(`${FEDERATION_PATH}/space`, { bodyLimit: REDEMPTION_BYTES_MAX }, async (request, reply) => {
      const caller = callerOf(request)
      unwrap(await federation.redeem(bodyOf(request), caller))
      return reply.code(204).send()
    })

    app.post(`${FEDERATION_PATH}/ihave`, { bodyLimit: IHAVE_BYTES_MAX }, async (request, reply) => {
      const caller = callerOf(request)
      return sendBytes(reply, CBOR_MEDIA_TYPE, unwrap(federation.ihave(bodyOf(request), caller)))
    })

    app.post(`${FEDERATION_PATH}/neighbor`, { bodyLimit: NEIGHBOR_BYTES_MAX }, async (request, reply) => {
      const caller = callerOf(request)
      return sendBytes(reply, CBOR_MEDIA_TYPE, unwrap(await federation.neighbor(bodyOf(request), caller)))
    })

    app.post(`${FEDERATION_PATH}/probe`, { bodyLimit: PROBE_BYTES_MAX }, async (request, reply) => {
      const caller = callerOf(request)
      return sendBytes(reply, CBOR_MEDIA_TYPE, unwrap(await federation.probe(bodyOf(request), caller)))
    })

    app.post(`${FEDERATION_PATH}/shuffle`, { bodyLimit: SHUFFLE_BYTES_MAX }, async (request) => {
      const caller = callerOf(request)
      return unwrap(federation.shuffle(unwrap(parseJson(bodyOf(request))), caller))
    })

    for (const path of ['/federation/leave', `${FEDERATION_PATH}/leave`])
      app.post(path, { bodyLimit: PROBE_BYTES_MAX }, async (request, reply) => {
        federation.left(callerOf(request))
        return reply.code(204).send()
      })

    const joined = { bodyLimit: DESCRIPTOR_BYTES_MAX, config: { signatures: () => 1 } }
    for (const path of ['/federation/join', `${FEDERATION_PATH}/join`])
      app.post(path, joined, async (request, reply) => {
        const caller = callerOf(request)
        const descriptor = unwrap(parseJson(bodyOf(request)))
        const signature = String(request.headers.signature)
        const { body, headers } = unwrap(await federation.join(descriptor, caller, signature))
        return sendBytes(reply.headers({ ...headers }), 'application/json', body)
      })

    for (const path of ['/federation/nodes', `${FEDERATION_PATH}/nodes`])
      app.get(path, async (request, reply) => {
        callerOf(request)
        const query = request.query as { readonly [name: string]: unknown }
        const found = unwrap(federation.find((name) => [query[name] ?? []].flat()))
        const { body, headers } = federation.prove(found, String(request.headers.signature))
        return sendBytes(reply.headers({ ...headers }), 'application/json', body)
      })
  }

/** A sealed segment never changes, so caches may keep it where anybody may have it, and a transfer that broke off goes on where it was. */
function sendSegment(
  request: FastifyRequest,
  reply: FastifyReply,
  { frame, etag, isPublic }: SegmentFrame,
): FastifyReply {
  const quoted = `"${etag}"`
  const caching = isPublic ? 'public, max-age=31536000, immutable' : 'no-store'
  reply.header('etag', quoted).header('cache-control', caching)
  reply.header('accept-ranges', 'bytes')
  if (etagsOf(request).includes(etag)) return reply.code(304).send()
  const { 'if-range': condition, range } = request.headers
  const wanted = condition === undefined || condition === quoted ? range : undefined
  const part = parseRange(wanted, frame.length)
  if (part === 'all') return sendBytes(reply, FRAMES_MEDIA_TYPE, frame)
  if (!part) return reply.code(416).header('content-range', `bytes */${frame.length}`).send()
  reply.code(206).header('content-range', `bytes ${part.from}-${part.to - 1}/${frame.length}`)
  return sendBytes(reply, FRAMES_MEDIA_TYPE, frame.subarray(part.from, part.to))
}

/** Who signed the request, for this very authority. */
function admit(
  federation: Federation,
  request: FastifyRequest,
  publicAuthority: string | null,
): Result<Did, Failure> {
  const authority = (request.headers.host ?? '').toLowerCase()
  const local = checkAuthority(authority, request, publicAuthority)
  if (!local.ok) return local
  const at = request.url.indexOf('?')
  const parts = {
    method: request.method,
    authority,
    path: at < 0 ? request.url : request.url.slice(0, at),
    query: at < 0 ? '' : request.url.slice(at),
    body: bodyOf(request),
  }
  return federation.admit(parts, request.headers)
}

/**
 * An address without a name could belong to several spores of one machine: its port must then be the one that the request
 * came in on, or a request to one of them could be replayed at another. The public authority belongs to this spore alone,
 * whatever port a proxy passes its requests on to.
 */
function checkAuthority(
  authority: string,
  request: FastifyRequest,
  publicAuthority: string | null,
): Result<void, Failure> {
  if (authority === publicAuthority) return ok(undefined)
  const address = /^(?:\[[0-9a-f:.]+\]|[\d.]+|localhost)(?::(\d+))?$/.exec(authority)
  if (!address || Number(address[1] ?? 80) === request.socket.localPort) return ok(undefined)
  return err(failure('HOST_NOT_ALLOWED', 'The Host header names another port than the one that was asked.'))
}

function etagsOf(request: FastifyRequest): string[] {
  const header = request.headers['if-none-match'] ?? ''
  return header.split(',', 8).map((etag) => etag.trim().replace(/^W\//, '').replaceAll('"', ''))
}

/** A field of the query; null where it is not there once. */
function textOf(request: FastifyRequest, name: string): string | null {
  const value = (request.query as { readonly [name: string]: unknown })[name]
  return typeof value === 'string' ? value : null
}

const bodyOf = (request: FastifyRequest): Uint8Array =>
  (request.body as Uint8Array | undefined) ?? new Uint8Array()

/** A reply without a body has nothing that a browser could misread: its security headers would be a sixth of the round. */
function sendNothingNew(reply: FastifyReply): FastifyReply {
  for (const name of Object.keys(SECURITY_HEADERS)) reply.removeHeader(name)
  return reply.code(204).send()
}

/** Frames, or the same as JSON lines where the request asks for these. */
function sendFrames(
  reply: FastifyReply,
  federation: Federation,
  frames: AsyncIterable<Uint8Array>,
): FastifyReply {
  const asLines = wantsLines(reply.request)
  reply.header('vary', 'accept').type(asLines ? LINES_MEDIA_TYPE : FRAMES_MEDIA_TYPE)
  return reply.send(Readable.from(asLines ? federation.toLines(frames) : frames))
}

const wantsLines = ({ headers }: FastifyRequest): boolean => (headers.accept ?? '').includes(LINES_MEDIA_TYPE)

async function* onlyOne(frame: Uint8Array): AsyncGenerator<Uint8Array> {
  yield frame
}

const sendBytes = (reply: FastifyReply, type: string, bytes: Uint8Array): FastifyReply =>
  reply.type(type).send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
