/** Replay and fairness: no caller, and no number of them, uses up what others need. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did } from '../../../../src/core/base/brand.ts'
import { createNonces, type Nonces } from '../../../../src/core/gossip/nonces.ts'
import {
  NONCE_CALLERS_MAX,
  NONCES_MAX,
  NONCES_OWN_MAX,
  NONCES_PEER_MAX,
  SIGNATURE_AGE_MAX_MS,
} from '../../../../src/core/protocol/limits.ts'

const VALID_MS = 2 * SIGNATURE_AGE_MAX_MS
const peer = 'did:key:zPeer' as Did
const stranger = (i: number) => `did:key:z${i}` as Did
const newNonces = () => createNonces({ isPeer: (did) => did === peer })

const codeOf = (nonces: Nonces, caller: Did, nonce: string, nowMs = 0): string | null => {
  const added = nonces.add(caller, nonce, nowMs)
  return added.ok ? null : added.error.code
}

/** Sends `count` requests and tells how many were taken. */
function flood(nonces: Nonces, caller: Did, count: number): number {
  let taken = 0
  for (let i = 0; i < count; i++) if (codeOf(nonces, caller, `flood ${i}`) === null) taken++
  return taken
}

test('a nonce is taken once from each caller, as long as its signature is valid', () => {
  const nonces = newNonces()
  assert.equal(codeOf(nonces, stranger(1), 'a'), null)
  assert.equal(codeOf(nonces, stranger(1), 'a', VALID_MS), 'REQUEST_REPLAYED')
  assert.equal(codeOf(nonces, stranger(2), 'a', VALID_MS), null)
  assert.equal(codeOf(nonces, stranger(1), 'a', VALID_MS + 1), null)
})

test('one caller can fill what all share and no more, and others keep their own', () => {
  const nonces = newNonces()
  assert.equal(flood(nonces, stranger(1), NONCES_OWN_MAX + NONCES_MAX + 1), NONCES_OWN_MAX + NONCES_MAX)
  assert.equal(codeOf(nonces, stranger(1), 'one more'), 'OVERLOADED')
  // It is still heard that a nonce is used.
  assert.equal(codeOf(nonces, stranger(1), 'flood 0'), 'REQUEST_REPLAYED')
  assert.equal(flood(nonces, stranger(2), NONCES_OWN_MAX + 1), NONCES_OWN_MAX)
  assert.equal(flood(nonces, peer, NONCES_PEER_MAX + 1), NONCES_PEER_MAX)
})

test('what has expired makes room again', () => {
  const nonces = newNonces()
  flood(nonces, stranger(1), NONCES_OWN_MAX + NONCES_MAX)
  assert.equal(codeOf(nonces, stranger(1), 'later', VALID_MS + 1), null)
  for (let i = 0; i <= NONCES_OWN_MAX; i++)
    assert.equal(codeOf(nonces, stranger(2), `later ${i}`, VALID_MS + 1), null)
})

test('so many strangers are heard, then one more is not, but a peer is', () => {
  const nonces = newNonces()
  for (let i = 0; i < NONCE_CALLERS_MAX; i++) assert.equal(codeOf(nonces, stranger(i), 'a'), null)
  assert.equal(codeOf(nonces, stranger(NONCE_CALLERS_MAX), 'a'), 'OVERLOADED')
  assert.equal(codeOf(nonces, stranger(0), 'b'), null)
  assert.equal(codeOf(nonces, peer, 'a'), null)
  assert.equal(codeOf(nonces, stranger(NONCE_CALLERS_MAX), 'a', VALID_MS + 1), null)
})
