/**
 * Who is asked first: those whose answers turned out right in the domain, the faster ones of equals, and now and then one of whom less
 * is known. A pure function of what is thought of each, of the task, and of params: the task's id is the seed of every draw, so a choice
 * can be made again.
 *
 * Trust is compared by the lower bound (05-reasoning §5); where two differ by less than is known of them, the faster one goes first.
 * Exploration draws from each one's posterior (Thompson, 1933), and in turn takes who was asked longest ago, so that someone who was bad
 * and has become good is noticed.
 */
import type { Did, Digest } from '../base/brand.ts'
import { bytesToHex, compareText, utf8ToBytes } from '../base/bytes.ts'
import { digestToBytes, sha256 } from '../base/hash.ts'
import type { TrustScore } from '../trust/trust-contract.ts'

export interface Candidate {
  readonly author: Did
  /** What is thought of its answers in the domain. */
  readonly trust: Pick<TrustScore, 'mean' | 'uncertainty' | 'lower'>
  /** Milliseconds from asking until its answer is fixed, as they usually are; null where it was never asked. */
  readonly typicalMs: number | null
  /** It does not answer at the moment, or left what it was asked unanswered: only asked where nobody else is. */
  readonly isAway: boolean
  readonly isMute: boolean
  /** Own tasks of the domain since it was asked one; Infinity where it never was. */
  readonly since: number
}

export interface PreferenceParams {
  /** Share of tasks that one more is asked for, to learn about it; the others only where it may well be better. */
  readonly explorationShare: number
  /** Of these, the share in which it is who was asked longest ago. */
  readonly longestShare: number
  /** Standard deviations of their difference within which two are equals. */
  readonly equalSigmas: number
}

/** One more call in ten tasks; half of them by turns: of ten peers each is asked once in 200 tasks, however bad it was. */
export const PREFERENCE_PARAMS: PreferenceParams = {
  explorationShare: 0.1,
  longestShare: 0.5,
  equalSigmas: 1,
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
    (a, b) => b.trust.lower - a.trust.lower || b.trust.mean - a.trust.mean || byPlace(a, b),
  )
  const ordered: Candidate[] = []
  while (left.length > 0) {
    const [best] = left as [Candidate, ...Candidate[]]
    const isEqual = (one: Candidate): boolean => one === best || isWithin(one, best, equalSigmas)
    const equals = left.filter(isEqual)
    // Who was never asked is as fast as anybody.
    const known = equals.flatMap(({ typicalMs }) => typicalMs ?? [])
    const usualMs = known.length > 0 ? known.reduce((sum, ms) => sum + ms, 0) / known.length : 0
    const msOf = ({ typicalMs }: Candidate): number => typicalMs ?? usualMs
    ordered.push(...equals.sort((a, b) => msOf(a) - msOf(b) || byPlace(a, b)))
    left = left.filter((one) => !isEqual(one))
  }
  return ordered
}

/** Whether two differ by less than is known of them. */
const isWithin = ({ trust }: Candidate, { trust: best }: Candidate, sigmas: number): boolean =>
  best.mean - trust.mean <= sigmas * Math.hypot(trust.uncertainty, best.uncertainty)

/** Who is asked besides, to learn about it; null where the draw is against it. `called`: those who are, the last one least wanted. */
export function exploredOf(
  order: readonly Candidate[],
  called: readonly Candidate[],
  task: Digest,
  params: PreferenceParams = PREFERENCE_PARAMS,
): Candidate | null {
  const rest = order.filter((one) => !one.isAway && !called.includes(one))
  const [first] = rest
  if (!first) return null
  const sampled = new Map(rest.map((one) => [one, sampleOf(one, task)]))
  const most = (rank: (one: Candidate) => number): Candidate =>
    rest.reduce((best, one) => (rank(one) > rank(best) ? one : best), first)
  const promising = most((one) => sampled.get(one) as number)
  const isPromising = (sampled.get(promising) as number) > (called.at(-1)?.trust.mean ?? 0)
  if (drawOf(task, 'explore') >= params.explorationShare) return isPromising ? promising : null
  return drawOf(task, 'by turns') < params.longestShare ? most(({ since }) => since) : promising
}

/** What it may be worth: a draw from the posterior, taken as normal. */
const sampleOf = ({ author, trust }: Candidate, task: Digest): number => {
  // Box and Muller, 1958; a draw of 0 has no logarithm.
  const radius = Math.sqrt(-2 * Math.log(1 - drawOf(task, `radius ${author}`)))
  return trust.mean + trust.uncertainty * radius * Math.cos(2 * Math.PI * drawOf(task, `angle ${author}`))
}

/** A draw in [0, 1), the same for the same task and purpose. */
export function drawOf(task: Digest, purpose: string): number {
  const hash = sha256(utf8ToBytes(`spore/preference/1 ${bytesToHex(digestToBytes(task))} ${purpose}`))
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0) / 2 ** 32
}
