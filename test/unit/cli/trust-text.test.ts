/** Trust as it is printed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeAuthor, describeTrust } from '../../../src/cli/trust-text.ts'
import type { TrustView } from '../../../src/core/protocol/api.ts'

const AUTHOR = 'did:key:z6MkAAAAAAAABBBBBBBB'
const judged: TrustView = {
  author: AUTHOR,
  trust: 0.75,
  uncertainty: 0.0625,
  lower: 0.625,
  tier: 'peer',
  standing: 'judged',
  isQuarantined: false,
  domains: [
    {
      domain: 'medicine',
      trust: 0.5,
      uncertainty: 0.125,
      lower: 0.25,
      own: { right: 3, wrong: 1 },
      others: { right: 1.25, wrong: 0 },
    },
  ],
  override: null,
  faults: [],
  reasons: ['right in 3 of 4'],
  entries: 12,
}
const stranger: TrustView = {
  ...judged,
  trust: null,
  uncertainty: null,
  lower: null,
  tier: 'stranger',
  standing: 'unknown',
  isQuarantined: true,
  domains: [],
  reasons: [],
}

test('an author is one line: how far, which tier, who, and why it is labelled', () => {
  assert.equal(describeAuthor(judged), `0.750 ± 0.063  peer         ${AUTHOR}  judged, 12 entries`)
  assert.equal(
    describeAuthor(stranger),
    `unknown        stranger     ${AUTHOR}  unknown, quarantined, 12 entries`,
  )
})

test('an explanation shows the figures, each domain, and the reasons', () => {
  assert.deepEqual(describeTrust(judged).split('\n'), [
    AUTHOR,
    '  trust    0.750 ± 0.063, at least 0.625',
    '  tier     peer',
    '  rests on judged; 12 of its entries are held here',
    '  by domain',
    '    medicine                  0.500 ± 0.125  judged here 3 right, 1 wrong; of others 1.3 right, 0 wrong',
    '  why',
    '    right in 3 of 4',
  ])
  assert.match(describeTrust(stranger), /nothing is known[\s\S]*quarantined/)
})

test('what is set by hand and what anybody can check stand in it', () => {
  const override = { trust: 0.2, reason: 'spam', setAt: '2026-11-21T00:00:00.000Z' }
  const text = describeTrust({ ...judged, standing: 'override', override, faults: ['fork'] })
  assert.match(text, /set by hand to 0\.200 at 2026-11-21T00:00:00\.000Z: “spam”/)
  assert.match(text, /faults {3}fork/)
})

test('words of others steer no terminal', () => {
  const hostile = '\u001b[31mred\u202e\nnext'
  const text = describeTrust({
    ...judged,
    domains: [{ ...judged.domains[0]!, domain: hostile }],
    override: { trust: 1, reason: hostile, setAt: 'now' },
    faults: [hostile],
    reasons: [hostile],
  })
  assert.ok(!text.includes('\u001b') && !text.includes('\u202e'))
  assert.equal(text.split('\n').length, 10)
})
