/** A report as Markdown and as a page of HTML: hostile text stays text, and plots say what their numbers say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linearAxis, logAxis, tickText } from '../../../../src/cli/eval/report/axis.ts'
import { toHtml } from '../../../../src/cli/eval/report/html.ts'
import { toMarkdown } from '../../../../src/cli/eval/report/markdown.ts'
import { toTexts } from '../../../../src/cli/eval/report/numbers.ts'
import { toSvg } from '../../../../src/cli/eval/report/plot.ts'
import type { EvalPlot, EvalReport, EvalSeries } from '../../../../src/sim/eval/report.ts'

const series = (name: string, ...points: EvalSeries['points']): EvalSeries => ({ name, points })
const plotOf = (all: readonly EvalSeries[], rest: Partial<EvalPlot> = {}): EvalPlot => ({
  ...{ title: 'a plot', x: 'tasks', y: 'right, %', series: all },
  ...rest,
})
const reportOf = (rest: Partial<EvalReport> = {}): EvalReport => ({
  ...{ name: 'x', title: 'A report', command: 'spore eval x', ok: true, seeds: [1], params: {} },
  ...{ tables: [], bars: [], plots: [], notes: [], ...rest },
})
const count = (text: string, part: string | RegExp): number => text.split(part).length - 1

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onload='alert(1)",
  '</style><script>alert(1)</script>',
  '</title></svg><script>alert(1)</script>',
  '&lt;script&gt;',
  'javascript:alert(1)',
  '`alert(1)`',
  ']]><script>',
  '<!--',
  '\u0000\u001b[31m\u202Egnp.exe',
  '\uD800',
]

/** A report that says `text` wherever a report says anything. */
function saying(text: string): EvalReport {
  const all = [series(text, [0, 1, 0.1], [1, 2]), series(`${text}2`)]
  return reportOf({
    ...{ name: text, title: text, command: text, params: { [text]: text }, notes: [text] },
    tables: [{ title: text, columns: [text, text], rows: [[text, 1]] }],
    bars: [{ about: text, what: text, unit: text, measured: 1, kind: 'least', bound: 0, isMet: true }],
    plots: [
      plotOf(all, { title: text, x: text, y: text }),
      plotOf(all, { title: text, x: text, y: text, categories: [text, `${text} too`] }),
    ],
  })
}

test('whatever a report says, its page has the elements and attributes of a harmless one', () => {
  const skeleton = (html: string): string[] => [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag)
  const harmless = skeleton(toHtml(saying('harmless')))
  for (const text of HOSTILE) {
    const html = toHtml(saying(text))
    assert.deepEqual(skeleton(html), harmless, text)
    assert.doesNotMatch(html, /(?!\n)[\p{Cc}\p{Bidi_Control}]/u)
    assert.ok(html.isWellFormed(), text)
  }
})

test('a page loads nothing: no script, no address, no event handler', () => {
  const html = toHtml(saying('text'))
  assert.match(html, /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/)
  assert.doesNotMatch(html, /<script|<link|<img|<iframe|https?:|url\(|@import|\son\w+=/i)
  assert.match(html, /prefers-color-scheme:dark/)
})

test('Markdown has one line a row and as many cells as its head, whatever is in them', () => {
  for (const text of [...HOSTILE, 'a | b', 'two\nlines', '# head', '[x](y)', '\\|']) {
    const rows = toMarkdown(saying(text))
      .split('\n')
      .filter((line) => line.startsWith('|'))
    assert.equal(rows.length, 6, text)
    const cells = rows.map((row) => row.replaceAll(/\\./g, '').split('|').length - 2)
    assert.deepEqual(cells, [2, 2, 2, 6, 6, 6], text)
    // The command stands in a block of code, where nothing is a mark.
    const prose = toMarkdown(saying(text)).replaceAll(/^ {4}.*$/gm, '')
    assert.doesNotMatch(prose, /(^|[^\\])<(script|img)/)
  }
})

test('a line of several points has a band where there are intervals, a mark each, and titles with the numbers', () => {
  const svg = toSvg(
    plotOf([series('ours', [10, 50, 5], [20, 60, 4], [30, 65, 3]), series('theirs', [10, 40], [30, 41])]),
    'p',
  )
  assert.equal(count(svg, '<polyline'), 2)
  assert.equal(count(svg, 'class="band"'), 1)
  assert.equal(count(svg, 'class="mark"'), 5)
  assert.match(svg, /<title>ours, tasks 20: 60 ± 4<\/title>/)
  assert.match(svg, /role="img" aria-labelledby="p-title p-desc"/)
  assert.match(svg, /<title id="p-title">a plot<\/title>/)
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/)
})

test('higher is higher and later is further right, all of it within the picture', () => {
  const svg = toSvg(plotOf([series('ours', [1, 10], [2, 90])]), 'p')
  const [, points = ''] = svg.match(/<polyline class="line" points="([^"]*)"/) ?? []
  const [first, second] = points.split(' ').map((point) => point.split(',').map(Number))
  assert.ok((second?.[0] as number) > (first?.[0] as number))
  assert.ok((second?.[1] as number) < (first?.[1] as number))
  for (const [x = -1, y = -1] of [first ?? [], second ?? []])
    assert.ok(x >= 0 && x <= 880 && y >= 0 && y <= 400)
})

