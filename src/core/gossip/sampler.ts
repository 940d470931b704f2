/**
 * A sample of all who were ever seen, that nobody can turn by being seen more often: min-wise independent sampling (Brahms:
 * Bortnikov, Gurevich, Keidar, Kliot, Shraer 2009). Each cell draws a hash function and keeps whom it gives the least value.
 *
 * A cell compares places first, then peers: ten thousand names in one domain, or addresses in one block, count as one.
 * Invariant: what a cell holds depends on the set of peers that were seen and not dropped since, not on order or number.
 */
import { concatBytes, utf8ToBytes } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import type { Random } from '../base/ports.ts'
import type { PeerName } from './views.ts'

export interface Sampler {
  /** A peer was reached: it may be sampled. True where a cell took it. */
  saw(peer: PeerName): boolean
  /** A peer is not there any more: its cells begin anew, with those who are known. True where it was in one. */
  drop(peer: PeerName, known: Iterable<PeerName>): boolean
  /** Those in the cells; the first `active` cells are the ones to be linked to. */
  sample(): Sample
}

export interface Sample {
  readonly active: readonly PeerName[]
  readonly passive: readonly PeerName[]
}

export interface SamplerOptions {
  readonly active: number
  readonly passive: number
}

/** Links that chance alone chooses, and peers kept for it whatever others push out. */
export const SAMPLED_ACTIVE = 2
export const SAMPLED_PASSIVE = 16

const SEED_BYTES = 16

interface Cell {
  seed: Uint8Array
  held: { readonly peer: PeerName; readonly place: number; readonly own: number } | null
}

export function createSampler(
  { active, passive }: SamplerOptions,
  { random, placeOf }: { readonly random: Random; readonly placeOf: (peer: PeerName) => string | null },
): Sampler {
  const cells: Cell[] = Array.from({ length: active + passive }, () => ({
    seed: random.bytes(SEED_BYTES),
    held: null,
  }))

  /** Offers a peer to cells; true where one took it. */
  const offer = (to: readonly Cell[], peer: PeerName): boolean => {
    const [placeText, ownText] = [utf8ToBytes(placeOf(peer) ?? peer), utf8ToBytes(`/${peer}`)]
    let isTaken = false
    for (const cell of to) isTaken = offerTo(cell, peer, placeText, ownText) || isTaken
    return isTaken
  }

  const offerTo = (cell: Cell, peer: PeerName, placeText: Uint8Array, ownText: Uint8Array): boolean => {
    const { seed, held } = cell
    if (held?.peer === peer) return false
    const place = rank(seed, placeText)
    if (held && place > held.place) return false
    const own = rank(seed, ownText)
    if (held && place === held.place && own >= held.own) return false
    cell.held = { peer, place, own }
    return true
  }

  const peersOf = (some: readonly Cell[]): PeerName[] => [
    ...new Set(some.flatMap(({ held }) => held?.peer ?? [])),
  ]

  return {
    saw: (peer) => offer(cells, peer),
    drop(peer, known) {
      const emptied = cells.filter(({ held }) => held?.peer === peer)
      for (const cell of emptied) {
        cell.seed = random.bytes(SEED_BYTES)
        cell.held = null
      }
      if (emptied.length > 0) for (const other of known) if (other !== peer) offer(emptied, other)
      return emptied.length > 0
    },
    sample: () => ({ active: peersOf(cells.slice(0, active)), passive: peersOf(cells.slice(active)) }),
  }
}

/** 48 bits of a hash under a cell's seed: nobody outside can aim at a low one. */
const rank = (seed: Uint8Array, text: Uint8Array): number => {
  const hash = sha256(concatBytes(seed, text))
  return Buffer.from(hash.buffer, hash.byteOffset, 6).readUIntBE(0, 6)
}
