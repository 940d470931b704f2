/**
 * What every benchmark shares: finding it by name, the machine's line, a table for people, and with `--json` a last
 * line for programs: `{"bench","machine","rows":[{"metric","value","unit","bar"?,"ok"?,"peer"?}]}`.
 *
 * A benchmark is a file `scripts/bench/<name>.ts` that exports `run`. A bar that is missed is said, and is no error: the
 * exit code tells whether the benchmark ran.
 */
import { readdir } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A figure, as a benchmark reports it. */
export interface Figure {
  readonly metric: string
  readonly value: number
  /** `ms`, `B`, `entries/s`…; empty for a ratio. */
  readonly unit: string
  /** What the value must reach. */
  readonly bar?: { readonly atLeast: number } | { readonly atMost: number }
  /** The same figure of something else, measured in the same run. */
  readonly peer?: { readonly name: string; readonly value: number }
}

export interface Report {
  row(figure: Figure): void
  /** A line for people: what was measured, on what, and what to mind. */
  note(text: string): void
}

export type Run = (args: readonly string[], report: Report) => Promise<void>

/** Where the output goes and where the benchmarks are. */
export interface HarnessDeps {
  readonly folder: string
  print(line: string): void
  printError(line: string): void
}

/** Runs `npm run bench -- <name> [--json] [args]`; resolves to the exit code: 0 ran, 1 broke, 2 no such benchmark. */
export async function runBench(argv: readonly string[], deps: HarnessDeps): Promise<number> {
  const json = argv.includes('--json')
  const [name, ...args] = argv.filter((arg) => arg !== '--json')
  const names = await benchNames(deps.folder)
  if (name === undefined || !names.includes(name)) {
    deps.printError(
      name === undefined ? 'Which benchmark?' : `There is no benchmark named ${JSON.stringify(name)}.`,
    )
    deps.printError(`npm run bench -- <name> [--json] [args]\n${names.map((each) => `  ${each}`).join('\n')}`)
    return 2
  }
  const machine = describeMachine()
  deps.print(
    `${name} on ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}, ${machine.platform}`,
  )
  const figures: Figure[] = []
  try {
    const { run } = (await import(pathToFileURL(join(deps.folder, `${name}.ts`)).href)) as { run?: Run }
    if (typeof run !== 'function') throw new Error(`scripts/bench/${name}.ts exports no run`)
    await run(args, {
      row: (figure) => figures.push(checkedFigure(figure)),
      note: (text) => deps.print(text),
    })
    if (figures.length === 0) throw new Error('it reported no figure')
  } catch (error) {
    deps.printError(`${name} broke: ${error instanceof Error ? error.stack : String(error)}`)
    return 1
  }
  for (const line of figuresToTable(figures)) deps.print(line)
  const missed = figures.filter((figure) => figure.bar && !reaches(figure))
  for (const figure of missed) deps.print(`falls short: ${figure.metric}`)
  if (json) deps.print(JSON.stringify({ bench: name, machine, rows: figures.map(figureToRow) }))
  return 0
}

/** Names of the benchmarks in `folder`, sorted. */
export async function benchNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && entry.name !== 'main.ts')
    .map((entry) => entry.name.slice(0, -'.ts'.length))
    .sort()
}

function describeMachine() {
  const cores = cpus()
  return {
    cpu: cores[0]?.model.trim() || process.arch,
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    platform: process.platform,
  }
}

/** NaN would become `null` in the last line and pass no bar silently. */
function checkedFigure(figure: Figure): Figure {
  if (!Number.isFinite(figure.value)) throw new Error(`${figure.metric} is ${figure.value}`)
  return figure
}

function reaches({ value, bar }: Figure): boolean {
  if (!bar) return true
  return 'atLeast' in bar ? value >= bar.atLeast : value <= bar.atMost
}

const barToText = (bar: NonNullable<Figure['bar']>): string =>
  'atLeast' in bar ? `≥ ${bar.atLeast}` : `≤ ${bar.atMost}`

function figureToRow(figure: Figure) {
  const { metric, value, unit, bar, peer } = figure
  return {
    metric,
    value,
    unit,
    ...(bar ? { bar: barToText(bar), ok: reaches(figure) } : {}),
    ...(peer ? { peer } : {}),
  }
}

function figuresToTable(figures: readonly Figure[]): string[] {
  const cells = figures.map((figure) => [
    figure.metric,
    `${numberToText(figure.value)} ${figure.unit}`.trim(),
    figure.bar ? barToText(figure.bar) : '',
    figure.bar ? (reaches(figure) ? 'ok' : 'short') : '',
    figure.peer ? `${figure.peer.name} ${numberToText(figure.peer.value)}` : '',
  ])
  const rows = [['metric', 'value', 'bar', '', 'compared with'], ...cells]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}

/** Four significant digits for what is small, whole numbers for what is large. */
const numberToText = (value: number): string =>
  Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(4)))
