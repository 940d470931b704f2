/**
 * The one byte form of a value: deterministic CBOR (RFC 8949 §4.2.1), restricted to what dag-cbor allows and the
 * protocol needs: unsigned and negative safe integers, byte strings, text, arrays, maps with text keys, true, false
 * and null. No floats, tags, indefinite lengths or undefined.
 *
 * Invariant: `decodeCanonical(bytes)` succeeds exactly when `encodeCanonical` yields those same bytes. Libraries
 * decode leniently and differ in it; two replicas that disagree about a byte form are a permanent fork, so the
 * decoder is strict by construction. `test/unit/core/base/canonical.test.ts` holds the encoder equal to
 * `@ipld/dag-cbor`.
 */
import { bytesToUtf8, compareBytes, utf8Length } from './bytes.ts'
import { err, ok, type Result } from './result.ts'

export type Canonical =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly Canonical[]
  | { readonly [key: string]: Canonical }

/** Nesting that a decoder follows; deeper input is refused (PROTOCOL.md §3). */
export const CANONICAL_DEPTH_MAX = 32

const UINT = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const MAP = 5
const SIMPLE = 7

/**
 * Encodes a value; throws (a bug of the caller) on floats, unsafe integers, ill-formed text, other types, objects that
 * are not plain, and what is nested deeper than a decoder follows.
 */
export function encodeCanonical(value: Canonical): Uint8Array {
  const writer = new Writer()
  writer.value(value, 0)
  return writer.finish()
}

/** Decodes exactly one canonical value; the error says what was not canonical. */
export function decodeCanonical(bytes: Uint8Array): Result<Canonical, string> {
  try {
    const reader = new Reader(bytes)
    const value = reader.value(0)
    return reader.atEnd() ? ok(value) : err('bytes behind the value')
  } catch (error) {
    if (error instanceof NotCanonical) return err(error.message)
    throw error
  }
}

class NotCanonical extends Error {}

class Writer {
  private buffer = Buffer.allocUnsafe(256)
  private length = 0

  finish(): Uint8Array {
    return new Uint8Array(this.buffer.subarray(0, this.length))
  }

  value(value: Canonical, depth: number): void {
    if (depth > CANONICAL_DEPTH_MAX) throw new TypeError(`nested deeper than ${CANONICAL_DEPTH_MAX}`)
    if (typeof value === 'number') this.integer(value)
    else if (typeof value === 'string') this.text(value)
    else if (value === null) this.head(SIMPLE, 22)
    else if (typeof value === 'boolean') this.head(SIMPLE, value ? 21 : 20)
    else if (value instanceof Uint8Array) this.bytes(value)
    else if (Array.isArray(value)) this.array(value, depth)
    else if (isPlain(value)) this.map(value, depth)
    else throw new TypeError(`no canonical form for ${typeof value}`)
  }

  private array(items: readonly Canonical[], depth: number): void {
    this.head(ARRAY, items.length)
    for (const item of items) this.value(item, depth + 1)
  }

  private integer(value: number): void {
    if (!Number.isSafeInteger(value)) throw new TypeError(`not a safe integer: ${value}`)
    if (value < 0) this.head(NEGATIVE, -1 - value)
    else this.head(UINT, value)
  }

  private text(value: string): void {
    if (!value.isWellFormed()) throw new TypeError('text with a lone surrogate')
    const size = utf8Length(value)
    this.head(TEXT, size)
    this.reserve(size)
    this.length += this.buffer.write(value, this.length, 'utf8')
  }

  private bytes(value: Uint8Array): void {
    this.head(BYTES, value.length)
    this.reserve(value.length)
    this.buffer.set(value, this.length)
    this.length += value.length
  }

  private map(value: { readonly [key: string]: Canonical }, depth: number): void {
    const keys = Object.keys(value)
      .map((key) => ({ key, bytes: Buffer.from(key, 'utf8') }))
      .sort((a, b) => a.bytes.length - b.bytes.length || compareBytes(a.bytes, b.bytes))
    this.head(MAP, keys.length)
    for (const { key } of keys) {
      this.text(key)
      this.value(value[key] as Canonical, depth + 1)
    }
  }

