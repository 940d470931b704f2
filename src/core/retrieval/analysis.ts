/**
 * Text → tokens → two bags of features. `terms`: stems of words without stop words, identifiers whole and in parts,
 * characters and pairs of characters where a script writes no spaces. `grams`: 4-grams of characters, which find
 * inflections, misspellings and languages the stemmer does not know.
 *
 * Invariant: pure functions of the text, and of the token. The index keeps a document's tokens and takes them apart again
 * when it takes the document out.
 */
import { createStemmer } from './stemmer.ts'
import { STOP_WORDS } from './stop-words.ts'

/** Feature → how often it occurs. A `Map`, because `constructor` is a word like any other. */
export type Bag = Map<string, number>

export interface Analysis {
  readonly terms: Bag
  readonly grams: Bag
}

/** What one token stands for. */
export interface TokenParts {
  readonly term: string
  /** Its 4-grams, repeated as often as they occur; none of an identifier as a whole, whose words have them. */
  readonly grams: readonly string[]
  /** It carries no topic: its term is of its own, and finds nothing but where a query has no other. */
  readonly isStop: boolean
}

export interface Analyser {
  /**
   * The tokens of a text: its words in lower case, identifiers of several words whole, behind `WHOLE_MARK`, and where a
   * script writes no spaces its characters and pairs of them; of a query single ones only where they stand alone.
   * Terms and grams are a function of them (`parts`).
   */
  tokens(text: string, isQuery?: boolean): Bag
  parts(token: string): TokenParts
  /**
   * Features of a stored text and of who said it. A speaker's name counts as one term, said or not: what people say is
   * about them as much as what others say to them.
   */
  document(text: string, speaker?: string | null): Analysis
  /**
   * Features of a query: as of a document, but single characters of scripts without spaces only when alone, and stop words
   * where there is nothing else.
   */
  query(text: string): Analysis
  /** The words of a text in lower case, unstemmed, stop words included: for names. */
  words(text: string): string[]
}

/** Characters of one term; what is longer is cut, so that a 64 KiB "word" is no 64 KiB key. */
export const TERM_CHARS_MAX = 128
/** Characters of a gram: the length that works best for European languages (McNamee & Mayfield 2004). */
export const GRAM_CHARS = 4

/** No character of a word: tells `fooBar` as a whole from the word `foobar`. */
const WHOLE_MARK = '='
/** The same before the term of a stop word: `her` is not what is left of `hers`. */
const STOP_MARK = '~'

/** A run of word characters, also across one joining character: `a/b.ts:12`, `don't`, `foo::bar`; or an emoji. */
const CHUNK = /[\p{L}\p{M}\p{N}_]+(?:(?:::|['’./:\\#@-])[\p{L}\p{M}\p{N}_]+)*|\p{Extended_Pictographic}/gu
const PLAIN = /^(?:[A-Z]?[a-z]+|[A-Z]+|\p{N}+)$/u
const NOT_ASCII = /[^\p{ASCII}]/u
const POSSESSIVE = /['’]s$/i
const APOSTROPHES = /['’]/g
const JOINERS = /[^\p{L}\p{M}\p{N}'’]+/u
const CAMEL = /(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u
/** Scripts that write words without spaces between them. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]+/gu
const HAS_UNSPACED = new RegExp(UNSPACED.source, 'u')

export function createAnalyser(): Analyser {
  const stem = createStemmer()

  function tokens(text: string, isQuery = false): Bag {
    const bag: Bag = new Map()
    const addWord = (word: string): void => {
      if (HAS_UNSPACED.test(word)) addUnspaced(bag, word, isQuery)
      else add(bag, word)
    }
    for (const chunk of chunksOf(text)) {
      if (PLAIN.test(chunk)) {
        add(bag, chunk.toLowerCase())
        continue
      }
      const { whole, words } = takeApart(chunk)
      for (const word of words) addWord(word)
      if (whole !== null) add(bag, WHOLE_MARK + whole)
    }
    return bag
  }

  function parts(token: string): TokenParts {
    if (token.startsWith(WHOLE_MARK)) return { term: token.slice(1), grams: [], isStop: false }
    if (HAS_UNSPACED.test(token)) return { term: token, grams: [], isStop: false }
    const isStop = STOP_WORDS.has(token)
    return { term: isStop ? STOP_MARK + token : stem(token), grams: gramsOf(token), isStop }
  }

  function analyse(text: string, isQuery: boolean): Analysis {
    const terms: Bag = new Map()
    const grams: Bag = new Map()
    const bag = tokens(text, isQuery)
    for (const [token, count] of bag) {
      const part = parts(token)
      if (!part.isStop) add(terms, part.term, count)
      for (const gram of part.grams) add(grams, gram, count)
    }
    // Who asks for nothing else means the word itself.
    if (isQuery && terms.size === 0) for (const [token, count] of bag) add(terms, parts(token).term, count)
    return { terms, grams }
  }

  return {
    tokens,
    parts,
    document(text, speaker = null) {
      const analysis = analyse(text, false)
      if (speaker === null) return analysis
      const name = analyse(speaker, false)
      for (const term of name.terms.keys()) analysis.terms.set(term, 1)
      for (const gram of name.grams.keys()) add(analysis.grams, gram)
      return analysis
    },
    query: (text) => analyse(text, true),
    words(text) {
      return chunksOf(text).flatMap((chunk) => takeApart(chunk).words)
    },
  }
}

function chunksOf(text: string): string[] {
  return (NOT_ASCII.test(text) ? text.normalize('NFKC') : text).match(CHUNK) ?? []
}

/** A chunk's lower-case words, and the chunk itself where it is more than one word. */
function takeApart(chunk: string): { whole: string | null; words: string[] } {
  const pieces = chunk.replace(POSSESSIVE, '').split(JOINERS)
  const words: string[] = []
  for (const piece of pieces) {
    const bare = piece.replace(POSSESSIVE, '').replace(APOSTROPHES, '')
    for (const part of bare.split(CAMEL)) if (part !== '') words.push(part.toLowerCase())
  }
  const whole = chunk.replace(POSSESSIVE, '').replace(APOSTROPHES, '').toLowerCase()
  return { whole: words.length > 1 ? whole : null, words: words.length > 0 ? words : [chunk] }
}

function addUnspaced(tokens: Bag, word: string, isQuery: boolean): void {
  for (const run of word.match(UNSPACED) ?? []) {
    const characters = [...run]
    for (let i = 0; i < characters.length; i++) {
      // A query of one character must find it; in a longer one single characters are only noise.
      if (!isQuery || characters.length === 1) add(tokens, characters[i]!)
      if (i + 1 < characters.length) add(tokens, characters[i]! + characters[i + 1]!)
    }
  }
  for (const rest of word.split(UNSPACED)) if (rest !== '') add(tokens, rest)
}

/** Grams of ` word `: the spaces tell beginnings and ends from middles. */
function gramsOf(word: string): string[] {
  const padded = ` ${word} `
  if (padded.length <= GRAM_CHARS) return [padded]
  return Array.from({ length: padded.length - GRAM_CHARS + 1 }, (_, i) => padded.slice(i, i + GRAM_CHARS))
}

function add(bag: Bag, feature: string, count = 1): void {
  const key = feature.length > TERM_CHARS_MAX ? feature.slice(0, TERM_CHARS_MAX) : feature
  bag.set(key, (bag.get(key) ?? 0) + count)
}
