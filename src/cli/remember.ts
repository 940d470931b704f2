/** `spore remember`: a text, a file, a folder or stdin, each section of a document as one memory. */
import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { RememberInput } from '../core/protocol/api.ts'
import { SporeError } from '../core/protocol/errors.ts'
import { TEXT_BYTES_MAX } from '../core/protocol/limits.ts'
import { openAccess, type SporeAccess } from './access.ts'
import { type CommandContext, type CommandSpec, listOption, wholeNumber } from './command.ts'
import { type ImportReport, importDocuments } from './documents/import.ts'
import { documentKind, type Walk, walkFile, walkFolder } from './documents/walk.ts'
import { EXIT, type ExitCode, UsageError, unwrap } from './exit.ts'
import { createProgress } from './progress.ts'
import { oneLine, printable } from './terminal-text.ts'

export const spec: CommandSpec = {
  name: 'remember',
  summary: 'Remember a text, a file or a folder',
  description:
    'A folder is walked for Markdown, text and code (no dot files, node_modules, binaries or files over 5 MiB). Each\n' +
    'section is one memory; its thread is the file, its position the order. A second run stores only what changed and\n' +
    'retracts the sections that a changed file no longer has. "-" reads one text from stdin.',
  examples: [
    'spore remember "The deploy key rotates every Monday" --tag ops',
    'spore remember README.md',
    'spore remember docs/ --space commons',
    'git log -1 | spore remember -',
  ],
  remote: true,
  configure: (command) =>
    command
      .argument('<what...>', 'a text, files, folders, or - for stdin')
      .option('--text', 'take the argument as text even if a file has that name')
      .option(
        '--space <name>',
        'where it goes; "private" never leaves this spore, "commons" is shared with peers',
      )
      .addOption(listOption('--tag <names>', 'tags, separated by commas; may be repeated'))
      .option('--thread <name>', 'conversation or document that a text belongs to')
      .option('--position <n>', 'order of a text within its thread', wholeNumber(0, Number.MAX_SAFE_INTEGER))
      .option('--speaker <name>', 'who said it')
      .addOption(listOption('--source <refs>', 'ids, URLs or paths that a text rests on'))
      .option('--key <key>', 'idempotency key of a text: a retry with it changes nothing')
      .option('--keep', 'do not retract sections that a changed file no longer has'),
  run,
}

async function run(context: CommandContext, [what]: readonly unknown[]): Promise<ExitCode> {
  const target = await resolveTarget(what as readonly string[], context.options.text === true)
  await using access = await openAccess(context.load(), context.signal)
  // `await` before leaving: the access is closed at the end of this block.
  if (target.kind === 'documents') return await rememberDocuments(target.paths, access, context)
  const text = target.kind === 'stdin' ? await readText(context.stdin) : target.text
  return await rememberText(text, access, context)
}

type Target =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'stdin' }
  | { readonly kind: 'documents'; readonly paths: readonly string[] }

/** What the arguments mean. A single word that looks like a path and is none is a slip, not a memory. */
async function resolveTarget(what: readonly string[], isText: boolean): Promise<Target> {
  if (what.length === 1 && what[0] === '-' && !isText) return { kind: 'stdin' }
  const exists = await Promise.all(what.map((path) => !isText && fileExists(path)))
  if (exists.every(Boolean)) return { kind: 'documents', paths: what }
  const missing = what.find((path, index) => !exists[index] && !isText && looksLikePath(path))
  if (missing !== undefined && (what.length === 1 || exists.some(Boolean)))
    throw new UsageError(`there is no file "${missing}"; to remember it as a text, add --text`)
  return { kind: 'text', text: what.join(' ') }
}

const fileExists = (path: string): Promise<boolean> =>
  path.includes('\0') || path.includes('\n')
    ? Promise.resolve(false)
    : stat(path).then(
        () => true,
        () => false,
      )

const looksLikePath = (word: string): boolean =>
  !/\s/.test(word) && !/^\w+:\/\//.test(word) && (/[\\/]/.test(word) || documentKind(word) !== null)

