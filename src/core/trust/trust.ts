/**
 * Trust, as the rest of a spore asks for it: this spore's own opinion of every author, a pure function of evidence, faults, overrides,
 * params and time. It is never sent.
 */
import type { Did } from '../base/brand.ts'
import type { Clock } from '../base/ports.ts'
import { decodeEvidence, PERIOD_MS } from '../protocol/evidence-payload.ts'
import { KINDS } from '../protocol/kinds.ts'
import { explainTrust } from './explain.ts'
import { createFaults } from './faults.ts'
import { ALL, createListener, type Query } from './hearsay.ts'
import { createPlaces } from './places.ts'
import { type Assessment, isTierAtLeast, judge, outcomesOf, type Posterior, tierAt } from './posterior.ts'
import { agesAt, MILLIONTHS, NOTHING } from './testimony.ts'
import type { Subject, Tier, Trust, TrustOverride, TrustScore } from './trust-contract.ts'
import { type Author, createTrustGraph, ownerOf } from './trust-graph.ts'
import { createTrustLevels } from './trust-levels.ts'
import { createTrustParams, type TrustParams } from './trust-params.ts'

export interface TrustOptions {
  readonly params?: Partial<TrustParams>
}

export interface TrustDeps {
  readonly self: Did
  readonly clock: Pick<Clock, 'now'>
  /** Whether the operator chose the author, as a peer or a member. */
  readonly isChosen: (author: Did) => boolean
  /** Operator, registrable domain, block of addresses, as far as known: what many identities of one owner share. */
  readonly placeOf: (author: Did) => readonly string[]
  /** Whether the operator blocks the author: then nothing that it says or was right about counts. Nobody is unless given. */
  readonly isBlocked?: (author: Did) => boolean
}

/** What is known of an author, before it is shown: all parts of the answer come from here. */
export interface Opinion {
  readonly standing: 'self' | 'unknown' | 'chosen' | 'judged' | 'override' | 'fault'
  /** Null where nothing is known. */
  readonly score: TrustScore | null
  /** Null for this spore itself, and where a fault or an override leaves nothing to weigh. */
  readonly assessment: Assessment | null
}

/** How long places and chosen authors are taken as they were read. */
export const REREAD_MS = 60_000

