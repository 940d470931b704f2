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

/** `digest` is that of the view, 64 characters of hex. The sum itself stays here: it tells what the rows add up to. */
export const viewStamp = (digest: string): string =>
  bytesToBase64url(sha256(concatBytes(DOMAIN, hexToBytes(digest) as Uint8Array)).subarray(0, STAMP_BYTES))

/** Null for what is no stamp. */
export const parseStamp = (text: string | undefined): string | null =>
  text !== undefined && STAMP.test(text) ? text : null

/** The query of a request for heads: the stamp of the asker's own view, and a cursor, null for the beginning. */
export function headsQuery(own: string | null, since: string | null): string {
  const fields = [
    ...(own === null ? [] : [`own=${own}`]),
    ...(since === null ? [] : [`since=${encodeURIComponent(since)}`]),
  ]
  return fields.length === 0 ? '' : `?${fields.join('&')}`
}
