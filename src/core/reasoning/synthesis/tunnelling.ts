/**
 * Tunnelling: a task that agreed without being sure is opened once more. p = min(.92, agreement · (1 − mean confidence) · (1 + dissent)); it
 * fires where p ≥ .18, two rounds are over, three since the last of this task, and the draw is below p. Then all answer alone again, hot,
 * with the strongest minority hypothesis as premise.
 *
 * Nobody decides it for the others: the draw is a hash of task and round, and p is made of entries alone, so all spores that have the same
 * entries fire alike, and anybody can replay it.
 * Invariant: the same to the bit on every engine; only the four operations on ratios of whole numbers.
 */
import type { Digest } from '../../base/brand.ts'
import { bytesToHex, utf8ToBytes } from '../../base/bytes.ts'
import { digestToBytes, sha256 } from '../../base/hash.ts'
import type { QuantumParams } from './quantum-params.ts'

/** What a round came to. */
export interface RoundState {
  /** Share of agreeing pairs, 0…1. */
  readonly agreement: number
  /** Mean of the stated chances of being right, 0…1; null where nobody stated one: then nothing says that they are unsure. */
  readonly confidence: number | null
  /** Share of contributors whose likeliest answer is not the commonest one, 0…1. */
  readonly dissent: number
}

export interface Draw {
  /** Rounds that are over. */
  readonly rounds: number
  readonly chance: number
  /** 32 hexadecimal digits that the draw comes from. */
  readonly seed: string
  /** 0…1. */
  readonly draw: number
  readonly fires: boolean
}

export function tunnellingChance(
  { agreement, confidence, dissent }: RoundState,
  params: QuantumParams,
): number {
  if (confidence === null) return 0
  return Math.min(params.tunnellingMax, agreement * (1 - confidence) * (1 + dissent))
}

/** Whether a task tunnels after `rounds` rounds; `last`: rounds that were over when it did so last, null where it never did. */
export function drawTunnelling(
  task: Digest,
  rounds: number,
  last: number | null,
  state: RoundState,
  params: QuantumParams,
): Draw {
  const chance = tunnellingChance(state, params)
  const seed = tunnellingSeed(task, rounds)
  const draw = drawOf(seed)
  const isDue =
    rounds >= params.tunnellingRoundsMin && (last === null || rounds - last >= params.tunnellingPause)
  return { rounds, chance, seed, draw, fires: isDue && chance >= params.tunnellingFrom && draw < chance }
}

/** The seed of a draw: a hash of task and round, the same on every spore. */
export function tunnellingSeed(task: Digest, rounds: number): string {
  const hex = bytesToHex(digestToBytes(task))
  return bytesToHex(sha256(utf8ToBytes(`spore/tunnelling/1 ${hex} ${rounds}`)).slice(0, SEED_BYTES))
}
const SEED_BYTES = 16

/** A number in [0, 1) from a seed: its first 48 bits, which a double holds exactly. */
export const drawOf = (seed: string): number =>
  Number.parseInt(seed.slice(0, DRAW_DIGITS), 16) / 16 ** DRAW_DIGITS
const DRAW_DIGITS = 12
