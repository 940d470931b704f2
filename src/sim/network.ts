/**
 * The network between simulated spores: delay, loss of a request or of its reply, duplicates, reordering, partitions. It
 * implements the Transport port; who answers at an address is an endpoint.
 */
import { concatBytes } from '../core/base/bytes.ts'
import { err, ok, type Result } from '../core/base/result.ts'
import type {
  StreamRequest,
  Transport,
  TransportReply,
  TransportRequest,
  TransportStream,
} from '../core/gossip/transport.ts'
import { type Failure, failure, SporeError } from '../core/protocol/errors.ts'
import { FEDERATION_REPLY_TIMEOUT_MS, FEDERATION_TIMEOUT_MS } from '../core/protocol/limits.ts'
import type { SimRandom } from './random.ts'
import type { Responder } from './respond.ts'
import type { Life, Scheduler } from './scheduler.ts'

/** What the world does to messages; changed while it runs. */
export interface NetworkConditions {
  /** Probability that a request or a reply is lost, each by itself. */
  loss: number
  /** Probability that a request arrives twice. */
  duplicate: number
  /** Milliseconds one way. */
  minMs: number
  maxMs: number
  /** Tells whether nothing goes from one place to another; null cuts nothing. */
  isCut: ((from: number, to: number) => boolean) | null
}

/** Who answers at an address. */
export interface Endpoint {
  /** Its place in the world, for partitions. */
  readonly place: number
  readonly name: string
  /** Null while nobody answers there. */
  readonly respond: Responder | null
  /** Ends with the spore that answers. */
  readonly life: Life | null
}

/** What an observer sees of an exchange. */
export interface Delivery {
  readonly from: string
  readonly to: string
  readonly request: TransportRequest
}

export interface NetworkDeps {
  readonly scheduler: Scheduler
  readonly random: SimRandom
  readonly conditions: NetworkConditions
  /** A request arrives; `isRepeat` where the same bytes arrived before. */
  readonly onRequest: (delivery: Delivery, isRepeat: boolean) => void
  /** An answer is given; a stream's body is null. */
  readonly onReply: (
    delivery: Delivery,
    reply: { readonly status: number; readonly body: Uint8Array | null },
    isRepeat: boolean,
  ) => void
  /** What an endpoint threw while it answered. */
  readonly onBroken: (delivery: Delivery, error: unknown) => void
  readonly note: (what: string) => void
}

export interface Network {
  /** Puts an endpoint at its address, or another in its place. */
  serve(base: string, endpoint: Endpoint): void
  transport(place: number, name: string, life: Life): Transport
}

/** Milliseconds until a refused connection is noticed. */
const REFUSED_MS = 2
/** Chunks that a slow reader lets wait before the sender stops. */
const CHUNKS_WAITING = 4
const URL_FORM = /^https:\/\/[a-z0-9-]+\.sim$/

type Settle = (result: Result<TransportReply | TransportStream, Failure>) => void

