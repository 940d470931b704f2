/**
 * What a contributor is asked in each phase, as the swarm engine asks it: what it recalls before, the prompts (`reasoner.ts`), and
 * the models of its family.
 */
import type { Did, Digest } from '../base/brand.ts'
import { digestToCid } from '../base/hash.ts'
import type { Clock } from '../base/ports.ts'
import { ok, type Result } from '../base/result.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { Failure } from '../protocol/errors.ts'
import type {
  Claim,
  ContributionPayload,
  OtherAnswer,
  Quote,
  ReviewPayload,
  Role,
  TaskPayload,
} from '../protocol/task-payloads.ts'
import type { OthersAnswer } from './answers-of-others.ts'
import { type Attempt, contributorKey, type Noted } from './attempt.ts'
import type { EvidenceBook } from './evidence-book.ts'
import type { GivenAnswer } from './given-answer.ts'
import type { AskedQuestion } from './prompts/parts.ts'
import type { QuoteCheck } from './quote-check.ts'
import type { Reasoner, ReasonerCall } from './reasoner.ts'
import type { Recollected, Recollection } from './recollection.ts'
import { roleOf } from './roles.ts'

/** On whose account, for how long, and by which models. */
export interface ThinkCall {
  /** Models of this family. */
  readonly family: string
  /** Who asked; null for this spore's operator. */
  readonly asker: string | null
  readonly timeoutMs: number
  /** By the round of the task; null for the provider's own. */
  readonly temperature: number | null
  readonly signal: AbortSignal
}

/** Why an answer is asked for once more, alone. */
export interface Doubt {
  /** The adversarial role is forced. */
  readonly isChallenge: boolean
  /** An answer of the minority that is to be taken for right at first; null where there is none. */
  readonly premise: string | null
}

/** What a contributor came to; bounds as in PROTOCOL.md §5. */
export interface Thought {
  readonly model: string
  readonly role: Role | null
  readonly text: string
  readonly weight: number
  readonly others: readonly OtherAnswer[]
  readonly confidence: number | null
  readonly reason: string | null
  readonly claims: readonly Claim[]
  readonly quotes: readonly Quote[]
  readonly recalled: readonly Digest[]
  /** Contributions of others that it was shown. */
  readonly responds: readonly Digest[]
}

export interface Written {
  readonly model: string
  readonly text: string
  /** What its citations `[1]`, `[2]`… stand for. */
  readonly quotes: readonly Quote[]
}

type Said = Noted<ContributionPayload>

export interface Thinker {
  /** Answers alone. */
  answer(attempt: Attempt, doubt: Doubt, call: ThinkCall): Promise<Result<Thought, Failure>>
  /** Ranks the answers of others, which it is shown without their names. */
  review(
    attempt: Attempt,
    answers: readonly Said[],
    call: ThinkCall,
  ): Promise<Result<Pick<ReviewPayload, 'model' | 'ranking'>, Failure>>
  /** Answers once more, with the answers of others and what reviews said of them. */
  revise(
    attempt: Attempt,
    own: Said | null,
    others: readonly Said[],
    reviews: readonly Noted<ReviewPayload>[],
    call: ThinkCall,
  ): Promise<Result<Thought, Failure>>
  /** Writes the text of an answer that is decided. */
  write(
    attempt: Attempt,
    answer: string,
    holders: readonly Said[],
    dissenters: readonly Said[],
    call: ThinkCall,
  ): Promise<Result<Written, Failure>>
  /** Whether a text says the answer, and nothing that its quotes do not bear out. */
  validate(
    attempt: Attempt,
    answer: string,
    written: Written,
    call: ThinkCall,
  ): Promise<Result<boolean, Failure>>
}

export interface ThinkerDeps {
  readonly self: Did
  readonly reasoner: Reasoner
  readonly recollection: Recollection
  readonly evidence: Pick<EvidenceBook, 'recordOf'>
  readonly quotes: QuoteCheck
  readonly spaces: Pick<Spaces, 'readableFrom'>
  readonly clock: Pick<Clock, 'now'>
}

