/** `spore trust`: how far this spore trusts authors, why, and what its operator sets instead. */
import { Option } from 'commander'
import { TIERS, type TrustPageQuery } from '../core/protocol/api.ts'
import { TRUST_REASON_CHARS_MAX } from '../core/protocol/api-trust.ts'
import { PAGE_MAX } from '../core/protocol/limits.ts'
import { openAccess, type SporeAccess } from './access.ts'
import { type CommandContext, type CommandSpec, wholeNumber } from './command.ts'
import { EXIT, type ExitCode, UsageError, unwrap } from './exit.ts'
import { describeAuthor, describeTrust } from './trust-text.ts'

export const spec: CommandSpec = {
  name: 'trust',
  summary: 'Show how far authors are trusted and why, or set it by hand',
  description:
    'Trust is this spore’s own opinion: it follows from outcomes that were judged, here and by others as far as these are believed.\n' +
    'Without an action it lists authors, the most trusted first. "explain" (or an author alone) shows what it rests on; "set" says\n' +
    'what this spore is to think whatever the evidence says, and "unset" goes by the evidence again. An author is a did:key, or\n' +
    'the last 8 characters of it.',
  examples: [
    'spore trust',
    'spore trust --tier peer --json',
    'spore trust explain z6MkfPqX',
    'spore trust set z6MkfPqX 0.9 --reason "my own laptop"',
    'spore trust unset z6MkfPqX',
  ],
  remote: true,
  configure: (command) =>
    command
      .argument('[action]', 'explain, set or unset; or an author')
      .argument('[author]', 'its did:key, or the last 8 characters')
      .argument('[trust]', 'of set: from 0 (never) to 1 (as myself)')
      .option('--reason <text>', 'of set: why, for you')
      .addOption(new Option('--tier <tier>', 'of the list: only these').choices(TIERS))
      .option('--limit <n>', `of the list: how many, at most ${PAGE_MAX}`, wholeNumber(1, PAGE_MAX), 20)
      .option('--cursor <cursor>', 'of the list: the page behind an earlier one'),
  run: async (context, given) => {
    const [action, ...rest] = given.filter((one) => typeof one === 'string') as string[]
    const run = action === undefined ? list : toRun(action, rest, context)
    await using access = await openAccess(context.load(), context.signal)
    // Awaited here: the way to the spore closes behind it.
    return await run(access, context)
  },
}

type Run = (access: SporeAccess, context: CommandContext) => Promise<ExitCode>

/** What is asked for. Throws `UsageError` before anything is opened. */
function toRun(action: string, [author, value, ...more]: readonly string[], context: CommandContext): Run {
  if (more.length > 0) throw new UsageError('there is more than an action, an author and a number')
  if (action === 'set') return set(named(author), toTrust(value), toReason(context.options.reason))
  if (value !== undefined) throw new UsageError('only "spore trust set" takes a number')
  if (action === 'unset') return unset(named(author))
  if (action === 'explain') return explain(named(author))
  if (author !== undefined) throw new UsageError(`"${action}" is none of explain, set and unset`)
  return explain(action)
}

const list: Run = async (access, { options, output }) => {
  const { limit, tier, cursor } = options
  const query = Object.entries({ limit, tier, cursor }).filter(([, one]) => one !== undefined)
  const page = unwrap(await access.trustPage(Object.fromEntries(query) as Partial<TrustPageQuery>))
  const more = page.cursor === null ? [] : [`… more: spore trust --cursor "${page.cursor}"`]
  const lines = [...page.authors.map(describeAuthor), ...more]
  output.result(lines.length === 0 ? 'no authors' : lines.join('\n'), page)
  return EXIT.ok
}

const explain =
  (author: string): Run =>
  async (access, { output }) => {
    const view = unwrap(await access.trust(author))
    output.result(describeTrust(view), view)
    return EXIT.ok
  }

const set =
  (author: string, trust: number, reason: string | undefined): Run =>
  async (access, { output }) => {
    const view = unwrap(await access.setTrust(author, { trust, ...(reason !== undefined && { reason }) }))
    output.result(describeTrust(view), view)
    return EXIT.ok
  }

const unset =
  (author: string): Run =>
  async (access, { output }) => {
    const view = unwrap(await access.setTrust(author, null))
    output.result(describeTrust(view), view)
    return EXIT.ok
  }

function named(author: string | undefined): string {
  if (author === undefined) throw new UsageError('name the author: a did:key, or the last 8 characters of it')
  return author
}

function toTrust(text: string | undefined): number {
  const value = Number(text)
  if (text !== undefined && /^\d*\.?\d+$/.test(text) && value >= 0 && value <= 1) return value
  throw new UsageError('say how far: a number from 0 to 1, like 0.7')
}

function toReason(given: unknown): string | undefined {
  if (given === undefined) return undefined
  const reason = String(given)
  if (reason.trim() === '' || reason.length > TRUST_REASON_CHARS_MAX)
    throw new UsageError(`--reason must have from 1 to ${TRUST_REASON_CHARS_MAX} characters`)
  return reason
}
