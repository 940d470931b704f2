/**
 * Carries out what the Plumtree state machine decides: pushes and announces along the links, and feeds the answers back.
 *
 * Invariant: every push and announcement that the machine asked for ends, and is told to it as delivered, heard or failed.
 */
import type { Did, LogId } from '../base/brand.ts'
import type { Clock, Log, Random } from '../base/ports.ts'
import type { Result } from '../base/result.ts'
import type { Failure } from '../protocol/errors.ts'
import type { IhaveReply, LogNext, LogStart, PushReply } from '../protocol/messages.ts'
import {
  createPlumtree,
  type Known,
  type LinkName,
  type PlumtreeEffect,
  type PlumtreeEvent,
} from './plumtree.ts'
import type { StoredBy } from './plumtree-events.ts'
import { suspectsOf, takeFrames, takenOf } from './push.ts'
import type { Replica } from './replica.ts'

/** How messages get to a neighbour: over requests, or down the stream that it holds open. */
export interface Courier {
  push(frames: Uint8Array): Promise<Result<PushReply, Failure>>
  announce(rows: readonly LogNext[]): Promise<Result<IhaveReply, Failure>>
  /** Asks for what was announced; absent where the neighbour cannot be asked. */
  ask?(want: readonly LogStart[]): Promise<unknown>
  /** Bytes of frames in one push. */
  readonly pushBytes: number
}

export interface Broadcast {
  up(link: LinkName, courier: Courier, peer: { readonly known: Known; readonly knownForks: Known }): void
  down(link: LinkName): void
  /** Entries were stored, and how they came. */
  stored(logs: readonly LogStart[], by: StoredBy): void
  /** A fork was proven. */
  forked(logId: LogId): void
  /** A neighbour pushed; true where it should not go on. */
  pushed(link: LinkName, rows: readonly LogNext[], fresh: number, duplicate: number): boolean
  /** A neighbour, or whoever else, announced; what it should bring. */
  announced(link: LinkName, rows: readonly LogNext[]): readonly LogStart[]
  pruned(link: LinkName): void
  grafted(link: LinkName, want: readonly LogStart[]): void
  isLinked(link: LinkName): boolean
  isEager(link: LinkName): boolean
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
}

export interface BroadcastDeps {
  readonly replica: Replica
  /** Who a neighbour is; null for one that nobody knows. */
  readonly didOf: (link: LinkName) => Did | null
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
  readonly onReached: (link: LinkName) => void
  readonly onFailed: (link: LinkName, error: Failure) => void
  /** A log is another one at the neighbour. */
  readonly onSuspect: (link: LinkName, logId: LogId) => void
  /** The neighbour knows of no link. */
  readonly onUnlinked: (link: LinkName) => void
}

export function createBroadcast(deps: BroadcastDeps): Broadcast {
  const { replica, clock, random, log, signal, onReached, onFailed, onSuspect, onUnlinked } = deps
  const seenBy = (link: LinkName) => replica.seenBy(deps.didOf(link))
  const machine = createPlumtree({ random, replica: replica.whole, seenBy })
  const couriers = new Map<LinkName, Courier>()
  const underWay = new Set<Promise<void>>()

  /** Carries out the effects of an event; those that answer it are given back. */
  const handle = (event: PlumtreeEvent): PlumtreeEffect[] => {
    if (signal.aborted) return []
    const answers: PlumtreeEffect[] = []
    for (const effect of machine.handle(event, clock.now()))
      if (effect.type === 'prune' || effect.type === 'want') answers.push(effect)
      else track(effect)
    return answers
  }

  const track = (effect: PlumtreeEffect): void => {
    const courier = couriers.get(effect.link)
    if (!courier) return
    const ended = carryOut(effect, courier)
      .catch((error: unknown) => log.error('push broke', { peer: effect.link, error: String(error) }))
      .finally(() => underWay.delete(ended))
    underWay.add(ended)
  }

  const carryOut = async (effect: PlumtreeEffect, courier: Courier): Promise<void> => {
    if (effect.type === 'wake') {
      await clock.sleep(effect.delayMs, signal)
      handle({ type: 'due', link: effect.link, message: effect.message })
    } else if (effect.type === 'push') await push(effect.link, effect.logs, courier)
    else if (effect.type === 'announce') await announce(effect.link, effect.rows, courier)
    else if (effect.type === 'ask') await courier.ask?.(effect.want)
  }

  const push = async (link: LinkName, logs: readonly LogStart[], courier: Courier): Promise<void> => {
    const batch = await takeFrames(seenBy(link), logs, courier.pushBytes)
    const { offered, rest } = batch
    if (offered.length === 0) {
      handle({ type: 'delivered', link, offered, taken: [], rest: [], want: [] })
      return
    }
    const sent = await courier.push(batch.frames)
    if (!isCurrent(link, courier)) return
    if (!sent.ok) return fail(link, 'push', logs, sent.error)
    const { want, prune, linked } = sent.value
    handle({ type: 'delivered', link, offered, taken: takenOf(batch, sent.value), rest, want })
    if (prune) handle({ type: 'pruned', link })
    for (const logId of suspectsOf(batch, sent.value)) onSuspect(link, logId)
    reached(link, linked)
  }

  const announce = async (link: LinkName, rows: readonly LogNext[], courier: Courier): Promise<void> => {
    const heard = await courier.announce(rows)
    if (!isCurrent(link, courier)) return
    if (!heard.ok) return fail(link, 'announce', rows, heard.error)
    const { want, linked } = heard.value
    if (want.length > 0) handle({ type: 'grafted', link, want })
    handle({ type: 'heard', link })
    reached(link, linked)
  }

  /** False where the link ended, or is another one under the same name, since the message was sent. */
  const isCurrent = (link: LinkName, courier: Courier): boolean => couriers.get(link) === courier

  const fail = (
    link: LinkName,
    message: 'push' | 'announce',
    rows: readonly { readonly logId: LogStart['logId'] }[],
    error: Failure,
  ): void => {
    handle({ type: 'failed', link, message, logs: rows.map(({ logId }) => logId) })
    onFailed(link, error)
  }

  const reached = (link: LinkName, isLinked: boolean): void => {
    onReached(link)
    if (!isLinked) onUnlinked(link)
  }

  return {
    up(link, courier, { known, knownForks }) {
      if (couriers.has(link)) handle({ type: 'down', link })
      couriers.set(link, courier)
      handle({ type: 'up', link, known, knownForks })
    },
    down(link) {
      couriers.delete(link)
      handle({ type: 'down', link })
    },
    stored(logs, by) {
      handle({ type: 'stored', logs, by })
    },
    forked(logId) {
      handle({ type: 'forked', logId })
    },
    pushed: (link, rows, fresh, duplicate) =>
      handle({ type: 'pushed', link, rows, fresh, duplicate }).some(({ type }) => type === 'prune'),
    announced: (link, rows) =>
      handle({
        type: 'announced',
        link,
        rows: rows.filter(({ logId }) => !replica.whole.isUnwanted(logId)),
      }).flatMap((effect) => (effect.type === 'want' ? effect.want : [])),
    pruned(link) {
      handle({ type: 'pruned', link })
    },
    grafted(link, want) {
      handle({ type: 'grafted', link, want })
    },
    isLinked: (link) => couriers.has(link),
    isEager: machine.isEager,
    async settled() {
      await Promise.allSettled(underWay)
    },
  }
}
