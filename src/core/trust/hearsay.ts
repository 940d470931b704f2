/**
 * What others say about an author, as far as they are believed.
 *
 * Invariants: a row counts once. Who is believed on another's word alone speaks within that other's share, and not at all about him: so
 * no circle of praise adds anything to what its one believed member says. A place (operator, registrable domain, block of addresses)
 * weighs no more than its heaviest member, whatever the number of identities in it. All sums are of whole numbers.
 */
import { compareText } from '../base/bytes.ts'
import type { Place } from './places.ts'
import { scale } from './posterior.ts'
import { WEIGHT_STEPS } from './rater-weight.ts'
import type { Counted } from './testimony.ts'
import type { Subject } from './trust-contract.ts'
import { type Author, type Standing, saidOf } from './trust-graph.ts'
import type { TrustParams } from './trust-params.ts'

export interface Query {
  readonly subject: Subject | null
  readonly domain: string | null
}
export const ALL: Query = { subject: null, domain: null }

export interface Hearsay extends Counted {
  /** The believed rater with the greatest praise: on whose word the author is believed, if on anybody's. */
  readonly introducer: Author | null
}

/** How one believed rater counts, for who asks why. */
export interface Voice extends Counted {
  readonly rater: Author
  readonly standing: Standing
  /** 0…1: what is left of it beside others of the same place. */
  readonly share: number
}

export interface Listener {
  /** `depth`: whose standings are used. */
  hear(about: Author, depth: number, query: Query): Hearsay
  voices(about: Author, depth: number, query: Query): Voice[]
}

export const SILENCE: Hearsay = { right: 0, wrong: 0, chance: 0, introducer: null }

/** A voice before it is divided. Kept from one listening to the next: there are a hundred thousand in a second. */
interface Heard {
  rater: Author | null
  standing: Standing | null
  right: number
  wrong: number
  chance: number
}

export function createListener(params: TrustParams): Listener {
  const heard: Heard[] = []
  let turn = 0

  /** Fills `heard` and the sums of places; returns how many there are. */
  const gather = (about: Author, depth: number, { subject, domain }: Query): number => {
    let count = 0
    turn++
    for (const [rater, pair] of about.raters) {
      const standing = rater.standings[depth]
      if (standing === undefined || standing.steps === 0 || standing.root === about) continue
      const claim =
        subject === null && domain === null
          ? pair.claim
          : scale(saidOf(pair, subject, domain), 1, params.raterAnswersMax)
      const weight = standing.steps / WEIGHT_STEPS
      const right = Math.floor(claim.right * weight)
      const wrong = Math.floor(claim.wrong * weight)
      if (right + wrong === 0) continue
      let voice = heard[count]
      if (!voice) {
        voice = { rater: null, standing: null, right: 0, wrong: 0, chance: 0 }
        heard.push(voice)
      }
      voice.rater = rater
      voice.standing = standing
      voice.right = right
      voice.wrong = wrong
      voice.chance = Math.floor(claim.chance * weight)
      for (const place of rater.places) addTo(place, right + wrong, turn)
      if (standing.root !== rater)
        for (const place of standing.root.places)
          if (!rater.places.includes(place)) addTo(place, right + wrong, turn)
      count++
    }
    return count
  }
  /** Authors that are gone are not held on to. */
  const clear = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const voice = heard[i] as Heard
      voice.rater = null
      voice.standing = null
    }
  }

  return {
    hear(about, depth, query) {
      if (about.raters.size === 0) return SILENCE
      const count = gather(about, depth, query)
      if (count === 0) return SILENCE
      let [right, wrong, chance, loudest] = [0, 0, 0, 0]
      let introducer: Author | null = null
      for (let i = 0; i < count; i++) {
        const voice = heard[i] as Heard
        const rater = voice.rater as Author
        const share = shareOf(rater, voice.standing as Standing)
        right += Math.floor(voice.right * share)
        wrong += Math.floor(voice.wrong * share)
        chance += Math.floor(voice.chance * share)
        if (voice.right === 0 || voice.right < loudest) continue
        if (introducer && voice.right === loudest && compareText(rater.did, introducer.did) > 0) continue
        loudest = voice.right
        introducer = rater
      }
      clear(count)
      return { right, wrong, chance, introducer }
    },
    voices(about, depth, query) {
      const count = gather(about, depth, query)
      const voices = heard.slice(0, count).map(({ rater, standing, right, wrong, chance }): Voice => {
        const [by, at] = [rater as Author, standing as Standing]
        return { rater: by, standing: at, share: shareOf(by, at), right, wrong, chance }
      })
      clear(count)
      return voices
    },
  }
}

/** Of its places, and of those of him on whose word it is believed, the fullest counts. */
function shareOf(rater: Author, { root }: Standing): number {
  const share = leastShare(rater.places, 1)
  return root === rater ? share : leastShare(root.places, share)
}

function leastShare(places: readonly Place[], limit: number): number {
  let least = limit
  for (const { all, most } of places) if (most < all * least) least = most / all
  return least
}

function addTo(place: Place, weight: number, turn: number): void {
  if (place.turn !== turn) {
    place.turn = turn
    place.all = weight
    place.most = weight
  } else {
    place.all += weight
    if (weight > place.most) place.most = weight
  }
}
