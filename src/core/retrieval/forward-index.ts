/**
 * Ordinal → the tokens of a document and how often each occurs, in the order of their first occurrence: `varint(token << 1 |
 * more)`, and `varint(count)` where `more` is 1. About two bytes for each different word.
 */
import { widened } from './growing.ts'

export interface ForwardIndex {
  /** `ordinal` must be the next one. */
  append(ordinal: number, tokens: ReadonlyMap<number, number>): void
  /** Writes a document's tokens and counts to the buffer, which grows as it must; how many they are. */
  read(ordinal: number, into: TokenBuffer): number
  readonly bytes: number
}

export interface TokenBuffer {
  tokens: Int32Array<ArrayBuffer>
  counts: Int32Array<ArrayBuffer>
}

export const createTokenBuffer = (): TokenBuffer => ({
  tokens: new Int32Array(256),
  counts: new Int32Array(256),
})

/** Bytes of a page: what is there is never copied. A longer record has a page of its own. */
const PAGE_BITS = 16
const PAGE_BYTES = 1 << PAGE_BITS
const VARINT_BYTES_MAX = 5

export function createForwardIndex(): ForwardIndex {
  const pages: Uint8Array[] = []
  let used = PAGE_BYTES
  let bytes = 0
  /** Page and offset, and the number of different tokens. */
  let addresses = new Uint32Array(0)
  let sizes = new Uint16Array(0)
  let scratch = new Uint8Array(1024)

  const encode = (tokens: ReadonlyMap<number, number>): number => {
    scratch = widened(scratch, tokens.size * 2 * VARINT_BYTES_MAX)
    let at = 0
    const put = (value: number): void => {
      let rest = value
      while (rest > 127) {
        scratch[at++] = (rest & 127) | 128
        rest >>>= 7
      }
      scratch[at++] = rest
    }
    for (const [token, count] of tokens) {
      put(((token << 1) | (count > 1 ? 1 : 0)) >>> 0)
      if (count > 1) put(count)
    }
    return at
  }

  const reserve = (length: number): number => {
    if (used + length > PAGE_BYTES) {
      const page = new Uint8Array(Math.max(PAGE_BYTES, length))
      pages.push(page)
      bytes += page.length
      used = 0
    }
    const address = (pages.length - 1) * PAGE_BYTES + used
    used += length
    return address
  }

  return {
    append(ordinal, tokens) {
      const length = encode(tokens)
      const address = reserve(length)
      // A document without tokens needs no place, and may stand where no page is yet.
      if (length > 0)
        pages[address >>> PAGE_BITS]!.set(scratch.subarray(0, length), address & (PAGE_BYTES - 1))
      addresses = widened(addresses, ordinal)
      sizes = widened(sizes, ordinal)
      addresses[ordinal] = address
      sizes[ordinal] = tokens.size
    },
    read(ordinal, into) {
      const size = sizes[ordinal]!
      into.tokens = widened(into.tokens, size)
      into.counts = widened(into.counts, size)
      const { tokens, counts } = into
      const page = pages[addresses[ordinal]! >>> PAGE_BITS]!
      let at = addresses[ordinal]! & (PAGE_BYTES - 1)
      for (let i = 0; i < size; i++) {
        let value = page[at++]!
        if (value > 127) {
          value &= 127
          for (let shift = 7; ; shift += 7) {
            const byte = page[at++]!
            value |= (byte & 127) << shift
            if (byte < 128) break
          }
        }
        let count = 1
        if ((value & 1) === 1) {
          count = 0
          for (let shift = 0; ; shift += 7) {
            const byte = page[at++]!
            count |= (byte & 127) << shift
            if (byte < 128) break
          }
        }
        tokens[i] = value >>> 1
        counts[i] = count
      }
      return size
    },
    get bytes() {
      return bytes + addresses.byteLength + sizes.byteLength
    },
  }
}
