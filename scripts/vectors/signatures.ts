/** Ed25519 where libraries disagree (PROTOCOL.md §3), and did:keys. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { hex, join, unhex, utf8 } from './cbor.ts'
import {
  add,
  BASE,
  challenge,
  encodePoint,
  encodeY,
  holdsCofactored,
  holdsCofactorless,
  IDENTITY,
  isSame,
  keyOf,
  L,
  multiply,
  negate,
  P,
  type Point,
  recoverX,
  sign,
  smallOrderPoints,
  toBytes,
  toNumber,
} from './ed25519.ts'
import { author, type Case, did, seeded } from './protocol.ts'

/** RFC 8032 §7.1: seed, public key, message, signature. */
const RFC_8032: readonly (readonly [
  name: string,
  seed: string,
  key: string,
  message: string,
  signature: string,
])[] = [
  [
    'TEST 1',
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    'TEST 2',
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'TEST 3',
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
  [
    'TEST SHA(abc)',
    '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    createHash('sha512').update('abc').digest('hex'),
    'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  ],
]

interface Claim {
  /** What the two equations say of it, when keys and R are decoded leniently. */
  readonly cofactorless: boolean
  readonly cofactored: boolean
}

function vector(
  name: string,
  comment: string,
  parts: { readonly publicKey: Uint8Array; readonly message: Uint8Array; readonly signature: Uint8Array },
  claim: Claim,
  error?: string,
): Case {
  const { publicKey, message, signature } = parts
  assert.equal(holdsCofactorless(publicKey, message, signature), claim.cofactorless, `${name}: cofactorless`)
  assert.equal(holdsCofactored(publicKey, message, signature), claim.cofactored, `${name}: cofactored`)
  return {
    name,
    comment: `§3: ${comment}`,
    publicKey: hex(publicKey),
    message: hex(message),
    signature: hex(signature),
    ...(error !== undefined && { error }),
  }
}

const key = author('edge cases')
const scalar = (name: string): bigint => toNumber(seeded(name, 32)) % L
const both = { cofactorless: true, cofactored: true }
const neither = { cofactorless: false, cofactored: false }
const onlyCofactored = { cofactorless: false, cofactored: true }
const onlyCofactorless = { cofactorless: true, cofactored: true }

/** Messages until one has the challenge that is wanted. */
function search(
  name: string,
  make: (message: Uint8Array) => { readonly publicKey: Uint8Array; readonly signature: Uint8Array },
  isWanted: (k: bigint) => boolean,
) {
  for (let i = 0; ; i++) {
    const message = utf8(`${name} ${i}`)
    const made = { ...make(message), message }
    if (isWanted(challenge(made.signature.slice(0, 32), made.publicKey, message))) return made
  }
}

/** A signature of the secret part `a` under the public key `A`, with nonce r and torsion `T` added to R. */
const signAs = (A: Uint8Array, a: bigint, r: bigint, R: Uint8Array) => (message: Uint8Array) => ({
  publicKey: A,
  signature: join(R, toBytes((r + challenge(R, A, message) * a) % L)),
})

function smallOrderKeys(): Case[] {
  const r = scalar('small order key')
  const R = encodePoint(multiply(r, BASE))
  const encodings: [string, Uint8Array][] = smallOrderPoints().map((point, i) => [
    `${i} times a point of order 8`,
    encodePoint(point),
  ])
  for (const [name, y, signs] of [
    ['y = 1 with the sign of x = 0 set', 1n, [1n]],
    ['y = -1 with the sign of x = 0 set', P - 1n, [1n]],
    ['y = p', P, [0n, 1n]],
    ['y = p + 1', P + 1n, [0n, 1n]],
  ] as const)
    for (const bit of signs) encodings.push([`${name}, sign ${bit}, not canonical`, encodeY(y, bit)])
  return encodings.map(([name, A]) => {
    // The order divides 8, so for a challenge that 8 divides the equation holds with S = r and no secret at all.
    const found = search(`small order ${name}`, signAs(A, 0n, r, R), (k) => k % 8n === 0n)
    return vector(
      `key of small order: ${name}`,
      'anybody can sign for a key of small order, so it is refused though the equation holds',
      found,
      both,
      'KEY_REFUSED',
    )
  })
}

function strangeKeys(): Case[] {
  const message = utf8('not canonical')
  const { signature } = { signature: sign(key, message) }
  const cases: Case[] = []
  for (let y = 2n; y <= 18n; y++) {
    if (recoverX(y, 0n) === null) continue
    for (const bit of [0n, 1n])
      cases.push(
        vector(
          `key whose y is p + ${y}, sign ${bit}`,
          'y is not below p: refused whatever the signature is',
          { publicKey: encodeY(P + y, bit), message, signature },
          neither,
          'KEY_REFUSED',
        ),
      )
  }
  let y = 2n
  while (recoverX(y, 0n) !== null) y++
  cases.push(
    vector(
      'key that is no point of the curve',
      'such a key verifies nothing; it need not be told apart when it is read',
      { publicKey: encodeY(y, 0n), message, signature },
      neither,
      'SIGNATURE_INVALID',
    ),
  )
  return cases
}

function wrongS(): Case[] {
  const message = utf8('S')
  const signature = sign(key, message)
  const R = signature.slice(0, 32)
  const S = toNumber(signature.slice(32))
  const withS = (value: bigint) => ({ publicKey: key.publicKey, message, signature: join(R, toBytes(value)) })
  const range = 'S must be below L; a greater one would be a second signature of the same bytes'
  return [
    vector('S + L', range, withS(S + L), both, 'SIGNATURE_INVALID'),
    vector('S + 2L', range, withS(S + 2n * L), both, 'SIGNATURE_INVALID'),
    vector('S + 8L, the top bits set', range, withS(S + 8n * L), both, 'SIGNATURE_INVALID'),
    vector('S = L', range, withS(L), neither, 'SIGNATURE_INVALID'),
    vector('S = L - 1, in range and wrong', 'the equation', withS(L - 1n), neither, 'SIGNATURE_INVALID'),
    vector('S = 2^256 - 1', range, withS(2n ** 256n - 1n), neither, 'SIGNATURE_INVALID'),
    vector('S = 0', 'the equation', withS(0n), neither, 'SIGNATURE_INVALID'),
  ]
}

function wrongR(): Case[] {
  const message = utf8('R')
  const withR = (R: Uint8Array, r: bigint) => ({ ...signAs(key.publicKey, key.a, r, R)(message), message })
  const smallR = 'R has small order: refused, also where the equation holds'
  const cases = smallOrderPoints().map((point, i) =>
    vector(
      `R is ${i} times a point of order 8`,
      smallR,
      withR(encodePoint(point), 0n),
      isSame(point, IDENTITY) ? both : onlyCofactored,
      'SIGNATURE_INVALID',
    ),
  )
  const notCanonical = 'R is not canonical: refused by its bytes, though as a point it is the right one'
  for (const [name, R] of [
    ['y = p + 1', encodeY(P + 1n, 0n)],
    ['y = 1 with the sign of x = 0 set', encodeY(1n, 1n)],
    ['y = p + 1 with the sign of x = 0 set', encodeY(P + 1n, 1n)],
  ] as const)
    cases.push(
      vector(`R not canonical: ${name}`, notCanonical, withR(R, 0n), onlyCofactored, 'SIGNATURE_INVALID'),
    )
  const y = (() => {
    for (let candidate = 2n; ; candidate++) if (recoverX(candidate, 0n) !== null) return candidate
  })()
  cases.push(
    vector(
      `R not canonical: y = p + ${y}, not of small order`,
      notCanonical,
      withR(encodeY(P + y, 0n), 0n),
      neither,
      'SIGNATURE_INVALID',
    ),
  )
  return cases
}

function mixedOrder(): Case[] {
  const torsion = smallOrderPoints()[1] as Point
  const mixed = encodePoint(add(multiply(key.a, BASE), torsion))
  const r = scalar('mixed order')
  const pureR = encodePoint(multiply(r, BASE))
  const cases = [
    vector(
      'mixed-order key, 8 divides the challenge',
      'a key with a part of small order is not of small order: the cofactorless equation decides, and it holds',
      search('mixed order', signAs(mixed, key.a, r, pureR), (k) => k % 8n === 0n),
      both,
    ),
  ]
  for (let rest = 1n; rest < 8n; rest++)
    cases.push(
      vector(
        `mixed-order key, challenge ${rest} modulo 8`,
        'only the cofactored equation holds: refused',
        search(`mixed order ${rest}`, signAs(mixed, key.a, r, pureR), (k) => k % 8n === rest),
        onlyCofactored,
        'SIGNATURE_INVALID',
      ),
    )
  for (let i = 1; i < 8; i++) {
    const mixedR = encodePoint(add(multiply(r, BASE), smallOrderPoints()[i] as Point))
    cases.push(
      vector(
        `R of mixed order, ${i} times a point of order 8 added`,
        'only the cofactored equation holds: refused',
        search(`mixed R ${i}`, signAs(key.publicKey, key.a, r, mixedR), () => true),
        onlyCofactored,
        'SIGNATURE_INVALID',
      ),
    )
  }
  // [S]B − [k]A = [r]B − [k]T, so an R with −[k]T in it is right.
  const mixedR = encodePoint(add(multiply(r, BASE), negate(multiply(3n, torsion))))
  cases.push(
    vector(
      'mixed-order key and R that cancel',
      'the cofactorless equation holds byte for byte: accepted',
      search('mixed both', signAs(mixed, key.a, r, mixedR), (k) => k % 8n === 3n),
      onlyCofactorless,
    ),
  )
  return cases
}

function ordinary(): Case[] {
  const message = utf8('spore')
  const signature = sign(key, message)
  const parts = { publicKey: key.publicKey, message, signature }
  const flipped = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
  return [
    vector('an ordinary signature', 'accepted', parts, both),
    vector(
      'another message',
      'the equation',
      { ...parts, message: utf8('spores') },
      neither,
      'SIGNATURE_INVALID',
    ),
    vector(
      'another key',
      'the equation',
      { ...parts, publicKey: author('b').publicKey },
      neither,
      'SIGNATURE_INVALID',
    ),
    vector(
      'a bit of R',
      'the equation',
      { ...parts, signature: flipped(signature, 1) },
      neither,
      'SIGNATURE_INVALID',
    ),
    vector(
      'a bit of S',
      'the equation',
      { ...parts, signature: flipped(signature, 33) },
      neither,
      'SIGNATURE_INVALID',
    ),
  ]
}

/** Lengths cannot be put to the equations. */
function wrongLengths(): Case[] {
  const message = utf8('length')
  const signature = sign(key, message)
  const of = (name: string, publicKey: Uint8Array, bytes: Uint8Array, error: string): Case => ({
    name,
    comment: '§3: a key has 32 bytes, a signature 64',
    publicKey: hex(publicKey),
    message: hex(message),
    signature: hex(bytes),
    error,
  })
  return [
    of('a key of 31 bytes', key.publicKey.slice(0, 31), signature, 'KEY_REFUSED'),
    of('a key of 33 bytes', join(key.publicKey, Uint8Array.of(0)), signature, 'KEY_REFUSED'),
    of('an empty key', new Uint8Array(), signature, 'KEY_REFUSED'),
    of('a signature of 63 bytes', key.publicKey, signature.slice(0, 63), 'SIGNATURE_INVALID'),
    of('a signature of 65 bytes', key.publicKey, join(signature, Uint8Array.of(0)), 'SIGNATURE_INVALID'),
    of('an empty signature', key.publicKey, new Uint8Array(), 'SIGNATURE_INVALID'),
  ]
}

export function ed25519(): Case[] {
  const published = RFC_8032.map(([name, seed, publicKey, messageHex, signature]) => {
    const pair = keyOf(unhex(seed))
    const message = unhex(messageHex)
    assert.equal(hex(pair.publicKey), publicKey, name)
    assert.equal(hex(sign(pair, message)), signature, name)
    const parts = { publicKey: pair.publicKey, message, signature: unhex(signature) }
    return { ...vector(`RFC 8032 §7.1 ${name}`, 'a published vector', parts, both), seed }
  })
  return [
    ...published,
    ...ordinary(),
    ...smallOrderKeys(),
    ...strangeKeys(),
    ...wrongS(),
    ...wrongR(),
    ...mixedOrder(),
    ...wrongLengths(),
  ]
}

export function didKey(): Case[] {
  const { publicKey } = author('did')
  const text = did(publicKey)
  const refused = (name: string, wrong: string) => ({
    name,
    comment: '§3: an author has one text; anything else is none',
    did: wrong,
    error: 'KEY_REFUSED',
  })
  return [
    {
      name: 'an author',
      comment: '§3: multibase base58btc over 0xed 0x01 and the key',
      did: text,
      publicKey: hex(publicKey),
    },
    refused('empty', ''),
    refused('no multibase letter', text.replace(':z', ':')),
    refused('another multibase', text.replace(':z', ':m')),
    refused('another method', text.replace(':key:', ':web:')),
    refused('upper-case scheme', text.replace('did', 'DID')),
    refused('a letter that base58 has not', `${text.slice(0, -1)}0`),
    refused('a fragment', `${text}#${text.slice(8)}`),
    refused('a leading 1, one more zero byte', text.replace(':z', ':z1')),
    refused('the codec of X25519', did(publicKey, [0xec, 0x01])),
    refused('a codec not in its shortest form', did(publicKey, [0xed, 0x81, 0x00])),
    refused('a key of 31 bytes', did(publicKey.slice(0, 31))),
    refused('a key of 33 bytes', did(join(publicKey, Uint8Array.of(1)))),
    refused('a key of small order', did(encodePoint(smallOrderPoints()[1] as Point))),
    refused('a key that is not canonical', did(encodeY(P + 3n, 0n))),
  ]
}
