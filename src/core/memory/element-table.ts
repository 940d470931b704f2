/** Elements numbered in the order in which they are first met: a kind and a digest, 33 bytes and an index slot each. */
import { createByteColumn, createByteNumbers, readWord } from '../base/columns.ts'
import { HASH_BYTES } from '../protocol/entry.ts'
import { createHashIndex, mixWords } from './hash-index.ts'

export interface ElementTable {
  readonly size: number
  /** The number of an element, −1 where it was never met. `digest`: 32 bytes. */
  find(kind: number, digest: Uint8Array): number
  /** The same, numbering it where it is new. */
  intern(kind: number, digest: Uint8Array): number
  kind(element: number): number
  digest(element: number): Uint8Array
}

export function createElementTable(secret: number): ElementTable {
  const digests = createByteColumn(HASH_BYTES)
  const kinds = createByteNumbers()
  let size = 0
  let soughtKind = 0
  let sought: Uint8Array = new Uint8Array(HASH_BYTES)
  const hashOf = (element: number): number =>
    mixWords(digests.word(element, 0), digests.word(element, 4) ^ kinds.get(element), secret)
  const index = createHashIndex(
    hashOf,
    (element) => kinds.get(element) === soughtKind && digests.equals(element, sought),
  )

  const seek = (kind: number, digest: Uint8Array): number => {
    soughtKind = kind
    sought = digest
    return mixWords(readWord(digest, 0), readWord(digest, 4) ^ kind, secret)
  }

  return {
    get size() {
      return size
    },
    find: (kind, digest) => index.find(seek(kind, digest)),
    intern(kind, digest) {
      const hash = seek(kind, digest)
      const known = index.find(hash)
      if (known >= 0) return known
      digests.set(size, digest)
      kinds.set(size, kind)
      index.insert(hash, size)
      return size++
    },
    kind: kinds.get,
    digest: digests.get,
  }
}
