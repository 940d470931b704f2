import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  base64urlToBytes,
  bytesToBase64url,
  bytesToHex,
  bytesToUtf8,
  compareBytes,
  compareText,
  concatBytes,
  equalBytes,
  hexToBytes,
  utf8Length,
  utf8ToBytes,
} from '../../../../src/core/base/bytes.ts'
import { fuzz } from '../../../support/fuzz.ts'

const bytes = fc.uint8Array({ maxLength: 80 })

test('base64url, hex and UTF-8 come back as they went', () => {
  fuzz(bytes, (value) => {
    assert.deepEqual(base64urlToBytes(bytesToBase64url(value)), value)
    assert.deepEqual(hexToBytes(bytesToHex(value)), value)
  })
  fuzz(fc.string({ unit: 'binary' }), (text) => {
    assert.equal(bytesToUtf8(utf8ToBytes(text)), text)
    assert.equal(utf8Length(text), utf8ToBytes(text).length)
  })
})

test('a part of a larger buffer is encoded as that part', () => {
  const part = Uint8Array.of(0, 1, 2, 3, 4).subarray(1, 3)
  assert.equal(bytesToBase64url(part), 'AQI')
  assert.equal(bytesToHex(part), '0102')
  assert.equal(bytesToUtf8(utf8ToBytes('abc').subarray(1, 2)), 'b')
})

for (const text of [
  'AQI=',
  'AQ==',
  'AQ+/',
  'AR',
  'A',
  'AQI ',
  ' AQI',
  'A\nQI',
  'AQI\n',
  'ＡＱＩ',
  'AQ\u0000',
  'AQ-é',
])
  test(`not strict base64url: ${JSON.stringify(text)}`, () => assert.equal(base64urlToBytes(text), null))

for (const text of ['0', '000', 'AB', '0g', ' 00', '00\n', '0x00', '００', '00 00'])
  test(`not strict hex: ${JSON.stringify(text)}`, () => assert.equal(hexToBytes(text), null))

test('no two texts have the same bytes', () =>
  fuzz(fc.string({ unit: fc.constantFrom(...'AQgw-_+/= \n'), maxLength: 8 }), (text) => {
    const decoded = base64urlToBytes(text)
    if (decoded) assert.equal(bytesToBase64url(decoded), text)
  }))

test('megabytes of hex are decoded, not an overflow of the stack', () =>
  assert.equal(hexToBytes('ab'.repeat(10_000_000))?.length, 10_000_000))

test('ill-formed UTF-8 throws, every time, and a byte order mark stays', () => {
  for (const value of [[0x80], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf0, 0x9f], [0xf4, 0x90, 0x80, 0x80]])
    assert.throws(() => bytesToUtf8(Uint8Array.from(value)), TypeError)
  assert.equal(bytesToUtf8(Uint8Array.of(0x61)), 'a')
  assert.equal(bytesToUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), '\ufeffa')
})

test('bytes are ordered as unsigned numbers, a prefix first', () => {
  assert.ok(compareBytes(Uint8Array.of(0x7f), Uint8Array.of(0x80)) < 0)
  assert.ok(compareBytes(Uint8Array.of(1), Uint8Array.of(1, 0)) < 0)
  fuzz(fc.tuple(bytes, bytes), ([a, b]) => {
    assert.equal(Math.sign(compareBytes(a, b)), compareText(bytesToHex(a), bytesToHex(b)))
    assert.equal(equalBytes(a, b), bytesToHex(a) === bytesToHex(b))
  })
})

test('text is ordered by code unit, whatever the locale says', () =>
  assert.deepEqual(['ä', 'z', 'a', 'Z', '🍄', '\uffff'].sort(compareText), [
    'Z',
    'a',
    'z',
    'ä',
    '🍄',
    '\uffff',
  ]))

test('parts are joined in order into bytes of their own', () => {
  const part = Uint8Array.of(1, 2)
  const whole = concatBytes(part, new Uint8Array(), Buffer.from([3]))
  part.fill(0)
  assert.deepEqual(whole, Uint8Array.of(1, 2, 3))
  assert.deepEqual(concatBytes(), new Uint8Array())
})
