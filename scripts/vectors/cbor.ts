/**
 * A second CBOR encoder, for the vectors alone: it shares nothing with `src`, so that the two can disagree. `raw` puts
 * any bytes in the place of a value, which is how byte forms are made that the protocol refuses.
 */
export type Value =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | Raw
  | readonly Value[]
  | { readonly [key: string]: Value }

export class Raw {
  readonly hex: string
  constructor(hex: string) {
    this.hex = hex
  }
}
export const raw = (hex: string): Raw => new Raw(hex)

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
export const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

export const cbor = (value: Value): Uint8Array => unhex(encode(value))

function encode(value: Value): string {
  if (value instanceof Raw) return value.hex
  if (value === null) return 'f6'
  if (typeof value === 'boolean') return value ? 'f5' : 'f4'
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return head(3, utf8(value).length) + hex(utf8(value))
  if (value instanceof Uint8Array) return head(2, value.length) + hex(value)
  if (Array.isArray(value)) return head(4, value.length) + value.map(encode).join('')
  const pairs = Object.entries(value as { [key: string]: Value }).map(
    ([key, item]) => [encode(key), encode(item)] as const,
  )
  // RFC 8949 §4.2.1: by the bytes of the encoded keys, so that shorter keys come first.
  pairs.sort(([a], [b]) => (a < b ? -1 : 1))
  return head(5, pairs.length) + pairs.flat().join('')
}

/** Major type and argument in the shortest form. */
function head(major: number, argument: number): string {
  const type = major << 5
  const pad = (number: number, digits: number) => number.toString(16).padStart(digits, '0')
  if (argument < 24) return pad(type | argument, 2)
  if (argument < 2 ** 8) return pad(type | 24, 2) + pad(argument, 2)
  if (argument < 2 ** 16) return pad(type | 25, 2) + pad(argument, 4)
  if (argument < 2 ** 32) return pad(type | 26, 2) + pad(argument, 8)
  return pad(type | 27, 2) + pad(argument, 16)
}
