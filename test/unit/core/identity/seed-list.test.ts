import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, it } from 'node:test'
import { utf8ToBytes } from '../../../../src/core/base/bytes.ts'
import { createSigner, createVerifier } from '../../../../src/core/identity/keys.ts'
import {
  parseSeedList,
  type SeedDraft,
  type SeedList,
  type SignedSeedList,
  signSeedList,
  verifySeedList,
} from '../../../../src/core/identity/seed-list.ts'
import {
  BOOTSTRAP_BYTES_MAX,
  BOOTSTRAP_SEEDS_MAX,
  BOOTSTRAP_VALID_MAX_MS,
  CLOCK_AHEAD_MAX_MS,
} from '../../../../src/core/protocol/limits.ts'

const NOW = Date.UTC(2026, 10, 21, 9)
const DAY_MS = 24 * 3600 * 1000
const verifier = createVerifier()
const signerOf = (name: string) => createSigner(new Uint8Array(hash('sha256', name, 'buffer')))
const operator = signerOf('operator')
const keys = Array.from({ length: BOOTSTRAP_SEEDS_MAX + 1 }, (_, i) => signerOf(`seed ${i}`).did)

const seedsOf = (count: number) =>
  keys.slice(0, count).map((key, i) => ({ url: `https://s${i}.example`, key }))
const draft = (seeds = seedsOf(2)): SeedDraft => ({ version: 1, network: 'spore-test', seeds })
const signed = (over: Partial<SignedSeedList> = {}, seeds = seedsOf(2)): SignedSeedList => ({
  ...signSeedList(draft(seeds), operator, { nowMs: NOW, validMs: 30 * DAY_MS }),
  ...over,
})
const toBytes = (value: unknown): Uint8Array =>
  utf8ToBytes(typeof value === 'string' ? value : JSON.stringify(value, null, 2))
const terms = { network: 'spore-test', pinnedKeys: [operator.did], nowMs: NOW, verifier }

/** The list that a file gives under the terms of the test, or the failure. */
function read(value: unknown, over: Partial<typeof terms> = {}) {
  const parsed = parseSeedList(toBytes(value))
  return parsed.ok ? verifySeedList(parsed.value, { ...terms, ...over }) : parsed
}

function refused(value: unknown, reason: RegExp, over: Partial<typeof terms> = {}) {
  const answer = read(value, over)
  assert.ok(!answer.ok, 'it was taken')
  assert.match(`${answer.error.code} ${answer.error.detail}`, reason)
}

describe('a signed seed list', () => {
  it('is taken as it was signed, however it is indented', () => {
    const list = signed()
    for (const text of [
      JSON.stringify(list),
      JSON.stringify(list, null, '\t'),
      `\n ${JSON.stringify(list)}\r\n`,
    ])
      assert.deepEqual(read(text), { ok: true, value: list })
  })

  it('is refused where one letter of it differs, whichever', () => {
    const list = signed()
    const changes: Partial<SignedSeedList>[] = [
      { network: 'spore-tesu' },
      { issued: '2026-11-21T09:00:01Z' },
      { expires: '2026-12-21T09:00:01Z' },
      { seeds: seedsOf(1) },
      { seeds: list.seeds.toReversed() },
      { seeds: list.seeds.map(({ url, key }, i) => ({ key, url: i === 0 ? `${url}/x` : url })) },
      { seeds: list.seeds.map(({ url }, i) => ({ url, key: list.seeds[1 - i]?.key ?? operator.did })) },
      { signature: `${list.signature[0] === 'A' ? 'B' : 'A'}${list.signature.slice(1)}` },
    ]
    for (const change of changes)
      refused({ ...list, ...change }, /signature does not hold/, { network: change.network ?? 'spore-test' })
  })

  it('is refused from a key that is not pinned, also where that key names itself', () => {
    const other = signerOf('somebody else')
    const forged = signSeedList(draft(), other, { nowMs: NOW, validMs: DAY_MS })
    refused(forged, /not a pinned key/)
    refused({ ...forged, key: operator.did }, /signature does not hold/)
    refused(forged, /not a pinned key/, { pinnedKeys: [] })
    assert.ok(read(forged, { pinnedKeys: [operator.did, other.did] }).ok)
  })

  it('is refused for another network, with both names', () => {
    refused(signed(), /NETWORK_MISMATCH.*"spore-test" there, "spore-main" here/, { network: 'spore-main' })
  })

  it('holds from when it was issued until it expires', () => {
    const list = signed()
    const end = Date.parse(list.expires)
    assert.ok(read(list, { nowMs: end - 1 }).ok)
    refused(list, /expired 2026-12-21/, { nowMs: end })
    assert.ok(read(list, { nowMs: NOW - CLOCK_AHEAD_MAX_MS }).ok)
    refused(list, /in the future/, { nowMs: NOW - CLOCK_AHEAD_MAX_MS - 1 })
  })

  it('may not hold for longer than the bound, nor for no time', () => {
    const most = signSeedList(draft(), operator, { nowMs: NOW, validMs: BOOTSTRAP_VALID_MAX_MS })
    assert.ok(read(most).ok)
    refused(
      signSeedList(draft(), operator, { nowMs: NOW, validMs: BOOTSTRAP_VALID_MAX_MS + 1000 }),
      /more than a year/,
    )
    refused(signSeedList(draft(), operator, { nowMs: NOW, validMs: 0 }), /no time/)
  })
})

