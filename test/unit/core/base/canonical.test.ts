import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { hexToBytes } from '../../../../src/core/base/bytes.ts'
import {
  CANONICAL_DEPTH_MAX,
  type Canonical,
  decodeCanonical,
  encodeCanonical,
} from '../../../../src/core/base/canonical.ts'
import { fuzz } from '../../../support/fuzz.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const integer = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -300, max: 300 })).map((n) => n + 0)
const { value: canonicalValue } = fc.letrec<{ value: Canonical }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    integer,
    text,
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'a', 'aa', 'b')), tie('value'), {
      maxKeys: 5,
    }),
  ),
}))

const hex = (digits: string): Uint8Array => hexToBytes(digits.replaceAll(' ', '')) as Uint8Array
const nestedHex = (depth: number): string => `${'81'.repeat(depth)}00`
const nested = (depth: number): Canonical => (depth === 0 ? 0 : [nested(depth - 1)])

/** What `decodeCanonical` says of the bytes: the value, or a text that starts with `refused`. */
function decode(bytes: Uint8Array): unknown {
  const decoded = decodeCanonical(bytes)
  return decoded.ok ? decoded.value : `refused: ${decoded.error}`
}
/** Equal but for prototypes, which the decoder leaves out on purpose. */
const plain = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(plain)
    : value !== null && typeof value === 'object' && !(value instanceof Uint8Array)
      ? new Map(
          Object.keys(value)
            .sort()
            .map((key) => [key, plain((value as Record<string, unknown>)[key])]),
        )
      : value

describe('canonical form', () => {
  test('decode and encode are inverse', () =>
    fuzz(canonicalValue, (value) => {
      assert.deepEqual(plain(decode(encodeCanonical(value))), plain(value))
    }))

  test('the bytes are those of @ipld/dag-cbor', () =>
    fuzz(canonicalValue, (value) => {
      assert.deepEqual(encodeCanonical(value), new Uint8Array(dagCbor.encode(value)))
    }))

  test('key order and identity of the object do not matter', () =>
    fuzz(fc.dictionary(text, integer), (object) => {
      const reversed = Object.fromEntries(Object.entries(object).reverse())
      assert.deepEqual(encodeCanonical(reversed), encodeCanonical(object))
    }))

  test('whatever decodes is encoded to the same bytes again', () =>
    fuzz(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const decoded = decodeCanonical(bytes)
      if (decoded.ok) assert.deepEqual(encodeCanonical(decoded.value), bytes)
    }))

  test('one changed byte is refused or is another value, never a second form of the same', () =>
    fuzz(fc.tuple(canonicalValue, fc.nat(), fc.integer({ min: 1, max: 255 })), ([value, at, flip]) => {
      const bytes = encodeCanonical(value)
      const place = at % bytes.length
      bytes[place] = (bytes[place] as number) ^ flip
      const decoded = decodeCanonical(bytes)
      if (decoded.ok) assert.deepEqual(encodeCanonical(decoded.value), bytes)
    }))

  test('a value cut short anywhere is refused', () =>
    fuzz(
      canonicalValue,
      (value) => {
        const bytes = encodeCanonical(value)
        for (let size = 0; size < bytes.length; size++)
          assert.match(String(decode(bytes.subarray(0, size))), /^refused/)
      },
      200,
    ))

  test('a byte behind the value is refused', () =>
    fuzz(fc.tuple(canonicalValue, fc.nat(255)), ([value, byte]) => {
      assert.match(String(decode(Uint8Array.of(...encodeCanonical(value), byte))), /^refused/)
    }))

  for (const [bytes, value] of [
    ['00', 0],
    ['17', 23],
    ['18 18', 24],
    ['18 ff', 255],
    ['19 0100', 256],
    ['19 ffff', 65_535],
    ['1a 00010000', 65_536],
    ['1a ffffffff', 4_294_967_295],
    ['1b 0000000100000000', 4_294_967_296],
    ['1b 001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['20', -1],
    ['37', -24],
    ['38 18', -25],
    ['3b 001ffffffffffffe', Number.MIN_SAFE_INTEGER],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['40', new Uint8Array()],
    ['60', ''],
    ['63 efbbbf', '\ufeff'],
    ['64 f09f8d84', '🍄'],
    ['80', []],
  ] as const)
    test(`${bytes} is ${JSON.stringify(value)}, both ways`, () => {
      assert.deepEqual(decode(hex(bytes)), value)
      assert.deepEqual(encodeCanonical(value), hex(bytes))
    })
})

