/**
 * Header bytes without header objects: what a run of a thousand entries is made of and taken apart into. The byte form is
 * that of `encodeHeader`; a property test holds the two equal.
 */
import { HASH_BYTES, LOG_ID_BYTES } from './entry.ts'
import { PROTOCOL_VERSION } from './version.ts'

const ARRAY_OF_8 = 0x88
const ARRAY = 0x80
const BYTES = 0x40
const BYTES_1 = 0x58
/** What stands before the bytes of a hash: a byte string whose length takes a byte. */
const HASH_HEAD = [BYTES_1, HASH_BYTES] as const
const WORD = 2 ** 32

/** Bytes of a header without references at its longest. */
const FIXED_BYTES_MAX = 2 + 1 + LOG_ID_BYTES + 5 + 9 + 3 + 5 + 2 + HASH_BYTES
/** An upper bound of the bytes of a header with `references`. */
export const headerBytesMax = (references: number): number =>
  FIXED_BYTES_MAX + 2 + references * (HASH_HEAD.length + HASH_BYTES)

export interface HeaderNumbers {
  readonly seq: number
  readonly clock: number
  readonly kind: number
  readonly payloadLength: number
}

/**
 * Writes a header from `at` on and returns where it ends. The payload's hash is left open: `hash` is called with the place
 * where it goes. `references` are the digests, joined.
 */
export function writeHeader(
  target: Buffer,
  at: number,
  logId: Uint8Array,
  { seq, clock, kind, payloadLength }: HeaderNumbers,
  references: Uint8Array | null,
  hash: (at: number) => void,
): number {
  let end = at
  target[end++] = ARRAY_OF_8
  target[end++] = PROTOCOL_VERSION
  target[end++] = BYTES + LOG_ID_BYTES
  target.set(logId, end)
  end = writeUint(target, end + LOG_ID_BYTES, seq)
  end = writeUint(target, end, clock)
  end = writeUint(target, end, kind)
  end = writeUint(target, end, payloadLength)
  target[end++] = HASH_HEAD[0]
  target[end++] = HASH_HEAD[1]
  hash(end)
  end += HASH_BYTES
  const count = references ? references.length / HASH_BYTES : 0
  end = writeHead(target, end, ARRAY, count)
  for (let i = 0; i < count; i++) {
    target[end++] = HASH_HEAD[0]
    target[end++] = HASH_HEAD[1]
    target.set((references as Uint8Array).subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES), end)
    end += HASH_BYTES
  }
  return end
}

/** Reads headers one behind another. Made for bytes that are headers: what is not is a bug, and throws. */
export interface HeaderReader extends HeaderNumbers {
  /** Reads the header that begins at `at`; its fields are the reader's until the next one. Returns where it ends. */
  read(bytes: Uint8Array, at: number): number
  /** Where the hash of the payload begins. */
  readonly hashAt: number
  readonly referenceCount: number
  /** The digests of the references, joined; null where there are none. */
  references(bytes: Uint8Array): Uint8Array | null
}

export function createHeaderReader(): HeaderReader {
  let at = 0
  let seq = 0
  let clock = 0
  let kind = 0
  let payloadLength = 0
  let hashAt = 0
  let referenceCount = 0
  let referencesAt = 0

  const uint = (bytes: Uint8Array, major: number): number => {
    const initial = bytes[at++] as number
    const info = initial - major
    if (info >= 0 && info < 24) return info
    if (info < 24 || info > 27) throw malformed()
    let value = 0
    for (let left = 1 << (info - 24); left > 0; left--) value = value * 256 + (bytes[at++] as number)
    return value
  }
  const expect = (bytes: Uint8Array, byte: number): void => {
    if (bytes[at++] !== byte) throw malformed()
  }
  const skipHash = (bytes: Uint8Array): number => {
    expect(bytes, HASH_HEAD[0])
    expect(bytes, HASH_HEAD[1])
    at += HASH_BYTES
    return at - HASH_BYTES
  }

  return {
    read(bytes, from) {
      at = from
      expect(bytes, ARRAY_OF_8)
      expect(bytes, PROTOCOL_VERSION)
      expect(bytes, BYTES + LOG_ID_BYTES)
      at += LOG_ID_BYTES
      seq = uint(bytes, 0)
      clock = uint(bytes, 0)
      kind = uint(bytes, 0)
      payloadLength = uint(bytes, 0)
      hashAt = skipHash(bytes)
      referenceCount = uint(bytes, ARRAY)
      referencesAt = at
      for (let i = 0; i < referenceCount; i++) skipHash(bytes)
      if (!(at <= bytes.length)) throw malformed()
      return at
    },
    references(bytes) {
      if (referenceCount === 0) return null
      const joined = new Uint8Array(referenceCount * HASH_BYTES)
      for (let i = 0; i < referenceCount; i++) {
        const start = referencesAt + i * (HASH_HEAD.length + HASH_BYTES) + HASH_HEAD.length
        joined.set(bytes.subarray(start, start + HASH_BYTES), i * HASH_BYTES)
      }
      return joined
    },
    get seq() {
      return seq
    },
    get clock() {
      return clock
    },
    get kind() {
      return kind
    },
    get payloadLength() {
      return payloadLength
    },
    get hashAt() {
      return hashAt
    },
    get referenceCount() {
      return referenceCount
    },
  }
}

const malformed = () => new Error('stored header does not decode')

const writeUint = (target: Buffer, at: number, value: number): number => writeHead(target, at, 0, value)

/** The shortest head of a CBOR item (RFC 8949 §3) with a safe integer for its argument. */
function writeHead(target: Buffer, at: number, major: number, value: number): number {
  if (value < 24) {
    target[at] = major + value
    return at + 1
  }
  const size = value < 0x100 ? 1 : value < 0x10000 ? 2 : value < WORD ? 4 : 8
  target[at] = major + 24 + Math.log2(size)
  let rest = value
  for (let i = size; i > 0; i--) {
    target[at + i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return at + 1 + size
}
