/**
 * The log: one JSON object a line on stdout, or on stderr where stdout carries a protocol; readable text on a terminal.
 *
 * Secrets stay out of it three times over: by the name of a field, by the look of a text (private keys, bearer
 * tokens), and by value, for the secrets that the configuration knows. Texts come from peers: they are cut to a bound,
 * and on a terminal they lose their control characters.
 */
import { createRequire } from 'node:module'
import { isatty } from 'node:tty'
import { type DestinationStream, destination, pino } from 'pino'
import type { Log, LogFields } from '../core/base/ports.ts'

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export interface LogOptions {
  readonly level: LogLevel
  /** File descriptor: 1 is stdout, 2 stderr. */
  readonly fd?: 1 | 2
  /** Readable text instead of JSON; by default where the descriptor is a terminal. */
  readonly pretty?: boolean
  /** Known secrets (tokens, keys): wherever one stands in a text it is replaced. */
  readonly secrets?: readonly string[]
}

const REDACTED = '[redacted]'
/** Characters of one text in the log; enough for a stack trace. */
export const LOG_TEXT_CHARS_MAX = 4000
/** Levels of nested fields; deeper ones are only named. */
export const LOG_DEPTH_MAX = 5
/** Items of one list or object. */
export const LOG_ITEMS_MAX = 50
/** Characters of the shortest secret that is looked for by value: a shorter one would blank ordinary words. */
const SECRET_CHARS_MIN = 8

const secretName =
  /token|secret|passw|passphrase|authorization|cookie|credential|api[-_]?key|private[-_]?key|^seed$/i
const secretText =
  /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)|\bBearer\s+\S+/gi
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const controlCharacters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** A count of tokens is no token: only texts and what may hold texts are secrets. */
const isSecret = (name: string, field: unknown): boolean =>
  secretName.test(name) && (typeof field === 'string' || (typeof field === 'object' && field !== null))

/** The log of this process. It writes synchronously, so nothing is lost when the process ends. */
export function createLog(options: LogOptions): Log {
  const fd = options.fd ?? 1
  const pretty = options.pretty ?? isatty(fd)
  const stream = pretty ? prettyStream(fd) : destination({ dest: fd, sync: true })
  return createLogTo(stream, { ...options, pretty })
}

/** The same over any stream that takes lines. */
export function createLogTo(stream: DestinationStream, options: LogOptions): Log {
  const logger = pino({ level: options.level, base: null }, stream)
  const clean = createCleaner(options.secrets ?? [], options.pretty ?? false)
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) => {
    if (!logger.isLevelEnabled(level)) return
    logger[level](clean(fields ?? {}, 0) as object, clean(message, 0) as string)
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** Loaded only for a terminal: a service's start does not pay for it. */
function prettyStream(fd: number): DestinationStream {
  const { build } = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty')
  return build({ destination: fd, sync: true, colorize: isatty(fd), translateTime: 'SYS:HH:MM:ss' })
}

function createCleaner(secrets: readonly string[], pretty: boolean) {
  const known = secrets.filter((secret) => secret.length >= SECRET_CHARS_MIN)

  const text = (value: string): string => {
    let cleaned = value
    for (const secret of known) cleaned = cleaned.replaceAll(secret, REDACTED)
    cleaned = cleaned.slice(0, LOG_TEXT_CHARS_MAX).replace(secretText, REDACTED)
    return pretty ? cleaned.replace(controlCharacters, '·') : cleaned
  }

  const error = (value: Error, depth: number): unknown => {
    const { name, message, stack, cause } = value
    const code = (value as { code?: unknown }).code
    return clean({ type: name, message, code, stack, ...(cause === undefined ? {} : { cause }) }, depth)
  }

  const clean = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return text(value)
    if (typeof value === 'bigint') return String(value)
    if (value === null || typeof value !== 'object') return value
    if (value instanceof Error) return error(value, depth)
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
    if (depth >= LOG_DEPTH_MAX) return Array.isArray(value) ? '[list]' : '[object]'
    if (Array.isArray(value)) return value.slice(0, LOG_ITEMS_MAX).map((item) => clean(item, depth + 1))
    return cleanFields(value, depth)
  }

  const cleanFields = (value: object, depth: number): object => {
    const cleaned: Record<string, unknown> = {}
    for (const [name, field] of Object.entries(value).slice(0, LOG_ITEMS_MAX))
      cleaned[text(name)] = isSecret(name, field) ? REDACTED : clean(field, depth + 1)
    return cleaned
  }

  return clean
}
