/** Whatever a stranger signs and sends, the routes answer, and never with 500. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import { encodeFrame } from '../../../../src/core/protocol/frame.ts'
import { decodePushReply, encodePull } from '../../../../src/core/protocol/messages.ts'
import { type SeededRandom, seededRandom, testSeed } from '../../../support/seeded.ts'
import { framesOf, makeRun } from './runs.ts'
import { ask, newSigner, pullOf, pushOf, serveUnbounded } from './support.ts'

/** Bodies of each kind: enough to hit every field of a run some dozens of times, in about two seconds. */
const CASES = 1500
/** One caller would be slowed after two such bodies; and of strangers, no more than so many are heard at a time. */
const signers = Array.from({ length: 1000 }, newSigner)
const signerOf = (i: number) => signers[i % signers.length]!

/** Flips, cuts, repeats or inserts at a few places. */
function mutate(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  let mutated = Uint8Array.from(bytes)
  for (let i = random.integer(1, 4); i > 0; i--) {
    const at = random.integer(0, mutated.length)
    const end = Math.min(mutated.length, at + random.integer(1, 9))
    const before = mutated.subarray(0, at)
    const kind = random.integer(0, 3)
    if (kind === 0 && at < mutated.length) mutated[at]! ^= 1 << random.integer(0, 7)
    if (kind === 1) mutated = new Uint8Array([...before, ...mutated.subarray(end)])
    if (kind === 2)
      mutated = new Uint8Array([...before, ...mutated.subarray(at, end), ...mutated.subarray(at)])
    if (kind === 3) mutated = new Uint8Array([...before, random.integer(0, 255), ...mutated.subarray(at)])
  }
  return mutated
}

test('mutated pushes are answered with 200 and what was refused', async (context) => {
  const seed = testSeed()
  context.diagnostic(`seed ${seed} (repeat with SPORE_SEED=${seed})`)
  const random = seededRandom(seed)
  await using served = await serveUnbounded()
  const run = makeRun({ signer: newSigner(), texts: ['one', 'two', 'three'] })
  for (let i = 0; i < CASES; i++) {
    // Half the time inside a frame that is whole: or the frame hides the run from what happened to it.
    const body =
      i % 2 === 0 ? mutate(framesOf(run), random) : encodeFrame(mutate(run, random), zlibCompression)
    const { status, body: reply } = await ask(served, { ...pushOf(body), signer: signerOf(i) })
    assert.equal(status, 200, `seed ${seed}, case ${i}`)
    assert.ok(decodePushReply(reply), `seed ${seed}, case ${i}`)
  }
  const { memories, entries } = served.spore.health()
  assert.ok(memories <= 3 && entries <= 3, 'something was stored that nobody signed')
  assert.equal(decodePushReply((await ask(served, pushOf(framesOf(run)))).body)?.failures.length, 0)
})

test('mutated pulls are answered with frames or refused as invalid', async (context) => {
  const seed = testSeed()
  context.diagnostic(`seed ${seed} (repeat with SPORE_SEED=${seed})`)
  const random = seededRandom(seed)
  await using served = await serveUnbounded()
  await served.spore.remember({ text: 'something to give', space: 'commons' })
  const page = await served.spore.memories({ limit: 1 })
  assert.ok(page.ok)
  const logId = page.value.frontier[0]!.log as never
  const body = encodePull([
    { logId, from: 0, to: null },
    { logId, from: 0, to: 7 },
  ])
  const statuses = new Map<number, number>()
  for (let i = 0; i < CASES; i++) {
    const { status, code } = await ask(served, {
      ...pullOf(mutate(body, random)),
      signer: signerOf(i),
    })
    assert.ok(status === 200 || code === 'REQUEST_INVALID', `seed ${seed}, case ${i}: ${status} ${code}`)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  assert.equal(statuses.size, 2)
})
