/**
 * Request signatures against the independent npm package `http-message-signatures`, in both directions, and every byte of
 * what they cover flipped.
 */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { httpbis } from 'http-message-signatures'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import type { Did } from '../../../../src/core/base/brand.ts'
import { utf8ToBytes } from '../../../../src/core/base/bytes.ts'
import { sha256 } from '../../../../src/core/base/hash.ts'
import { silentLog } from '../../../../src/core/base/ports.ts'
import { ok } from '../../../../src/core/base/result.ts'
import {
  NONCE_BYTES,
  type ReplyParts,
  type RequestParts,
  type SignatureHeaders,
  signReply,
  signRequest,
  verifyReply,
  verifyRequest,
} from '../../../../src/core/identity/http-signature.ts'
import { createSigner, createVerifier, didToPublicKey } from '../../../../src/core/identity/keys.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import { SIGNATURE_AGE_MAX_MS } from '../../../../src/core/protocol/limits.ts'
import { createSpore } from '../../../../src/core/spore.ts'
import { fuzz, fuzzAsync } from '../../../support/fuzz.ts'

const NOW_S = 1_795_219_200
const NOW_MS = NOW_S * 1000
const seed = sha256(utf8ToBytes('http signatures'))
const signer = createSigner(seed)
const verifier = createVerifier()
const nonceOf = (number: number) => sha256(utf8ToBytes(`nonce ${number}`)).slice(0, NONCE_BYTES)

