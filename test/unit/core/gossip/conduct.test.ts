/** What callers cost and did, and what follows: attackers are cut off soon, honest mistakes never lead there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did } from '../../../../src/core/base/brand.ts'
import {
  CUT_SCORE,
  createConduct,
  HALF_LIFE_MS,
  OFFENCES,
  type Offence,
  offenceOf,
  SLOWED_SCORE,
} from '../../../../src/core/gossip/conduct.ts'
import type { ErrorCode } from '../../../../src/core/protocol/errors.ts'
import {
  CONDUCT_CALLERS_MAX,
  CONDUCT_CUT_MAX,
  CUT_MS,
  CUT_MS_MAX,
  PEER_BYTES_BURST,
  PEER_BYTES_PER_SECOND,
  PEER_REQUESTS_BURST,
  PEER_REQUESTS_PER_SECOND,
  PEER_SIGNATURES_BURST,
  PEER_SIGNATURES_PER_SECOND,
} from '../../../../src/core/protocol/limits.ts'

const caller = (i: number) => `did:key:z${i}` as Did
const mallory = 'did:key:zMallory' as Did
const pinned = 'did:key:zPinned' as Did

function setup() {
  let nowMs = 1_000_000
  const cuts: [Did, Offence][] = []
  const conduct = createConduct({
    clock: { now: () => nowMs, sleep: async () => {} },
    isPinned: (did) => did === pinned,
    onCut: (did, reason) => cuts.push([did, reason]),
  })
  const request = (did: Did): string => {
    const result = conduct.request(did)
    return result.ok ? 'ok' : result.error.code
  }
  return {
    conduct,
    cuts,
    request,
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

/** Cuts a caller off. */
const ruin = ({ conduct }: ReturnType<typeof setup>, did: Did) =>
  conduct.note(did, 'forged', Math.ceil(CUT_SCORE / OFFENCES.forged))

for (const [offence, perSecond] of [
  ['malformed', 1],
  ['forged', 1],
  ['lie', 1],
  ['futile', 4],
  ['dispute', 40],
  ['repeat', 80],
] as const)
  test(`an attacker whose ${perSecond} requests a second are ${offence} is cut off within 10 s`, () => {
    const at = setup()
    let seconds = 0
    for (; at.cuts.length === 0 && seconds <= 10; seconds++) {
      // Those that are turned away for it count as a flood, as they would.
      for (let i = 0; i < perSecond; i++) if (at.request(mallory) === 'ok') at.conduct.note(mallory, offence)
      at.pass(1000)
    }
    assert.ok(seconds <= 10, `${seconds} s`)
    assert.equal(at.request(mallory), 'PEER_CUT_OFF')
    assert.equal(at.request(caller(1)), 'ok')
  })

for (const code of ['RUN_TOO_LARGE', 'BODY_TOO_DEEP'] as const)
  test(`whoever sends ${code} twice within ten seconds is cut off, and once is not`, () => {
    const at = setup()
    at.conduct.noteRefused(mallory, code)
    assert.equal(at.cuts.length, 0)
    at.pass(10_000)
    at.conduct.noteRefused(mallory, code)
    assert.equal(at.cuts.length, 1)
  })

test('a flood is turned away when its share is used up, and cut off within 10 s', () => {
  const at = setup()
  let taken = 0
  for (let ms = 0; ms < 10_000 && at.cuts.length === 0; ms++) {
    if (at.request(mallory) === 'ok') taken++
    at.pass(1)
  }
  assert.deepEqual(at.cuts, [[mallory, 'flood']])
  assert.ok(taken <= PEER_REQUESTS_BURST + 10 * PEER_REQUESTS_PER_SECOND)
})

test('so many requests at once, then one more is told when to come back; who keeps to it is never cut off', () => {
  const at = setup()
  for (let i = 0; i < PEER_REQUESTS_BURST; i++) assert.equal(at.request(mallory), 'ok')
  const refused = at.conduct.request(mallory)
  assert.ok(!refused.ok)
  assert.equal(refused.error.code, 'OVERLOADED')
  assert.equal(refused.error.retryAfterSeconds, 1)
  for (let round = 0; round < 1000; round++) {
    at.pass(1000)
    let sent = 1
    while (at.request(mallory) === 'ok') sent++
    assert.ok(sent >= 30, `${sent}`)
  }
  assert.deepEqual(at.cuts, [])
})

test('bytes and signatures are taken in advance: one more than the burst waits until it is paid', () => {
  for (const [charge, burst, perSecond] of [
    ['bytes', PEER_BYTES_BURST, PEER_BYTES_PER_SECOND],
    ['signatures', PEER_SIGNATURES_BURST, PEER_SIGNATURES_PER_SECOND],
  ] as const) {
    const at = setup()
    at.conduct.charge(mallory, { [charge]: burst })
    assert.equal(at.request(mallory), 'ok')
    at.conduct.charge(mallory, { [charge]: 5 * perSecond })
    const refused = at.conduct.request(mallory)
    assert.ok(!refused.ok)
    assert.equal(refused.error.retryAfterSeconds, 5)
    at.pass(5000)
    assert.equal(at.request(mallory), 'ok')
    assert.equal(at.conduct.view(mallory)?.[charge], burst + 5 * perSecond)
  }
})

