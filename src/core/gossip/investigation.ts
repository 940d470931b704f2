/**
 * Investigations: a peer's log that is not the one held here is followed back to where both part, by bisection over the heads
 * that are kept here, and the fork is proven.
 *
 * Invariant: an investigation ends after `PROBES_MAX` requests, whatever the peer answers: each probe raises the part that is
 * shared or lowers the part that is not. A peer whose word led nowhere `FALSE_ALARMS_MAX` times is not followed again.
 */
import type { LogId } from '../base/brand.ts'
import type { Log } from '../base/ports.ts'
import { type Comparison, validEnd } from '../memory/equivocation.ts'
import { stretchStart } from '../memory/held-chain.ts'
import type { LogTable } from '../memory/log-table.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Compression } from '../protocol/compression.ts'
import { SporeError } from '../protocol/errors.ts'
import { decodeFrames, isForkProof, splitFrames } from '../protocol/frame.ts'
import { decodeRun } from '../protocol/run.ts'
import type { FederationClient } from './client.ts'
import type { Conduct } from './conduct.ts'
import type { Forks } from './forks.ts'
import { noteOffence } from './peer-conduct.ts'
import { type Peer, peerDid } from './peers.ts'

export interface Investigator {
  /**
   * Follows a log back at a peer whose branch of it is another one, at the latest at the entry `until − 1`. `proven` where the
   * fork point is lower than before, `nothing` where the peer’s word led nowhere, `unanswered` where it did not answer.
   */
  investigate(peer: Peer, logId: LogId, until: number): Promise<'proven' | 'nothing' | 'unanswered'>
}

export interface InvestigatorDeps {
  readonly client: FederationClient
  readonly forks: Forks
  readonly conduct: Conduct
  readonly logs: LogTable
  readonly spaces: Spaces
  readonly store: MemoryStore
  readonly compression: Compression
  readonly log: Log
  readonly signal: AbortSignal
}

/** Requests of one investigation: a bisection over the 2²² segments that a log can have takes 23, and one more at each end. */
export const PROBES_MAX = 32
/** Investigations of one peer’s word that may come to nothing: an honest peer has none. */
export const FALSE_ALARMS_MAX = 3

export function createInvestigator(deps: InvestigatorDeps): Investigator {
  const { client, forks, conduct, logs, spaces, store, compression, log, signal } = deps
  const falseAlarms = new WeakMap<Peer, number>()
  const running = new Set<LogId>()

  const follow = async (peer: Peer, logId: LogId, until: number) => {
    const point = logs.forkPoint(logId)
    let shared = 0
    let apart = Math.min(until, validEnd(logs, logId))
    for (let probes = 0; probes < PROBES_MAX && shared < apart && !signal.aborted; probes++) {
      // The newest stretch first: who equivocates does so at the end of a log.
      const middle = probes === 0 ? apart - 1 : Math.floor((shared + apart) / 2)
      const at = Math.max(shared, await stretchStart(store, logId, middle))
      const compared = await probe(peer, logId, at)
      if (logs.forkPoint(logId) < point) return 'proven'
      if (!compared) return 'unanswered'
      if (compared.kind === 'forks') {
        await forks.take(compared.proof, spaces.viewFor(peerDid(peer)))
        return logs.forkPoint(logId) < point ? 'proven' : 'nothing'
      }
      if (compared.kind === 'agrees') shared = compared.end
      // What follows from a shared chain value must continue it.
      else if (at === shared) return 'nothing'
      else apart = at
    }
    return signal.aborted ? 'unanswered' : 'nothing'
  }

  /** Asks for the run at `at`; null where the peer cannot be reached. */
  const probe = async (peer: Peer, logId: LogId, at: number): Promise<Comparison | null> => {
    const pulled = await client.pull(peer.url, [{ logId, from: at, to: at }])
    if (!pulled.ok) return null
    try {
      for await (const part of splitFrames(pulled.value, 1))
        for (const frame of decodeFrames(part, compression)) {
          if (!frame.ok) return { kind: 'parts' }
          const compared = await look(frame.value, logId, at, peer)
          if (compared) return compared
        }
    } catch (error) {
      if (error instanceof SporeError) return null
      throw error
    }
    return { kind: 'parts' }
  }

  /** What the body of a frame says: a proof is kept, and nothing said yet. */
  const look = async (body: Uint8Array, logId: LogId, at: number, peer: Peer): Promise<Comparison | null> => {
    if (isForkProof(body)) {
      await forks.take(body, spaces.viewFor(peerDid(peer)))
      return null
    }
    const run = decodeRun(body)
    const isAsked = run.ok && run.value.logId === logId && run.value.from === at
    return isAsked ? forks.compare(run.value) : { kind: 'parts' }
  }

  return {
    async investigate(peer, logId, until) {
      if ((falseAlarms.get(peer) ?? 0) >= FALSE_ALARMS_MAX) return 'nothing'
      if (running.has(logId)) return 'unanswered'
      running.add(logId)
      try {
        const outcome = await follow(peer, logId, until)
        if (outcome === 'nothing') {
          falseAlarms.set(peer, (falseAlarms.get(peer) ?? 0) + 1)
          noteOffence(conduct, peer, 'lie')
        }
        if (outcome !== 'unanswered') log.warn('log investigated', { peer: peer.url, logId, outcome })
        return outcome
      } finally {
        running.delete(logId)
      }
    },
  }
}

/** Investigations that others ask for, and nobody waits for; a bounded number at a time. */
export interface Suspicions {
  /** A log is of another chain at a peer. */
  follow(peer: Peer, logId: LogId): void
  settled(): Promise<void>
}

/** Investigations under way at a time; a log that is left out is found again by the next round. */
export const SUSPICIONS_MAX = 16

export function createSuspicions({
  investigator,
  log,
  signal,
}: Pick<InvestigatorDeps, 'log' | 'signal'> & { readonly investigator: Investigator }): Suspicions {
  const underWay = new Set<Promise<unknown>>()
  return {
    follow(peer, logId) {
      if (underWay.size >= SUSPICIONS_MAX || signal.aborted) return
      const started = investigator
        .investigate(peer, logId, Number.MAX_SAFE_INTEGER)
        .catch((error: unknown) => log.error('investigation broke', { peer: peer.url, error: String(error) }))
        .finally(() => underWay.delete(started))
      underWay.add(started)
    },
    async settled() {
      await Promise.allSettled(underWay)
    },
  }
}
