/** What the operator can do about peers, authors and domains, with a preview of everything. */
import type { Did } from '../base/brand.ts'
import type { Clock } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Memory } from '../memory/memory.ts'
import type { MemoryStore } from '../memory/store.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import type * as api from '../protocol/moderation-api.ts'
import * as schemas from '../protocol/moderation-api.ts'
import { AUDIT_SINGLE_MAX } from './bounds.ts'
import { domainsOf, hostOf, isBroad } from './hosts.ts'
import { impactOf, type PeerSight } from './impact.ts'
import { clip, formatList, parseList } from './lists.ts'
import type { Matcher, Place } from './matcher.ts'
import type { Moderation, RulesChange } from './moderation.ts'
import type { AllowOnly, AuditEvent, Rule } from './rule.ts'
import { guessTargets, parseTarget, type Target, targetId, targetKey } from './target.ts'

type Answer<T> = Promise<Result<T, Failure>>

/** `by` is who asks, as far as the caller knows; it stands in the audit. */
export interface Moderator {
  /** Makes rules. Failures TARGET_INVALID, RULE_PROTECTED, RULES_FULL. */
  rule(input: api.RuleInput, by: string): Answer<api.Ruled>
  /** Lifts rules, of whatever action. Failures TARGET_INVALID, RULE_UNKNOWN, RULE_PROTECTED. */
  lift(input: api.LiftInput, by: string): Answer<api.Ruled>
  /** Lets in only who is allowed, or everybody again. Failure RULE_PROTECTED. */
  allowOnly(input: api.AllowOnlyInput, by: string): Answer<api.AllowOnlyReply>
  /** Failure CURSOR_INVALID. */
  rules(query: api.ModerationPageQuery): Result<api.RulePage, Failure>
  audit(query: api.ModerationPageQuery): Result<api.AuditPage, Failure>
  drafts(query: api.ModerationPageQuery): Result<api.DraftPage, Failure>
  /** Reads a list into drafts. Failures BODY_TOO_LARGE, IMPORT_MALFORMED, RULES_FULL. */
  importList(input: api.ImportInput, by: string): Answer<api.Imported>
  /** Makes drafts rules, but for those that hit what is protected. Failures RULE_UNKNOWN, RULES_FULL. */
  applyDrafts(input: api.DraftsInput, by: string): Answer<api.DraftsApplied>
  /** Failure RULE_UNKNOWN. */
  discardDrafts(input: api.DraftsInput, by: string): Answer<{ discarded: number }>
  exportList(query: api.ExportQuery): api.Exported
  /** What is ruled about an author, in a sentence; null for nothing. */
  explain(author: Did): string | null
}

export interface ModeratorDeps {
  readonly moderation: Moderation
  readonly self: Did
  readonly memory: Memory
  readonly store: MemoryStore
  readonly clock: Clock
  readonly peers: () => readonly PeerSight[]
  readonly selfUrl: () => string | null
}

