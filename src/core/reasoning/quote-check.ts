/**
 * Whether what a contribution says to quote is there: the memory is held, the task's space may read it, and it has these words. Else a
 * spore could put words into another author's mouth.
 */
import type { Did } from '../base/brand.ts'
import type { Library, StoredMemory } from '../memory/library.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { ContributionPayload, Quote } from '../protocol/task-payloads.ts'
import { createStrangers } from '../retrieval/strangers.ts'
import type { Noted } from './attempt.ts'

export interface QuoteCheck {
  /** The quotes of a contribution that are to the letter, in their order. */
  checked(said: Noted<ContributionPayload>): Promise<readonly Quote[]>
  /** The same as a model may read them: without those of strangers, and which of them are not this spore's own words. */
  readable(said: Noted<ContributionPayload>): Promise<ReadableQuotes>
}

export interface ReadableQuotes {
  readonly quotes: readonly Quote[]
  readonly foreign: readonly string[]
}

export interface QuoteCheckDeps {
  readonly library: Pick<Library, 'read'>
  readonly spaces: Pick<Spaces, 'readableFrom'>
  readonly self: Did
  /** Whose memories no model reads. */
  readonly isQuarantined: (author: Did) => boolean
}

interface Checked {
  readonly quote: Quote
  readonly memory: StoredMemory
  /** Who says it, as far as the task's space may know. */
  readonly authors: readonly Did[]
}

export function createQuoteCheck({ library, spaces, self, isQuarantined }: QuoteCheckDeps): QuoteCheck {
  const strangers = createStrangers({ library, isQuarantined })
  const check = async ({ payload, space }: Noted<ContributionPayload>): Promise<readonly Checked[]> => {
    const { quotes } = payload.outcome
    if (quotes.length === 0) return []
    const readable = spaces.readableFrom(space)
    const memories = await library.read(quotes.map(({ memory }) => memory))
    return quotes.flatMap((quote, i) => {
      const memory = memories[i]
      const dots = memory?.dots.filter((dot) => readable.has(dot.space)) ?? []
      if (!memory || dots.length === 0 || !memory.payload.text.includes(quote.text)) return []
      return [{ quote, memory, authors: dots.map(({ author }) => author) }]
    })
  }

  return {
    checked: async (said) => (await check(said)).map(({ quote }) => quote),
    async readable(said) {
      const found = await check(said)
      const areStrange = await strangers.are(found)
      const kept = found.filter((_, i) => !areStrange[i])
      return {
        quotes: kept.map(({ quote }) => quote),
        foreign: kept.filter(({ authors }) => !authors.includes(self)).map(({ quote }) => quote.text),
      }
    },
  }
}
