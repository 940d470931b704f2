/**
 * Whom this spore asks to answer its own tasks, and whose answers it waits for. With `preferred` as many are called as answers are
 * wanted, in the order of `preference.ts`; who does not seal in time, or goes away, is given a backup. With `everyone` nobody is called.
 *
 * What is measured of others (how long they take, when they were asked last) stays here, bounded, and is gone with the process.
 */
import { createBoundedMap } from '../base/bounded.ts'
import type { Did, Digest, SpaceId } from '../base/brand.ts'
import type { Clock } from '../base/ports.ts'
import type { Draft } from '../memory/draft.ts'
import type { Ask } from '../protocol/api-tasks.ts'
import { type CallPayload, encodeCall } from '../protocol/call-payload.ts'
import { periodAt } from '../protocol/evidence-payload.ts'
import { KINDS } from '../protocol/kinds.ts'
import { CALLED_MAX } from '../protocol/task-limits.ts'
import type { TaskPayload } from '../protocol/task-payloads.ts'
import { lastOutcomes } from '../trust/tally.ts'
import type { Trust } from '../trust/trust-contract.ts'
import { asksOf, type Counts, contributorKey } from './attempt.ts'
import { type Called, calledBy, calledIn } from './calls.ts'
import { EFFORT_BOUNDS } from './efforts.ts'
import { sealsOf } from './first-answers.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import { type Candidate, exploredOf, isBeaten, orderOf } from './preference.ts'
import { domainOf } from './task-domain.ts'
import { totalMsOf, type Work } from './work.ts'

export { ASKS, type Ask } from '../protocol/api-tasks.ts'

export interface Calling {
  /** Who is to be called for a new own task, the most wanted first; empty where everybody may answer. */
  choose(task: TaskPayload, id: Digest, ask: Ask): readonly Did[]
  /** Those of an own attempt that are called in the place of others who are silent or away. */
  backupsFor(work: Work, nowMs: number): readonly Did[]
  /** Takes note of who was called and who has answered since the last look. */
  look(work: Work, nowMs: number): void
  /** Answers that this spore waits for in the first round; null where everybody may answer. */
  wantedOf(work: Work, ownActive: number, nowMs: number): number | null
  /** Whether this spore may answer what these ask: one of them called it, or called nobody. */
  isCalledBy(work: Pick<Work, 'attempt'>, asker: Did): boolean
  /** Milliseconds until a look at who is called may show something new; Infinity where none will. */
  dueInMs(work: Work, nowMs: number): number
  /** An own attempt is over: who was called and has not answered is known to. Null where nobody was. */
  ended(work: Work): ReadonlySet<Did> | null
}

export interface CallingDeps {
  readonly self: Did
  readonly counts: Counts
  readonly neighbourhood: Pick<Neighbourhood, 'standing' | 'answerers' | 'serves'>
  readonly trust: Pick<Trust, 'scoreOf' | 'ownRow'>
  readonly clock: Pick<Clock, 'now'>
  readonly families: () => readonly string[]
}

/** Peers of whom it is known how long they take, and pairs of one and a domain of which it is known when it was asked last. */
export const MEASURED_PEERS_MAX = 1_024
export const ASKED_PAIRS_MAX = 4_096
/** Weight of the newest answer in the usual time: ten answers make a new habit. */
const NEWEST_WEIGHT = 0.25
/** The same of whether it answers: one answer that is missing costs a tenth of its worth. */
const NEWEST_ANSWERED_WEIGHT = 0.1
/** Share of the whole time after which who was called is late, and milliseconds of it at least: two rounds of gossip. */
export const LATE_SHARE = 0.25
const LATE_MS_MIN = 1_000
/** Times of what it usually takes after which a backup is called before that. */
const LATE_TIMES = 4
/** Times of what it took until as many as are wanted had sealed after which nobody else is waited for. */
const EXTRA_TIMES = 2
/** Milliseconds between two looks at whether those who are called are still there. */
const PRESENCE_MS = 500
/** Calls are for those who work for the asker: they are told with the task. */
export function appendCall(draft: Draft, space: SpaceId, call: CallPayload): void {
  draft.append({ space, kind: KINDS.call, payload: encodeCall(call), references: [call.task] })
}