export function createThinker(deps: ThinkerDeps): Thinker {
  const { self, reasoner, recollection, evidence, quotes, spaces, clock } = deps

  const recollect = ({ task }: Attempt, family: string): Promise<Recollected> => {
    const { text, choices, space } = task as TaskPayload
    const calibration = evidence.recordOf(contributorKey(self, family))
    const scope = { spaces: spaces.readableFrom(space) }
    return recollection.recollect({ text, choices, scope, nowMs: clock.now(), calibration })
  }

  /** As it may be shown to a model: what it says to quote and does not is left out. */
  const stated = async (said: Said): Promise<OthersAnswer> => {
    const { payload, element } = said
    const kept = await quotes.checked(said)
    const all: readonly Quote[] = payload.outcome.quotes
    const places = kept.map((quote) => all.indexOf(quote))
    const claims = payload.claims.map(({ text, quotes: of }) => ({
      text,
      quotes: of.map((place) => places.indexOf(place)).filter((place) => place >= 0),
    }))
    return {
      contribution: element,
      text: payload.outcome.text ?? '',
      reason: payload.reason,
      claims,
      quotes: kept,
    }
  }

  const roleIn = ({ id, task }: Attempt, family: string): Role =>
    roleOf(digestToCid(id), contributorKey(self, family), task?.roles ?? [])

  return {
    async answer(attempt, { isChallenge, premise }, call) {
      const role = isChallenge ? 'adversarial' : roleIn(attempt, call.family)
      const recollected = await recollect(attempt, call.family)
      const question = questionOf(attempt, call)
      return thought(
        await reasoner.answer({ question, role, recollected, isChallenge, premise }, toCall(attempt, call)),
        role,
      )
    },
    async review(attempt, answers, call) {
      const recollected = await recollect(attempt, call.family)
      const shown = await Promise.all(answers.map(stated))
      const reviewer = contributorKey(self, call.family)
      const question = questionOf(attempt, call)
      const input = { task: attempt.id, reviewer, question, answers: shown, own: [], recollected }
      return reasoner.review(input, toCall(attempt, call))
    },
    async revise(attempt, own, others, reviews, call) {
      if (!own) return this.answer(attempt, NO_DOUBT, call)
      const role = roleIn(attempt, call.family)
      const recollected = await recollect(attempt, call.family)
      const flaws = reviews.flatMap(({ payload }) =>
        payload.ranking.flatMap(({ contribution, flaw }) => (flaw === null ? [] : [{ contribution, flaw }])),
      )
      const answers = await Promise.all(others.map(stated))
      const input = {
        question: questionOf(attempt, call),
        role,
        recollected,
        own: await stated(own),
        answers,
        flaws,
      }
      const reviser = contributorKey(self, call.family)
      return thought(
        await reasoner.revise({ task: attempt.id, reviser, ...input }, toCall(attempt, call)),
        role,
      )
    },
    async write(attempt, answer, holders, dissenters, call) {
      const dissent = dissenters.map(({ payload }) => ({
        text: payload.outcome.text ?? '',
        reason: payload.reason,
      }))
      const input = {
        question: questionOf(attempt, call),
        answer,
        holders: await Promise.all(holders.map(stated)),
      }
      return reasoner.write({ ...input, dissent }, toCall(attempt, call))
    },
    async validate(attempt, answer, { text, quotes: cited }, call) {
      const input = { question: questionOf(attempt, call), answer, text, quotes: cited }
      const found = await reasoner.validate(input, toCall(attempt, call))
      return found.ok ? ok(found.value.isApproved) : found
    },
  }
}

const NO_DOUBT: Doubt = { isChallenge: false, premise: null }

const questionOf = ({ task }: Attempt, { asker }: ThinkCall): AskedQuestion => {
  const { text, choices } = task as TaskPayload
  return { text, choices, isForeign: asker !== null }
}

/** All attempts at a question are on one account. */
const toCall = (
  { question }: Attempt,
  { family, asker, timeoutMs, temperature, signal }: ThinkCall,
): ReasonerCall => ({
  task: digestToCid(question),
  asker,
  timeoutMs,
  family,
  signal,
  ...(temperature !== null && { temperature }),
})

function thought(given: Result<GivenAnswer, Failure>, role: Role): Result<Thought, Failure> {
  if (!given.ok) return given
  const { hypotheses, model, confidence, reason, claims, quotes, recalled, responds } = given.value
  const [{ text, weight } = { text: '', weight: 0 }, ...others] = hypotheses
  return ok({ model, role, text, weight, others, confidence, reason, claims, quotes, recalled, responds })
}
