/** `spore search`: hits with where they come from, best first. */
import { Option } from 'commander'
import type { SearchInput, SearchReply } from '../core/protocol/api.ts'
import { SEARCH_MODES } from '../core/protocol/api-embeddings.ts'
import { PAGE_MAX } from '../core/protocol/limits.ts'
import { SCORE_PARTS } from '../core/protocol/score-parts.ts'
import { openAccess } from './access.ts'
import { type CommandSpec, listOption, wholeNumber } from './command.ts'
import { EXIT, unwrap } from './exit.ts'
import { describeHit } from './hit-text.ts'
import { oneLine } from './terminal-text.ts'

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
