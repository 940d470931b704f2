/** Which logs are not wanted: found out once for each, and remembered up to a bound. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogId, SpaceId } from '../../../../src/core/base/brand.ts'
import { createUnwanted, UNWANTED_LOGS_MAX } from '../../../../src/core/gossip/unwanted.ts'
import { didToPublicKey } from '../../../../src/core/identity/keys.ts'
import { didOf } from '../moderation/support.ts'

const ADA = didOf('ada')
const log = {
  publicKey: didToPublicKey(ADA) as Uint8Array,
  space: 'commons' as SpaceId,
  epoch: new Uint8Array(8),
}
const logs = { get: () => undefined }

test('a log is unwanted once its author was seen and is refused, until the rules are others', () => {
  let standing: 'open' | 'refused' = 'refused'
  const unwanted = createUnwanted(logs, {
    isSilent: false,
    peer: () => 'open',
    author: (did) => (did === ADA ? standing : 'open'),
  })
  assert.equal(unwanted.has('x' as LogId), false)
  assert.equal(unwanted.refuse(log, 'x' as LogId)?.code, 'AUTHOR_REFUSED')
  assert.equal(unwanted.has('x' as LogId), true)
  standing = 'open'
  unwanted.forget()
  assert.equal(unwanted.has('x' as LogId), false)
  assert.equal(unwanted.refuse(log, 'x' as LogId), null)
})

test('one log more than are remembered is taken, and the oldest is forgotten', () => {
  const unwanted = createUnwanted(logs, { isSilent: false, peer: () => 'open', author: () => 'refused' })
  for (let i = 0; i <= UNWANTED_LOGS_MAX; i++) unwanted.refuse(log, `${i}` as LogId)
  assert.equal(unwanted.has('0' as LogId), false)
  assert.equal(unwanted.has('1' as LogId), true)
  assert.equal(unwanted.has(`${UNWANTED_LOGS_MAX}` as LogId), true)
})
