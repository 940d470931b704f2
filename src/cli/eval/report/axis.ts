/** One axis of a plot: from values to places, and the round numbers that stand beside it. */

export interface Axis {
  /** Whether the value has a place: not on a logarithmic axis at 0 and below. */
  has(value: number): boolean
  /** 0 at the beginning of the axis, 1 at its end. */
  at(value: number): number
  readonly ticks: readonly number[]
}

/** Steps between ticks, times a power of ten. */
const STEPS = [1, 2, 2.5, 5, 10]
const TICKS = 6
/** An axis of positive values begins at 0 where that leaves no more than this share of it empty. */
const EMPTY_MAX = 0.5
/** Decades up to which a logarithmic axis has a tick at 3, too. */
const DECADES_WITH_THREES = 4

export function linearAxis(values: readonly number[]): Axis {
  const finite = values.filter(Number.isFinite)
  let [low, high] = finite.length === 0 ? [0, 1] : [Math.min(...finite), Math.max(...finite)]
  if (low > 0 && low <= high * EMPTY_MAX) low = 0
  if (low === high) [low, high] = low === 0 ? [0, 1] : [low - Math.abs(low) / 10, high + Math.abs(high) / 10]
  const step = stepFor((high - low) / TICKS)
  const [first, last] = [Math.floor(low / step + TINY), Math.ceil(high / step - TINY)]
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => round((first + i) * step))
  const [start, end] = [first * step, last * step]
  return { has: Number.isFinite, at: (value) => (value - start) / (end - start), ticks }
}

export function logAxis(values: readonly number[]): Axis {
  const has = (value: number): boolean => Number.isFinite(value) && value > 0
  const logs = values.filter(has).map(Math.log10)
  let [low, high] = logs.length === 0 ? [0, 1] : [Math.min(...logs), Math.max(...logs)]
  if (high - low < TINY) [low, high] = [Math.floor(low - TINY), Math.ceil(high + TINY)]
  const ticks: number[] = []
  for (let decade = Math.floor(low); decade <= Math.ceil(high); decade++)
    for (const digit of high - low <= DECADES_WITH_THREES ? [1, 3] : [1]) {
      const tick = digit * 10 ** decade
      if (Math.log10(tick) >= low - TINY && Math.log10(tick) <= high + TINY) ticks.push(round(tick))
    }
  return { has, at: (value) => (Math.log10(value) - low) / (high - low), ticks }
}

/** One place for each category, with half a place before the first and behind the last. */
export const categoryAxis = (count: number): Axis => ({
  has: (value) => Number.isInteger(value) && value >= 0 && value < count,
  at: (value) => (value + 0.5) / Math.max(1, count),
  ticks: Array.from({ length: count }, (_, i) => i),
})

/** `0.5`, `12`, `20 k`, `3 M`: short enough for a tick. */
export function tickText(value: number): string {
  const size = Math.abs(value)
  const short = (divisor: number): string => String(round(value / divisor))
  if (size >= 1e9) return `${short(1e9)} G`
  if (size >= 1e6) return `${short(1e6)} M`
  if (size >= 1e4) return `${short(1e3)} k`
  return short(1)
}

/** What rounding leaves between two numbers that are the same. */
const TINY = 1e-9

function stepFor(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return (STEPS.find((step) => step * power >= least - TINY * power) ?? 10) * power
}

/** Without the digits that only binary fractions have. */
const round = (value: number): number => Number(value.toPrecision(10))
