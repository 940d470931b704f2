/**
 * What is known of one attempt at a question: who asked, and what was said about it, as entries brought it. Plain data; the book
 * (`task-book.ts`) fills it.
 */
import type { Did, Digest, HybridTime, LogId, SpaceId } from '../base/brand.ts'
import { compareText } from '../base/bytes.ts'
import type { Change } from '../memory/change.ts'
import type { CallPayload } from '../protocol/call-payload.ts'
import type {
  ContributionPayload,
  ResolutionPayload,
  ReviewPayload,
  SealPayload,
  SynthesisPayload,
  TaskPayload,
} from '../protocol/task-payloads.ts'

/** An entry about a task: its decoded payload, and where it stands. */
export interface Noted<Payload> {
  readonly payload: Payload
  readonly author: Did
  readonly space: SpaceId
  readonly clock: HybridTime
  /** The element that it carries. */
  readonly element: Digest
  readonly logId: LogId
  readonly seq: number
  /** Position in this spore's order of arrival. */
  readonly arrival: number
}

export interface Attempt {
  /** The element of the task. */
  readonly id: Digest
  /** The attempt number 0 of the same question: what people know it by. Its own id while nobody has asked. */
  question: Digest
  /** Null while only what was said about it has arrived. */
  task: TaskPayload | null
  /** In order of arrival; who asked again after he had withdrawn stands there twice. */
  readonly asks: Noted<TaskPayload>[]
  readonly calls: Map<string, Noted<CallPayload>>
  readonly seals: Map<string, Noted<SealPayload>>
  readonly contributions: Map<string, Noted<ContributionPayload>>
  readonly reviews: Map<string, Noted<ReviewPayload>>
  readonly syntheses: Map<string, Noted<SynthesisPayload>>
  readonly resolutions: Map<string, Noted<ResolutionPayload>>
  /** This spore asked, or said something about it. */
  isOwn: boolean
  /** Payload bytes that are kept of it, and of these by each author. */
  bytes: number
  readonly bytesBy: Map<Did, number>
}

/** Whether an entry still counts: its dot is visible, and no fork or removal cut it off. */
export type Counts = (noted: Noted<unknown>) => boolean

export const newAttempt = (id: Digest): Attempt => ({
  id,
  question: id,
  task: null,
  asks: [],
  calls: new Map(),
  seals: new Map(),
  contributions: new Map(),
  reviews: new Map(),
  syntheses: new Map(),
  resolutions: new Map(),
  isOwn: false,
  bytes: 0,
  bytesBy: new Map(),
})

export const note = <Payload>(change: Change, payload: Payload): Noted<Payload> => {
  const { author, space, clock, element, logId, seq, arrival } = change
  return { payload, author, space, clock, element, logId, seq, arrival }
}

/** Who answers: the models of one family at one spore are one contributor. */
export const contributorOf = ({ author, payload }: Noted<ContributionPayload>): string =>
  contributorKey(author, payload.family ?? payload.model)

export const contributorKey = (author: Did, family: string): string => `${author} ${family}`

/** All who asked it or said anything about it, whether it counts or not. */
export function authorsOf(attempt: Attempt): Set<Did> {
  const { asks, calls, seals, contributions, reviews, syntheses, resolutions } = attempt
  const authors = new Set(asks.map(({ author }) => author))
  for (const part of [calls, seals, contributions, reviews, syntheses, resolutions])
    for (const { author } of part.values()) authors.add(author)
  return authors
}

/** The first ask of each asker that counts, by claimed time: the same order on every spore. */
export function asksOf({ asks }: Attempt, counts: Counts): Noted<TaskPayload>[] {
  const sorted = asks.filter(counts).sort((a, b) => a.clock - b.clock || compareText(a.author, b.author))
  const seen = new Set<Did>()
  return sorted.filter(({ author }) => !seen.has(author) && seen.add(author))
}

/** What was said in the space of the task and counts; nothing said elsewhere is about it. */
export function* saidOf<Payload>(
  { task }: Attempt,
  part: ReadonlyMap<string, Noted<Payload>>,
  counts: Counts,
): IterableIterator<Noted<Payload>> {
  for (const [key, noted] of part) {
    if (noted.space !== task?.space || !counts(noted)) continue
    if (!isAgain(key) || !countsBefore(part, key, counts)) yield noted
  }
}

/** Whether the same was said before, and counts: then it is said once. */
function countsBefore(part: ReadonlyMap<string, Noted<unknown>>, key: string, counts: Counts): boolean {
  const first = key.slice(0, key.indexOf(AGAIN))
  for (const [other, noted] of part) {
    if (other === key) return false
    if ((other === first || other.startsWith(`${first}${AGAIN}`)) && counts(noted)) return true
  }
  return false
}

/** The contribution of an element that its author had sealed; null where none counts. The element names its author. */
export function sealedOf(
  attempt: Attempt,
  element: Digest,
  counts: Counts,
): Noted<ContributionPayload> | null {
  for (const noted of saidOf(attempt, attempt.contributions, counts))
    if (noted.element === element && sealFor(attempt, noted, counts)) return noted
  return null
}

/** The seal under which a contribution was fixed; null where there is none that counts. */
export function sealFor(
  attempt: Attempt,
  noted: Noted<ContributionPayload>,
  counts: Counts,
): Noted<SealPayload> | null {
  if (noted.payload.by !== noted.author) return null
  const key = partKey(noted.author, noted.element)
  const isIt = (seal: Noted<SealPayload> | undefined): seal is Noted<SealPayload> =>
    seal !== undefined &&
    seal.payload.round === noted.payload.round &&
    seal.space === noted.space &&
    counts(seal)
  const seal = attempt.seals.get(key)
  if (!seal || isIt(seal)) return seal ?? null
  for (const [other, again] of attempt.seals)
    if (other.startsWith(`${key}${AGAIN}`) && isIt(again)) return again
  return null
}

/** What tells entries of one part apart: the same words of two authors are two. */
export const partKey = (author: Did, element: Digest): string => `${element}${author}`

/** Behind it, in the key of what an author has said once more, stands the entry. */
export const AGAIN = ' '
const isAgain = (key: string): boolean => key.includes(AGAIN)
