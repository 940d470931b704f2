/** `spore moderation`: the rules, their audit, and block lists of others, which wait as drafts. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { Argument, Option } from 'commander'
import { SporeError } from '../core/protocol/errors.ts'
import {
  MODERATION_IMPORT_CHARS_MAX,
  MODERATION_SOURCE_CHARS_MAX,
  PAGE_MAX,
} from '../core/protocol/limits.ts'
import type { DraftsInput, ImportInput } from '../core/protocol/moderation-api.ts'
import { openAccess, type SporeAccess } from './access.ts'
import { type CommandContext, type CommandSpec, wholeNumber } from './command.ts'
import { EXIT, UsageError, unwrap } from './exit.ts'
import { describeImpact, describeRecord, describeRule } from './moderation-text.ts'
import { oneLine, printable } from './terminal-text.ts'

type Run = (context: CommandContext, access: SporeAccess, args: readonly string[]) => Promise<void>

export const spec: CommandSpec = {
  name: 'moderation',
  summary: 'List rules, read block lists into drafts, apply them',
  description:
    'list         the rules, newest first\n' +
    'audit        who changed what, newest first\n' +
    'import FILE  a block list (CSV of Mastodon, lines, or JSON of a spore; - for stdin) into drafts: nothing of it holds yet\n' +
    'drafts       what waits\n' +
    'apply [ID…]  make drafts rules: those with these ids, or --all; --preview says what they would hit\n' +
    'discard [ID…]\n' +
    'export       the rules as a list: --form json, or csv for Mastodon\n' +
    'allow-only peers|authors|both|off   let in only who is allowed ("spore allow"), or everybody again',
  examples: [
    'spore moderation list',
    'spore moderation import blocklist.csv --source example.social',
    'spore moderation apply --all --preview',
    'spore moderation export --form csv > blocklist.csv',
  ],
  remote: true,
  configure: (command) =>
    command
      .addArgument(
        new Argument('<action>', 'what to do').choices([
          'list',
          'audit',
          'import',
          'drafts',
          'apply',
          'discard',
          'export',
          'allow-only',
        ]),
      )
      .argument('[args...]', 'a file, ids, or what allow-only is for')
      .option('--source <name>', 'name of the list; default the name of the file')
      .addOption(
        new Option('--action <action>', 'what lines without a severity ask for')
          .choices(['block', 'mute', 'limit', 'allow'])
          .default('block'),
      )
      .addOption(new Option('--form <form>', 'of an export').choices(['json', 'csv']).default('json'))
      .option('--all', 'every draft, or every one of --source')
      .option('--preview', 'say what would be hit, and change nothing')
      .option('--force', 'also where it hits peers that were joined here')
      .option('--limit <n>', `rows of a list, at most ${PAGE_MAX}`, wholeNumber(1, PAGE_MAX), PAGE_MAX)
      .option('--cursor <cursor>', 'the page behind an earlier one'),
  run: async (context, [action, args]) => {
    const run = RUNS[action as string] as Run
    await using access = await openAccess(context.load(), context.signal)
    await run(context, access, args as string[])
    return EXIT.ok
  },
}

const pageOf = ({ options }: CommandContext) => ({
  limit: options.limit as number,
  ...(options.cursor !== undefined && { cursor: options.cursor as string }),
})
const more = (cursor: string | null, action: string): string[] =>
  cursor === null ? [] : [`… more: spore moderation ${action} --cursor ${cursor}`]
const lines = (all: readonly string[], none: string): string => (all.length === 0 ? none : all.join('\n'))

const list: Run = async (context, { moderation }) => {
  const page = unwrap(await moderation.rules(pageOf(context)))
  const { peers, authors } = page.allowOnly
  const only = [peers && 'peers', authors && 'authors'].filter(Boolean).join(' and ')
  const text = [
    ...(only ? [`only ${only} that are allowed come in`] : []),
    lines(page.rules.map(describeRule), 'no rules'),
    ...(page.drafts > 0 ? [`${page.drafts} drafts wait: spore moderation drafts`] : []),
    ...more(page.cursor, 'list'),
  ]
  context.output.result(text.join('\n'), page)
}

const audit: Run = async (context, { moderation }) => {
  const page = unwrap(await moderation.audit(pageOf(context)))
  context.output.result(
    [lines(page.records.map(describeRecord), 'nothing was changed yet'), ...more(page.cursor, 'audit')].join(
      '\n',
    ),
    page,
  )
}

const importList: Run = async (context, { moderation }, [file]) => {
  if (file === undefined) throw new UsageError('Name the file of the list, or - for stdin.')
  const text = file === '-' ? await readText(context.stdin) : await readList(file)
  if (text.length > MODERATION_IMPORT_CHARS_MAX)
    throw new UsageError(`A list has at most ${MODERATION_IMPORT_CHARS_MAX} characters.`)
  const source = (context.options.source as string | undefined) ?? (file === '-' ? 'stdin' : basename(file))
  const action = context.options.action as NonNullable<ImportInput['action']>
  const imported = unwrap(
    await moderation.importList({ text, source: source.slice(0, MODERATION_SOURCE_CHARS_MAX), action }),
  )
  const { drafts, known, skipped, unreadable, problems } = imported
  context.output.result(
    [
      `${drafts} drafts wait now; ${known} are rules already, ${skipped} ask for nothing that a spore does, ${unreadable} were not understood`,
      ...problems.map(({ line, detail }) => `  line ${line}: ${oneLine(detail, 120)}`),
      ...(drafts > 0 ? ['look at them with "spore moderation apply --all --preview"'] : []),
    ].join('\n'),
    imported,
  )
}

async function readList(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new SporeError(
      'IMPORT_MALFORMED',
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code})`,
    )
  }
}

const drafts: Run = async (context, { moderation }) => {
  const page = unwrap(await moderation.drafts(pageOf(context)))
  context.output.result(
    [lines(page.drafts.map(describeRule), 'no drafts wait'), ...more(page.cursor, 'drafts')].join('\n'),
    page,
  )
}

function chosen({ options }: CommandContext, ids: readonly string[]): DraftsInput {
  if ((ids.length === 0) === (options.all !== true)) throw new UsageError('Give ids of drafts, or --all.')
  return {
    ...(ids.length > 0 && { ids: [...ids] }),
    ...(options.source !== undefined && { source: options.source as string }),
    preview: options.preview === true,
    force: options.force === true,
  }
}

const apply: Run = async (context, { moderation }, ids) => {
  const applied = unwrap(await moderation.applyDrafts(chosen(context, ids)))
  const { count, left, impact } = applied
  context.output.result(
    [
      applied.applied ? `${count} drafts are rules now` : `${count} drafts would be rules`,
      describeImpact(impact),
      ...left.map((rule) => `left (it hits this spore, or what was joined here)  ${describeRule(rule)}`),
    ].join('\n'),
    applied,
  )
}

const discard: Run = async (context, { moderation }, ids) => {
  const { ids: wanted, source } = chosen(context, ids)
  const gone = unwrap(
    await moderation.discardDrafts({
      ...(wanted && { ids: wanted }),
      ...(source !== undefined && { source }),
    }),
  )
  context.output.result(`${gone.discarded} drafts are forgotten`, gone)
}

const exportList: Run = async (context, { moderation }) => {
  const exported = unwrap(await moderation.exportList({ form: context.options.form as 'json' | 'csv' }))
  context.output.result(printable(exported.text).trimEnd(), exported)
}

const allowOnly: Run = async (context, { moderation }, [what]) => {
  if (!what || !['peers', 'authors', 'both', 'off'].includes(what))
    throw new UsageError('Say for whom: peers, authors, both or off.')
  const reply = unwrap(
    await moderation.allowOnly({
      peers: what === 'peers' || what === 'both',
      authors: what === 'authors' || what === 'both',
      preview: context.options.preview === true,
      force: context.options.force === true,
    }),
  )
  const { peers, authors } = reply.allowOnly
  const onOff = (is: boolean): string => (is ? 'only those that are allowed' : 'everybody')
  const text = `${reply.applied ? '' : 'would be: '}peers: ${onOff(peers)}; authors: ${onOff(authors)}`
  context.output.result([text, describeImpact(reply.impact)].join('\n'), reply)
}

const RUNS: Readonly<Record<string, Run>> = {
  list,
  audit,
  import: importList,
  drafts,
  apply,
  discard,
  export: exportList,
  'allow-only': allowOnly,
}