/** All of stdin, as long as it can be a memory. */
async function readText(stdin: Readable): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of stdin) {
    bytes += (part as Buffer).length
    if (bytes > TEXT_BYTES_MAX)
      throw new SporeError('TEXT_TOO_LARGE', `stdin has more than the ${TEXT_BYTES_MAX} bytes of one memory`)
    parts.push(part as Buffer)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts)).trimEnd()
  } catch {
    throw new SporeError('TEXT_ILL_FORMED', 'stdin is not UTF-8 text')
  }
}

async function rememberText(
  text: string,
  access: SporeAccess,
  { options, output }: CommandContext,
): Promise<ExitCode> {
  const fields = {
    tags: options.tag,
    thread: options.thread,
    position: options.position,
    speaker: options.speaker,
  }
  const more = { space: options.space, sources: options.source, key: options.key }
  const given = Object.entries({ ...fields, ...more }).filter(([, value]) => value !== undefined)
  const remembered = unwrap(await access.remember({ text, ...Object.fromEntries(given) } as RememberInput))
  output.result(
    remembered.duplicate ? `already remembered  ${remembered.id}` : `remembered  ${remembered.id}`,
    remembered,
  )
  return EXIT.ok
}

async function rememberDocuments(
  paths: readonly string[],
  access: SporeAccess,
  context: CommandContext,
): Promise<ExitCode> {
  const { options, output, signal } = context
  for (const flag of ['thread', 'position', 'speaker', 'source', 'key'])
    if (options[flag] !== undefined) throw new UsageError(`--${flag} is for a text; documents have their own`)
  const health = unwrap(await access.health())
  const space = (options.space as string | undefined) ?? health.defaultSpace
  const total: ImportReport = {
    files: 0,
    added: 0,
    unchanged: 0,
    retracted: 0,
    skipped: [],
    failed: [],
  }
  for (const path of paths) {
    const walk: Walk = (await stat(path)).isDirectory() ? await walkFolder(path) : await walkFile(path)
    using progress = createProgress(context, walk.files.length)
    const report = await importDocuments(walk, access, {
      author: health.spore,
      space,
      tags: (options.tag as readonly string[] | undefined) ?? [],
      retractGone: options.keep !== true,
      signal,
      onFile: progress.update,
    })
    add(total, report)
  }
  output.result(describeReport(total, space), { ...total, space })
  return total.failed.length > 0 || (total.files === 0 && total.skipped.length > 0) ? EXIT.failure : EXIT.ok
}

function add(total: ImportReport, report: ImportReport): void {
  for (const field of ['files', 'added', 'unchanged', 'retracted'] as const) total[field] += report[field]
  total.skipped.push(...report.skipped)
  total.failed.push(...report.failed)
}

/** Lines that one list of the report shows; the rest is counted. `--json` has all. */
const LIST_LINES = 10

function describeReport(report: ImportReport, space: string): string {
  const { files, added, unchanged, retracted, skipped, failed } = report
  const counts = [
    `${added} new`,
    `${unchanged} unchanged`,
    ...(retracted > 0 ? [`${retracted} gone, retracted`] : []),
  ]
  const head =
    files === 0 && skipped.length === 0
      ? 'no documents found'
      : `${plural(files, 'file')}: ${counts.join(', ')}  (space ${printable(space)})`
  const list = (title: string, lines: readonly string[]) =>
    lines.length === 0
      ? []
      : [
          title,
          ...lines.slice(0, LIST_LINES),
          ...(lines.length > LIST_LINES ? [`  … and ${lines.length - LIST_LINES} more`] : []),
        ]
  return [
    head,
    ...list(
      'skipped:',
      skipped.map(({ thread, reason }) => `  ${oneLine(thread, 80)}: ${reason}`),
    ),
    ...list(
      'not stored:',
      failed.map(
        ({ thread, position, code, detail }) =>
          `  ${oneLine(thread, 60)}#${position}: ${oneLine(detail, 100)} [${code}]`,
      ),
    ),
  ].join('\n')
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