export function createNetwork(deps: NetworkDeps): Network {
  const { scheduler, random, conditions, note } = deps
  const endpoints = new Map<string, Endpoint>()

  const delay = (): number => conditions.minMs + random.float() * (conditions.maxMs - conditions.minMs)
  const isLost = (from: number, to: number): boolean =>
    conditions.isCut?.(from, to) === true || (conditions.loss > 0 && random.chance(conditions.loss))

  /** One request, as far as the reply: `settle` is called at most once, and never after the life has ended. */
  const exchange = (
    place: number,
    name: string,
    life: Life,
    request: TransportRequest,
    settle: Settle,
  ): void => {
    const refuse = (afterMs: number, why: string) =>
      void scheduler.after(afterMs, life, () => settle(unreachable(why)))
    const copies = conditions.duplicate > 0 && random.chance(conditions.duplicate) ? 2 : 1
    let arrived = 0
    for (let copy = 0; copy < copies; copy++) {
      scheduler.after(delay(), null, () => {
        const to = endpoints.get(request.base)
        if (to && isLost(place, to.place)) return note('a request was lost')
        const isRepeat = arrived++ > 0
        if (isRepeat) note('a request arrived twice')
        if (!to?.respond) return isRepeat ? undefined : refuse(REFUSED_MS, 'connection refused')
        const delivery: Delivery = { from: name, to: to.name, request }
        deps.onRequest(delivery, isRepeat)
        to.respond(request).then(
          (reply) => {
            if (to.life?.isOver) return
            const body = reply.body instanceof Uint8Array ? reply.body : null
            deps.onReply(delivery, { status: reply.status, body }, isRepeat)
            if (isRepeat) return
            if (isLost(to.place, place)) return note('a reply was lost')
            scheduler.after(delay(), life, () => settle(ok(reply)))
          },
          (error: unknown) => {
            if (to.life?.isOver) return
            deps.onBroken(delivery, error)
          },
        )
      })
    }
  }

  /** What came of a request, its timeout and the signal. */
  const ask = (
    place: number,
    name: string,
    life: Life,
    request: TransportRequest,
    signal: AbortSignal,
  ): Promise<Result<TransportReply | TransportStream, Failure>> => {
    if (life.isOver) return new Promise(() => {})
    if (signal.aborted) return Promise.resolve(unreachable('aborted'))
    return new Promise((resolve) => {
      const settle: Settle = (result) => {
        timeout.cancel()
        signal.removeEventListener('abort', abort)
        resolve(result)
      }
      const abort = (): void => settle(unreachable('aborted'))
      const timeout = scheduler.after(FEDERATION_TIMEOUT_MS, life, () =>
        settle(unreachable('no answer in time')),
      )
      signal.addEventListener('abort', abort, { once: true })
      exchange(place, name, life, request, settle)
    })
  }

  /** The chunks of a reply, each on its way for a while, in their order; cut off where the world says so. */
  async function* follow(
    body: Uint8Array | AsyncIterable<Uint8Array>,
    request: TransportRequest & { readonly replyTimeoutMs: number | null; readonly idleTimeoutMs: number },
    path: { readonly from: number; readonly to: number; readonly life: Life },
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const queue = createPipe()
    const { life } = path
    const source = (body instanceof Uint8Array ? once(body) : body)[Symbol.asyncIterator]()
    const pump = async (): Promise<void> => {
      let lastAtMs = 0
      for (let next = await source.next(); !next.done; next = await source.next()) {
        const chunk = next.value
        if (queue.isClosed || life.isOver) return
        if (isLost(path.to, path.from)) return note('a stream broke off')
        lastAtMs = Math.max(lastAtMs, scheduler.elapsedMs + delay())
        scheduler.after(lastAtMs - scheduler.elapsedMs, life, () => queue.push(chunk))
        await queue.room()
      }
      scheduler.after(Math.max(0, lastAtMs - scheduler.elapsedMs), life, () => queue.end())
    }
    void pump().catch(() => queue.fail())
    const abort = (): void => queue.fail()
    signal.addEventListener('abort', abort, { once: true })
    const { replyTimeoutMs, idleTimeoutMs } = request
    const whole = replyTimeoutMs === null ? null : scheduler.after(replyTimeoutMs, life, abort)
    let size = 0
    try {
      for (;;) {
        const idle = scheduler.after(idleTimeoutMs, life, abort)
        const chunk = await queue.next()
        idle.cancel()
        if (chunk === 'failed') throw new SporeError('PEER_UNREACHABLE', 'the reply broke off')
        if (chunk === 'end') return
        size += chunk.length
        if (size > request.maxBytes)
          throw new SporeError('PEER_UNREACHABLE', `a reply of more than ${request.maxBytes} bytes`)
        yield chunk
      }
    } finally {
      queue.close()
      // Whoever answers hears that nobody reads any more.
      void source.return?.()
      whole?.cancel()
      signal.removeEventListener('abort', abort)
    }
  }

  return {
    serve: (base, endpoint) => void endpoints.set(base, endpoint),
    transport: (place, name, life) => {
      const placeOf = (base: string): number => endpoints.get(base)?.place ?? -1
      const read = async (
        reply: TransportReply | TransportStream,
        request: StreamRequest,
        signal: AbortSignal,
      ): Promise<Result<TransportReply, Failure>> => {
        const chunks: Uint8Array[] = []
        try {
          const path = { from: place, to: placeOf(request.base), life }
          for await (const chunk of follow(reply.body, request, path, signal)) chunks.push(chunk)
        } catch (error) {
          if (error instanceof SporeError) return unreachable(error.message)
          throw error
        }
        return ok({ status: reply.status, headers: reply.headers, body: concatBytes(...chunks) })
      }
      return {
        admit: admitSimUrl,
        async send(request, signal) {
          const asked = await ask(place, name, life, request, signal)
          if (!asked.ok) return asked
          const reply = asked.value
          if (!(reply.body instanceof Uint8Array))
            return read(
              reply,
              {
                ...request,
                idleTimeoutMs: FEDERATION_TIMEOUT_MS,
                replyTimeoutMs: FEDERATION_REPLY_TIMEOUT_MS,
              },
              signal,
            )
          if (reply.body.length > request.maxBytes)
            return unreachable(`a reply of more than ${request.maxBytes} bytes`)
          return ok({ status: reply.status, headers: reply.headers, body: reply.body })
        },
        async stream(request, signal) {
          const asked = await ask(place, name, life, request, signal)
          if (!asked.ok) return asked
          const { status, headers, body } = asked.value
          const path = { from: place, to: placeOf(request.base), life }
          return ok({ status, headers, body: follow(body, request, path, signal) })
        },
      }
    },
  }
}

/** `https://<name>.sim`, without a slash at the end. */
function admitSimUrl(url: string): Result<string, Failure> {
  const bare = url.replace(/\/+$/, '')
  return URL_FORM.test(bare) ? ok(bare) : err(failure('PEER_URL_INVALID', 'not an address of the simulator'))
}

const unreachable = (why: string): Result<never, Failure> => err(failure('PEER_UNREACHABLE', why))

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** Chunks between a sender and a reader, of whom either may leave. */
function createPipe() {
  const waiting: (Uint8Array | 'end' | 'failed')[] = []
  let wakeReader: (() => void) | null = null
  let wakeWriter: (() => void) | null = null
  let isClosed = false
  /** Chunks that were promised room and have not arrived. */
  let underWay = 0

  const put = (item: Uint8Array | 'end' | 'failed'): void => {
    if (isClosed) return
    waiting.push(item)
    wakeReader?.()
    wakeReader = null
  }

  return {
    get isClosed() {
      return isClosed
    },
    push(chunk: Uint8Array) {
      underWay--
      put(chunk)
    },
    end: () => put('end'),
    fail: () => put('failed'),
    async next(): Promise<Uint8Array | 'end' | 'failed'> {
      while (waiting.length === 0) await new Promise<void>((resolve) => (wakeReader = resolve))
      wakeWriter?.()
      wakeWriter = null
      return waiting.shift() as Uint8Array | 'end' | 'failed'
    },
    async room(): Promise<void> {
      underWay++
      while (!isClosed && waiting.length + underWay > CHUNKS_WAITING)
        await new Promise<void>((resolve) => (wakeWriter = resolve))
    },
    close() {
      isClosed = true
      wakeWriter?.()
    },
  }
}
