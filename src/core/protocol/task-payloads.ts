/**
 * Payloads of what is said about a task (PROTOCOL.md §5, §10). Decoders are total, as those of `payloads.ts`: null means "not what the
 * kind asks for". What may be left out is left out when it says nothing, so that the same question is the same element
 * whoever asks it.
 */
import type { Did, Digest, SpaceId } from '../base/brand.ts'
import { type Canonical, encodeCanonical } from '../base/canonical.ts'
import { bytesToDigest, digestToBytes } from '../base/hash.ts'
import { isBytes, isUint } from './entry.ts'
import * as limits from './limits.ts'
import { decodeFields, type Fields, isText } from './payloads.ts'
import * as bounds from './task-limits.ts'

/** How much is done for an answer: first answers alone; one review and revision; up to eight rounds. */
export const EFFORTS = ['quick', 'standard', 'deep'] as const
export type Effort = (typeof EFFORTS)[number]

/** The lens a contributor reasons through. */
export const ROLES = [
  'explorer',
  'synthesizer',
  'adversarial',
  'validator',
  'generalist',
  'brain',
  'sentinel',
] as const
export type Role = (typeof ROLES)[number]

export interface TaskPayload {
  readonly text: string
  readonly space: SpaceId
  readonly effort: Effort
  /** Seconds from the first asking to the deadline; null for what the effort gives. */
  readonly seconds: number | null
  /** Answers to wait for; null for what the effort asks. */
  readonly answers: number | null
  /** The answers that there are; empty where the question is open. */
  readonly choices: readonly string[]
  readonly roles: readonly Role[]
  /** What it is about, in the word of who asked: trust is kept apart by it. Null where nobody said. */
  readonly domain: string | null
  /** 0 where the question is asked for the first time; higher where an earlier attempt is over. */
  readonly attempt: number
}

/** A sentence of a memory, to the letter. */
export interface Quote {
  readonly memory: Digest
  readonly text: string
}

/** What a reasoner came to: an answer with its quotes, or why there is none. A failure is never an answer. */
export type Outcome =
  | { readonly text: string; readonly quotes: readonly Quote[]; readonly failure: null }
  | { readonly text: null; readonly quotes: readonly []; readonly failure: string }

/** A possible answer beside the likeliest one. */
export interface OtherAnswer {
  readonly text: string
  /** Per mille, as that of the likeliest: only their ratio counts. */
  readonly weight: number
}

export interface Claim {
  readonly text: string
  /** Places of its quotes in the contribution's list. */
  readonly quotes: readonly number[]
}

/** Names the element that will say what this author answers: from then on it can say nothing else. */
export interface SealPayload {
  readonly task: Digest
  readonly round: number
  readonly seal: Digest
}

export interface ContributionPayload {
  readonly task: Digest
  readonly round: number
  readonly seal: null
  readonly model: string
  readonly family: string | null
  readonly role: Role | null
  readonly salt: Uint8Array | null
  /** Its author’s did:key: the same words of another are another element, which nobody sealed. */
  readonly by: Did | null
  readonly outcome: Outcome
  readonly weight: number
  readonly others: readonly OtherAnswer[]
  /** Stated chance of being right, per mille. */
  readonly confidence: number | null
  readonly reason: string | null
  readonly claims: readonly Claim[]
  /** Contributions of others that it answers to. */
  readonly responds: readonly Digest[]
  /** Entries that it was given to read. */
  readonly recalled: readonly Digest[]
}

export interface ReviewPayload {
  readonly task: Digest
  readonly round: number
  readonly model: string
  /** The best first; the flaw is null where none was found. */
  readonly ranking: readonly { readonly contribution: Digest; readonly flaw: string | null }[]
}

/** How the class was found; `unweighted`: nobody weighed anything, so owners had one vote each. */
export const RULES = ['weighted', 'best-single', 'unweighted'] as const
export type SynthesisRule = (typeof RULES)[number]

export interface SynthesisPayload {
  readonly task: Digest
  readonly contributions: readonly Digest[]
  /** Masses of the contributions, in their order, whole micronats or votes; empty where none are given. */
  readonly masses: readonly number[]
  readonly rule: SynthesisRule
  /** The answer in as few words as it was given in; null where the text is the answer. */
  readonly answer: string | null
  readonly outcome: Outcome
  /** Who wrote the text; null where it is a contributor's own. */
  readonly model: string | null
  /** Agreement of each round, per mille. */
  readonly agreement: readonly number[]
  readonly degraded: readonly string[]
}