test('one point, no point, no series and points without a value are drawn without a broken number', () => {
  const one = toSvg(plotOf([series('ours', [5, 0.5, 0.1])]), 'p')
  assert.equal(count(one, 'class="mark"'), 1)
  assert.equal(count(one, 'class="error"'), 1)
  for (const plot of [
    plotOf([]),
    plotOf([series('ours')]),
    plotOf([series('ours', [1, Number.NaN])]),
    plotOf([series('ours', [0, 1])], { isLogX: true }),
  ]) {
    const svg = toSvg(plot, 'p')
    assert.match(svg, />no points</)
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/)
  }
  assert.doesNotMatch(toSvg(plotOf([series('same', [3, 7], [3, 7])]), 'p'), /NaN|Infinity/)
  assert.doesNotMatch(toSvg(plotOf([series('zero', [0, 0])]), 'p'), /NaN|Infinity/)
})

test('on a logarithmic axis equal factors are equal distances, and what is not above 0 is left out', () => {
  const axis = logAxis([1, 10, 100, 1000])
  assert.ok(Math.abs(axis.at(10) - 1 / 3) < 1e-9 && Math.abs(axis.at(100) - 2 / 3) < 1e-9)
  assert.deepEqual(axis.ticks, [1, 3, 10, 30, 100, 300, 1000])
  assert.deepEqual([axis.has(0), axis.has(-1), axis.has(0.1)], [false, false, true])
  const svg = toSvg(plotOf([series('n', [0, 1], [1, 2], [10, 3])], { isLogX: true, isLogY: true }), 'p')
  assert.equal(count(svg, 'class="mark"'), 2)
  // An interval that reaches 0 ends at the axis.
  assert.doesNotMatch(
    toSvg(plotOf([series('n', [1, 2, 3], [10, 3, 5])], { isLogY: true }), 'p'),
    /NaN|Infinity/,
  )
})

test('ticks are round numbers that hold the values between them', () => {
  for (const values of [[0, 1], [71.3, 94.4], [0.003, 0.0041], [-3, 12], [1e6, 3e6], [5], [0]]) {
    const { ticks, at } = linearAxis(values)
    assert.ok(ticks.length >= 2 && ticks.length <= 13, String(ticks))
    for (const value of values) assert.ok(at(value) >= -1e-9 && at(value) <= 1 + 1e-9, `${values}: ${ticks}`)
  }
  assert.deepEqual(linearAxis([0, 100]).ticks, [0, 20, 40, 60, 80, 100])
  assert.deepEqual([0.1 + 0.2, 1500, 20_000, 3e6].map(tickText), ['0.3', '1500', '20 k', '3 M'])
})

test('an interval makes no place on the axis for what cannot be: shares below 0 and above 100 percent', () => {
  const ticksOf = (points: EvalSeries['points'], y: string): number[] =>
    [...toSvg(plotOf([series('n', ...points)], { y }), 'p').matchAll(/text-anchor="end">([^<]*)</g)].map(
      ([, tick]) => Number(tick),
    )
  const wide = [
    [1, 3, 40],
    [2, 95, 40],
  ] as const
  assert.deepEqual(ticksOf(wide, 'right, %'), [0, 20, 40, 60, 80, 100])
  assert.ok((ticksOf(wide, 'seconds').at(-1) ?? 0) > 100)
  assert.ok((ticksOf([[1, -3, 40]], 'right, %')[0] ?? 0) < -3)
})

test('categories have dots side by side, with error bars and their names, and no lines', () => {
  const all = [series('on', [0, 90, 2], [1, 80, 2]), series('off', [0, 70, 2], [1, 60])]
  const svg = toSvg(plotOf(all, { categories: ['independent', 'a world with a very long name'] }), 'p')
  assert.equal(count(svg, '<polyline'), 0)
  assert.equal(count(svg, 'class="error"'), 3)
  assert.match(svg, />independent</)
  assert.match(svg, />a world with a very l…</)
  assert.match(svg, /<title>off, a world with a very long name: 60<\/title>/)
})

test('the page says in words which bars are met, and repeats each plot as numbers', () => {
  const bar = { about: 'w', what: 'least right', unit: '%', kind: 'least', bound: 90 } as const
  const met = { ...bar, measured: 91.234, isMet: true }
  const missed = { ...bar, measured: 80, isMet: false }
  assert.match(toHtml(reportOf({ bars: [met, met] })), /✓ all 2 bars are met/)
  const html = toHtml(reportOf({ bars: [met, missed], plots: [plotOf([series('ours', [1, 50, 2])])] }))
  assert.match(html, /✗ 1 of 2 bars is not met/)
  assert.match(html, /91\.23 %<\/td><td>≥<\/td><td class="number">90 %<\/td><td class="yes">✓ yes/)
  assert.match(html, /<summary>The numbers<\/summary>.*50\.0 ± 2\.0|<summary>The numbers<\/summary>.*50 ± 2/)
})

test('numbers of a column have the same digits, of a mixed one each its own, and none is a zero below 0', () => {
  const rows = [
    [{ value: 97.44, plusMinus: 0.04 }, 5],
    [{ value: 0.998, plusMinus: 0.0012 }, 7],
    [{ value: -0.0001, plusMinus: 0 }, 9],
  ]
  const cellsOf = (isMixed: boolean) => toTexts({ title: '', columns: ['a', 'b'], rows, isMixed })
  assert.deepEqual(cellsOf(false), [
    ['97.4 ± 0.0', '5'],
    ['1.0 ± 0.0', '7'],
    ['0.0 ± 0.0', '9'],
  ])
  assert.deepEqual(cellsOf(true), [
    ['97.4 ± 0.0', '5'],
    ['0.998 ± 0.001', '7'],
    ['0.000 ± 0.000', '9'],
  ])
})
