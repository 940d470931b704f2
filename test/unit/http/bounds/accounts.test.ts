import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ADDRESS_BUCKETS_MAX,
  ADDRESS_BYTES_BURST,
  ADDRESS_SIGNATURES_BURST,
  ADDRESS_SIGNATURES_PER_SECOND,
  EVERYONE_FACTOR,
  PEER_SIGNATURES_BURST,
  PROVEN_BUCKETS_MAX,
  WIDE_FACTOR,
} from '../../../../src/core/protocol/limits.ts'
import { createAccounts } from '../../../../src/http/bounds/accounts.ts'
import { toOrigin } from '../../../../src/http/bounds/origin.ts'
import {
  ADDRESS_KEYS_BURST,
  ADDRESS_KEYS_PER_SECOND,
  KEYS_MET_MAX,
  NEAR_FACTOR,
  REFUSAL_COST,
  STRANGER_DEBT_FACTOR,
  STRANGER_ENTRY_COST,
  STRANGER_PUSH_ENTRIES_MAX,
} from '../../../../src/http/bounds/strangers.ts'

const STRANGER = toOrigin('93.184.216.34')
/** Of another neighbourhood than the stranger. */
const OTHER = toOrigin('198.41.0.4')

function setUp() {
  const time = { nowMs: 0 }
  return { time, accounts: createAccounts(() => time.nowMs) }
}

test('as many signatures as an address has at once are verified, one more waits', () => {
  const { time, accounts } = setUp()
  for (let i = 0; i < ADDRESS_SIGNATURES_BURST; i++)
    assert.equal(accounts.take(STRANGER, null, { signatures: 1 }), 0)
  const waitMs = accounts.take(STRANGER, null, { signatures: 1 })
  assert.equal(waitMs, Math.ceil(1000 / ADDRESS_SIGNATURES_PER_SECOND))
  assert.equal(accounts.take(OTHER, null, { signatures: 1 }), 0)
  // To be refused has its price.
  time.nowMs += Math.ceil((1000 * (REFUSAL_COST + 1)) / ADDRESS_SIGNATURES_PER_SECOND)
  assert.equal(accounts.take(STRANGER, null, { signatures: 1 }), 0)
  assert.notEqual(accounts.take(STRANGER, null, { signatures: 1 }), 0)
})

test('as many bytes as an address has at once are taken, one more waits, and debts are paid first', () => {
  const { time, accounts } = setUp()
  assert.equal(accounts.take(STRANGER, null, { bytes: ADDRESS_BYTES_BURST }), 0)
  assert.notEqual(accounts.take(STRANGER, null, { bytes: 1 }), 0)
  accounts.charge(STRANGER, null, { bytes: ADDRESS_BYTES_BURST / 2 })
  const waitMs = accounts.take(STRANGER, null, { signatures: 1 })
  time.nowMs += waitMs - 1
  assert.notEqual(accounts.take(STRANGER, null, { signatures: 1 }), 0)
  time.nowMs += 1
  assert.equal(accounts.take(STRANGER, null, { signatures: 1 }), 0)
})

test('who goes on asking while refused is not served in between, who waits a second is', () => {
  const { time, accounts } = setUp()
  for (const origin of [STRANGER, OTHER])
    accounts.charge(origin, null, { signatures: ADDRESS_SIGNATURES_BURST })
  let served = 0
  for (let i = 0; i < 600; i++) {
    time.nowMs += 10
    if (accounts.take(STRANGER, null, { signatures: 1 }) === 0) served++
  }
  assert.equal(served, 0)
  for (let i = 0; i < 10; i++) {
    assert.equal(accounts.take(OTHER, null, { signatures: 1 }), 0)
    time.nowMs += 1000
  }
})

test('an address that is none of the public internet may stand for many, and pays nothing for being refused', () => {
  const { time, accounts } = setUp()
  const near = toOrigin('127.0.0.1')
  const has = NEAR_FACTOR * ADDRESS_SIGNATURES_BURST
  for (let i = 0; i < has; i++) assert.equal(accounts.take(near, null, { signatures: 1 }), 0)
  for (let i = 0; i < 100; i++) assert.notEqual(accounts.take(near, null, { signatures: 1 }), 0)
  time.nowMs += 1000
  assert.equal(accounts.take(near, null, { signatures: 1 }), 0)
})

test('what a request makes this spore do is paid by strangers alone', () => {
  const { accounts } = setUp()
  accounts.prove(STRANGER, 'did:key:zPeer')
  const work = ADDRESS_SIGNATURES_BURST
  assert.equal(accounts.take(STRANGER, 'did:key:zOther', { signatures: 1, work }), 0)
  assert.notEqual(accounts.take(STRANGER, 'did:key:zOther', { signatures: 1 }), 0)
  for (let i = 0; i < 100; i++)
    assert.equal(accounts.take(STRANGER, 'did:key:zPeer', { signatures: 1, work }), 0)
})