export const VERDICTS = ['right', 'wrong', 'corrected'] as const
export type Verdict = (typeof VERDICTS)[number]

export interface ResolutionPayload {
  readonly task: Digest
  readonly verdict: Verdict
  /** The answer that it is about. */
  readonly answer: string
  /** The right one where it was corrected. */
  readonly correction: string | null
}

const EFFORT_DEFAULT: Effort = 'standard'

export const encodeTask = (task: Partial<TaskPayload> & Pick<TaskPayload, 'text' | 'space'>): Uint8Array => {
  const { text, space, effort = EFFORT_DEFAULT, seconds, answers, choices = [], roles = [] } = task
  const { domain, attempt } = task
  return encodeCanonical({
    text,
    space,
    ...(effort !== EFFORT_DEFAULT && { effort }),
    ...(seconds != null && { seconds }),
    ...(answers != null && { answers }),
    ...(choices.length > 0 && { choices }),
    ...(roles.length > 0 && { roles }),
    ...(domain != null && { domain }),
    ...(attempt && { attempt }),
  })
}

export function decodeTask(bytes: Uint8Array): TaskPayload | null {
  const fields = decodeFields(bytes)
  if (!fields || !isText(fields.text, limits.TASK_CHARS_MAX) || !isText(fields.space, limits.SPACE_CHARS_MAX))
    return null
  const { effort = EFFORT_DEFAULT, seconds = null, answers = null, attempt = 0 } = fields
  const { choices = [], roles = [], domain = null } = fields
  if (!isOneOf(EFFORTS, effort)) return null
  if (domain !== null && !isText(domain, bounds.DOMAIN_CHARS_MAX)) return null
  if (seconds !== null && !isCount(seconds, bounds.TASK_SECONDS_MAX)) return null
  if (answers !== null && !isCount(answers, bounds.TASK_ANSWERS_MAX)) return null
  if (!isUint(attempt, bounds.ATTEMPTS_MAX)) return null
  if (!isListOf(choices, bounds.CHOICES_MAX, isChoice) || choices.length === 1) return null
  if (!isListOf(roles, bounds.TASK_ROLES_MAX, (role): role is Role => isOneOf(ROLES, role))) return null
  if (new Set(choices).size < choices.length || new Set(roles).size < roles.length) return null
  return {
    text: fields.text,
    space: fields.space as SpaceId,
    effort,
    seconds,
    answers,
    choices,
    roles,
    domain,
    attempt,
  }
}

export const encodeSeal = ({ task, round, seal }: SealPayload): Uint8Array =>
  encodeCanonical({ task: digestToBytes(task), ...(round > 0 && { round }), seal: digestToBytes(seal) })

export function encodeContribution(
  contribution: Partial<ContributionPayload> & Pick<ContributionPayload, 'task' | 'model' | 'outcome'>,
): Uint8Array {
  const { task, round = 0, model, family = null, role = null, salt = null, by = null, outcome } = contribution
  const { weight = bounds.PER_MILLE, others = [], confidence = null, reason = null } = contribution
  const { claims = [], responds = [], recalled = [] } = contribution
  return encodeCanonical({
    task: digestToBytes(task),
    ...(round > 0 && { round }),
    model,
    ...(family !== null && { family }),
    ...(role !== null && { role }),
    ...(salt !== null && { salt }),
    ...(by !== null && { by }),
    ...outcomeFields(outcome),
    ...(weight !== bounds.PER_MILLE && { weight }),
    ...(others.length > 0 && { others: others.map(({ text, weight: of }) => [text, of]) }),
    ...(confidence !== null && { confidence }),
    ...(reason !== null && { reason }),
    ...(claims.length > 0 && { claims: claims.map(({ text, quotes }) => [text, [...quotes]]) }),
    ...(responds.length > 0 && { responds: responds.map(digestToBytes) }),
    ...(recalled.length > 0 && { recalled: recalled.map(digestToBytes) }),
  })
}

export function decodeContribution(bytes: Uint8Array): ContributionPayload | SealPayload | null {
  const fields = decodeFields(bytes)
  if (!fields || !isBytes(fields.task, 32)) return null
  const task = bytesToDigest(fields.task)
  const { round = 0 } = fields
  if (!isUint(round, bounds.ROUND_MAX)) return null
  if (fields.seal === undefined) return decodeAnswer(fields, task, round)
  const isBare = SAID.every((name) => fields[name] === undefined)
  return isBare && isBytes(fields.seal, 32) ? { task, round, seal: bytesToDigest(fields.seal) } : null
}
/** What a seal does not say yet. */
const SAID = ['text', 'quotes', 'failure', 'model', 'others', 'claims']

