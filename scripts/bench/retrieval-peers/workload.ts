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

export function makeWorkload({ entries, queries, adds, seed }: WorkloadSize): Workload {
  const generated = createGeneratedTexts(seed)
  const texts: string[] = []
  const questions: string[] = []
  const every = Math.max(1, Math.floor(entries / queries))
  for (let i = 0; i < entries; i++) {
    const text = generated.text(TEXT_CHARS)
    texts.push(text)
    if (i % every === 0 && questions.length < queries) questions.push(generated.question(text))
  }
  const added = Array.from({ length: adds }, () => generated.text(TEXT_CHARS))
  return { texts, added, questions }
}