export function createModerator(deps: ModeratorDeps): Moderator {
  const { moderation, self, clock, peers, selfUrl } = deps

  /** Places of spores that no rule named so far: the preview of one that does must know them. */
  const sightedPlaces = (sights: readonly PeerSight[]): ReadonlyMap<Did, Place> =>
    new Map(
      sights.flatMap(({ did, url, isProven }) =>
        did && url && isProven ? [[did, { url, isProven }] as const] : [],
      ),
    )

  const outlook = (
    change: RulesChange,
  ): { before: Matcher; after: Matcher; sights: readonly PeerSight[] } => {
    const sights = peers()
    return {
      before: moderation.matcher,
      after: moderation.matcherAfter(change, sightedPlaces(sights)),
      sights,
    }
  }
  const impact = ({ before, after, sights }: ReturnType<typeof outlook>): Promise<api.Impact> =>
    impactOf(before, after, sights, deps)

  // --- What is protected ---

  /** Every target that means this spore's place, or a peer that the operator joined. */
  const shielded = (): ReadonlySet<string> => {
    const keys = new Set<string>()
    const shield = (did: Did | null, url: string | null): void => {
      if (did) for (const kind of ['peer', 'author'] as const) keys.add(targetKey({ kind, value: did }))
      if (url) keys.add(targetKey({ kind: 'peer', value: url }))
      const host = url === null ? null : hostOf(url)
      if (host) for (const value of domainsOf(host)) keys.add(targetKey({ kind: 'domain', value }))
    }
    shield(null, selfUrl())
    for (const { did, url, isPinned } of peers()) if (isPinned) shield(did, url)
    return keys
  }

  const isSelf = ({ target }: Rule): boolean => target.value === self
  const isProtected = (rule: Rule, keys: ReadonlySet<string>): boolean =>
    rule.action !== 'allow' &&
    (keys.has(targetKey(rule.target)) || (rule.target.kind === 'domain' && isBroad(rule.target.value)))

  /** Peers that the operator joined and that would be let in no more. */
  const shutOut = ({ before, after, sights }: ReturnType<typeof outlook>): PeerSight | undefined =>
    sights.find(({ did, url, isPinned }) => {
      if (!isPinned) return false
      const isOut = after.peer(did, url) === 'refused' && before.peer(did, url) !== 'refused'
      return isOut || (did !== null && after.author(did) === 'refused' && before.author(did) !== 'refused')
    })

  const protectedBy = (what: string): Result<never, Failure> =>
    err(failure('RULE_PROTECTED', `${what}; "force" says that it is meant`))

  // --- Changes ---

  const records = (rules: readonly Rule[], event: AuditEvent, by: string, note?: string) =>
    rules.length > AUDIT_SINGLE_MAX
      ? [{ by, event, target: null, action: null, count: rules.length, note: note ?? rules[0]?.source ?? '' }]
      : rules.map(({ target, action, reason }) => ({
          by,
          event,
          target,
          action,
          count: 1,
          note: note ?? reason,
        }))

  /** Carries a change out unless it is only looked at; what it hits. */
  const carryOut = async (change: RulesChange, isPreview: boolean): Answer<api.Impact> => {
    const hit = await impact(outlook(change))
    if (isPreview) return ok(hit)
    // What holds is told of everybody who is here now; whoever was known by a rule's place stays known by it.
    const sights = peers()
    const made = await moderation.change(change)
    if (!made.ok) return made
    for (const { did, url, isProven } of sights) if (did && url && isProven) moderation.met(did, url, true)
    return ok(hit)
  }

  const page = <T>(all: readonly T[], query: api.ModerationPageQuery): Result<Page<T>, Failure> => {
    const { limit, cursor } = schemas.moderationPageQuerySchema.parse(query)
    const offset = cursor === undefined ? 0 : Number(cursor)
    if (!Number.isSafeInteger(offset) || offset < 0)
      return err(failure('CURSOR_INVALID', 'a cursor of moderation'))
    const next = offset + limit
    return ok({ rows: all.slice(offset, next), cursor: next < all.length ? String(next) : null })
  }

  const chosenDrafts = ({ ids, source }: api.DraftsInput): Result<readonly Rule[], Failure> => {
    const wanted = ids && new Set(ids)
    const chosen = moderation.drafts.filter(
      (draft) =>
        (!wanted || wanted.has(targetId(draft.target))) && (source === undefined || draft.source === source),
    )
    return chosen.length > 0 ? ok(chosen) : err(failure('RULE_UNKNOWN', 'no such drafts wait here'))
  }

  return {
    async rule(given, by) {
      const input = schemas.ruleInputSchema.parse(given)
      const targets = toTargets(input.targets)
      if (!targets.ok) return targets
      const nowMs = clock.now()
      const untilMs = input.lastsSeconds === undefined ? null : nowMs + input.lastsSeconds * 1000
      const { action } = input
      const reason = clip(input.reason, input.reason.length)
      const rules = targets.value.map((target) => ({
        target,
        action,
        reason,
        atMs: nowMs,
        untilMs,
        source: '',
      }))
      if (rules.some(isSelf)) return err(failure('RULE_PROTECTED', 'that is this spore itself'))
      const keys = shielded()
      const hit = input.force ? undefined : rules.find((rule) => isProtected(rule, keys))
      if (hit) return protectedBy(`${hit.target.value} covers what was joined here, or far too much`)
      const made = await carryOut({ set: rules, records: records(rules, 'set', by) }, input.preview)
      return made.ok ? ok({ applied: !input.preview, rules: rules.map(toView), impact: made.value }) : made
    },

    async lift(given, by) {
      const input = schemas.liftInputSchema.parse(given)
      const targets = toTargets(input.targets)
      if (!targets.ok) return targets
      const keys = new Set(targets.value.map(targetKey))
      const lifted = moderation.rules.filter(({ target }) => keys.has(targetKey(target)))
      if (lifted.length === 0) return err(failure('RULE_UNKNOWN', 'there is no rule about that'))
      const note = clip(input.reason, input.reason.length)
      const change = {
        lift: lifted.map(({ target }) => target),
        records: records(lifted, 'lifted', by, note || undefined),
      }
      const out = input.force ? undefined : shutOut(outlook(change))
      if (out) return protectedBy(`${out.url ?? out.did} was joined here and would be let in no more`)
      const made = await carryOut(change, input.preview)
      return made.ok ? ok({ applied: !input.preview, rules: lifted.map(toView), impact: made.value }) : made
    },

    async allowOnly(given, by) {
      const input = schemas.allowOnlyInputSchema.parse(given)
      const allowOnly: AllowOnly = {
        peers: input.peers ?? moderation.allowOnly.peers,
        authors: input.authors ?? moderation.allowOnly.authors,
      }
      const note = `peers ${allowOnly.peers ? 'on' : 'off'}, authors ${allowOnly.authors ? 'on' : 'off'}`
      const record = { by, event: 'allow-only' as const, target: null, action: null, count: 0, note }
      const change = { allowOnly, records: [record] }
      const out = input.force ? undefined : shutOut(outlook(change))
      if (out) return protectedBy(`${out.url ?? out.did} was joined here and is not allowed`)
      const made = await carryOut(change, input.preview)
      return made.ok ? ok({ applied: !input.preview, allowOnly, impact: made.value }) : made
    },

    rules(query) {
      const { allowOnly, drafts } = moderation
      const all = moderation.rules.toReversed()
      const found = page(all, query)
      if (!found.ok) return found
      const { rows, cursor } = found.value
      return ok({ allowOnly, total: all.length, rules: rows.map(toView), drafts: drafts.length, cursor })
    },

    audit(query) {
      const found = page(moderation.audit.toReversed(), query)
      if (!found.ok) return found
      const records = found.value.rows.map(({ number, atMs, by, event, target, action, count, note }) => ({
        number,
        at: new Date(atMs).toISOString(),
        by,
        event,
        kind: target?.kind ?? null,
        target: target?.value ?? null,
        action,
        count,
        note,
      }))
      return ok({ records, cursor: found.value.cursor })
    },

    drafts(query) {
      const found = page(moderation.drafts, query)
      if (!found.ok) return found
      const { rows, cursor } = found.value
      return ok({ total: moderation.drafts.length, drafts: rows.map(toView), cursor })
    },

    async importList(given, by) {
      const { text, source, action } = schemas.importInputSchema.parse(given)
      const list = parseList(text, { source, action, nowMs: clock.now() })
      if (!list.ok) return list
      const { skipped, problems, unreadable } = list.value
      const actions = new Map(moderation.rules.map((rule) => [targetKey(rule.target), rule.action]))
      const fresh = list.value.drafts.filter(
        ({ target, action }) => actions.get(targetKey(target)) !== action,
      )
      const count = fresh.length
      const record = { by, event: 'imported' as const, target: null, action: null, count, note: source }
      const made = await moderation.change({ draft: fresh, records: [record] })
      if (!made.ok) return made
      const known = list.value.drafts.length - count
      return ok({ drafts: count, known, skipped, unreadable, problems: [...problems] })
    },

    async applyDrafts(given, by) {
      const input = schemas.draftsInputSchema.parse(given)
      const chosen = chosenDrafts(input)
      if (!chosen.ok) return chosen
      const keys = shielded()
      const isLeft = (rule: Rule): boolean => isSelf(rule) || (!input.force && isProtected(rule, keys))
      const left = chosen.value.filter(isLeft)
      const set = chosen.value.filter((rule) => !isLeft(rule))
      const change = {
        set: set.map((rule) => ({ ...rule, atMs: clock.now() })),
        undraft: set.map(({ target }) => target),
        records: records(set, 'applied', by),
      }
      const made = await carryOut(change, input.preview || set.length === 0)
      if (!made.ok) return made
      const applied = !input.preview
      return ok({ applied, count: set.length, left: left.slice(0, PAGE).map(toView), impact: made.value })
    },

    async discardDrafts(given, by) {
      const input = schemas.draftsInputSchema.parse(given)
      const chosen = chosenDrafts(input)
      if (!chosen.ok) return chosen
      const undraft = chosen.value.map(({ target }) => target)
      const made = await moderation.change({ undraft, records: records(chosen.value, 'discarded', by) })
      return made.ok ? ok({ discarded: undraft.length }) : made
    },

    explain(author) {
      const standing = moderation.author(author)
      if (standing === 'open') return null
      const rule = moderation.matcher.authorRule(author)
      if (!rule) return 'refused here: only authors that are allowed come in'
      const { action, target, reason } = rule
      return `${standing} here by the operator’s rule “${action} ${target.kind} ${target.value}”${reason && `: ${reason}`}`
    },

    exportList(query) {
      const { form } = schemas.exportQuerySchema.parse(query)
      return { form, text: formatList(moderation.rules, form) }
    },
  }
}

interface Page<T> {
  readonly rows: readonly T[]
  readonly cursor: string | null
}

/** Drafts that are shown as left: the reader has the idea by then. */
const PAGE = 100

function toTargets(
  given: readonly { readonly kind?: Target['kind'] | undefined; readonly value: string }[],
): Result<readonly Target[], Failure> {
  const targets = new Map<string, Target>()
  for (const { kind, value } of given) {
    const parsed = kind ? parseTarget(kind, value) : guessTargets(value)
    if (!parsed.ok) return parsed
    for (const target of [parsed.value].flat() as Target[]) targets.set(targetKey(target), target)
  }
  return ok([...targets.values()])
}

export const toView = ({ target, action, reason, atMs, untilMs, source }: Rule): api.RuleView => ({
  id: targetId(target),
  kind: target.kind,
  target: target.value,
  action,
  reason,
  createdAt: new Date(atMs).toISOString(),
  until: untilMs === null ? null : new Date(untilMs).toISOString(),
  source,
})