test('a debt is never deeper than one burst', () => {
  const { time, accounts } = setUp()
  for (let i = 0; i < 100; i++) accounts.charge(STRANGER, null, { signatures: ADDRESS_SIGNATURES_BURST })
  time.nowMs += (2 * ADDRESS_SIGNATURES_BURST * 1000) / ADDRESS_SIGNATURES_PER_SECOND
  assert.equal(accounts.take(STRANGER, null, { signatures: ADDRESS_SIGNATURES_BURST }), 0)
})

test('what costs more than half of a bucket needs half of it, and owes the rest', () => {
  const { time, accounts } = setUp()
  const half = ADDRESS_SIGNATURES_BURST / 2
  accounts.charge(STRANGER, null, { signatures: half })
  assert.equal(accounts.take(STRANGER, null, { signatures: 3 * half }), 0)
  const waitMs = accounts.take(STRANGER, null, { signatures: 1 })
  assert.equal(waitMs, Math.ceil(((2 * half + 1) * 1000) / ADDRESS_SIGNATURES_PER_SECOND))
  time.nowMs += waitMs
  assert.notEqual(accounts.take(STRANGER, null, { signatures: 1e6 }), 0)
})

test('a neighbourhood has some times what an address has, however many addresses there are in it', () => {
  const { accounts } = setUp()
  let taken = 0
  for (let i = 0; i < 256; i++)
    while (accounts.take(toOrigin(`93.184.216.${i}`), null, { signatures: 256 }) === 0) taken += 256
  assert.equal(taken, WIDE_FACTOR * ADDRESS_SIGNATURES_BURST)
  assert.equal(accounts.take(OTHER, null, { signatures: 1 }), 0)
})

test('all strangers together have some times what an address has, however many keys and neighbourhoods', () => {
  const { accounts } = setUp()
  let taken = 0
  for (let i = 0; i < 1000; i++) {
    const origin = toOrigin(`2606:${i.toString(16)}::1`)
    while (accounts.take(origin, `did:key:z${i}`, { signatures: 512 }) === 0) taken += 512
  }
  assert.equal(taken, EVERYONE_FACTOR * ADDRESS_SIGNATURES_BURST)
})

test('a peer that has proven itself has its own tokens, whatever strangers use up at its address or elsewhere', () => {
  const { accounts } = setUp()
  accounts.prove(STRANGER, 'did:key:zPeer')
  for (let i = 0; i < 1000; i++)
    accounts.charge(toOrigin(`2606:${i.toString(16)}::1`), null, { signatures: 1e6 })
  accounts.charge(STRANGER, null, { signatures: 1e6 })
  assert.notEqual(accounts.take(STRANGER, 'did:key:zOther', { signatures: 1 }), 0)
  accounts.charge(STRANGER, 'did:key:zPeer', { signatures: PEER_SIGNATURES_BURST - 1 })
  assert.equal(accounts.take(STRANGER, 'did:key:zPeer', { signatures: 1 }), 0)
  // Its tokens are bounded too.
  assert.notEqual(accounts.take(STRANGER, 'did:key:zPeer', { signatures: 1 }), 0)
})

test('who says to be a peer at an address where that has not proven itself is a stranger', () => {
  const { accounts } = setUp()
  accounts.prove(STRANGER, 'did:key:zPeer')
  accounts.charge(OTHER, 'did:key:zPeer', { signatures: 1e6 })
  assert.notEqual(accounts.take(OTHER, 'did:key:zPeer', { signatures: 1 }), 0)
  assert.equal(accounts.take(STRANGER, 'did:key:zPeer', { signatures: 1 }), 0)
})

test('an address is strained once less than half is left', () => {
  const { time, accounts } = setUp()
  accounts.charge(STRANGER, null, { signatures: ADDRESS_SIGNATURES_BURST / 2 })
  assert.equal(accounts.isStrained(STRANGER, null), false)
  accounts.charge(STRANGER, null, { signatures: 1 })
  assert.equal(accounts.isStrained(STRANGER, null), true)
  assert.equal(accounts.isStrained(OTHER, null), false)
  time.nowMs += 1000
  assert.equal(accounts.isStrained(STRANGER, null), false)
})

test('no number of addresses and peers makes the maps grow beyond their bounds', () => {
  const { accounts } = setUp()
  for (let i = 0; i < ADDRESS_BUCKETS_MAX + 1000; i++)
    accounts.charge(toOrigin(`${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.1`), null, { bytes: 1 })
  assert.equal(accounts.size, ADDRESS_BUCKETS_MAX)
  for (let i = 0; i <= PROVEN_BUCKETS_MAX; i++) accounts.prove(STRANGER, `did:key:z${i}`)
  assert.equal(accounts.size, ADDRESS_BUCKETS_MAX + PROVEN_BUCKETS_MAX)
})

