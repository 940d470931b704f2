/** Texts numbered from 0 in the order in which they are first met. They never leave. */

import { type Kept, readTexts, textColumns } from '../base/kept-columns.ts'
import { detached } from './detached.ts'

export interface Interner extends Kept {
  readonly size: number
  /** The number of a text, −1 where it was never met. */
  find(text: string): number
  /** The same, numbering it where it is new. */
  intern(text: string): number
  text(number: number): string
  /** Characters of all texts: what they cost, about. */
  readonly characters: number
}

export function createInterner(): Interner {
  const numbers = new Map<string, number>()
  const texts: string[] = []
  let characters = 0
  return {
    get size() {
      return texts.length
    },
    get characters() {
      return characters
    },
    find: (text) => numbers.get(text) ?? -1,
    intern(text) {
      const known = numbers.get(text)
      if (known !== undefined) return known
      const kept = detached(text)
      numbers.set(kept, texts.length)
      characters += kept.length
      return texts.push(kept) - 1
    },
    text: (number) => texts[number]!,
    save: () => textColumns(texts.length, (number) => texts[number]!),
    async load(from) {
      texts.length = 0
      numbers.clear()
      characters = 0
      await readTexts(from, (text) => {
        numbers.set(text, texts.length)
        texts.push(text)
        characters += text.length
      })
    },
  }
}
