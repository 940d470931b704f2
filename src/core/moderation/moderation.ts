/**
 * Moderation: the operator's rules about peers, authors and domains, as everybody who must keep to them asks for them.
 *
 * Invariants: what is asked on every request costs a few look-ups; a rule holds once it is durable, and no longer than it says,
 * by the clock and without a timer: whoever asks next finds it gone. A rule deletes nothing, so that lifting it brings back
 * what it hid.
 */
import type { Did } from '../base/brand.ts'
import type { Clock, Log } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { AUDIT_MAX, DRAFTS_MAX, PLACES_CLAIMED_MAX, PLACES_MAX, RULES_MAX } from './bounds.ts'
import {
  type AuthorStanding,
  createMatcher,
  type Matcher,
  type PeerStanding,
  type Place,
  type Places,
} from './matcher.ts'
import {
  type AllowOnly,
  type AuditRecord,
  decodeAudit,
  decodeDrafts,
  decodePlaces,
  decodeRules,
  encodeAudit,
  encodeDrafts,
  encodePlaces,
  encodeRules,
  type Rule,
  type Rules,
} from './rule.ts'
import { type Target, targetKey } from './target.ts'

/** What everybody asks. */
export interface Standings {
  peer(did: Did | null, url: string | null): PeerStanding
  author(did: Did): AuthorStanding
  /** True where every author is open, so that nobody need be asked about. */
  readonly isSilent: boolean
}

export interface Moderation extends Standings {
  /** Reads what the store holds; once, before anything is asked. Throws STORE_CORRUPT, STORE_NEWER. */
  load(): Promise<void>
  /** The rules that hold now. */
  readonly matcher: Matcher
  readonly rules: readonly Rule[]
  readonly allowOnly: AllowOnly
  readonly drafts: readonly Rule[]
  /** Oldest first. */
  readonly audit: readonly AuditRecord[]
  /** Makes a change; it holds once it is durable. Failures RULES_FULL, STORE_WRITE_FAILED. */
  change(change: RulesChange): Promise<Result<void, Failure>>
  /** What would hold after a change. */
  matcherAfter(change: RulesChange, placed?: Places): Matcher
  /**
   * A spore answered at a URL, or (not `isProven`) says of itself that it does. Kept where a rule names that place, so that the
   * rule goes on to hold for what the spore wrote when it is gone.
   */
  met(did: Did, url: string, isProven: boolean): void
  /** Hears, a moment later, that other rules hold. */
  onChanged(listener: () => void): void
  /** Resolves when nothing waits to be stored. */
  settled(): Promise<void>
}

/** One change of everything that the operator decides; what is left out stays. */
export interface RulesChange {
  readonly set?: readonly Rule[]
  readonly lift?: readonly Target[]
  readonly allowOnly?: AllowOnly
  /** Drafts that come, each in the place of one with the same target, and that go. */
  readonly draft?: readonly Rule[]
  readonly undraft?: readonly Target[]
  readonly records: readonly Omit<AuditRecord, 'number' | 'atMs'>[]
}

export interface ModerationDeps {
  readonly store: Pick<MemoryStore, 'value'>
  readonly writer: Pick<Writer, 'write'>
  readonly clock: Clock
  readonly log: Log
}

const RULES_VALUE = 'moderation/rules'
const DRAFTS_VALUE = 'moderation/drafts'
const AUDIT_VALUE = 'moderation/audit'
const PLACES_VALUE = 'moderation/places'

interface State extends Rules {
  readonly drafts: readonly Rule[]
  readonly audit: readonly AuditRecord[]
}

const EMPTY: State = { rules: [], allowOnly: { peers: false, authors: false }, drafts: [], audit: [] }

