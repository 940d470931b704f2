/** What a spore says of itself: signed, of this network and version, and not old. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { utf8ToBytes } from '../../../../src/core/base/bytes.ts'
import { sha256 } from '../../../../src/core/base/hash.ts'
import { signDescriptor, verifyDescriptor } from '../../../../src/core/identity/descriptor.ts'
import { createSigner, createVerifier } from '../../../../src/core/identity/keys.ts'
import { swarmDna, WIRE_LIMITS } from '../../../../src/core/protocol/dna.ts'
import {
  DESCRIPTOR_TTL_MS,
  LABEL_CHARS_MAX,
  LABELS_MAX,
  NAME_CHARS_MAX,
  URL_CHARS_MAX,
} from '../../../../src/core/protocol/limits.ts'
import { descriptorFields } from '../../../support/descriptor.ts'

const NOW_MS = 1_795_219_200_000
const HOUR_MS = 3_600_000
const signer = createSigner(sha256(utf8ToBytes('descriptor')))
const fields = descriptorFields({
  roles: ['archive', 'relay'],
  tags: ['physics'],
  families: ['llama'],
  issued: NOW_MS,
})
const good = signDescriptor(fields, signer)
const codeOf = (input: unknown, nowMs = NOW_MS, network = 'spore-test') => {
  const result = verifyDescriptor(input, { network, nowMs, verifier: createVerifier() })
  return result.ok ? null : result.error.code
}

describe('a descriptor', () => {
  test('is taken, with and without a URL, through JSON', () => {
    assert.equal(codeOf(good), null)
    assert.equal(codeOf(signDescriptor({ ...fields, url: null }, signer)), null)
    const read = verifyDescriptor(JSON.parse(JSON.stringify(good)), {
      network: 'spore-test',
      nowMs: NOW_MS,
      verifier: createVerifier(),
    })
    assert.deepEqual(read, { ok: true, value: good })
  })

  test('is refused with any field changed', () => {
    const other = createSigner(sha256(utf8ToBytes('other')))
    const changes = [
      { key: other.did },
      { url: 'https://other.example' },
      { url: null },
      { name: 'bo' },
      { network: 'spore-main' },
      { version: 2 },
      { dna: swarmDna('spore-main') },
      { epoch: 'BwECAwQFBgc' },
      { roles: ['relay'] },
      { tags: [] },
      { capabilities: ['other'] },
      { families: ['qwen'] },
      { roles: ['archive', 'physics', 'relay'], tags: [] },
      { issued: NOW_MS + 1 },
      { signature: signDescriptor(fields, other).signature },
    ]
    for (const change of changes)
      assert.equal(codeOf({ ...good, ...change }), 'SIGNATURE_INVALID', JSON.stringify(change))
  })

  test('of another version, network or DNA is refused with both values', () => {
    const verify = (changed: Partial<typeof fields>) =>
      verifyDescriptor(signDescriptor({ ...fields, ...changed }, signer), {
        network: 'spore-test',
        nowMs: NOW_MS,
        verifier: createVerifier(),
      })
    const version = verify({ version: 2 })
    assert.deepEqual(!version.ok && [version.error.code, version.error.detail], [
      'VERSION_UNSUPPORTED',
      '2 there, 1 here',
    ])
    const network = verify({ network: 'spore-main' })
    assert.deepEqual(!network.ok && [network.error.code, network.error.detail], [
      'NETWORK_MISMATCH',
      '"spore-main" there, "spore-test" here',
    ])
    const limits = WIRE_LIMITS.map((limit, at) => (at === 0 ? limit + 1 : limit))
    const other = swarmDna('spore-test', 1, limits)
    const dna = verify({ dna: other })
    assert.deepEqual(!dna.ok && [dna.error.code, dna.error.detail], [
      'DNA_MISMATCH',
      `${other} there, ${swarmDna('spore-test')} here`,
    ])
  })

  test('is valid for 24 hours, and from 10 minutes before', () => {
    assert.equal(DESCRIPTOR_TTL_MS, 24 * HOUR_MS)
    assert.equal(codeOf(good, NOW_MS + 24 * HOUR_MS), null)
    assert.equal(codeOf(good, NOW_MS + 24 * HOUR_MS + 1), 'REQUEST_STALE')
    assert.equal(codeOf(good, NOW_MS - HOUR_MS / 6), null)
    assert.equal(codeOf(good, NOW_MS - HOUR_MS / 6 - 1), 'REQUEST_STALE')
  })

  test('of another form is refused, a bound and one more', () => {
    const { name: _, ...nameless } = good
    const wrong: unknown[] = [
      null,
      [],
      {},
      nameless,
      { ...good, more: 1 },
      { ...good, version: '1' },
      { ...good, issued: -1 },
      { ...good, issued: 1.5 },
      { ...good, name: '' },
      { ...good, signature: good.signature.slice(1) },
      signDescriptor({ ...fields, name: 'x'.repeat(NAME_CHARS_MAX + 1) }, signer),
      signDescriptor({ ...fields, url: 'x'.repeat(URL_CHARS_MAX + 1) }, signer),
    ]
    const many = Array.from({ length: LABELS_MAX + 1 }, (_, n) => String.fromCharCode(97 + n))
    for (const labels of [
      many,
      ['x'.repeat(LABEL_CHARS_MAX + 1)],
      ['b', 'a'],
      ['a', 'a'],
      [''],
      ['-a'],
      ['a-'],
      ['A'],
      ['a b'],
      ['é'],
      [1],
      'a',
    ])
      for (const list of ['roles', 'tags', 'capabilities', 'families'])
        wrong.push(signDescriptor({ ...fields, [list]: labels }, signer))
    for (const epoch of ['', 'AAECAwQFBg', 'AAECAwQFBgcI', '!!ECAwQFBgc']) wrong.push({ ...good, epoch })
    for (const input of wrong) assert.equal(codeOf(input), 'REQUEST_INVALID', JSON.stringify(input))
    assert.equal(codeOf(signDescriptor({ ...fields, name: 'x'.repeat(NAME_CHARS_MAX) }, signer)), null)
    assert.equal(codeOf(signDescriptor({ ...fields, url: 'x'.repeat(URL_CHARS_MAX) }, signer)), null)
    const most = {
      roles: many.slice(1),
      tags: ['x'.repeat(LABEL_CHARS_MAX)],
      families: ['c++', 'meta/llama-3.1'],
    }
    assert.equal(codeOf(signDescriptor({ ...fields, ...most }, signer)), null)
  })
})