function decodeAnswer(fields: Fields, task: Digest, round: number): ContributionPayload | null {
  const outcome = decodeOutcome(fields)
  const { model, family = null, role = null, salt = null, weight = bounds.PER_MILLE } = fields
  const { by = null, confidence = null, reason = null, others = [], claims = [] } = fields
  if (!outcome || !isText(model, bounds.MODEL_CHARS_MAX)) return null
  if (family !== null && !isText(family, bounds.MODEL_CHARS_MAX)) return null
  if (role !== null && !isOneOf(ROLES, role)) return null
  if (salt !== null && !isBytes(salt, bounds.SALT_BYTES)) return null
  if (by !== null && !isText(by, bounds.AUTHOR_CHARS_MAX)) return null
  if (!isCount(weight, bounds.PER_MILLE)) return null
  if (confidence !== null && !isUint(confidence, bounds.PER_MILLE)) return null
  if (reason !== null && !isText(reason, bounds.REASON_CHARS_MAX)) return null
  if (!isListOf(others, bounds.OTHERS_MAX, isOther)) return null
  if (!isListOf(claims, bounds.CLAIMS_MAX, (claim) => isClaim(claim, outcome.quotes.length))) return null
  const responds = decodeDigests(fields.responds, limits.REFERENCES_MAX)
  const recalled = decodeDigests(fields.recalled, bounds.RECALLED_MAX)
  if (!responds || !recalled) return null
  return {
    task,
    round,
    seal: null,
    model,
    family,
    role,
    salt,
    by: by as Did | null,
    outcome,
    weight,
    others: others.map((other) => ({ text: other[0] as string, weight: other[1] as number })),
    confidence,
    reason,
    claims: claims.map((claim) => ({ text: claim[0] as string, quotes: claim[1] as number[] })),
    responds,
    recalled,
  }
}

export const encodeReview = ({ task, round, model, ranking }: ReviewPayload): Uint8Array =>
  encodeCanonical({
    task: digestToBytes(task),
    ...(round > 0 && { round }),
    model,
    ranking: ranking.map(({ contribution, flaw }) => [digestToBytes(contribution), flaw]),
  })

export function decodeReview(bytes: Uint8Array): ReviewPayload | null {
  const fields = decodeFields(bytes)
  if (!fields || !isBytes(fields.task, 32) || !isText(fields.model, bounds.MODEL_CHARS_MAX)) return null
  const { round = 0, ranking } = fields
  if (!isUint(round, bounds.ROUND_MAX) || !isListOf(ranking, bounds.REVIEWED_MAX, isRanked)) return null
  return {
    task: bytesToDigest(fields.task),
    round,
    model: fields.model,
    ranking: ranking.map((row) => ({
      contribution: bytesToDigest(row[0] as Uint8Array),
      flaw: row[1] as string | null,
    })),
  }
}

export function encodeSynthesis(
  synthesis: Partial<SynthesisPayload> & Pick<SynthesisPayload, 'task' | 'contributions' | 'outcome'>,
): Uint8Array {
  const { task, contributions, outcome, masses = [], rule = 'unweighted', answer = null } = synthesis
  const { model = null, agreement = [], degraded = [] } = synthesis
  return encodeCanonical({
    task: digestToBytes(task),
    contributions: contributions.map(digestToBytes),
    ...outcomeFields(outcome),
    ...(masses.length > 0 && { masses }),
    ...(rule !== 'unweighted' && { rule }),
    ...(answer !== null && { answer }),
    ...(model !== null && { model }),
    ...(agreement.length > 0 && { agreement }),
    ...(degraded.length > 0 && { degraded }),
  })
}

export function decodeSynthesis(bytes: Uint8Array): SynthesisPayload | null {
  const fields = decodeFields(bytes)
  const outcome = fields && decodeOutcome(fields)
  if (!outcome || !isBytes(fields.task, 32)) return null
  const contributions = decodeDigests(fields.contributions ?? null, limits.REFERENCES_MAX)
  const { masses = [], rule = 'unweighted', answer = null, model = null } = fields
  const { agreement = [], degraded = [] } = fields
  if (!contributions || !isOneOf(RULES, rule)) return null
  if (!isListOf(masses, contributions.length, (mass): mass is number => isUint(mass, bounds.MASS_MAX)))
    return null
  if (masses.length > 0 && masses.length < contributions.length) return null
  if (answer !== null && !isText(answer, bounds.ANSWER_CHARS_MAX)) return null
  if (model !== null && !isText(model, bounds.MODEL_CHARS_MAX)) return null
  if (!isListOf(agreement, bounds.ROUND_MAX + 1, (x): x is number => isUint(x, bounds.PER_MILLE))) return null
  if (!isListOf(degraded, bounds.DEGRADATIONS_MAX, isDegradation)) return null
  const task = bytesToDigest(fields.task)
  return { task, contributions, masses, rule, answer, outcome, model, agreement, degraded }
}

