/** Signed requests (PROTOCOL.md §8; RFC 9421, RFC 9530). */
import { createHash } from 'node:crypto'
import { hex, utf8 } from './cbor.ts'
import { encodePoint, type Point, sign, smallOrderPoints } from './ed25519.ts'
import { author, type Case, did, NOW_MS, seeded } from './protocol.ts'

interface Request {
  readonly method: string
  readonly authority: string
  readonly path: string
  readonly query: string
  readonly body: Uint8Array
}
type Headers = { readonly [name: string]: string }

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const digestOf = (body: Uint8Array): string =>
  `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
const NOW_S = NOW_MS / 1000
const NONCE = base64(seeded('nonce', 16))

const post: Request = {
  method: 'POST',
  authority: 'spore.example:8443',
  path: '/federation/v1/pull',
  query: '',
  body: Uint8Array.of(0x80),
}
const get: Request = {
  method: 'GET',
  authority: 'spore.example',
  path: '/federation/v1/heads',
  query: '?since=00112233.7',
  body: new Uint8Array(),
}

interface Form {
  readonly label: string
  readonly components: readonly string[]
  /** Parameters as they stand, in order. */
  readonly parameters: string
  readonly signer: string
}

const parametersOf = (
  changed: { created?: string; nonce?: string; alg?: string; keyid?: string } = {},
): string => {
  const {
    created = String(NOW_S),
    nonce = NONCE,
    alg = 'ed25519',
    keyid = did(author('ada').publicKey),
  } = changed
  return `;created=${created};nonce="${nonce}";alg="${alg}";keyid="${keyid}"`
}

const componentsOf = ({ query, body }: Request): string[] => [
  '@method',
  '@authority',
  '@path',
  ...(query === '' ? [] : ['@query']),
  ...(body.length === 0 ? [] : ['content-digest']),
]

/** Signs any form, also those that the profile refuses: each refusal must be for its form, not for a bad signature. */
function signed(request: Request, changed: Partial<Form> = {}): Headers {
  const { label, components, parameters, signer }: Form = {
    label: 'spore',
    components: componentsOf(request),
    parameters: parametersOf(),
    signer: 'ada',
    ...changed,
  }
  const digest = digestOf(request.body)
  const values: Headers = {
    '@method': request.method,
    '@authority': request.authority,
    '@path': request.path,
    '@query': request.query,
    '@target-uri': `https://${request.authority}${request.path}${request.query}`,
    'content-digest': digest,
    'content-type': 'application/cbor',
  }
  const input = `(${components.map((name) => `"${name}"`).join(' ')})${parameters}`
  const base = [
    ...components.map((name) => `"${name}": ${values[name]}`),
    `"@signature-params": ${input}`,
  ].join('\n')
  return {
    ...(request.body.length > 0 && { 'content-digest': digest }),
    'signature-input': `${label}=${input}`,
    signature: `${label}=:${base64(sign(author(signer), utf8(base)))}:`,
  }
}

const toJson = ({ method, authority, path, query, body }: Request) => ({
  method,
  authority,
  path,
  query,
  body: hex(body),
})

