/**
 * What one rater's rows say about one subject in one domain, weighed: net of what was taken back, by kind, by age, and by what came
 * after a change. In whole millionths of an outcome, so that sums of testimonies have no order.
 */
import { compareText } from '../base/bytes.ts'
import { RECENT_OUTCOMES } from '../protocol/evidence-payload.ts'
import { findChange } from './change-point.ts'
import type { KeptRow } from './lattice.ts'
import { kindWeights, type TrustParams } from './trust-params.ts'

/** Units of one outcome. */
export const MILLIONTHS = 1_000_000

/** Outcomes in millionths; `chance`: how many of them chance would have had right. */
export interface Counted {
  readonly right: number
  readonly wrong: number
  readonly chance: number
}

export interface Testimony extends Counted {
  /** Whether its newest outcomes are plainly worse than those before. */
  readonly hasFallen: boolean
  /** The same as if nothing had changed: what two raters are compared by, of whom one may have seen the change first. */
  readonly whole: Counted
}

/** Below it a fall is plain: at a level of .05, one chance in 200. */
const PLAIN_DOUBT = 0.1

const NONE: Counted = { right: 0, wrong: 0, chance: 0 }
export const NOTHING: Testimony = { ...NONE, hasFallen: false, whole: NONE }

/** Time as scores see it: the current period, and what is left of evidence by its age in periods. */
export interface Ages {
  readonly period: number
  readonly keptByAge: readonly number[]
}

/** Repeated multiplication, not a power: the same on every engine. */
export function agesAt(period: number, { keptPerPeriod, horizonPeriods }: TrustParams): Ages {
  const keptByAge = [1]
  while (keptByAge.length < horizonPeriods) keptByAge.push((keptByAge.at(-1) as number) * keptPerPeriod)
  return { period, keptByAge }
}

/** The order that rows of one cell are kept in: streams (space and kind), each from its newest period. */
export const compareInCell = (a: KeptRow, b: KeptRow): number =>
  compareText(a.space, b.space) || compareText(a.kind, b.kind) || b.period - a.period

/** Of rows in the order of `compareInCell`. Rows of the future count nothing, nor those beyond the horizon. */
export function testify(rows: readonly KeptRow[], ages: Ages, params: TrustParams): Testimony {
  const streams = toStreams(rows, ages)
  if (streams.length === 0) return NOTHING
  const [right, wrong] = [sumOf(streams, 'netRight'), sumOf(streams, 'netWrong')]
  const changes = streams.map(({ tail }) => findChange(tail.outcomes, right, wrong, params))
  const change = changes.some((one) => one?.kind === 'fall')
    ? 'fall'
    : changes.some((one) => one !== null)
      ? 'rise'
      : null
  const whole = weigh(streams, null, params.olderAnswersMax, params)
  if (change === null) return unchanged(whole)
  const found = changes.filter((one) => one?.kind === change)
  const lengths = changes.map((one) => (one?.kind === change ? one.newest : 0))
  // What was before counts as far as the change may be luck.
  const doubt = found.reduce((least, one) => Math.min(least, one?.doubt ?? 1), 1)
  const weighed = weigh(streams, lengths, doubt * params.olderAnswersMax, params)
  return { ...weighed, hasFallen: change === 'fall' && doubt < PLAIN_DOUBT, whole }
}

