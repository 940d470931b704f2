/** Frames (PROTOCOL.md §7). Compressed bodies are put together by hand, or are constants: no library's output varies them. */
import { hex, join, unhex, utf8 } from './cbor.ts'
import type { Case } from './protocol.ts'

const MIB = 1024 * 1024
const RAW = 0
const ZSTD = 1
const BROTLI = 2
const DICTIONARY = 3

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

/** RFC 1951: one stored block, which the dictionary has no part in. */
const deflateStored = (bytes: Uint8Array): Uint8Array =>
  join(
    Uint8Array.of(1, bytes.length & 255, bytes.length >> 8, ~bytes.length & 255, (~bytes.length >> 8) & 255),
    bytes,
  )
/** 100 times `spore `, and a sentence of words that the dictionary has, as an encoder made them once. */
const DICTIONARY_SPORE = unhex('030d0da52a8c92a324754900')
const DICTIONARY_SENTENCE = unhex('f3442a68c0090ed29280966cd07963581109ee25210a1d501b500f00')
const SENTENCE = 'I have been thinking that the memory of the swarm should be kept.'
/** 1 MiB of zeros, and one more. */
const deflateZeros = (end: string): Uint8Array =>
  unhex(`edc13101000000c220fba75e085f60${'00'.repeat(1016)}${end}`)
/** A match that begins one byte before the dictionary does: fixed codes, length 3, distance 13,377, end of block. */
const DEFLATE_TOO_FAR = deflateMatch(13_377)
const DEFLATE_FARTHEST = deflateMatch(13_376)

/** RFC 1951 §3.2.6: one final block of fixed codes with one match of three bytes, 8,193 to 16,384 bytes back. */
function deflateMatch(distance: number): Uint8Array {
  // Distance codes 26 and 27 carry 12 extra bits each.
  const code = distance <= 12_288 ? 26 : 27
  const extra = distance - (code === 26 ? 8193 : 12_289)
  const reversed = (value: number, length: number): string =>
    value.toString(2).padStart(length, '0').split('').reverse().join('')
  // In the order of the stream, the first bit first; Huffman codes begin with their most significant bit.
  const bits = ['1', '10', '0000001', code.toString(2).padStart(5, '0'), reversed(extra, 12), '0000000'].join(
    '',
  )
  const bytes: number[] = []
  for (let at = 0; at < bits.length; at += 8)
    bytes.push(
      Number.parseInt(
        bits
          .slice(at, at + 8)
          .padEnd(8, '0')
          .split('')
          .reverse()
          .join(''),
        2,
      ),
    )
  return Uint8Array.from(bytes)
}

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
    valid('dictionary', 'codec 3', frame(DICTIONARY, DICTIONARY_SPORE), text),
    valid('dictionary, its words', 'codec 3', frame(DICTIONARY, DICTIONARY_SENTENCE), utf8(SENTENCE)),
    valid('dictionary, stored', 'codec 3', frame(DICTIONARY, deflateStored(small)), small),
    valid(
      'dictionary, its first bytes',
      'codec 3: a match may begin where the dictionary begins',
      frame(DICTIONARY, DEFLATE_FARTHEST),
      utf8(' ab'),
    ),
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
    valid(
      'deflate of 1 MiB',
      'as much as a body may decode to',
      frame(DICTIONARY, deflateZeros('a700')),
      new Uint8Array(MIB),
    ),
    invalid(
      'deflate of 1 MiB and one byte',
      'a bomb is not unpacked',
      frame(DICTIONARY, deflateZeros('af00')),
      'RUN_TOO_LARGE',
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
    invalid('codec 4', 'an unknown codec', frame(4, small), 'RUN_MALFORMED'),
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
    invalid('deflate that is not', 'does not decode', frame(DICTIONARY, small), 'RUN_TOO_LARGE'),
    invalid(
      'deflate cut',
      'does not decode',
      frame(DICTIONARY, DICTIONARY_SPORE.slice(0, -1)),
      'RUN_TOO_LARGE',
    ),
    invalid(
      'deflate with bytes behind it',
      'does not decode',
      frame(DICTIONARY, join(DICTIONARY_SPORE, small)),
      'RUN_TOO_LARGE',
    ),
    invalid(
      'two deflate streams in one',
      'a body is one stream',
      frame(DICTIONARY, join(DICTIONARY_SPORE, DICTIONARY_SPORE)),
      'RUN_TOO_LARGE',
    ),
    invalid(
      'deflate from before the dictionary',
      'does not decode',
      frame(DICTIONARY, DEFLATE_TOO_FAR),
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
