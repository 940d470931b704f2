/** Offences that a caller signed itself, so often that it is at fault: what counts as that, what does not, and that it is told once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did } from '../../../../src/core/base/brand.ts'
import {
  CUT_SCORE,
  createConduct,
  HALF_LIFE_MS,
  OFFENCES,
  type Offence,
  type ProvenOffence,
} from '../../../../src/core/gossip/conduct.ts'
import { CONDUCT_CALLERS_MAX, CUT_MS_MAX } from '../../../../src/core/protocol/limits.ts'

const mallory = 'did:key:zMallory' as Did
const pinned = 'did:key:zPinned' as Did
/** Offences that are cut off for, at once. */
const enough = (offence: Offence): number => Math.ceil(CUT_SCORE / OFFENCES[offence])

function setup() {
  let nowMs = 1_000_000
  const proven: [Did, ProvenOffence][] = []
  const conduct = createConduct({
    clock: { now: () => nowMs, sleep: async () => {} },
    isPinned: (did) => did === pinned,
    onCut() {},
    onProven: (did, offence) => proven.push([did, offence]),
  })
  return { conduct, proven, pass: (ms: number) => (nowMs += ms) }
}

test('runs that are forged or out of form, so many in a short time, prove it; one less does not', () => {
  for (const offence of ['forged', 'malformed'] as const) {
    const { conduct, proven } = setup()
    for (let i = 1; i < enough(offence); i++) conduct.note(mallory, offence)
    assert.deepEqual(proven, [], offence)
    conduct.note(mallory, offence)
    assert.deepEqual(proven, [[mallory, 'invalid-run']], offence)
  }
  const { conduct, proven } = setup()
  for (let i = 0; i < enough('forged'); i++) conduct.noteRefused(mallory, 'SIGNATURE_INVALID')
  assert.deepEqual(proven, [[mallory, 'invalid-run']])
})

test('the same mistake now and then never adds up', () => {
  const { conduct, proven, pass } = setup()
  for (let i = 0; i < 1000; i++) {
    conduct.note(mallory, 'forged')
    pass(HALF_LIFE_MS)
  }
  assert.deepEqual(proven, [])
})

test('what stood in an answer proves nothing: nobody signed it, and somebody on the way may have made it', () => {
  const { conduct, proven } = setup()
  conduct.note(mallory, 'forged', enough('forged') * 10, true)
  for (let i = 0; i < enough('forged') * 10; i++) conduct.noteRefused(pinned, 'RUN_MALFORMED', true)
  assert.deepEqual(proven, [])
  assert.equal(conduct.view(mallory)?.standing, 'cut')
})

test('lost messages, old branches, futile pulls and empty pushes prove nothing, though they may cut off', () => {
  for (const offence of ['lie', 'futile', 'changeling', 'dispute', 'repeat'] as const) {
    const { conduct, proven } = setup()
    conduct.note(mallory, offence, enough(offence) * 10)
    assert.deepEqual(proven, [], offence)
  }
  const { conduct, proven } = setup()
  for (const code of ['SEQ_GAP', 'CHAIN_MISMATCH', 'LOG_FORKED', 'CLOCK_AHEAD', 'QUOTA_EXCEEDED'] as const)
    for (let i = 0; i < 1000; i++) conduct.noteRefused(mallory, code)
  assert.deepEqual(proven, [])
})

test('a flood is proven by requests that go on against every word, also of one that is never cut off', () => {
  for (const caller of [mallory, pinned]) {
    const { conduct, proven, pass } = setup()
    let seconds = 0
    for (; proven.length === 0 && seconds < 60; seconds++) {
      for (let i = 0; i < 500; i++) conduct.request(caller)
      pass(1000)
    }
    assert.deepEqual(proven, [[caller, 'flood']])
    assert.ok(seconds > 0 && seconds < 60, `${seconds} s`)
    // Who heeds what it is told is at no fault, however busy it was.
    const honest = setup()
    for (let i = 0; i < 3600; i++) {
      const asked = honest.conduct.request(caller)
      honest.pass(asked.ok ? 100 : (asked.error.retryAfterSeconds ?? 1) * 1000)
    }
    assert.deepEqual(honest.proven, [])
  }
})

test('it is told once, however long it goes on, and again only of who was forgotten', () => {
  const { conduct, proven, pass } = setup()
  for (let i = 0; i < 100; i++) {
    conduct.note(mallory, 'forged', enough('forged'))
    pass(CUT_MS_MAX)
  }
  assert.equal(proven.length, 1)
  for (let i = 0; i <= CONDUCT_CALLERS_MAX; i++)
    conduct.note(`did:key:z${i}` as Did, 'forged', enough('forged'))
  assert.equal(proven.length, 2 + CONDUCT_CALLERS_MAX)
})
