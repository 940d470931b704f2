/**
 * Which answers are the same answer. With choices, an answer is one of them or none; without, numbers are compared by
 * value and short spans by their words. A class is a key: it is compared, sorted and listed, never shown.
 *
 * Invariant: the class is a function of the text and the choices alone, in any order and on any spore.
 */

import type { Brand } from '../base/brand.ts'
import { utf8ToBytes } from '../base/bytes.ts'
import { bytesToDigest, sha256 } from '../base/hash.ts'

/** `choice:2`, `number:125e-1 km`, `text:paris`, or `long:` with a hash. */
export type AnswerClass = Brand<string, 'AnswerClass'>

/** The class of an answer; null where there is no answer in it, or none of the choices. */
export type Classifier = (text: string) => AnswerClass | null

/** Choices of one task that are told apart by a letter: the alphabet. More are known by their text alone. */
export const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
/** Characters of an answer that are looked at; a text is at most 64 KiB, and its class is not in the rest. */
export const CLASSIFIED_CHARS_MAX = 16_384
/** Characters of a normalised answer that stand in its class; a longer one stands there by its hash. */
export const SPAN_CHARS_MAX = 120
/** Digits of a number that is compared by value: more is a text of digits. */
export const NUMBER_DIGITS_MAX = 60

export function createClassifier(choices: readonly string[]): Classifier {
  if (choices.length === 0) return freeClass
  const indexByClass = new Map<AnswerClass, number>()
  choices.forEach((choice, i) => {
    const key = freeClass(choice)
    // Of two choices that say the same the first stands for both.
    if (key !== null && !indexByClass.has(key)) indexByClass.set(key, i)
  })
  const choiceOf = (text: string): number | undefined => {
    const key = freeClass(text)
    return key === null ? undefined : indexByClass.get(key)
  }
  return (text) => {
    const index = choiceOf(text) ?? labelledChoice(text, choices, choiceOf)
    return index === undefined ? null : (`choice:${index}` as AnswerClass)
  }
}

/** `b`, `(b)`, `option b`, `b. paris`: where a text follows the letter, it has to be that choice's own. */
function labelledChoice(
  text: string,
  choices: readonly string[],
  choiceOf: (text: string) => number | undefined,
): number | undefined {
  const [, letter, rest] = LABEL.exec(text.slice(0, CLASSIFIED_CHARS_MAX).trim().toLowerCase()) ?? []
  if (letter === undefined) return undefined
  const index = LETTERS.indexOf(letter)
  if (index >= choices.length) return undefined
  return rest === undefined || rest.trim() === '' || choiceOf(rest) === index ? index : undefined
}
const LABEL = /^(?:the answer is |answer: ?)?(?:option |choice )?\(?([a-z])(?:[).:](.*))?$/s

/** The class of an answer where there are no choices. */
export function freeClass(text: string): AnswerClass | null {
  const span = normaliseAnswer(text)
  if (span === '') return null
  const number = numberClass(span)
  if (number !== null) return number
  if (span.length <= SPAN_CHARS_MAX) return `text:${span}` as AnswerClass
  return `long:${bytesToDigest(sha256(utf8ToBytes(span)))}` as AnswerClass
}

/**
 * The words of an answer: compatible characters made one, lower case, no article, quotes or marks around it, no "the answer
 * is" before it.
 */
export function normaliseAnswer(text: string): string {
  const cut = text.slice(0, CLASSIFIED_CHARS_MAX)
  if (SIMPLE.test(cut)) return cut.toLowerCase()
  return (
    cut
      .toWellFormed()
      .normalize('NFKC')
      .toLowerCase()
      .replaceAll('\u2212', '-')
      .split(/\s+/u)
      .filter(Boolean)
      .join(' ')
      // Each pattern is anchored and has one way to match: no text makes them slow.
      .replace(/^(?:the (?:final )?answer is|(?:final )?answer) ?:? /u, '')
      .replace(/^["'`*_“”‘’«»([{]+/u, '')
      .replace(TRAILING_MARKS, '')
      .replace(/^(?:an?|the) (?=.)/u, '')
  )
}
/** The usual answer to a choice: one plain word, which is its own normal form. */
const SIMPLE = /^(?!(?:an?|the)$)[A-Za-z]{1,20}$/
const TRAILING_MARKS = /(?<![.,;:!?"'`*_“”‘’«»)\]}])[.,;:!?"'`*_“”‘’«»)\]}]+$/u

/** A number by its value: `1,000.0`, `1000` and `1e3` are one class, each with the same unit or none. */
function numberClass(span: string): AnswerClass | null {
  const found = NUMBER.exec(span)
  if (!found) return null
  const [, sign, currency = '', whole = '', fraction = '', exponent = '0', unit = ''] = found
  const digits = whole.replaceAll(',', '') + fraction
  if (digits === '' || digits.length > NUMBER_DIGITS_MAX) return null
  const [significant] = /^0*/.exec(digits) as RegExpExecArray
  const scale = Number(exponent) - fraction.length
  const leading = digits.slice(significant.length)
  const trimmed = leading.replace(/(?<!0)0+$/, '')
  const name = `${currency}${unit}` === '' ? '' : ` ${currency}${unit}`
  if (trimmed === '') return `number:0${name}` as AnswerClass
  const power = scale + leading.length - trimmed.length
  return `number:${sign === '-' ? '-' : ''}${trimmed}e${power}${name}` as AnswerClass
}
const NUMBER =
  /^([-+]?)([$€£¥]?)(\d{1,3}(?:,\d{3})+|\d*)(?:\.(\d+))?(?:e([-+]?\d{1,2}))? ?([%$€£¥°]|°?\p{L}{1,16})?$/u
