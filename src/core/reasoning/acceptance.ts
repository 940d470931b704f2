/**
 * Which synthesis is *the* answer to an attempt: a pure function of the entries that count, so that all spores that have the same come to the
 * same one, whoever put syntheses together and in whichever order they arrived (PROTOCOL.md §10).
 *
 * It is that of the first in a list: the askers, the one who asked first before the others, and behind them the contributors in the
 * order that rendezvous hashing of (task, author) gives (Thaler and Ravishankar, 1998). One that does not follow from the
 * contributions and masses that it lists is none.
 */
import type { Did, Digest } from '../base/brand.ts'
import { bytesToHex, compareText, utf8ToBytes } from '../base/bytes.ts'
import { digestToBytes, sha256 } from '../base/hash.ts'
import type { SynthesisPayload, TaskPayload } from '../protocol/task-payloads.ts'
import { ownerVotes } from './aggregate.ts'
import { type AnswerClass, createClassifier } from './answer-classes.ts'
import {
  type Attempt,
  asksOf,
  type Counts,
  contributorOf,
  type Noted,
  saidOf,
  sealedOf,
  sealFor,
} from './attempt.ts'
import type { Contribution } from './contribution.ts'
import { toContribution } from './first-answers.ts'
import { isCutOf } from './own-words.ts'
import { type ClassMass, massesOf, sharesOf } from './synthesis/superposition.ts'

/** What a contribution of the built-in reasoner names as its model. */
export const EXTRACTIVE_MODEL = 'extractive'

export interface Accepted {
  readonly noted: Noted<SynthesisPayload>
  /** Null where it failed. */
  readonly collapse: Collapse | null
  /** Nobody answered: the asker says so, or quotes memories. Any answer comes before it. */
  readonly isLastResort: boolean
}

/** What the contributions and masses that a synthesis lists come to. */
export interface Collapse {
  readonly class: AnswerClass
  /** Nobody answered: memories are quoted in place of an answer. */
  readonly isQuoted: boolean
  readonly contributions: readonly Contribution[]
  /** In the order of the contributions. */
  readonly votes: readonly number[]
  readonly masses: readonly ClassMass[]
}

/**
 * The answer that an accepted synthesis states, in as few words as it was given in: the whole of it, also where the synthesis names
 * another's long answer by its beginning. Null where there is none.
 */
export function statedAnswer({ noted: { payload }, collapse }: Accepted): string | null {
  if (!collapse) return null
  const won = collapse.masses.find((one) => one.class === collapse.class)?.text ?? null
  const { answer } = payload
  if (answer === null) return won
  return won !== null && isCutOf(answer, won) ? won : answer
}

/** Who may put the answer together, the first one first: each acts where those before it do not. */
export function synthesizersOf(attempt: Attempt, counts: Counts): Did[] {
  const askers = asksOf(attempt, counts).map(({ author }) => author)
  const contributors = new Set<Did>()
  for (const noted of saidOf(attempt, attempt.contributions, counts))
    if (noted.payload.outcome.failure === null && sealFor(attempt, noted, counts))
      contributors.add(noted.author)
  for (const asker of askers) contributors.delete(asker)
  return [...askers, ...rendezvous(attempt.id, [...contributors])]
}

/** Authors by the hash of task and author, the lowest first. */
export function rendezvous(task: Digest, authors: readonly Did[]): Did[] {
  const hex = bytesToHex(digestToBytes(task))
  const rank = (author: Did): string => bytesToHex(sha256(utf8ToBytes(`spore/rendezvous/1 ${hex} ${author}`)))
  return authors
    .map((author) => ({ author, rank: rank(author) }))
    .sort((a, b) => compareText(a.rank, b.rank))
    .map(({ author }) => author)
}

