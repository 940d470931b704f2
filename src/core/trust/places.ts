/** What many identities of one owner share: each place is one object, however many authors are in it. */
import type { Did } from '../base/brand.ts'

/** Places of one author that are looked at: operator, domain, block, and one to come. */
export const PLACES_MAX = 4

/** Where what its members say is added up, while one subject is listened for. */
export interface Place {
  readonly name: string
  /** Authors in it; of an author's own place, also those who are believed on its word. */
  members: number
  /** For which listening the sums are. */
  turn: number
  all: number
  most: number
}

export interface Places {
  /** The author's own, then those that it shares. To be given back. `before`: what it had, of which its own stays. */
  take(author: Did, isChosen: boolean, before: readonly Place[]): readonly Place[]
  release(places: readonly Place[]): void
}

/** Of everybody whose place is not known. No place has this name: theirs begin with an `@`. */
const NOWHERE = 'nowhere'

export function createPlaces(placeOf: (author: Did) => readonly string[]): Places {
  const shared = new Map<string, Place>()
  const enter = (name: string): Place => {
    const place = shared.get(name) ?? newPlace(name)
    place.members++
    shared.set(name, place)
    return place
  }
  return {
    take(author, isChosen, [own = { ...newPlace(author), members: 1 }]) {
      const known = placeOf(author).slice(0, PLACES_MAX)
      // A peer that the operator chose in his own network has no public place, and stands for himself.
      const names = known.length > 0 ? known.map((place) => `@${place}`) : isChosen ? [] : [NOWHERE]
      return [own, ...[...new Set(names)].map(enter)]
    },
    release(places) {
      for (const { name } of places.slice(1)) {
        const place = shared.get(name)
        if (place && --place.members === 0) shared.delete(name)
      }
    },
  }
}

const newPlace = (name: string): Place => ({ name, members: 0, turn: 0, all: 0, most: 0 })
