/**
 * Range-based set reconciliation of two views (PROTOCOL.md §8; Meyer, "Range-Based Set Reconciliation", 2023): two sides
 * that agree on most rows find those that differ in a few round trips, at a cost that goes with the differences and the
 * logarithm of the rest. Pure: an index of rows, what one side asks, what the other answers.
 *
 * Invariant: the answering side keeps nothing between two requests; the asking side ends after `RECONCILE_ROUNDS_MAX`, whatever
 * it is answered, asks no more than the rows take that the other side claimed at first (`claimed-rows.ts`), and believes no row:
 * each is a hint of what to pull.
 */
import { bytesToHex } from '../base/bytes.ts'
import { logIdToBytes } from '../protocol/entry.ts'
import { RECONCILE_RANGES_MAX, RECONCILE_ROWS_MAX, RECONCILE_TAGS_MAX } from '../protocol/limits.ts'
import type { HeadsRow } from '../protocol/messages.ts'
import {
  type Answer,
  type Ask,
  type Bound,
  compareBounds,
  FINGERPRINT_BYTES,
  SPLIT_WAYS,
  type SubRange,
  type Summary,
  TAG_BYTES,
} from '../protocol/reconcile-messages.ts'
import { type Claim, createClaimedRows } from './claimed-rows.ts'

/** A row of a view with the hash that it adds to the digest, and its place in the order. */
export interface ReconcileItem {
  readonly clock: number
  readonly row: HeadsRow
  readonly hash: bigint
}

/** Rows in their order, with sums that give the summary of any range at once. */
export interface ReconcileIndex {
  readonly size: number
  summary(from: number, to: number): Summary
  /** The first row that is not below a bound. */
  find(bound: Bound): number
  item(index: number): ReconcileItem
  /** The least bound above row `index − 1` and not above row `index`. */
  boundBefore(index: number): Bound
  tag(index: number): Uint8Array
}

/** Rows that a range may have to be answered with these themselves: a split would take as many bytes. */
const ROWS_AT_ONCE = 4
const START: Bound = { clock: 0, prefix: new Uint8Array() }
const END: Bound = { clock: Number.MAX_SAFE_INTEGER, prefix: new Uint8Array() }
const MODULUS = 1n << 256n
const HASH_HEX_CHARS = 64

export function createReconcileIndex(items: readonly ReconcileItem[]): ReconcileIndex {
  const sorted = items
    .map((item) => ({ ...item, id: logIdToBytes(item.row.logId) }))
    .sort((a, b) => a.clock - b.clock || Buffer.compare(a.id, b.id))
  const sums: bigint[] = [0n]
  for (const { hash } of sorted) sums.push((sums.at(-1) as bigint) + hash)
  const at = (index: number) => sorted[index] as (typeof sorted)[number]

  return {
    size: sorted.length,
    item: at,
    summary(from, to) {
      const sum = ((sums[to] as bigint) - (sums[from] as bigint)) % MODULUS
      return { count: to - from, fingerprint: hashBytes(sum).slice(0, FINGERPRINT_BYTES) }
    },
    find(bound) {
      let [low, high] = [0, sorted.length]
      while (low < high) {
        const middle = (low + high) >> 1
        const { clock, id } = at(middle)
        if (compareBounds({ clock, prefix: id }, bound) < 0) low = middle + 1
        else high = middle
      }
      return low
    },
    boundBefore(index) {
      const { clock, id } = at(index)
      const before = index > 0 ? at(index - 1) : null
      if (before?.clock !== clock) return { clock, prefix: new Uint8Array() }
      let length = 0
      while (before.id[length] === id[length]) length++
      return { clock, prefix: id.slice(0, length + 1) }
    },
    tag: (index) => hashBytes(at(index).hash).slice(0, TAG_BYTES),
  }
}

const hashBytes = (hash: bigint): Uint8Array =>
  new Uint8Array(Buffer.from(hash.toString(16).padStart(HASH_HEX_CHARS, '0'), 'hex'))

/** The parts of a range, each with the same number of rows, as nearly as can be. */
function split(index: ReconcileIndex, lower: Bound, upper: Bound): SubRange[] {
  const [from, to] = [index.find(lower), index.find(upper)]
  const ways = Math.min(SPLIT_WAYS, Math.max(1, to - from))
  return Array.from({ length: ways }, (_, i) => {
    const start = from + Math.floor(((to - from) * i) / ways)
    const end = from + Math.floor(((to - from) * (i + 1)) / ways)
    return { upper: i === ways - 1 ? upper : index.boundBefore(end), ...index.summary(start, end) }
  })
}

// --- The answering side ---

/** Answers to as many of the asks, in their order, as fit the bounds of one reply. */
export function answerAsks(index: ReconcileIndex, asks: readonly Ask[]): Answer[] {
  const answers: Answer[] = []
  let rows = 0
  for (const ask of asks) {
    const answer = answerAsk(index, ask)
    rows += answer && 'rows' in answer ? answer.rows.length : 0
    if (rows > RECONCILE_ROWS_MAX) break
    answers.push(answer)
  }
  return answers
}

function answerAsk(index: ReconcileIndex, ask: Ask): Answer {
  const [from, to] = [index.find(ask.lower), index.find(ask.upper)]
  const rowsOf = (has: (at: number) => boolean): HeadsRow[] => {
    const rows: HeadsRow[] = []
    for (let i = from; i < to; i++) if (!has(i)) rows.push(index.item(i).row)
    return rows
  }
  if ('tags' in ask) {
    // Whoever knows a few rows of a range that has many would else get all of it at once.
    if (to - from > RECONCILE_TAGS_MAX) return { parts: split(index, ask.lower, ask.upper) }
    const tags = ask.tags.map(bytesToHex)
    const own = new Set(Array.from({ length: to - from }, (_, i) => bytesToHex(index.tag(from + i))))
    const known = new Set(tags)
    const rows = rowsOf((i) => known.has(bytesToHex(index.tag(i))))
    return { rows, lacks: tags.map((tag) => !own.has(tag)) }
  }
  if (isSame(index.summary(from, to), ask.summary)) return null
  if (to - from <= ROWS_AT_ONCE) return { rows: rowsOf(() => false), lacks: [] }
  return { parts: split(index, ask.lower, ask.upper) }
}

