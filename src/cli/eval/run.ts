/** An evaluation as a command: the common options, the run, and the report in every form that is wanted. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { EvalReport } from '../../sim/eval/report.ts'
import { type CommandContext, type CommandSpec, wholeNumber } from '../command.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import type { Evaluation } from './evaluation.ts'
import { toHtml } from './report/html.ts'
import { toMarkdown } from './report/markdown.ts'

const SEEDS_MAX = 1000
/** Options that say where the report goes: the report is the same without them. */
const WHERE = new Set(['--markdown', '--html', '--out', '--home', '--config'])

export const toSpec = (evaluation: Evaluation): CommandSpec => ({
  name: evaluation.name,
  summary: evaluation.summary,
  description: evaluation.description,
  examples: evaluation.examples,
  configure(command) {
    evaluation.configure?.(command)
    command
      .option('--seeds <n>', 'how many seeds, from 1 on', wholeNumber(1, SEEDS_MAX), evaluation.seedsDefault)
      .option('--seed <n>', 'this seed alone', wholeNumber(0, Number.MAX_SAFE_INTEGER))
      .option('--markdown <file>', 'write the report as Markdown')
      .option('--html <file>', 'write it as one page of HTML, with plots')
      .option('--out <folder>', 'write it in all three forms: <name>.md, <name>.json, <name>.html')
  },
  run: (context, args) => evaluate(evaluation, context, args),
})

async function evaluate(
  evaluation: Evaluation,
  context: CommandContext,
  args: readonly unknown[],
): Promise<ExitCode> {
  const { options, output, signal } = context
  const only = options.seed as number | undefined
  const seeds = only === undefined ? Array.from({ length: options.seeds as number }, (_, i) => i + 1) : [only]
  const report = await evaluation.run({
    seeds,
    options,
    args,
    signal,
    command: commandOf(context.words),
    note: output.note,
    goesOn: async () => {
      await setImmediate()
      return !signal.aborted
    },
    load: context.load,
  })
  if (!report) return EXIT.failure
  for (const [file, text] of filesOf(report, options)) {
    const path = resolve(file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    output.note(`wrote ${path}`)
  }
  output.result(toMarkdown(report).trimEnd(), report)
  return report.ok ? EXIT.ok : EXIT.failure
}

function filesOf(report: EvalReport, { markdown, html, out }: CommandContext['options']): [string, string][] {
  const files: [string, string][] = []
  if (markdown !== undefined) files.push([markdown as string, toMarkdown(report)])
  if (html !== undefined) files.push([html as string, toHtml(report)])
  if (out !== undefined) {
    const beside = join(out as string, report.name)
    files.push([`${beside}.md`, toMarkdown(report)], [`${beside}.html`, toHtml(report)])
    files.push([`${beside}.json`, `${JSON.stringify(report, null, 2)}\n`])
  }
  return files
}

/** The words as they were given, quoted where a shell would read them otherwise. */
function commandOf(words: readonly string[]): string {
  const kept: string[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string
    if (WHERE.has(word)) i++
    else if (word !== '--json' && !WHERE.has(word.split('=', 1)[0] as string)) kept.push(word)
  }
  return [
    'spore',
    ...kept.map((word) => (/^[\w./:=,@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)),
  ].join(' ')
}
