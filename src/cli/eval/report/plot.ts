/** A plot as inline SVG: lines with 95 % bands over numbers, dots with error bars over categories. Its colours are the page's. */
import type { EvalPlot, EvalSeries } from '../../../sim/eval/report.ts'
import { type Axis, categoryAxis, linearAxis, logAxis, tickText } from './axis.ts'
import { escapeHtml } from './escape.ts'

const WIDTH = 880
const HEIGHT = 400
const AREA = { left: 72, right: 20, top: 14, bottom: 62 }
const INNER = { width: WIDTH - AREA.left - AREA.right, height: HEIGHT - AREA.top - AREA.bottom }
/** Colours of the page; series beyond them are dashed in the same ones. */
export const COLOURS = 8
/** Points of a series up to which each has a mark of its own. */
const MARKS_MAX = 40
/** Share of a category's place over which its series stand side by side. */
const SPREAD = 0.64
/** Characters of a category below the axis, at most and at least; the whole name is in the marks and in the table. */
const CATEGORY_CHARS = { most: 22, least: 6 }
/** Width of one of them, and categories from which on their names stand on two lines in turn. */
const CHAR_WIDTH = 6.8
const TIGHT = 6

type Point = EvalSeries['points'][number]

/** `id` is the plot's own within the page. */
export function toSvg(plot: EvalPlot, id: string): string {
  const all = plot.series.flatMap(({ points }) => points)
  const x = plot.categories
    ? categoryAxis(plot.categories.length)
    : (plot.isLogX ? logAxis : linearAxis)(all.map(([at]) => at))
  const y = (plot.isLogY ? logAxis : linearAxis)(reachOf(plot, all))
  const shown = plot.series.map((one) => ({
    ...one,
    points: one.points.filter(([at, value]) => x.has(at) && y.has(value)),
  }))
  const isEmpty = shown.every(({ points }) => points.length === 0)
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-desc">`,
    `<title id="${id}-title">${escapeHtml(plot.title)}</title>`,
    `<desc id="${id}-desc">${escapeHtml(describe(plot))}</desc>`,
    gridY(y),
    gridX(x, plot),
    `<text class="label" x="${AREA.left + INNER.width / 2}" y="${HEIGHT - 8}" text-anchor="middle">${escapeHtml(plot.x)}</text>`,
    `<text class="label" transform="translate(16 ${AREA.top + INNER.height / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(plot.y)}</text>`,
    ...(isEmpty
      ? [
          `<text class="empty" x="${AREA.left + INNER.width / 2}" y="${AREA.top + INNER.height / 2}" text-anchor="middle">no points</text>`,
        ]
      : shown.map((one, i) => (plot.categories ? dots : line)(one, i, shown.length, { x, y, plot }))),
    '</svg>',
  ].join('\n')
}

/** The ends of all intervals; none goes where no value can be: below 0 where all are above, or over 100 percent. */
function reachOf({ y }: EvalPlot, points: readonly Point[]): number[] {
  const values = points.map(([, value]) => value)
  const least = values.every((value) => !(value < 0)) ? 0 : Number.NEGATIVE_INFINITY
  const most = y.includes('%') && values.every((value) => !(value > 100)) ? 100 : Number.POSITIVE_INFINITY
  return points.flatMap(([, value, half = 0]) => [
    Math.max(least, value - half),
    Math.min(most, value + half),
  ])
}

/** The sample of a series for the legend. */
export const swatch = (i: number): string =>
  `<svg class="swatch" viewBox="0 0 26 12" aria-hidden="true"><g class="${seriesClass(i)}"><line class="line" x1="1" y1="6" x2="25" y2="6"/>${mark(i, 13, 6, '')}</g></svg>`

const describe = ({ x, y, series }: EvalPlot): string =>
  `${y} over ${x}, of ${series.map(({ name }) => name).join(', ') || 'nothing'}`

// --- Axes ---

const toX = (axis: Axis, value: number): number => fixed(AREA.left + axis.at(value) * INNER.width)
const toY = (axis: Axis, value: number): number =>
  fixed(AREA.top + (1 - Math.min(1, Math.max(0, axis.at(value)))) * INNER.height)
const fixed = (value: number): number => Math.round(value * 100) / 100

const gridY = (axis: Axis): string =>
  axis.ticks
    .map((tick) => {
      const at = toY(axis, tick)
      return `<line class="grid" x1="${AREA.left}" y1="${at}" x2="${AREA.left + INNER.width}" y2="${at}"/><text class="tick" x="${AREA.left - 8}" y="${fixed(at + 4)}" text-anchor="end">${tickText(tick)}</text>`
    })
    .join('')