const isSame = (a: Summary, b: Summary): boolean =>
  a.count === b.count && Buffer.compare(a.fingerprint, b.fingerprint) === 0

// --- The asking side ---

/** Rows that the one side has as they are, and the other has not. */
export interface Differences {
  readonly theirs: readonly HeadsRow[]
  readonly ours: readonly HeadsRow[]
}

export interface Reconciliation {
  /** What to ask next, at most `RECONCILE_RANGES_MAX` at once; empty when all is said. */
  asks(): readonly Ask[]
  /** Takes the answers to the first of `asks()`. */
  hear(answers: readonly Answer[]): Differences
  /** True where what was heard cannot be a view: more rows in the parts than in the whole, or ranges without end. Not to be gone on with. */
  readonly isImpossible: boolean
}

/** A range to ask about, and what the other side has said that there is in it. */
interface Pending {
  readonly ask: Ask
  readonly claim: Claim
}

export function createReconciliation(index: ReconcileIndex): Reconciliation {
  const claimed = createClaimedRows(index.size)
  const toPending = (asks: readonly Ask[], claim: Claim): Pending[] => {
    claimed.ask(asks.length)
    return asks.map((ask) => ({ ask, claim }))
  }
  let pending = toPending(askSplit(index, START, END), claimed.whole)

  const rowsIn = (from: number, to: number): HeadsRow[] =>
    Array.from({ length: to - from }, (_, i) => index.item(from + i).row)

  /** What is to be asked about a part, and which rows of it the other side lacks. */
  const follow = (ask: Ask, { upper, ...summary }: SubRange, lower: Bound, ours: HeadsRow[]): Ask[] => {
    const [from, to] = [index.find(lower), index.find(upper)]
    if (isSame(index.summary(from, to), summary)) return []
    if (summary.count === 0) ours.push(...rowsIn(from, to))
    if (summary.count === 0) return []
    const isSmall = to - from <= RECONCILE_TAGS_MAX && summary.count <= RECONCILE_TAGS_MAX
    if (isSmall)
      return [{ lower, upper, tags: Array.from({ length: to - from }, (_, i) => index.tag(from + i)) }]
    // A part that is all of what was asked for would come back for ever.
    const isWhole = compareBounds(ask.lower, lower) === 0 && compareBounds(ask.upper, upper) === 0
    return isWhole ? [] : askSplit(index, lower, upper)
  }

  const hearRows = (
    ask: Ask,
    { rows, lacks }: { readonly rows: readonly HeadsRow[]; readonly lacks: readonly boolean[] },
    theirs: HeadsRow[],
    ours: HeadsRow[],
  ): void => {
    const own = rowsIn(index.find(ask.lower), index.find(ask.upper))
    if ('tags' in ask) {
      theirs.push(...rows)
      ours.push(...own.filter((_, i) => lacks[i]))
      return
    }
    const [ofThem, ofUs] = [new Set(rows.map(rowKey)), new Set(own.map(rowKey))]
    theirs.push(...rows.filter((row) => !ofUs.has(rowKey(row))))
    ours.push(...own.filter((row) => !ofThem.has(rowKey(row))))
  }

  /** Rows that an answer says are in a range, at least. */
  const countIn = (ask: Ask, answer: Answer): number => {
    if (!answer) return index.find(ask.upper) - index.find(ask.lower)
    if ('parts' in answer) return answer.parts.reduce((sum, { count }) => sum + count, 0)
    return answer.rows.length + answer.lacks.filter((isLacking) => !isLacking).length
  }

  return {
    asks: () => pending.slice(0, RECONCILE_RANGES_MAX).map(({ ask }) => ask),
    hear(answers) {
      const asked = pending.splice(0, answers.length)
      const next: Pending[] = []
      const theirs: HeadsRow[] = []
      const ours: HeadsRow[] = []
      for (const [i, answer] of answers.entries()) {
        const { ask, claim } = asked[i] as Pending
        claimed.hear(claim, countIn(ask, answer))
        if (claimed.isImpossible) break
        if (answer && 'rows' in answer) hearRows(ask, answer, theirs, ours)
        if (!answer || !('parts' in answer)) continue
        let { lower } = ask
        for (const part of answer.parts) {
          next.push(...toPending(follow(ask, part, lower, ours), claimed.part(part.count)))
          lower = part.upper
        }
      }
      pending = [...next, ...pending].sort((a, b) => compareBounds(a.ask.lower, b.ask.lower))
      return { theirs, ours }
    },
    get isImpossible() {
      return claimed.isImpossible
    },
  }
}

const rowKey = ({ logId, next, chain, forkPoint }: HeadsRow): string =>
  `${logId} ${next} ${bytesToHex(chain)} ${forkPoint ?? ''}`

/** Asks about a range in parts, by what is here of it. */
function askSplit(index: ReconcileIndex, lower: Bound, upper: Bound): Ask[] {
  let start = lower
  return split(index, lower, upper).map(({ upper: end, count, fingerprint }) => {
    const ask: Ask = { lower: start, upper: end, summary: { count, fingerprint } }
    start = end
    return ask
  })
}
