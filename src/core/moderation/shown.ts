/** What people and tools get to see, by what the operator ruled about authors. */
import type { Did } from '../base/brand.ts'
import type { AuthorStanding } from './matcher.ts'
import type { Moderation } from './moderation.ts'

/**
 * Where something would be shown: `id` to who names it, `list` in searches, pages, tasks and events, `context` to a model
 * that reads it as knowledge.
 */
export type Place = 'id' | 'list' | 'context'
/** True for an author who is not shown. */
export type Hides = (author: Did) => boolean

export interface Shown {
  /** Who is not shown in a place, by the rules of this moment; undefined where everybody is. */
  hides(place: Place): Hides | undefined
  /** What an author is labelled with; null for nothing. */
  labelOf(author: Did): 'limited' | 'muted' | null
}

const HIDDEN: Readonly<Record<Place, readonly AuthorStanding[]>> = {
  id: ['refused'],
  list: ['refused', 'muted'],
  context: ['refused', 'muted', 'limited'],
}

export function createShown(moderation: Pick<Moderation, 'matcher'>): Shown {
  return {
    hides(place) {
      const { matcher } = moderation
      if (matcher.isSilent) return undefined
      const hidden = HIDDEN[place]
      return (author) => hidden.includes(matcher.author(author))
    },
    labelOf(author) {
      const standing = moderation.matcher.author(author)
      return standing === 'limited' || standing === 'muted' ? standing : null
    },
  }
}
