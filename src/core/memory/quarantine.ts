/**
 * Quarantine: an entry that makes a handler throw is set aside for that handler, and everything else goes on. What is set
 * aside stays so after a restart, so that no entry can kill a spore twice; another version of the program tries it again.
 *
 * Invariants: `guard` never throws; an entry that is set aside at a stage is not handed to it again by the same version; the list is bounded and
 * forgets its oldest: that one is then tried again, and caught again. Quarantine is local: logs, their order and the digests
 * of views do not depend on it, so replicas go on to agree about what there is.
 */
import type { LogId } from '../base/brand.ts'
import { decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import type { Log } from '../base/ports.ts'
import { QUARANTINE_MAX } from '../protocol/limits.ts'
import type { DotRef } from './or-set.ts'

/**
 * Where an entry can break: `decode` stored bytes into a change, `fold` it into the set, `compact` what it removed, `tasks` follow it, `index` makes it
 * findable, `read` shows it, `events` tells of it.
 */
export const STAGES = ['decode', 'fold', 'compact', 'trust', 'tasks', 'index', 'read', 'events'] as const
export type Stage = (typeof STAGES)[number]

export interface Quarantined extends DotRef {
  readonly stage: Stage
  /** Name and beginning of the message of what was thrown. */
  readonly error: string
}

export interface Quarantine {
  /** Does the work of a stage for an entry; `otherwise` where that throws, or did before. */
  guard<T>(stage: Stage, dot: DotRef, otherwise: T, work: () => T): T
  /** The same for work that takes time. */
  guardAsync<T>(stage: Stage, dot: DotRef, otherwise: T, work: () => Promise<T>): Promise<T>
  all(): readonly Quarantined[]
  readonly size: number
  /** What the store keeps. */
  encode(): Uint8Array
  /** Takes in what an earlier process kept; another version’s is forgotten, so that it is tried again. */
  load(bytes: Uint8Array): void
  /** Hears of each entry that is set aside. */
  onChanged(listener: () => void): void
}

export interface QuarantineDeps {
  /** Of the program: whoever runs another one may be able to handle what this one is not. */
  readonly version: string
  readonly log: Log
}

/** Characters of an error that are kept. */
const ERROR_CHARS_MAX = 200

export function createQuarantine({ version, log }: QuarantineDeps): Quarantine {
  const held = new Map<string, Quarantined>()
  const listeners: (() => void)[] = []

  const isHeld = (stage: Stage, dot: DotRef): boolean => held.size > 0 && held.has(keyOf(stage, dot))

  const hold = (stage: Stage, { logId, seq }: DotRef, thrown: unknown): void => {
    const error = textOf(thrown)
    log.error('an entry was set aside', { stage, logId, seq, error })
    held.set(keyOf(stage, { logId, seq }), { logId, seq, stage, error })
    if (held.size > QUARANTINE_MAX) held.delete(held.keys().next().value as string)
    for (const listener of listeners) listener()
  }

  return {
    guard(stage, dot, otherwise, work) {
      if (isHeld(stage, dot)) return otherwise
      try {
        return work()
      } catch (error) {
        hold(stage, dot, error)
        return otherwise
      }
    },
    async guardAsync(stage, dot, otherwise, work) {
      if (isHeld(stage, dot)) return otherwise
      try {
        return await work()
      } catch (error) {
        hold(stage, dot, error)
        return otherwise
      }
    },
    all: () => [...held.values()],
    get size() {
      return held.size
    },
    encode: () =>
      encodeCanonical([
        version,
        [...held.values()].map(({ stage, logId, seq, error }) => [stage, logId, seq, error]),
      ]),
    load(bytes) {
      for (const one of decodeList(bytes, version).slice(-QUARANTINE_MAX))
        held.set(keyOf(one.stage, one), one)
    },
    onChanged: (listener) => void listeners.push(listener),
  }
}

const keyOf = (stage: Stage, { logId, seq }: DotRef): string => `${stage} ${logId} ${seq}`

function textOf(thrown: unknown): string {
  try {
    const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
    return text.slice(0, ERROR_CHARS_MAX).toWellFormed()
  } catch {
    return 'what was thrown cannot be shown'
  }
}

/** What this very version kept; nothing for another one's, or for what is not in its form. */
function decodeList(bytes: Uint8Array, version: string): Quarantined[] {
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok || !Array.isArray(decoded.value)) return []
  const [keptBy, rows] = decoded.value
  if (keptBy !== version || !Array.isArray(rows)) return []
  return rows.flatMap((row): Quarantined[] => {
    const [stage, logId, seq, error] = Array.isArray(row) ? row : []
    const isOne =
      STAGES.some((known) => known === stage) &&
      typeof logId === 'string' &&
      typeof seq === 'number' &&
      typeof error === 'string'
    return isOne ? [{ stage: stage as Stage, logId: logId as LogId, seq, error }] : []
  })
}
