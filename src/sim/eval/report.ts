/** What an evaluation found, as data: rendered as text, Markdown, JSON or one page of HTML by the same code for all. */

export interface EvalReport {
  /** Of the evaluation: `aggregate`, `trust`… */
  readonly name: string
  readonly title: string
  /** The command that gives the same report again. */
  readonly command: string
  /** Whether every bar is met. */
  readonly ok: boolean
  readonly seeds: readonly number[]
  readonly params: Readonly<Record<string, number | string | boolean>>
  readonly tables: readonly EvalTable[]
  readonly bars: readonly EvalBar[]
  readonly plots: readonly EvalPlot[]
  /** What the reader must know: what is simulated, what the worlds are, what came out against expectation. */
  readonly notes: readonly string[]
  /** More than people read, as each seed's figures: in the JSON alone. */
  readonly details?: unknown
}

export interface EvalTable {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly EvalCell[])[]
  /** Each row is of another unit, so that the numbers of a column need not have the same digits. */
  readonly isMixed?: boolean
}

/** A number with its 95 % confidence interval's half width, or anything else as it is. */
export type EvalCell = string | number | { readonly value: number; readonly plusMinus: number }

/** What has to be reached, and what was. */
export interface EvalBar {
  /** The world, mechanism or part that it is about. */
  readonly about: string
  readonly what: string
  readonly measured: number
  /** `least`: measured ≥ bound; `most`: measured ≤ bound. */
  readonly kind: 'least' | 'most'
  readonly bound: number
  /** As `%`, `tasks`, `τ`; empty for plain numbers. */
  readonly unit: string
  readonly isMet: boolean
}

export interface EvalPlot {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly isLogX?: boolean
  readonly isLogY?: boolean
  /** Names of the places 0, 1, 2… of x, where x is no number but worlds, mechanisms…: dots with error bars, no lines. */
  readonly categories?: readonly string[]
  readonly series: readonly EvalSeries[]
}

export interface EvalSeries {
  readonly name: string
  /** x, y, and half the width of the 95 % confidence interval of y where there is one. */
  readonly points: readonly (readonly [x: number, y: number, plusMinus?: number])[]
}
