/**
 * From what a model says that a memory says to a sentence of it. Models shorten, correct and invent; a quote of ours is a piece of the
 * memory's text to the letter, whole sentences of it, or there is none.
 */
import { createAnalyser } from '../retrieval/analysis.ts'
import { type Sentence, splitSentences } from './sentences.ts'

export interface Quoting {
  /**
   * The sentence or sentences of `text` in which `said` stands; else the sentence most like `said`, else most like `claim`; null where
   * none is alike.
   */
  quote(text: string, said: string | null, claim: string): string | null
}

/** UTF-16 code units of a quote: a few sentences. */
export const QUOTE_CHARS_MAX = 1_000
/** Code units of a memory that are read for a quote: more of it than a pack shows. */
export const QUOTED_CHARS_MAX = 16_384
/** Code units of all memories that are read for the quotes of one reply: some 50 ms of one core at worst. */
export const READ_CHARS_MAX = 65_536
/** Share of stems in common (Dice) from which on a sentence is like what was said. */
export const QUOTE_ALIKE_AT = 0.3

interface ReadMemory {
  readonly text: string
  readonly sentences: readonly (Sentence & { readonly stems: ReadonlySet<string> })[]
}

/** Remembers the sentences of what it has read: made anew for each reply. */
export function createQuoting(): Quoting {
  const analyser = createAnalyser()
  const stemsOf = (text: string): ReadonlySet<string> => new Set(analyser.document(text).terms.keys())
  const read = new Map<string, ReadMemory>()

  let left = READ_CHARS_MAX

  const readOf = (whole: string): ReadMemory => {
    const known = read.get(whole)
    if (known) return known
    const text = whole.slice(0, Math.min(QUOTED_CHARS_MAX, left)).replace(/[\ud800-\udbff]$/, '')
    left -= text.length
    const sentences = splitSentences(text).map((sentence) => ({
      ...sentence,
      stems: stemsOf(text.slice(sentence.start, sentence.end)),
    }))
    const memory = { text, sentences }
    read.set(whole, memory)
    return memory
  }

  const mostAlike = ({ text, sentences }: ReadMemory, stems: ReadonlySet<string>): string | null => {
    let best: Sentence | null = null
    let highest = QUOTE_ALIKE_AT
    for (const sentence of sentences) {
      let common = 0
      for (const stem of sentence.stems) if (stems.has(stem)) common++
      const alike = common === 0 ? 0 : (2 * common) / (sentence.stems.size + stems.size)
      if (alike > highest || (alike === highest && best === null)) [best, highest] = [sentence, alike]
    }
    return best && text.slice(best.start, best.end)
  }

  return {
    quote(whole, said, claim) {
      const memory = readOf(whole)
      const stems = said === null ? null : stemsOf(said.slice(0, 2 * QUOTE_CHARS_MAX))
      // A word that stands everywhere, such as `the`, quotes nothing.
      if (said !== null && stems && stems.size > 0)
        return standing(memory, said) ?? mostAlike(memory, stems) ?? mostAlike(memory, stemsOf(claim))
      return mostAlike(memory, stemsOf(claim))
    },
  }
}

/** The whole sentences in which a piece of the text stands; null where it does not, or they are too long. */
function standing({ text, sentences }: ReadMemory, said: string): string | null {
  const at = text.indexOf(said)
  if (at < 0) return null
  const touched = sentences.filter(({ start, end }) => start < at + said.length && end > at)
  const [first, last] = [touched[0], touched.at(-1)]
  if (!first || !last || last.end - first.start > QUOTE_CHARS_MAX) return null
  return text.slice(first.start, last.end)
}
