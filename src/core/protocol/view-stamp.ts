/** Stamps of views (PROTOCOL.md §8): what two spores name to each other to find out whether they have the same one. */
import { bytesToBase64url, concatBytes, hexToBytes, utf8ToBytes } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'

/**
 * Bytes of a stamp. Two views have one by chance in 2⁹⁶ comparisons. Whoever finds two of the same by 2⁴⁸ hashes hides the difference
 * until either view moves on, and views that are made for it are not those of anybody with other entries.
 */
const STAMP_BYTES = 12
const STAMP = /^[\w-]{16}$/
const DOMAIN = utf8ToBytes('spore/view/1')

/** Header of a reply to heads: the stamp of the view, left out where it is the asker's own. */
export const VIEW_HEADER = 'spore-view'

/** What an asker of heads says of itself. */
export interface Asker {
  /** The stamp of its own view. */
  readonly own?: string | null
  /** The stamp of the view that it read here last. */
  readonly last?: string | null
}

/** `digest` is that of the view, 64 characters of hex. The sum itself stays here: it tells what the rows add up to. */
export const viewStamp = (digest: string): string =>
  bytesToBase64url(sha256(concatBytes(DOMAIN, hexToBytes(digest) as Uint8Array)).subarray(0, STAMP_BYTES))

/** Null for what is no stamp. */
export const parseStamp = (text: string | undefined): string | null =>
  text !== undefined && STAMP.test(text) ? text : null

/** The query of a request for heads. `since` is a cursor, null for the beginning. */
export function headsQuery(since: string | null, { own, last }: Asker): string {
  const fields = [
    ['own', own],
    // One view is named once.
    ['last', last === own ? null : last],
    ['since', since],
  ].filter((field): field is [string, string] => typeof field[1] === 'string')
  return fields.length === 0
    ? ''
    : `?${fields.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`
}
