/** What a change of the rules would hit: counts and a few examples, so that nobody blocks more than is meant. */
import type { Did, Digest, LogId } from '../base/brand.ts'
import { digestToCid } from '../base/hash.ts'
import type { Clock } from '../base/ports.ts'
import { rowToChange } from '../memory/change.ts'
import type { LogState } from '../memory/log-table.ts'
import type { Memory } from '../memory/memory.ts'
import type { MemoryStore } from '../memory/store.ts'
import { KINDS } from '../protocol/kinds.ts'
import type { Impact } from '../protocol/moderation-api.ts'
import { decodeMemory } from '../protocol/payloads.ts'
import { IMPACT_ENTRIES_MAX, IMPACT_EXAMPLES_MAX } from './bounds.ts'
import type { Matcher } from './matcher.ts'

/** A spore that this one knows how to reach, or that holds a stream here. */
export interface PeerSight {
  readonly did: Did | null
  /** Null for one that only holds a stream. */
  readonly url: string | null
  readonly name: string | null
  /** The operator configured or joined it. */
  readonly isPinned: boolean
  /** It answered at its URL. */
  readonly isProven: boolean
  /** News go to it at once. */
  readonly isLinked: boolean
}

export interface ImpactDeps {
  readonly memory: Memory
  readonly store: MemoryStore
  readonly clock: Clock
}

/** Characters of a memory that an example shows. */
const EXAMPLE_CHARS = 120
/** Entries that are read between two turns of the event loop. */
const READ_ENTRIES = 256

/** What differs between two sets of rules. */
export async function impactOf(
  before: Matcher,
  after: Matcher,
  peers: readonly PeerSight[],
  { memory, store, clock }: ImpactDeps,
): Promise<Impact> {
  const isHit = (author: Did): boolean => before.author(author) !== after.author(author)
  const logs: LogState[] = []
  const authors = new Set<Did>()
  for (const log of memory.logs.values()) {
    if (!authors.has(log.author) && !isHit(log.author)) continue
    authors.add(log.author)
    if (log.row.next > 0) logs.push(log)
  }
  const hitPeers = peers.filter(({ did, url }) => before.peer(did, url) !== after.peer(did, url))
  const seen = await memoriesOf(logs, isHit, { memory, store, clock })
  return {
    authors: authors.size,
    logs: logs.length,
    entries: logs.reduce((sum, { row }) => sum + row.next, 0),
    ...seen,
    peers: hitPeers.length,
    links: hitPeers.filter(({ isLinked }) => isLinked).length,
    examples: {
      authors: [...authors].slice(0, IMPACT_EXAMPLES_MAX),
      peers: hitPeers.slice(0, IMPACT_EXAMPLES_MAX).map(({ did, url, name }) => name ?? url ?? did ?? ''),
      memories: seen.examples,
    },
  }
}

/** Visible memories in these logs that nobody else carries, newest logs last; reads no more than it may. */
async function memoriesOf(
  logs: readonly LogState[],
  isHit: (author: Did) => boolean,
  { memory, store, clock }: ImpactDeps,
) {
  const isOnlyTheirs = (element: Digest): boolean =>
    memory.dotsOf(element).every(({ logId }) => isHit((memory.logs.get(logId) as LogState).author))
  const found = new Set<Digest>()
  const examples: { id: string; author: string; text: string }[] = []
  let read = 0
  for (const log of logs)
    for (let from = 0; from < log.row.next; from += READ_ENTRIES) {
      if (read >= IMPACT_ENTRIES_MAX) return { memories: found.size, isComplete: false, examples }
      const rows = await store.entriesOf(log.row.logId as LogId, from, from + READ_ENTRIES - 1)
      read += rows.length
      for (const row of rows) {
        const change = rowToChange(row, log)
        if (change?.kind !== KINDS.memory || !memory.isVisibleDot(change)) continue
        if (found.has(change.element) || !isOnlyTheirs(change.element)) continue
        found.add(change.element)
        const text = change.payload ? decodeMemory(change.payload)?.text : undefined
        if (text !== undefined && examples.length < IMPACT_EXAMPLES_MAX)
          examples.push({
            id: digestToCid(change.element),
            author: log.author,
            text: text.slice(0, EXAMPLE_CHARS).toWellFormed(),
          })
      }
      await clock.sleep(0)
    }
  return { memories: found.size, isComplete: true, examples }
}
