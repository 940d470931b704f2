/** Time that has passed, on clocks that jump. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createElapsed } from '../../../../src/core/base/elapsed.ts'

const YEAR_MS = 365 * 24 * 3_600_000

test('time passes as the clock says, and never more in one step than is believed, nor backwards', () => {
  const elapsed = createElapsed(60_000)
  let wallMs = Date.UTC(2026, 10, 21)
  assert.equal(elapsed(wallMs), 0)
  wallMs += 5000
  assert.equal(elapsed(wallMs), 5000)
  assert.equal(elapsed(wallMs), 5000)
  wallMs += 10 * YEAR_MS
  assert.equal(elapsed(wallMs), 65_000)
  wallMs -= 20 * YEAR_MS
  assert.equal(elapsed(wallMs), 65_000)
  wallMs += 1000
  assert.equal(elapsed(wallMs), 66_000)
})
