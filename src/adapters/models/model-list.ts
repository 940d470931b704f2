/**
 * `GET <url>/models`: what a server has to offer. It costs nothing, so it also tells whether a server is there and takes its key. No
 * list is a promise: some providers have none at this place, others name their models otherwise than calls have to.
 */
import { type Dispatcher, request as send } from 'undici'
import { err, ok, type Result } from '../../core/base/result.ts'
import type { ModelFailure } from '../../core/reasoning/language-model.ts'
import { orAborted } from '../safe-fetch.ts'
import { ofStatus } from './chat-wire.ts'
import {
  createProviderAgent,
  fail,
  isKeyInTheOpen,
  ofException,
  type ProviderKey,
  readText,
  toHeaders,
} from './model-exchange.ts'

export interface ListFailure extends ModelFailure {
  /** As it answered; null where it did not. */
  readonly status: number | null
}

/** Bytes of a list: aggregators describe a thousand models at length. */
export const LIST_BYTES_MAX = 8 * 1024 * 1024
/** Models that are looked at, and the characters of a name. */
export const LIST_MODELS_MAX = 5_000
const NAME_CHARS_MAX = 200

/** What stands in the lists of local servers and does not chat. */
const NO_CHAT = /embed|rerank|whisper|moderation|(^|[-_/])(tts|bge|clip|stt)([-_./:]|$)/i

/** Names of the models that a server lists, in its order; over a connection of its own unless one is given. */
export async function listModels(
  url: string,
  key: ProviderKey,
  signal: AbortSignal,
  dispatcher?: Dispatcher,
): Promise<Result<readonly string[], ListFailure>> {
  const target = new URL(`${url.replace(/\/+$/, '')}/models`)
  if (isKeyInTheOpen(target, key))
    return noList(fail('MODEL_SETTINGS', 'the key is not sent over the internet without https', 'nothing'))
  const own = dispatcher ? null : createProviderAgent(1)
  try {
    const sent = send(target, {
      dispatcher: dispatcher ?? (own as Dispatcher),
      headers: toHeaders(key, 'application/json'),
      signal,
    })
    const reply = await orAborted(sent, signal)
    const text = await readText(reply, LIST_BYTES_MAX)
    const { statusCode: status } = reply
    if (status !== 200) return err({ ...ofStatus(status, ''), cost: 'nothing', status })
    const names = namesIn(text)
    return names
      ? ok(names)
      : noList(fail('MODEL_REPLY_UNUSABLE', 'what answers is no list of models', 'nothing'), status)
  } catch (error) {
    if (signal.aborted) return noList(fail('MODEL_TIMEOUT', 'no answer in time', 'nothing'))
    return noList(ofException(error))
  } finally {
    await own?.destroy()
  }
}

const noList = (
  found: Result<never, ModelFailure>,
  status: number | null = null,
): Result<never, ListFailure> => (found.ok ? found : err({ ...found.error, cost: 'nothing', status }))

/** The first that chats; null where there is none. */
export const firstChatModel = (names: readonly string[]): string | null =>
  names.find((name) => !NO_CHAT.test(name)) ?? null

function namesIn(text: string | null): string[] | null {
  try {
    const { data } = JSON.parse(text ?? '') as { data?: unknown }
    if (!Array.isArray(data)) return null
    return (data as readonly unknown[])
      .slice(0, LIST_MODELS_MAX)
      .map((model) => (model as { id?: unknown } | null)?.id)
      .filter((id): id is string => typeof id === 'string' && id !== '' && id.length <= NAME_CHARS_MAX)
  } catch {
    return null
  }
}