/** The accepted synthesis; null while there is none. `counts` decides which entries there are. */
export function acceptedOf(attempt: Attempt, counts: Counts): Accepted | null {
  const { task } = attempt
  if (!task || attempt.syntheses.size === 0) return null
  const order = synthesizersOf(attempt, counts)
  const said = [...saidOf(attempt, attempt.syntheses, counts)]
    .filter(({ author }) => order.includes(author))
    .sort((a, b) => order.indexOf(a.author) - order.indexOf(b.author) || firstOf(a, b))
  const askers = asksOf(attempt, counts).length
  let lastResort: Accepted | null = null
  for (const noted of said) {
    // That there is no answer is the asker's to say; and where there is one after all, no asker can say it away for the others.
    if (noted.payload.outcome.failure !== null) {
      if (order.indexOf(noted.author) < askers) lastResort ??= { noted, collapse: null, isLastResort: true }
      continue
    }
    const collapse = collapseOf(attempt, task, noted, counts)
    if (!collapse) continue
    if (!collapse.isQuoted) return { noted, collapse, isLastResort: false }
    lastResort ??= { noted, collapse, isLastResort: true }
  }
  return lastResort
}

/**
 * Whether there is nothing left to do about an attempt here: it has an answer, or whoever asks has said that nobody answered. Another
 * asker's word does not end what this spore asked.
 */
export function isOver(attempt: Attempt, self: Did, counts: Counts): boolean {
  const accepted = acceptedOf(attempt, counts)
  if (!accepted?.isLastResort) return accepted !== null
  const spoken = new Set<Did>()
  for (const { author } of saidOf(attempt, attempt.syntheses, counts)) spoken.add(author)
  const askers = asksOf(attempt, counts).map(({ author }) => author)
  return askers.includes(self) ? spoken.has(self) : askers.every((asker) => spoken.has(asker))
}

/** Of one author that which stands first counts: what he says later changes nothing. */
const firstOf = (a: Noted<unknown>, b: Noted<unknown>): number =>
  a.clock - b.clock || compareText(a.element, b.element)

/** What a synthesis comes to by its own list; null where the list does not hold, or comes to something else than it says. */
function collapseOf(
  attempt: Attempt,
  { choices }: TaskPayload,
  { author, payload }: Noted<SynthesisPayload>,
  counts: Counts,
): Collapse | null {
  const contributions: Contribution[] = []
  const seen = new Set<string>()
  let isQuoted = false
  for (const element of payload.contributions) {
    const sealed = sealedOf(attempt, element, counts)
    const noted = sealed ?? extractiveOf(attempt, element, author, counts)
    isQuoted ||= sealed === null
    if (!noted || noted.payload.outcome.failure !== null || seen.has(contributorOf(noted))) return null
    seen.add(contributorOf(noted))
    contributions.push(toContribution(noted))
  }
  const classOf = createClassifier(choices)
  const answers = contributions.map((contribution) => ({
    contribution,
    shares: sharesOf(contribution, classOf),
  }))
  if (answers.length === 0) return null
  const isVoted = payload.masses.length === 0 || payload.rule === 'unweighted'
  const votes = isVoted ? ownerVotes(answers) : payload.masses
  const masses = massesOf(answers, votes, choices)
  const text = payload.answer ?? payload.outcome.text ?? ''
  const stated = classOf(text)
  const says = (key: AnswerClass): boolean =>
    key === stated ||
    contributions.some(
      ({ outcome }) =>
        !('failure' in outcome) &&
        outcome.hypotheses.some((one) => isCutOf(text, one.text) && classOf(one.text) === key),
    )
  const possible =
    payload.rule === 'best-single'
      ? answers.flatMap(({ shares: [first] }, i) => (first && (votes[i] ?? 0) > 0 ? [first.class] : []))
      : masses.slice(0, 1).map((one) => one.class)
  const said = possible.find((key) => key === stated) ?? possible.find(says)
  return said === undefined ? null : { class: said, isQuoted, contributions, votes, masses }
}

/** The sentences that a spore quotes where there is no model: a last resort of its own, and nobody's vote. */
function extractiveOf(attempt: Attempt, element: Digest, author: Did, counts: Counts) {
  for (const noted of saidOf(attempt, attempt.contributions, counts))
    if (noted.element === element && noted.author === author && noted.payload.model === EXTRACTIVE_MODEL)
      return noted
  return null
}
