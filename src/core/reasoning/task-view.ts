/** What people and tools see of a task: the latest attempt at the question, with everything that was said about it. */
import type { Did, SpaceId } from '../base/brand.ts'
import { digestToCid } from '../base/hash.ts'
import type { Change } from '../memory/change.ts'
import { timeToIso, timeToMs } from '../memory/clock.ts'
import type { Library } from '../memory/library.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { Hides, Shown } from '../moderation/shown.ts'
import type * as api from '../protocol/api.ts'
import { PER_MILLE } from '../protocol/task-limits.ts'
import type { ContributionPayload, Outcome, ReviewPayload, TaskPayload } from '../protocol/task-payloads.ts'
import { type Accepted, acceptedOf, statedAnswer } from './acceptance.ts'
import type { AggregationParams } from './aggregation-params.ts'
import { answerText } from './answer-text.ts'
import { type Attempt, asksOf, type Counts, type Noted, partKey, saidOf, sealFor } from './attempt.ts'
import { calledIn } from './calls.ts'
import { type EvidenceBook, resolutionOf } from './evidence-book.ts'
import { sealsOf } from './first-answers.ts'
import { isCutOf } from './own-words.ts'
import { settlementOf } from './settlement.ts'
import { domainOf } from './task-domain.ts'
import { type ProgressDeps, roundsOf } from './task-progress.ts'
import { totalMsOf, type Work } from './work.ts'

export interface TaskViewDeps extends ProgressDeps {
  readonly self: Did
  readonly library: Pick<Library, 'read'>
  readonly spaces: Pick<Spaces, 'nameOf' | 'readableFrom'>
  readonly shown: Pick<Shown, 'hides'>
  readonly evidence: EvidenceBook
  readonly params: AggregationParams
  readonly nowMs: () => number
  readonly workOf: (attempt: Attempt) => Work | null
  /** Peers that are waited for. */
  readonly answerers: (space: SpaceId) => readonly Did[]
}

/** An attempt as it stands for one who may not see everybody. */
export interface Standing {
  readonly attempt: Attempt
  readonly task: TaskPayload
  readonly asks: readonly Noted<TaskPayload>[]
  readonly accepted: Accepted | null
  readonly status: api.TaskStatus
  readonly counts: Counts
}

/** Milliseconds past its deadline after which an attempt that nobody here works on is given up: its asker is gone for good. */
const ABANDONED_MS = 10 * 60 * 1000
const ABANDONED = 'nobody has put an answer together in time'

/** How an attempt stands; null where nobody who may be seen ever asked. */
export function standingOf(
  attempt: Attempt,
  hides: Hides | undefined,
  { counts: all, nowMs, workOf }: Pick<TaskViewDeps, 'counts' | 'nowMs' | 'workOf'>,
): Standing | null {
  const { task } = attempt
  const seen = hides ? attempt.asks.filter(({ author, space }) => !hides(author, space)) : attempt.asks
  if (!task || seen.length === 0) return null
  const counts: Counts = hides ? (noted) => !hides(noted.author, noted.space) && all(noted) : all
  const asks = asksOf(attempt, counts)
  const accepted = acceptedOf(attempt, counts)
  const status = (): api.TaskStatus => {
    if (accepted) return accepted.collapse ? 'converged' : 'failed'
    if (asks.length === 0) return 'cancelled'
    const first = asks[0] as Noted<TaskPayload>
    const isOver = nowMs() > timeToMs(first.clock) + totalMsOf(attempt) + ABANDONED_MS
    return isOver && !workOf(attempt) ? 'failed' : 'open'
  }
  // Who had asked, in the same order everywhere, where all have withdrawn.
  const shownAsks = asks.length > 0 ? asks : asksOf({ ...attempt, asks: seen }, () => true)
  return { attempt, task, asks: shownAsks, accepted, status: status(), counts }
}

export type TaskViews = (standing: Standing, hides: Hides | undefined) => Promise<api.TaskView>

