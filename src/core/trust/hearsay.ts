/**
 * What others say about an author, as far as they are believed.
 *
 * Invariants: a row counts once. Who is believed on another's word alone speaks within that other's share, and not at all about him: so
 * no circle of praise adds anything to what its one believed member says. A place (operator, registrable domain, block of addresses)
 * weighs no more than its heaviest member, whatever the number of identities in it. All sums are of whole numbers.
 */
import { compareText } from '../base/bytes.ts'
import { outcomesOf, scale } from './posterior.ts'
import { WEIGHT_STEPS } from './rater-weight.ts'
import type { Counted } from './testimony.ts'
import type { Subject } from './trust-contract.ts'
import { type Author, type Pair, type Standing, saidOf } from './trust-graph.ts'
import type { TrustParams } from './trust-params.ts'

export interface Hearsay extends Counted {
  /** The believed rater with the greatest praise: on whose word the author is believed, if on anybody's. */
  readonly introducer: Author | null
}

/** How one believed rater counts, for who asks why. */
export interface Voice extends Counted {
  readonly rater: Author
  readonly standing: Standing
  /** 0…1: what is left of his share beside others of the same place. */
  readonly share: number
}

const SILENCE: Hearsay = { right: 0, wrong: 0, chance: 0, introducer: null }

/** Sum of the voices. `depth`: whose standings are used. */
export function listen(about: Author, depth: number, params: TrustParams, query: Query = ALL): Hearsay {
  const voices = voicesOn(about, depth, params, query)
  if (voices.length === 0) return SILENCE
  let [right, wrong, chance] = [0, 0, 0]
  let loudest: Voice | null = null
  for (const voice of voices) {
    right += Math.floor(voice.right * voice.share)
    wrong += Math.floor(voice.wrong * voice.share)
    chance += Math.floor(voice.chance * voice.share)
    if (voice.right > 0 && (!loudest || isLouder(voice, loudest))) loudest = voice
  }
  return { right, wrong, chance, introducer: loudest?.rater ?? null }
}

export interface Query {
  readonly subject: Subject | null
  readonly domain: string | null
}
export const ALL: Query = { subject: null, domain: null }

const isLouder = (a: Voice, b: Voice): boolean =>
  a.right > b.right || (a.right === b.right && compareText(a.rater.did, b.rater.did) < 0)

/** Believed raters, each with what he says, weighed and not yet divided with others of his place. */
export function voicesOn(about: Author, depth: number, params: TrustParams, query: Query): Voice[] {
  const voices: { -readonly [K in keyof Voice]: Voice[K] }[] = []
  const places = new Map<string, { all: number; most: number }>()
  for (const [rater, pair] of about.raters) {
    const standing = rater.standings[depth]
    if (!standing || standing.steps === 0 || standing.root === about) continue
    const said = claimOf(pair, standing, query, params)
    const weight = outcomesOf(said)
    if (weight === 0) continue
    voices.push({ ...said, rater, standing, share: 1 })
    for (const place of groupsOf(rater, standing)) {
      const known = places.get(place)
      if (!known) places.set(place, { all: weight, most: weight })
      else {
        known.all += weight
        if (weight > known.most) known.most = weight
      }
    }
  }
  for (const voice of voices)
    for (const place of groupsOf(voice.rater, voice.standing)) {
      const { all, most } = places.get(place) as { all: number; most: number }
      if (most < all) voice.share = Math.min(voice.share, most / all)
    }
  return voices
}

/** Places of a rater, and of him on whose word he is believed. */
const groupsOf = ({ places }: Author, { root }: Standing): readonly string[] =>
  root.places === places ? places : [...places, ...root.places]

function claimOf(
  pair: Pair,
  { steps }: Standing,
  { subject, domain }: Query,
  { raterAnswersMax }: TrustParams,
): Counted {
  const capped = scale(saidOf(pair, subject, domain), 1, raterAnswersMax)
  return {
    right: Math.floor((capped.right * steps) / WEIGHT_STEPS),
    wrong: Math.floor((capped.wrong * steps) / WEIGHT_STEPS),
    chance: Math.floor((capped.chance * steps) / WEIGHT_STEPS),
  }
}