function gridX(axis: Axis, { categories }: EvalPlot): string {
  const bottom = AREA.top + INNER.height
  // Names that stand too close are put on two lines in turn.
  const count = categories?.length ?? 0
  const isTight = count > TIGHT
  const room = Math.floor(((INNER.width / Math.max(1, count)) * (isTight ? 2 : 1)) / CHAR_WIDTH)
  const chars = Math.min(CATEGORY_CHARS.most, Math.max(CATEGORY_CHARS.least, room))
  const marks = axis.ticks.map((tick, i) => {
    const at = toX(axis, tick)
    const text = categories ? shorten(categories[tick] as string, chars) : tickText(tick)
    const y = bottom + (isTight && i % 2 === 1 ? 34 : 18)
    return `<line class="grid" x1="${at}" y1="${bottom}" x2="${at}" y2="${bottom + 4}"/><text class="tick" x="${at}" y="${y}" text-anchor="middle">${escapeHtml(text)}</text>`
  })
  return `<line class="axis" x1="${AREA.left}" y1="${bottom}" x2="${AREA.left + INNER.width}" y2="${bottom}"/>${marks.join('')}`
}

function shorten(name: string, most: number): string {
  const characters = Array.from(name)
  return characters.length <= most ? name : `${characters.slice(0, most - 1).join('')}…`
}

// --- Series ---

interface Place {
  readonly x: Axis
  readonly y: Axis
  readonly plot: EvalPlot
}

function line({ name, points }: EvalSeries, i: number, _count: number, { x, y, plot }: Place): string {
  const sorted = [...points].sort(([a], [b]) => a - b)
  const place = ([at, value]: Point, offset = 0): string => `${toX(x, at)},${edge(y, value, offset)}`
  const hasBand = sorted.some(([, , half = 0]) => half > 0)
  const upper = sorted.map((point) => place(point, point[2] ?? 0))
  const lower = sorted.map((point) => place(point, -(point[2] ?? 0))).reverse()
  const marks = sorted.length > MARKS_MAX ? [] : sorted
  return [
    `<g class="${seriesClass(i)}">`,
    hasBand && sorted.length > 1 ? `<polygon class="band" points="${[...upper, ...lower].join(' ')}"/>` : '',
    sorted.length > 1
      ? `<polyline class="line" points="${sorted.map((point) => place(point)).join(' ')}"><title>${escapeHtml(name)}</title></polyline>`
      : sorted.map((point) => errorBar(toX(x, point[0]), point, y)).join(''),
    ...marks.map((point) => mark(i, toX(x, point[0]), toY(y, point[1]), pointText(name, point, plot))),
    '</g>',
  ].join('')
}

function dots({ name, points }: EvalSeries, i: number, count: number, { x, y, plot }: Place): string {
  const slot = INNER.width / Math.max(1, plot.categories?.length ?? 0)
  const shift = count < 2 ? 0 : (i / (count - 1) - 0.5) * slot * SPREAD
  return [
    `<g class="${seriesClass(i)}">`,
    ...points.map((point) => {
      const at = fixed(toX(x, point[0]) + shift)
      return `${errorBar(at, point, y)}${mark(i, at, toY(y, point[1]), pointText(name, point, plot))}`
    }),
    '</g>',
  ].join('')
}

const errorBar = (at: number, [, value, half = 0]: Point, y: Axis): string =>
  half > 0
    ? `<line class="error" x1="${at}" y1="${edge(y, value, half)}" x2="${at}" y2="${edge(y, value, -half)}"/>`
    : ''

/** The end of an interval; on a logarithmic axis one that reaches 0 ends at the axis. */
const edge = (y: Axis, value: number, offset: number): number =>
  y.has(value + offset) ? toY(y, value + offset) : AREA.top + INNER.height

function pointText(name: string, [at, value, half]: Point, { categories, x }: EvalPlot): string {
  const place = categories ? (categories[at] ?? '') : `${x} ${tickText(at)}`
  const spread = half ? ` ± ${short(half)}` : ''
  return `${name}, ${place}: ${short(value)}${spread}`
}

const short = (value: number): string => String(Number(value.toPrecision(4)))

const seriesClass = (i: number): string => `s${i % COLOURS}${i >= COLOURS ? ' dashed' : ''}`

/** Four shapes, so that nobody needs colours to tell four neighbours apart. */
function mark(i: number, x: number, y: number, text: string): string {
  const title = text === '' ? '' : `<title>${escapeHtml(text)}</title>`
  const polygon = (...points: readonly (readonly [number, number])[]): string =>
    `<polygon class="mark" points="${points.map(([dx, dy]) => `${fixed(x + dx)},${fixed(y + dy)}`).join(' ')}">${title}</polygon>`
  if (i % 4 === 0) return `<circle class="mark" cx="${x}" cy="${y}" r="3.6">${title}</circle>`
  if (i % 4 === 1) return polygon([-3.4, -3.4], [3.4, -3.4], [3.4, 3.4], [-3.4, 3.4])
  if (i % 4 === 2) return polygon([0, -4.6], [4.2, 3.2], [-4.2, 3.2])
  return polygon([0, -4.8], [4.8, 0], [0, 4.8], [-4.8, 0])
}