/** Requests as a URL can say them: the package reads method, authority, path and query off one. */
const segment = fc.stringMatching(/^[A-Za-z0-9._~-]{1,12}$/).filter((text) => !/^\.+$/.test(text))
const parts: fc.Arbitrary<RequestParts> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  authority: fc.constantFrom('spore.example', 'spore.example:8443', '127.0.0.1:4711', '[::1]:4711'),
  path: fc.array(segment, { minLength: 1, maxLength: 4 }).map((list) => `/${list.join('/')}`),
  query: fc.oneof(
    fc.constant(''),
    segment.map((text) => `?since=${text}`),
    segment.map((text) => `?a=${text}&b=%20`),
  ),
  body: fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ minLength: 1, maxLength: 200 })),
})
const urlOf = ({ authority, path, query }: RequestParts): string => `https://${authority}${path}${query}`
const nameOf = ({ query, body }: RequestParts): string[] => [
  '@method',
  '@authority',
  '@path',
  ...(query === '' ? [] : ['@query']),
  ...(body.length === 0 ? [] : ['content-digest']),
]
const lowerCase = (headers: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

describe('a signed reply', () => {
  const body = utf8ToBytes('{"self":1}')
  const request: RequestParts = { method: 'POST', authority: 'a.example', path: '/join', query: '', body }
  const requestHeaders = signRequest(request, signer, NOW_S, nonceOf(1))
  const reply = { status: 200, body, requestSignature: requestHeaders.signature }
  const headers = signReply(reply, signer, NOW_S)
  const judge = (changed: Partial<ReplyParts>, changedHeaders: object = {}, nowMs = NOW_MS) => {
    const verified = verifyReply(
      { ...reply, ...changed },
      { ...headers, ...changedHeaders },
      { nowMs, verifier },
    )
    return verified.ok ? verified.value : verified.error.code
  }

  test('verifies as the package for RFC 9421 says it should', async () => {
    let base = ''
    const isVerified = await httpbis.verifyMessage(
      {
        notAfter: NOW_S,
        async keyLookup({ keyid }) {
          const publicKey = didToPublicKey(keyid as Did) as Uint8Array
          return {
            id: keyid as string,
            algs: ['ed25519'],
            async verify(data, signature) {
              base = data.toString()
              return verifier.verify(publicKey, data, signature)
            },
          }
        },
      },
      { status: 200, headers: { ...headers } },
      { method: 'POST', url: 'https://a.example/join', headers: { ...requestHeaders } },
    )
    assert.equal(isVerified, true, base)
    assert.match(base, /^"@status": 200\n"content-digest": sha-256=.*\n"signature";req;key="spore": :.*:\n/)
  })
  test('names its signer, and holds for its status, body and request alone', () => {
    assert.equal(judge({}), signer.did)
    assert.equal(judge({ status: 201 }), 'SIGNATURE_INVALID')
    assert.equal(judge({ body: utf8ToBytes('{"self":2}') }), 'DIGEST_MISMATCH')
    const other = signRequest(request, signer, NOW_S, nonceOf(2))
    assert.equal(judge({ requestSignature: other.signature }), 'SIGNATURE_INVALID')
    assert.equal(judge({}, { signature: other.signature }), 'SIGNATURE_INVALID')
    assert.equal(judge({}, {}, NOW_MS + SIGNATURE_AGE_MAX_MS + 1), 'REQUEST_STALE')
    for (const name of ['signature', 'signature-input'])
      assert.equal(judge({}, { [name]: undefined }), 'REQUEST_UNSIGNED')
    // The signature of a request is none of a reply.
    assert.equal(judge({}, requestHeaders), 'REQUEST_UNSIGNED')
  })
})

describe('the package for RFC 9421', () => {
  test('verifies what we sign, over the same base string', () =>
    fuzzAsync(
      fc.record({ parts, nonce: fc.nat() }),
      async ({ parts, nonce }) => {
        const headers = signRequest(parts, signer, NOW_S, nonceOf(nonce))
        let base: string | null = null
        const isVerified = await httpbis.verifyMessage(
          {
            notAfter: NOW_S,
            async keyLookup({ keyid }) {
              const publicKey = didToPublicKey(keyid ?? '')
              assert.ok(publicKey)
              const key = createPublicKey({
                key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey]),
                format: 'der',
                type: 'spki',
              })
              return {
                algs: ['ed25519'],
                async verify(data, signature) {
                  base = data.toString('utf8')
                  return verify(null, data, key, signature)
                },
              }
            },
            requiredParams: ['created', 'nonce', 'alg', 'keyid'],
            requiredFields: nameOf(parts),
          },
          { method: parts.method, url: urlOf(parts), headers: { ...headers } },
        )
        assert.equal(isVerified, true)
        assert.equal((base ?? '').split('\n').length, nameOf(parts).length + 1)
      },
      200,
    ))

  test('signs what we verify', () =>
    fuzzAsync(
      fc.record({ parts, nonce: fc.nat() }),
      async ({ parts, nonce }) => {
        const key = createPrivateKey({
          key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
          format: 'der',
          type: 'pkcs8',
        })
        const digest = `sha-256=:${Buffer.from(sha256(parts.body)).toString('base64')}:`
        const nonceText = Buffer.from(nonceOf(nonce)).toString('base64')
        const signed = await httpbis.signMessage(
          {
            key: { id: signer.did, alg: 'ed25519', sign: async (data) => sign(null, data, key) },
            name: 'spore',
            fields: nameOf(parts),
            params: ['created', 'nonce', 'alg', 'keyid'],
            paramValues: { created: new Date(NOW_MS), nonce: nonceText },
          },
          {
            method: parts.method,
            url: urlOf(parts),
            headers: parts.body.length > 0 ? { 'content-digest': digest } : {},
          },
        )
        const headers = lowerCase(signed.headers)
        assert.deepEqual(verifyRequest(parts, headers, { nowMs: NOW_MS, verifier }), {
          ok: true,
          value: { caller: signer.did, nonce: nonceText },
        })
        // Ed25519 is deterministic, so equal base strings are equal headers.
        assert.deepEqual(headers, { ...signRequest(parts, signer, NOW_S, nonceOf(nonce)) })
      },
      200,
    ))
})

