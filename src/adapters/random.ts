/** Chance from the operating system. */
import { randomBytes } from 'node:crypto'
import type { Random } from '../core/base/ports.ts'

/** Bits of a float's fraction: 2⁵³ values in [0, 1), each as likely. */
const FRACTION_BITS = 53n

export const systemRandom: Random = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
  float: () => Number(randomBytes(8).readBigUInt64BE() >> (64n - FRACTION_BITS)) / 2 ** Number(FRACTION_BITS),
}
