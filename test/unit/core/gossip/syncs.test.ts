import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHECK_STEP_MS_MAX, createActivities } from '../../../../src/core/base/activities.ts'
import { silentLog } from '../../../../src/core/base/ports.ts'
import { createPeers, type Peer } from '../../../../src/core/gossip/peers.ts'
import { createSyncs } from '../../../../src/core/gossip/syncs.ts'
import { SYNC_HUNG_MS } from '../../../../src/core/protocol/limits.ts'

function setUp(run: (peer: Peer) => Promise<void>, isAskable = () => true) {
  const clock = { ms: 0, now: () => clock.ms }
  const activities = createActivities(clock)
  const state = { stored: 0, failures: [] as string[] }
  const peer = createPeers(() => 0).at('https://a.test') as Peer
  const syncs = createSyncs({
    run,
    isAskable,
    onFailed: (_, { code }) => state.failures.push(code),
    activities,
    progress: () => state.stored,
    log: silentLog,
  })
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= CHECK_STEP_MS_MAX) {
      clock.ms += Math.min(left, CHECK_STEP_MS_MAX)
      activities.check()
    }
  }
  return { peer, syncs, state, pass }
}

test('a round that hangs is given up, and the peer may have its next one', async () => {
  let runs = 0
  const { peer, syncs, state, pass } = setUp(() => {
    runs++
    return runs === 1 ? new Promise<void>(() => {}) : Promise.resolve()
  })
  const hung = syncs.start(peer)
  assert.equal(syncs.start(peer), hung)
  await Promise.resolve()
  pass(SYNC_HUNG_MS)
  await hung
  assert.deepEqual([runs, state.failures, syncs.get(peer)], [1, ['PEER_UNREACHABLE'], undefined])
  await syncs.start(peer)
  assert.equal(runs, 2)
})

test('a round in which something is stored now and then takes as long as it takes', async () => {
  const over = Promise.withResolvers<void>()
  const { peer, syncs, state, pass } = setUp(() => over.promise)
  const started = syncs.start(peer)
  await Promise.resolve()
  for (let i = 0; i < 10; i++) {
    pass(SYNC_HUNG_MS - CHECK_STEP_MS_MAX)
    state.stored++
    pass(CHECK_STEP_MS_MAX)
  }
  over.resolve()
  await started
  assert.deepEqual(state.failures, [])
})

test('a round that breaks ends like any other, and one with a peer that is not to be asked does not begin', async () => {
  const broken = setUp(() => Promise.reject(new Error('a bug')))
  await broken.syncs.start(broken.peer)
  assert.equal(broken.syncs.get(broken.peer), undefined)
  const cutOff = setUp(
    () => assert.fail('it was asked'),
    () => false,
  )
  await cutOff.syncs.start(cutOff.peer)
})
