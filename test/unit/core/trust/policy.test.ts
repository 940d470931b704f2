/** What a tier permits: shares of a quota, and whose tasks are worked on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did } from '../../../../src/core/base/brand.ts'
import { SHARE_MIN } from '../../../../src/core/memory/quota.ts'
import {
  isServed,
  QUOTA_SHARE_AT_FAULT,
  QUOTA_SHARES,
  quotaShareOf,
} from '../../../../src/core/trust/policy.ts'
import { createTrust } from '../../../../src/core/trust/trust.ts'
import { TIERS } from '../../../../src/core/trust/trust-contract.ts'

const SELF = 'did:key:z6MkSelf' as Did
const ADA = 'did:key:z6MkAda' as Did

const open = (chosen: readonly Did[] = []) =>
  createTrust(
    {},
    {
      self: SELF,
      clock: { now: () => 1000 },
      isChosen: (author) => chosen.includes(author),
      placeOf: () => [],
    },
  )
const set = (trust: number) => ({ trust, reason: null, atMs: 1 })

test('a higher tier has no smaller share, and a fault less than any', () => {
  const shares = TIERS.map((tier) => QUOTA_SHARES[tier])
  assert.deepEqual(shares, [1, 1, 2, 4, 4])
  assert.ok(shares.every((share) => share > QUOTA_SHARE_AT_FAULT))
  assert.ok(QUOTA_SHARE_AT_FAULT >= SHARE_MIN)
})

test('the share of an author follows from his tier, and from what anybody can check', () => {
  const trust = open()
  assert.equal(quotaShareOf(trust, ADA), 1)
  for (const [value, share] of [
    [0.1, 1],
    [0.45, 2],
    [0.7, 4],
    [1, 4],
  ] as const) {
    trust.override(ADA, set(value))
    assert.equal(quotaShareOf(trust, ADA), share, String(value))
  }
  trust.override(ADA, null)
  trust.noteFault(ADA, 'fork')
  assert.equal(quotaShareOf(trust, ADA), QUOTA_SHARE_AT_FAULT)
  // His own laptop, restored from a backup: the operator knows better.
  trust.override(ADA, set(0.9))
  assert.equal(quotaShareOf(trust, ADA), 4)
})

test('who was chosen is served until he falls below chance; a stranger from the tier of a peer on', () => {
  const trust = open([ADA])
  assert.equal(isServed(trust, ADA, true), true)
  trust.override(ADA, set(0.3))
  assert.equal(isServed(trust, ADA, true), false)
  const strange = open()
  assert.equal(isServed(strange, ADA, false), false)
  strange.override(ADA, set(0.55))
  assert.equal(isServed(strange, ADA, false), false)
  strange.override(ADA, set(0.65))
  assert.equal(isServed(strange, ADA, false), true)
  assert.equal(isServed(strange, SELF, true), true)
})
