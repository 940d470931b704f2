/**
 * What a contributor is asked in each phase, as the swarm engine asks it. `thinker` binds the prompts and the models to it; the
 * simulator and tests may think otherwise.
 */
import type { Digest } from '../base/brand.ts'
import type { Result } from '../base/result.ts'
import type { Failure } from '../protocol/errors.ts'
import type {
  Claim,
  ContributionPayload,
  OtherAnswer,
  Quote,
  ReviewPayload,
  Role,
} from '../protocol/task-payloads.ts'
import type { Attempt, Noted } from './attempt.ts'

/** On whose account, for how long, and by which models. */
export interface ThinkCall {
  /** Models of this family. */
  readonly family: string
  /** Who asked; null for this spore's operator. */
  readonly asker: string | null
  readonly timeoutMs: number
  readonly signal: AbortSignal
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
}

export interface Written {
  readonly model: string
  readonly text: string
}

type Said = Noted<ContributionPayload>

export interface Thinker {
  /** Answers alone. `isChallenge`: the adversarial role is forced. */
  answer(attempt: Attempt, isChallenge: boolean, call: ThinkCall): Promise<Result<Thought, Failure>>
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
  /** Writes the text of an answer that is decided. `flaw`: what was wrong with an earlier text. */
  write(
    attempt: Attempt,
    answer: string,
    holders: readonly Said[],
    dissenters: readonly Said[],
    flaw: string | null,
    call: ThinkCall,
  ): Promise<Result<Written, Failure>>
  /** Whether a text says the answer and nothing that its quotes do not bear out; null, or the flaw. */
  validate(
    attempt: Attempt,
    answer: string,
    text: string,
    holders: readonly Said[],
    call: ThinkCall,
  ): Promise<Result<string | null, Failure>>
}
