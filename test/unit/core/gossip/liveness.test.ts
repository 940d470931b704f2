/** Whether a peer is there: the whole table, the times, and what a wrong clock or an ill spore must not do. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ALONE_MS,
  FAILURES_MAX,
  FORGET_MS,
  isAway,
  LEAVING_MS,
  mayBeAsked,
  newVital,
  SLEEP_MAX_MS,
  SLEEP_MIN_MS,
  stepVital,
  type Vital,
  type VitalEffect,
  type VitalEvent,
} from '../../../../src/core/gossip/liveness.ts'
import { PEER_STATES, type PeerState } from '../../../../src/core/protocol/peer-state.ts'
import { seededRandom, testSeed } from '../../../support/seeded.ts'

const EXPECTED_MS = 40_000
const failed: VitalEvent = { type: 'failed', isAsleep: false }
const answered: VitalEvent = { type: 'answered' }

interface Watched {
  readonly vital: Vital
  at(nowMs: number): Watched
  step(event: VitalEvent, healthFactor?: number): readonly VitalEffect[]
}

function watch(state: PeerState = 'new'): Watched {
  const vital = newVital(0)
  let nowMs = 0
  const watched: Watched = {
    vital,
    at(ms) {
      nowMs = ms
      return watched
    },
    step: (event, healthFactor = 1) =>
      stepVital(vital, event, { nowMs, expectedMs: EXPECTED_MS, healthFactor }),
  }
  if (state !== 'new') watched.step(answered)
  if (state === 'refused') watched.step({ type: 'refused' })
  if (state === 'suspect' || state === 'gone') watched.step(failed)
  if (state === 'gone') watched.step({ type: 'denied' })
  if (state === 'asleep') watched.step({ type: 'left' })
  assert.equal(vital.state, state)
  return watched
}

test('every event in every state leads where the table says', () => {
  const table: Readonly<Record<VitalEvent['type'], readonly (readonly [PeerState, PeerState])[]>> = {
    answered: PEER_STATES.map((state) => [state, 'alive']),
    refused: PEER_STATES.map((state) => [state, 'refused']),
    called: PEER_STATES.map((state) => [state, state]),
    vouched: PEER_STATES.map((state) => [state, state]),
    left: PEER_STATES.map((state) => [state, 'asleep']),
    passed: PEER_STATES.map((state) => [state, state]),
    failed: PEER_STATES.map((state) => [state, state === 'asleep' || state === 'gone' ? state : 'suspect']),
    denied: PEER_STATES.map((state) => [state, state === 'suspect' ? 'gone' : state]),
  }
  for (const [type, rows] of Object.entries(table))
    for (const [from, to] of rows) {
      const watched = watch(from).at(LEAVING_MS)
      watched.step(type === 'failed' ? failed : ({ type } as VitalEvent))
      assert.equal(watched.vital.state, to, `${type} in ${from}`)
    }
})

test('a reply that was under way when a peer left does not wake it; one that comes later does', () => {
  const watched = watch('alive')
  watched.step({ type: 'left' })
  watched.at(LEAVING_MS - 1).step(answered)
  assert.equal(watched.vital.state, 'asleep')
  watched.at(LEAVING_MS).step(answered)
  assert.equal(watched.vital.state, 'alive')
})

describe('a peer that does not answer', () => {
  test('is suspect at once, replaced and asked about after two failures, and gone when others do not reach it', () => {
    const watched = watch('alive')
    assert.deepEqual(watched.at(1000).step(failed), [])
    assert.equal(watched.vital.state, 'suspect')
    assert.ok(isAway(watched.vital))
    assert.equal(FAILURES_MAX, 2)
    assert.deepEqual(watched.at(2000).step(failed), ['replace', 'probe'])
    assert.deepEqual(watched.at(3000).step(failed), ['probe'])
    assert.deepEqual(watched.step({ type: 'denied' }), ['replace'])
    assert.equal(watched.vital.state, 'gone')
  })

  test('is not gone while others reach it, or it calls', () => {
    for (const type of ['vouched', 'called'] as const) {
      const watched = watch('suspect')
      watched.step(failed)
      for (let ms = 0; ms < 10 * ALONE_MS; ms += ALONE_MS / 2) {
        watched.at(ms).step({ type })
        assert.deepEqual(watched.step({ type: 'passed' }), [])
      }
      assert.equal(watched.vital.state, 'suspect')
    }
  })

  test('is gone after a time where nobody can be asked, later where this spore is ill itself', () => {
    for (const healthFactor of [1, 4]) {
      const watched = watch('suspect')
      watched.step(failed)
      assert.deepEqual(watched.at(healthFactor * ALONE_MS - 1).step({ type: 'passed' }, healthFactor), [])
      assert.deepEqual(watched.at(healthFactor * ALONE_MS).step({ type: 'passed' }, healthFactor), [
        'replace',
      ])
      assert.equal(watched.vital.state, 'gone')
    }
  })

  test('is not gone for silence alone: it has to have failed', () => {
    const watched = watch('alive')
    const passes = [1, 2, 3, 5, 10, 100].flatMap((n) => watched.at(n * ALONE_MS).step({ type: 'passed' }))
    assert.deepEqual(passes, ['probe'])
    assert.equal(watched.vital.state, 'suspect')
  })

  test('is suspect for its silence the later the worse the own health is', () => {
    const suspectAt = (healthFactor: number): number => {
      const watched = watch('alive')
      for (let ms = 0; ; ms += 1000)
        if (watched.at(ms).step({ type: 'passed' }, healthFactor).includes('probe')) return ms
    }
    const well = suspectAt(1)
    assert.ok(well > 5 * EXPECTED_MS && well < 9 * EXPECTED_MS, `${well} ms`)
    assert.ok(Math.abs(suspectAt(3) / well - 3) < 0.05)
  })
})

describe('a peer that sleeps', () => {
  test('is known by leaving, by its platform’s answer, or by having come back twice', () => {
    assert.deepEqual(watch('alive').step({ type: 'left' }), ['replace'])
    const behindPlatform = watch('alive')
    behindPlatform.step({ type: 'failed', isAsleep: true })
    behindPlatform.step({ type: 'denied' })
    assert.equal(behindPlatform.vital.state, 'asleep')
    const napper = watch('alive')
    let nowMs = 0
    const vanish = (): PeerState => {
      napper.at(nowMs).step(failed)
      napper.step({ type: 'denied' })
      const { state } = napper.vital
      nowMs += 2 * SLEEP_MIN_MS
      napper.at(nowMs).step(answered)
      return state
    }
    assert.deepEqual([vanish(), vanish(), vanish()], ['gone', 'gone', 'asleep'])
  })

  test('is left in peace for 15 minutes, then twice as long each time, up to 6 hours', () => {
    const watched = watch('asleep')
    let nowMs = 0
    const pauses: number[] = []
    for (let i = 0; i < 8; i++) {
      const untilMs = watched.vital.askAtMs
      assert.ok(!mayBeAsked(watched.vital, untilMs - 1) && mayBeAsked(watched.vital, untilMs))
      // A failure while it is left in peace, of a push that was under way, prolongs nothing.
      watched.at(untilMs - 1).step(failed)
      assert.equal(watched.vital.askAtMs, untilMs)
      pauses.push(untilMs - nowMs)
      nowMs = untilMs
      watched.at(nowMs).step(failed)
    }
    const minutes = pauses.map((ms) => ms / 60_000)
    assert.deepEqual(minutes, [15, 30, 60, 120, 240, 360, 360, 360])
    assert.equal(SLEEP_MAX_MS, 360 * 60_000)
  })

  test('is alive when it answers, and may be asked when it calls', () => {
    const watched = watch('asleep').at(1000)
    watched.step({ type: 'called' })
    assert.ok(mayBeAsked(watched.vital, 1000))
    watched.step(answered)
    assert.equal(watched.vital.state, 'alive')
    watched.step(failed)
    watched.step({ type: 'denied' })
    assert.equal(watched.vital.state, 'gone', 'one that left and came back is no sleeper')
  })
})

test('who was silent for 7 days is forgotten, and nobody that answers', () => {
  assert.equal(FORGET_MS, 7 * 24 * 3_600_000)
  for (const state of ['new', 'suspect', 'asleep', 'gone'] as const) {
    const watched = watch(state)
    assert.ok(
      !watched
        .at(FORGET_MS - 1)
        .step({ type: 'passed' })
        .includes('forget'),
    )
    assert.deepEqual(watched.at(FORGET_MS).step({ type: 'passed' }), ['forget'])
  }
  const alive = watch('alive')
  alive.at(FORGET_MS - 1).step(answered)
  assert.ok(!alive.at(FORGET_MS).step({ type: 'passed' }).includes('forget'))
  // What was counted before a restart counts on.
  const kept = newVital(0, FORGET_MS - 1)
  assert.deepEqual(
    stepVital(kept, { type: 'passed' }, { nowMs: 1, expectedMs: EXPECTED_MS, healthFactor: 1 }),
    ['forget'],
  )
})

test('whatever happens, whoever answers is alive, and nobody is gone without two failures or a denial', (context) => {
  const seed = testSeed()
  context.diagnostic(`seed ${seed} (repeat with SPORE_SEED=${seed})`)
  const random = seededRandom(seed)
  const events: readonly VitalEvent[] = [
    answered,
    { type: 'refused' },
    { type: 'called' },
    failed,
    { type: 'failed', isAsleep: true },
    { type: 'vouched' },
    { type: 'denied' },
    { type: 'left' },
    { type: 'passed' },
  ]
  for (let run = 0; run < 200; run++) {
    const vital = newVital(0)
    let sinceAnswer: string[] = []
    for (let step = 0, nowMs = 0; step < 60; step++) {
      nowMs += random.float() < 0.2 ? SLEEP_MIN_MS : 5000
      const event = events[random.integer(0, events.length - 1)] as VitalEvent
      stepVital(vital, event, { nowMs, expectedMs: EXPECTED_MS, healthFactor: 1 + random.integer(0, 7) })
      if (event.type === 'answered') assert.equal(vital.state, 'alive')
      sinceAnswer = event.type === 'answered' ? [] : [...sinceAnswer, event.type]
      const failures = sinceAnswer.filter((type) => type === 'failed' || type === 'refused').length
      const isCertain = failures >= FAILURES_MAX || sinceAnswer.includes('denied')
      if (vital.state === 'gone') assert.ok(isCertain, sinceAnswer.join(' '))
      if (vital.state === 'asleep')
        assert.ok(isCertain || sinceAnswer.includes('left'), sinceAnswer.join(' '))
      assert.ok(vital.pauseMs <= SLEEP_MAX_MS)
    }
  }
})