test('time that runs backwards refills nothing', () => {
  const { time, accounts } = setUp()
  time.nowMs = 1e6
  accounts.charge(STRANGER, null, { signatures: ADDRESS_SIGNATURES_BURST })
  time.nowMs = 0
  assert.notEqual(accounts.take(STRANGER, null, { signatures: 1 }), 0)
  time.nowMs = 1e6
  assert.notEqual(accounts.take(STRANGER, null, { signatures: 1 }), 0)
})

test('keys that come for the first time are counted: a crowd of them is one caller', () => {
  const { time, accounts } = setUp()
  for (let i = 0; i < ADDRESS_KEYS_BURST; i++) assert.equal(accounts.meet(STRANGER, `did:key:z${i}`), 0)
  assert.equal(accounts.meet(STRANGER, 'did:key:zMore'), 1000 / ADDRESS_KEYS_PER_SECOND)
  // Who was there before is no news, however often it comes; elsewhere it is.
  for (let i = 0; i < 100; i++) assert.equal(accounts.meet(STRANGER, 'did:key:z0'), 0)
  assert.equal(accounts.meet(OTHER, 'did:key:zMore'), 0)
  time.nowMs += 1000 / ADDRESS_KEYS_PER_SECOND
  assert.equal(accounts.meet(STRANGER, 'did:key:zMore'), 0)
})

test('a crowd that goes on asking is served nothing any more; who waits as told is', () => {
  const { time, accounts } = setUp()
  let served = 0
  for (let i = 0; i < 600; i++) {
    time.nowMs += 100
    const isMet = accounts.meet(STRANGER, `did:key:z${i}`) === 0
    if (isMet && accounts.take(STRANGER, `did:key:z${i}`, { signatures: 1 }) === 0) served++
  }
  assert.ok(served <= ADDRESS_KEYS_BURST + 4, `${served} requests of 600 keys`)
  time.nowMs += 1000 * (1 + (ADDRESS_SIGNATURES_BURST + 1) / ADDRESS_SIGNATURES_PER_SECOND)
  assert.equal(accounts.meet(STRANGER, 'did:key:zLate'), 0)
  assert.equal(accounts.take(STRANGER, 'did:key:zLate', { signatures: 1 }), 0)
})

test('a neighbourhood has some times as many new keys as an address; one that is not public any number', () => {
  const { accounts } = setUp()
  let met = 0
  for (let i = 0; i < 64; i++)
    for (let key = 0; key < 2; key++)
      if (accounts.meet(toOrigin(`93.184.216.${i}`), `did:key:z${i}-${key}`) === 0) met++
  assert.equal(met, WIDE_FACTOR * ADDRESS_KEYS_BURST)
  assert.equal(accounts.meet(OTHER, 'did:key:zOther'), 0)
  for (let i = 0; i < 1000; i++) assert.equal(accounts.meet(toOrigin('10.0.0.1'), `did:key:z${i}`), 0)
})

test('so many keys are remembered, and one more makes the one that came longest ago a new one', () => {
  const { time, accounts } = setUp()
  for (let i = 0; i < KEYS_MET_MAX + 1; i++) {
    time.nowMs += 1000 / ADDRESS_KEYS_PER_SECOND
    assert.equal(accounts.meet(STRANGER, `did:key:z${i}`), 0)
  }
  for (let i = 0; i < ADDRESS_KEYS_BURST; i++) accounts.meet(STRANGER, `did:key:zx${i}`)
  assert.equal(accounts.meet(STRANGER, `did:key:z${KEYS_MET_MAX}`), 0)
  assert.notEqual(accounts.meet(STRANGER, 'did:key:z0'), 0)
})

test('what was done for it an address owes in full, its neighbourhood and everyone no more than one burst', () => {
  const { time, accounts } = setUp()
  const work = STRANGER_ENTRY_COST * STRANGER_PUSH_ENTRIES_MAX
  accounts.charge(STRANGER, null, { signatures: ADDRESS_SIGNATURES_BURST })
  accounts.charge(STRANGER, null, { work })
  const waitMs = accounts.take(STRANGER, null, { signatures: 1 })
  assert.equal(waitMs, Math.ceil(((work + 1) * 1000) / ADDRESS_SIGNATURES_PER_SECOND))
  for (let i = 0; i < 100; i++) accounts.charge(STRANGER, null, { work })
  const most = STRANGER_DEBT_FACTOR * ADDRESS_SIGNATURES_BURST
  const mostMs = Math.ceil(((most + 1) * 1000) / ADDRESS_SIGNATURES_PER_SECOND)
  assert.equal(accounts.take(STRANGER, null, { signatures: 1 }), mostMs)
  // A refusal forgives nothing of it.
  assert.equal(accounts.take(STRANGER, null, { signatures: 1 }), mostMs)
  time.nowMs += ((ADDRESS_SIGNATURES_BURST + 1) * 1000) / ADDRESS_SIGNATURES_PER_SECOND
  assert.equal(accounts.take(toOrigin('93.184.216.99'), null, { signatures: 1 }), 0)
  assert.equal(accounts.take(OTHER, null, { signatures: 1 }), 0)
})
