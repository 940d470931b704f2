/** What many identities of one owner share: each place is one object, however many authors are in it. */
import type { Did } from '../base/brand.ts'

/** Places of one author that are looked at: operator, domain, block, and one to come. */
export const PLACES_MAX = 4

/** Where what its members say is added up, while one subject is listened for. */
export interface Place {
  readonly name: string
  /** For which listening the sums are. */
  turn: number
  all: number
  most: number
}

export interface Places {
  /** The author's own, then those that it shares. To be given back. */
  take(author: Did, isChosen: boolean): readonly Place[]
  release(places: readonly Place[]): void
}

/** Of everybody whose place is not known. No place has this name: theirs begin with an `@`. */
const NOWHERE = 'nowhere'

export function createPlaces(placeOf: (author: Did) => readonly string[]): Places {
  /** With how many authors are in it. */
  const shared = new Map<string, { place: Place; authors: number }>()
  const take = (name: string): Place => {
    const known = shared.get(name) ?? { place: newPlace(name), authors: 0 }
    known.authors++
    shared.set(name, known)
    return known.place
  }
  return {
    take(author, isChosen) {
      const known = placeOf(author).slice(0, PLACES_MAX)
      // A peer that the operator chose in his own network has no public place, and stands for himself.
      const names = known.length > 0 ? known.map((place) => `@${place}`) : isChosen ? [] : [NOWHERE]
      return [newPlace(author), ...names.map(take)]
    },
    release(places) {
      for (const { name } of places) {
        const known = shared.get(name)
        if (known && --known.authors === 0) shared.delete(name)
      }
    },
  }
}

const newPlace = (name: string): Place => ({ name, turn: 0, all: 0, most: 0 })
