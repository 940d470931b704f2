/** φ of a silence: what the paper asks of an accrual detector, and what bursts and quiet hours do to it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Arrivals, arrived, BURST_MS, noArrivals, phi } from '../../../../src/core/gossip/arrivals.ts'
import { seededRandom, testSeed } from '../../../support/seeded.ts'

const EXPECTED_MS = 40_000

/** Arrivals every `gapMs` until `endMs`. */
function beats(gapMs: number, count: number): { readonly arrivals: Arrivals; readonly endMs: number } {
  const arrivals = noArrivals()
  for (let i = 0; i < count; i++) arrived(arrivals, i * gapMs)
  return { arrivals, endMs: (count - 1) * gapMs }
}

describe('φ', () => {
  test('is 0 before anything came, grows with the silence, and starts anew with what comes', () => {
    assert.equal(phi(noArrivals(), 1e12, EXPECTED_MS), 0)
    const { arrivals, endMs } = beats(EXPECTED_MS, 20)
    let last = -1
    for (let silentMs = 0; silentMs < 30 * EXPECTED_MS; silentMs += EXPECTED_MS) {
      const now = phi(arrivals, endMs + silentMs, EXPECTED_MS)
      assert.ok(now > last)
      last = now
    }
    arrived(arrivals, endMs + 30 * EXPECTED_MS)
    assert.equal(phi(arrivals, endMs + 30 * EXPECTED_MS, EXPECTED_MS), 0)
  })

  test('says how rare such a silence is: of random gaps one in 10 reaches 1, one in 1,000 reaches 3', (context) => {
    const seed = testSeed()
    context.diagnostic(`seed ${seed} (repeat with SPORE_SEED=${seed})`)
    const random = seededRandom(seed)
    const arrivals = noArrivals()
    const reached = [0, 0]
    const count = 60_000
    for (let i = 0, nowMs = 0; i < count; i++) {
      arrived(arrivals, nowMs)
      nowMs += BURST_MS - 120_000 * Math.log(1 - random.float())
      const now = phi(arrivals, nowMs, EXPECTED_MS)
      if (now >= 1) reached[0] = (reached[0] as number) + 1
      if (now >= 3) reached[1] = (reached[1] as number) + 1
    }
    const [ten, thousand] = reached as [number, number]
    // The moving mean is never exact, which makes long gaps somewhat more frequent than its value says.
    assert.ok(ten / count > 0.07 && ten / count < 0.14, `${ten} of ${count} reached 1`)
    assert.ok(thousand / count > 0.0005 && thousand / count < 0.006, `${thousand} of ${count} reached 3`)
  })

  test('takes a burst for one arrival, and no lively hour for a habit', () => {
    const arrivals = noArrivals()
    for (let i = 0; i < 1000; i++) arrived(arrivals, i)
    assert.equal(arrivals.meanMs, null)
    const { arrivals: lively, endMs } = beats(2 * BURST_MS, 1000)
    assert.ok(phi(lively, endMs + EXPECTED_MS, EXPECTED_MS) < 0.5)
    assert.ok(phi(lively, endMs + EXPECTED_MS, 2 * BURST_MS) > 8)
  })

  test('waits longer for a peer that always took longer', () => {
    const { arrivals, endMs } = beats(10 * EXPECTED_MS, 50)
    assert.ok(phi(arrivals, endMs + 20 * EXPECTED_MS, EXPECTED_MS) < 1)
  })
})
