/**
 * Bytes on their way to a file and back, such that what comes back is what this spore wrote, or is refused before any of it is used:
 *
 *     "spore-ix" · id (16) · frames
 *     frame: length (u32) · that many bytes · HMAC-SHA256 of these bytes, the id, the number of the frame and whether it is the last
 *
 * The key is made of a signature that nobody else can make. A file that is damaged, cut off, of another spore, put together
 * from two or written by somebody else has a frame that does not hold.
 */
import { equalBytes, utf8ToBytes } from '../base/bytes.ts'
import { hmacSha256, sha256 } from '../base/hash.ts'
import { SnapshotError } from '../base/kept-columns.ts'
import type { Signer } from '../identity/keys.ts'

/** Bytes of a frame: made, and read, in a fraction of a millisecond; a text of the index comes with some 20,000 others. */
export const FRAME_BYTES = 256 * 1024
export const SNAPSHOT_ID_BYTES = 16

const MAGIC = utf8ToBytes('spore-ix')
const LENGTH_BYTES = 4
const TAG_BYTES = 32
/** The number, and whether it is the last: signed with the bytes, and not written. */
const SEAL_BYTES = 5
/** No message of the protocol has this form. */
const DOMAIN = 'spore/index/snapshot/1'

/** The key of this spore's snapshots: the same at every start. */
export const snapshotKey = (signer: Signer): Uint8Array => sha256(signer.sign(utf8ToBytes(DOMAIN)))

/** The file for `bytes`, in chunks that hold until the next one is asked for. */
export function* bytesToFrames(
  key: Uint8Array,
  id: Uint8Array,
  bytes: Iterable<Uint8Array>,
): Iterable<Uint8Array> {
  yield Buffer.concat([MAGIC, id])
  /** The length, the bytes, the tag. */
  const frame = new Uint8Array(LENGTH_BYTES + FRAME_BYTES + TAG_BYTES)
  let used = 0
  let number = 0
  for (const piece of bytes)
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + FRAME_BYTES - used)
      frame.set(part, LENGTH_BYTES + used)
      used += part.length
      at += part.length
      if (used < FRAME_BYTES) continue
      yield seal(used, number++, false)
      used = 0
    }
  yield seal(used, number, true)

  function seal(length: number, of: number, isLast: boolean): Uint8Array {
    new DataView(frame.buffer).setUint32(0, length, true)
    const end = LENGTH_BYTES + length
    frame.set(tagOf(key, id, of, frame.subarray(LENGTH_BYTES, end), isLast), end)
    return frame.subarray(0, end + TAG_BYTES)
  }
}

function tagOf(
  key: Uint8Array,
  id: Uint8Array,
  number: number,
  bytes: Uint8Array,
  isLast: boolean,
): Uint8Array {
  // Of one length for every frame: where the bytes end can be read in no other way.
  const seal = new DataView(new ArrayBuffer(SEAL_BYTES))
  seal.setUint32(0, number, true)
  seal.setUint8(4, isLast ? 1 : 0)
  return hmacSha256(key, bytes, id, new Uint8Array(seal.buffer))
}

/**
 * The bytes of a file, frame by frame, each checked before it comes out. Throws `SnapshotError` at the first that does not hold, and
 * where the file has another id than the one that is wanted, ends early or goes on.
 */
export async function* framesToBytes(
  key: Uint8Array,
  id: Uint8Array,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const source = createSource(chunks)
  try {
    const [magic, own] = [await source.take(MAGIC.length), await source.take(SNAPSHOT_ID_BYTES)]
    if (!equalBytes(magic, MAGIC)) throw new SnapshotError('it is no snapshot of an index')
    if (!equalBytes(own, id)) throw new SnapshotError('it is another one than the store names')
    for (let number = 0; ; number++) {
      const head = await source.take(LENGTH_BYTES)
      const length = new DataView(head.buffer, head.byteOffset).getUint32(0, true)
      if (length > FRAME_BYTES) throw new SnapshotError('a frame is larger than any')
      const bytes = await source.take(length)
      const tag = await source.take(TAG_BYTES)
      const isLast = await source.isOver()
      if (!equalBytes(tag, tagOf(key, id, number, bytes, isLast)))
        throw new SnapshotError(`frame ${number} is damaged, or not of this spore`)
      yield bytes
      if (isLast) return
    }
  } finally {
    await source.close()
  }
}

/** Chunks of any length as pieces of the length that is asked for. */
function createSource(chunks: AsyncIterable<Uint8Array>) {
  const iterator = chunks[Symbol.asyncIterator]()
  let chunk: Uint8Array = new Uint8Array(0)
  const more = async (): Promise<boolean> => {
    while (chunk.length === 0) {
      const { done, value } = await iterator.next()
      if (done) return false
      chunk = value
    }
    return true
  }
  return {
    isOver: async () => !(await more()),
    close: () => iterator.return?.(),
    async take(length: number): Promise<Uint8Array> {
      if (length > 0 && (await more()) && chunk.length >= length) {
        const piece = chunk.subarray(0, length)
        chunk = chunk.subarray(length)
        return piece
      }
      const piece = new Uint8Array(length)
      for (let at = 0; at < length; ) {
        if (!(await more())) throw new SnapshotError('it is cut off')
        const part = chunk.subarray(0, length - at)
        piece.set(part, at)
        chunk = chunk.subarray(part.length)
        at += part.length
      }
      return piece
    },
  }
}
