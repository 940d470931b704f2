/** A real spore over the in-memory store, and the server under test around it. */
import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { systemClock } from '../../../src/adapters/clock.ts'
import { zlibCompression } from '../../../src/adapters/compression.ts'
import { systemRandom } from '../../../src/adapters/random.ts'
import { silentLog } from '../../../src/core/base/ports.ts'
import { err } from '../../../src/core/base/result.ts'
import type { Transport } from '../../../src/core/gossip/transport.ts'
import { createSigner } from '../../../src/core/identity/keys.ts'
import { createMemoryStore } from '../../../src/core/memory/memory-store.ts'
import { failure } from '../../../src/core/protocol/errors.ts'
import type { ModelPorts } from '../../../src/core/reasoning/models.ts'
import { createSpore, type Spore } from '../../../src/core/spore.ts'
import { createServer, type HttpOptions } from '../../../src/http/server.ts'

export const JSON_TYPE = { 'content-type': 'application/json' }
export const NDJSON_TYPE = { 'content-type': 'application/x-ndjson' }

/** Reaches nobody: these tests are about one spore. */
const noTransport: Transport = {
  admit: () => err(failure('PEER_URL_INVALID', 'no peers in this test')),
  send: async () => err(failure('PEER_UNREACHABLE', 'no peers in this test')),
  stream: async () => err(failure('PEER_UNREACHABLE', 'no peers in this test')),
}

export function openSpore(
  transport: Transport = noTransport,
  models: ModelPorts | null = null,
): Promise<Spore> {
  const seed = new Uint8Array(randomBytes(32))
  const { publicKey } = createSigner(seed)
  const epoch = new Uint8Array(randomBytes(8))
  return createSpore(
    { name: 'test', defaultSpace: 'private', pullIntervalMs: 10_000 },
    {
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      store: createMemoryStore({ publicKey, network: 'spore-test', epoch }),
      transport,
      compression: zlibCompression,
      models,
      seed,
    },
  )
}

export interface Served extends AsyncDisposable {
  readonly app: FastifyInstance
  readonly spore: Spore
  /** Where it listens; empty until `listen`. */
  url: string
}

/** `wrap` gives the routes another spore than the one that is open. */
export async function serve(
  options: Partial<HttpOptions> = {},
  wrap: (spore: Spore) => Spore = (spore) => spore,
): Promise<Served> {
  const spore = await openSpore()
  const app = await createServer(wrap(spore), { version: '0.0.0-test', ...options })
  return {
    app,
    spore,
    url: '',
    async [Symbol.asyncDispose]() {
      await app.close()
      await spore[Symbol.asyncDispose]()
    },
  }
}

/** The same, listening on a free port of loopback. */
export async function listen(
  options: Partial<HttpOptions> = {},
  wrap?: (spore: Spore) => Spore,
): Promise<Served> {
  const served = await serve(options, wrap)
  await served.app.listen({ port: 0, host: '127.0.0.1' })
  served.url = `http://127.0.0.1:${(served.app.server.address() as AddressInfo).port}`
  return served
}
