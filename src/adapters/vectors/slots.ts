/** Which element stands in which slot of the file of vectors, and which slots are free. */
import type { Digest } from '../../core/base/brand.ts'

export interface Slots {
  /** Slots that are taken. */
  readonly size: number
  /** Slots are below this. */
  readonly end: number
  has(slot: number): boolean
  id(slot: number): Digest
  /** The slot of an element; −1 where it has none. */
  find(id: Digest): number
  /** A slot that is free: one that was, or the next behind all. */
  free(): number
  take(slot: number, id: Digest, checksum: number): void
  release(slot: number): void
  /** Of the record in a slot. */
  checksum(slot: number): number
  /** Checksums by slot of those that `isIn`; 0 for the others. */
  checksums(isIn: (slot: number) => boolean): Uint32Array
  all(): IterableIterator<number>
  readonly bytes: number
}

/** Bytes of an element's id, its number and their places in a map, about. */
const SLOT_BYTES = 140

export function createSlots(): Slots {
  const ids: (Digest | null)[] = []
  const byId = new Map<Digest, number>()
  const checksums: number[] = []
  const released: number[] = []

  return {
    get size() {
      return byId.size
    },
    get end() {
      return ids.length
    },
    has: (slot) => (ids[slot] ?? null) !== null,
    id: (slot) => ids[slot] as Digest,
    find: (id) => byId.get(id) ?? -1,
    free() {
      while (released.length > 0) {
        const slot = released.pop() as number
        if ((ids[slot] ?? null) === null) return slot
      }
      return ids.length
    },
    take(slot, id, checksum) {
      // Those between were free in the file.
      while (ids.length < slot) {
        released.push(ids.length)
        ids.push(null)
        checksums.push(0)
      }
      ids[slot] = id
      checksums[slot] = checksum
      byId.set(id, slot)
    },
    release(slot) {
      const id = ids[slot] ?? null
      if (id === null) return
      byId.delete(id)
      ids[slot] = null
      checksums[slot] = 0
      released.push(slot)
    },
    checksum: (slot) => checksums[slot] ?? 0,
    checksums: (isIn) => Uint32Array.from(checksums, (checksum, slot) => (isIn(slot) ? checksum : 0)),
    all: () => byId.values(),
    get bytes() {
      return byId.size * SLOT_BYTES + ids.length * 8
    },
  }
}

/** At most so many. */
export function* firstOf<T>(all: Iterable<T>, count: number): Generator<T> {
  let left = count
  for (const one of all) {
    if (left-- <= 0) return
    yield one
  }
}