export function createTaskViews(deps: TaskViewDeps): TaskViews {
  const { self, library, spaces, shown, evidence, params, workOf } = deps

  return async (standing, hides) => {
    const { attempt, task, asks, accepted, status, counts } = standing
    const work = workOf(attempt)
    const [first] = asks as readonly [Noted<TaskPayload>]
    const outcome = accepted?.noted.payload.outcome ?? null
    const degraded = accepted?.noted.payload.degraded ?? []
    const resolution = resolutionOf(attempt, self, counts)
    const contributions = [...saidOf(attempt, attempt.contributions, counts)].sort(byTime)
    const round = work?.round ?? Math.max(0, ...contributions.map(({ payload }) => payload.round))
    const progress = {
      phase: work?.phase ?? 'done',
      round,
      challenges: work?.challenges ?? new Set<number>(),
      tunnels: work?.tunnels ?? new Set<number>(),
    }
    const seals = [...saidOf(attempt, attempt.seals, counts)]
    const called = [...(calledIn(attempt, () => true, counts)?.all.keys() ?? [])]
    return {
      task_id: digestToCid(attempt.question),
      task: task.text,
      space: spaces.nameOf(task.space),
      author: first.author,
      askers: asks.map(({ author }) => author),
      effort: task.effort,
      choices: [...task.choices],
      domain: domainOf(task),
      attempt: task.attempt,
      status,
      phase: status === 'open' ? (work?.phase ?? 'diverge') : 'done',
      round,
      answer: accepted && outcome ? shownText(accepted, task) : null,
      reason: outcome?.failure ?? (status === 'failed' ? ABANDONED : null),
      settlement: accepted && settlementOf(accepted, task, { self, evidence, params }),
      sources: await sourcesOf(outcome, task.space, hides),
      degraded: degraded.length > 0,
      degradedBecause: degraded.map(explain),
      agreement: accepted
        ? accepted.noted.payload.agreement.map((share) => share / PER_MILLE)
        : seals.length > 0
          ? roundsOf(attempt, progress, { ...deps, counts }).map(({ agreement }) => agreement)
          : [],
      missing: status === 'open' ? missingOf(standing, work) : unshownOf(standing),
      called: called.filter((author) => !hides?.(author, task.space)),
      seals: seals.length,
      contributions: contributions.map((noted) =>
        toContribution(noted, sealFor(attempt, noted, counts) !== null),
      ),
      reviews: [...saidOf(attempt, attempt.reviews, counts)].sort(byTime).map(toReview),
      resolution: resolution && {
        verdict: resolution.payload.verdict,
        correction: resolution.payload.correction,
        author: resolution.author,
        createdAt: timeToIso(resolution.clock),
      },
      createdAt: timeToIso(first.clock),
      deadlineAt: new Date(timeToMs(first.clock) + totalMsOf(attempt)).toISOString(),
      answeredAt: accepted ? timeToIso(accepted.noted.clock) : null,
    }
  }

  /** Who sealed an answer and never showed it. */
  function unshownOf({ attempt, counts }: Standing): api.TaskView['missing'] {
    const shownSeals = new Set<string>()
    for (const { author, element } of saidOf(attempt, attempt.contributions, counts))
      shownSeals.add(partKey(author, element))
    const authors = new Set<Did>()
    for (const { author, payload } of saidOf(attempt, attempt.seals, counts))
      if (!shownSeals.has(partKey(author, payload.seal))) authors.add(author)
    return [...authors].map((author) => ({ author, why: 'sealed an answer, and did not show it' }))
  }

  function missingOf({ attempt, task, counts }: Standing, work: Work | null): api.TaskView['missing'] {
    const sealed = new Set([...sealsOf(attempt, work?.round ?? 0, counts)].map(({ author }) => author))
    const called = calledIn(attempt, () => true, counts)
    const others = called && [...called.all.keys()].filter((author) => author !== self)
    const peers = (others ?? deps.answerers(task.space)).filter((author) => !sealed.has(author))
    return [
      ...peers.map((author) => ({ author, why: 'has not answered yet' })),
      ...[...(work?.failing ?? [])].map(([family, { failure }]) => ({
        author: self,
        why: `${family}: ${failure.code}`,
      })),
    ]
  }

  /** Who said what is quoted, as far as the task's space may know and the operator lets be seen. */
  async function sourcesOf(
    outcome: Outcome | null,
    space: SpaceId,
    hides: Hides | undefined,
  ): Promise<api.Source[]> {
    const quotes = outcome?.quotes ?? []
    if (quotes.length === 0) return []
    const memories = await library.read(quotes.map(({ memory: id }) => id))
    const readable = spaces.readableFrom(space)
    const isUnfit = shown.hides('context')
    const authorOf = (dots: readonly Change[]): string | null => {
      const known = dots.filter((dot) => readable.has(dot.space) && !hides?.(dot.author, dot.space))
      // The earliest by whom the answer may have it; of an answer from elsewhere, who is kept at a distance here.
      return (known.find(({ author, space }) => !isUnfit?.(author, space)) ?? known[0])?.author ?? null
    }
    return quotes.map(({ memory: id, text }, i) => ({
      id: digestToCid(id),
      quote: text,
      author: authorOf(memories[i]?.dots ?? []),
      thread: memories[i]?.payload.thread ?? null,
      position: memories[i]?.payload.position ?? null,
    }))
  }
}

