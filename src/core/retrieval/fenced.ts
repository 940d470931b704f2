/**
 * Foreign text as data for a model: cleaned, quoted line by line, and put between two lines that nothing inside can be.
 *
 * The fence holds for two reasons. Every line of foreign text starts with `> `, so none can be the closing line; and
 * the closing line carries a hash of all that is inside, which no author can write into a text beforehand.
 */
import { utf8ToBytes } from '../base/bytes.ts'
import { bytesToDigest, sha256 } from '../base/hash.ts'

/** Characters of the hash in the fence: 96 bits, beyond any search for a text that contains its own fence. */
export const FENCE_MARK_CHARS = 16

/** Everything that a terminal, a model or a Unicode library may take for the end of a line. */
const LINE_ENDS = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/g
/**
 * Controls, and format characters that hide text from people but not from models: bidirectional overrides, zero-width
 * characters, tag characters. The joiners U+200C and U+200D stay: scripts and emoji need them.
 */
const HIDDEN = /(?![\n\t\u200C\u200D])[\p{Cc}\p{Cf}]/gu

/** Well-formed text with one kind of line end, and without what people cannot see. */
export function cleaned(text: string): string {
  return text.toWellFormed().replace(LINE_ENDS, '\n').replace(HIDDEN, '').trim()
}

/** The same on one line of at most `charsMax` UTF-16 code units, without double quotes. */
export function oneLine(value: string, charsMax: number): string {
  return cleaned(value).replace(/\s+/g, ' ').replaceAll('"', "'").slice(0, charsMax).toWellFormed()
}

/** Each line behind a quote mark. What is quoted must be cleaned: it has no other line ends. */
export function quoted(text: string): string {
  return `${text
    .split('\n')
    .map((line) => `> ${line}\n`)
    .join('')}`
}

/** The fence around a body whose foreign lines are quoted. `name` is ours, and says what is inside. */
export function fenced(name: string, body: string): string {
  return fencedBy(name, body, bytesToDigest(sha256(utf8ToBytes(body))).slice(0, FENCE_MARK_CHARS))
}

/** UTF-16 code units, and bytes, that a fence adds to its body. */
export const fenceSize = (name: string): number => fencedBy(name, '', 'x'.repeat(FENCE_MARK_CHARS)).length

const fencedBy = (name: string, body: string, mark: string): string =>
  `<<<${name} ${mark}\n${body}>>>${name} ${mark}\n`