test('one that is slowed has one request a second', () => {
  const at = setup()
  at.conduct.note(mallory, 'forged', Math.ceil(SLOWED_SCORE / OFFENCES.forged))
  assert.equal(at.conduct.view(mallory)?.standing, 'slowed')
  let taken = 0
  for (let ms = 0; ms < 20_000; ms += 500) {
    if (at.request(mallory) === 'ok') taken++
    at.pass(500)
  }
  assert.ok(taken >= 19 && taken <= 23, `${taken}`)
})

test('a cut lasts twice as long each time, up to a day, and is forgiven after days of good conduct', () => {
  const at = setup()
  let lengthMs = CUT_MS
  for (let i = 0; i < 14; i++) {
    ruin(at, mallory)
    assert.equal(at.conduct.cut, 1)
    assert.equal(at.conduct.cutOff(mallory)?.retryAfterSeconds, Math.min(CUT_MS_MAX, lengthMs) / 1000)
    at.pass(Math.min(CUT_MS_MAX, lengthMs) - 1)
    assert.equal(at.request(mallory), 'PEER_CUT_OFF')
    at.pass(1)
    assert.equal(at.request(mallory), 'ok')
    assert.equal(at.conduct.cutOff(mallory), null)
    lengthMs *= 2
  }
  assert.equal(at.conduct.view(mallory)?.cuts, 14)
  at.pass(13 * CUT_MS_MAX)
  assert.equal(at.conduct.view(mallory)?.cuts, 1)
  ruin(at, mallory)
  assert.equal(at.conduct.cutOff(mallory)?.retryAfterSeconds, (2 * CUT_MS) / 1000)
})

test('what is held against a caller fades', () => {
  const at = setup()
  at.conduct.note(mallory, 'forged', 4)
  assert.equal(at.conduct.view(mallory)?.standing, 'slowed')
  at.pass(2 * HALF_LIFE_MS)
  assert.equal(at.conduct.view(mallory)?.standing, 'ok')
  at.conduct.note(mallory, 'forged', 3)
  assert.deepEqual(at.cuts, [])
})

test('a clock that jumps backwards neither ends nor lengthens a cut', () => {
  const at = setup()
  ruin(at, mallory)
  at.pass(-10 * 365 * 24 * 60 * 60 * 1000)
  assert.equal(at.request(mallory), 'PEER_CUT_OFF')
  at.pass(CUT_MS - 1)
  assert.equal(at.request(mallory), 'PEER_CUT_OFF')
  at.pass(1)
  assert.equal(at.request(mallory), 'ok')
})

test('a peer that the operator configured is slowed and shown, never cut off', () => {
  const at = setup()
  at.conduct.note(pinned, 'forged', 1000)
  assert.deepEqual(at.cuts, [])
  assert.equal(at.conduct.cutOff(pinned), null)
  const { standing, reason, untilMs } = at.conduct.view(pinned) ?? {}
  assert.deepEqual({ standing, reason, untilMs }, { standing: 'slowed', reason: 'forged', untilMs: null })
})

test('honest mistakes weigh nothing', () => {
  const honest: ErrorCode[] = [
    'SEQ_GAP',
    'LOG_FORKED',
    'CLOCK_AHEAD',
    'SPACE_REFUSED',
    'LOGS_FULL',
    'QUOTA_EXCEEDED',
    'STORE_WRITE_FAILED',
    'PURGED',
    'REQUEST_STALE',
    'REQUEST_REPLAYED',
    'OVERLOADED',
    'PEER_UNREACHABLE',
    'SEGMENT_UNKNOWN',
  ]
  const at = setup()
  for (const code of honest) {
    assert.equal(offenceOf(code), null, code)
    for (let i = 0; i < 1000; i++) at.conduct.noteRefused(mallory, code)
  }
  at.conduct.noteDuplicates(mallory, 100_000)
  const { standing, refused, duplicates } = at.conduct.view(mallory) ?? {}
  assert.deepEqual(
    { standing, refused, duplicates },
    { standing: 'ok', refused: 13_000, duplicates: 100_000 },
  )
})

test('so many callers are remembered, and with one more the one heard of longest ago is not', () => {
  const { conduct } = setup()
  for (let i = 0; i <= CONDUCT_CALLERS_MAX; i++) conduct.charge(caller(i), { bytes: 1 })
  assert.equal(conduct.size, CONDUCT_CALLERS_MAX)
  assert.equal(conduct.view(caller(0)), null)
  assert.equal(conduct.view(caller(CONDUCT_CALLERS_MAX))?.bytes, 1)
})

test('strangers with new keys do not make room for one that is cut off; so many of these, then the next free one goes', () => {
  const at = setup()
  ruin(at, mallory)
  for (let i = 0; i <= CONDUCT_CALLERS_MAX; i++) at.conduct.charge(caller(i), { bytes: 1 })
  assert.equal(at.request(mallory), 'PEER_CUT_OFF')
  at.pass(1)
  for (let i = 0; i < CONDUCT_CUT_MAX; i++) ruin(at, caller(i))
  assert.equal(at.conduct.cut, CONDUCT_CUT_MAX)
  assert.equal(at.conduct.view(mallory), null)
  assert.equal(at.request(caller(0)), 'PEER_CUT_OFF')
})