describe('refused on decoding', () => {
  const refused: Readonly<Record<string, string>> = {
    'no byte at all': '',
    'an integer of one byte that fits the head': '18 17',
    'an integer of two bytes that fits one': '19 00ff',
    'an integer of four bytes that fits two': '1a 0000ffff',
    'an integer of eight bytes that fits four': '1b 00000000ffffffff',
    'a negative integer that is not shortest': '38 17',
    'a length that is not shortest, of bytes': '58 00',
    'a length that is not shortest, of text': '78 01 61',
    'a length that is not shortest, of an array': '98 01 00',
    'a length that is not shortest, of a map': 'b8 01 61 61 00',
    'the first unsafe integer': '1b 0020000000000000',
    'an integer that a double rounds down to a safe one': '1b 0020000000000001',
    'the largest integer': '1b ffffffffffffffff',
    'the first unsafe negative integer': '3b 001fffffffffffff',
    'the smallest negative integer': '3b ffffffffffffffff',
    'bytes of indefinite length': '5f 41 00 ff',
    'text of indefinite length': '7f 61 61 ff',
    'an array of indefinite length': '9f 00 ff',
    'a map of indefinite length': 'bf 61 61 00 ff',
    'a break': 'ff',
    'reserved length 28': '1c 00',
    'reserved length 29': '1d 00',
    'reserved length 30': '1e 00',
    'length 31 of an integer': '1f',
    'a half float': 'f9 3c00',
    'a single float': 'fa 3f800000',
    'a double float': 'fb 3ff0000000000000',
    'a NaN': 'f9 7e00',
    undefined: 'f7',
    'simple value 0': 'e0',
    'simple value 19': 'f3',
    'false in two bytes': 'f8 14',
    'simple value 32': 'f8 20',
    'a tag': 'c0 60',
    'a CID, which dag-cbor allows': 'd8 2a 41 00',
    'a bignum': 'c2 41 01',
    'a repeated key': 'a2 61 61 00 61 61 01',
    'keys in falling order': 'a2 61 62 00 61 61 00',
    'keys in the order of their text, not of their length': 'a2 62 61 61 00 61 62 00',
    'an integer as key': 'a1 00 00',
    'bytes as key': 'a1 41 61 00',
    'an array as key': 'a1 80 00',
    'a map without its last value': 'a1 61 61',
    'text with a bare continuation byte': '61 80',
    'text cut inside a character': '62 f09f',
    'text with an overlong slash': '62 c0af',
    'text with an encoded surrogate': '63 eda080',
    'text above U+10FFFF': '64 f4908080',
    'text with byte ff': '61 ff',
    'an ill-formed key': 'a1 61 80 00',
    'bytes behind the value': '00 00',
    'bytes longer than the input': '5b 001fffffffffffff',
    'text longer than the input': '7a ffffffff',
    'an array longer than the input': '9b 001fffffffffffff',
    'a map longer than the input': 'bb 001fffffffffffff',
    'an array of one more item than bytes': '83 00 00',
  }
  for (const [name, bytes] of Object.entries(refused))
    test(name, () => assert.match(String(decode(hex(bytes))), /^refused: \w/))

  test('nesting of one more than allowed, of arrays and of maps', () => {
    assert.deepEqual(decode(hex(nestedHex(CANONICAL_DEPTH_MAX))), nested(CANONICAL_DEPTH_MAX))
    assert.match(String(decode(hex(nestedHex(CANONICAL_DEPTH_MAX + 1)))), /^refused: nested/)
    assert.match(String(decode(hex(`${'a16161'.repeat(CANONICAL_DEPTH_MAX + 1)}00`))), /^refused: nested/)
  })

  test('a depth bomb, without a stack overflow', () =>
    assert.match(String(decode(new Uint8Array(1 << 20).fill(0x81))), /^refused: nested/))

  test('a length of gigabytes, without allocating it', () => {
    const before = process.memoryUsage().rss
    for (const bytes of ['5a 7fffffff', '7a 7fffffff', '9a 7fffffff', 'ba 7fffffff'])
      for (let i = 0; i < 1000; i++) assert.match(String(decode(hex(bytes))), /^refused/)
    assert.ok(process.memoryUsage().rss - before < 256 << 20)
  })
})

describe('what comes out of the decoder', () => {
  test('a key named __proto__ is data', () => {
    const value = decode(hex('a1 69 5f5f70726f746f5f5f a1 61 61 01')) as Record<string, unknown>
    assert.deepEqual(Object.keys(value), ['__proto__'])
    assert.equal(value.a, undefined)
    assert.deepEqual(encodeCanonical(value as Canonical), hex('a1 69 5f5f70726f746f5f5f a1 61 61 01'))
  })

  test('byte strings are copies, also of a Buffer: the input may be reused', () => {
    for (const input of [hex('42 0102'), Buffer.from('420102', 'hex')]) {
      const value = decode(input)
      input.fill(0xff)
      assert.deepEqual(value, Uint8Array.of(1, 2))
    }
  })

  test('a refusal leaves no trace on the next decoding', () => {
    decode(hex('62 f09f'))
    assert.equal(decode(hex('61 61')), 'a')
  })
})

describe('refused on encoding, as a bug of the caller', () => {
  const values: Readonly<Record<string, unknown>> = {
    'a float': 1.5,
    NaN: Number.NaN,
    infinity: Number.POSITIVE_INFINITY,
    'an unsafe integer': 2 ** 53,
    'an unsafe negative integer': -(2 ** 53),
    'a bigint': 1n,
    undefined: undefined,
    'an undefined member': { a: undefined },
    'a hole': new Array(1),
    'a symbol': Symbol('a'),
    'a function': () => 0,
    'a date': new Date(0),
    'a map': new Map([['a', 1]]),
    'other views of bytes': new Uint16Array(2),
    'an instance of a class': new (class Thing {
      a = 1
    })(),
    'a lone surrogate': '\ud800',
    'a lone surrogate in a key': { '\ud800': 1 },
    'nesting of one more than a decoder follows': nested(CANONICAL_DEPTH_MAX + 1),
  }
  for (const [name, value] of Object.entries(values))
    test(name, () => assert.throws(() => encodeCanonical(value as Canonical), TypeError))

  test('the deepest value that a decoder follows is encoded', () =>
    assert.deepEqual(decode(encodeCanonical(nested(CANONICAL_DEPTH_MAX))), nested(CANONICAL_DEPTH_MAX)))
})