describe('a signed request', () => {
  const parts: RequestParts = {
    method: 'POST',
    authority: 'spore.example:8443',
    path: '/federation/v1/pull',
    query: '?a=1&b=%20',
    body: Uint8Array.of(1, 2, 3, 4, 5),
  }
  const headers = signRequest(parts, signer, NOW_S, nonceOf(1))
  const accepts = (changed: Partial<RequestParts>, with_: Partial<SignatureHeaders> = {}, nowMs = NOW_MS) =>
    verifyRequest({ ...parts, ...changed }, { ...headers, ...with_ }, { nowMs, verifier })

  test('is its signer’s', () => {
    const accepted = accepts({})
    assert.ok(accepted.ok)
    assert.equal(accepted.value.caller, signer.did)
  })

  for (const name of ['method', 'authority', 'path', 'query'] as const)
    test(`is refused with any bit of its ${name} flipped`, () => {
      for (let at = 0; at < parts[name].length; at++)
        for (let bit = 0; bit < 8; bit++) {
          const flipped = Buffer.from(parts[name])
          flipped[at] = (flipped[at] as number) ^ (1 << bit)
          assert.ok(!accepts({ [name]: flipped.toString('latin1') }).ok, `bit ${bit} of byte ${at}`)
        }
    })

  test('is refused with any bit of its body flipped, a byte more or less', () => {
    for (let at = 0; at < parts.body.length; at++)
      for (let bit = 0; bit < 8; bit++) {
        const body = parts.body.with(at, (parts.body[at] as number) ^ (1 << bit))
        const refused = accepts({ body })
        assert.equal(refused.ok || refused.error.code, 'DIGEST_MISMATCH')
      }
    assert.ok(!accepts({ body: parts.body.slice(1) }).ok)
    assert.ok(!accepts({ body: Uint8Array.of(...parts.body, 0) }).ok)
  })

  for (const name of ['content-digest', 'signature-input', 'signature'] as const)
    test(`is refused with any bit of its ${name} header flipped`, () => {
      const text = headers[name] as string
      for (let at = 0; at < text.length; at++)
        for (let bit = 0; bit < 8; bit++) {
          const flipped = Buffer.from(text)
          flipped[at] = (flipped[at] as number) ^ (1 << bit)
          assert.ok(!accepts({}, { [name]: flipped.toString('latin1') }).ok, `bit ${bit} of byte ${at}`)
        }
    })

  test('is refused with a character taken from, or put into, any place of its headers', () => {
    for (const name of ['content-digest', 'signature-input', 'signature'] as const) {
      const text = headers[name] as string
      for (let at = 0; at <= text.length; at++) {
        assert.ok(!accepts({}, { [name]: `${text.slice(0, at)} ${text.slice(at)}` }).ok, `${name} ${at}`)
        if (at < text.length)
          assert.ok(!accepts({}, { [name]: text.slice(0, at) + text.slice(at + 1) }).ok, `${name} ${at}`)
      }
    }
  })

  for (const [shiftMs, code] of [
    [SIGNATURE_AGE_MAX_MS, null],
    [SIGNATURE_AGE_MAX_MS + 1, 'REQUEST_STALE'],
    [-SIGNATURE_AGE_MAX_MS, null],
    [-SIGNATURE_AGE_MAX_MS - 1, 'REQUEST_STALE'],
  ] as const)
    test(`seen ${shiftMs} ms after it was made: ${code ?? 'taken'}`, () => {
      const result = accepts({}, {}, NOW_MS + shiftMs)
      assert.equal(result.ok ? null : result.error.code, code)
    })

  test('is refused from a stranger who puts another key, and taken under the stranger’s own', () => {
    const stranger = createSigner(sha256(utf8ToBytes('stranger')))
    const input = headers['signature-input'].replace(signer.did, stranger.did)
    assert.equal(codeOf(accepts({}, { 'signature-input': input })), 'SIGNATURE_INVALID')
    const own = verifyRequest(
      parts,
      { ...signRequest(parts, stranger, NOW_S, nonceOf(1)) },
      { nowMs: NOW_MS, verifier },
    )
    assert.equal(own.ok && own.value.caller, stranger.did satisfies Did)
  })

  test('is unsigned with headers that are no text', () => {
    for (const value of [undefined, null, 1, [], [headers.signature, headers.signature], {}])
      assert.equal(
        codeOf(verifyRequest(parts, { ...headers, signature: value }, { nowMs: NOW_MS, verifier })),
        'REQUEST_UNSIGNED',
      )
  })

  test('of any shape of rubbish is refused and never throws', () =>
    fuzz(
      fc.record({ input: fc.string({ unit: 'binary' }), signature: fc.string({ unit: 'binary' }) }),
      ({ input, signature }) => {
        const rubbish = { 'signature-input': input, signature }
        assert.equal(codeOf(verifyRequest(parts, rubbish, { nowMs: NOW_MS, verifier })), 'REQUEST_UNSIGNED')
      },
    ))
})