/** One object for both: there are a hundred thousand of them. */
function unchanged({ right, wrong, chance }: Counted): Testimony {
  const testimony: Mutable<Testimony> = { right, wrong, chance, hasFallen: false, whole: NONE }
  testimony.whole = testimony
  return testimony
}
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** `newest`: how many of each stream came after a change; null where there was none. Those before count as `olderMax` at most. */
function weigh(
  streams: readonly Stream[],
  newest: readonly number[] | null,
  olderMax: number,
  params: TrustParams,
): Counted {
  const weights = kindWeights(params)
  const late = { right: 0, wrong: 0, chance: 0 }
  const early = { right: 0, wrong: 0, chance: 0 }
  for (const [i, stream] of streams.entries()) {
    const weight = weights[stream.kind]
    const tail = sumTail(stream.tail, newest ? (newest[i] as number) : stream.tail.outcomes.length)
    for (const name of ['right', 'wrong', 'chance'] as const) {
      late[name] += weight * tail[name]
      early[name] += weight * Math.max(0, stream[name] - tail[name])
    }
  }
  const all = early.right + early.wrong
  const kept = all > olderMax ? olderMax / all : 1
  return {
    right: Math.round((late.right + kept * early.right) * MILLIONTHS),
    wrong: Math.round((late.wrong + kept * early.wrong) * MILLIONTHS),
    chance: Math.round((late.chance + kept * early.chance) * MILLIONTHS),
  }
}

/** Outcomes of one space and kind: their order is known. */
interface Stream {
  readonly kind: KeptRow['kind']
  readonly space: string
  /** Outcomes as they were, for tests. */
  netRight: number
  netWrong: number
  /** And by age. */
  right: number
  wrong: number
  chance: number
  readonly tail: Tail
  isTailOver: boolean
}

/** The newest outcomes first. */
interface Tail {
  readonly outcomes: number[]
  readonly kept: number[]
  readonly chance: number[]
}

const sumOf = (streams: readonly Stream[], name: 'netRight' | 'netWrong'): number =>
  streams.reduce((sum, stream) => sum + stream[name], 0)

function toStreams(rows: readonly KeptRow[], { period, keptByAge }: Ages): Stream[] {
  const streams: Stream[] = []
  for (const row of rows) {
    const kept = row.period > period ? undefined : keptByAge[period - row.period]
    const { counters } = row
    const right = counters.right - counters.rightBack
    const wrong = counters.wrong - counters.wrongBack
    if (kept === undefined || right + wrong <= 0) continue
    let stream = streams.at(-1)
    if (!stream || stream.space !== row.space || stream.kind !== row.kind) {
      stream = newStream(row)
      streams.push(stream)
    }
    const chance = Math.min(right + wrong, (counters.chance - counters.chanceBack) / 1000)
    stream.netRight += right
    stream.netWrong += wrong
    stream.right += kept * right
    stream.wrong += kept * wrong
    stream.chance += kept * chance
    if (!stream.isTailOver) addTail(stream, row, { right, wrong, kept, chance: chance / (right + wrong) })
  }
  return streams
}

const newStream = ({ kind, space }: KeptRow): Stream => ({
  ...{ kind, space, netRight: 0, netWrong: 0, right: 0, wrong: 0, chance: 0 },
  tail: { outcomes: [], kept: [], chance: [] },
  isTailOver: false,
})

/** Bits that say more than the counters, as after a correction or from a liar, end the tail. */
function addTail(
  stream: Stream,
  { recent }: KeptRow,
  net: { right: number; wrong: number; kept: number; chance: number },
): void {
  const { tail } = stream
  let [rights, wrongs] = [net.right, net.wrong]
  const length = Math.min(recent.outcomes, RECENT_OUTCOMES, RECENT_OUTCOMES - tail.outcomes.length)
  for (let i = 0; i < length; i++) {
    const outcome = (recent.bits >>> i) & 1
    if (outcome === 1 ? rights-- <= 0 : wrongs-- <= 0) break
    tail.outcomes.push(outcome)
    tail.kept.push(net.kept)
    tail.chance.push(net.chance)
  }
  // Outcomes of this row whose order is not known lie before: older rows do not follow on it.
  stream.isTailOver = rights > 0 || wrongs > 0
}

function sumTail({ outcomes, kept, chance }: Tail, length: number): Counted {
  const sum = { right: 0, wrong: 0, chance: 0 }
  for (let i = 0; i < length; i++) {
    const weight = kept[i] as number
    if (outcomes[i] === 1) sum.right += weight
    else sum.wrong += weight
    sum.chance += weight * (chance[i] as number)
  }
  return sum
}
