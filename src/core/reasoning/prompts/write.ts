/**
 * The text of a synthesis: the answer is decided, and the text says it, why, and who disagrees. Its citations `[n]` are places in a list of
 * quotes, as those of the extractive reasoner: `[n]` is `quotes[n − 1]`.
 */
import { z } from 'zod'
import { utf8Length } from '../../base/bytes.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { REFERENCES_MAX } from '../../protocol/limits.ts'
import type { Quote } from '../../protocol/task-payloads.ts'
import { fenced } from '../../retrieval/fenced.ts'
import type { StatedAnswer } from '../answers-of-others.ts'
import { ANSWER_BYTES_MAX, createRoom } from '../given-answer.ts'
import { isRefusal } from '../refusal.ts'
import * as values from '../reply-values.ts'
import { type Structure, structureOf } from '../structured.ts'
import * as parts from './parts.ts'

export interface WriteInput {
  readonly question: parts.AskedQuestion
  /** The answer that won. No text changes it. */
  readonly answer: string
  /** Who holds it, the weightiest first. */
  readonly holders: readonly StatedAnswer[]
  /** Other answers, with the reason of one who holds them. */
  readonly dissent: readonly { readonly text: string; readonly reason: string | null }[]
}

/** Null for a refusal. */
export type WriteReply = WrittenText | null

export interface WrittenText {
  readonly text: string
  /** Those that the text cites, in the order of their numbers. */
  readonly quotes: readonly Quote[]
}

/** UTF-16 code units of a text: half a page, read in a minute. */
export const WRITTEN_CHARS_MAX = 4_000
/** Bytes that so many code units have at most in UTF-8. */
const WRITTEN_BYTES_MAX = 3 * WRITTEN_CHARS_MAX
/** Answers that are shown of those who hold it, and dissenting ones. */
export const SHOWN_HOLDERS_MAX = 8
export const SHOWN_DISSENT_MAX = 8
/** Code units of one text that is shown; a longer quote is none that a sentence can rest on. */
const SHOWN_CHARS_MAX = 1_500

const STEP =
  'Several reasoners answered a question, and their answers were weighed. The answer is decided. You write the text that the asker reads.'
const RULES = `The answer stands in the fence \`decided\`. Begin with it, in the same words, and never state another one as right, even if you think it is. Then say why, from the claims and quotes that you are shown and from nothing else, and cite the quotes as [1], [2], … where you use them. Where there is dissent, say in a sentence what others answered and why. Write in the language of the question, at most 200 words, no headings. Reply in JSON.`

export function writePrompt(
  { question, answer, holders, dissent }: WriteInput,
  maxTokens = parts.REPLY_TOKENS,
): parts.Prompt<WriteReply> {
  const shown = holders.slice(0, SHOWN_HOLDERS_MAX)
  const quotes = quotesOf(shown, ANSWER_BYTES_MAX - utf8Length(answer) - WRITTEN_BYTES_MAX)
  const numberOf = ({ memory, text }: Quote): number =>
    quotes.findIndex((quote) => quote.memory === memory && quote.text === text) + 1
  const dissenting = dissent.slice(0, SHOWN_DISSENT_MAX)
  return {
    request: parts.toRequest(
      parts.systemText(STEP, question, RULES),
      [
        parts.questionPart(question),
        fenced('decided', parts.quotedText(answer)),
        fenced('grounds', shown.map((holder) => groundsOf(holder, numberOf)).join('')),
        quotesPart(quotes),
        dissenting.length > 0 ? fenced('dissent', dissenting.map(dissentOf).join('')) : null,
        'Write the text.',
      ],
      maxTokens,
    ),
    structure: writeStructure(quotes),
  }
}

/** Quotes behind their numbers. */
export function quotesPart(quotes: readonly Quote[]): string {
  if (quotes.length === 0) return 'There is nothing to cite.\n'
  const listed = quotes.map(({ text }, i) => `[${i + 1}]\n${parts.quotedText(text, SHOWN_CHARS_MAX)}`)
  return fenced('quotes', listed.join(''))
}

/** The quotes that claims of these answers rest on, each once, and not more than an entry holds beside answer and text. */
function quotesOf(answers: readonly StatedAnswer[], bytes: number): readonly Quote[] {
  const room = createRoom(bytes)
  const found = new Map<string, Quote>()
  for (const { claims, quotes } of answers)
    for (const claim of claims)
      for (const place of claim.quotes) {
        const quote = quotes[place]
        const key = quote && `${quote.memory} ${quote.text}`
        if (!key || found.has(key) || found.size === REFERENCES_MAX) continue
        // What cannot be shown whole is not cited.
        if (quote.text.length <= SHOWN_CHARS_MAX && room.take(quote.text)) found.set(key, quote)
      }
  return [...found.values()]
}

function groundsOf({ reason, claims, quotes }: StatedAnswer, numberOf: (quote: Quote) => number): string {
  const claimed = claims.map(({ text, quotes: places }) => {
    const numbers = places.flatMap((place) => (quotes[place] ? [numberOf(quotes[place])] : []))
    const cited = numbers.filter((number) => number > 0).map((number) => ` [${number}]`)
    return `claim${cited.join('')}\n${parts.quotedText(text, SHOWN_CHARS_MAX)}`
  })
  return `${reason === null ? '' : `reason\n${parts.quotedText(reason, SHOWN_CHARS_MAX)}`}${claimed.join('')}`
}

const dissentOf = ({ text, reason }: WriteInput['dissent'][number]): string =>
  `answered\n${parts.quotedText(text, SHOWN_CHARS_MAX)}${reason === null ? '' : `because\n${parts.quotedText(reason, SHOWN_CHARS_MAX)}`}`

function writeStructure(quotes: readonly Quote[]): Structure<WriteReply> {
  const form = z.strictObject({ text: z.string().max(WRITTEN_CHARS_MAX) })
  return { schema: structureOf('synthesis', form).schema, read: (value) => readText(value, quotes) }
}

function readText(value: unknown, quotes: readonly Quote[]): Result<WriteReply, string> {
  const text = values.textOf(values.fieldsOf(value)?.text)
  if (text === null) return err('`text` must be text that is not empty.')
  if (text.length > WRITTEN_CHARS_MAX)
    return err(`\`text\` must have at most ${WRITTEN_CHARS_MAX} characters.`)
  if (isRefusal(text)) return ok(null)
  const written = renumbered(text, quotes)
  return written.text === '' ? err('`text` says nothing.') : ok(written)
}

/** `[3]`, `[1, 2]`. */
const CITATION = /[ \t]*\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/g

/** Citations as 1, 2, 3 … in the order in which they first stand; those of nothing are taken out. */
function renumbered(text: string, quotes: readonly Quote[]): WrittenText {
  const cited: Quote[] = []
  const placeOf = (quote: Quote): number =>
    cited.includes(quote) ? cited.indexOf(quote) + 1 : cited.push(quote)
  const rewritten = text.replace(CITATION, (whole, numbers: string) => {
    const found = numbers.split(',').flatMap((number) => quotes[Number(number) - 1] ?? [])
    const blank = /^[ \t]*/.exec(whole)?.[0] ?? ''
    return found.length === 0
      ? ''
      : blank + [...new Set(found.map(placeOf))].map((place) => `[${place}]`).join('')
  })
  return { text: rewritten.trim(), quotes: cited }
}
