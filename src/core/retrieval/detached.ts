/**
 * A string that does not keep another alive. V8 cuts strings of 13 characters and more as views of the whole: kept as
 * a map's key, one word of a 64 KiB text would hold all of it, long after the text is retracted.
 */
const VIEW_CHARS_MIN = 13

export function detached(text: string): string {
  return text.length < VIEW_CHARS_MIN ? text : Buffer.from(text, 'utf16le').toString('utf16le')
}
