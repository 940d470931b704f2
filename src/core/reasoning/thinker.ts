/**
 * What a contributor is asked in each phase, as the swarm engine asks it: what it recalls before, the prompts (`reasoner.ts`), and
 * the models of its family.
 */
import type { Did, Digest } from '../base/brand.ts'
import { digestToCid } from '../base/hash.ts'
import type { Clock } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Spaces } from '../memory/spaces.ts'
import { type Failure, failure } from '../protocol/errors.ts'
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
import { foreignAnswers, foreignQuestion, foreignRecollected } from './foreign-words.ts'
import type { GivenAnswer } from './given-answer.ts'
import { type OwnWords, WORD_RULE, type WordRule } from './own-words.ts'
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

/** What a contributor came to, in words that repeat nobody at length (`own-words.ts`) but for its quotes and the choices; bounds as in PROTOCOL.md §5. */
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
  /** Whose answers no model reads. */
  readonly isQuarantined: (author: Did) => boolean
  readonly spaces: Pick<Spaces, 'readableFrom'>
  readonly clock: Pick<Clock, 'now'>
  /** `WORD_RULE` but in a simulation without it. */
  readonly words?: WordRule
}

export function createThinker(deps: ThinkerDeps): Thinker {
  const { self, reasoner, recollection, evidence, quotes, isQuarantined, spaces, clock } = deps
  const { ownWords } = deps.words ?? WORD_RULE

  const recollect = ({ task }: Attempt, family: string): Promise<Recollected> => {
    const { text, choices, space } = task as TaskPayload
    const calibration = evidence.recordOf(contributorKey(self, family))
    const scope = { spaces: spaces.readableFrom(space) }
    return recollection.recollect({ text, choices, scope, nowMs: clock.now(), calibration })
  }

  /** Answers as they may be shown to a model, and all that is foreign in them. */
  const statedAll = async (
    said: readonly Said[],
  ): Promise<{ answers: readonly OthersAnswer[]; foreign: readonly string[] }> => {
    const shown = said.filter(({ author }) => !isQuarantined(author))
    const all = await Promise.all(shown.map(stated))
    const answers = all.map(({ answer }) => answer)
    const others = answers.filter((_, i) => shown[i]?.author !== self)
    return { answers, foreign: [...foreignAnswers(others), ...all.flatMap(({ foreign }) => foreign)] }
  }

  /** What it says to quote and does not is left out, and what no model is to read. */
  const stated = async (said: Said): Promise<{ answer: OthersAnswer; foreign: readonly string[] }> => {
    const { payload, element } = said
    const { quotes: kept, foreign } = await quotes.readable(said)
    const all: readonly Quote[] = payload.outcome.quotes
    const places = kept.map((quote) => all.indexOf(quote))
    const claims = payload.claims.map(({ text, quotes: of }) => ({
      text,
      quotes: of.map((place) => places.indexOf(place)).filter((place) => place >= 0),
    }))
    const { text } = payload.outcome
    const answer = { contribution: element, text: text ?? '', reason: payload.reason, claims, quotes: kept }
    return { answer, foreign }
  }

  const roleIn = ({ id, task }: Attempt, family: string): Role =>
    roleOf(digestToCid(id), contributorKey(self, family), task?.roles ?? [])

  return {
    async answer(attempt, { isChallenge, premise }, call) {
      const role = isChallenge ? 'adversarial' : roleIn(attempt, call.family)
      const recollected = await recollect(attempt, call.family)
      const question = questionOf(attempt, call)
      const input = { question, role, recollected, isChallenge, premise }
      const given = await reasoner.answer(input, toCall(attempt, call))
      const foreign = [...foreignQuestion(question), ...foreignRecollected(recollected, self)]
      return thought(given, role, question, ownWords(premise === null ? foreign : [...foreign, premise]))
    },
    async review(attempt, answers, call) {
      const recollected = await recollect(attempt, call.family)
      const shown = await statedAll(answers)
      const reviewer = contributorKey(self, call.family)
      const question = questionOf(attempt, call)
      const input = { task: attempt.id, reviewer, question, answers: shown.answers, own: [], recollected }
      const reviewed = await reasoner.review(input, toCall(attempt, call))
      if (!reviewed.ok) return reviewed
      const foreign = [
        ...foreignQuestion(question),
        ...foreignRecollected(recollected, self),
        ...shown.foreign,
      ]
      const own = ownWords(foreign)
      const ranking = reviewed.value.ranking.map((one) => ({ ...one, flaw: one.flaw && own.of(one.flaw) }))
      return ok({ ...reviewed.value, ranking })
    },
    async revise(attempt, own, others, reviews, call) {
      if (!own) return this.answer(attempt, NO_DOUBT, call)
      const role = roleIn(attempt, call.family)
      const recollected = await recollect(attempt, call.family)
      const heard = reviews.filter(({ author }) => !isQuarantined(author))
      const flaws = heard.flatMap(({ author, payload }) =>
        payload.ranking.flatMap(({ contribution, flaw }) =>
          flaw === null ? [] : [{ contribution, flaw, isForeign: author !== self }],
        ),
      )
      const { answers, foreign } = await statedAll(others)
      const before = await stated(own)
      const question = questionOf(attempt, call)
      const input = { question, role, recollected, own: before.answer, answers, flaws }
      const reviser = contributorKey(self, call.family)
      const given = await reasoner.revise({ task: attempt.id, reviser, ...input }, toCall(attempt, call))
      const words = ownWords([
        ...foreignQuestion(question),
        ...foreignRecollected(recollected, self),
        ...foreign,
        ...before.foreign,
        ...flaws.filter(({ isForeign }) => isForeign).map(({ flaw }) => flaw),
      ])
      return thought(given, role, question, words)
    },
    async write(attempt, answer, holders, dissenters, call) {
      const dissent = await statedAll(dissenters)
      const held = await statedAll(holders)
      const question = questionOf(attempt, call)
      const input = { question, answer, holders: held.answers, dissent: dissent.answers }
      const written = await reasoner.write(input, toCall(attempt, call))
      if (!written.ok) return written
      const foreign = [...foreignQuestion(question), ...held.foreign, ...dissent.foreign]
      const text = ownWords(foreign).of(written.value.text)
      return text === null ? REPEATED : ok({ ...written.value, text })
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

/** An answer in words that may leave. One of the choices is what the task says, and quotes say whose they are: those stay. */
function thought(
  given: Result<GivenAnswer, Failure>,
  role: Role,
  { choices }: AskedQuestion,
  own: OwnWords,
): Result<Thought, Failure> {
  if (!given.ok) return given
  const { hypotheses, model, confidence, quotes, recalled, responds } = given.value
  const [first, ...rest] = hypotheses.map(({ text, weight }) => ({
    text: choices.length > 0 ? text : own.of(text),
    weight,
  }))
  if (!first || first.text === null) return REPEATED
  const others = rest.flatMap(({ text, weight }) => (text === null ? [] : [{ text, weight }]))
  const reason = given.value.reason === null ? null : own.of(given.value.reason)
  const claims = given.value.claims.flatMap((claim) => {
    const text = own.of(claim.text)
    return text === null ? [] : [{ ...claim, text }]
  })
  const said = { text: first.text, weight: first.weight, others, confidence, reason, claims }
  return ok({ model, role, ...said, quotes, recalled, responds })
}
const REPEATED = err(failure('MODEL_REPEATED', 'what it says is in what others wrote'))
