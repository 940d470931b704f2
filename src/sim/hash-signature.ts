/**
 * Signatures of simulated swarms: a hash of key and bytes, which costs a hundredth of Ed25519. It proves nothing to
 * anybody; it takes its place where thousands of spores are to be timed and none of them is hostile.
 */
import { hash } from 'node:crypto'
import { concatBytes } from '../core/base/bytes.ts'
import { publicKeyToDid, type Signer, type Verifier } from '../core/identity/keys.ts'

const SIGNATURE_BYTES = 64

function signatureOf(publicKey: Uint8Array, bytes: Uint8Array): Uint8Array {
  const digest = hash('sha512', concatBytes(publicKey, bytes), 'buffer')
  return new Uint8Array(digest.subarray(0, SIGNATURE_BYTES))
}

/** `key`: 32 bytes, which are the public key too. */
export function createHashSigner(key: Uint8Array): Signer {
  const publicKey = Uint8Array.from(key)
  // Below p, as every admissible key.
  publicKey[31]! &= 0x3f
  return {
    publicKey,
    did: publicKeyToDid(publicKey),
    sign: (bytes) => signatureOf(publicKey, bytes),
  }
}

export function createHashVerifier(): Verifier {
  let verifications = 0
  return {
    verify(publicKey, bytes, signature) {
      verifications++
      return Buffer.compare(signatureOf(publicKey, bytes), signature) === 0
    },
    get verifications() {
      return verifications
    },
  }
}
