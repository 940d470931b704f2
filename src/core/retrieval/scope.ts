/**
 * Which documents a query may see. Checked before a document is scored, so what is outside of the scope influences
 * nothing but the collection's statistics.
 */
import type { Did, SpaceId } from '../base/brand.ts'
import type { Provenance, Scope } from './contract.ts'
import type { DocumentTable } from './document-table.ts'
import { widened } from './growing.ts'
import type { Interner } from './interner.ts'

/** An author may be named by the end of the id, as people read it off a screen. */
const AUTHOR_SUFFIX_CHARS = 8

export interface ScopeTest {
  /** True where every document is inside. */
  readonly isOpen: boolean
  isInside(ordinal: number): boolean
  /** The earliest provenance inside the scope, or null where the document is outside. */
  provenance(ordinal: number): Provenance | null
  /** The filters that keep a document outside; empty where it is inside. */
  removedBy(ordinal: number): string[]
}

type Check = readonly [filter: string, admits: (provenance: Provenance) => boolean]

export function createScopeTest(scope: Scope, table: DocumentTable): ScopeTest {
  const { spaces, authors, sinceMs, untilMs, isHidden, tags = [], kinds, thread } = scope
  const inSpaces = (space: string) => spaces === undefined || spaces.has(space as SpaceId)
  const byAuthors = (author: string) =>
    authors === undefined || authors.has(author) || authors.has(author.slice(-AUTHOR_SUFFIX_CHARS))
  const isShown = (author: string, space: string) =>
    isHidden === undefined || !isHidden(author as Did, space as SpaceId)
  const checks = (
    [
      ['spaces', spaces, ({ space }) => inSpaces(space)],
      ['authors', authors, ({ author }) => byAuthors(author)],
      ['since', sinceMs, ({ atMs }) => atMs >= sinceMs!],
      ['until', untilMs, ({ atMs }) => atMs <= untilMs!],
      ['moderation', isHidden, ({ author, space }) => isShown(author, space)],
    ] as const satisfies readonly (readonly [string, unknown, Check[1]])[]
  ).flatMap(([filter, value, admits]): Check[] => (value === undefined ? [] : [[filter, admits]]))
  const isOfKind = kinds === undefined || kinds.has('memory')
  const passes = (provenance: Provenance) => checks.every(([, admits]) => admits(provenance))

  const admitsSpace = remembered(table.spaces, inSpaces)
  const admitsAuthor = remembered(table.authors, byAuthors)
  /** By number of the space, then of the author. */
  const showsIn: ((author: number) => boolean)[] = []
  const shows = (author: number, space: number): boolean => {
    if (isHidden === undefined) return true
    showsIn[space] ??= remembered(table.authors, (text) => isShown(text, table.spaces.text(space)))
    return showsIn[space](author)
  }
  const hasTags = rememberedNumber((tagSet) => {
    const has = table.tagsOf(tagSet)
    return tags.every((tag) => has.includes(tag))
  })
  const wanted = thread === undefined ? 0 : thread === '' ? -1 : table.threads.find(thread)
  const inThread = (ordinal: number) => thread === undefined || table.threadOf[ordinal] === wanted
  const isTagged = (ordinal: number) => tags.length === 0 || hasTags(table.tagSetOf[ordinal]!)

  return {
    isOpen: checks.length === 0 && tags.length === 0 && thread === undefined && isOfKind,
    isInside(ordinal) {
      if (!isOfKind || !isTagged(ordinal) || !inThread(ordinal)) return false
      const author = table.authorOf[ordinal]!
      if (author < 0) return table.provenance(ordinal).some(passes)
      const space = table.spaceOf[ordinal]!
      if (!admitsAuthor(author) || !admitsSpace(space) || !shows(author, space)) return false
      const atMs = table.atMs[ordinal]!
      return (sinceMs === undefined || atMs >= sinceMs) && (untilMs === undefined || atMs <= untilMs)
    },
    provenance(ordinal) {
      if (!isOfKind || !isTagged(ordinal) || !inThread(ordinal)) return null
      let earliest: Provenance | null = null
      for (const provenance of table.provenance(ordinal)) {
        if (passes(provenance) && (earliest === null || isBefore(provenance, earliest))) earliest = provenance
      }
      return earliest
    },
    removedBy(ordinal) {
      const filters = isOfKind ? [] : ['kinds']
      if (!isTagged(ordinal)) filters.push('tags')
      if (!inThread(ordinal)) filters.push('thread')
      const all = table.provenance(ordinal)
      if (all.some(passes)) return filters
      const alone = checks.filter(([, admits]) => !all.some(admits))
      // Each filter is met by some provenance, but no provenance meets them all: they remove it together.
      return [...filters, ...(alone.length > 0 ? alone : checks).map(([filter]) => filter)]
    },
  }
}

/** The same test by number of what is tested, carried out once for each. */
function rememberedNumber(test: (number: number) => boolean): (number: number) => boolean {
  let verdicts = new Uint8Array(0)
  return (number) => {
    verdicts = widened(verdicts, number)
    if (verdicts[number] === 0) verdicts[number] = test(number) ? 1 : 2
    return verdicts[number] === 1
  }
}

const remembered = (texts: Interner, test: (text: string) => boolean): ((number: number) => boolean) =>
  rememberedNumber((number) => test(texts.text(number)))

/** Earlier first; of the same millisecond by space and author, so that every machine reports the same one. */
function isBefore(a: Provenance, b: Provenance): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs
  if (a.space !== b.space) return a.space < b.space
  return a.author < b.author
}
