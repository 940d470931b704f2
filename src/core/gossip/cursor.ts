/**
 * Cursors of heads (PROTOCOL.md §8): how far an asker has read, sealed. Positions count every entry of this spore in the order
 * of arrival, those of hidden spaces too, so what a cursor says must be legible here alone.
 *
 * Invariant: the same position in the same view gives the same text in one process, and texts of others tell nothing of how far
 * they lie apart: a cursor is a permutation of 32 bytes (Luby and Rackoff, 1988: four rounds) under a key of this spore.
 */
import { base64urlToBytes, bytesToBase64url, concatBytes, utf8ToBytes } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import type { Signer } from '../identity/keys.ts'
import type { View } from '../memory/spaces.ts'

/** Up to where an asker has read: entries by their arrival, and fork proofs, which come for old logs too, by their own count. */
export interface Position {
  readonly arrival: number
  readonly forks: number
}

export interface Cursors {
  /** The cursor behind a position in a view. */
  seal(position: Position, view: View): string
  /** The beginning for a cursor that this store did not give, or gave for another view. */
  open(cursor: string | null, view: View): Position
}

export interface CursorsDeps {
  readonly signer: Signer
  /** Epoch of the store at the time: cursors of another one are unknown. */
  readonly epoch: () => Uint8Array
  /** Proofs are counted as one process took them in: a cursor of an earlier one gives those of all forked logs again. */
  readonly startedAtMs: number
}

const BEGINNING: Position = { arrival: 0, forks: 0 }
const HALF_BYTES = 16
const ROUNDS = 4
const OF_STORE_BYTES = 8
/** Where the fields of the 32 bytes begin: arrival, forks, start of the process (6 bytes each), whose store and view it is, zeros. */
const FORKS_AT = 6
const STARTED_AT = 12
const OF_STORE_AT = 18
const ZEROS_AT = OF_STORE_AT + OF_STORE_BYTES

export function createCursors({ signer, epoch, startedAtMs }: CursorsDeps): Cursors {
  // A signature is a secret that nobody else can make and that this spore makes again at every start.
  const key = sha256(signer.sign(utf8ToBytes('spore/cursor/secret/1')))
  const ofStore = (view: View): Buffer =>
    Buffer.from(sha256(concatBytes(epoch(), view.tag)).subarray(0, OF_STORE_BYTES))

  return {
    seal({ arrival, forks }, view) {
      const plain = Buffer.alloc(2 * HALF_BYTES)
      plain.writeUIntBE(arrival, 0, 6)
      plain.writeUIntBE(forks, FORKS_AT, 6)
      plain.writeUIntBE(startedAtMs, STARTED_AT, 6)
      ofStore(view).copy(plain, OF_STORE_AT)
      return bytesToBase64url(permute(plain, key, true))
    },
    open(cursor, view) {
      const sealed = cursor === null ? null : base64urlToBytes(cursor)
      if (sealed?.length !== 2 * HALF_BYTES) return BEGINNING
      const plain = Buffer.from(permute(sealed, key, false))
      const isOurs = plain.subarray(OF_STORE_AT, ZEROS_AT).equals(ofStore(view))
      if (!isOurs || plain.subarray(ZEROS_AT).some((byte) => byte !== 0)) return BEGINNING
      const isOfProcess = plain.readUIntBE(STARTED_AT, 6) === startedAtMs
      return { arrival: plain.readUIntBE(0, 6), forks: isOfProcess ? plain.readUIntBE(FORKS_AT, 6) : 0 }
    },
  }
}

/** Four Feistel rounds, or the same backwards. */
function permute(bytes: Uint8Array, key: Uint8Array, isForward: boolean): Uint8Array {
  let [left, right] = [bytes.slice(0, HALF_BYTES), bytes.slice(HALF_BYTES)]
  for (let i = 0; i < ROUNDS; i++) {
    const round = isForward ? i : ROUNDS - 1 - i
    const [kept, mixed] = isForward ? [right, left] : [left, right]
    const pad = sha256(concatBytes(key, Uint8Array.of(round), kept))
    const changed = mixed.map((byte, at) => byte ^ (pad[at] as number))
    ;[left, right] = isForward ? [kept, changed] : [changed, kept]
  }
  return concatBytes(left, right)
}
