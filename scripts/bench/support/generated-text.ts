/**
 * Texts with the statistics of natural ones, as many as are wanted: words by Zipf's law with Mandelbrot's constant, new words
 * without end (Heaps), topics that share rarer words, English stop words in their share, endings that a stemmer takes off.
 * The same seed gives the same texts.
 */

/** The commonest words of English, by rank. */
const COMMON =
  'the of and to a in is it you that he was for on are with as I his they be at one have this from or had by not but what all were when we there can an your which their said if do will each about how up out them then she many some so these would other into has more her two like him see time could no make than first been its who now people my made over did down only way find use may water long little very after words called just where most know'.split(
    ' ',
  )
/**
 * The law as it is found in large collections: exponent 1 with Mandelbrot's shift for the working vocabulary, and a steeper
 * tail behind it (Ferrer i Cancho & Solé 2001), so that new words come as by Heaps' law: 44 · tokens^.49 (Manning, Raghavan
 * & Schütze 2008, chapter 5).
 */
const SHIFT = 2.7
const WORKING_WORDS = 8000
const TAIL_SHARE = 0.06
const TAIL_EXPONENT = 1.75
/** Ranks that are drawn at all. */
const RANKS = 20_000_000
const ONSETS = [
  'b',
  'br',
  'c',
  'd',
  'dr',
  'f',
  'g',
  'gr',
  'h',
  'k',
  'l',
  'm',
  'n',
  'p',
  'pl',
  'r',
  's',
  'st',
  't',
  'v',
]
const RIMES = ['a', 'an', 'ar', 'e', 'el', 'en', 'i', 'in', 'o', 'or', 'on', 'u', 'ul', 'um']
const SYLLABLES = ONSETS.length * RIMES.length
const ENDINGS = ['', '', '', '', '', '', '', 's', 's', 'ed', 'ing']
const TOPICS = 500
const TOPIC_WORDS = 60
const TOPIC_SHARE = 0.25
const QUESTION_WORDS = ['what', 'when', 'how', 'who', 'did', 'was', 'the']

export interface GeneratedTexts {
  /** A text of about `characters`. */
  text(characters: number): string
  /** A question of a few telling words about a text. */
  question(about: string): string
}

export function createGeneratedTexts(seed: number): GeneratedTexts {
  let state = (seed * 2654435761 + 1) >>> 0
  /** mulberry32: fast, and good enough for texts. */
  const float = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (most: number): number => Math.floor(float() * most)
  /** The inverse of the law's distribution, as if ranks were continuous. */
  const rank = (): number => {
    if (float() >= TAIL_SHARE) return Math.floor(SHIFT * ((WORKING_WORDS + SHIFT) / SHIFT) ** float() - SHIFT)
    return Math.min(RANKS, Math.floor(WORKING_WORDS * (1 - float()) ** (-1 / (TAIL_EXPONENT - 1))))
  }

  const wordOf = (at: number): string => {
    const common = COMMON[at]
    if (common) return common
    let word = ''
    for (let rest = at; rest > 0 || word === ''; rest = Math.floor(rest / SYLLABLES)) {
      const syllable = rest % SYLLABLES
      word += `${ONSETS[syllable % ONSETS.length]}${RIMES[Math.floor(syllable / ONSETS.length)]}`
    }
    return word + ENDINGS[below(ENDINGS.length)]
  }

  return {
    text(characters) {
      const topic = below(TOPICS)
      let text = ''
      while (text.length < characters) {
        const isTopical = float() < TOPIC_SHARE
        // A topic's words lie among the ranks of nouns: neither stop words nor names.
        const at = isTopical ? 200 + ((topic * 7919 + below(TOPIC_WORDS) * 104_729) % WORKING_WORDS) : rank()
        text += text === '' ? wordOf(at) : ` ${wordOf(at)}`
      }
      return text
    },
    question(about) {
      const words = [...new Set(about.split(' '))].filter((word) => !COMMON.includes(word))
      const asked = Array.from({ length: 3 + below(4) }, () => words[below(words.length)] ?? 'nothing')
      return `${QUESTION_WORDS[below(4)]} ${QUESTION_WORDS[4 + below(3)]} ${asked.join(' ')}?`
    },
  }
}
