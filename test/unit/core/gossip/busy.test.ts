/** A peer that says it is busy is left alone for as long as it says, and it is held against it only if it never stops. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUSY_MAX } from '../../../../src/core/gossip/peer-conduct.ts'
import { failure } from '../../../../src/core/protocol/errors.ts'
import { type Loopback, type Member, problem } from '../../../support/loopback.ts'
import { headsReply, serveLiar } from './liar.ts'
import { join, only, testLoopback } from './support.ts'

const RETRY_SECONDS = 120
const busy = () => problem({ ...failure('OVERLOADED', 'later'), retryAfterSeconds: RETRY_SECONDS })

const peerOf = ({ spore }: Member, url: string) => spore.peers().find((peer) => peer.url === url)
const headsAsked = (net: Loopback, url: string): number =>
  only(
    net.take().filter(({ request }) => request.base === url),
    '/heads',
  ).length

test('a busy peer is not asked again before the time it gave, and is no failed one meanwhile', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  let isBusy = true
  const heads = async () => (isBusy ? busy() : headsReply([], { cursor: 'x', more: false }))
  const { url } = serveLiar(net, 'busy', { heads })
  await join(a, url)
  await net.clock.settle()
  assert.equal(headsAsked(net, url), 1)
  await net.clock.advance((RETRY_SECONDS - 1) * 1000)
  assert.equal(headsAsked(net, url), 0)
  assert.deepEqual([peerOf(a, url)?.state, peerOf(a, url)?.lastError], ['alive', null])
  isBusy = false
  await net.clock.advance(60_000)
  assert.ok(headsAsked(net, url) > 0)
  assert.notEqual(peerOf(a, url)?.lastSyncAt, null)
})

test('one that is always busy counts as failed in the end, and is still asked now and then', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const { url } = serveLiar(net, 'busy', { heads: async () => busy() })
  await join(a, url)
  let asked = 0
  while (asked <= BUSY_MAX) {
    assert.equal(peerOf(a, url)?.state, 'alive', `after ${asked}`)
    await net.clock.advance(RETRY_SECONDS * 500)
    asked += headsAsked(net, url)
  }
  assert.equal(peerOf(a, url)?.state, 'refused')
  await net.clock.advance(10 * RETRY_SECONDS * 1000)
  assert.ok(headsAsked(net, url) > 0)
})
