/**
 * Dots (log, seq) as small numbers. Those of a log are numbered in blocks of 16, which follows from what logs are:
 * contiguous. A dot then costs nothing of its own, and finding one costs one look into an index of blocks.
 */
import { createNumbers } from '../base/columns.ts'
import { createHashIndex, mixWords } from './hash-index.ts'

/** Dots of a block: a log with one entry wastes 15 places, one with a hundred next to nothing. */
export const BLOCK_BITS = 4
export const BLOCK_DOTS = 1 << BLOCK_BITS

export interface DotTable {
  /** The number of a dot, −1 where its block was never met. */
  find(log: number, seq: number): number
  /** The same, numbering its block where it is new. */
  intern(log: number, seq: number): number
  log(dot: number): number
  seq(dot: number): number
  /** First dots of the blocks of a log that hold any of the dots `from` to `to`. */
  blocks(log: number, from: number, to: number): IterableIterator<number>
}

interface LogBlocks {
  /** Newest block, −1 for none: each names the one before it. */
  newest: number
  count: number
  /** Greatest sequence number that may be there. */
  last: number
}

export function createDotTable(secret: number): DotTable {
  // By block: its log, its place in the log, and the block of the same log that was met before it (+ 1).
  const logs = createNumbers()
  const places = createNumbers()
  const earlier = createNumbers()
  const blocksByLog: LogBlocks[] = []
  let size = 0
  let soughtLog = 0
  let soughtPlace = 0
  const index = createHashIndex(
    (block) => mixWords(logs.get(block), places.get(block), secret),
    (block) => places.get(block) === soughtPlace && logs.get(block) === soughtLog,
  )

  const findBlock = (log: number, place: number): number => {
    soughtLog = log
    soughtPlace = place
    return index.find(mixWords(log, place, secret))
  }

  const addBlock = (log: number, place: number): number => {
    blocksByLog[log] ??= { newest: -1, count: 0, last: -1 }
    const ofLog = blocksByLog[log]
    logs.set(size, log)
    places.set(size, place)
    earlier.set(size, ofLog.newest + 1)
    index.insert(mixWords(log, place, secret), size)
    ofLog.newest = size
    ofLog.count++
    ofLog.last = Math.max(ofLog.last, place)
    return size++
  }

  return {
    find(log, seq) {
      const block = findBlock(log, seq >>> BLOCK_BITS)
      return block < 0 ? -1 : block * BLOCK_DOTS + (seq & (BLOCK_DOTS - 1))
    },
    intern(log, seq) {
      const known = findBlock(log, seq >>> BLOCK_BITS)
      const block = known < 0 ? addBlock(log, seq >>> BLOCK_BITS) : known
      return block * BLOCK_DOTS + (seq & (BLOCK_DOTS - 1))
    },
    log: (dot) => logs.get(dot >>> BLOCK_BITS),
    seq: (dot) => places.get(dot >>> BLOCK_BITS) * BLOCK_DOTS + (dot & (BLOCK_DOTS - 1)),
    *blocks(log, from, to) {
      const ofLog = blocksByLog[log]
      if (!ofLog) return
      const first = from >>> BLOCK_BITS
      const last = Math.min(to >>> BLOCK_BITS, ofLog.last)
      // A few places are looked up one by one; of many, or of gaps, the list of what is there is shorter.
      if (last - first < ofLog.count) {
        for (let place = first; place <= last; place++) {
          const block = findBlock(log, place)
          if (block >= 0) yield block * BLOCK_DOTS
        }
        return
      }
      for (let block = ofLog.newest; block >= 0; block = earlier.get(block) - 1) {
        const place = places.get(block)
        if (place >= first && place <= last) yield block * BLOCK_DOTS
      }
    },
  }
}
