/** `spore search`: hits with where they come from, best first. */
import { Option } from 'commander'
import type { Hit, SearchInput, SearchReply } from '../core/protocol/api.ts'
import { SEARCH_MODES } from '../core/protocol/api-embeddings.ts'
import { PAGE_MAX } from '../core/protocol/limits.ts'
import { SCORE_PARTS } from '../core/protocol/score-parts.ts'
import { openAccess } from './access.ts'
import { type CommandSpec, listOption, wholeNumber } from './command.ts'
import { FOLDER_TAG_PREFIX } from './documents/tags.ts'
import { EXIT, unwrap } from './exit.ts'
import { indent, oneLine, printable } from './terminal-text.ts'

/** Characters of a hit's text that the list shows without `--full`. */
const EXCERPT_CHARS = 400

export const spec: CommandSpec = {
  name: 'search',
  summary: 'Find memories',
  description:
    'Shows the best hits with their place (thread#position), author and id. Without words: the newest.',
  examples: [
    'spore search "hybrid clock"',
    'spore search frontier --thread docs/sync.md --limit 3',
    'spore search --tag ops',
    'spore search frontier --explain --without place,age',
  ],
  remote: true,
  configure: (command) =>
    command
      .argument('[words...]', 'what to look for')
      .option('--limit <n>', `how many hits, at most ${PAGE_MAX}`, wholeNumber(1, PAGE_MAX), 10)
      .addOption(listOption('--space <names>', 'only these spaces'))
      .addOption(listOption('--author <ids>', 'only these authors: did:key or its last 8 characters'))
      .addOption(listOption('--tag <names>', 'only with all of these tags'))
      .addOption(listOption('--kind <names>', 'only these kinds of entries; memories are what is searched'))
      .option('--thread <name>', 'only this thread')
      .option('--since <time>', 'not older than this, as 2026-11-21T00:00:00Z')
      .option('--until <time>', 'not newer than this')
      .addOption(
        new Option('--mode <mode>', 'by words and meaning, or by one of them').choices([...SEARCH_MODES]),
      )
      .addOption(listOption('--without <parts>', `leave out of the scores: ${SCORE_PARTS.join(', ')}`))
      .option('--no-fold', 'show each of several near-duplicates')
      .option('--explain', 'show the parts of each score')
      .option('--full', 'show whole texts'),
  run: async (context, [words]) => {
    const { options, output } = context
    await using access = await openAccess(context.load(), context.signal)
    const reply = unwrap(await access.search(toQuery((words as readonly string[]).join(' '), options)))
    output.result(describeReply(reply, options.full === true), reply)
    return EXIT.ok
  },
}

function toQuery(q: string, options: Readonly<Record<string, unknown>>): SearchInput {
  const filters = {
    spaces: options.space,
    authors: options.author,
    tags: options.tag,
    kinds: options.kind,
    thread: options.thread,
    mode: options.mode,
    without: options.without,
  }
  const rest = {
    since: options.since,
    until: options.until,
    limit: options.limit,
    fold: options.fold,
    explain: options.explain,
  }
  const given = Object.entries({ q, ...filters, ...rest }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as SearchInput
}

function describeReply(reply: SearchReply, full: boolean): string {
  const notice = reply.degraded
    ? `\nmeaning did not count in full: ${oneLine(reply.degraded.detail, 300)} [${oneLine(reply.degraded.code, 40)}]`
    : ''
  if (reply.hits.length === 0) {
    const removed = reply.removedBy?.length ? ` (removed by: ${reply.removedBy.join(', ')})` : ''
    return `nothing found${removed}${notice}`
  }
  const hits = reply.hits.map((hit, index) => describeHit(hit, index + 1, full))
  return `${hits.join('\n\n')}\n\n${reply.hits.length} of ${reply.isTotalExact ? '' : 'at least '}${reply.total}, ${Math.round(reply.tookMs * 10) / 10} ms${notice}`
}

function describeHit(hit: Hit, number: number, full: boolean): string {
  const text = printable(hit.text)
  const shown =
    full || text.length <= EXCERPT_CHARS ? text : `${text.slice(0, EXCERPT_CHARS).toWellFormed()}…`
  const parts = hit.parts ? `\n   ${explain(hit.parts)}` : ''
  return `${number}. ${placeOf(hit)}  ${hit.score.toFixed(2)}\n${indent(shown, '   ')}\n   ${hit.id}  by ${authorOf(hit)}${tagsOf(hit)}${copiesOf(hit)}${parts}`
}

/** The factors of a score; its other parts are summands. */
const FACTORS: ReadonlySet<string> = new Set(['speaker', 'trust', 'age'])

/** How the score comes about: what is added, then what it is multiplied by. What changes nothing is left out. */
function explain(parts: Readonly<Record<string, number>>): string {
  const show = ([name, part]: readonly [string, number]): string => `${name} ${part.toFixed(3)}`
  const isShown = ([name, part]: readonly [string, number]): boolean =>
    part.toFixed(3) !== (FACTORS.has(name) ? '1.000' : '0.000')
  const shown = Object.entries(parts).filter(isShown)
  const summands = shown.filter(([name]) => !FACTORS.has(name)).map(show)
  const factors = shown.filter(([name]) => FACTORS.has(name)).map(show)
  const sum = summands.length > 1 && factors.length > 0 ? `(${summands.join(' + ')})` : summands.join(' + ')
  return [sum, ...factors].join(' × ')
}

/** Near-duplicates that stand behind a hit. */
function copiesOf({ copies = [] }: Hit): string {
  if (copies.length === 0) return ''
  const authors = new Set(copies.map(({ author }) => author.slice(-8)))
  return `\n   also ${copies.length === 1 ? copies[0]!.id : `${copies.length} near-duplicates`}, by ${[...authors].join(', ')}`
}

/** `thread#position`, and the space where it has no thread. */
export function placeOf(hit: {
  readonly thread: string | null
  readonly position: number | null
  readonly space?: string
}): string {
  if (hit.thread === null) return hit.space ? `(${printable(hit.space)})` : '(no thread)'
  return `${oneLine(hit.thread, 80)}${hit.position === null ? '' : `#${hit.position}`}`
}

const authorOf = (hit: Hit): string =>
  `${hit.author.slice(-8)}${hit.trust === 1 ? ' (this spore)' : ''}${hit.speaker ? `, ${oneLine(hit.speaker, 40)}` : ''}`
/** Without the tag that tells imported folders apart: it says nothing to a person. */
function tagsOf({ tags }: Hit): string {
  const shown = tags.filter((tag) => !tag.startsWith(FOLDER_TAG_PREFIX))
  return shown.length > 0 ? `  [${oneLine(shown.join(', '), 80)}]` : ''
}