export function createModeration(self: Did, { store, writer, clock, log }: ModerationDeps): Moderation {
  let state = EMPTY
  /** Where spores are, and whether somebody saw them there. */
  const places = new Map<Did, Place>()
  let matcher = createMatcher(EMPTY, places, self)
  let nextEndMs = Number.POSITIVE_INFINITY
  const listeners: (() => void)[] = []
  let turn: Promise<unknown> = Promise.resolve()

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work)
    turn = done.catch((error: unknown) => log.error('moderation broke', { error: String(error) }))
    return done
  }

  /** Lets the rules of the state hold, but for those whose time is over. */
  const takeEffect = (): void => {
    const rules = holding(state.rules, clock.now())
    nextEndMs = rules.reduce((end, { untilMs }) => Math.min(end, untilMs ?? end), Number.POSITIVE_INFINITY)
    matcher = createMatcher({ ...state, rules }, places, self)
    // Later: who asked must have its answer before everybody looks at everything again.
    void Promise.resolve().then(() => {
      for (const listener of listeners) listener()
    })
  }

  /** The rules that hold now: what is over ends with the first question after it. */
  const current = (): Matcher => {
    if (nextEndMs > clock.now()) return matcher
    takeEffect()
    void inTurn(forgetExpired)
    return matcher
  }

  const forgetExpired = async (): Promise<void> => {
    const nowMs = clock.now()
    const expired = state.rules.filter(({ untilMs }) => untilMs !== null && untilMs <= nowMs)
    if (expired.length === 0) return
    const records = expired.map(({ target, action, reason }) => ({
      by: 'clock',
      event: 'expired' as const,
      target,
      action,
      count: 1,
      note: reason,
    }))
    const stored = await commit({ lift: expired.map(({ target }) => target), records })
    if (!stored.ok) log.warn('expired rules are still in the store', { detail: stored.error.detail })
  }

  const commit = async (change: RulesChange): Promise<Result<void, Failure>> => {
    const next = changed(state, change, clock.now())
    if (!next.ok) return next
    const { rules, drafts, audit } = next.value
    const written = await writer.write((draft) => {
      if (change.set || change.lift || change.allowOnly) draft.setValue(RULES_VALUE, encodeRules(next.value))
      if (drafts !== state.drafts) draft.setValue(DRAFTS_VALUE, encodeDrafts(drafts))
      draft.setValue(AUDIT_VALUE, encodeAudit(audit))
    })
    if (!written.ok) return written
    const isOther = rules !== state.rules || change.allowOnly !== undefined
    state = next.value
    if (isOther) takeEffect()
    return ok(undefined)
  }

  const storePlaces = (): void => {
    void inTurn(async () => {
      const bytes = encodePlaces(places)
      const written = await writer.write((draft) => draft.setValue(PLACES_VALUE, bytes))
      if (!written.ok) log.warn('places are not stored', { detail: written.error.detail })
    })
  }

  return {
    async load() {
      const [rules, drafts, audit, placed] = [
        await store.value(RULES_VALUE),
        await store.value(DRAFTS_VALUE),
        await store.value(AUDIT_VALUE),
        await store.value(PLACES_VALUE),
      ]
      state = {
        ...(rules ? decodeRules(rules) : EMPTY),
        drafts: drafts ? decodeDrafts(drafts) : [],
        audit: audit ? decodeAudit(audit) : [],
      }
      for (const [did, place] of placed ? decodePlaces(placed) : []) places.set(did, place)
      takeEffect()
      void inTurn(forgetExpired)
    },
    peer: (did, url) => current().peer(did, url),
    author: (did) => current().author(did),
    get isSilent() {
      return current().isSilent
    },
    get matcher() {
      return current()
    },
    get rules() {
      return holding(state.rules, clock.now())
    },
    get allowOnly() {
      return state.allowOnly
    },
    get drafts() {
      return state.drafts
    },
    get audit() {
      return state.audit
    },
    change: (change) => inTurn(() => commit(change)),
    matcherAfter(change, placed) {
      const next = changed(state, change, clock.now())
      const { rules, allowOnly } = next.ok ? next.value : state
      const known = placed ? { get: (did: Did) => places.get(did) ?? placed.get(did) } : places
      return createMatcher({ rules: holding(rules, clock.now()), allowOnly }, known, self)
    },
    met(did, url, isProven) {
      const known = places.get(did)
      if (did === self || (known?.url === url && (known.isProven || !isProven))) return
      // Only what counts against it is taken on its word.
      if (!isProven && current().peerRule(null, url)?.action === 'allow') return
      if (!current().names(url)) {
        // It is somewhere else now, and no rule is about that; its own word does not free it.
        if (known && isProven && places.delete(did)) storePlaces()
        return
      }
      if (known?.isProven && !isProven) return
      if (!known && places.size >= (isProven ? PLACES_MAX : PLACES_CLAIMED_MAX)) return
      places.set(did, { url, isProven })
      storePlaces()
    },
    onChanged: (listener) => void listeners.push(listener),
    async settled() {
      let seen: unknown = null
      while (seen !== turn) {
        seen = turn
        await turn
      }
    },
  }
}

const holding = (rules: readonly Rule[], nowMs: number): Rule[] =>
  rules.filter(({ untilMs }) => untilMs === null || untilMs > nowMs)

/** The state after a change. Failure RULES_FULL. */
function changed(state: State, change: RulesChange, nowMs: number): Result<State, Failure> {
  const { set = [], lift = [], draft = [], undraft = [], records } = change
  const rules = set.length + lift.length > 0 ? replaced(state.rules, set, lift) : state.rules
  const drafts = draft.length + undraft.length > 0 ? replaced(state.drafts, draft, undraft) : state.drafts
  if (rules.length > RULES_MAX) return err(failure('RULES_FULL', `at most ${RULES_MAX} rules are kept`))
  if (drafts.length > DRAFTS_MAX) return err(failure('RULES_FULL', `at most ${DRAFTS_MAX} drafts are kept`))
  const last = state.audit.at(-1)?.number ?? 0
  const added = records.map((record, i) => ({ ...record, number: last + 1 + i, atMs: nowMs }))
  return ok({
    rules,
    drafts,
    allowOnly: change.allowOnly ?? state.allowOnly,
    audit: [...state.audit, ...added].slice(-AUDIT_MAX),
  })
}

function replaced(before: readonly Rule[], set: readonly Rule[], gone: readonly Target[]): readonly Rule[] {
  const byTarget = new Map(before.map((rule) => [targetKey(rule.target), rule]))
  for (const target of gone) byTarget.delete(targetKey(target))
  // A rule that is made again is the newest one.
  for (const rule of set) {
    byTarget.delete(targetKey(rule.target))
    byTarget.set(targetKey(rule.target), rule)
  }
  return [...byTarget.values()]
}
