/** Byte forms (PROTOCOL.md §1). */
import { cbor, hex, type Value } from './cbor.ts'
import type { Case } from './protocol.ts'

/** Bytes in JSON: `{"$bytes": hex}`; no vector has a map with that key. */
function toJson(value: Value): unknown {
  if (value instanceof Uint8Array) return { $bytes: hex(value) }
  if (Array.isArray(value)) return value.map((item) => toJson(item as Value))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value as { [key: string]: Value }).map(([key, item]) => [key, toJson(item)]),
  )
}

const nested = (depth: number): Value => (depth === 0 ? 0 : [nested(depth - 1)])

const valid: readonly [name: string, value: Value][] = [
  ['0', 0],
  ['23, the last that fits the initial byte', 23],
  ['24, the first that does not', 24],
  ['255', 255],
  ['256', 256],
  ['65535', 65535],
  ['65536', 65536],
  ['2^32 - 1', 2 ** 32 - 1],
  ['2^32', 2 ** 32],
  ['2^53 - 1, the greatest integer', Number.MAX_SAFE_INTEGER],
  ['-1', -1],
  ['-24', -24],
  ['-25', -25],
  ['-(2^53 - 1), the least integer', -Number.MAX_SAFE_INTEGER],
  ['empty bytes', new Uint8Array()],
  ['bytes', Uint8Array.of(0, 1, 255)],
  ['empty text', ''],
  ['text beyond the BMP, and a byte order mark', '\ufeffspore 🍄 é'],
  ['false', false],
  ['true', true],
  ['null', null],
  ['empty array', []],
  ['array of every type', [1, -1, Uint8Array.of(7), 'a', [], {}, true, null]],
  ['empty map', {}],
  ['map keys by the bytes of their encodings: shorter first', { b: 1, aa: 2, a: 3, Z: 4, '': 5 }],
  ['map with a key that means something in JavaScript', { constructor: 1, toString: 2 }],
  ['nested 32 deep, the deepest', nested(32)],
]

const invalid: readonly [name: string, bytes: string][] = [
  ['nothing', ''],
  ['bytes behind the value', '0000'],
  ['23 in two bytes', '1817'],
  ['255 in three bytes', '1900ff'],
  ['65535 in five bytes', '1a0000ffff'],
  ['2^32 - 1 in nine bytes', '1b00000000ffffffff'],
  ['-24 in two bytes', '3817'],
  ['length of bytes not in its shortest form', '580100'],
  ['length of text not in its shortest form', '780161'],
  ['length of an array not in its shortest form', '980100'],
  ['length of a map not in its shortest form', 'b801616100'],
  ['2^53', '1b0020000000000000'],
  ['-(2^53)', '3b001fffffffffffff'],
  ['2^64 - 1', '1bffffffffffffffff'],
  ['reserved length 28', '1c'],
  ['indefinite bytes', '5f4100ff'],
  ['indefinite text', '7f6161ff'],
  ['indefinite array', '9f00ff'],
  ['indefinite map', 'bf616100ff'],
  ['break outside', 'ff'],
  ['half float 1.0', 'f93c00'],
  ['single float', 'fa3f800000'],
  ['double float', 'fb3ff0000000000000'],
  ['NaN', 'f97e00'],
  ['undefined', 'f7'],
  ['simple value 16', 'f0'],
  ['false in two bytes', 'f814'],
  ['tag 42 (a link)', 'd82a4100'],
  ['tag 2 (a big integer)', 'c24101'],
  ['map key that is not text', 'a10000'],
  ['map keys out of order', 'a2616200616100'],
  ['map keys ordered by text, not by encoding', 'a262616100616200'],
  ['repeated map key', 'a2616100616101'],
  ['UTF-8 that ends in a sequence', '62c3'.concat('28')],
  ['overlong UTF-8', '62c080'],
  ['a surrogate in UTF-8', '63eda080'],
  ['UTF-8 beyond U+10FFFF', '64f4908080'],
  ['bytes that end too early', '4300'],
  ['an array that ends too early', '8200'],
  ['a map that ends too early', 'a16161'],
  ['an array that claims 2^32 items', '9b000000010000000000'],
  ['nested 33 deep', `${'81'.repeat(33)}00`],
]

export const canonical = (): Case[] => [
  ...valid.map(([name, value]) => ({
    name,
    comment: '§1: the one byte form; decoding and encoding are inverse',
    bytes: hex(cbor(value)),
    value: toJson(value),
  })),
  ...invalid.map(([name, bytes]) => ({
    name,
    comment: '§1: every other byte form is refused; the code is that of a header in such bytes',
    bytes,
    error: 'ENTRY_MALFORMED',
  })),
]