/** The text of an answer; where it states another one than was decided, what was decided. */
function shownText(accepted: Accepted, { choices }: TaskPayload): string | null {
  const { noted, collapse } = accepted
  const { outcome } = noted.payload
  if (!collapse || outcome.text === null) return outcome.text
  const won = collapse.masses.find((one) => one.class === collapse.class)
  // A synthesis names another's long answer by its beginning; the whole of it is in the contribution.
  if (won && isCutOf(outcome.text, won.text)) return won.text
  const decided = { class: collapse.class, text: statedAnswer(accepted) ?? outcome.text }
  return answerText({ answer: decided, masses: collapse.masses }, outcome.text, choices)?.text ?? null
}

const byTime = (a: Noted<unknown>, b: Noted<unknown>): number =>
  a.clock - b.clock || (a.element < b.element ? -1 : 1)

export const toContribution = (
  { payload, author, element, clock }: Noted<ContributionPayload>,
  wasSealed: boolean,
): api.Contribution => ({
  id: digestToCid(element),
  author,
  model: payload.model,
  family: payload.family,
  role: payload.role,
  round: payload.round,
  text: payload.outcome.text,
  others: payload.others.map(({ text, weight }) => ({ text, share: weight / PER_MILLE })),
  confidence: payload.confidence === null ? null : payload.confidence / PER_MILLE,
  reason: payload.reason,
  failure: payload.outcome.failure,
  sources: [...new Set(payload.outcome.quotes.map(({ memory }) => digestToCid(memory)))],
  wasSealed,
  createdAt: timeToIso(clock),
})

export const toReview = ({ payload, author, element, clock }: Noted<ReviewPayload>): api.Review => ({
  id: digestToCid(element),
  author,
  model: payload.model,
  round: payload.round,
  ranking: payload.ranking.map(({ contribution, flaw }) => ({
    contribution: digestToCid(contribution),
    flaw,
  })),
  createdAt: timeToIso(clock),
})

/** What a reason for being degraded means, in a sentence; what others wrote is left as it is. */
function explain(reason: string): string {
  const [, code] = /^model-failed (\w+)$/.exec(reason) ?? []
  if (code) return `own models failed: ${code}`
  return Object.hasOwn(EXPLAINED, reason) ? (EXPLAINED[reason] as string) : reason
}
const EXPLAINED: Readonly<Record<string, string>> = {
  'no-model': 'no model: sentences quoted from memories by the built-in extractive reasoner',
  'no-answer': 'nobody has answered',
  unweighted: 'nobody who answered has a record here, so spores had one vote each',
  'too-few-answers': 'fewer answers than were asked for',
  'contributors-missing': 'not everybody who was asked has answered',
  'one-owner': 'all answers are of one spore',
  tie: 'two answers weigh the same',
  'contributors-dropped': 'more have answered than can be weighed',
  'text-unwritten': 'no text was approved, so the answer is in the words of a contributor',
}
