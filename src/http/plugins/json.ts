/**
 * JSON bodies, strictly: well-formed UTF-8, bounded depth, keys and items, no key twice, no `__proto__`. The gate runs before
 * `JSON.parse`: a body of 100,000 brackets costs one pass over it and no stack, and a repeated key, which parsers
 * resolve differently, never gets to mean two things.
 */
import fp from 'fastify-plugin'
import { bytesToUtf8 } from '../../core/base/bytes.ts'
import { err, ok, type Result } from '../../core/base/result.ts'
import { type Failure, failure, SporeError } from '../../core/protocol/errors.ts'
import { JSON_DEPTH_MAX, JSON_ITEMS_MAX, JSON_KEYS_MAX } from '../../core/protocol/limits.ts'

/** Replaces Fastify's parsers: JSON by the parser below, and nothing else unless a route asks for it. */
export const jsonPlugin = fp(async (app) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    // Clients send the JSON type with DELETE and no body; a route that wants a body says itself that it is missing.
    if (body.length === 0) return done(null, undefined)
    const parsed = parseJson(body as Buffer)
    if (parsed.ok) done(null, parsed.value)
    else done(new SporeError(parsed.error.code, parsed.error.detail), undefined)
  })
})

/** Parses one JSON text: BODY_MALFORMED or BODY_TOO_DEEP where it is not one that this spore takes. */
export function parseJson(bytes: Uint8Array): Result<unknown, Failure> {
  let text: string
  try {
    text = bytesToUtf8(bytes)
  } catch {
    return err(failure('BODY_MALFORMED', 'The body is not well-formed UTF-8.'))
  }
  const refused = gate(text)
  if (refused) return err(refused)
  try {
    return ok(JSON.parse(text))
  } catch (error) {
    return err(failure('BODY_MALFORMED', `The body is not JSON: ${(error as Error).message}.`))
  }
}

/** One pass over the text, which need not be JSON: `JSON.parse` decides that afterwards. */
function gate(text: string): Failure | null {
  // One set of keys for each open object, a count of commas for each open array.
  const open: (Set<string> | { commas: number })[] = []
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char === QUOTE) {
      const end = endOfString(text, i)
      const keys = open.at(-1)
      if (keys instanceof Set && isKey(text, end)) {
        const refused = addKey(keys, text.slice(i, end + 1))
        if (refused) return refused
      }
      i = end
    } else if (char === OPEN_OBJECT || char === OPEN_ARRAY) {
      open.push(char === OPEN_OBJECT ? new Set() : { commas: 0 })
      if (open.length > JSON_DEPTH_MAX)
        return failure('BODY_TOO_DEEP', `The body is nested deeper than ${JSON_DEPTH_MAX}.`)
    } else if (char === COMMA) {
      const array = open.at(-1)
      if (array && 'commas' in array && ++array.commas >= JSON_ITEMS_MAX)
        return failure('BODY_MALFORMED', `An array has more than ${JSON_ITEMS_MAX} items.`)
    } else if (char === CLOSE_OBJECT || char === CLOSE_ARRAY) open.pop()
  }
  return null
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const COLON = 0x3a
const COMMA = 0x2c

/** Index of the quote that closes the string opened at `start`; the end of the text where none does. */
function endOfString(text: string, start: number): number {
  let end = start
  for (;;) {
    end = text.indexOf('"', end + 1)
    if (end < 0) return text.length
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
}

/** A string is a key when a colon follows it. */
function isKey(text: string, end: number): boolean {
  let i = end + 1
  while (i < text.length && ' \t\n\r'.includes(text[i] as string)) i++
  return text.charCodeAt(i) === COLON
}

function addKey(keys: Set<string>, quoted: string): Failure | null {
  let key = quoted.slice(1, -1)
  if (key.includes('\\')) {
    try {
      // Two spellings of one key are one key.
      key = JSON.parse(quoted)
    } catch {
      return failure('BODY_MALFORMED', 'The body is not JSON: a key has a bad escape.')
    }
  }
  if (key === '__proto__') return failure('BODY_MALFORMED', 'The key "__proto__" is not taken.')
  if (keys.has(key)) return failure('BODY_MALFORMED', `The key "${key}" is there twice in one object.`)
  keys.add(key)
  return keys.size > JSON_KEYS_MAX
    ? failure('BODY_MALFORMED', `An object has more than ${JSON_KEYS_MAX} keys.`)
    : null
}