  private head(major: number, value: number): void {
    this.reserve(9)
    const { buffer } = this
    const type = major << 5
    if (value < 24) buffer[this.length++] = type | value
    else if (value < 0x100) {
      buffer[this.length++] = type | 24
      buffer[this.length++] = value
    } else if (value < 0x10000) {
      buffer[this.length++] = type | 25
      this.length = buffer.writeUInt16BE(value, this.length)
    } else if (value < 0x100000000) {
      buffer[this.length++] = type | 26
      this.length = buffer.writeUInt32BE(value, this.length)
    } else {
      buffer[this.length++] = type | 27
      this.length = buffer.writeUInt32BE(Math.floor(value / 0x100000000), this.length)
      this.length = buffer.writeUInt32BE(value % 0x100000000, this.length)
    }
  }

  private reserve(size: number): void {
    if (this.length + size <= this.buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + size))
    grown.set(this.buffer.subarray(0, this.length))
    this.buffer = grown
  }
}

/** An object that is its own keys and nothing else: a `Map` or a `Date` would silently become an empty map. */
function isPlain(value: unknown): value is { readonly [key: string]: Canonical } {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

class Reader {
  private readonly bytes: Uint8Array
  private offset = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  atEnd(): boolean {
    return this.offset === this.bytes.length
  }

  value(depth: number): Canonical {
    if (depth > CANONICAL_DEPTH_MAX) throw new NotCanonical(`nested deeper than ${CANONICAL_DEPTH_MAX}`)
    const initial = this.byte()
    const major = initial >> 5
    const info = initial & 31
    if (major === SIMPLE) return this.simple(info)
    const argument = this.argument(info)
    switch (major) {
      case UINT:
        return argument
      case NEGATIVE:
        if (argument === Number.MAX_SAFE_INTEGER) throw new NotCanonical('unsafe integer')
        return -1 - argument
      case BYTES:
        // A copy, also where the input is a Buffer (whose slice is a view): its memory may be reused.
        return new Uint8Array(this.take(argument))
      case TEXT:
        return this.text(argument)
      case ARRAY:
        return this.array(argument, depth)
      case MAP:
        return this.map(argument, depth)
      default:
        throw new NotCanonical(`major type ${major}`)
    }
  }

  private simple(info: number): boolean | null {
    if (info === 20) return false
    if (info === 21) return true
    if (info === 22) return null
    throw new NotCanonical(`simple value or float ${info}`)
  }

  private argument(info: number): number {
    if (info < 24) return info
    if (info > 27) throw new NotCanonical('indefinite or reserved length')
    const size = 1 << (info - 24)
    const at = this.take(size)
    let value = 0
    for (let i = 0; i < size; i++) value = value * 256 + (at[i] as number)
    if (!Number.isSafeInteger(value)) throw new NotCanonical('unsafe integer')
    const least = size === 1 ? 24 : 2 ** (size * 4)
    if (value < least) throw new NotCanonical('integer not in its shortest form')
    return value
  }

  private text(size: number): string {
    const bytes = this.take(size)
    try {
      return bytesToUtf8(bytes)
    } catch {
      throw new NotCanonical('ill-formed UTF-8')
    }
  }

  private array(count: number, depth: number): Canonical[] {
    if (count > this.bytes.length - this.offset) throw new NotCanonical('array longer than its bytes')
    const items: Canonical[] = []
    for (let i = 0; i < count; i++) items.push(this.value(depth + 1))
    return items
  }

  private map(count: number, depth: number): { [key: string]: Canonical } {
    if (count > this.bytes.length - this.offset) throw new NotCanonical('map longer than its bytes')
    // A null prototype: a key such as `__proto__` is then data like any other.
    const entries: { [key: string]: Canonical } = Object.create(null)
    let previous: Uint8Array | null = null
    for (let i = 0; i < count; i++) {
      const start = this.offset
      if (this.byte() >> 5 !== TEXT) throw new NotCanonical('map key that is not text')
      this.offset = start
      const key = this.value(depth + 1) as string
      const encoded = this.bytes.subarray(start, this.offset)
      // RFC 8949 §4.2.1: keys in bytewise order of their encodings, so a repeated key is out of order too.
      if (previous && compareBytes(previous, encoded) >= 0) throw new NotCanonical('map keys out of order')
      previous = encoded
      entries[key] = this.value(depth + 1)
    }
    return entries
  }

  private byte(): number {
    const byte = this.bytes[this.offset]
    if (byte === undefined) throw new NotCanonical('ends too early')
    this.offset++
    return byte
  }

  private take(size: number): Uint8Array {
    const end = this.offset + size
    if (end > this.bytes.length) throw new NotCanonical('ends too early')
    const part = this.bytes.subarray(this.offset, end)
    this.offset = end
    return part
  }
}
