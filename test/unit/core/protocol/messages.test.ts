/** Federation messages: inverse, strict, and bounded. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { LogId, SpaceId } from '../../../../src/core/base/brand.ts'
import { bytesToBase64url } from '../../../../src/core/base/bytes.ts'
import { encodeCanonical } from '../../../../src/core/base/canonical.ts'
import { HEADS_ROWS_MAX, PULL_RANGES_MAX, SEQ_MAX } from '../../../../src/core/protocol/limits.ts'
import {
  decodeHeads,
  decodePull,
  decodePushReply,
  encodeHeads,
  encodePull,
  encodePushReply,
} from '../../../../src/core/protocol/messages.ts'
import { fuzz } from '../../../support/fuzz.ts'

/** Plain objects, so that they compare with what decoders make. */
const record = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<T>
const logId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => bytesToBase64url(bytes) as LogId)
const seq = fc.oneof(fc.nat(100), fc.constantFrom(0, SEQ_MAX))
const chain = fc.uint8Array({ minLength: 32, maxLength: 32 })
const row = fc.oneof(
  record({ logId, next: seq, chain }),
  record({ logId, next: seq, chain }).map((one) => ({ ...one, forkPoint: one.next })),
)
const heads = record({
  cursor: fc.constantFrom('', '0011223344556677.12'),
  more: fc.boolean(),
  spaces: fc.array(
    record({
      space: fc.constantFrom('commons', 'x').map((name) => name as SpaceId),
      rows: fc.array(row, { maxLength: 5 }),
    }),
    { maxLength: 3 },
  ),
})
const ranges = fc.array(record({ logId, from: seq, to: fc.option(seq) }), { maxLength: 8 })
const rubbish = fc.uint8Array({ maxLength: 100 })

describe('heads', () => {
  test('decode to what they were made of', () =>
    fuzz(heads, (one) => assert.deepEqual(decodeHeads(encodeHeads(one)), one), 200))
  test('of rubbish are null', () => fuzz(rubbish, (bytes) => assert.equal(decodeHeads(bytes), null)))
  test(`have at most ${HEADS_ROWS_MAX} rows, over all spaces`, () => {
    const rows = (count: number) =>
      Array.from({ length: count }, () => ({
        logId: 'A'.repeat(22) as LogId,
        next: 1,
        chain: new Uint8Array(32),
      }))
    const reply = (count: number) => ({
      cursor: '',
      more: false,
      spaces: [
        { space: 'a' as SpaceId, rows: rows(HEADS_ROWS_MAX - 1) },
        { space: 'b' as SpaceId, rows: rows(count) },
      ],
    })
    assert.ok(decodeHeads(encodeHeads(reply(1))))
    assert.equal(decodeHeads(encodeHeads(reply(2))), null)
  })
  test('of another form are null', () => {
    const id = new Uint8Array(16)
    const chain = new Uint8Array(32)
    for (const wrong of [
      {},
      ['', false],
      ['', false, [], 0],
      [0, false, []],
      ['x'.repeat(65), false, []],
      ['', 0, []],
      ['', false, {}],
      ['', false, [['commons']]],
      ['', false, [[0, []]]],
      ['', false, [['x'.repeat(65), []]]],
      ['', false, [['commons', [[id, 1]]]]],
      ['', false, [['commons', [[id.slice(1), 1, chain]]]]],
      ['', false, [['commons', [[id, -1, chain]]]]],
      ['', false, [['commons', [[id, SEQ_MAX + 2, chain]]]]],
      ['', false, [['commons', [[id, 1, chain.slice(1)]]]]],
    ])
      assert.equal(decodeHeads(encodeCanonical(wrong)), null, JSON.stringify(wrong))
  })
})

describe('a pull', () => {
  const codeOf = (bytes: Uint8Array) => {
    const result = decodePull(bytes)
    return result.ok ? null : result.error.code
  }
  test('decodes to what it was made of', () =>
    fuzz(ranges, (one) => assert.deepEqual(decodePull(encodePull(one)), { ok: true, value: one }), 200))
  test('of rubbish is refused', () =>
    fuzz(rubbish, (bytes) => {
      const result = decodePull(bytes)
      assert.ok(!result.ok || result.value.length === 0)
    }))
  test(`has at most ${PULL_RANGES_MAX} ranges`, () => {
    const range = { logId: 'A'.repeat(22) as LogId, from: 0, to: null }
    const of = (count: number) => encodePull(Array.from({ length: count }, () => range))
    assert.equal(codeOf(of(PULL_RANGES_MAX)), null)
    assert.equal(codeOf(of(PULL_RANGES_MAX + 1)), 'REQUEST_INVALID')
  })
  test('of another form is refused', () => {
    const id = new Uint8Array(16)
    for (const wrong of [
      {},
      [0],
      [[id, 0]],
      [[id, 0, null, 0]],
      [[id, -1, null]],
      [[id, 0, -1]],
      [[id, SEQ_MAX + 1, null]],
      [[id.slice(1), 0, null]],
    ])
      assert.equal(codeOf(encodeCanonical(wrong)), 'REQUEST_INVALID', JSON.stringify(wrong))
  })
})

describe('a reply to a push', () => {
  const reply = record({
    new: fc.nat(),
    dup: fc.nat(),
    failures: fc.array(
      record({ index: fc.nat(300), code: fc.constantFrom('SEQ_GAP' as const, 'CHAIN_MISMATCH' as const) }),
      { maxLength: 4 },
    ),
    want: fc.array(record({ logId, from: seq }), { maxLength: 4 }),
    prune: fc.boolean(),
    linked: fc.boolean(),
  })
  test('decodes to what it was made of', () =>
    fuzz(reply, (one) => assert.deepEqual(decodePushReply(encodePushReply(one)), one), 200))
  test('of rubbish is null', () => fuzz(rubbish, (bytes) => assert.equal(decodePushReply(bytes), null)))
  test('leaves out codes that are not of the registry, and what is no item', () => {
    const bytes = encodeCanonical({
      new: 0,
      dup: 0,
      failures: [[0, 'SEQ_GAP'], [1, '__proto__'], [2, 'toString'], 3, ['x', 'SEQ_GAP']],
      want: [],
      prune: false,
      linked: true,
    })
    assert.deepEqual(decodePushReply(bytes)?.failures, [{ index: 0, code: 'SEQ_GAP' }])
  })
  test('that wants what is no place in a log, or says no word of the link, is null', () => {
    const of = (fields: object) =>
      decodePushReply(
        encodeCanonical({ new: 0, dup: 0, failures: [], want: [], prune: false, linked: true, ...fields }),
      )
    assert.ok(of({ want: [[new Uint8Array(16), 4]] }))
    for (const want of [[[new Uint8Array(15), 4]], ['x'], [[new Uint8Array(16), -1]], null])
      assert.equal(of({ want }), null)
    assert.equal(of({ prune: null }), null)
    assert.equal(of({ linked: 1 }), null)
  })
  test('is bounded', () => {
    const want = (count: number) => ({
      new: 0,
      dup: 0,
      failures: [],
      want: Array.from({ length: count }, () => [new Uint8Array(16), 0]),
      prune: false,
      linked: false,
    })
    assert.ok(decodePushReply(encodeCanonical(want(PULL_RANGES_MAX))))
    assert.equal(decodePushReply(encodeCanonical(want(PULL_RANGES_MAX + 1))), null)
  })
})
