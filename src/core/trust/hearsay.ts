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

/** Voices that are kept room for; it grows with the raters of whoever has most. */
const VOICES_START = 64

export function createListener(params: TrustParams): Listener {
  // Kept from one listening to the next: there are a hundred thousand in a second.
  const raters: Author[] = []
  const standings: Standing[] = []
  let said = { right: new Float64Array(VOICES_START), wrong: new Float64Array(VOICES_START) }
  let byChance = new Float64Array(VOICES_START)
  let turn = 0

  const grow = (size: number): void => {
    if (size <= byChance.length) return
    said = { right: new Float64Array(2 * size), wrong: new Float64Array(2 * size) }
    byChance = new Float64Array(2 * size)
  }
  /** Fills the voices and the sums of places; returns how many there are. */
  const gather = (about: Author, depth: number, { subject, domain }: Query): number => {
    const isAll = subject === null && domain === null
    let count = 0
    turn++
    grow(about.raters.size)
    const { right: rights, wrong: wrongs } = said
    for (const pair of about.raters.values()) {
      const { rater } = pair
      const standing = rater.standings[depth]
      if (standing === undefined || standing.steps === 0 || standing.root === about) continue
      const claim = isAll ? pair : scale(saidOf(pair, subject, domain), 1, params.raterAnswersMax)
      const weight = standing.steps / WEIGHT_STEPS
      const right = Math.floor(claim.right * weight)
      const wrong = Math.floor(claim.wrong * weight)
      if (right + wrong === 0) continue
      raters[count] = rater
      standings[count] = standing
      rights[count] = right
      wrongs[count] = wrong
      byChance[count] = Math.floor(claim.chance * weight)
      addToPlaces(rater, standing, right + wrong, turn)
      count++
    }
    return count
  }
  /** Authors that are gone are not held on to. */
  const clear = (): void => {
    raters.length = 0
    standings.length = 0
  }

  return {
    hear(about, depth, query) {
      if (about.raters.size === 0) return SILENCE
      const count = gather(about, depth, query)
      if (count === 0) return SILENCE
      let [right, wrong, chance, loudest] = [0, 0, 0, 0]
      let introducer: Author | null = null
      for (let i = 0; i < count; i++) {
        const rater = raters[i] as Author
        const share = shareOf(rater, standings[i] as Standing, turn)
        const praise = said.right[i] as number
        right += Math.floor(praise * share)
        wrong += Math.floor((said.wrong[i] as number) * share)
        chance += Math.floor((byChance[i] as number) * share)
        if (praise === 0 || praise < loudest) continue
        if (introducer && praise === loudest && compareText(rater.did, introducer.did) > 0) continue
        loudest = praise
        introducer = rater
      }
      clear()
      return { right, wrong, chance, introducer }
    },
    voices(about, depth, query) {
      const count = gather(about, depth, query)
      const voices = raters.slice(0, count).map((rater, i): Voice => {
        const standing = standings[i] as Standing
        const [right, wrong, chance] = [said.right[i], said.wrong[i], byChance[i]] as [number, number, number]
        return { rater, standing, share: shareOf(rater, standing, turn), right, wrong, chance }
      })
      clear()
      return voices
    },
  }
}

/** Of its places, and of those of him on whose word it is believed, the fullest counts. */
function shareOf(rater: Author, { root }: Standing, turn: number): number {
  const share = leastShare(rater.places, 1, turn)
  return root === rater ? share : leastShare(root.places, share, turn)
}

function leastShare(places: readonly Place[], limit: number, turn: number): number {
  let least = limit
  for (const place of places)
    if (place.turn === turn && place.most < place.all * least) least = place.most / place.all
  return least
}

function addToPlaces({ places }: Author, { root }: Standing, weight: number, turn: number): void {
  // Who is alone in a place shares it with nobody.
  for (const place of places) if (place.members > 1) addTo(place, weight, turn)
  if (root.places === places) return
  for (const place of root.places)
    if (place.members > 1 && !places.includes(place)) addTo(place, weight, turn)
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
