/**
 * The form in which texts are compared for what they repeat: the same words have the same form, however they are dressed up. Compatible
 * characters are one, lower case, without what people cannot see and without marks that are piled on letters, and with single spaces.
 *
 * What is said in other words, another language, another script's look-alikes or an encoding has another form.
 */

/** A text in its form, and where each unit of it comes from. */
export interface NormalForm {
  /** UTF-16 code units. */
  readonly units: readonly number[]
  /** Of each unit the first place of the text that it comes from, and the first one behind that. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

const SPACE = 0x20
const QUOTE = 0x3e
/** ASCII that can be seen ends here. */
const LAST_PLAIN = 0x7e
/**
 * Blanks and line ends; not U+FEFF, of which nothing is seen. And the mark behind which a prompt quotes each line: whoever repeats a
 * text as it stands there repeats its marks, too.
 */
const WHITE = /^[\p{Z}\t\n\v\f\r\u0085\u2800>]$/u
const isWhite = (character: string): boolean => character <= ' ' || WHITE.test(character)
/** Controls, formats, and what fonts show nothing of: zero-width characters, bidirectional marks, fillers, variation selectors, tags. */
const HIDDEN = /^[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]$/u
/** What belongs to the character before it: marks, and the later parts of a Korean syllable. */
const JOINED = /^[\p{M}\u1160-\u11ff\ud7b0-\ud7ff]$/u
/** Marks that go with any letter, one upon another. */
const PILED = /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]/gu

export function normalForm(text: string): NormalForm {
  const units: number[] = []
  const starts: number[] = []
  const ends: number[] = []
  const push = (unit: number, start: number, end: number): void => {
    if (unit === SPACE && (units.length === 0 || units.at(-1) === SPACE)) return
    units.push(unit)
    starts.push(start)
    ends.push(end)
  }
  for (let at = 0; at < text.length; ) {
    const next = characterAt(text, at)
    for (const character of next.form)
      for (let i = 0; i < character.length; i++)
        push(isWhite(character) ? SPACE : character.charCodeAt(i), at, next.end)
    at = next.end
  }
  return { units, starts, ends }
}

/** The character that begins at a place, with what is joined to it, in its form; and the place behind it. */
function characterAt(text: string, at: number): { readonly form: string; readonly end: number } {
  const code = text.charCodeAt(at)
  if (code >= SPACE && code <= LAST_PLAIN && code !== QUOTE && !(text.charCodeAt(at + 1) > LAST_PLAIN))
    return { form: text.charAt(at).toLowerCase(), end: at + 1 }
  let whole = ''
  let end = at
  while (end < text.length) {
    const next = String.fromCodePoint(text.codePointAt(end) as number)
    if (WHITE.test(next) ? whole !== '' : whole !== '' && !HIDDEN.test(next) && !JOINED.test(next)) break
    end += next.length
    if (WHITE.test(next)) return { form: ' ', end }
    if (!HIDDEN.test(next)) whole += next
  }
  return { form: whole.normalize('NFKD').toLowerCase().replace(PILED, '').normalize('NFC'), end }
}
