/** What many identities of one owner share: an author itself first, then its places. */
import type { Did } from '../base/brand.ts'

/** Places of one author that are looked at: operator, domain, block, and one to come. */
export const PLACES_MAX = 4

/** Of everybody whose place is not known. */
const NOWHERE = '@'

/** Who has no known place shares one with all such, unless the operator chose him: a peer in one's own network has no public place. */
export function placesOf(
  author: Did,
  isChosen: boolean,
  placeOf: (author: Did) => readonly string[],
): readonly string[] {
  const known = placeOf(author).slice(0, PLACES_MAX)
  if (known.length === 0) return isChosen ? [author] : [author, NOWHERE]
  return [author, ...known.map((place) => `@${place}`)]
}
