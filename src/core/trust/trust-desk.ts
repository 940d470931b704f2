/**
 * The desk of trust: what people and tools ask about authors, and what an operator sets by hand. The opinion itself is that of
 * `Trust`; no figure of it is kept here.
 *
 * Invariants: what is set holds once it is durable; a page shows nobody whom the operator hides from lists, and who is named is
 * explained together with the rule about him.
 */
import type { Did } from '../base/brand.ts'
import { compareText } from '../base/bytes.ts'
import type { Clock } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import { didToPublicKey, shortAuthor } from '../identity/keys.ts'
import type { LogTable } from '../memory/log-table.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type * as api from '../protocol/api-trust.ts'
import { trustInputSchema, trustPageQuerySchema } from '../protocol/api-trust.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import {
  decodeOverrides,
  encodeOverrides,
  OVERRIDES_MAX,
  overrideValueOf,
  overrideValues,
  roundTrust,
} from './overrides.ts'
import { TIERS, type Tier, type Trust, type TrustOverride } from './trust-contract.ts'

type Answer<T> = Result<T, Failure>

export interface TrustDesk {
  /** Reads what was set by hand; once, before anybody is asked about. Throws STORE_CORRUPT, STORE_NEWER. */
  load(): Promise<void>
  /** What is thought of an author, by its did or, where it is known here, the end of it. Failures AUTHOR_UNKNOWN, AUTHOR_AMBIGUOUS. */
  explain(author: string): Answer<api.TrustView>
  /** Peers, and authors of whom something is known or held, the most trusted first. Failure CURSOR_INVALID. */
  page(query: Partial<api.TrustPageQuery>): Answer<api.TrustPage>
  /**
   * Sets what this spore is to think of an author, or (null) goes by the evidence again. Failures REQUEST_INVALID, AUTHOR_UNKNOWN, AUTHOR_AMBIGUOUS, TRUST_FIXED, OVERRIDES_FULL, STORE_WRITE_FAILED.
   */
  set(author: string, input: api.TrustInput | null): Promise<Answer<api.TrustView>>
  /** The same authors, by tier; counted anew a while after the last time, or after something was set. */
  tiers(): Readonly<Record<Tier, number>>
}

export interface TrustDeskDeps {
  readonly trust: Trust
  readonly self: Did
  readonly logs: Pick<LogTable, 'values'>
  /** Spores that are known as peers. */
  readonly peers: () => Iterable<Did>
  readonly store: Pick<MemoryStore, 'value'>
  readonly writer: Pick<Writer, 'write'>
  readonly clock: Clock
  /** Whom the operator hides from lists; undefined where that is nobody. */
  readonly hides: () => ((author: Did) => boolean) | undefined
  /** What is ruled about an author, in a sentence; null for nothing. */
  readonly ruled: (author: Did) => string | null
}

/** How long authors are taken as they were counted: each is judged for it. */
export const COUNTED_MS = 10_000
/** Authors that are named where a short form is that of several. */
const NAMED_MAX = 10
/** Characters of the short form of an author. */
const SHORT_CHARS = 8

/** An author's place in the list: the most trusted first, those of whom nothing is known last. */
interface Row {
  readonly author: Did
  /** Its trust; -1 for unknown. */
  readonly rank: number
}

