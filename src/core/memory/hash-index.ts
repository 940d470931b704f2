/**
 * An open-addressing hash index (linear probing) over items that are kept elsewhere: 4 bytes a slot. Items are numbered
 * from 0 and never leave. A large index is many small tables: growing then means copying one of them, not a million
 * items at once, while everybody waits and two copies stand in memory.
 */
import { release } from '../base/columns.ts'
import type { Kept } from '../base/kept-columns.ts'

/** Share of the slots in use beyond which a table grows: probes stay short. */
const LOAD_MAX = 0.8
/** Growing by half rather than by two wastes less, at one more rehash for each doubling. */
const GROWTH = 1.5
const SLOTS_MIN = 16
/** Items of the one table at which it is split, and the tables that it is split into. */
const SPLIT_ITEMS = 8192
const TABLES = 128

export interface HashIndex extends Kept {
  /** The item with this hash for which `isSought` holds, −1 where there is none. */
  find(hash: number): number
  /** Takes an item in that `find` does not find. */
  insert(hash: number, item: number): void
  /** Puts an item in the place of the one that `find` finds; both have the same key. */
  replace(hash: number, item: number): void
}

interface Table {
  /** Item + 1; 0 for an empty slot. */
  slots: Uint32Array<ArrayBuffer>
  count: number
}

/**
 * `hashOf` is the 32-bit hash of an item, `isSought` tells whether an item has the key that the owner is looking for.
 */
export function createHashIndex(
  hashOf: (item: number) => number,
  isSought: (item: number) => boolean,
): HashIndex {
  let tables = [createTable(SLOTS_MIN)]

  /** The low bits choose the table. */
  const tableOf = (hash: number): Table => tables[tables.length === 1 ? 0 : (hash >>> 0) % TABLES] as Table

  const place = ({ slots }: Table, hash: number, item: number): void => {
    let slot = slotOf(slots, hash)
    while (slots[slot] !== 0) slot = slot + 1 === slots.length ? 0 : slot + 1
    slots[slot] = item + 1
  }

  const grow = (table: Table): void => {
    const { slots } = table
    table.slots = new Uint32Array(Math.ceil(slots.length * GROWTH))
    for (const taken of slots) if (taken !== 0) place(table, hashOf(taken - 1), taken - 1)
    release(slots)
  }

  const add = (hash: number, item: number): void => {
    const table = tableOf(hash)
    if (++table.count > table.slots.length * LOAD_MAX) grow(table)
    place(table, hash, item)
  }

  const split = (): void => {
    const { slots } = tables[0] as Table
    tables = Array.from({ length: TABLES }, () => createTable(Math.ceil(slots.length / TABLES)))
    for (const taken of slots) if (taken !== 0) add(hashOf(taken - 1), taken - 1)
    release(slots)
  }

  /** The slot of the item that is sought, or the empty one where it would be. */
  const seek = (slots: Uint32Array, hash: number): number => {
    for (let slot = slotOf(slots, hash); ; slot = slot + 1 === slots.length ? 0 : slot + 1) {
      const taken = slots[slot] as number
      if (taken === 0 || isSought(taken - 1)) return slot
    }
  }

  return {
    find(hash) {
      const { slots } = tableOf(hash)
      return (slots[seek(slots, hash)] as number) - 1
    },
    replace(hash, item) {
      const { slots } = tableOf(hash)
      slots[seek(slots, hash)] = item + 1
    },
    insert(hash, item) {
      add(hash, item)
      if (tables.length === 1 && tables[0]?.count === SPLIT_ITEMS) split()
    },
    *save() {
      yield Uint32Array.from(tables, ({ count }) => count)
      for (const { slots } of tables) yield slots
    },
    async load(from) {
      const counts = await from.next(Uint32Array)
      tables = []
      for (const count of counts) tables.push({ slots: await from.next(Uint32Array), count })
    },
  }
}

const createTable = (slots: number): Table => ({ slots: new Uint32Array(slots), count: 0 })

/** Where to begin to look: by the high bits, since the low ones may have chosen the table. */
const slotOf = (slots: Uint32Array, hash: number): number =>
  Math.floor(((hash >>> 0) / 2 ** 32) * slots.length)

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
