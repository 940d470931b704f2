/** Announcements: what is claimed and not brought is bounded for each caller, and held against those who do nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did, LogId } from '../../../../src/core/base/brand.ts'
import { createClaims } from '../../../../src/core/gossip/claims.ts'
import { type Conduct, createConduct } from '../../../../src/core/gossip/conduct.ts'
import {
  CLAIM_KEPT_MS,
  CLAIMED_CALLERS_MAX,
  CLAIMED_ROWS_BURST,
  CLAIMED_ROWS_PER_SECOND,
  IHAVE_ROWS_MAX,
} from '../../../../src/core/protocol/limits.ts'
import { encodeIhave } from '../../../../src/core/protocol/messages.ts'
import { createVirtualClock } from '../../../support/virtual-clock.ts'
import { inventedRow } from './liar.ts'
import { testLoopback } from './support.ts'

const caller = 'did:key:zCaller' as Did
const want = [{ logId: 'A'.repeat(22) as LogId, from: 0 }]

function setup(): {
  conduct: Conduct
  claims: ReturnType<typeof createClaims>
  clock: ReturnType<typeof createVirtualClock>
  held: Set<LogId>
} {
  const clock = createVirtualClock(0)
  const held = new Set<LogId>()
  const conduct = createConduct({ clock, isPinned: () => false, onCut: () => {} })
  return {
    conduct,
    clock,
    held,
    claims: createClaims({ conduct, clock, next: (logId) => (held.has(logId) ? 1 : 0) }),
  }
}

const offencesOf = (conduct: Conduct) => conduct.view(caller)?.offences

test('a caller announces so much that is not here, one row more waits, and what it brings counts', () => {
  const { claims, clock, conduct } = setup()
  claims.claimed(caller, CLAIMED_ROWS_BURST, want)
  assert.equal(claims.refusal(caller), null)
  claims.claimed(caller, 1, want)
  const refused = claims.refusal(caller)
  assert.equal(refused?.code, 'OVERLOADED')
  assert.equal(refused?.retryAfterSeconds, 1)
  assert.equal(offencesOf(conduct)?.flood, 1)
  claims.brought(caller, 1)
  assert.equal(claims.refusal(caller), null)
  claims.claimed(caller, CLAIMED_ROWS_PER_SECOND, want)
  assert.ok(claims.refusal(caller))
  clock.jump(1000)
  assert.equal(claims.refusal(caller), null)
})

test('who announces and never brings what was wanted has it held against it', () => {
  const { claims, clock, conduct } = setup()
  for (let i = 0; i < 3; i++) claims.claimed(caller, 1, want)
  clock.jump(CLAIM_KEPT_MS - 1)
  claims.claimed(caller, 1, want)
  assert.equal(offencesOf(conduct)?.futile ?? 0, 0)
  clock.jump(1)
  claims.claimed(caller, 1, want)
  assert.equal(offencesOf(conduct)?.futile, 1)
})

test('nothing is held against who brought some of it, lost its network, or was not the first', () => {
  for (const excuse of ['brought', 'lost', 'held'] as const) {
    const { claims, clock, conduct, held } = setup()
    for (let i = 0; i < (excuse === 'lost' ? 2 : 5); i++) claims.claimed(caller, 1, want)
    if (excuse === 'brought') claims.brought(caller, 1)
    if (excuse === 'held') held.add(want[0]?.logId as LogId)
    clock.jump(CLAIM_KEPT_MS)
    claims.claimed(caller, 1, want)
    assert.equal(offencesOf(conduct)?.futile ?? 0, 0, excuse)
  }
})

test('so many callers have an account, and one more takes the place of another', () => {
  const { claims } = setup()
  for (let i = 0; i <= CLAIMED_CALLERS_MAX; i++) claims.claimed(`${caller}${i}` as Did, 1, want)
  assert.equal(claims.size, CLAIMED_CALLERS_MAX)
})

test('announcements of invented logs are refused unread when there were enough of them', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const { did } = await net.open('b')
  const body = encodeIhave(
    Array.from({ length: IHAVE_ROWS_MAX }, () => ({ logId: inventedRow(net).logId, next: 1000 })),
  )
  let answered = 0
  while (a.spore.federation.ihave(body, did).ok) assert.ok(++answered < 100)
  assert.equal(answered, CLAIMED_ROWS_BURST / IHAVE_ROWS_MAX + 1)
  const unread = a.spore.federation.ihave(new Uint8Array(1), did)
  assert.equal(!unread.ok && unread.error.code, 'OVERLOADED')
})
