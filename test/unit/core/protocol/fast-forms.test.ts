/** What is read in a hurry is read as it is with leisure: the short cuts of replay agree with the decoders. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { HybridTime, LogId } from '../../../../src/core/base/brand.ts'
import { bytesToBase64url } from '../../../../src/core/base/bytes.ts'
import { encodeCanonical } from '../../../../src/core/base/canonical.ts'
import { bytesToDigest, digestToBytes } from '../../../../src/core/base/hash.ts'
import { decodeHeader, encodeHeader, logIdToBytes, viewHeader } from '../../../../src/core/protocol/entry.ts'
import { KIND_MAX, PAYLOAD_BYTES_MAX, SEQ_MAX, TEXT_BYTES_MAX } from '../../../../src/core/protocol/limits.ts'
import { decodeMemory, encodeMemory, isMemory } from '../../../../src/core/protocol/payloads.ts'
import { fuzz } from '../../../support/fuzz.ts'

/** Numbers at the borders of their byte forms, and a bound. */
const uint = (max: number) =>
  fc
    .oneof(fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, max), fc.nat())
    .filter((value) => value <= max)
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const header = fc
  .record({
    logId: bytes(16).map((id) => bytesToBase64url(id) as LogId),
    seq: uint(SEQ_MAX),
    clock: uint(Number.MAX_SAFE_INTEGER).map((clock) => clock as HybridTime),
    kind: uint(KIND_MAX),
    payloadLength: uint(PAYLOAD_BYTES_MAX),
    payload: bytes(32).map(bytesToDigest),
    references: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(bytes(32).map(bytesToDigest), { maxLength: 3 }) },
    ),
  })
  .map((fields) => ({ fields, bytes: encodeHeader(fields) }))
/** One byte changed, some cut off, some added. */
const damaged = (of: fc.Arbitrary<Uint8Array>) =>
  fc
    .record({
      bytes: of,
      at: fc.nat(),
      byte: fc.nat(255),
      cut: fc.nat(3),
      more: fc.uint8Array({ maxLength: 2 }),
    })
    .map(({ bytes, at, byte, cut, more }) => {
      const changed = bytes.length > 0 ? bytes.with(at % bytes.length, byte) : bytes
      return Uint8Array.from([...changed.subarray(0, changed.length - cut), ...more])
    })

describe('a header that is viewed', () => {
  test('says what it says when it is decoded', () =>
    fuzz(header, ({ fields, bytes }) => {
      const view = viewHeader(bytes)
      if (fields.references.length > 0) return assert.equal(view, null)
      const { logId, seq, clock, kind, payload } = fields
      const expected = { logId: logIdToBytes(logId), seq, clock, kind, payload: digestToBytes(payload) }
      assert.deepEqual(
        view && { ...view, logId: new Uint8Array(view.logId), payload: new Uint8Array(view.payload) },
        expected,
      )
    }))

  test('is one that is decoded too, however it is damaged', () =>
    fuzz(
      damaged(header.map(({ bytes }) => bytes)),
      (bytes) => {
        const view = viewHeader(bytes)
        if (!view) return
        const decoded = decodeHeader(bytes)
        assert.ok(decoded.ok)
        assert.deepEqual(
          [view.seq, view.clock, view.kind, bytesToDigest(view.payload), bytesToBase64url(view.logId)],
          [
            decoded.value.seq,
            decoded.value.clock,
            decoded.value.kind,
            decoded.value.payload,
            decoded.value.logId,
          ],
        )
      },
      5000,
    ))
})

describe('a payload that is judged', () => {
  const nothing = { tags: [], thread: null, position: null, speaker: null, sources: [] }
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1 }),
    fc.constantFrom(1, 23, 24, 255, 256, 65_535, TEXT_BYTES_MAX).map((length) => 'x'.repeat(length)),
  )
  const memory = fc
    .record({ text, tags: fc.array(fc.string({ minLength: 1 }), { maxLength: 2 }) })
    .map((fields) => encodeMemory({ ...nothing, ...fields }))

  test('is a memory where it is decoded as one, however it is damaged', () =>
    fuzz(
      fc.oneof(memory, damaged(memory)),
      (payload) => assert.equal(isMemory(payload), decodeMemory(payload) !== null),
      3000,
    ))

  test('is none with one byte more of text than a memory may have, or with none', () => {
    assert.ok(isMemory(encodeMemory({ ...nothing, text: 'x'.repeat(TEXT_BYTES_MAX) })))
    assert.ok(!isMemory(encodeMemory({ ...nothing, text: 'x'.repeat(TEXT_BYTES_MAX + 1) })))
    assert.ok(!isMemory(encodeCanonical({ text: '' })))
    assert.ok(!isMemory(encodeCanonical({ text: 5 })))
    assert.ok(!isMemory(new Uint8Array()))
  })
})
