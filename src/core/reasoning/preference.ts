/**
 * Who is asked first: those whose answers turned out right in the domain, the faster ones of equals, and now and then one of whom less
 * is known. A pure function of what is thought of each, of the task, and of params: the task's id is the seed of every draw, so a choice
 * can be made again.
 *
 * Trust is compared by the lower bound (05-reasoning §5); where two differ by less than is known of them, who is twice as fast goes first.
 * Exploration draws from each one's posterior (Thompson, 1933), and in turn takes who was asked longest ago, so that someone who was bad
 * and has become good is noticed.
 */
import type { Did, Digest } from '../base/brand.ts'
import { bytesToHex, compareText, utf8ToBytes } from '../base/bytes.ts'
import { digestToBytes, sha256 } from '../base/hash.ts'
import type { TrustScore } from '../trust/trust-contract.ts'
import { annealed } from './synthesis/annealing.ts'

export interface Candidate {
  readonly author: Did
  /** What is thought of its answers in the domain. */
  readonly trust: Pick<TrustScore, 'mean' | 'uncertainty' | 'lower'>
  /** Share of what it was asked that it answered, 0…1: an answer that does not come is none, however good it would be. */
  readonly answered: number
  /** Milliseconds from asking until its answer is fixed, as they usually are; null where it was never asked. */
  readonly typicalMs: number | null
  /** Its newest answers in the domain that were right, in a row. */
  readonly streak: number
  /** It does not answer at the moment, or left what it was asked unanswered: only asked where nobody else is. */
  readonly isAway: boolean
  readonly isMute: boolean
  /** Own tasks of the domain since it was asked one; Infinity where it never was. */
  readonly since: number
}

export interface PreferenceParams {
  /**
   * How many more are asked, to learn about them; where none is, one all the same where a draw says that it may be better. Hot at first, and
   * after whoever was best is not any more, for then others may have changed, too; it cools over so many tasks of the domain.
   */
  readonly hotShare: number
  readonly coldShare: number
  readonly coolingTasks: number
  /** Of these, the share in which it is who was asked longest ago. */
  readonly longestShare: number
  /** Chance of a row of right answers, by what is thought of who gave them, below which it is more likely that he has changed. */
  readonly surprisingChance: number
  /** Right answers in a row that such a surprise takes, and as many as count: a long row of one who is good is none. */
  readonly surprisingStreak: number
  readonly streakMax: number
  /** Share of tasks that he is asked then. */
  readonly surpriseShare: number
  /** Standard deviations of their difference within which two are equals. */
  readonly equalSigmas: number
  /** The same beyond which the better one beats the other. */
  readonly beatenSigmas: number
}

export const PREFERENCE_PARAMS: PreferenceParams = {
  hotShare: 2,
  coldShare: 0.1,
  coolingTasks: 20,
  longestShare: 0.5,
  surprisingChance: 0.1,
  surprisingStreak: 2,
  streakMax: 4,
  surpriseShare: 0.5,
  equalSigmas: 1.25,
  beatenSigmas: 1.6,
}

/** Those who are wanted most first: all who can be asked, then who has left tasks unanswered, then who is away. */
export function orderOf(
  candidates: readonly Candidate[],
  task: Digest,
  params: PreferenceParams = PREFERENCE_PARAMS,
): readonly Candidate[] {
  const ranks: Candidate[][] = [[], [], []]
  for (const candidate of candidates) ranks[candidate.isAway ? 2 : candidate.isMute ? 1 : 0]?.push(candidate)
  return ranks.flatMap((rank) => byTrust(rank, task, params))
}

/** The best first, each with its equals in the order of their speed. */
function byTrust(rank: readonly Candidate[], task: Digest, { equalSigmas }: PreferenceParams): Candidate[] {
  // Equals stand in another order for each task, so that no name comes before others.
  const places = new Map(rank.map((one) => [one, drawOf(task, `place ${one.author}`)]))
  const byPlace = (a: Candidate, b: Candidate): number =>
    (places.get(a) as number) - (places.get(b) as number) || compareText(a.author, b.author)
  let left = [...rank].sort(
    (a, b) => worth(b, 'lower') - worth(a, 'lower') || worth(b, 'mean') - worth(a, 'mean') || byPlace(a, b),
  )
  const ordered: Candidate[] = []
  while (left.length > 0) {
    const [best] = left as [Candidate, ...Candidate[]]
    const isEqual = (one: Candidate): boolean => one === best || isWithin(one, best, equalSigmas)
    const equals = left.filter(isEqual)
    // Who was never asked is as fast as anybody.
    const known = equals.flatMap(({ typicalMs }) => typicalMs ?? [])
    const usualMs = known.length > 0 ? known.reduce((sum, ms) => sum + ms, 0) / known.length : 0
    const msOf = ({ typicalMs }: Candidate): number => Math.max(1, typicalMs ?? usualMs)
    const leastMs = Math.min(...equals.map(msOf))
    // How often the time doubles: a difference of less is noise, and trust tells more, little as it differs.
    const slownessOf = (one: Candidate): number => Math.floor(Math.log2(msOf(one) / leastMs))
    ordered.push(...equals.sort((a, b) => slownessOf(a) - slownessOf(b)))
    left = left.filter((one) => !isEqual(one))
  }
  return ordered
}

