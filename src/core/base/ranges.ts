/** A set of whole numbers as ranges: for what lies mostly side by side. */

/** Both ends included. */
export type Range = readonly [from: number, to: number]

/** Ascending and not touching, so that a set has one form. */
export interface RangeSet {
  add(from: number, to: number): void
  remove(from: number, to: number): void
  has(number: number): boolean
  /** The parts of `from … to` that are not in the set. */
  missing(from: number, to: number): Range[]
  ranges(): readonly Range[]
}

export function createRangeSet(): RangeSet {
  const list: [from: number, to: number][] = []

  /** Index of the first range that ends at or behind `number`. */
  const indexOf = (number: number): number => {
    let [low, high] = [0, list.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((list[middle] as Range)[1] < number) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    add(from, to) {
      const first = indexOf(from - 1)
      let end = first
      let [least, greatest] = [from, to]
      for (let range = list[end]; range && range[0] <= to + 1; range = list[++end]) {
        least = Math.min(least, range[0])
        greatest = Math.max(greatest, range[1])
      }
      list.splice(first, end - first, [least, greatest])
    },
    remove(from, to) {
      const first = indexOf(from)
      let end = first
      const rest: [from: number, to: number][] = []
      for (let range = list[end]; range && range[0] <= to; range = list[++end]) {
        if (range[0] < from) rest.push([range[0], from - 1])
        if (range[1] > to) rest.push([to + 1, range[1]])
      }
      list.splice(first, end - first, ...rest)
    },
    has(number) {
      const range = list[indexOf(number)]
      return range !== undefined && range[0] <= number
    },
    missing(from, to) {
      const parts: Range[] = []
      let at = from
      for (let i = indexOf(from); at <= to; i++) {
        const range = list[i]
        if (!range || range[0] > to) {
          parts.push([at, to])
          break
        }
        if (range[0] > at) parts.push([at, range[0] - 1])
        at = range[1] + 1
      }
      return parts
    },
    ranges: () => list,
  }
}
