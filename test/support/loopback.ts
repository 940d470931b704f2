/**
 * A network of spores inside one process: real spores over in-memory stores, on one virtual clock. Every byte that one
 * sends another is recorded; hosts can be cut off, replaced by a liar, or have requests lost.
 */

import { hash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { zlibCompression } from '../../src/adapters/compression.ts'
import type { Did } from '../../src/core/base/brand.ts'
import { concatBytes } from '../../src/core/base/bytes.ts'
import { type Log, silentLog } from '../../src/core/base/ports.ts'
import { err, ok, type Result } from '../../src/core/base/result.ts'
import type {
  Transport,
  TransportReply,
  TransportRequest,
  TransportStream,
} from '../../src/core/gossip/transport.ts'
import { createSigner, type Signer } from '../../src/core/identity/keys.ts'
import { createNetworkKey } from '../../src/core/identity/network-key.ts'
import { EMPTY_PROFILE, type Profile } from '../../src/core/identity/profile.ts'
import { createMemoryStore } from '../../src/core/memory/memory-store.ts'
import { QUOTAS_DEFAULT, type QuotaLimits } from '../../src/core/memory/quota.ts'
import type { MemoryStore } from '../../src/core/memory/store.ts'
import { type Failure, failure, SporeError } from '../../src/core/protocol/errors.ts'
import type { BudgetCaps } from '../../src/core/reasoning/budget.ts'
import type { ScriptedModel } from '../../src/core/reasoning/scripted-model.ts'
import type { DensePorts } from '../../src/core/retrieval/dense.ts'
import type { Retriever } from '../../src/core/retrieval/retriever.ts'
import type { Snapshots } from '../../src/core/retrieval/snapshots.ts'
import { createSpore, type Spore, type SporeOptions } from '../../src/core/spore.ts'
import { NO_CAPS, routesOf } from '../../src/sim/model.ts'
import { type Responder, respondFrom } from '../../src/sim/respond.ts'
import { type SeededRandom, seededRandom } from './seeded.ts'
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts'

export { jsonReply, problem, type Responder, reply, respondFrom } from '../../src/sim/respond.ts'

/** A request as it went over the wire, and what came back. */
export interface Exchange {
  /** Name of the spore that asked. */
  readonly from: string
  readonly request: TransportRequest
  /** Null where it was lost. The body of one that is read as a stream is what has been read so far. */
  readonly reply: TransportReply | null
}

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
  /** Whose key it has, where that is not its own name’s. */
  readonly key?: string
  /** Peers it starts with. */
  readonly seeds?: readonly string[]
  /** False for a spore that nobody can reach. */
  readonly isReachable?: boolean
  /** The URL that it gives itself, where that is not the one it answers at. */
  readonly url?: string | null
  readonly log?: Log
  readonly quotas?: Partial<QuotaLimits>
  readonly retriever?: Retriever
  /** Where it keeps its index, and from how many documents on; nowhere unless given. */
  readonly snapshots?: Snapshots
  readonly keptMin?: number
  /** How it searches by meaning; by words alone unless given. */
  readonly dense?: DensePorts
  readonly version?: string
  /** Where it looks for others; nowhere unless given. */
  readonly bootstrap?: SporeOptions['bootstrap']
  /** Pre-shared key of a private network. */
  readonly networkKey?: string
  /** Its models, on the clock of all; none unless given. */
  readonly models?: (clock: VirtualClock) => readonly ScriptedModel[]
  readonly caps?: BudgetCaps
  readonly serve?: SporeOptions['serve']
  readonly ask?: SporeOptions['ask']
  readonly quantum?: SporeOptions['quantum']
  /** What it says that it is for; nothing unless given. */
  readonly profile?: Partial<Profile>
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

  /** What a host answers; null where the request is lost. */
  const ask = async (
    from: string,
    request: TransportRequest,
    signal: AbortSignal,
  ): Promise<TransportReply | TransportStream | null> => {
    if ([...loopback.silent].some((name) => urlOf(name) === request.base)) {
      exchanges.push({ from, request, reply: null })
      await aborted(signal)
      return null
    }
    const responder = hosts.get(request.base)
    const isLost = !responder || loopback.lose?.(from, request) === true
    // As on a real network, an answer never comes while the request is being made; nor from who is gone by then.
    const answer = () => (hosts.get(request.base) === responder ? responder?.(request) : null)
    const reply = isLost ? null : ((await clock.track(turn().then(answer))) ?? null)
    if (!reply) exchanges.push({ from, request, reply: null })
    return reply
  }

  const transportOf = (from: string): Transport => ({
    admit: admitTestUrl,
    async send(request, signal) {
      const answer = await ask(from, request, signal)
      if (!answer) return err(failure('PEER_UNREACHABLE', 'no answer'))
      const reply = { ...answer, body: await collect(toChunks(answer.body)) }
      exchanges.push({ from, request, reply })
      return reply.body.length > request.maxBytes ? err(tooLong(request)) : ok(reply)
    },
    async stream(request, signal) {
      const answer = await ask(from, request, signal)
      if (!answer) return err(failure('PEER_UNREACHABLE', 'no answer'))
      const { status, headers } = answer
      const read: Uint8Array[] = []
      exchanges.push({
        from,
        request,
        reply: {
          status,
          headers,
          get body() {
            return concatBytes(...read)
          },
        },
      })
      return ok({ status, headers, body: follow(toChunks(answer.body), request, read, signal) })
    },
  })

  /** Chunks that come turn by turn, as off a socket; what was read is noted. */
  async function* follow(
    chunks: AsyncIterable<Uint8Array>,
    request: TransportRequest,
    read: Uint8Array[],
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const iterator = chunks[Symbol.asyncIterator]()
    const stopped = aborted(signal).then(() => null)
    let size = 0
    try {
      for (;;) {
        const next = await Promise.race([iterator.next(), stopped])
        await clock.track(turn())
        if (!next || signal.aborted) throw new SporeError('PEER_UNREACHABLE', 'aborted')
        if (next.done) return
        size += next.value.length
        if (size > request.maxBytes) throw new SporeError('PEER_UNREACHABLE', tooLong(request).detail)
        read.push(next.value)
        yield next.value
      }
    } finally {
      // Whoever answers hears that nobody reads any more; one that waits for ever is not waited for.
      void iterator.return?.()
    }
  }

  const loopback: Loopback = {
    clock,
    random,
    exchanges,
    lose: null,
    silent: new Set(),
    async open(name, options = {}) {
      const sporeSeed = new Uint8Array(hash('sha256', `${seed}/${options.key ?? name}`, 'buffer'))
      const signer = createSigner(sporeSeed)
      const network = options.network ?? 'spore-test'
      const origin = () => ({ publicKey: signer.publicKey, network, epoch: bytes(8) })
      const store = options.store ?? createMemoryStore(origin())
      const spore = await createSpore(
        {
          name,
          defaultSpace: 'commons',
          pullIntervalMs: 10_000,
          quotas: { ...QUOTAS_DEFAULT, ...options.quotas },
          version: options.version ?? '1',
          ...(options.keptMin !== undefined && { keptMin: options.keptMin }),
          ...(options.bootstrap && { bootstrap: options.bootstrap }),
          ...(options.serve && { serve: options.serve }),
          ...(options.ask && { ask: options.ask }),
          ...(options.quantum && { quantum: options.quantum }),
          profile: { ...EMPTY_PROFILE, ...options.profile },
        },
        {
          ...(options.retriever && { retriever: options.retriever }),
          ...(options.snapshots && { snapshots: options.snapshots }),
          ...(options.dense && { dense: options.dense }),
          ...(options.models && {
            models: { routes: routesOf(options.models(clock)), caps: options.caps ?? NO_CAPS },
          }),
          clock,
          random: { bytes, float: random.float },
          log: options.log ?? silentLog,
          store,
          transport: transportOf(name),
          compression: zlibCompression,
          networkKey: options.networkKey === undefined ? null : createNetworkKey(options.networkKey),
          seed: sporeSeed,
        },
      )
      const url = urlOf(name)
      const isReachable = options.isReachable ?? true
      const pushes = new Set<Promise<unknown>>()
      const respond = respondFrom(spore.federation)
      const responder: Responder = (request) => {
        const answer = respond(request)
        if (!request.path.endsWith('/push')) return answer
        pushes.add(answer)
        return answer.finally(() => pushes.delete(answer))
      }
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
          // As a server does that closes: what is being stored would else be stored again beside the next life of this store.
          await Promise.allSettled(pushes)
          await spore[Symbol.asyncDispose]()
        },
      }
      members.add(member)
      if (isReachable) hosts.set(url, responder)
      const selfUrl = options.url === undefined ? (isReachable ? url : null) : options.url
      await spore.federation.start(selfUrl, options.seeds ?? [])
      spore.seek()
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

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })

const tooLong = ({ maxBytes }: TransportRequest): Failure =>
  failure('PEER_UNREACHABLE', `a reply of more than ${maxBytes} bytes`)

/** A reply that is there as a whole comes in pieces that no frame ends with. */
const CHUNK_BYTES = 10_007
async function* toChunks(body: Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (!(body instanceof Uint8Array)) return yield* body
  for (let at = 0; at < body.length; at += CHUNK_BYTES) yield body.subarray(at, at + CHUNK_BYTES)
}

async function collect(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return concatBytes(...all)
}
