/** Splits a byte stream into lines, with a bound on the length of each. */
import { concatBytes } from '../../core/base/bytes.ts'

const NEWLINE = 0x0a
const RETURN = 0x0d

export interface Line {
  /** 1, 2, 3…, blank lines included, as an editor shows it. */
  readonly number: number
  /** Without its end; null for a line longer than the bound, whose bytes were dropped. */
  readonly bytes: Uint8Array | null
}

/** Yields the lines that each chunk completes together, so that what arrives together can be committed together. */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<readonly Line[]> {
  let pending: Uint8Array[] = []
  let size = 0
  let number = 0
  const finish = (): Line => {
    number++
    const bytes = size > lineBytesMax ? null : trimReturn(concatBytes(...pending))
    pending = []
    size = 0
    return { number, bytes }
  }
  const keep = (part: Uint8Array): void => {
    size += part.length
    // Of a line that is too long nothing is kept: it may be as long as the sender likes.
    if (size > lineBytesMax) pending = []
    else pending.push(part)
  }
  for await (const chunk of chunks) {
    const lines: Line[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end))
      lines.push(finish())
      start = end + 1
    }
    if (start < chunk.length) keep(chunk.subarray(start))
    if (lines.length > 0) yield lines
  }
  if (size > 0) yield [finish()]
}

const trimReturn = (bytes: Uint8Array): Uint8Array =>
  bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes
