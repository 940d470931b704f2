/**
 * The rule of what leaves in a model's words (06-faults): a text that repeats fifty or more contiguous characters of what another author
 * wrote is cut there. A worm is a text that makes models repeat it; what is cut to a line's length carries no instruction that does.
 *
 * Invariants: what comes out repeats no run of `REPEAT_CHARS_MAX` + 1 characters of any foreign text, in the form in which texts are
 * compared; the same input gives the same text; a text that repeats nothing comes out as it is. The time is linear in all texts.
 */
import { normalForm } from './normal-form.ts'

/** Characters in a row of another's text that own words may have: names, numbers and terms are shorter, instructions longer. */
export const REPEAT_CHARS_MAX = 49
/** Share of a text that must be left of it, cuts included: of less, it says nothing of its own. */
export const OWN_SHARE_MIN = 0.25
/** UTF-16 code units of one foreign text that are compared, and of all of them: more than any prompt shows. */
export const COMPARED_CHARS_MAX = 16_384
export const COMPARED_ALL_CHARS_MAX = 262_144
/** Cuts upon cuts of one text: who needs more has set it up, and nothing is kept of it. */
const PASSES_MAX = 8

export interface OwnWords {
  /** The text without long repeats, each cut to its beginning and `…`; null where hardly anything is left. */
  of(text: string): string | null
}

/** The rule as a whole: the simulator of worms takes it away, to show what it holds back. */
export interface WordRule {
  ownWords(foreign: Iterable<string>): OwnWords
  /** A text of another alone, cut as one that repeats it. */
  beginningOf(text: string): string
}

/** What a step was shown of others is what its words are compared with. */
export function createOwnWords(foreign: Iterable<string>): OwnWords {
  const texts = new Set(foreign)
  let known: ReadonlySet<number> | null = null

  return {
    of(text) {
      let said = text
      for (let pass = 0; ; pass++) {
        const form = normalForm(said)
        const hashes = form.units.length < GRAM ? [] : gramsOf(form.units)
        if (hashes.length > 0) known ??= gramsOfAll(texts)
        const ranges = rangesOf(hashes, (hash) => known?.has(hash) === true)
        if (ranges.length === 0) return pass === 0 || SAYS_SOMETHING.test(said) ? said : null
        // What stands beside a cut may be repeated together with it, as may its three dots: less of it is kept, and then nothing.
        const kept = KEPT[pass] ?? 0
        if (pass === PASSES_MAX) return null
        if (pass === 0 && ownShare(form.units.length, ranges) < OWN_SHARE_MIN) return null
        said = cutAt(said, form, ranges, kept)
      }
    },
  }
}
const KEPT = [REPEAT_CHARS_MAX, REPEAT_CHARS_MAX - '...'.length]
const SAYS_SOMETHING = /[\p{L}\p{N}]/u

/** A text of another alone, cut as one that repeats it: a beginning by which it can be told, where it is longer than that. */
export function beginningOf(text: string): string {
  const form = normalForm(text)
  const end = form.units.length
  if (end <= REPEAT_CHARS_MAX) return text
  const [most, less] = KEPT.map((kept) => cutAt(text, form, [{ start: 0, end }], kept)) as [string, string]
  return createOwnWords([text]).of(most) === most ? most : less
}

export const WORD_RULE: WordRule = { ownWords: createOwnWords, beginningOf }

/** Whether a text is the beginning of another one, cut. */
export const isCutOf = (text: string, whole: string): boolean =>
  text.length > CUT.length && text.endsWith(CUT) && whole.startsWith(text.slice(0, -CUT.length))

const CUT = '…'

/** Places of a form: from the first one to before the last one. */
interface Range {
  readonly start: number
  readonly end: number
}

function ownShare(length: number, ranges: readonly Range[]): number {
  const lost = ranges.reduce((sum, { start, end }) => sum + end - start - REPEAT_CHARS_MAX, 0)
  return (length - lost) / length
}

function cutAt(
  text: string,
  { starts, ends }: ReturnType<typeof normalForm>,
  ranges: readonly Range[],
  kept: number,
): string {
  let said = ''
  let from = 0
  for (const { start, end } of ranges) {
    let last = start + kept
    // A character of several units is kept whole or not at all.
    while (last > start && starts[last] === starts[last - 1]) last--
    const to = last > start ? (ends[last - 1] as number) : (starts[start] as number)
    said += `${text.slice(from, to).trimEnd()}${CUT}`
    from = ends[end - 1] as number
  }
  return said + text.slice(from)
}

const GRAM = REPEAT_CHARS_MAX + 1

/** Ranges that repeated grams cover. */
function rangesOf(hashes: readonly number[], isRepeated: (hash: number) => boolean): Range[] {
  const ranges: { start: number; end: number }[] = []
  for (const [start, hash] of hashes.entries()) {
    if (!isRepeated(hash)) continue
    const last = ranges.at(-1)
    if (last && start < last.end) last.end = start + GRAM
    else ranges.push({ start, end: start + GRAM })
  }
  return ranges
}

/** Two primes whose product of residues is exact in a double; together 51 bits: no two of the grams here meet by chance. */
const MODULI = [67_108_859, 33_554_393] as const
const BASES = [40_503_337, 19_997_449] as const
const HIGHEST = MODULI.map((modulus, i) => {
  let power = 1
  for (let n = 1; n < GRAM; n++) power = (power * (BASES[i] as number)) % modulus
  return power
})

function gramsOfAll(texts: Iterable<string>): Set<number> {
  const grams = new Set<number>()
  let left = COMPARED_ALL_CHARS_MAX
  for (const text of texts) {
    const compared = text.slice(0, Math.min(left, COMPARED_CHARS_MAX))
    left -= compared.length
    for (const hash of gramsOf(normalForm(compared).units)) grams.add(hash)
  }
  return grams
}

/** The hash of each gram by its place (Karp and Rabin, 1987). Who finds two that meet has a text cut, as by quoting it. */
function gramsOf(units: readonly number[]): number[] {
  const [first, second] = [rolledBy(units, 0), rolledBy(units, 1)]
  return first.map((hash, i) => hash * MODULI[1] + (second[i] as number))
}

function rolledBy(units: readonly number[], which: 0 | 1): number[] {
  const [modulus, base, highest] = [MODULI[which], BASES[which], HIGHEST[which] as number]
  const hashes: number[] = []
  let hash = 0
  for (const [i, unit] of units.entries()) {
    if (i >= GRAM) hash = (hash + modulus - (((units[i - GRAM] as number) * highest) % modulus)) % modulus
    hash = (hash * base + unit) % modulus
    if (i >= GRAM - 1) hashes.push(hash)
  }
  return hashes
}
