/**
 * A network of spores inside one process: real spores over in-memory stores, on one virtual clock. Every byte that one
 * sends another is recorded; hosts can be cut off, replaced by a liar, or have requests lost.
 */

import { hash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { zlibCompression } from '../../src/adapters/compression.ts'
import type { Did } from '../../src/core/base/brand.ts'
import { concatBytes, utf8ToBytes } from '../../src/core/base/bytes.ts'
import { type Log, silentLog } from '../../src/core/base/ports.ts'
import { err, ok, type Result } from '../../src/core/base/result.ts'
import type { Federation } from '../../src/core/gossip/federation.ts'
import type { Transport, TransportReply, TransportRequest } from '../../src/core/gossip/transport.ts'
import { createSigner, type Signer } from '../../src/core/identity/keys.ts'
import { createMemoryStore } from '../../src/core/memory/memory-store.ts'
import type { MemoryStore } from '../../src/core/memory/store.ts'
import { ERRORS, type Failure, failure } from '../../src/core/protocol/errors.ts'
import { createSpore, type Spore } from '../../src/core/spore.ts'
import { type SeededRandom, seededRandom } from './seeded.ts'
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts'

/** A request as it went over the wire, and what came back. */
export interface Exchange {
  /** Name of the spore that asked. */
  readonly from: string
  readonly request: TransportRequest
  /** Null where it was lost. */
  readonly reply: TransportReply | null
}

/** Answers requests in a spore's place. */
export type Responder = (request: TransportRequest) => Promise<TransportReply>

export interface Loopback extends AsyncDisposable {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  readonly exchanges: Exchange[]
  /** Opens a spore named `name`; with a URL it answers at `https://<name>.test`. */
  open(name: string, options?: OpenOptions): Promise<Member>
  /** Lets `responder` answer at `https://<name>.test`. */
  serve(name: string, responder: Responder): string
  /** Decides for each request whether it is lost; null loses none. */
  lose: ((from: string, request: TransportRequest) => boolean) | null
  /** Spores whose requests are never answered, once they are in here by name. */
  readonly silent: Set<string>
  /** Exchanges since the last call of this method. */
  take(): Exchange[]
}

export interface OpenOptions {
  readonly store?: MemoryStore
  readonly network?: string
  /** Peers it starts with. */
  readonly seeds?: readonly string[]
  /** False for a spore that nobody can reach. */
  readonly isReachable?: boolean
  /** The URL that it gives itself, where that is not the one it answers at. */
  readonly url?: string | null
  readonly log?: Log
}

export interface Member {
  readonly name: string
  readonly url: string
  readonly did: Did
  readonly spore: Spore
  readonly store: MemoryStore
  readonly signer: Signer
  close(): Promise<void>
}

export const DAY_ONE = Date.UTC(2026, 10, 21)
export const urlOf = (name: string): string => `https://${name}.test`

export function createLoopback(seed: string): Loopback {
  const random = seededRandom(seed)
  const clock = createVirtualClock(DAY_ONE)
  const hosts = new Map<string, Responder>()
  const members = new Set<Member>()
  const exchanges: Exchange[] = []
  let taken = 0
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.integer(0, 255))

  const transportOf = (from: string): Transport => ({
    admit: admitTestUrl,
    async send(request, signal) {
      if ([...loopback.silent].some((name) => urlOf(name) === request.base)) {
        exchanges.push({ from, request, reply: null })
        await aborted(signal)
      }
      const responder = hosts.get(request.base)
      const isLost = !responder || loopback.lose?.(from, request) === true
      // As on a real network, an answer never comes while the request is being made.
      const reply = isLost ? null : await clock.track(turn().then(() => responder(request)))
      exchanges.push({ from, request, reply })
      if (!reply) return err(failure('PEER_UNREACHABLE', 'no answer'))
      if (reply.body.length > request.maxBytes)
        return err(failure('PEER_UNREACHABLE', `a reply of more than ${request.maxBytes} bytes`))
      return ok(reply)
    },
  })

  const loopback: Loopback = {
    clock,
    random,
    exchanges,
    lose: null,
    silent: new Set(),
    async open(name, options = {}) {
      const sporeSeed = new Uint8Array(hash('sha256', `${seed}/${name}`, 'buffer'))
      const signer = createSigner(sporeSeed)
      const network = options.network ?? 'spore-test'
      const origin = () => ({ publicKey: signer.publicKey, network, epoch: bytes(8) })
      const store = options.store ?? createMemoryStore(origin())
      const spore = await createSpore(
        { name, defaultSpace: 'commons', pullIntervalMs: 10_000 },
        {
          clock,
          random: { bytes, float: random.float },
          log: options.log ?? silentLog,
          store,
          transport: transportOf(name),
          compression: zlibCompression,
          seed: sporeSeed,
        },
      )
      const url = urlOf(name)
      const isReachable = options.isReachable ?? true
      const member: Member = {
        name,
        url,
        did: signer.did,
        spore,
        store,
        signer,
        async close() {
          members.delete(member)
          if (isReachable) hosts.delete(url)
          await spore[Symbol.asyncDispose]()
        },
      }
      members.add(member)
      if (isReachable) hosts.set(url, respondFrom(spore.federation))
      const selfUrl = options.url === undefined ? (isReachable ? url : null) : options.url
      await spore.federation.start(selfUrl, options.seeds ?? [])
      return member
    },
    serve(name, responder) {
      hosts.set(urlOf(name), responder)
      return urlOf(name)
    },
    take() {
      const since = exchanges.slice(taken)
      taken = exchanges.length
      return since
    },
    async [Symbol.asyncDispose]() {
      for (const member of [...members]) await member.close()
    },
  }
  return loopback
}