export const encodeResolution = ({ task, verdict, answer, correction }: ResolutionPayload): Uint8Array =>
  encodeCanonical({
    task: digestToBytes(task),
    verdict,
    answer,
    ...(correction !== null && { correction }),
  })

export function decodeResolution(bytes: Uint8Array): ResolutionPayload | null {
  const fields = decodeFields(bytes)
  if (!fields || !isBytes(fields.task, 32) || !isText(fields.answer, bounds.ANSWER_CHARS_MAX)) return null
  const { verdict, correction = null } = fields
  if (!isOneOf(VERDICTS, verdict) || (verdict === 'corrected') !== (correction !== null)) return null
  if (correction !== null && !isText(correction, bounds.ANSWER_CHARS_MAX)) return null
  return { task: bytesToDigest(fields.task), verdict, answer: fields.answer, correction }
}

function outcomeFields(outcome: Outcome): { [key: string]: Canonical } {
  if (outcome.failure !== null) return { failure: outcome.failure }
  return {
    text: outcome.text,
    quotes: outcome.quotes.map(({ memory, text }) => [digestToBytes(memory), text]),
  }
}

function decodeOutcome(fields: Fields): Outcome | null {
  if (fields.failure !== undefined)
    return isText(fields.failure, limits.TASK_CHARS_MAX) &&
      fields.text === undefined &&
      fields.quotes === undefined
      ? { text: null, quotes: [], failure: fields.failure }
      : null
  if (!isText(fields.text, limits.TEXT_BYTES_MAX) || !Array.isArray(fields.quotes)) return null
  const quotes: Quote[] = []
  for (const item of fields.quotes as Canonical[]) {
    const [memory, text] = Array.isArray(item) && item.length === 2 ? (item as Canonical[]) : []
    if (!isBytes(memory, 32) || !isText(text, limits.TEXT_BYTES_MAX)) return null
    quotes.push({ memory: bytesToDigest(memory), text })
  }
  return quotes.length <= limits.REFERENCES_MAX ? { text: fields.text, quotes, failure: null } : null
}

/** Digests of a list; none where it is left out, null where it is not one. */
function decodeDigests(list: Canonical | undefined, max: number): Digest[] | null {
  if (list === undefined) return []
  const isIt = isListOf(list, max, (item): item is Uint8Array => isBytes(item, 32))
  return isIt ? list.map(bytesToDigest) : null
}

const isOneOf = <T extends string>(names: readonly T[], value: unknown): value is T =>
  names.includes(value as T)
const isCount = (value: unknown, max: number): value is number => isUint(value, max) && value > 0
const isChoice = (value: unknown): value is string => isText(value, bounds.CHOICE_CHARS_MAX)
const isDegradation = (value: unknown): value is string => isText(value, bounds.DEGRADATION_CHARS_MAX)

type Row = readonly Canonical[]
const isRow = (value: unknown): value is Row => Array.isArray(value) && value.length === 2
const isOther = (value: unknown): value is Row =>
  isRow(value) && isText(value[0], bounds.ANSWER_CHARS_MAX) && isCount(value[1], bounds.PER_MILLE)
const isRanked = (value: unknown): value is Row =>
  isRow(value) && isBytes(value[0], 32) && (value[1] === null || isText(value[1], bounds.FLAW_CHARS_MAX))
const isClaim = (value: unknown, quotes: number): value is Row =>
  isRow(value) &&
  isText(value[0], bounds.CLAIM_CHARS_MAX) &&
  isListOf(value[1], bounds.CLAIM_SOURCES_MAX, (i): i is number => isUint(i, quotes - 1))

function isListOf<T>(value: unknown, max: number, isIt: (item: unknown) => item is T): value is T[]
function isListOf(value: unknown, max: number, isIt: (item: unknown) => boolean): value is Row[]
function isListOf(value: unknown, max: number, isIt: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= max && value.every(isIt)
}