const worth = ({ trust, answered }: Candidate, of: 'mean' | 'lower'): number => trust[of] * answered

/** Whether two differ by less than is known of them. */
const isWithin = (one: Candidate, best: Candidate, sigmas: number): boolean =>
  worth(best, 'mean') - worth(one, 'mean') <=
  sigmas * Math.hypot(one.trust.uncertainty, best.trust.uncertainty)

/** Whether the best of a list is clearly better than somebody: who was best and is so no more has fallen. */
export function isBeaten(
  one: Candidate,
  candidates: readonly Candidate[],
  params = PREFERENCE_PARAMS,
): boolean {
  return candidates.some((other) => !other.isAway && !isWithin(one, other, params.beatenSigmas))
}

/**
 * Who is asked besides, to learn about them: as many as the share says, and one where a draw says that it may be better than those who are
 * asked anyway. `called`: these, the last one least wanted. `settled`: own tasks of the domain since it began, or since the best one fell.
 */
export function exploredOf(
  order: readonly Candidate[],
  called: readonly Candidate[],
  settled: number,
  task: Digest,
  params: PreferenceParams = PREFERENCE_PARAMS,
): readonly Candidate[] {
  const rest = order.filter((one) => !one.isAway && !called.includes(one))
  const explored: Candidate[] = []
  const share = shareAt(settled, params)
  const count = Math.floor(share) + (drawOf(task, 'explore') < share % 1 ? 1 : 0)
  const surprising = rest.filter(({ streak, trust }) => isSurprising(streak, trust.mean, params))
  if (surprising.length > 0 && drawOf(task, 'surprise') < params.surpriseShare)
    explored.push(mostOf(surprising, ({ streak }) => streak))
  const worthAtLeast = called.at(-1)
  for (;;) {
    const left = rest.filter((one) => !explored.includes(one))
    if (left.length === 0) return explored
    const sampled = new Map(left.map((one) => [one, sampleOf(one, task)]))
    const promising = mostOf(left, (one) => sampled.get(one) as number)
    const isPromising = !worthAtLeast || (sampled.get(promising) as number) > worth(worthAtLeast, 'mean')
    if (explored.length >= count && (explored.length > 0 || !isPromising)) return explored
    const isByTurns =
      explored.length < count && drawOf(task, `by turns ${explored.length}`) < params.longestShare
    explored.push(isByTurns ? mostOf(left, ({ since }) => since) : promising)
  }
}

const mostOf = (of: readonly Candidate[], rank: (one: Candidate) => number): Candidate =>
  of.reduce((best, one) => (rank(one) > rank(best) ? one : best))

const isSurprising = (streak: number, mean: number, params: PreferenceParams): boolean =>
  streak >= params.surprisingStreak && mean ** Math.min(streak, params.streakMax) < params.surprisingChance

/** Cools as answers of one task do (05-reasoning §4, annealing). */
export function shareAt(settled: number, { hotShare, coldShare, coolingTasks }: PreferenceParams): number {
  return annealed(settled / coolingTasks, hotShare, coldShare)
}

/** What it may be worth: a draw from the posterior, taken as normal. */
const sampleOf = ({ author, trust, answered }: Candidate, task: Digest): number => {
  // Box and Muller, 1958; a draw of 0 has no logarithm.
  const radius = Math.sqrt(-2 * Math.log(1 - drawOf(task, `radius ${author}`)))
  const deviation = radius * Math.cos(2 * Math.PI * drawOf(task, `angle ${author}`))
  return answered * (trust.mean + trust.uncertainty * deviation)
}

/** A draw in [0, 1), the same for the same task and purpose. */
export function drawOf(task: Digest, purpose: string): number {
  const hash = sha256(utf8ToBytes(`spore/preference/1 ${bytesToHex(digestToBytes(task))} ${purpose}`))
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0) / 2 ** 32
}
