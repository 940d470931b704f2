/** A report as one page of HTML that needs nothing else: no script, no style and no image from anywhere. */
import type { EvalBar, EvalPlot, EvalReport, EvalTable } from '../../../sim/eval/report.ts'
import { escapeHtml } from './escape.ts'
import { seedsText } from './markdown.ts'
import { barText, isNumeric, toTexts } from './numbers.ts'
import { swatch, toSvg } from './plot.ts'
import { STYLE } from './style.ts'

export function toHtml(report: EvalReport): string {
  const { title, command, seeds, params, tables, bars, plots, notes } = report
  const entries = Object.entries(params)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${escapeHtml(title)}</h1>
<p>${badge(bars)}</p>
<pre>${escapeHtml(command)}</pre>
<p class="meta">Seeds ${seedsText(seeds)}. Bands, error bars and ± are 95 % confidence intervals.</p>
</header>
${notes.length === 0 ? '' : `<section><h2>What this is</h2><ul class="notes">${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('')}</ul></section>`}
${plots.map(plotHtml).join('\n')}
${bars.length === 0 ? '' : barsHtml(bars)}
${tables.map((table) => `<section><h2>${escapeHtml(table.title)}</h2>${tableHtml(table)}</section>`).join('\n')}
${entries.length === 0 ? '' : `<section><h2>Parameters</h2>${paramsHtml(entries)}</section>`}
</main>
</body>
</html>
`
}

function badge(bars: readonly EvalBar[]): string {
  const missed = bars.filter(({ isMet }) => !isMet).length
  if (bars.length === 0) return '<span class="badge none">no bars</span>'
  return missed === 0
    ? `<span class="badge yes">✓ ${bars.length === 1 ? 'the bar is met' : `all ${bars.length} bars are met`}</span>`
    : `<span class="badge no">✗ ${missed} of ${bars.length} bars ${missed === 1 ? 'is' : 'are'} not met</span>`
}

function plotHtml(plot: EvalPlot, i: number): string {
  const legend = plot.series.map(({ name }, at) => `<li>${swatch(at)}${escapeHtml(name)}</li>`)
  return `<figure>
<figcaption>${escapeHtml(plot.title)}</figcaption>
${toSvg(plot, `plot-${i}`)}
<ul class="legend">${legend.join('')}</ul>
<details><summary>The numbers</summary>${tableHtml(pointsOf(plot))}</details>
</figure>`
}

/** What a plot shows, for who cannot see it, or wants the numbers. */
function pointsOf({ x, series, categories }: EvalPlot): EvalTable {
  const places = [...new Set(series.flatMap(({ points }) => points.map(([at]) => at)))].sort((a, b) => a - b)
  return {
    title: '',
    columns: [x, ...series.map(({ name }) => name)],
    rows: places.map((place) => [
      categories ? (categories[place] ?? '') : place,
      ...series.map(({ points }) => {
        const point = points.find(([at]) => at === place)
        if (!point) return ''
        const [, value, plusMinus] = point
        return plusMinus === undefined ? value : { value, plusMinus }
      }),
    ]),
  }
}

function tableHtml(table: EvalTable): string {
  const isNumber = table.columns.map((_, column) => table.rows.some((row) => isNumeric(row[column])))
  const cell = (tag: string, text: string, column: number): string =>
    `<${tag}${isNumber[column] ? ' class="number"' : ''}>${escapeHtml(text)}</${tag}>`
  const row = (tag: string, texts: readonly string[]): string =>
    `<tr>${texts.map((text, column) => cell(tag, text, column)).join('')}</tr>`
  return `<div class="scroll"><table><thead>${row('th', table.columns)}</thead><tbody>${toTexts(table)
    .map((texts) => row('td', texts))
    .join('')}</tbody></table></div>`
}

const barsHtml = (bars: readonly EvalBar[]): string =>
  `<section><h2>Bars</h2><div class="scroll"><table><thead><tr><th>about</th><th>bar</th><th class="number">measured</th><th></th><th class="number">bound</th><th>met</th></tr></thead><tbody>${bars
    .map(
      ({ about, what, measured, kind, bound, unit, isMet }) =>
        `<tr><td>${escapeHtml(about)}</td><td>${escapeHtml(what)}</td><td class="number">${escapeHtml(barText(measured, unit))}</td><td>${kind === 'least' ? '≥' : '≤'}</td><td class="number">${escapeHtml(barText(bound, unit))}</td><td class="${isMet ? 'yes' : 'no'}">${isMet ? '✓ yes' : '✗ no'}</td></tr>`,
    )
    .join('')}</tbody></table></div></section>`

const paramsHtml = (entries: readonly (readonly [string, number | string | boolean])[]): string =>
  `<div class="scroll"><table><tbody>${entries
    .map(([name, value]) => `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(String(value))}</td></tr>`)
    .join('')}</tbody></table></div>`
