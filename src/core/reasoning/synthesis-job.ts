/**
 * Putting the answer together: aggregate, have its text written and checked, publish. The class is decided before any text is written and no
 * text changes it; a text that is not approved twice is left out for the contributors' own.
 */
import type { Did, Digest } from '../base/brand.ts'
import { bytesToDigest, digestToCid, sha256 } from '../base/hash.ts'
import { type Clock, fineMs } from '../base/ports.ts'
import type { Draft } from '../memory/draft.ts'
import type { Writer } from '../memory/writer.ts'
import type { Shown } from '../moderation/shown.ts'
import { KINDS } from '../protocol/kinds.ts'
import { REFERENCES_MAX, TEXT_BYTES_MAX } from '../protocol/limits.ts'
import { encodeMemory } from '../protocol/payloads.ts'
import { ANSWER_CHARS_MAX, DEGRADATIONS_MAX, PER_MILLE } from '../protocol/task-limits.ts'
import {
  type ContributionPayload,
  encodeContribution,
  encodeSynthesis,
  type Outcome,
  type Quote,
  type SynthesisPayload,
  type TaskPayload,
} from '../protocol/task-payloads.ts'
import { EXTRACTIVE_MODEL } from './acceptance.ts'
import { type Aggregate, aggregate } from './aggregate.ts'
import type { AggregationParams } from './aggregation-params.ts'
import { freeClass } from './answer-classes.ts'
import { answerText } from './answer-text.ts'
import { asksOf, type Counts, contributorOf, type Noted } from './attempt.ts'
import { CALL_MS_MAX, EFFORT_BOUNDS } from './efforts.ts'
import type { EvidenceBook } from './evidence-book.ts'
import { latestAnswers, roundAnswers, toContribution } from './first-answers.ts'
import { listedOf } from './listed.ts'
import { WORD_RULE, type WordRule } from './own-words.ts'
import { ANSWER_TAG, answerMemoryText } from './past-answers.ts'
import type { QuoteCheck } from './quote-check.ts'
import { domainOf } from './task-domain.ts'
import { type ProgressDeps, roundsOf } from './task-progress.ts'
import type { Thinker, Written } from './thinker.ts'
import { timesOf, type Work } from './work.ts'

export interface SynthesisJobDeps extends ProgressDeps {
  readonly self: Did
  readonly counts: Counts
  readonly params: AggregationParams
  readonly evidence: EvidenceBook
  readonly thinker: Thinker | null
  readonly quotes: QuoteCheck
  readonly shown: Pick<Shown, 'hides'>
  readonly writer: Pick<Writer, 'write'>
  readonly clock: Clock
  /** The best that can be said without a model: sentences of what is remembered. */
  readonly extract: (task: TaskPayload) => Promise<Outcome>
  /** `WORD_RULE` but in a simulation without it. */
  readonly words?: WordRule
}

type Said = Noted<ContributionPayload>

/** Contributions that a synthesis lists, and sentences that it quotes: with the task, no more than a header refers to. */
export const LISTED_MAX = 48
export const QUOTED_MAX = REFERENCES_MAX - LISTED_MAX - 1

