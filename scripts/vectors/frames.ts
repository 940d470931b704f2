/** Frames (PROTOCOL.md §7). Compressed bodies are put together by hand, or are constants: no library's output varies them. */
import { hex, join, unhex, utf8 } from './cbor.ts'
import type { Case } from './protocol.ts'

const MIB = 1024 * 1024
const RAW = 0
const ZSTD = 1
const BROTLI = 2

const uint32 = (number: number): Uint8Array => unhex(number.toString(16).padStart(8, '0'))
const frame = (codec: number, body: Uint8Array): Uint8Array =>
  join(uint32(body.length + 1), Uint8Array.of(codec), body)

/** RFC 8878: a single-segment frame with its content size, and one run-length block each 128 KiB. */
function zstdRepeat(byte: number, length: number): Uint8Array {
  const size = unhex(length.toString(16).padStart(8, '0')).reverse()
  const blocks: Uint8Array[] = []
  for (let left = length; left > 0; left -= 128 * 1024) {
    const count = Math.min(left, 128 * 1024)
    const header = (count << 3) | (1 << 1) | Number(left === count)
    blocks.push(Uint8Array.of(header & 255, (header >> 8) & 255, header >> 16, byte))
  }
  return join(unhex('28b52ffda0'), size, ...blocks)
}

/** RFC 7932: window bits 16, one uncompressed meta-block, and the empty last one. */
function brotliStored(bytes: Uint8Array): Uint8Array {
  const header = ((bytes.length - 1) << 4) | (1 << 20)
  return join(Uint8Array.of(header & 255, (header >> 8) & 255, header >> 16), bytes, Uint8Array.of(3))
}

/** 100 times `spore `, and 1 MiB and one more of zeros, as their encoders made them once. */
const ZSTD_SPORE = unhex('28b52ffd6058016d00003073706f72652001004f529522')
const BROTLI_SPORE = unhex('1b5702f88d54b5bf0681939b53656f515b1c80c10e')
const BROTLI_MIB = unhex('5bffff8f7f02201e0b0472ef1f00')
const BROTLI_MIB_AND_ONE = unhex('9b000010f82700e2b14040f7fe01')

export function frames(): Case[] {
  const text = utf8('spore '.repeat(100))
  const small = utf8('a run')
  const valid = (
    name: string,
    comment: string,
    bytes: Uint8Array,
    ...bodies: readonly Uint8Array[]
  ): Case => ({
    name,
    comment: `§7: ${comment}`,
    bytes: hex(bytes),
    // A body of one byte repeated would be two million characters.
    bodies: bodies.map((body) =>
      body.length > 10_000 ? { byte: body[0], length: body.length } : { hex: hex(body) },
    ),
  })
  const invalid = (
    name: string,
    comment: string,
    bytes: Uint8Array,
    error: string,
    ...bodies: readonly Uint8Array[]
  ) => ({
    ...valid(name, comment, bytes, ...bodies),
    error,
  })
  const good = frame(RAW, small)
  return [
    valid('nothing', 'no frame is no error', new Uint8Array()),
    valid('as it is', 'codec 0', good, small),
    valid('zstd', 'codec 1', frame(ZSTD, ZSTD_SPORE), text),
    valid(
      'zstd, run-length blocks',
      'codec 1',
      frame(ZSTD, zstdRepeat(7, 5000)),
      new Uint8Array(5000).fill(7),
    ),
    valid('brotli', 'codec 2', frame(BROTLI, BROTLI_SPORE), text),
    valid('brotli, stored', 'codec 2', frame(BROTLI, brotliStored(small)), small),
    valid(
      'three frames',
      'frames follow one another',
      join(good, frame(ZSTD, ZSTD_SPORE), good),
      small,
      text,
      small,
    ),
    valid(
      'zstd of 1 MiB',
      'as much as a body may decode to',
      frame(ZSTD, zstdRepeat(0, MIB)),
      new Uint8Array(MIB),
    ),
    valid(
      'brotli of 1 MiB',
      'as much as a body may decode to',
      frame(BROTLI, BROTLI_MIB),
      new Uint8Array(MIB),
    ),
    invalid(
      'zstd of 1 MiB and one byte',
      'a bomb is not unpacked',
      frame(ZSTD, zstdRepeat(0, MIB + 1)),
      'RUN_TOO_LARGE',
    ),
    invalid(
      'brotli of 1 MiB and one byte',
      'a bomb is not unpacked',
      frame(BROTLI, BROTLI_MIB_AND_ONE),
      'RUN_TOO_LARGE',
    ),
    invalid(
      'zstd of 64 MiB',
      'a bomb is not unpacked',
      frame(ZSTD, zstdRepeat(0, 64 * MIB)),
      'RUN_TOO_LARGE',
    ),
    invalid(
      'a second frame that is a bomb',
      'what was before it holds',
      join(good, frame(ZSTD, zstdRepeat(0, MIB + 1)), good),
      'RUN_TOO_LARGE',
      small,
    ),
    invalid('codec 3', 'an unknown codec', frame(3, small), 'RUN_MALFORMED'),
    invalid(
      'codec 255 behind a good frame',
      'an unknown codec',
      join(good, frame(255, small)),
      'RUN_MALFORMED',
      small,
    ),
    invalid('length 0', 'not even a codec', uint32(0), 'RUN_MALFORMED'),
    invalid('length 1', 'no body', join(uint32(1), Uint8Array.of(RAW)), 'RUN_MALFORMED'),
    invalid('length cut', 'ends in its length', good.slice(0, 3), 'RUN_MALFORMED'),
    invalid('body cut', 'shorter than its length says', good.slice(0, -1), 'RUN_MALFORMED'),
    invalid(
      'a length of 4 GiB',
      'shorter than its length says',
      join(unhex('ffffffff'), good),
      'RUN_MALFORMED',
    ),
    invalid('a byte behind', 'ends in a length', join(good, Uint8Array.of(0)), 'RUN_MALFORMED', small),
    invalid('zstd that is not', 'does not decode', frame(ZSTD, small), 'RUN_TOO_LARGE'),
    invalid('zstd cut', 'does not decode', frame(ZSTD, ZSTD_SPORE.slice(0, -1)), 'RUN_TOO_LARGE'),
    invalid(
      'zstd with bytes behind it',
      'does not decode',
      frame(ZSTD, join(ZSTD_SPORE, small)),
      'RUN_TOO_LARGE',
    ),
    invalid(
      'two zstd frames in one',
      'a body is one stream',
      frame(ZSTD, join(ZSTD_SPORE, ZSTD_SPORE)),
      'RUN_TOO_LARGE',
    ),
    invalid('brotli that is not', 'does not decode', frame(BROTLI, small), 'RUN_TOO_LARGE'),
    invalid('brotli cut', 'does not decode', frame(BROTLI, BROTLI_SPORE.slice(0, -1)), 'RUN_TOO_LARGE'),
    invalid(
      'brotli with bytes behind it',
      'does not decode',
      frame(BROTLI, join(BROTLI_SPORE, small)),
      'RUN_TOO_LARGE',
    ),
  ]
}
