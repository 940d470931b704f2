/**
 * Swarm DNA (PROTOCOL.md §2): one short text for everything that two spores must agree on before they can exchange. It
 * tells apart builds that call themselves the same version of the same network and would yet refuse what the other sends.
 */

import { bytesToHex } from '../base/bytes.ts'
import { encodeCanonical } from '../base/canonical.ts'
import { sha256 } from '../base/hash.ts'
import * as limits from './limits.ts'
import { PROTOCOL_VERSION } from './version.ts'

/** Bytes of the hash that are kept: it is compared, nobody gains anything by finding another text for it. */
const DNA_BYTES = 16
/** Hex characters of a DNA. */
export const DNA_CHARS = 2 * DNA_BYTES

/**
 * The wire limits, in this order: what one side may send and the other must take. A bound that only says how much a spore
 * keeps or asks for is not among them, so an operator may change it.
 */
export const WIRE_LIMITS: readonly number[] = [
  limits.PAYLOAD_BYTES_MAX,
  limits.HEADER_BYTES_MAX,
  limits.REFERENCES_MAX,
  limits.SEQ_MAX,
  limits.KIND_MAX,
  limits.SEGMENT_ENTRIES_MAX,
  limits.SEGMENT_BYTES_MAX,
  limits.SPACE_CHARS_MAX,
  limits.RETRACTION_DOTS_MAX,
  limits.CHECKPOINT_RANGES_MAX,
  limits.CLOCK_AHEAD_MAX_MS,
  limits.FRAME_DECODED_BYTES_MAX,
  limits.FEDERATION_BODY_BYTES_MAX,
  limits.PULL_RANGES_MAX,
  limits.HEADS_ROWS_MAX,
  limits.IHAVE_ROWS_MAX,
  limits.RECONCILE_RANGES_MAX,
  limits.RECONCILE_TAGS_MAX,
  limits.PAYLOADS_ASKED_MAX,
  limits.SIGNATURE_AGE_MAX_MS,
]

/** The DNA of a network as this code speaks it; other arguments are for tests and tools that speak another way. */
export function swarmDna(
  network: string,
  version: number = PROTOCOL_VERSION,
  wireLimits: readonly number[] = WIRE_LIMITS,
): string {
  const bytes = encodeCanonical(['spore/dna/1', version, network, [...wireLimits]])
  return bytesToHex(sha256(bytes).subarray(0, DNA_BYTES))
}
