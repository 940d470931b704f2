/**
 * Texts with the word statistics of a natural language, from a seed: what compresses them is what compresses prose.
 * Ranks are drawn by Zipf's law with Mandelbrot's shift; frequent words are short (Zipf, 1949); a word of a text often
 * comes again in it, as the names and things that it is about do; and some words like to follow others.
 */
import { hash } from 'node:crypto'

/** Words of the language: what a collection of ten thousand passages uses. */
const VOCABULARY = 12_000
/** Exponent and shift of the distribution, as measured on English prose (Mandelbrot, 1953). */
const EXPONENT = 1.02
const SHIFT = 2.7
/** How often a word is one that this text has used before. */
const REPEATED = 0.08
/** How often a word is one of the few that usually follow the one before it (`of the`, `it is`). */
const COLLOCATED = 0.2
const FOLLOWERS = 4
const ONSETS = [
  'b',
  'c',
  'd',
  'f',
  'g',
  'h',
  'l',
  'm',
  'n',
  'p',
  'r',
  's',
  't',
  'w',
  'st',
  'tr',
  'pr',
  'th',
  'ch',
  'sh',
]
const NUCLEI = ['a', 'e', 'e', 'i', 'o', 'u', 'ea', 'ou']
const CODAS = ['', '', '', '', 'n', 'r', 's', 't', 'd', 'l', 'ng', 'nt']

/** A generator of numbers in [0, 1) from a seed (mulberry32): millions are drawn. */
export function createDraw(seed: string): () => number {
  let state = hash('sha256', seed, 'buffer').readUInt32LE()
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `count` different texts of about `bytes` bytes. */
export function makeTexts(count: number, bytes: number, seed: string): string[] {
  const draw = createDraw(seed)
  const habits = createDraw('the language is always the same')
  const words = makeVocabulary(habits)
  const limits = cumulate(words.map((_, rank) => (rank + SHIFT) ** -EXPONENT))
  const anyWord = (from: () => number): string => words[rankOf(limits, from())] as string
  const followers = new Map(
    words.map((word) => [word, Array.from({ length: FOLLOWERS }, () => anyWord(habits))]),
  )
  const nextWord = (recent: readonly string[]): string => {
    const last = recent.at(-1)
    const chance = draw()
    if (last === undefined || chance > REPEATED + COLLOCATED) return anyWord(draw)
    return pick(chance < REPEATED ? recent : (followers.get(last) as string[]), draw())
  }
  return Array.from({ length: count }, () => makeText(bytes, draw, nextWord))
}

function makeText(
  bytes: number,
  draw: () => number,
  nextWord: (recent: readonly string[]) => string,
): string {
  const recent: string[] = []
  const size = bytes * (0.7 + 0.6 * draw())
  let text = ''
  let left = 0
  while (text.length < size || left > 0) {
    const word = nextWord(recent)
    recent.push(word)
    const opens = left === 0
    if (opens) left = 6 + Math.floor(18 * draw())
    text += (text === '' ? '' : ' ') + (opens ? word.charAt(0).toUpperCase() + word.slice(1) : word)
    if (--left === 0) text += '.'
    else if (draw() < 0.06) text += ','
    if (text.length >= size) return left > 0 ? `${text}.` : text
  }
  return text
}

function makeVocabulary(draw: () => number): string[] {
  const words = new Set<string>()
  while (words.size < VOCABULARY) {
    const syllables = Math.min(5, 1 + Math.floor(Math.log10(1 + words.size / 12) * (0.6 + draw())))
    let word = ''
    for (let i = 0; i < syllables; i++)
      word += pick(ONSETS, draw()) + pick(NUCLEI, draw()) + pick(CODAS, draw())
    words.add(word)
  }
  return [...words]
}

function cumulate(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let sum = 0
  return weights.map((weight) => {
    sum += weight
    return sum / total
  })
}

/** The first rank whose limit is above `at`. */
function rankOf(limits: readonly number[], at: number): number {
  let [low, high] = [0, limits.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((limits[middle] as number) > at) high = middle
    else low = middle + 1
  }
  return low
}

const pick = <T>(items: readonly T[], at: number): T => items[Math.floor(at * items.length)] as T