export function createTrust({ params: changes }: TrustOptions, deps: TrustDeps): Trust {
  const { self, clock, isChosen, isBlocked = () => false } = deps
  const params = createTrustParams(changes)
  const periodNow = (): number => Math.max(0, Math.floor(clock.now() / PERIOD_MS))
  let ages = agesAt(periodNow(), params)
  let readAtMs = clock.now()
  const faults = createFaults()
  const overrides = new Map<Did, TrustOverride>()

  const fixedOf = (author: Did): number | null => {
    if (isBlocked(author)) return 0
    return overrides.get(author)?.trust ?? (faults.isPermanent(author) ? 0 : null)
  }
  const faultsOf = (author: Did): number => faults.wrongOf(author, ages, params)
  const places = createPlaces(deps.placeOf)
  const listener = createListener(params)
  const levels = createTrustLevels({ self, params, listener, faultsOf, fixedOf })
  /** Whether anything is different from before. */
  const read = (author: Author): boolean => {
    const chosen = isChosen(author.did)
    const before = author.places
    const known = places.take(author.did, chosen, before)
    places.release(before)
    const isSame = known.length === before.length && known.every((place, i) => place === before[i])
    if (isSame && chosen === author.isChosen) return false
    author.isChosen = chosen
    author.places = known
    return true
  }
  const graph = createTrustGraph({
    ...{ self, params, ages, onAuthor: read },
    onGone: (author) => places.release(author.places),
    onAgreement: (rater) => levels.touchAgreement(rater),
  })

  /** To what time it is and who is where: then standings hold. */
  const refresh = (): void => {
    const nowMs = clock.now()
    if (periodNow() !== ages.period) {
      ages = agesAt(periodNow(), params)
      graph.recompute(ages)
      levels.touchAll(graph.authors())
    }
    if (Math.abs(nowMs - readAtMs) >= REREAD_MS) {
      readAtMs = nowMs
      let hasChanged = false
      for (const author of graph.authors()) if (author.rowsBySpace.size > 0 && read(author)) hasChanged = true
      if (hasChanged) levels.touchAll(graph.authors())
    }
    levels.settle()
  }

  const assess = (author: Did, query: Query, chosen: boolean): Assessment => {
    const known = graph.get(author)
    if (known) return levels.assess(known, query, chosen)
    const grounds = {
      ...{ own: NOTHING, related: NOTHING, others: NOTHING },
      ...{ faults: faultsOf(author), isChosen: chosen },
    }
    return { grounds, hasFallen: false, posterior: judge(grounds, params) }
  }

  function opinionOf(author: Did, query: Query = ALL): Opinion {
    refresh()
    if (author === self && query.subject === null)
      return { standing: 'self', score: SELF_SCORE, assessment: null }
    const assessment = assess(author, query, isChosen(author))
    const set = overrides.get(author)
    if (isBlocked(author)) return { standing: 'override', score: fixedScore(0, assessment), assessment }
    if (set) return { standing: 'override', score: fixedScore(set.trust, assessment), assessment }
    if (faults.isPermanent(author)) return { standing: 'fault', score: fixedScore(0, assessment), assessment }
    const { posterior, grounds } = assessment
    if (!posterior) return { standing: 'unknown', score: null, assessment }
    const isJudged = outcomesOf(grounds.own) + outcomesOf(grounds.others) + outcomesOf(grounds.related) > 0
    const standing = isJudged ? 'judged' : grounds.faults > 0 ? 'fault' : 'chosen'
    return { standing, score: scored(posterior, assessment), assessment }
  }

  /** At least contributor where the operator chose it, unless what is known puts it below chance. */
  const scored = (posterior: Posterior, assessment: Assessment): TrustScore => {
    const { mean, uncertainty, lower, chance } = posterior
    const earned = tierAt(lower)
    const isKept = assessment.grounds.isChosen && mean >= chance && !isTierAtLeast(earned, 'contributor')
    return { mean, uncertainty, lower, tier: isKept ? 'contributor' : earned, ...outcomes(assessment) }
  }

  const tierOf = (author: Did): Tier => opinionOf(author).score?.tier ?? 'stranger'

  const trust: Trust = {
    note({ kind, author, space, payload }) {
      if (kind !== KINDS.evidence || !payload) return
      const evidence = decodeEvidence(payload)
      for (const row of evidence?.rows ?? [])
        for (const pair of graph.join(author, space, row)) levels.touch(pair)
    },
    noteFault(author, fault, atMs = clock.now()) {
      if (!faults.note(author, fault, Math.max(0, Math.floor(atMs / PERIOD_MS)))) return
      const known = graph.get(author)
      if (known) levels.touchAuthor(known)
    },
    forget(author, space) {
      for (const pair of graph.forget(author, space)) levels.touch(pair)
    },
    scoreOf: (subject, domain) =>
      opinionOf(ownerOf(subject), queryOf(subject, domain)).score ?? unknownScore(params),
    chanceOf(contributor, domain, isConfigured) {
      refresh()
      const author = ownerOf(contributor)
      const fixed = fixedOf(author)
      if (fixed !== null) return fixed
      const { posterior } = assess(author, queryOf(contributor, domain), isConfigured)
      return posterior?.mean ?? null
    },
    tierOf,
    isAtLeast: (author, tier) => isTierAtLeast(tierOf(author), tier),
    isQuarantined: (author) => !isTierAtLeast(tierOf(author), 'contributor'),
    shownOf: (author) => opinionOf(author).score?.mean ?? null,
    relevanceOf: (author) => (isTierAtLeast(tierOf(author), 'contributor') ? 1 : params.relevanceMin),
    ownRow(space, subject, domain, kind, period) {
      const row = graph.row(space, subject, domain, kind, period)
      if (!row) return null
      const { counters, recent } = row
      return { subject, domain, kind, period, counters: { ...counters }, recent: { ...recent } }
    },
    override(author, set) {
      if (set) overrides.set(author, set)
      else overrides.delete(author)
      const known = graph.get(author)
      if (known) levels.touchAuthor(known)
    },
    revise: () => levels.touchAll(graph.authors()),
    overrideOf: (author) => overrides.get(author) ?? null,
    explain: (author, entries) =>
      explainTrust(author, entries, {
        params,
        opinionOf,
        listener,
        author: graph.get(author),
        faults: faults.of(author),
        override: overrides.get(author) ?? null,
      }),
    authors() {
      const known = new Set<Did>([...overrides.keys(), ...faults.authors()])
      for (const { did } of graph.authors())
        if (did !== self && opinionOf(did).standing !== 'unknown') known.add(did)
      return [...known].sort()
    },
  }
  return trust
}

const SELF_SCORE: TrustScore = {
  ...{ mean: 1, uncertainty: 0, lower: 1, tier: 'commander' },
  ...{ own: { right: 0, wrong: 0 }, others: { right: 0, wrong: 0 } },
}

/** A contributor is an author and one of its models; of an author alone, all that it said. */
const queryOf = (subject: Subject, domain: string | undefined): Query => {
  const of = subject.includes(' ') ? subject : null
  return of === null && domain === undefined ? ALL : { subject: of, domain: domain ?? null }
}

const outcomes = ({ grounds: { own, others } }: Assessment): Pick<TrustScore, 'own' | 'others'> => ({
  own: { right: own.right / MILLIONTHS, wrong: own.wrong / MILLIONTHS },
  others: { right: others.right / MILLIONTHS, wrong: others.wrong / MILLIONTHS },
})

const fixedScore = (trust: number, assessment: Assessment): TrustScore => ({
  ...{ mean: trust, uncertainty: 0, lower: trust, tier: tierAt(trust) },
  ...outcomes(assessment),
})

/** At chance, as uncertain as the prior is, and a stranger whatever that gives. */
function unknownScore({ priorAnswers, unknownChance: mean, lowerSigmas }: TrustParams): TrustScore {
  const uncertainty = Math.sqrt((mean * (1 - mean)) / (priorAnswers + 1))
  return {
    ...{ mean, uncertainty, lower: Math.max(0, mean - lowerSigmas * uncertainty), tier: 'stranger' },
    ...{ own: { right: 0, wrong: 0 }, others: { right: 0, wrong: 0 } },
  }
}