/** Publishes the synthesis of an attempt; true once it is durable. */
export async function synthesize(work: Work, deps: SynthesisJobDeps): Promise<boolean> {
  const { attempt, round } = work
  const { self, counts, params, evidence } = deps
  const task = attempt.task as TaskPayload
  const isHidden = deps.shown.hides('context')
  const all = latestAnswers(attempt, round, self, counts).filter(
    ({ author }) => !isHidden?.(author, task.space),
  )
  const weigh = (answers: readonly Said[]): Aggregate => {
    const contributions = answers.map(toContribution)
    const domain = domainOf(task)
    const { evidenceIn, bestSingle } = evidence.of(task.space, domain)
    const input = {
      domain,
      choices: task.choices,
      contributions,
      evidence: evidenceIn,
      bestSingle,
    }
    return aggregate(
      { ...input, ...(task.answers !== null && { answersMin: task.answers }) },
      params,
      deps.quantum,
    )
  }
  const listed = listedIn(all, weigh)
  const weighed = weigh(listed)
  if (!weighed.answer) return answerWithoutModels(work, deps)
  const voters = new Map(listed.map((noted) => [contributorOf(noted), noted]))
  const ofClass = (key: string): Said[] =>
    weighed.participants.filter((one) => one.class === key).map(({ author }) => voters.get(author) as Said)
  const holders = ofClass(weighed.answer.class)
  const said = ownAnswer(weighed.answer.text, task, holders, deps)
  const found = { ...weighed, answer: { ...weighed.answer, text: said } }
  const dissenters = found.dissent.flatMap((one) => ofClass(one.class))
  const written = await writeText(work, found, holders, dissenters, deps)
  if (work.controller.signal.aborted) return true
  const { text } = answerText(found, written?.text ?? null, task.choices) ?? found.answer
  const isShown = written !== null && text === written.text
  const quotes = isShown ? written.quotes : await quotesOf(holders, deps.quotes)
  const degraded: string[] = [...found.degraded]
  const isMissing = work.failing.size > 0 || roundAnswers(attempt, round, self, counts).missing.length > 0
  if (isMissing && !degraded.includes('contributors-missing')) degraded.push('contributors-missing')
  if (!isShown && EFFORT_BOUNDS[task.effort].isWritten && listed.length > 1) degraded.push('text-unwritten')
  const isVoted = found.rule === 'unweighted'
  const synthesis: SynthesisPayload = {
    task: attempt.id,
    contributions: found.participants.map(({ id }) => id as Digest),
    masses: isVoted ? [] : found.participants.map(({ mass }) => mass),
    rule: found.rule === 'none' ? 'unweighted' : found.rule,
    answer: text === found.answer.text ? null : found.answer.text.slice(0, ANSWER_CHARS_MAX),
    outcome: { text, quotes, failure: null },
    model: isShown ? written.model : null,
    agreement: roundsOf(attempt, work, deps).map(({ agreement }) => Math.round(agreement * PER_MILLE)),
    degraded: degraded.slice(0, DEGRADATIONS_MAX),
  }
  const isOwn = asksOf(attempt, counts).some(({ author }) => author === self)
  const stated = await deps.writer.write((draft) => {
    const id = append(draft, task, synthesis)
    remember(draft, task, synthesis, id, isOwn ? null : (deps.words ?? WORD_RULE))
  })
  return stated.ok
}

/**
 * An answer in words that may leave: one of the choices is what the task says; another's long answer is named by its beginning, and
 * stands as a whole in the contribution that is listed.
 */
function ownAnswer(
  text: string,
  { choices }: TaskPayload,
  holders: readonly Said[],
  { self, words = WORD_RULE }: Pick<SynthesisJobDeps, 'self' | 'words'>,
): string {
  const cut = words.beginningOf(text)
  if (choices.length > 0 || cut === text) return text
  const key = freeClass(text)
  const own = holders
    .filter(({ author }) => author === self)
    .flatMap(({ payload }) => [payload.outcome, ...payload.others])
  return own.find((one) => one.text !== null && freeClass(one.text) === key)?.text ?? cut
}

/** Some of too many, so that what is listed is what is weighed. */
function listedIn(all: readonly Said[], weigh: (answers: readonly Said[]) => Aggregate): readonly Said[] {
  if (all.length <= LISTED_MAX) return all
  const masses = new Map(weigh(all).participants.map((one) => [one.author, one.mass]))
  return listedOf(all, LISTED_MAX, (noted) => ({
    id: noted.element,
    mass: masses.get(contributorOf(noted)) ?? -1,
    family: noted.payload.family ?? noted.payload.model,
  }))
}

/** An approved text and who wrote it; null where the contributors' own words have to do. */
async function writeText(
  work: Work,
  { answer }: Aggregate,
  holders: readonly Said[],
  dissenters: readonly Said[],
  { thinker, clock, quantum }: SynthesisJobDeps,
): Promise<Written | null> {
  const { attempt, families, asker } = work
  const { isWritten } = EFFORT_BOUNDS[(attempt.task as TaskPayload).effort]
  if (!thinker || !answer || !isWritten || families.length === 0) return null
  // One answer alone needs nobody to put it together.
  if (holders.length + dissenters.length < 2) return null
  // Nothing new is looked for any more.
  const temperature = quantum.isOn.annealing ? quantum.coldTemperature : null
  for (let written = 0; written < TEXTS_MAX; written++) {
    const { elapsedMs, totalMs } = timesOf(work, fineMs(clock))
    const timeoutMs = Math.min(CALL_MS_MAX, (totalMs - elapsedMs) / 2)
    if (timeoutMs <= 0 || work.controller.signal.aborted) return null
    const of = (at: number) => families[at % families.length] as string
    const call = { asker, timeoutMs, temperature, signal: work.controller.signal }
    const text = await thinker.write(attempt, answer.text, holders, dissenters, {
      ...call,
      family: of(written),
    })
    if (!text.ok) continue
    // Where there is another model, nobody approves what he wrote himself.
    const found = await thinker.validate(attempt, answer.text, text.value, {
      ...call,
      family: of(written + 1),
    })
    if (found.ok && found.value) return text.value
  }
  return null
}
/** A text that is not approved is written once more, by another model where there is one. */
const TEXTS_MAX = 2