export function httpSignatures(): Case[] {
  const valid = (
    name: string,
    comment: string,
    request: Request,
    headers: Headers = signed(request),
    more: object = {},
  ): Case => ({
    name,
    comment: `§8: ${comment}`,
    nowMs: NOW_MS,
    request: toJson(request),
    headers,
    caller: did(author('ada').publicKey),
    nonce: NONCE,
    ...more,
  })
  const refused = (
    name: string,
    comment: string,
    error: string,
    request: Request,
    headers: Headers,
    nowMs = NOW_MS,
  ): Case => ({
    name,
    comment: `§8: ${comment}`,
    nowMs,
    request: toJson(request),
    headers,
    error,
  })
  const unsigned = (name: string, request: Request, headers: Headers) =>
    refused(name, 'what has another form than the profile is unsigned', 'REQUEST_UNSIGNED', request, headers)
  const form = (name: string, changed: Partial<Form>, request = post) =>
    unsigned(name, request, signed(request, changed))
  const tampered = (name: string, request: Request, error = 'SIGNATURE_INVALID', headers = signed(post)) =>
    refused(name, 'what was signed is not what came', error, request, headers)
  const { signature, ...withoutSignature } = signed(post)
  const { 'signature-input': input, ...withoutInput } = signed(post)
  const { 'content-digest': _, ...withoutDigest } = signed(post)
  const old = (seconds: number) =>
    signed(post, { parameters: parametersOf({ created: String(NOW_S + seconds) }) })
  const small = did(encodePoint(smallOrderPoints()[1] as Point))
  return [
    valid('a POST', 'method, authority, path and the body’s digest', post),
    valid('a GET with a query', 'the query with its question mark, and no digest', get),
    valid('a GET without a query', 'neither', { ...get, query: '' }),
    valid('an empty query', 'a lone question mark is a query', { ...get, query: '?' }),
    valid('120 s old', 'as old as it may be', post, old(-120)),
    valid('120 s ahead', 'as new as it may be', post, old(120)),
    valid('other headers beside it', 'they mean nothing', post, {
      ...signed(post),
      'x-signature': 'sig1=:AA==:',
      host: 'elsewhere.example',
    }),
    valid('a digest without a body', 'is not covered and means nothing', get, {
      ...signed(get),
      'content-digest': digestOf(post.body),
    }),
    unsigned('no headers', post, {}),
    unsigned('no signature', post, withoutSignature),
    unsigned('no signature input', post, withoutInput),
    unsigned('an empty signature', post, { ...withoutSignature, signature: '' }),
    form('another label', { label: 'sig1' }),
    unsigned('labels that differ', post, {
      ...signed(post),
      signature: (signature as string).replace('spore', 'sig1'),
    }),
    unsigned('two signatures', post, {
      ...signed(post),
      'signature-input': `${input}, sig1=("@method");created=1`,
      signature: `${signature}, sig1=:AAAA:`,
    }),
    form('components in another order', { components: ['@path', '@method', '@authority', 'content-digest'] }),
    form('no method', { components: ['@authority', '@path', 'content-digest'] }),
    form('no authority', { components: ['@method', '@path', 'content-digest'] }),
    form('no path', { components: ['@method', '@authority', 'content-digest'] }),
    form('no digest of a body', { components: ['@method', '@authority', '@path'] }),
    form('no query where there is one', { components: ['@method', '@authority', '@path'] }, get),
    form('a query where there is none', {
      components: ['@method', '@authority', '@path', '@query', 'content-digest'],
    }),
    form('the target URI in place of its parts', {
      components: ['@method', '@target-uri', 'content-digest'],
    }),
    form('one component more', { components: [...componentsOf(post), 'content-type'] }),
    form('a component twice', {
      components: ['@method', '@method', '@authority', '@path', 'content-digest'],
    }),
    form('no components', { components: [] }),
    form('no created', { parameters: parametersOf().replace(/;created=\d+/, '') }),
    form('no nonce', { parameters: parametersOf().replace(/;nonce="[^"]+"/, '') }),
    form('no alg', { parameters: parametersOf().replace(';alg="ed25519"', '') }),
    form('no keyid', { parameters: parametersOf().replace(/;keyid="[^"]+"/, '') }),
    form('parameters in another order', {
      parameters: parametersOf().replace(/(;created=\d+)(;nonce="[^"]+")/, '$2$1'),
    }),
    form('a parameter more', { parameters: `${parametersOf()};tag="x"` }),
    form('expires in place of created', { parameters: parametersOf().replace('created', 'expires') }),
    form('another algorithm', { parameters: parametersOf({ alg: 'hmac-sha256' }) }),
    form('a created with a fraction', { parameters: parametersOf({ created: `${NOW_S}.0` }) }),
    form('a created below 0', { parameters: parametersOf({ created: `-${NOW_S}` }) }),
    form('a nonce of 15 bytes', { parameters: parametersOf({ nonce: base64(seeded('nonce', 15)) }) }),
    form('a nonce of 17 bytes', { parameters: parametersOf({ nonce: base64(seeded('nonce', 17)) }) }),
    form('a nonce with unused bits set', {
      parameters: parametersOf({ nonce: NONCE.replace(/.==$/, 'B==') }),
    }),
    form('a nonce in base64url', { parameters: parametersOf({ nonce: `-_${NONCE.slice(2)}` }) }),
    form('a keyid that is no did:key', { parameters: parametersOf({ keyid: hex(author('ada').publicKey) }) }),
    form('a space before a parameter', { parameters: parametersOf().replace(';nonce', '; nonce') }),
    unsigned('a signature of 63 bytes', post, {
      ...signed(post),
      signature: `spore=:${base64(seeded('x', 63))}:`,
    }),
    unsigned('a signature with unused bits set', post, {
      ...signed(post),
      signature: (signature as string).replace(
        /(.)==:$/,
        (_, last) => `${String.fromCharCode(last.charCodeAt(0) + 1)}==:`,
      ),
    }),
    unsigned('a parameter on the signature', post, { ...signed(post), signature: `${signature};x` }),
    refused('121 s old', 'too old', 'REQUEST_STALE', post, old(-121)),
    refused('121 s ahead', 'from the future', 'REQUEST_STALE', post, old(121)),
    refused('120 s and 1 ms old', 'too old', 'REQUEST_STALE', post, old(-120), NOW_MS + 1),
    refused('120 s and 1 ms ahead', 'from the future', 'REQUEST_STALE', post, old(120), NOW_MS - 1),
    tampered('another method', { ...post, method: 'PUT' }),
    tampered('another authority', { ...post, authority: 'other.example:8443' }),
    tampered('another port', { ...post, authority: 'spore.example' }),
    tampered('another path', { ...post, path: '/federation/v1/push' }),
    tampered('another query', { ...get, query: '?since=00112233.8' }, 'SIGNATURE_INVALID', signed(get)),
    tampered('another body', { ...post, body: Uint8Array.of(0xa0) }, 'DIGEST_MISMATCH'),
    tampered('another body with its digest', { ...post, body: Uint8Array.of(0xa0) }, 'SIGNATURE_INVALID', {
      ...signed(post),
      'content-digest': digestOf(Uint8Array.of(0xa0)),
    }),
    tampered(
      'a body where none was signed',
      { ...get, body: Uint8Array.of(0xa0) },
      'REQUEST_UNSIGNED',
      signed(get),
    ),
    tampered('the body taken away', { ...post, body: new Uint8Array() }, 'REQUEST_UNSIGNED'),
    tampered('a query added', { ...post, query: '?x' }, 'REQUEST_UNSIGNED'),
    refused('no digest', 'the digest is not there', 'DIGEST_MISMATCH', post, withoutDigest),
    refused('a digest of sha-512', 'the profile’s digest is sha-256', 'DIGEST_MISMATCH', post, {
      ...signed(post),
      'content-digest': `sha-512=:${createHash('sha512').update(post.body).digest('base64')}:`,
    }),
    refused('two digests', 'the header is the one that was signed', 'DIGEST_MISMATCH', post, {
      ...signed(post),
      'content-digest': `${digestOf(post.body)}, ${digestOf(post.body)}`,
    }),
    refused('another nonce', 'the nonce is covered', 'SIGNATURE_INVALID', post, {
      ...signed(post),
      'signature-input': (input as string).replace(NONCE, base64(seeded('other', 16))),
    }),
    refused('another time', 'the time is covered', 'SIGNATURE_INVALID', post, {
      ...signed(post),
      'signature-input': (input as string).replace(String(NOW_S), String(NOW_S + 1)),
    }),
    refused(
      'another author',
      'the signature is not theirs',
      'SIGNATURE_INVALID',
      post,
      signed(post, { signer: 'bo' }),
    ),
    refused(
      'a key of small order',
      'a did:key of one is none',
      'SIGNATURE_INVALID',
      post,
      signed(post, { parameters: parametersOf({ keyid: small }) }),
    ),
    valid('received before', 'the same request a second time', post, signed(post), {
      earlier: 1,
      error: 'REQUEST_REPLAYED',
    }),
  ]
}
