/** Cursors are legible to the spore that gave them, for the view that they were given in, and tell nobody else anything. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCursors } from '../../../../src/core/gossip/cursor.ts'
import { createSigner } from '../../../../src/core/identity/keys.ts'
import type { View } from '../../../../src/core/memory/spaces.ts'

const viewOf = (tag: number): View => ({ spaces: [], sees: () => true, tag: new Uint8Array(4).fill(tag) })
const open = (key = 1, startedAtMs = 1_795_219_200_000, epoch = 1) =>
  createCursors({
    signer: createSigner(new Uint8Array(32).fill(key)),
    epoch: () => new Uint8Array(8).fill(epoch),
    startedAtMs,
  })
const BEGINNING = { arrival: 0, forks: 0 }

test('a cursor opens to its position, in the view and epoch that it was given in', () => {
  const cursors = open()
  for (const arrival of [0, 1, 255, 2 ** 40])
    for (const forks of [0, 7]) {
      const cursor = cursors.seal({ arrival, forks }, viewOf(1))
      assert.match(cursor, /^[\w-]{43}$/)
      assert.deepEqual(cursors.open(cursor, viewOf(1)), { arrival, forks })
      assert.equal(cursors.seal({ arrival, forks }, viewOf(1)), cursor)
      assert.deepEqual(cursors.open(cursor, viewOf(2)), BEGINNING)
      assert.deepEqual(open(1, undefined, 2).open(cursor, viewOf(1)), BEGINNING)
      assert.deepEqual(open(2).open(cursor, viewOf(1)), BEGINNING)
      // Fork proofs are counted anew by each process.
      assert.deepEqual(open(1, 5).open(cursor, viewOf(1)), { arrival, forks: 0 })
    }
})

test('cursors of neighbouring positions have nothing in common', () => {
  const cursors = open()
  const sealed = Array.from({ length: 200 }, (_, arrival) =>
    Buffer.from(cursors.seal({ arrival, forks: 0 }, viewOf(1)), 'base64url'),
  )
  for (const [i, bytes] of sealed.entries()) {
    const before = sealed[i - 1]
    if (!before) continue
    for (const half of [0, 16]) {
      let bits = 0
      for (let at = half; at < half + 16; at++)
        for (let x = (bytes[at] as number) ^ (before[at] as number); x > 0; x >>= 1) bits += x & 1
      // Of 128 bits 64 differ, give or take six times the deviation of 5.7.
      assert.ok(bits > 30 && bits < 98, `${bits} bits of one half differ`)
    }
  }
})