describe('a spore that admits requests', () => {
  const parts: RequestParts = {
    method: 'GET',
    authority: 'spore.example',
    path: '/federation/v1/heads',
    query: '',
    body: new Uint8Array(),
  }

  test('takes each nonce of an author once while its signature is valid', async () => {
    let nowMs = NOW_MS
    const spore = await createTestSpore(() => nowMs)
    await using _ = spore
    const admit = (headers: SignatureHeaders) => {
      const result = spore.federation.admit(parts, { ...headers })
      return result.ok ? null : result.error.code
    }
    const first = signRequest(parts, signer, NOW_S, nonceOf(1))
    assert.equal(admit(first), null)
    for (nowMs of [NOW_MS, NOW_MS + 1, NOW_MS + SIGNATURE_AGE_MAX_MS, NOW_MS - SIGNATURE_AGE_MAX_MS])
      assert.equal(admit(first), 'REQUEST_REPLAYED')
    nowMs = NOW_MS
    const sameNonce = signRequest({ ...parts }, signer, NOW_S + 1, nonceOf(1))
    assert.equal(admit(sameNonce), 'REQUEST_REPLAYED', 'a nonce is used once, whatever else is signed')
    assert.equal(admit(signRequest(parts, signer, NOW_S, nonceOf(2))), null)
    const stranger = createSigner(sha256(utf8ToBytes('stranger')))
    assert.equal(admit(signRequest(parts, stranger, NOW_S, nonceOf(1))), null, 'nonces are an author’s own')
    nowMs = NOW_MS + SIGNATURE_AGE_MAX_MS + 1
    assert.equal(admit(first), 'REQUEST_STALE')
  })

  test('does not remember the nonce of a request that it refused', async () => {
    await using spore = await createTestSpore(() => NOW_MS)
    const good = signRequest(parts, signer, NOW_S, nonceOf(3))
    const forged = {
      ...good,
      signature: good.signature.replace(/.{4}==:$/, 'AAAA==:').replace('A==:', 'Q==:'),
    }
    assert.ok(!spore.federation.admit(parts, forged).ok)
    assert.ok(spore.federation.admit(parts, { ...good }).ok, 'nobody can burn the nonces of others')
  })

  function createTestSpore(now: () => number) {
    const origin = { publicKey: signer.publicKey, network: 'spore-test', epoch: new Uint8Array(8) }
    return createSpore(
      { defaultSpace: 'private', pullIntervalMs: 1000 },
      {
        clock: { now, sleep: async () => {} },
        random: { bytes: (length) => new Uint8Array(length), float: () => 0 },
        log: silentLog,
        store: createMemoryStore(origin),
        transport: { admit: ok, send: unasked, stream: unasked },
        compression: zlibCompression,
        seed,
      },
    )
  }
})

const codeOf = (result: ReturnType<typeof verifyRequest>): string | null =>
  result.ok ? null : result.error.code

const unasked = () => Promise.reject(new Error('no request is sent here'))
