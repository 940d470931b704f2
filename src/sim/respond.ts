/**
 * The federation routes without HTTP: the same checks and bodies as `src/http/federation/routes.ts`, for whoever carries
 * requests inside one process. A route that is added there is added here.
 */
import { utf8ToBytes } from '../core/base/bytes.ts'
import type { Federation } from '../core/gossip/federation.ts'
import type { TransportReply, TransportRequest, TransportStream } from '../core/gossip/transport.ts'
import { ERRORS, type Failure, failure } from '../core/protocol/errors.ts'

/** Answers requests in a spore's place, at once or by and by. */
export type Responder = (request: TransportRequest) => Promise<TransportReply | TransportStream>

/** Answers as the spore of `federation` would over HTTP, the authority that the request was sent to included. */
export function respondFrom(federation: Federation): Responder {
  return async (request) => {
    const { method, base, path, query, headers, body } = request
    const authority = new URL(base).host
    const admitted = federation.admit({ method, authority, path, query, body }, headers)
    if (!admitted.ok) return problem(admitted.error)
    const caller = admitted.value
    const ofLog = /^\/federation\/v1\/log\/([^/]+)\/(segments|segment\/([^/]+))$/.exec(path)
    if (method === 'GET' && ofLog) {
      const [, logId = '', , from] = ofLog
      const before = new URLSearchParams(query).get('before')
      if (from === undefined) {
        const list = await federation.segments(logId, before, caller)
        return list.ok ? reply(200, list.value) : problem(list.error)
      }
      const segment = await federation.segment(logId, from, caller)
      if (!segment.ok) return problem(segment.error)
      return { status: 200, headers: { etag: `"${segment.value.etag}"` }, body: segment.value.frame }
    }
    switch (`${method} ${path}`) {
      case 'GET /federation/v1/heads': {
        const fields = new URLSearchParams(query)
        const [since, own] = [fields.get('since'), fields.get('own')]
        const { body: heads, headers: said } = federation.heads(since, own, caller)
        return { status: heads ? 200 : 204, headers: said, body: heads ?? new Uint8Array() }
      }
      case 'POST /federation/v1/payloads': {
        const given = await federation.payloads(body, caller)
        return given.ok ? reply(200, given.value) : problem(given.error)
      }
      case 'POST /federation/v1/reconcile': {
        const answered = federation.reconcile(body, caller)
        return answered.ok ? reply(200, answered.value) : problem(answered.error)
      }
      case 'POST /federation/v1/pull': {
        const frames = federation.pull(body, caller)
        return frames.ok ? { status: 200, headers: {}, body: frames.value } : problem(frames.error)
      }
      case 'POST /federation/v1/push':
        return reply(200, await federation.push(body, caller))
      case 'GET /federation/v1/stream': {
        const source = federation.stream(caller)
        return source.ok ? { status: 200, headers: {}, body: source.value.events } : problem(source.error)
      }
      case 'POST /federation/v1/space': {
        const redeemed = await federation.redeem(body, caller)
        return redeemed.ok ? reply(204, new Uint8Array()) : problem(redeemed.error)
      }
      case 'POST /federation/v1/ihave': {
        const answer = federation.ihave(body, caller)
        return answer.ok ? reply(200, answer.value) : problem(answer.error)
      }
      case 'POST /federation/v1/neighbor': {
        const answer = await federation.neighbor(body, caller)
        return answer.ok ? reply(200, answer.value) : problem(answer.error)
      }
      case 'POST /federation/v1/probe': {
        const answer = await federation.probe(body, caller)
        return answer.ok ? reply(200, answer.value) : problem(answer.error)
      }
      case 'POST /federation/v1/shuffle': {
        const given = federation.shuffle(JSON.parse(Buffer.from(body).toString()), caller)
        return given.ok ? jsonReply(200, given.value) : problem(given.error)
      }
      case 'POST /federation/v1/leave':
        federation.left(caller)
        return reply(204, new Uint8Array())
      case 'POST /federation/join': {
        const descriptor: unknown = JSON.parse(Buffer.from(body).toString())
        const joined = await federation.join(descriptor, caller, headers.signature ?? '')
        if (!joined.ok) return problem(joined.error)
        return { status: 200, headers: { ...joined.value.headers }, body: joined.value.body }
      }
      case 'GET /federation/nodes': {
        const get = (name: string) => new URLSearchParams(query).getAll(name)
        const found = federation.find(get)
        if (!found.ok) return problem(found.error)
        return { status: 200, ...federation.prove(found.value, headers.signature ?? '') }
      }
      default:
        return problem(failure('ROUTE_NOT_FOUND', path))
    }
  }
}

export const reply = (status: number, body: Uint8Array): TransportReply => ({ status, headers: {}, body })
export const jsonReply = (status: number, value: unknown): TransportReply =>
  reply(status, utf8ToBytes(JSON.stringify(value)))
export const problem = ({ code, detail, retryAfterSeconds }: Failure): TransportReply => {
  const problem = jsonReply(ERRORS[code].status, { code, detail })
  if (retryAfterSeconds === undefined) return problem
  return { ...problem, headers: { 'retry-after': String(retryAfterSeconds) } }
}