/** `https://<name>.test` and paths under it, without a slash at the end. */
function admitTestUrl(url: string): Result<string, Failure> {
  return /^https:\/\/[a-z0-9-]+\.test(\/[a-z0-9/-]*)?$/.test(url)
    ? ok(url.replace(/\/+$/, ''))
    : err(failure('PEER_URL_INVALID', 'not a test URL'))
}

/** The federation routes without HTTP: the same checks and bodies as `src/http/federation/routes.ts`. */
export function respondFrom(federation: Federation): Responder {
  return async (request) => {
    const { method, base, path, query, headers, body } = request
    const authority = new URL(base).host
    const admitted = federation.admit({ method, authority, path, query, body }, headers)
    if (!admitted.ok) return problem(admitted.error)
    const caller = admitted.value
    switch (`${method} ${path}`) {
      case 'GET /federation/v1/heads': {
        const since = new URLSearchParams(query).get('since')
        const etags = (headers['if-none-match'] ?? '')
          .split(',')
          .map((etag) => etag.trim().replaceAll('"', ''))
        const { etag, body: heads } = federation.heads(since, etags)
        const status = heads ? 200 : 304
        return { status, headers: { etag: `"${etag}"` }, body: heads ?? new Uint8Array() }
      }
      case 'POST /federation/v1/pull': {
        const frames = federation.pull(body, caller)
        if (!frames.ok) return problem(frames.error)
        return reply(200, await collect(frames.value))
      }
      case 'POST /federation/v1/push':
        return reply(200, await federation.push(body, caller))
      case 'POST /federation/v1/neighbor': {
        const answer = await federation.neighbor(body, caller)
        return answer.ok ? reply(200, answer.value) : problem(answer.error)
      }
      case 'POST /federation/join': {
        const joined = await federation.join(JSON.parse(Buffer.from(body).toString()), caller)
        return joined.ok ? jsonReply(200, joined.value) : problem(joined.error)
      }
      case 'GET /federation/nodes':
        return jsonReply(200, federation.nodes())
      default:
        return problem(failure('ROUTE_NOT_FOUND', path))
    }
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })

async function collect(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return concatBytes(...all)
}

export const reply = (status: number, body: Uint8Array): TransportReply => ({ status, headers: {}, body })
export const jsonReply = (status: number, value: unknown): TransportReply =>
  reply(status, utf8ToBytes(JSON.stringify(value)))
export const problem = ({ code, detail }: Failure): TransportReply =>
  jsonReply(ERRORS[code].status, { code, detail })
