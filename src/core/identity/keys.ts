/**
 * Ed25519 keys and signatures (PROTOCOL.md §3). Verification is stricter than the library below it: what libraries
 * disagree about (small order, non-canonical encodings) is refused before it is asked.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { base58btc } from 'multiformats/bases/base58'
import { createBoundedMap } from '../base/bounded.ts'
import type { Did } from '../base/brand.ts'
import { bytesToHex } from '../base/bytes.ts'

const MULTICODEC_ED25519 = [0xed, 0x01]
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const P = 2n ** 255n - 19n
const L = 2n ** 252n + 27742317777372353535851937790883648493n
/** Imported keys kept ready: an import costs as much as a verification. */
const IMPORTED_KEYS_MAX = 4096

/** y coordinates of the eight points whose order divides 8; the sign bit is left out. */
const SMALL_ORDER_Y = new Set([
  0n,
  1n,
  P - 1n,
  ...[
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  ].map((hex) => littleEndian(Buffer.from(hex, 'hex'))),
])

export interface Signer {
  readonly publicKey: Uint8Array
  readonly did: Did
  /** Ed25519 signature over `bytes`, 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array
}

/** The signer of a 32-byte seed (RFC 8032 §5.1.5). */
export function createSigner(seed: Uint8Array): Signer {
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const publicKey = new Uint8Array(spki.subarray(SPKI_PREFIX.length))
  return {
    publicKey,
    did: publicKeyToDid(publicKey),
    sign: (bytes) => new Uint8Array(sign(null, bytes, privateKey)),
  }
}

/** True for a canonical encoding of a point that is not of small order. */
export function isAdmissibleKey(publicKey: Uint8Array): boolean {
  return publicKey.length === 32 && isStrictPoint(publicKey)
}

export interface Verifier {
  /** True where `signature` is the strict signature of `publicKey` over `bytes`. */
  verify(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean
  /** Signatures checked so far: the scarce resource of a receiver. */
  readonly verifications: number
}

export function createVerifier(): Verifier {
  const imported = createBoundedMap<string, KeyObject>(IMPORTED_KEYS_MAX)
  let verifications = 0
  const importKey = (publicKey: Uint8Array): KeyObject => {
    const id = bytesToHex(publicKey)
    const known = imported.get(id)
    if (known) return known
    const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' })
    imported.set(id, key)
    return key
  }
  return {
    verify(publicKey, bytes, signature) {
      verifications++
      if (!isAdmissibleKey(publicKey) || signature.length !== 64) return false
      if (!isStrictPoint(signature.subarray(0, 32))) return false
      if (littleEndian(signature.subarray(32)) >= L) return false
      return verify(null, bytes, importKey(publicKey), signature)
    },
    get verifications() {
      return verifications
    },
  }
}

export function publicKeyToDid(publicKey: Uint8Array): Did {
  return `did:key:${base58btc.encode(Uint8Array.of(...MULTICODEC_ED25519, ...publicKey))}` as Did
}

/** Parses an author; null unless it is the canonical text of an admissible Ed25519 did:key. */
export function didToPublicKey(text: string): Uint8Array | null {
  if (!text.startsWith('did:key:z') || text.length > 64) return null
  try {
    const bytes = base58btc.decode(text.slice('did:key:'.length))
    const publicKey = bytes.slice(2)
    const isEd25519 = bytes[0] === MULTICODEC_ED25519[0] && bytes[1] === MULTICODEC_ED25519[1]
    return isEd25519 && isAdmissibleKey(publicKey) && publicKeyToDid(publicKey) === text ? publicKey : null
  } catch {
    return null
  }
}

/** The short form of an author: the last 8 characters of its did. */
export const shortAuthor = (did: string): string => did.slice(-8)

function isStrictPoint(encoding: Uint8Array): boolean {
  const y = littleEndian(encoding) & (2n ** 255n - 1n)
  return y < P && !SMALL_ORDER_Y.has(y)
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}
