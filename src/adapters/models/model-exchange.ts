/** What every request to a model provider shares: the key and where it may go, bounded bodies, and failures that tell nothing of them. */
import { Agent, type buildConnector, type Dispatcher } from 'undici'
import { err, type Result } from '../../core/base/result.ts'
import { type ErrorCode, failure } from '../../core/protocol/errors.ts'
import type { CallCost, ModelFailure } from '../../core/reasoning/language-model.ts'
import { isPublicHost } from '../safe-address.ts'

/** The key of a provider, where it wants one; asked for at each request and kept nowhere. */
export type ProviderKey = (() => string) | null

/** A provider that does not accept a connection by then is not there. */
const CONNECT_TIMEOUT_MS = 5_000
/** Bytes of reply headers: providers tell of limits in a dozen of them. */
const HEADER_BYTES_MAX = 32 * 1024

/** Connections to one provider, so many at a time at most. `connect`: how one is made, for tests. */
export const createProviderAgent = (connections: number, connect?: buildConnector.connector): Agent =>
  new Agent({
    connections,
    maxHeaderSize: HEADER_BYTES_MAX,
    connect: connect ?? { timeout: CONNECT_TIMEOUT_MS },
  })

export const fail = (code: ErrorCode, detail: string, cost: CallCost): Result<never, ModelFailure> =>
  err({ ...failure(code, detail), cost })

/** A key is not sent in the clear over the internet. */
export const isKeyInTheOpen = (url: URL, key: ProviderKey): boolean =>
  key !== null && url.protocol !== 'https:' && isPublicHost(url.hostname)

export const toHeaders = (key: ProviderKey, accept: string): Record<string, string> => ({
  accept,
  'accept-encoding': 'identity',
  'user-agent': 'spore',
  ...(key && { authorization: `Bearer ${key()}` }),
})

/** Connections that were never made cost nothing; of those that broke nobody knows. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

export function ofException(error: unknown): Result<never, ModelFailure> {
  const { code } = (error ?? {}) as { code?: unknown }
  const word = typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : 'no answer'
  return fail('MODEL_FAILED', word, NOT_CONNECTED.has(word) ? 'nothing' : 'unknown')
}

/** The body's text; null where it is too long. */
export async function readText(reply: Dispatcher.ResponseData, bytesMax: number): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of reply.body as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > bytesMax) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
