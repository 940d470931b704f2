/**
 * Cursors of heads (PROTOCOL.md §8): how far an asker has read, sealed. Positions count every entry of this spore in the order
 * of arrival, those of hidden spaces too, so what a cursor says must be legible here alone.
 *
 * Invariant: the same position in the same view gives the same text in one process, and texts of others tell nothing of how far
 * they lie apart: a cursor is a permutation of 12 bytes under a key of this spore, its epoch and the view. Six rounds, since the halves
 * are small (Luby and Rackoff, 1988, for four; Patarin, 2004, for more): cursors are sent in every round.
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
const HALF_BYTES = 6
const ROUNDS = 6
const ARRIVAL_BYTES = 5
const FORKS_BYTES = 3
const FORKS_MAX = 2 ** (8 * FORKS_BYTES) - 1
/** Where the fields of the 12 bytes begin: arrival (5 bytes), forks (3), start of the process (2), zeros (2). */
const FORKS_AT = ARRIVAL_BYTES
const PROCESS_AT = FORKS_AT + FORKS_BYTES
const PROCESS_BYTES = 2
/**
 * What was not given for this view of this store comes out as noise: one of 65,536 such texts has these zeros, and nearly all of those
 * an arrival that is still to come. Who read by it misses rows until the audit of the day.
 */
const ZEROS_AT = PROCESS_AT + PROCESS_BYTES

export function createCursors({ signer, epoch, startedAtMs }: CursorsDeps): Cursors {
  // A signature is a secret that nobody else can make and that this spore makes again at every start.
  const secret = sha256(signer.sign(utf8ToBytes('spore/cursor/secret/2')))
  const keyOf = (view: View): Uint8Array => sha256(concatBytes(secret, epoch(), view.tag))
  const ofProcess = Buffer.from(sha256(utf8ToBytes(String(startedAtMs))).subarray(0, PROCESS_BYTES))

  return {
    seal({ arrival, forks }, view) {
      const plain = Buffer.alloc(2 * HALF_BYTES)
      plain.writeUIntBE(arrival, 0, ARRIVAL_BYTES)
      // Behind so many, the last ones are given again.
      plain.writeUIntBE(Math.min(forks, FORKS_MAX), FORKS_AT, FORKS_BYTES)
      ofProcess.copy(plain, PROCESS_AT)
      return bytesToBase64url(permute(plain, keyOf(view), true))
    },
    open(cursor, view) {
      const sealed = cursor === null ? null : base64urlToBytes(cursor)
      if (sealed?.length !== 2 * HALF_BYTES) return BEGINNING
      const plain = Buffer.from(permute(sealed, keyOf(view), false))
      if (plain.subarray(ZEROS_AT).some((byte) => byte !== 0)) return BEGINNING
      const isOfProcess = plain.subarray(PROCESS_AT, ZEROS_AT).equals(ofProcess)
      return {
        arrival: plain.readUIntBE(0, ARRIVAL_BYTES),
        forks: isOfProcess ? plain.readUIntBE(FORKS_AT, FORKS_BYTES) : 0,
      }
    },
  }
}

/** Feistel rounds, or the same backwards. */
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