/** Where no model has answered: the asker quotes what it remembers, and says so; or there is no answer. */
async function answerWithoutModels(work: Work, deps: SynthesisJobDeps): Promise<boolean> {
  const { attempt } = work
  const { self, counts } = deps
  const task = attempt.task as TaskPayload
  if (!asksOf(attempt, counts).some(({ author }) => author === self)) return true
  const failures = [...work.failing.values()].map(({ failure }) => failure.code)
  const degraded = ['no-model', ...new Set(failures.map((code) => `model-failed ${code}`))]
  // Sentences are none of the choices.
  const outcome: Outcome = task.choices.length > 0 ? NO_ANSWER : await deps.extract(task)
  const contribution = encodeContribution({ task: attempt.id, model: EXTRACTIVE_MODEL, outcome })
  const contributionId = bytesToDigest(sha256(contribution))
  const written = await deps.writer.write((draft) => {
    const { space } = task
    const cited = citedBy(outcome.quotes)
    draft.append({
      space,
      kind: KINDS.contribution,
      payload: contribution,
      references: [attempt.id, ...cited],
    })
    const contributions = outcome.failure === null ? [contributionId] : []
    append(draft, task, {
      task: attempt.id,
      contributions,
      masses: [],
      rule: 'unweighted',
      answer: null,
      outcome,
      model: null,
      agreement: [],
      degraded: degraded.slice(0, DEGRADATIONS_MAX),
    })
  })
  return written.ok
}
const NO_ANSWER: Outcome = { text: null, quotes: [], failure: 'no model has answered' }

function append(draft: Draft, { space }: TaskPayload, synthesis: SynthesisPayload): Digest {
  const payload = encodeSynthesis(synthesis)
  const cited = citedBy(synthesis.outcome.quotes)
  const references = [...new Set([synthesis.task, ...synthesis.contributions, ...cited])].slice(
    0,
    REFERENCES_MAX,
  )
  draft.append({ space, kind: KINDS.synthesis, payload, references })
  return bytesToDigest(sha256(payload))
}

/**
 * The answer becomes a memory that names where it comes from: what is asked next may rest on it. Another's question and choices stand in
 * it with their beginnings.
 */
function remember(
  draft: Draft,
  task: TaskPayload,
  synthesis: SynthesisPayload,
  id: Digest,
  rule: WordRule | null,
): void {
  const { outcome, answer } = synthesis
  const said = answer === null || outcome.text?.includes(answer) ? outcome.text : `${answer}\n${outcome.text}`
  const own = rule?.ownWords([task.text, ...task.choices])
  const inOwnWords = (words: string): string =>
    rule && own ? (own.of(words) ?? rule.beginningOf(words)) : words
  const text = answerMemoryText(inOwnWords(task.text), inOwnWords(said ?? ''))
  const sources = [id, ...citedBy(outcome.quotes)].map(digestToCid)
  const payload = encodeMemory({
    text,
    tags: [ANSWER_TAG],
    thread: null,
    position: null,
    speaker: null,
    sources,
  })
  if (payload.length > TEXT_BYTES_MAX) return
  draft.append({
    space: task.space,
    kind: KINDS.memory,
    payload,
    references: [id, ...citedBy(outcome.quotes)],
  })
}

const citedBy = (quotes: readonly Quote[]): Digest[] => [...new Set(quotes.map(({ memory }) => memory))]

/** The sentences that those who hold the answer rest on, of each one in turn. */
async function quotesOf(holders: readonly Said[], check: QuoteCheck): Promise<Quote[]> {
  const checked = await Promise.all(holders.map((holder) => check.checked(holder)))
  const quotes = new Map<string, Quote>()
  const most = Math.max(0, ...checked.map((of) => of.length))
  for (let at = 0; at < most; at++)
    for (const of of checked) {
      const quote = of[at]
      if (quote && quotes.size < QUOTED_MAX) quotes.set(`${quote.memory} ${quote.text}`, quote)
    }
  return [...quotes.values()]
}
