/**
 * Chance of the simulator: sfc32 (C. Doty-Humphrey, PractRand), fast and small enough for thousands of streams. Each node
 * and each part of the world draws from a stream of its own, so that one draw more in one place shifts no other.
 */
import type { Random } from '../core/base/ports.ts'

export interface SimRandom extends Random {
  /** A whole number in [least, most]. */
  integer(least: number, most: number): number
  /** True with this probability. */
  chance(probability: number): boolean
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T
  /** The list in random order; the argument stays as it is. */
  shuffle<T>(list: readonly T[]): T[]
  /** An independent stream, the same for the same label whatever was drawn here. */
  stream(label: string): SimRandom
}

/** Draws thrown away after seeding, until every bit of the state depends on the seed. */
const WARM_UP = 12

export function createRandom(seed: string): SimRandom {
  let [a, b, c, counter] = seedState(seed)

  const word = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return sum >>> 0
  }
  for (let i = 0; i < WARM_UP; i++) word()

  // 53 bits: all that a double holds below 1.
  const float = (): number => ((word() >>> 5) * 0x4000000 + (word() >>> 6)) / 2 ** 53
  const integer = (least: number, most: number): number => least + Math.floor(float() * (most - least + 1))

  return {
    float,
    integer,
    chance: (probability) => float() < probability,
    pick: (list) => list[integer(0, list.length - 1)] as (typeof list)[number],
    shuffle(list) {
      const shuffled = [...list]
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = integer(0, i)
        ;[shuffled[i], shuffled[j]] = [
          shuffled[j] as (typeof list)[number],
          shuffled[i] as (typeof list)[number],
        ]
      }
      return shuffled
    },
    bytes(length) {
      const bytes = new Uint8Array(length)
      for (let i = 0; i < length; i += 4) {
        const drawn = word()
        for (let j = i; j < Math.min(i + 4, length); j++) bytes[j] = drawn >>> (8 * (j - i))
      }
      return bytes
    },
    stream: (label) => createRandom(`${seed}/${label}`),
  }
}

/** Four words from a text: FNV-1a with four offsets, each finished by the mixer of MurmurHash3. */
function seedState(seed: string): [number, number, number, number] {
  const mix = (offset: number): number => {
    let hash = offset
    for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    return (hash ^ (hash >>> 16)) | 0
  }
  return [mix(0x811c9dc5), mix(0x9e3779b9), mix(0x7f4a7c15), mix(0x2545f491)]
}
