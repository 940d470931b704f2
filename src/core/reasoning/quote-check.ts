/**
 * Whether what a contribution says to quote is there: the memory is held, the task's space may read it, and it has these words. Else a
 * spore could put words into another author's mouth.
 */
import type { Library } from '../memory/library.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { ContributionPayload, Quote } from '../protocol/task-payloads.ts'
import type { Noted } from './attempt.ts'

export interface QuoteCheck {
  /** The quotes of a contribution that are to the letter, in their order. */
  checked(said: Noted<ContributionPayload>): Promise<readonly Quote[]>
}

export interface QuoteCheckDeps {
  readonly library: Pick<Library, 'read'>
  readonly spaces: Pick<Spaces, 'readableFrom'>
}

export function createQuoteCheck({ library, spaces }: QuoteCheckDeps): QuoteCheck {
  return {
    async checked({ payload, space }) {
      const { quotes } = payload.outcome
      if (quotes.length === 0) return []
      const readable = spaces.readableFrom(space)
      const memories = await library.read(quotes.map(({ memory }) => memory))
      return quotes.filter(({ text }, i) => {
        const memory = memories[i]
        return memory?.dots.some((dot) => readable.has(dot.space)) && memory.payload.text.includes(text)
      })
    },
  }
}