export function createTrustDesk(deps: TrustDeskDeps): TrustDesk {
  const { trust, self, logs, peers, store, writer, clock, hides, ruled } = deps
  /** Whose trust is set by hand; what it is set to is known to `trust`. */
  const overridden = new Set<Did>()
  let turn: Promise<unknown> = Promise.resolve()
  let counted: { readonly atMs: number; readonly tiers: Readonly<Record<Tier, number>> } | null = null

  /** Everybody of whom something is known or held, with the number of entries. */
  const everybody = (): Map<Did, number> => {
    const entries = new Map<Did, number>([[self, 0]])
    for (const author of peers()) entries.set(author, 0)
    for (const author of trust.authors()) entries.set(author, 0)
    for (const author of overridden) entries.set(author, 0)
    for (const { author, row } of logs.values()) entries.set(author, (entries.get(author) ?? 0) + row.next)
    return entries
  }

  const find = (text: string): Answer<{ readonly author: Did; readonly entries: number }> => {
    const known = everybody()
    const entries = known.get(text as Did)
    // Of whom nothing is known an opinion is given, too; others may have said something that is not believed.
    if (entries !== undefined || didToPublicKey(text))
      return ok({ author: text as Did, entries: entries ?? 0 })
    const meant =
      text.length === SHORT_CHARS ? [...known.keys()].filter((did) => shortAuthor(did) === text) : []
    if (meant.length > 1)
      return err(failure('AUTHOR_AMBIGUOUS', meant.sort(compareText).slice(0, NAMED_MAX).join(', ')))
    const [author] = meant
    return author
      ? ok({ author, entries: known.get(author) ?? 0 })
      : err(failure('AUTHOR_UNKNOWN', 'an author is a did:key, or its last 8 characters'))
  }

  const view = (author: Did, entries: number): api.TrustView => {
    const shown = trust.explain(author, entries)
    const rule = ruled(author)
    return rule === null ? shown : { ...shown, reasons: [...shown.reasons, rule] }
  }

  const rankOf = (author: Did): number => trust.shownOf(author) ?? UNKNOWN

  /** Makes what is set of one author durable; then it holds. */
  const commit = async (author: Did, set: TrustOverride | null): Promise<Answer<void>> => {
    if (set && !overridden.has(author) && overridden.size >= OVERRIDES_MAX)
      return err(
        failure('OVERRIDES_FULL', `at most ${OVERRIDES_MAX} authors; "spore trust unset" frees a place`),
      )
    if (!set && !overridden.has(author)) return ok(undefined)
    const name = overrideValueOf(author)
    const beside = new Map<Did, TrustOverride>()
    for (const other of overridden) {
      const kept = other !== author && overrideValueOf(other) === name ? trust.overrideOf(other) : null
      if (kept) beside.set(other, kept)
    }
    if (set) beside.set(author, set)
    const written = await writer.write((draft) => draft.setValue(name, encodeOverrides(beside)))
    if (!written.ok) return written
    if (set) overridden.add(author)
    else overridden.delete(author)
    trust.override(author, set)
    counted = null
    return ok(undefined)
  }

  return {
    async load() {
      for (const name of overrideValues()) {
        const bytes = await store.value(name)
        for (const [author, set] of bytes ? decodeOverrides(bytes) : []) {
          overridden.add(author)
          trust.override(author, set)
        }
      }
    },
    explain(text) {
      const found = find(text)
      return found.ok ? ok(view(found.value.author, found.value.entries)) : found
    },
    page(given) {
      const { limit, cursor, tier } = trustPageQuerySchema.parse(given)
      const behind = cursor === undefined ? null : fromCursor(cursor)
      if (cursor !== undefined && !behind) return err(failure('CURSOR_INVALID', 'a cursor of authors'))
      const known = everybody()
      const isHidden = hides()
      const best: Row[] = []
      let total = 0
      for (const author of known.keys()) {
        if (author !== self && isHidden?.(author)) continue
        if (tier !== undefined && trust.tierOf(author) !== tier) continue
        total++
        const row = { author, rank: rankOf(author) }
        if (!behind || compareRows(behind, row) < 0) insert(best, row, limit + 1)
      }
      const rows = best.slice(0, limit)
      const last = best.length > limit ? rows.at(-1) : undefined
      return ok({
        authors: rows.map(({ author }) => view(author, known.get(author) ?? 0)),
        total,
        cursor: last ? toCursor(last) : null,
      })
    },
    set(text, given) {
      const done = turn.then(async (): Promise<Answer<api.TrustView>> => {
        const input = given && trustInputSchema.safeParse(given)
        if (input && !input.success)
          return err(failure('REQUEST_INVALID', input.error.issues[0]?.message ?? 'trust is from 0 to 1'))
        const found = find(text)
        if (!found.ok) return found
        const { author } = found.value
        if (author === self) return err(failure('TRUST_FIXED', 'it is this spore’s own author'))
        const set = input && {
          trust: roundTrust(input.data.trust),
          reason: input.data.reason ?? null,
          atMs: Math.max(0, Math.round(clock.now())),
        }
        const made = await commit(author, set)
        return made.ok ? ok(view(author, found.value.entries)) : made
      })
      turn = done.catch(() => {})
      return done
    },
    tiers() {
      const nowMs = clock.now()
      if (counted && Math.abs(nowMs - counted.atMs) < COUNTED_MS) return counted.tiers
      const tiers = Object.fromEntries(TIERS.map((tier) => [tier, 0])) as Record<Tier, number>
      for (const author of everybody().keys()) tiers[trust.tierOf(author)]++
      counted = { atMs: nowMs, tiers }
      return tiers
    },
  }
}

/** Below every trust. */
const UNKNOWN = -1

const compareRows = (a: Row, b: Row): number => b.rank - a.rank || compareText(a.author, b.author)

/** Puts a row where it belongs, and lets go of the last one beyond `max`: of all authors a page wants a few. */
function insert(rows: Row[], row: Row, max: number): void {
  const last = rows.at(-1)
  if (rows.length === max && last && compareRows(last, row) < 0) return
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareRows(rows[middle] as Row, row) < 0) low = middle + 1
    else high = middle
  }
  rows.splice(low, 0, row)
  if (rows.length > max) rows.pop()
}

const toCursor = ({ rank, author }: Row): string => `${rank} ${author}`

function fromCursor(cursor: string): Row | null {
  const [, rank = '', author = ''] = /^(-1|[0-9][0-9.e-]{0,30}) (did:key:\w{1,56})$/.exec(cursor) ?? []
  return author !== '' && Number.isFinite(Number(rank)) ? { rank: Number(rank), author: author as Did } : null
}
