/**
 * Own questions that ended without a model because own models failed: they are asked anew once a model answers again (06-faults M2). Nobody
 * waits for them, so it is tried seldom, with one call, and given up after a day.
 */
import type { Digest } from '../base/brand.ts'
import { digestToCid } from '../base/hash.ts'
import { type Clock, fineMs, type Log } from '../base/ports.ts'
import type { ModelRouter } from './routing.ts'

export interface Backlog {
  /** A question ended without a model; one that did not leaves the backlog. */
  note(question: Digest, isUnanswered: boolean): void
  readonly size: number
  stop(): Promise<void>
}

export interface BacklogDeps {
  readonly clock: Clock
  readonly log: Log
  readonly router: Pick<ModelRouter, 'ask'>
  /** Asks anew. */
  readonly askAgain: (question: Digest) => Promise<void>
}

/** Questions that wait; of more the oldest are left. */
export const BACKLOG_MAX = 128
/** Milliseconds between two tries: at first, and at most; a try that fails doubles the pause. */
export const BACKLOG_PAUSE_MS = 30_000
export const BACKLOG_PAUSE_MS_MAX = 15 * 60_000
/** Milliseconds after which a question is no longer worth an answer. */
export const BACKLOG_MS_MAX = 24 * 60 * 60 * 1000

/** One small call tells whether a model is back. */
const PROBE = {
  messages: [{ role: 'user', text: 'Reply with the word "ready".' }],
  maxTokens: 1_024,
} as const
const PROBE_MS = 30_000

export function createBacklog({ clock, log, router, askAgain }: BacklogDeps): Backlog {
  /** When each began to wait, the oldest first. */
  const waiting = new Map<Digest, number>()
  const stopping = new AbortController()
  let loop: Promise<void> | null = null

  const run = async (): Promise<void> => {
    const { signal } = stopping
    let pauseMs = BACKLOG_PAUSE_MS
    while (waiting.size > 0 && !signal.aborted) {
      await clock.sleep(pauseMs, signal)
      drop()
      const [probe] = waiting.keys()
      if (probe === undefined || signal.aborted) break
      if (!(await isBack(probe, signal))) {
        pauseMs = Math.min(BACKLOG_PAUSE_MS_MAX, 2 * pauseMs)
        continue
      }
      pauseMs = BACKLOG_PAUSE_MS
      log.info('models answer again: what they left open is asked anew', { questions: waiting.size })
      const all = [...waiting.keys()]
      waiting.clear()
      for (const question of all) if (!signal.aborted) await askAgain(question)
    }
    loop = null
  }

  /** On the account of the question that waits longest. */
  const isBack = async (question: Digest, signal: AbortSignal): Promise<boolean> => {
    const account = { task: digestToCid(question), asker: null }
    return (await router.ask(PROBE, { ...account, timeoutMs: PROBE_MS, signal })).ok
  }

  const drop = (): void => {
    for (const [question, sinceMs] of waiting)
      if (fineMs(clock) - sinceMs > BACKLOG_MS_MAX || waiting.size > BACKLOG_MAX) waiting.delete(question)
  }

  return {
    note(question, isUnanswered) {
      if (!isUnanswered) {
        waiting.delete(question)
        return
      }
      if (!waiting.has(question)) waiting.set(question, fineMs(clock))
      drop()
      if (!stopping.signal.aborted) loop ??= run()
    },
    get size() {
      return waiting.size
    },
    async stop() {
      stopping.abort()
      await loop
    },
  }
}
