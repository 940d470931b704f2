/** Reconciliation of this spore's view with that of a peer (`reconcile.ts`), both sides: what is asked, and what is answered. */
import type { Clock } from '../base/ports.ts'
import { ok, type Result } from '../base/result.ts'
import { type LogTable, rowFingerprint } from '../memory/log-table.ts'
import type { Spaces } from '../memory/spaces.ts'
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
  /** Answers a request. Failure REQUEST_INVALID. */
  answer(body: Uint8Array): Result<Uint8Array, Failure>
  /** Where a peer's view and this one differ; `endless` where the peer goes on and on. Fails where the peer does. */
  differences(url: string): Promise<Result<Differences | 'endless', Failure>>
  /** Rows of the view, as it was a moment ago. */
  rows(): readonly HeadsRow[]
}

export interface ReconcilerDeps {
  readonly client: FederationClient
  readonly logs: LogTable
  readonly spaces: Spaces
  readonly clock: Clock
}

export function createReconciler({ client, logs, spaces, clock }: ReconcilerDeps): Reconciler {
  let cached: { readonly digest: string; readonly atMs: number; readonly index: ReconcileIndex } | null = null

  /** The view as it is, or was a moment ago: nobody may have it built again and again. */
  const indexNow = (): ReconcileIndex => {
    const [digest, nowMs] = [logs.viewDigest(spaces.replicating), clock.now()]
    const ageMs = cached ? Math.abs(nowMs - cached.atMs) : 0
    if (cached && (cached.digest === digest || ageMs < RECONCILE_INDEX_AGE_MS)) return cached.index
    cached = { digest, atMs: nowMs, index: build() }
    return cached.index
  }

  const build = (): ReconcileIndex => {
    const items = []
    for (const { row } of logs.values()) {
      if (!spaces.replicates(row.space)) continue
      const view = logs.viewOf(row)
      const { forkPoint } = view
      if (view.next === 0 && forkPoint === undefined) continue
      // Replicas hold different branches of a forked log: what they have in common has no clock of its own.
      const itemClock = forkPoint === undefined ? row.clock : 0
      items.push({ clock: itemClock, row: view, hash: rowFingerprint(view) })
    }
    return createReconcileIndex(items)
  }

  return {
    answer(body) {
      const asks = decodeAsks(body)
      return asks.ok ? ok(encodeAnswers(answerAsks(indexNow(), asks.value))) : asks
    },
    rows() {
      const index = indexNow()
      return Array.from({ length: index.size }, (_, i) => index.item(i).row)
    },
    async differences(url) {
      const reconciliation = createReconciliation(indexNow())
      const theirs: HeadsRow[] = []
      const ours: HeadsRow[] = []
      for (let round = 0; round < RECONCILE_ROUNDS_MAX; round++) {
        const asks = reconciliation.asks()
        if (asks.length === 0) return ok({ theirs, ours })
        const answers = await client.reconcile(url, asks)
        if (!answers.ok) return answers
        if (answers.value.length === 0) break
        const heard = reconciliation.hear(answers.value)
        theirs.push(...heard.theirs)
        ours.push(...heard.ours)
        if (theirs.length > LOGS_MAX) break
      }
      return ok('endless')
    },
  }
}
