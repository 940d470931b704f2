import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { base32 } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import * as multihash from 'multiformats/hashes/digest'
import { sha256 as oracle } from 'multiformats/hashes/sha2'
import { bytesToHex, utf8ToBytes } from '../../../../src/core/base/bytes.ts'
import { type Canonical, encodeCanonical } from '../../../../src/core/base/canonical.ts'
import {
  bytesToDigest,
  cidToDigest,
  digestToBytes,
  digestToCid,
  sha256,
  taggedSha256,
  textToDigest,
} from '../../../../src/core/base/hash.ts'
import { fuzz, fuzzAsync } from '../../../support/fuzz.ts'

const bytes = fc.uint8Array({ maxLength: 200 })
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('SHA-256 of the examples of FIPS 180-4', () => {
  assert.equal(
    bytesToHex(sha256(utf8ToBytes('abc'))),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
  assert.equal(
    bytesToHex(sha256(new Uint8Array())),
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  )
})

test('a tag is one byte before the parts, and other tags give other hashes', () =>
  fuzz(fc.tuple(fc.nat(255), bytes, bytes), ([tag, a, b]) => {
    assert.deepEqual(taggedSha256(tag, a, b), sha256(Uint8Array.of(tag, ...a, ...b)))
    assert.notDeepEqual(taggedSha256(tag, a, b), taggedSha256((tag + 1) % 256, a, b))
  }))

test('a content id is the one that multiformats and dag-cbor give', () =>
  fuzzAsync(
    fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
    async (value) => {
      const expected = CID.createV1(dagCbor.code, await oracle.digest(dagCbor.encode(value)))
      const digest = bytesToDigest(sha256(encodeCanonical(value as Canonical)))
      assert.equal(digestToCid(digest), expected.toString())
      assert.equal(cidToDigest(expected.toString()), digest)
    },
    200,
  ))

test('digest, bytes and id come back as they went', () =>
  fuzz(hash, (value) => {
    const digest = bytesToDigest(value)
    assert.equal(digest.length, 43)
    assert.deepEqual(digestToBytes(digest), value)
    assert.equal(textToDigest(digest), digest)
    const id = digestToCid(digest)
    assert.equal(id.length, 59)
    assert.equal(cidToDigest(id), digest)
  }))

test('an id in any other form is refused', () => {
  const value = sha256(utf8ToBytes('spore'))
  const cid = CID.createV1(0x71, multihash.create(0x12, value))
  const id = cid.toString()
  assert.ok(cidToDigest(id))
  const other: Readonly<Record<string, string>> = {
    empty: '',
    'upper case': id.toUpperCase(),
    'upper case behind the prefix': `b${id.slice(1).toUpperCase()}`,
    'another base': cid.toString(base58btc),
    'without the multibase prefix': id.slice(1),
    'version 0': CID.createV0(multihash.create(0x12, value)).toString(),
    'the raw codec': CID.createV1(0x55, multihash.create(0x12, value)).toString(),
    'dag-json': CID.createV1(0x129, multihash.create(0x12, value)).toString(),
    'another hash function': CID.createV1(0x71, multihash.create(0x16, value)).toString(),
    'a truncated hash': CID.createV1(0x71, multihash.create(0x12, value.subarray(1))).toString(),
    'a byte more': base32.encode(Uint8Array.of(...cid.bytes, 0)),
    'cut short': id.slice(0, -1),
    longer: `${id}a`,
    'a digit that base32 lacks': `${id.slice(0, -1)}1`,
    'a blank before': ` ${id.slice(0, -1)}`,
    'a line break behind': `${id.slice(0, -1)}\n`,
    'a path': `/ipfs/${id}`,
  }
  for (const [name, text] of Object.entries(other)) assert.equal(cidToDigest(text), null, name)
})

test('the unused bits of the last character are zero: no second text of the same id', () =>
  fuzz(fc.tuple(hash, fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567')), ([value, last]) => {
    const id = digestToCid(bytesToDigest(value))
    const changed = id.slice(0, -1) + last
    const digest = cidToDigest(changed)
    if (digest) assert.equal(digestToCid(digest), changed)
  }))

test('hostile text is no id and no digest, and never throws', () =>
  fuzz(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 70 }),
      fc
        .string({ unit: fc.constantFrom(...'abz27=\u0000é'), minLength: 52, maxLength: 52 })
        .map((tail) => `bafyrei${tail}`),
    ),
    (text) => {
      const digest = cidToDigest(text)
      if (digest) assert.equal(digestToCid(digest), text)
      const parsed = textToDigest(text)
      if (parsed) assert.equal(digestToBytes(parsed).length, 32)
    },
  ))

for (const text of [
  '',
  'A'.repeat(42),
  'A'.repeat(44),
  `${'A'.repeat(42)}B`,
  `${'A'.repeat(42)}=`,
  `${'A'.repeat(42)}+`,
])
  test(`not the text of a digest: ${JSON.stringify(text)}`, () => assert.equal(textToDigest(text), null))
