/** `spore purge`: removes the bytes of memories from this spore, and refuses them from then on. */
import { createInterface } from 'node:readline/promises'
import type { Result } from '../core/base/result.ts'
import type * as api from '../core/protocol/api.ts'
import type { Failure } from '../core/protocol/errors.ts'
import { openAccess, type SporeAccess } from './access.ts'
import type { CommandContext, CommandSpec } from './command.ts'
import { EXIT, UsageError, unwrap } from './exit.ts'
import { printable } from './terminal-text.ts'

export const spec: CommandSpec = {
  name: 'purge',
  summary: 'Remove memories from this spore for good',
  description:
    'The bytes of each memory, of every entry that carries it and of every answer that quotes it are dropped here, overwritten in the\n' +
    'files, and refused when another spore offers them again. Other spores keep theirs: to take back what you wrote yourself, retract\n' +
    'it. Copies and backups of the data folder are not touched. It cannot be undone; --undo only lets the same text in again.\n' +
    '--descendants takes along what rests on it, whoever wrote it: what cites it, answers for which it was read, and the memories of\n' +
    'those, your own among them. What that would be is shown first; --preview shows it and ends.\n' +
    'What an author writes from then on is taken all the same: --block refuses that too (as "spore block --as author" does).',
  examples: [
    'spore purge bafyreib… bafyreic…',
    'spore purge --author did:key:z6Mk… --block --yes',
    'spore purge --author did:key:z6Mk… --descendants --preview',
    'spore purge --undo bafyreib…',
  ],
  remote: true,
  configure: (command) =>
    command
      .argument('[ids...]', 'ids of memories')
      .option('--author <did>', 'everything that this author wrote')
      .option('--descendants', 'and everything that rests on it')
      .option('--preview', 'only count what would be purged')
      .option('--block', 'take nothing of this author from now on')
      .option('--undo', 'let them be remembered and taken again')
      .option('--yes', 'do not ask'),
  run: async (context, [given]) => {
    const ids = given as string[]
    const author = context.options.author as string | undefined
    const isUndo = context.options.undo === true
    if ((author === undefined) === (ids.length === 0) || (author !== undefined && isUndo))
      throw new UsageError('Give ids of memories, or --author alone.')
    const isBlock = context.options.block === true
    const descendants = context.options.descendants === true
    const isPreview = context.options.preview === true
    if (author === undefined && (isBlock || descendants || isPreview))
      throw new UsageError('--block, --descendants and --preview go with --author.')
    await using access = await openAccess(context.load(), context.signal)
    if (isUndo) return await undo(context, access, ids)
    if (author !== undefined && (descendants || isPreview)) {
      const found = await preview(context, access, { author, descendants })
      if (isPreview) return found
    }
    if (
      !(await isConfirmed(context, author ?? `${ids.length} ${ids.length === 1 ? 'memory' : 'memories'}`))
    ) {
      context.output.result('nothing was purged', { purged: 0, entries: 0 })
      return EXIT.failure
    }
    // Before the purge: nothing new may come while it runs.
    if (isBlock && author !== undefined) await block(context, access, author)
    return await purge(
      context,
      author === undefined
        ? ids.map((id) => () => access.purge(id))
        : [() => access.purgeAuthor({ author, ...(descendants && { descendants }) })],
    )
  },
}

/** Says what a purge would take; in JSON that is the result of a preview alone. */
async function preview(
  { output, options }: CommandContext,
  access: SporeAccess,
  input: api.PurgeAuthorInput,
) {
  const { preview: found } = unwrap(await access.purgeAuthor({ ...input, preview: true }))
  if (!found) throw new UsageError('The spore that runs is too old for a preview.')
  const { purged, entries, descendants, own, ownShown } = found
  const named = ownShown.map(({ id, kind }) => `\n  ${kind} ${id}`).join('')
  const more = own > ownShown.length ? `\n  and ${own - ownShown.length} more` : ''
  const text = `${purged} would be purged (bytes of ${entries} entries); ${descendants} only rest on what was written; ${own} are your own${own > 0 ? ':' : ''}${named}${more}`
  if (options.preview === true) output.result(text, { preview: found })
  else output.note(text)
  return EXIT.ok
}

type Purging = () => Promise<Result<{ purged: number; entries: number; total: number }, Failure>>

async function purge({ output }: CommandContext, all: readonly Purging[]) {
  const sum = { purged: 0, entries: 0, total: 0 }
  for (const one of all) {
    const { purged, entries, total } = unwrap(await one())
    sum.purged += purged
    sum.entries += entries
    sum.total = total
  }
  output.result(
    `${sum.purged} purged (bytes of ${sum.entries} entries dropped); ${sum.total} are refused here in all`,
    sum,
  )
  return EXIT.ok
}

async function block({ output }: CommandContext, access: SporeAccess, author: string): Promise<void> {
  const targets = [{ kind: 'author' as const, value: author }]
  unwrap(await access.moderation.rule({ action: 'block', targets, reason: 'purged', force: true }))
  output.note(`nothing of ${printable(author)} is taken any more`)
}

async function undo({ output }: CommandContext, access: SporeAccess, ids: readonly string[]) {
  let total = 0
  for (const id of ids) total = unwrap(await access.undoPurge(id)).total
  output.result(`${ids.length} may be remembered and taken again; ${total} are refused here still`, {
    undone: ids.length,
    total,
  })
  return EXIT.ok
}

/** Asks on a terminal; elsewhere --yes says that it is meant. */
async function isConfirmed(
  { options, stdin, stderr, output, signal }: CommandContext,
  what: string,
): Promise<boolean> {
  if (options.yes === true) return true
  if (!stdin.isTTY || output.json)
    throw new UsageError('This cannot be undone. Repeat it with --yes if you mean it.')
  const asked = createInterface({ input: stdin, output: stderr })
  try {
    const answer = await asked.question(`Remove ${what} from this spore for good? [y/N] `, { signal })
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    asked.close()
  }
}
