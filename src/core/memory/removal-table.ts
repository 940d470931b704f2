/**
 * What was removed, and by which entries: single dots by retractions, ranges of dots by checkpoints. Sparse: dots that
 * nobody removed cost nothing, whether they were seen or not.
 *
 * Invariant: of all removals of a dot by entries of one log, the lowest is kept. It outlasts the others, since a fork
 * point that makes it invalid makes them invalid too.
 */
import { SEQ_MAX } from '../protocol/limits.ts'

export interface DotRange {
  readonly log: number
  /** Inclusive. */
  readonly from: number
  readonly to: number
}

/** An entry that removes, by the number of its log. */
export interface Remover {
  readonly log: number
  readonly seq: number
}

export interface RemovalTable {
  /** False where this tells nothing new. */
  remove(log: number, seq: number, by: Remover): boolean
  /** The parts of the range of which this tells something new. */
  removeRange(range: DotRange, by: Remover): DotRange[]
  /** Whether a dot is removed by an entry below the fork point of its log. */
  isRemoved(log: number, seq: number, forkPointOf: (log: number) => number): boolean
  /** What the entries of a log remove from `seq` on. */
  removedFrom(by: Remover): IterableIterator<DotRange>
}

/** (log, seq) packed into one safe integer. */
type Packed = number
const SEQS = SEQ_MAX + 1
const pack = (log: number, seq: number): Packed => log * SEQS + seq
const logOf = (packed: Packed): number => Math.floor(packed / SEQS)
const seqOf = (packed: Packed): number => packed % SEQS

/** Ranges of one log that entries of one other remove: ascending, not overlapping. */
interface RangeList {
  readonly byLog: number
  pieces: Piece[]
}

interface Piece {
  readonly from: number
  readonly to: number
  /** The lowest entry of the list's log that removes it. */
  readonly bySeq: number
}

export function createRemovalTable(): RemovalTable {
  /** By dot: the one remover that it usually has, or several, each of another log. */
  const singles = new Map<Packed, Packed | readonly Packed[]>()
  const rangesByLog = new Map<number, RangeList[]>()
  // By removing log: where to look when it forks.
  const singlesBy = new Map<number, Packed[]>()
  const rangesBy = new Map<number, Set<number>>()

  const removersOf = (dot: Packed): readonly Packed[] => {
    const known = singles.get(dot)
    return known === undefined ? [] : typeof known === 'number' ? [known] : known
  }

  const listOf = (log: number, byLog: number): RangeList => {
    const lists = rangesByLog.get(log) ?? []
    if (lists.length === 0) rangesByLog.set(log, lists)
    const known = lists.find((list) => list.byLog === byLog)
    if (known) return known
    const list: RangeList = { byLog, pieces: [] }
    lists.push(list)
    rangesBy.set(byLog, (rangesBy.get(byLog) ?? new Set()).add(log))
    return list
  }

  return {
    remove(log, seq, by) {
      const dot = pack(log, seq)
      const remover = pack(by.log, by.seq)
      const known = removersOf(dot)
      const ofLog = known.find((other) => logOf(other) === by.log)
      if (ofLog !== undefined && ofLog <= remover) return false
      const all = [...known.filter((other) => other !== ofLog), remover]
      singles.set(dot, all.length === 1 ? remover : all)
      if (ofLog !== undefined) return true
      const dots = singlesBy.get(by.log)
      if (dots) dots.push(dot)
      else singlesBy.set(by.log, [dot])
      return true
    },
    removeRange({ log, from, to }, by) {
      const list = listOf(log, by.log)
      return insertRange(list, from, to, by.seq).map((part) => ({ log, ...part }))
    },
    isRemoved(log, seq, forkPointOf) {
      const isValid = (remover: Packed): boolean => seqOf(remover) < forkPointOf(logOf(remover))
      const known = singles.size === 0 ? undefined : singles.get(pack(log, seq))
      if (typeof known === 'number' ? isValid(known) : known?.some(isValid)) return true
      return (rangesByLog.get(log) ?? []).some(({ byLog, pieces }) => {
        const piece = pieces[firstEndingAt(pieces, seq)]
        return piece !== undefined && piece.from <= seq && piece.bySeq < forkPointOf(byLog)
      })
    },
    *removedFrom(by) {
      for (const dot of singlesBy.get(by.log) ?? [])
        if (removersOf(dot).some((remover) => logOf(remover) === by.log && seqOf(remover) >= by.seq))
          yield { log: logOf(dot), from: seqOf(dot), to: seqOf(dot) }
      for (const log of rangesBy.get(by.log) ?? [])
        for (const { from, to, bySeq } of listOf(log, by.log).pieces)
          if (bySeq >= by.seq) yield { log, from, to }
    },
  }
}

/** The first piece that ends at or behind `seq`. */
function firstEndingAt(pieces: readonly Piece[], seq: number): number {
  let low = 0
  let high = pieces.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((pieces[middle] as Piece).to < seq) low = middle + 1
    else high = middle
  }
  return low
}

/** Returns the parts that were not removed before, or by a higher entry. */
function insertRange(
  list: RangeList,
  from: number,
  to: number,
  bySeq: number,
): { readonly from: number; readonly to: number }[] {
  const { pieces } = list
  const start = firstEndingAt(pieces, from)
  let end = start
  while (end < pieces.length && (pieces[end] as Piece).from <= to) end++
  const inserted: Piece[] = []
  const changed: { from: number; to: number }[] = []
  const take = (piece: Piece): void => {
    const last = inserted.at(-1)
    if (last && last.to + 1 === piece.from && last.bySeq === piece.bySeq)
      inserted[inserted.length - 1] = { ...last, to: piece.to }
    else inserted.push(piece)
  }
  let at = from
  for (const piece of pieces.slice(start, end)) {
    const left = Math.max(piece.from, from)
    const right = Math.min(piece.to, to)
    if (piece.from < left) take({ ...piece, to: left - 1 })
    if (at < left) {
      take({ from: at, to: left - 1, bySeq })
      changed.push({ from: at, to: left - 1 })
    }
    if (bySeq < piece.bySeq) changed.push({ from: left, to: right })
    take({ from: left, to: right, bySeq: Math.min(bySeq, piece.bySeq) })
    if (piece.to > right) take({ ...piece, from: right + 1 })
    at = right + 1
  }
  if (at <= to) {
    take({ from: at, to, bySeq })
    changed.push({ from: at, to })
  }
  if (changed.length === 0) return changed
  // Arguments of a call are bounded by the stack, and pieces by nothing.
  if (inserted.length <= SPLICED_MAX) pieces.splice(start, end - start, ...inserted)
  else list.pieces = [...pieces.slice(0, start), ...inserted, ...pieces.slice(end)]
  return changed
}
const SPLICED_MAX = 64
