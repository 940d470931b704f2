/**
 * What comes down the streams that this spore holds at its peers is answered by requests: `lazy` for a prune, `eager` with what is
 * wanted (PROTOCOL.md §8).
 *
 * Invariants: at most one answer to a peer is under way, however much comes down its stream; what is to be answered meanwhile
 * is one answer after it, at most `PULL_RANGES_MAX` logs: what is left out, the next pull finds.
 */
import type { LogId } from '../base/brand.ts'
import type { Clock } from '../base/ports.ts'
import { PULL_RANGES_MAX } from '../protocol/limits.ts'
import type { LogStart } from '../protocol/messages.ts'
import type { FederationClient } from './client.ts'
import type { Peer } from './peers.ts'
import { PUSH_COALESCE_MS } from './plumtree.ts'

export interface StreamAnswers {
  /** The peer is to announce rather than push, from now on. */
  prune(peer: Peer): void
  /** The peer is to bring this. */
  want(peer: Peer, logs: readonly LogStart[]): void
  /** Resolves when no answer is under way. */
  settled(): Promise<void>
}

export interface StreamAnswersDeps {
  readonly client: Pick<FederationClient, 'neighbor'>
  readonly clock: Clock
  readonly signal: AbortSignal
}

interface Waiting {
  isPrune: boolean
  readonly want: Map<LogId, number>
  sending: Promise<void> | null
}

export function createStreamAnswers({ client, clock, signal }: StreamAnswersDeps): StreamAnswers {
  const waiting = new Map<Peer, Waiting>()

  const at = (peer: Peer): Waiting => {
    const known = waiting.get(peer) ?? { isPrune: false, want: new Map(), sending: null }
    waiting.set(peer, known)
    return known
  }

  const send = async ({ url }: Peer, answer: Waiting): Promise<void> => {
    while (!signal.aborted && (answer.isPrune || answer.want.size > 0)) {
      const { isPrune } = answer
      const want = [...answer.want].map(([logId, from]) => ({ logId, from }))
      answer.isPrune = false
      answer.want.clear()
      if (isPrune) await client.neighbor(url, { ask: 'lazy', want: [] })
      if (want.length > 0) await client.neighbor(url, { ask: 'eager', want })
      // As long as news wait for others to go out with.
      await clock.sleep(PUSH_COALESCE_MS, signal)
    }
  }

  const start = (peer: Peer, answer: Waiting): void => {
    answer.sending ??= send(peer, answer).finally(() => waiting.delete(peer))
  }

  return {
    prune(peer) {
      const answer = at(peer)
      answer.isPrune = true
      start(peer, answer)
    },
    want(peer, logs) {
      if (logs.length === 0) return
      const { want } = at(peer)
      for (const { logId, from } of logs) {
        const known = want.get(logId)
        if (known === undefined && want.size >= PULL_RANGES_MAX) break
        want.set(logId, Math.min(from, known ?? from))
      }
      start(peer, at(peer))
    },
    async settled() {
      await Promise.allSettled([...waiting.values()].map(({ sending }) => sending))
    },
  }
}
