/** The same texts and questions for everybody: generated, with the word statistics of natural language. */
import { createGeneratedTexts } from '../support/generated-text.ts'

export interface Workload {
  readonly texts: readonly string[]
  /** Texts that are added one by one to what is there. */
  readonly added: readonly string[]
  /** Questions of a sentence, each about one of the texts. */
  readonly questions: readonly string[]
}

export interface WorkloadSize {
  readonly entries: number
  readonly queries: number
  readonly adds: number
  readonly seed: number
}

const TEXT_CHARS = 200
const ASKED_WORDS = 8
const BEGINNINGS = ['what did', 'when was', 'how did', 'who is']

export function makeWorkload({ entries, queries, adds, seed }: WorkloadSize): Workload {
  const generated = createGeneratedTexts(seed)
  const texts: string[] = []
  const questions: string[] = []
  const every = Math.max(1, Math.floor(entries / queries))
  for (let i = 0; i < entries; i++) {
    const text = generated.text(TEXT_CHARS)
    texts.push(text)
    if (i % every === 0 && questions.length < queries) questions.push(questionAbout(text, i))
  }
  const added = Array.from({ length: adds }, () => generated.text(TEXT_CHARS))
  return { texts, added, questions }
}

/**
 * Words of a text as they stand there, behind a question's beginning: ten words, of which nearly half are stop words, as in
 * the questions that people ask (of the 997 of LoCoMo's five conversations, 4.6 of 9.9).
 */
function questionAbout(text: string, number: number): string {
  const words = text.split(' ')
  const from = (number * 7919) % Math.max(1, words.length - ASKED_WORDS)
  return `${BEGINNINGS[number % BEGINNINGS.length]} ${words.slice(from, from + ASKED_WORDS).join(' ')}?`
}
