/** The sidecar: the search index beside the store as its operator sees it, and the audit of what its searches miss. */
import { type Clock, fineMs } from '../base/ports.ts'
import type { EmbeddingsView } from '../protocol/api-embeddings.ts'
import type { SidecarView } from '../protocol/api-sidecar.ts'
import { type IndexFigures, indexFigures } from './index-figures.ts'
import type { Indexer } from './indexer.ts'
import { createRecallAudit } from './recall-audit.ts'
import type { Retriever } from './retriever.ts'
import type { SearchMeter } from './search-meter.ts'

export interface Sidecar {
  view(): SidecarView
  /** Audits the recall, in slices; resolves when it is known. One at a time: who asks meanwhile gets the same one. */
  audit(): Promise<SidecarView>
  /** Ends an audit that is under way. */
  stop(): Promise<void>
}

export interface SidecarDeps {
  readonly retriever: Retriever
  readonly indexer: Pick<Indexer, 'behind'>
  readonly meter: SearchMeter
  readonly clock: Clock
  /** Of the index of embeddings; null while there is none. */
  readonly dense?: () => EmbeddingsView | null
}

/** Milliseconds of one slice of an audit: a request that comes in between waits no longer. */
const SLICE_MS = 5
/** Scores of one audit, at 1 to 2 µs: less than ten seconds of one processor, unless there are millions of entries. */
export const AUDIT_SCORES_MAX = 5_000_000
export const AUDIT_QUESTIONS_MIN = 3
export const AUDIT_QUESTIONS_MAX = 50

export function createSidecar({ retriever, indexer, meter, clock, dense }: SidecarDeps): Sidecar {
  const stopping = new AbortController()
  const { signal } = stopping
  let recall: SidecarView['recall'] = null
  let running: Promise<void> | null = null
  let audits = 0

  const figures = (): IndexFigures => {
    const parts = retriever.parts?.()
    if (parts) return indexFigures(parts)
    const { documents: entries, bytes } = retriever
    return { entries, bytes, dead: 0, tokens: 0, terms: 0, grams: 0, segments: 1, moving: null }
  }

  const view = (): SidecarView => {
    const { entries, bytes, ...rest } = figures()
    return {
      entries,
      behind: indexer.behind,
      ...rest,
      bytes,
      bytesPerEntry: entries === 0 ? null : bytes / entries,
      searchMs: meter.view(),
      recall,
      isAuditing: running !== null,
      dense: dense?.() ?? null,
    }
  }

  const runAudit = async (): Promise<void> => {
    const parts = retriever.parts?.()
    if (!parts) return
    const entries = parts.collection.table.size
    const startedAtMs = clock.now()
    const audit = createRecallAudit(retriever, parts, auditQuestions(entries), audits++)
    const slice = (): boolean => {
      const sliceAtMs = fineMs(clock)
      return audit.step(() => fineMs(clock) - sliceAtMs >= SLICE_MS)
    }
    while (slice()) {
      await clock.sleep(0, signal)
      if (signal.aborted) return
    }
    recall = {
      at10: audit.recall,
      questions: audit.questions,
      entries,
      auditedAt: new Date(clock.now()).toISOString(),
      tookMs: Math.max(0, clock.now() - startedAtMs),
    }
  }

  return {
    view,
    async audit() {
      running ??= runAudit().finally(() => {
        running = null
      })
      await running
      return view()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** How many questions an audit of so many entries asks. */
export function auditQuestions(entries: number): number {
  const affordable = Math.floor(AUDIT_SCORES_MAX / Math.max(1, entries))
  return Math.min(AUDIT_QUESTIONS_MAX, Math.max(AUDIT_QUESTIONS_MIN, affordable))
}
