/** The own descriptor: signed anew when it changes and well before it expires, and nothing in it but what it is for. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { utf8ToBytes } from '../../../../src/core/base/bytes.ts'
import { sha256 } from '../../../../src/core/base/hash.ts'
import { createSelf, SIGN_AGAIN_MS } from '../../../../src/core/gossip/self.ts'
import { verifyDescriptor } from '../../../../src/core/identity/descriptor.ts'
import { createSigner, createVerifier } from '../../../../src/core/identity/keys.ts'
import { DESCRIPTOR_TTL_MS } from '../../../../src/core/protocol/limits.ts'

const signer = createSigner(sha256(utf8ToBytes('self')))
const START_MS = Date.UTC(2026, 10, 21)

function open() {
  const state = { nowMs: START_MS, epoch: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }
  const self = createSelf(
    {
      name: 'ada',
      network: 'spore-test',
      profile: { roles: ['relay', 'archive', 'relay'], tags: [], families: ['qwen'] },
    },
    {
      signer,
      clock: { now: () => state.nowMs, sleep: async () => {} },
      epoch: () => state.epoch,
    },
  )
  return { state, self }
}

describe('the own descriptor', () => {
  test('is whole, in the signed form, and verifies', () => {
    const { self } = open()
    self.moveTo('https://ada.example')
    const descriptor = self.descriptor()
    const context = { network: 'spore-test', nowMs: START_MS, verifier: createVerifier() }
    assert.deepEqual(verifyDescriptor(descriptor, context), { ok: true, value: descriptor })
    assert.deepEqual(descriptor.roles, ['archive', 'relay'])
    assert.deepEqual(Object.keys(descriptor).sort(), [
      'capabilities',
      'dna',
      'epoch',
      'families',
      'issued',
      'key',
      'name',
      'network',
      'roles',
      'signature',
      'tags',
      'url',
      'version',
    ])
  })

  test('is signed once while it says the same', () => {
    const { state, self } = open()
    const first = self.descriptor()
    state.nowMs += SIGN_AGAIN_MS - 1
    assert.equal(self.descriptor(), first)
  })

  test('is signed anew long before it expires, and after a move, a new epoch or a clock set back', () => {
    const { state, self } = open()
    const first = self.descriptor()
    state.nowMs += SIGN_AGAIN_MS
    const later = self.descriptor()
    assert.equal(later.issued, state.nowMs)
    assert.ok(later.issued - first.issued < DESCRIPTOR_TTL_MS / 12)
    self.moveTo('https://moved.example')
    assert.equal(self.descriptor().url, 'https://moved.example')
    state.epoch = Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1)
    assert.notEqual(self.descriptor().epoch, first.epoch)
    state.nowMs -= 10 * 365 * 24 * 3_600_000
    assert.equal(self.descriptor().issued, state.nowMs)
  })

  test('takes no label that is none', () => {
    const profile = { roles: ['No Label'], tags: [], families: [] }
    const deps = { signer, clock: { now: () => 0, sleep: async () => {} }, epoch: () => new Uint8Array(8) }
    assert.throws(() => createSelf({ name: 'a', network: 'n', profile }, deps), /profile/)
  })
})