export function createCalling(deps: CallingDeps): Calling {
  const { self, counts, neighbourhood, trust, clock, families } = deps
  const typicalMs = createBoundedMap<Did, number>(MEASURED_PEERS_MAX)
  const answered = createBoundedMap<Did, number>(MEASURED_PEERS_MAX)
  /** Number of the own task, by domain and by domain and author. */
  const asked = createBoundedMap<string, number>(ASKED_PAIRS_MAX)
  const leaders = createBoundedMap<string, { readonly author: Did; readonly from: number }>(ASKED_PAIRS_MAX)

  const candidatesFor = (task: TaskPayload): Candidate[] => {
    const domain = domainOf(task)
    const now = asked.peek(domain) ?? 0
    const period = periodAt(clock.now())
    const streakOf = (subject: string): number => {
      const row = trust.ownRow(task.space, subject, domain, 'answer', period)
      const last = row ? lastOutcomes(row) : []
      return last.includes(false) ? last.indexOf(false) : last.length
    }
    return neighbourhood.standing(task.space).map(({ author, families: of, isAway, isMute }) => {
      const last = asked.peek(`${domain} ${author}`)
      return {
        author,
        trust: trust.scoreOf(author, domain),
        answered: answered.peek(author) ?? 1,
        typicalMs: typicalMs.peek(author) ?? null,
        streak: Math.max(0, ...of.map((family) => streakOf(contributorKey(author, family)))),
        isAway,
        isMute,
        since: last === undefined ? Number.POSITIVE_INFINITY : now - last,
      }
    })
  }

  /** Own tasks of the domain since it began, or since who was best fell; one that is only away has not. */
  const settledIn = (domain: string, candidates: readonly Candidate[], now: number): number => {
    const present = candidates.filter(({ isAway }) => !isAway)
    const leader = leaders.get(domain)
    const was = candidates.find(({ author }) => author === leader?.author)
    if (leader && was && !was.isAway && !isBeaten(was, present)) return now - leader.from
    const from = leader && was?.isAway ? leader.from : now
    const [best] = [...present].sort((a, b) => b.trust.lower * b.answered - a.trust.lower * a.answered)
    if (best) leaders.set(domain, { author: best.author, from })
    return now - from
  }

  /** Answers of others that are wanted beside those of own models; one at least. */
  const targetOf = (task: TaskPayload): number => {
    const { answers, contributors } = EFFORT_BOUNDS[task.effort]
    const own = Math.min(families().length, contributors)
    return Math.max(1, (task.answers ?? answers) - own)
  }

  /** Null where it did not answer. */
  const measure = (author: Did, ms: number | null): void => {
    const share = answered.get(author) ?? 1
    answered.set(author, share + NEWEST_ANSWERED_WEIGHT * ((ms === null ? 0 : 1) - share))
    if (ms === null) return
    const before = typicalMs.get(author)
    typicalMs.set(author, before === undefined ? ms : before + NEWEST_WEIGHT * (ms - before))
  }

  /** Whom those have called that this spore works for: its own calls where it asks itself. */
  const calledFor = ({ attempt, asker }: Work): Called | null => {
    const { space } = attempt.task as TaskPayload
    if (asker === null) return calledBy(attempt, self, counts)
    // Who was served when he asked may be out of reach since.
    const isHeard = (author: Did): boolean => author === asker || neighbourhood.serves(author, space)
    return calledIn(attempt, isHeard, counts)
  }

  const sealersOf = ({ attempt, round }: Work): Set<Did> => {
    const sealers = new Set<Did>()
    for (const { author } of sealsOf(attempt, round, counts)) if (author !== self) sealers.add(author)
    return sealers
  }

  const presentIn = ({ attempt }: Work): Set<Did> => {
    const { space } = attempt.task as TaskPayload
    const there = neighbourhood.standing(space).filter(({ isAway }) => !isAway)
    return new Set(there.map(({ author }) => author))
  }

  const lateAfterMs = ({ attempt }: Work): number => Math.max(LATE_MS_MIN, LATE_SHARE * totalMsOf(attempt))

  /** Milliseconds after which a backup is called: sooner where it usually takes less. */
  const patienceMs = (work: Work, author: Did): number => {
    const usualMs = typicalMs.peek(author)
    const mostMs = lateAfterMs(work)
    return usualMs === undefined ? mostMs : Math.min(mostMs, Math.max(LATE_MS_MIN, LATE_TIMES * usualMs))
  }

  /**
   * Those who sealed, where they are as many as answers are wanted and the others had their time: twice that. Calling them anew tells
   * all of them to wait for nobody else. Empty where it is too soon, or nobody else was called.
   */
  const closing = (
    { enoughMs }: Work,
    { all, isFurther }: Called,
    sealers: ReadonlySet<Did>,
    elapsedMs: number,
  ): Did[] => {
    if (enoughMs === null || isFurther || elapsedMs < Math.max(LATE_MS_MIN, EXTRA_TIMES * enoughMs)) return []
    const sealed = [...all.keys()].filter((author) => sealers.has(author))
    return sealed.length < all.size ? sealed : []
  }

  const isSealing = ({ phase, round }: Work): boolean => phase === 'diverge' && round === 0

  return {
    choose(task, id, ask) {
      if (ask === 'everyone') return []
      const candidates = candidatesFor(task)
      // Where nobody is known to be there, whoever is may answer.
      if (candidates.every(({ isAway }) => isAway)) return []
      const order = orderOf(candidates, id)
      const domain = domainOf(task)
      const now = (asked.get(domain) ?? 0) + 1
      const wanted = order.slice(0, targetOf(task))
      const explored = exploredOf(order, wanted, settledIn(domain, candidates, now), id)
      const called = [...wanted, ...explored].slice(0, CALLED_MAX).map(({ author }) => author)
      asked.set(domain, now)
      for (const author of called) asked.set(`${domain} ${author}`, now)
      return called
    },
    backupsFor(work, nowMs) {
      const called = work.asker === null && isSealing(work) ? calledFor(work) : null
      if (!called) return []
      const task = work.attempt.task as TaskPayload
      const sealers = sealersOf(work)
      const present = presentIn(work)
      const elapsedMs = nowMs - work.startMs
      const expected = new Set(sealers)
      for (const [author, sinceMs] of called.all)
        if (present.has(author) && elapsedMs - sinceMs < patienceMs(work, author)) expected.add(author)
      const missing = Math.min(targetOf(task), called.first) - expected.size
      const room = CALLED_MAX - called.all.size
      // What was written may never count: the same is not written again at every look.
      const isNew = (author: Did): boolean => !work.namedSince.has(author)
      if (missing <= 0) return closing(work, called, sealers, elapsedMs).filter(isNew)
      if (room <= 0) return []
      const others = candidatesFor(task).filter(({ author, isAway }) => !isAway && !called.all.has(author))
      return orderOf(others, work.attempt.id)
        .slice(0, Math.min(missing, room))
        .map(({ author }) => author)
        .filter(isNew)
    },
    look(work, nowMs) {
      if (work.asker !== null || work.round > 0) return
      const called = calledFor(work)
      const sealers = sealersOf(work)
      const task = work.attempt.task as TaskPayload
      if (called && work.enoughMs === null && sealers.size >= Math.min(targetOf(task), called.first))
        work.enoughMs = nowMs - work.startMs
      for (const author of sealers) {
        if (work.measured.has(author)) continue
        work.measured.add(author)
        measure(author, nowMs - work.startMs - (called?.all.get(author) ?? 0))
      }
    },
    wantedOf(work, ownActive, nowMs) {
      const called = calledFor(work)
      if (!called) return null
      const task = work.attempt.task as TaskPayload
      const present = presentIn(work)
      const sealers = sealersOf(work)
      // Who asks and has models answers, too.
      const answering = neighbourhood.answerers(task.space)
      const askers = asksOf(work.attempt, counts).flatMap(({ author }) =>
        answering.includes(author) ? author : [],
      )
      const elapsedMs = nowMs - work.startMs
      const isLate = (author: Did): boolean =>
        elapsedMs - (called.all.get(author) ?? elapsedMs) >= lateAfterMs(work)
      const all = new Set([...sealers, ...askers, ...called.all.keys()].filter((author) => author !== self))
      for (const author of called.all.keys())
        if (!present.has(author) && !sealers.has(author)) all.delete(author)
      const punctual = [...all].filter((author) => sealers.has(author) || !isLate(author))
      const target = task.answers ?? EFFORT_BOUNDS[task.effort].answers
      const expected = Math.max(ownActive + punctual.length, Math.min(target, ownActive + all.size))
      // Who asks has called others in the place of some: as many as he wants are enough, whoever they are.
      const most = called.isFurther ? Math.min(target, called.first) : called.first
      const own = work.asker === null ? ownActive : askers.length
      return Math.max(task.answers ?? 0, Math.min(most + own, expected))
    },
    isCalledBy({ attempt }, asker) {
      const called = calledBy(attempt, asker, counts)
      return called === null || called.all.has(self)
    },
    dueInMs(work, nowMs) {
      const called = isSealing(work) ? calledFor(work) : null
      if (!called) return Number.POSITIVE_INFINITY
      let dueMs = work.asker === null ? PRESENCE_MS : Number.POSITIVE_INFINITY
      for (const sinceMs of called.all.values()) {
        const lateInMs = work.startMs + sinceMs + lateAfterMs(work) - nowMs
        if (lateInMs > 0) dueMs = Math.min(dueMs, lateInMs)
      }
      return dueMs
    },
    ended(work) {
      const called = calledFor(work)
      if (!called) return null
      const sealers = sealersOf(work)
      const present = presentIn(work)
      for (const author of called.all.keys())
        if (!sealers.has(author) && present.has(author)) measure(author, null)
      return new Set(called.all.keys())
    },
  }
}
