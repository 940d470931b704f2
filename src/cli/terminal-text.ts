/**
 * Stored text on a terminal. It may come from a stranger: control characters could recolour, overwrite or answer as
 * if typed (CWE-150), and bidirectional overrides could show another text than the one that is there.
 */

const hostile = /(?![\n\t])[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu

/** `text` with every such character replaced; line ends and tabs stay. */
export const printable = (text: string): string => text.replace(/\r\n?/g, '\n').replace(hostile, '\uFFFD')

/** One line of at most `max` characters, for lists. */
export function oneLine(text: string, max: number): string {
  const line = printable(text).replace(/\s+/g, ' ').trim()
  const characters = Array.from(line)
  return characters.length <= max ? line : `${characters.slice(0, max - 1).join('')}…`
}

/** `text` with each line indented. */
export const indent = (text: string, by: string): string => text.replace(/^(?=.)/gm, by)

/** JSON for stdout. Its own escapes leave DEL and C1 controls alone, which some terminals obey. */
export const toJsonLine = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