describe('a draft', () => {
  it('has the form of a list, and is never one that was fetched', () => {
    assert.deepEqual(parseSeedList(toBytes(draft())), { ok: true, value: draft() })
    refused(draft(), /not signed/)
    refused({ ...signed(), signature: undefined }, /a field that such a list does not have/)
  })
})

describe('the form of a seed list', () => {
  it('has a bound on bytes, and one byte more is refused', () => {
    const text = JSON.stringify(signed())
    const pad = ' '.repeat(BOOTSTRAP_BYTES_MAX - text.length)
    assert.ok(read(text + pad).ok)
    refused(`${text}${pad} `, /larger than 65536 bytes/)
    // As many characters, and more bytes.
    assert.equal(parseSeedList(utf8ToBytes(`"${'é'.repeat(BOOTSTRAP_BYTES_MAX / 2)}"`)).ok, false)
  })

  it('has a bound on seeds, and one seed more is refused', () => {
    assert.ok(read(signed({}, seedsOf(BOOTSTRAP_SEEDS_MAX))).ok)
    refused(signed({}, seedsOf(BOOTSTRAP_SEEDS_MAX + 1)), /more than 64 seeds/)
  })

  it('names no key and no URL twice, in whatever spelling', () => {
    const [a, b] = seedsOf(2) as [SeedList['seeds'][number], SeedList['seeds'][number]]
    refused(signed({}, [a, { ...b, key: a.key }]), /the key of seed 1 stands there twice/)
    refused(signed({}, [a, { ...b, url: a.url }]), /the url of seed 1 stands there twice/)
    refused(signed({}, [a, { ...b, url: `${a.url}/` }]), /the url of seed 1 stands there twice/)
    for (const url of ['https://S0.example', 'https://s0.example:443', 'https://s0.example/a/../'])
      refused(signed({}, [a, { ...b, url }]), /seed 1 is not an http\(s\) URL in its plain form/)
  })

  it('has no name twice in an object: a reader would see one, a signer the other', () => {
    const text = JSON.stringify(signed())
    refused(text.replace('"network":', '"network":"spore-other","network":'), /a name twice/)
    refused(text.replace('{"url":', '{"url":"https://evil.example","url":'), /a name twice/)
    refused(text.replace('"version":1', '"version":1.0'), /unusual spelling/)
    refused(text.replace('spore-test', 'sp\\u006fre-test'), /unusual spelling/)
  })

  it('has no URL that is not one of a spore', () => {
    const [seed] = seedsOf(1)
    for (const url of [
      'ftp://a.example',
      'file:///etc/passwd',
      'https://user:secret@a.example',
      'https://a.example/?q',
      'https://a.example/#f',
      `https://a.example/${'x'.repeat(512)}`,
      'a.example',
      '',
    ])
      refused(signed({}, [{ ...seed, url } as never]), /seed 0 is not an http|more than|not JSON/)
    refused(JSON.stringify(signed()).replace('https://s0', 'https://\\ud800'), /seed 0 is not an http/)
    const plain = [{ url: 'http://127.0.0.1:7860/spore/', key: keys[0] as never }]
    assert.ok(read(signed({}, plain)).ok)
  })

  it('refuses whatever else is in a file, and never throws', () => {
    const list = signed()
    const texts: unknown[] = [
      '',
      'null',
      '[]',
      '{}',
      '"x"',
      '{',
      '['.repeat(30_000),
      `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
      `\ufeff${JSON.stringify(list)}`,
      { ...list, version: 2 },
      { ...list, more: 1 },
      { ...list, network: '' },
      { ...list, network: 'x'.repeat(65) },
      { ...list, network: 1 },
      { ...list, seeds: {} },
      { ...list, seeds: [null] },
      { ...list, seeds: [{ url: 'https://a.example' }] },
      { ...list, seeds: [{ ...list.seeds[0], name: 'x' }] },
      { ...list, seeds: [{ url: 'https://a.example', key: 'did:key:z6Mk' }] },
      { ...list, issued: 1 },
      { ...list, issued: '2026-02-30T00:00:00Z' },
      { ...list, issued: '2026-11-21T09:00:00.000Z' },
      { ...list, expires: '2026-11-21' },
      { ...list, key: 'x' },
      { ...list, signature: 'x' },
      { ...list, signature: '='.repeat(86) },
      JSON.stringify(list).replace('{', '{"__proto__":{"signature":1},'),
    ]
    for (const text of texts) {
      const answer = read(text)
      assert.ok(!answer.ok && answer.error.code === 'BOOTSTRAP_REFUSED', JSON.stringify(text).slice(0, 80))
    }
    assert.equal(parseSeedList(Uint8Array.of(0x7b, 0xff, 0x7d)).ok, false)
  })
})
