/** Reconciliation of this spore's view with that of a peer (`reconcile.ts`), both sides: what is asked, and what is answered. */
import { createBoundedMap } from '../base/bounded.ts'
import type { Clock } from '../base/ports.ts'
import { ok, type Result } from '../base/result.ts'
import { type LogTable, rowFingerprint } from '../memory/log-table.ts'
import type { View } from '../memory/spaces.ts'
import type { Failure } from '../protocol/errors.ts'
import { LOGS_MAX, RECONCILE_INDEX_AGE_MS, RECONCILE_ROUNDS_MAX } from '../protocol/limits.ts'
import type { HeadsRow } from '../protocol/messages.ts'
import { decodeAsks, encodeAnswers } from '../protocol/reconcile-messages.ts'
import type { FederationClient } from './client.ts'
import {
  answerAsks,
  createReconcileIndex,
  createReconciliation,
  type Differences,
  type ReconcileIndex,
} from './reconcile.ts'

export interface Reconciler {
  /** Answers a request of who has this view. Failure REQUEST_INVALID. */
  answer(body: Uint8Array, view: View): Result<Uint8Array, Failure>
  /** Where a peer's view and its view of this spore differ; `endless` where the peer goes on and on, or its answers are no view. Fails where the peer does. */
  differences(url: string, view: View): Promise<Result<Differences | 'endless', Failure>>
  /** Rows of a view, as it was a moment ago. */
  rows(view: View): readonly HeadsRow[]
}

export interface ReconcilerDeps {
  readonly client: FederationClient
  readonly logs: LogTable
  readonly clock: Clock
}

interface Cached {
  readonly digest: string
  readonly atMs: number
  readonly index: ReconcileIndex
}

/** Indexes that are kept: one for everybody, and one for each other set of spaces that some peer may see. */
const INDEXES_MAX = 8

export function createReconciler({ client, logs, clock }: ReconcilerDeps): Reconciler {
  const cached = createBoundedMap<View, Cached>(INDEXES_MAX)

  /** The view as it is, or was a moment ago: nobody may have it built again and again. */
  const indexNow = (view: View): ReconcileIndex => {
    const [digest, nowMs] = [logs.viewDigest(view.spaces), clock.now()]
    const known = cached.get(view)
    const ageMs = known ? Math.abs(nowMs - known.atMs) : 0
    if (known && (known.digest === digest || ageMs < RECONCILE_INDEX_AGE_MS)) return known.index
    const index = build(view)
    cached.set(view, { digest, atMs: nowMs, index })
    return index
  }

  const build = (view: View): ReconcileIndex => {
    const items = []
    for (const { row } of logs.values()) {
      if (!view.sees(row.space) || logs.isWithheld(row.logId)) continue
      const seen = logs.viewOf(row)
      if (seen.next === 0 && seen.forkPoint === undefined) continue
      // Replicas hold different branches of a log that is cut: what they have in common has no clock of its own.
      const itemClock = logs.validPoint(row.logId) === Number.POSITIVE_INFINITY ? row.clock : 0
      items.push({ clock: itemClock, row: seen, hash: rowFingerprint(seen) })
    }
    return createReconcileIndex(items)
  }

  return {
    answer(body, view) {
      const asks = decodeAsks(body)
      return asks.ok ? ok(encodeAnswers(answerAsks(indexNow(view), asks.value))) : asks
    },
    rows(view) {
      const index = indexNow(view)
      return Array.from({ length: index.size }, (_, i) => index.item(i).row)
    },
    async differences(url, view) {
      const reconciliation = createReconciliation(indexNow(view))
      const theirs: HeadsRow[] = []
      const ours: HeadsRow[] = []
      for (let round = 0; round < RECONCILE_ROUNDS_MAX; round++) {
        const asks = reconciliation.asks()
        if (asks.length === 0) return ok({ theirs, ours })
        const answers = await client.reconcile(url, asks)
        if (!answers.ok) return answers
        if (answers.value.length === 0) break
        const heard = reconciliation.hear(answers.value)
        if (reconciliation.isImpossible) break
        theirs.push(...heard.theirs)
        ours.push(...heard.ours)
        if (theirs.length > LOGS_MAX) break
      }
      return ok('endless')
    },
  }
}
