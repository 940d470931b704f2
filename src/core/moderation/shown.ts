/** What people and tools get to see, by what the operator ruled about authors, and by what a space asks of who writes there. */
import type { Did, SpaceId } from '../base/brand.ts'
import type { AuthorStanding } from './matcher.ts'
import type { Moderation } from './moderation.ts'

/**
 * Where something would be shown: `id` to who names it, `list` in searches, pages, tasks and events, `context` to a model
 * that reads it as knowledge.
 */
export type Place = 'id' | 'list' | 'context'
/** True for an author who is not shown, as far as what he wrote is in a space. */
export type Hides = (author: Did, space: SpaceId) => boolean

/** What open spaces ask of who writes there: below it an author is held and passed on, and shown in no place. */
export interface Writers {
  /** True where some space asks for something. */
  readonly areAsked: boolean
  isBelow(author: Did, space: SpaceId): boolean
}

export interface Shown {
  /** Who is not shown in a place, by the rules of this moment and what spaces ask; undefined where everybody is. */
  hides(place: Place): Hides | undefined
  /** The same by the rules alone, whatever space it is in. */
  rulesOut(place: Place): ((author: Did) => boolean) | undefined
  /** What an author is labelled with; null for nothing. */
  labelOf(author: Did): 'limited' | 'muted' | null
}

const HIDDEN: Readonly<Record<Place, readonly AuthorStanding[]>> = {
  id: ['refused'],
  list: ['refused', 'muted'],
  context: ['refused', 'muted', 'limited'],
}

/** `writers` is left out where only what the operator ruled counts. */
export function createShown(moderation: Pick<Moderation, 'matcher'>, writers?: Writers): Shown {
  const rulesOut: Shown['rulesOut'] = (place) => {
    const { matcher } = moderation
    if (matcher.isSilent) return undefined
    const hidden = HIDDEN[place]
    return (author) => hidden.includes(matcher.author(author))
  }
  return {
    hides(place) {
      const isOut = rulesOut(place)
      if (!writers?.areAsked) return isOut
      return (author, space) => isOut?.(author) === true || writers.isBelow(author, space)
    },
    rulesOut,
    labelOf(author) {
      const standing = moderation.matcher.author(author)
      return standing === 'limited' || standing === 'muted' ? standing : null
    },
  }
}
