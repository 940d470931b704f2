/**
 * The recursion of trust: whom to believe about others depends on what is thought of them, which depends on others. It is unrolled to
 * depth 4. At depth 1 a rater's standing comes from this spore's own outcomes alone; at each next one, those of whom this spore has seen
 * too little are heard of from the raters believed before.
 *
 * What was computed is kept, and what a change cannot have touched is not computed again. Invariant: the result is that of computing
 * everything anew, to the bit.
 */
import type { Did } from '../base/brand.ts'
import { ALL, type Listener, type Query, SILENCE } from './hearsay.ts'
import { type Assessment, type Grounds, judge, outcomesOf, scale } from './posterior.ts'
import { credibilityOf, informednessOf, stepsOf } from './rater-weight.ts'
import { type Counted, MILLIONTHS, NOTHING } from './testimony.ts'
import { type Author, type Informed, NO_SAYING, type Pair, type Standing, saidOf } from './trust-graph.ts'
import type { TrustParams } from './trust-params.ts'

/** Depth of hearsay: the score itself is the last step, standings of raters the ones before. */
export const DEPTH = 4
/** Depths at which raters have a standing. */
const STANDINGS = DEPTH - 1
/** Scores by query that are kept for one author. */
const SCORES_MAX = 64

export interface TrustLevels {
  /** What a pair says has changed; of this spore's own pairs, more depends. */
  touch(pair: Pair): void
  /** The author itself: its faults, its override. */
  touchAuthor(author: Author): void
  /** How far it agrees with what this spore has seen. */
  touchAgreement(author: Author): void
  touchAll(authors: Iterable<Author>): void
  /** Brings standings up to date. */
  settle(): void
  /** Of an author with evidence. `isChosen`: as the operator chose for what is asked about. */
  assess(author: Author, query: Query, isChosen: boolean): Assessment
}

export interface TrustLevelsDeps {
  readonly self: Did
  readonly params: TrustParams
  readonly listener: Listener
  readonly faultsOf: (author: Did) => number
  /** 0…1 where the operator has set it or a fault has: nothing else counts. */
  readonly fixedOf: (author: Did) => number | null
}

export function createTrustLevels(deps: TrustLevelsDeps): TrustLevels {
  const { self, params, listener, faultsOf, fixedOf } = deps
  /** By depth, from 0: whose standing has to be computed. */
  const waiting: Author[][] = Array.from({ length: STANDINGS }, () => [])

  function groundsOf(author: Author, depth: number, query: Query, isChosen: boolean): GroundsAndFall {
    const pair = author.own
    const own = pair ? saidOf(pair, query.subject, query.domain) : NO_SAYING
    const related: Counted = pair && query !== ALL ? without(pair.said, own) : NOTHING
    const heard = depth === 0 || author.did === self ? SILENCE : listener.hear(author, depth - 1, query)
    // Who has seen a fall himself listens to nobody who has not seen it yet.
    const max = own.hasFallen
      ? 0
      : (params.hearsayAnswersMax * params.hearsayYieldsAt) /
        (params.hearsayYieldsAt + outcomesOf(own) / MILLIONTHS)
    return {
      grounds: {
        own,
        related,
        others: scale(heard, 1, max),
        faults: faultsOf(author.did),
        isChosen,
      },
      hasFallen: own.hasFallen,
      introducer: heard.introducer,
    }
  }

  function standingOf(author: Author, depth: number): Standing {
    const first = author.standings[0]
    // Whom this spore has judged itself, nobody's word raises or lowers as a rater.
    if (depth > 0 && first && (first.steps > 0 || fixedOf(author.did) !== null)) return first
    const fixed = fixedOf(author.did)
    const credibility = credibilityOf(author, params)
    if (fixed !== null) {
      const value = informednessOf({ mean: fixed, chance: params.unknownChance })
      return { steps: stepsOf(value * credibility), root: author }
    }
    const { value, introducer } = informedOf(author, depth)
    const steps = stepsOf(value * credibility)
    const by = introducer?.standings[depth - 1]
    return by && steps > 0 ? { steps: Math.min(steps, by.steps), root: by.root } : { steps, root: author }
  }
  /** Kept until something that it rests on changes: agreement with this spore changes often, and weighs it alone. */
  const informedOf = (author: Author, depth: number): Informed => {
    const kept = author.informed[depth]
    if (kept) return kept
    const { grounds, introducer } = groundsOf(author, depth, ALL, author.isChosen)
    const posterior = judge(grounds, params)
    const informed = { value: posterior ? informednessOf(posterior) : 0, introducer }
    author.informed[depth] = informed
    return informed
  }

  const waitAt = (author: Author, depth: number): void => {
    const bit = 1 << depth
    if ((author.waitsAt & bit) !== 0) return
    author.waitsAt |= bit
    waiting[depth]?.push(author)
  }
  const wait = (author: Author, from: number): void => {
    for (let depth = from; depth < STANDINGS; depth++) {
      author.informed[depth] = null
      waitAt(author, depth)
    }
    author.scores = null
  }
  const settleAt = (author: Author, depth: number): void => {
    if (!isRater(author) || author.did === self) {
      author.standings.length = 0
      author.informed.length = 0
      return
    }
    const before = author.standings[depth]
    const after = standingOf(author, depth)
    if (before && before.steps === after.steps && before.root === after.root) return
    author.standings[depth] = after
    const own = after.root.places[0]
    if (own && after.root !== author) own.members = 2
    for (const about of author.subjects.keys()) {
      if (depth + 1 < STANDINGS) {
        about.informed[depth + 1] = null
        waitAt(about, depth + 1)
      }
      about.scores = null
    }
    // The later standings of who is believed at once are the first.
    if (depth === 0) for (let later = 1; later < STANDINGS; later++) waitAt(author, later)
  }
  /** Whoever speaks about nobody needs no standing. */
  const isRater = ({ subjects }: Author): boolean => subjects.size > 0

  return {
    touch(pair) {
      wait(pair.about, pair.rater.did === self ? 0 : 1)
      // A rater of whom there was nothing before has his first word.
      if (pair.rater.standings.length === 0) wait(pair.rater, 0)
    },
    touchAuthor: (author) => wait(author, 0),
    touchAgreement(author) {
      for (let depth = 0; depth < STANDINGS; depth++) waitAt(author, depth)
    },
    touchAll(authors) {
      for (const author of authors) wait(author, 0)
    },
    settle() {
      for (let depth = 0; depth < STANDINGS; depth++) {
        const now = waiting[depth] as Author[]
        // Nobody comes to wait here while these are looked at: changes reach deeper levels alone.
        for (const author of now) {
          author.waitsAt &= ~(1 << depth)
          settleAt(author, depth)
        }
        now.length = 0
      }
    },
    assess(author, query, isChosen) {
      const key = `${isChosen ? 1 : 0} ${query.subject?.length ?? '-'} ${query.subject ?? ''}${query.domain ?? '\n'}`
      const kept = author.scores?.get(key)
      if (kept) return kept
      const { grounds, hasFallen } = groundsOf(author, STANDINGS, query, isChosen)
      const assessment = { grounds, hasFallen, posterior: judge(grounds, params) }
      if (!author.scores || author.scores.size >= SCORES_MAX) author.scores = new Map()
      author.scores.set(key, assessment)
      return assessment
    },
  }
}

interface GroundsAndFall {
  readonly grounds: Grounds
  readonly hasFallen: boolean
  readonly introducer: Author | null
}

const without = (all: Counted, part: Counted): Counted => ({
  right: all.right - part.right,
  wrong: all.wrong - part.wrong,
  chance: all.chance - part.chance,
})
