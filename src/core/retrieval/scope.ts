/**
 * Which documents a query may see. Checked before a document is scored, so what is outside of the scope influences
 * nothing but the collection's statistics.
 */
import type { Provenance, RetrievalDocument, Scope } from './contract.ts'

/** An author may be named by the end of the id, as people read it off a screen. */
const AUTHOR_SUFFIX_CHARS = 8

export interface ScopeTest {
  /** True where every document is inside. */
  readonly isOpen: boolean
  /** The earliest provenance inside the scope, or null where the document is outside. */
  provenance(document: RetrievalDocument): Provenance | null
  /** The filters that keep a document outside; empty where it is inside. */
  removedBy(document: RetrievalDocument): string[]
}

type Check = readonly [filter: string, admits: (provenance: Provenance) => boolean]

export function createScopeTest(scope: Scope): ScopeTest {
  const checks = provenanceChecks(scope)
  const tags = scope.tags ?? []
  const { thread } = scope
  const hasTags = (document: RetrievalDocument) => tags.every((tag) => document.tags.includes(tag))
  const inThread = (document: RetrievalDocument) => thread === undefined || document.thread === thread
  const passes = (provenance: Provenance) => checks.every(([, admits]) => admits(provenance))

  return {
    isOpen: checks.length === 0 && tags.length === 0 && thread === undefined,
    provenance(document) {
      if (!hasTags(document) || !inThread(document)) return null
      let earliest: Provenance | null = null
      for (const provenance of document.provenance) {
        if (passes(provenance) && (earliest === null || isBefore(provenance, earliest))) earliest = provenance
      }
      return earliest
    },
    removedBy(document) {
      const filters = []
      if (!hasTags(document)) filters.push('tags')
      if (!inThread(document)) filters.push('thread')
      if (document.provenance.some(passes)) return filters
      const alone = checks.filter(([, admits]) => !document.provenance.some(admits))
      // Each filter is met by some provenance, but no provenance meets them all: they remove it together.
      return [...filters, ...(alone.length > 0 ? alone : checks).map(([filter]) => filter)]
    },
  }
}

function provenanceChecks({ spaces, authors, sinceMs, untilMs, isHidden }: Scope): Check[] {
  const checks: Check[] = []
  if (spaces !== undefined) checks.push(['spaces', ({ space }) => spaces.has(space)])
  if (authors !== undefined) {
    checks.push([
      'authors',
      ({ author }) => authors.has(author) || authors.has(author.slice(-AUTHOR_SUFFIX_CHARS)),
    ])
  }
  if (sinceMs !== undefined) checks.push(['since', ({ atMs }) => atMs >= sinceMs])
  if (untilMs !== undefined) checks.push(['until', ({ atMs }) => atMs <= untilMs])
  if (isHidden !== undefined) checks.push(['moderation', ({ author }) => !isHidden(author)])
  return checks
}

/** Earlier first; of the same millisecond by space and author, so that every machine reports the same one. */
function isBefore(a: Provenance, b: Provenance): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs
  if (a.space !== b.space) return a.space < b.space
  return a.author < b.author
}
