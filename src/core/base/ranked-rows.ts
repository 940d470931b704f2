/** Rows by rank, the highest first, a page at a time: what is put in or moved costs a search and a shift, a page what is on it. */

export interface RankedRow<Key extends string> {
  readonly key: Key
  readonly rank: number
}

export interface RankedRows<Key extends string> {
  /** Puts a key at a rank, or moves it there. */
  set(key: Key, rank: number): void
  delete(key: Key): void
  /** The highest first; behind a row where one is given, whether or not it is still there. */
  descend(behind?: RankedRow<Key>): IterableIterator<RankedRow<Key>>
  readonly size: number
}

export function createRankedRows<Key extends string>(): RankedRows<Key> {
  /** Ascending by rank, then by key. */
  const rows: RankedRow<Key>[] = []
  const ranks = new Map<Key, number>()

  /** The number of rows below this one. */
  const placeOf = ({ key, rank }: RankedRow<Key>): number => {
    let [low, high] = [0, rows.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const at = rows[middle] as RankedRow<Key>
      if (at.rank < rank || (at.rank === rank && at.key < key)) low = middle + 1
      else high = middle
    }
    return low
  }

  const drop = (key: Key): void => {
    const rank = ranks.get(key)
    if (rank === undefined) return
    rows.splice(placeOf({ key, rank }), 1)
    ranks.delete(key)
  }

  return {
    set(key, rank) {
      if (ranks.get(key) === rank) return
      drop(key)
      rows.splice(placeOf({ key, rank }), 0, { key, rank })
      ranks.set(key, rank)
    },
    delete: drop,
    *descend(behind) {
      for (let i = (behind ? placeOf(behind) : rows.length) - 1; i >= 0; i--) yield rows[i] as RankedRow<Key>
    },
    get size() {
      return rows.length
    },
  }
}
