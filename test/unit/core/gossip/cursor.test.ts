/** Cursors are legible to the spore that gave them, for the view that they were given in, and tell nobody else anything. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8ToBytes } from '../../../../src/core/base/bytes.ts'
import { sha256 } from '../../../../src/core/base/hash.ts'
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
  for (const arrival of [0, 1, 255, 2 ** 40 - 1])
    for (const forks of [0, 7]) {
      const cursor = cursors.seal({ arrival, forks }, viewOf(1))
      assert.match(cursor, /^[\w-]{16}$/)
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
  for (const half of [0, 6]) {
    const differences = sealed.slice(1).map((bytes, i) => {
      let bits = 0
      for (let at = half; at < half + 6; at++)
        for (let x = (bytes[at] as number) ^ (sealed[i]?.[at] as number); x > 0; x >>= 1) bits += x & 1
      return bits
    })
    // Of 48 bits 24 differ, give or take six times the deviation of 3.5; on average of 199, of 0.25.
    for (const bits of differences) assert.ok(bits > 3 && bits < 45, `${bits} bits of one half differ`)
    const mean = differences.reduce((sum, bits) => sum + bits, 0) / differences.length
    assert.ok(mean > 22.5 && mean < 25.5, `${mean} bits of one half differ on average`)
  }
})

test('no text that this spore did not give for the view is read as one of its cursors, but for one in 65,536', () => {
  const cursors = open()
  let read = 0
  for (let i = 0; i < 20_000; i++) {
    const text = Buffer.from(sha256(utf8ToBytes(`text ${i}`)).subarray(0, 12)).toString('base64url')
    if (cursors.open(text, viewOf(1)).arrival > 0) read++
  }
  assert.ok(read <= 4, `${read} of 20,000 texts were read`)
  for (const text of ['', 'x', 'A'.repeat(15), 'A'.repeat(17), 'A'.repeat(43), `${'A'.repeat(15)}=`])
    assert.deepEqual(cursors.open(text, viewOf(1)), BEGINNING)
  assert.deepEqual(cursors.open(null, viewOf(1)), BEGINNING)
})

test('behind more forks than a cursor counts, the last of them come again', () => {
  const cursors = open()
  const opened = cursors.open(cursors.seal({ arrival: 1, forks: 2 ** 24 }, viewOf(1)), viewOf(1))
  assert.deepEqual(opened, { arrival: 1, forks: 2 ** 24 - 1 })
})
