/** Runs and frames as byte forms: inverse, total on hostile bytes, and no two forms of one thing. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import type { Digest, HybridTime, SpaceId } from '../../../../src/core/base/brand.ts'
import { bytesToBase64url, bytesToHex } from '../../../../src/core/base/bytes.ts'
import { encodeCanonical } from '../../../../src/core/base/canonical.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import { decodeHeader, encodeHeader } from '../../../../src/core/protocol/entry.ts'
import { decodeFrames, encodeFrame, splitFrames } from '../../../../src/core/protocol/frame.ts'
import {
  FRAME_DECODED_BYTES_MAX,
  HEADER_BYTES_MAX,
  KIND_MAX,
  PAYLOAD_BYTES_MAX,
  REFERENCES_MAX,
  SEQ_MAX,
} from '../../../../src/core/protocol/limits.ts'
import { logIdOf } from '../../../../src/core/protocol/log.ts'
import { decodeRun, encodeRun, type Run, toRun } from '../../../../src/core/protocol/run.ts'
import { fuzz, fuzzAsync } from '../../../support/fuzz.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const digest = bytes(32).map((one) => bytesToBase64url(one) as Digest)
const plan = fc.record({
  publicKey: bytes(32),
  epoch: bytes(8),
  space: fc.constantFrom('commons', 'a', 'x'.repeat(64), 'grüße'),
  from: fc.integer({ min: 0, max: SEQ_MAX - 100 }),
  clock: fc.integer({ min: 0, max: 2 ** 50 }),
  chain: bytes(32),
  signature: bytes(64),
  entries: fc.array(
    fc.record({
      kind: fc.nat(KIND_MAX),
      step: fc.nat(10_000),
      payload: fc.uint8Array({ maxLength: 300 }),
      references: fc.array(digest, { maxLength: 4 }),
      isPurged: fc.boolean(),
    }),
    { minLength: 1, maxLength: 20 },
  ),
})

type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never

function planToRun({ publicKey, epoch, space, from, clock, chain, signature, entries }: Plan): Run {
  const log = { publicKey, epoch, space: space as SpaceId }
  const logId = logIdOf(log)
  let time = clock
  return {
    log,
    from,
    chain,
    signature,
    entries: entries.map(({ kind, step, payload, references, isPurged }, i) => {
      time += step
      const header = encodeHeader({
        logId,
        seq: from + i,
        clock: time as HybridTime,
        kind,
        payloadLength: payload.length,
        payload: bytesToDigest(sha256(payload)),
        references,
      })
      return { header, payload: isPurged ? null : payload }
    }),
  }
}

describe('a run', () => {
  test('decodes to the headers and payloads that it was made of', () =>
    fuzz(
      plan,
      (one) => {
        const run = planToRun(one)
        const encoded = encodeRun(run)
        const decoded = decodeRun(encoded)
        assert.ok(decoded.ok, JSON.stringify(decoded))
        assert.deepEqual(
          toRun(decoded.value).entries.map(({ header, payload }) => [
            bytesToHex(header),
            payload && bytesToHex(payload),
          ]),
          run.entries.map(({ header, payload }) => [bytesToHex(header), payload && bytesToHex(payload)]),
        )
        assert.equal(bytesToHex(encodeRun(toRun(decoded.value))), bytesToHex(encoded))
      },
      300,
    ))

  test('with a byte changed is refused, or is another run: no two byte forms are one', () =>
    fuzz(
      fc.record({ one: plan, at: fc.nat(), xor: fc.integer({ min: 1, max: 255 }) }),
      ({ one, at, xor }) => {
        const encoded = encodeRun(planToRun(one))
        const place = at % encoded.length
        const changed = encoded.with(place, (encoded[place] as number) ^ xor)
        const decoded = decodeRun(changed)
        if (decoded.ok) assert.equal(bytesToHex(encodeRun(toRun(decoded.value))), bytesToHex(changed))
        else
          assert.match(
            decoded.error.code,
            /^(RUN_MALFORMED|RUN_TOO_LARGE|ENTRY_TOO_LARGE|VERSION_UNSUPPORTED)$/,
          )
      },
      500,
    ))

  test('cut at any place is refused', () => {
    const encoded = encodeRun(planToRun(fc.sample(plan, { numRuns: 1, seed: 7 })[0]!))
    for (let length = 0; length < encoded.length; length++) {
      const decoded = decodeRun(encoded.subarray(0, length))
      assert.equal(decoded.ok || decoded.error.code, 'RUN_MALFORMED')
    }
  })

  test('of rubbish is refused and never throws', () =>
    fuzz(fc.uint8Array({ maxLength: 200 }), (rubbish) => assert.ok(!decodeRun(rubbish).ok)))

  test('of a version that is no number is refused, whatever stands in its place', () => {
    for (const version of [{}, [{}], 'one', null, true]) {
      const bytes = encodeCanonical([version])
      for (const read of [decodeRun(bytes), decodeHeader(bytes)])
        assert.equal(read.ok || read.error.code, 'VERSION_UNSUPPORTED')
    }
  })

  test('longer than a frame decodes to is not even read', () => {
    const refused = decodeRun(new Uint8Array(FRAME_DECODED_BYTES_MAX + 1))
    assert.equal(refused.ok || refused.error.code, 'RUN_TOO_LARGE')
    const read = decodeRun(new Uint8Array(FRAME_DECODED_BYTES_MAX))
    assert.equal(read.ok || read.error.code, 'RUN_MALFORMED')
  })

  test('is not made of headers that do not decode', () => {
    const run = planToRun(fc.sample(plan, { numRuns: 1, seed: 7 })[0]!)
    assert.throws(
      () => encodeRun({ ...run, entries: [{ header: new Uint8Array(3), payload: null }] }),
      /decode/,
    )
  })

  test('decoded from a buffer keeps no view of it', () => {
    const buffer = Buffer.from(encodeRun(planToRun(fc.sample(plan, { numRuns: 1, seed: 3 })[0]!)))
    const decoded = decodeRun(buffer)
    assert.ok(decoded.ok)
    const before = bytesToHex(encodeRun(toRun(decoded.value)))
    buffer.fill(0)
    assert.equal(bytesToHex(encodeRun(toRun(decoded.value))), before)
  })
})

describe('a header', () => {
  const longest = {
    logId: logIdOf({ publicKey: new Uint8Array(32), space: 'commons' as SpaceId, epoch: new Uint8Array(8) }),
    seq: SEQ_MAX,
    clock: Number.MAX_SAFE_INTEGER as HybridTime,
    kind: KIND_MAX,
    payloadLength: PAYLOAD_BYTES_MAX,
    payload: bytesToDigest(sha256(new Uint8Array())),
    references: Array.from({ length: REFERENCES_MAX }, (_, i) => bytesToDigest(sha256(Uint8Array.of(i)))),
  }
  test('at every bound fits HEADER_BYTES_MAX and decodes', () => {
    const encoded = encodeHeader(longest)
    assert.ok(encoded.length <= HEADER_BYTES_MAX, `${encoded.length} bytes`)
    assert.deepEqual(decodeHeader(encoded), { ok: true, value: longest })
  })
  test('of one byte more than HEADER_BYTES_MAX is refused before it is read', () => {
    const refused = decodeHeader(new Uint8Array(HEADER_BYTES_MAX + 1))
    assert.equal(refused.ok || refused.error.code, 'ENTRY_TOO_LARGE')
    const read = decodeHeader(new Uint8Array(HEADER_BYTES_MAX))
    assert.equal(read.ok || read.error.code, 'ENTRY_MALFORMED')
  })
  test('of rubbish is refused and never throws', () =>
    fuzz(fc.uint8Array({ maxLength: 200 }), (rubbish) => assert.ok(!decodeHeader(rubbish).ok)))
})

describe('frames', () => {
  const body = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 2000 }),
    fc
      .record({ byte: fc.nat(255), length: fc.integer({ min: 1, max: 50_000 }) })
      .map(({ byte, length }) => new Uint8Array(length).fill(byte)),
  )
  test('decode to what they were made of, one after another', () =>
    fuzz(
      fc.array(body, { maxLength: 4 }),
      (bodies) => {
        const stream = Buffer.concat(bodies.map((one) => encodeFrame(one, zlibCompression)))
        const decoded = [...decodeFrames(stream, zlibCompression)]
        assert.deepEqual(
          decoded.map((one) => one.ok && bytesToHex(one.value)),
          bodies.map(bytesToHex),
        )
      },
      200,
    ))
  test('of rubbish end with one refusal and never throw', () =>
    fuzz(fc.uint8Array({ minLength: 1, maxLength: 60 }), (rubbish) => {
      const refused = [...decodeFrames(rubbish, zlibCompression)].filter(({ ok }) => !ok)
      assert.ok(refused.length <= 1)
    }))
  /** The pieces that a stream of frames is cut into, given in chunks of `size` bytes. */
  const split = async (stream: Uint8Array, size: number, batchBytes: number): Promise<Uint8Array[]> => {
    const chunks = async function* () {
      for (let at = 0; at < stream.length; at += size) yield stream.subarray(at, at + size)
    }
    const pieces: Uint8Array[] = []
    for await (const piece of splitFrames(chunks(), batchBytes)) pieces.push(piece)
    return pieces
  }
  test('are split between frames only, wherever the stream was cut', () =>
    fuzzAsync(
      fc.record({
        bodies: fc.array(body, { maxLength: 6 }),
        size: fc.integer({ min: 1, max: 3000 }),
        batchBytes: fc.integer({ min: 1, max: 3000 }),
      }),
      async ({ bodies, size, batchBytes }) => {
        const frames = bodies.map((one) => encodeFrame(one, zlibCompression))
        const pieces = await split(Buffer.concat(frames), size, batchBytes)
        assert.deepEqual(Buffer.concat(pieces), Buffer.concat(frames))
        for (const piece of pieces) {
          assert.ok([...decodeFrames(piece, zlibCompression)].every(({ ok }) => ok))
          if (piece !== pieces.at(-1)) assert.ok(piece.length >= batchBytes)
        }
      },
      100,
    ))
  test('that end in the middle, or claim to be longer than one can be, end the last piece', async () => {
    const noise = Buffer.concat(Array.from({ length: 4 }, (_, i) => sha256(Uint8Array.of(i))))
    const frame = encodeFrame(noise, zlibCompression)
    const cut = await split(Buffer.concat([frame, frame.subarray(0, 50)]), 30, 10)
    assert.deepEqual(
      cut.map(({ length }) => length),
      [frame.length, 50],
    )
    const prefix = (length: number) => Buffer.from(Uint32Array.of(length).buffer).swap32()
    const endless = Buffer.concat([frame, prefix(FRAME_DECODED_BYTES_MAX + 2), new Uint8Array(1000)])
    assert.equal(
      (await split(endless, 200, 1e6)).map(({ length }) => length).join(),
      String(frame.length + 4),
    )
    const longest = Buffer.concat([prefix(FRAME_DECODED_BYTES_MAX + 1), new Uint8Array(1000)])
    assert.deepEqual(
      (await split(longest, 200, 1)).map(({ length }) => length),
      [longest.length],
    )
  })
  test('never make a body longer than it is', () => {
    const random = Buffer.concat(Array.from({ length: 100 }, (_, i) => sha256(Uint8Array.of(i))))
    assert.equal(encodeFrame(random, zlibCompression).length, random.length + 5)
    assert.ok(encodeFrame(new Uint8Array(3200), zlibCompression).length < 100)
  })
})
