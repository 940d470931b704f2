/**
 * Nonces of the time in which a request signature is valid: what was received before is refused.
 *
 * Keys cost nothing, so no caller, nor any number of them, may use up what others need. Each has a share of its own; what it
 * sends beyond comes out of a pool that all use, but for peers, who have a larger share. What is full refuses rather than
 * forgets: a forgotten nonce could be replayed.
 */
import type { Did } from '../base/brand.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import {
  NONCE_CALLERS_MAX,
  NONCES_MAX,
  NONCES_OWN_MAX,
  NONCES_PEER_MAX,
  SIGNATURE_AGE_MAX_MS,
} from '../protocol/limits.ts'

export interface Nonces {
  /** Takes note of a nonce. Failures REQUEST_REPLAYED, OVERLOADED. */
  add(caller: Did, nonce: string, nowMs: number): Result<void, Failure>
}

export interface NoncesDeps {
  /** Whether a caller is a peer of this spore: there are few, and they are not turned away for strangers. */
  readonly isPeer: (caller: Did) => boolean
}

export function createNonces({ isPeer }: NoncesDeps): Nonces {
  /** Of each caller, nonces and when they came, the oldest first. Callers, too: who came last is last. */
  const callers = new Map<Did, Map<string, number>>()
  let pooled = 0

  const shareOf = (seen: Map<string, number>): number => Math.max(0, seen.size - NONCES_OWN_MAX)

  const expire = (seen: Map<string, number>, nowMs: number): void => {
    const before = shareOf(seen)
    for (const [nonce, atMs] of seen) {
      if (nowMs - atMs <= 2 * SIGNATURE_AGE_MAX_MS) break
      seen.delete(nonce)
    }
    pooled -= before - shareOf(seen)
  }

  /** Callers that have been silent for so long that nothing of theirs could be replayed. */
  const dropSilent = (nowMs: number): void => {
    for (const [caller, seen] of callers) {
      expire(seen, nowMs)
      if (seen.size > 0) break
      callers.delete(caller)
    }
  }

  return {
    add(caller, text, nowMs) {
      dropSilent(nowMs)
      // A text of its own: a part of a header would keep the whole header.
      const nonce = Buffer.from(text, 'latin1').toString('latin1')
      const seen = callers.get(caller) ?? new Map<string, number>()
      expire(seen, nowMs)
      if (seen.has(nonce)) return err(failure('REQUEST_REPLAYED', 'its nonce was seen before'))
      const isKnown = isPeer(caller)
      const isFull = isKnown
        ? seen.size >= NONCES_PEER_MAX
        : (!callers.has(caller) && callers.size >= NONCE_CALLERS_MAX) ||
          (seen.size >= NONCES_OWN_MAX && pooled >= NONCES_MAX)
      if (isFull) return err(failure('OVERLOADED', 'too many requests in the last minutes'))
      if (seen.size >= NONCES_OWN_MAX) pooled++
      seen.set(nonce, nowMs)
      callers.delete(caller)
      callers.set(caller, seen)
      return ok(undefined)
    },
  }
}
