/**
 * An open-addressing hash index (linear probing) over items that are kept elsewhere: 4 bytes a slot. Items are numbered
 * from 0 and never leave.
 */
import { release } from '../base/columns.ts'

/** Share of the slots in use beyond which the index grows: probes stay short. */
const LOAD_MAX = 0.8
/** Growing by half rather than by two wastes less, at one more rehash for each doubling. */
const GROWTH = 1.5
const SLOTS_MIN = 16

export interface HashIndex {
  /** The item with this hash for which `isSought` holds, −1 where there is none. */
  find(hash: number): number
  /** Takes an item in that `find` does not find. */
  insert(hash: number, item: number): void
}

/**
 * `hashOf` is the 32-bit hash of an item, `isSought` tells whether an item has the key that the owner is looking for.
 */
export function createHashIndex(
  hashOf: (item: number) => number,
  isSought: (item: number) => boolean,
): HashIndex {
  /** Item + 1; 0 for an empty slot. */
  let slots = new Uint32Array(SLOTS_MIN)
  let count = 0

  const slotOf = (hash: number): number => Math.floor(((hash >>> 0) / 2 ** 32) * slots.length)

  const place = (hash: number, item: number): void => {
    let slot = slotOf(hash)
    while (slots[slot] !== 0) slot = slot + 1 === slots.length ? 0 : slot + 1
    slots[slot] = item + 1
  }

  return {
    find(hash) {
      for (let slot = slotOf(hash); ; slot = slot + 1 === slots.length ? 0 : slot + 1) {
        const taken = slots[slot] as number
        if (taken === 0) return -1
        if (isSought(taken - 1)) return taken - 1
      }
    },
    insert(hash, item) {
      if (++count > slots.length * LOAD_MAX) {
        const old = slots
        slots = new Uint32Array(Math.ceil(old.length * GROWTH))
        for (const taken of old) if (taken !== 0) place(hashOf(taken - 1), taken - 1)
        release(old)
      }
      place(hash, item)
    },
  }
}

/**
 * A 32-bit hash of two words under a secret (the mixing of MurmurHash3). Whoever can choose keys and knew the secret
 * could make them all meet in one slot.
 */
export function mixWords(first: number, second: number, secret: number): number {
  let hash = Math.imul(first ^ secret, 0xcc9e2d51)
  hash = Math.imul(hash ^ (hash >>> 15), 0x1b873593) ^ second
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ secret ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
