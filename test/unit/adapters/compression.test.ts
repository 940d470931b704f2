import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { zlibCompression } from '../../../src/adapters/compression.ts'
import type { Codec } from '../../../src/core/protocol/compression.ts'

const { compress, decompress } = zlibCompression
const codecs: readonly Codec[] = [0, 1, 2, 3]

for (const codec of codecs) {
  test(`codec ${codec} gives back any bytes, at exactly their length and no less`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        const packed = compress(codec, bytes)
        assert.deepEqual(decompress(codec, packed, bytes.length), bytes)
        if (bytes.length > 0) assert.equal(decompress(codec, packed, bytes.length - 1), null)
      }),
      { numRuns: 200 },
    )
  })
}

for (const codec of [1, 2, 3] as const) {
  const packed = compress(codec, new TextEncoder().encode('the same words again and again. '.repeat(100)))

  test(`codec ${codec} makes repeated text smaller`, () => {
    assert.ok(packed.length < 200)
  })

  test(`codec ${codec} refuses a stream cut anywhere, anything behind it, and a second stream`, () => {
    for (let length = 0; length < packed.length; length++)
      assert.equal(decompress(codec, packed.subarray(0, length), 10_000), null, `cut at ${length}`)
    assert.equal(decompress(codec, Buffer.concat([packed, Uint8Array.of(0)]), 10_000), null)
    assert.equal(decompress(codec, Buffer.concat([packed, packed]), 10_000), null)
  })

  test(`codec ${codec} refuses the other codecs' streams and noise, without throwing`, () => {
    assert.equal(decompress(codec, compress(codec === 1 ? 2 : 1, new Uint8Array(1000)), 10_000), null)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        const decoded = decompress(codec, noise, 1000)
        assert.ok(decoded === null || decoded.length <= 1000)
      }),
    )
  })

  test(`codec ${codec} stops a bomb at the limit`, () => {
    const bomb = compress(codec, new Uint8Array(64 * 1024 * 1024))
    assert.ok(bomb.length < 100_000)
    const before = process.memoryUsage().arrayBuffers
    assert.ok(decompress(codec, bomb, 1024 * 1024) === null)
    assert.ok(process.memoryUsage().arrayBuffers - before < 16 * 1024 * 1024)
  })
}

test('a zstd stream that wants a window over 8 MiB is refused', () => {
  const options = { params: { [constants.ZSTD_c_windowLog]: 26 }, pledgedSrcSize: 20 * 1024 * 1024 }
  const wide = zstdCompressSync(Buffer.alloc(20 * 1024 * 1024, 'abc'), options)
  // Not assert.equal: it would print the 20 MiB that should not be there.
  assert.ok(decompress(1, wide, 32 * 1024 * 1024) === null)
})
