/**
 * When the index is kept: once much of it has changed and nothing goes on, and at the end. Nobody waits for it in the background: where
 * somebody wants to work on the index while it is read, the attempt ends, and a later one is made.
 */
import type { Clock, Log } from '../base/ports.ts'
import type { IndexKeeper } from './index-keeper.ts'
import type { Retriever } from './retriever.ts'

export interface IndexSaver {
  /** Documents were put or removed. */
  note(documents: number): void
  /** Something else may be visible though no entry came. */
  noteChange(): void
  /** Looks whether it is time; whenever the index has nothing to do. */
  wake(): void
  /** Keeps what is worth it, in a bounded time. */
  stop(): Promise<void>
  erase(): Promise<void>
}

export interface IndexSaverDeps {
  readonly retriever: Pick<Retriever, 'documents'>
  readonly clock: Clock
  readonly log: Log
  readonly keeper?: IndexKeeper | null
  readonly keptMin?: number | undefined
  /** Runs work while nobody changes the index. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>
  /** Somebody waits for their turn. */
  readonly isWanted: () => boolean
  /** The arrival up to which the index is what is visible; null where it is behind. */
  readonly exactAt: () => number | null
}

/** Documents from which on an index is kept: fewer are taken apart in a tenth of a second. */
export const KEPT_DOCUMENTS_MIN = 1024
/** Share of the documents that change before the index is kept anew: so much a kill costs, taken apart again. */
const CHANGED_SHARE = 1 / 8
/** It is quiet when nothing was put or removed for so long. */
const QUIET_MS = 5000
/** Where it is never quiet, it is tried all the same after so many looks: a minute. */
const WAITS_MAX = 12
/** Attempts that give way to others, one after the other; the next one does not, and whoever comes waits for a second at a million. */
const GIVES_WAY_MAX = 5
/** Waits double so often where nothing comes of it, up to five minutes: a full disk is not written to all the time. */
const DOUBLINGS_MAX = 6
/** Reading and writing the index at the end takes no longer: it is part of the four seconds in which a stop is over. */
const STOP_MS = 2000

export function createIndexSaver(deps: IndexSaverDeps): IndexSaver {
  const { retriever, clock, log, keeper, inTurn, isWanted, exactAt, keptMin = KEPT_DOCUMENTS_MIN } = deps
  /** Documents put or removed since the index was kept, and at all. */
  let changed = 0
  let ticks = 0
  let gaveWay = 0
  let loop: Promise<void> | null = null
  const stopping = new AbortController()
  const { signal } = stopping

  const save = async (goesOn: () => boolean): Promise<void> => {
    if (!keeper) return
    const { promise: read, resolve: onRead } = Promise.withResolvers<void>()
    const saving = Promise.withResolvers<boolean>()
    await inTurn(async () => {
      const before = changed
      changed = 0
      keeper.save({ exactAt: exactAt(), goesOn, onRead }).then((isKept) => {
        if (!isKept) changed += before
        saving.resolve(isKept)
      }, saving.reject)
      await read
    })
    gaveWay = (await saving.promise) ? 0 : gaveWay + 1
  }

  const isDue = (): boolean =>
    retriever.documents >= keptMin && changed > 0 && changed >= CHANGED_SHARE * retriever.documents

  const run = async (): Promise<void> => {
    let waits = 0
    while (isDue() && !signal.aborted) {
      const before = ticks
      await clock.sleep(QUIET_MS * 2 ** Math.min(gaveWay, DOUBLINGS_MAX), signal)
      if (signal.aborted) return
      const isQuiet = ticks === before && exactAt() !== null
      if (!isQuiet && ++waits < WAITS_MAX) continue
      waits = 0
      const givesWay = gaveWay < GIVES_WAY_MAX
      await save(() => !signal.aborted && !(givesWay && isWanted()))
    }
  }

  return {
    note(documents) {
      changed += documents
      ticks += documents
    },
    noteChange() {
      changed++
      keeper?.noteChange()
    },
    wake() {
      if (!keeper || loop || !isDue() || signal.aborted) return
      loop = run()
        .catch((error: unknown) => log.error('keeping the index broke', { error: String(error) }))
        .finally(() => {
          loop = null
        })
    },
    async stop() {
      stopping.abort()
      await loop
      if (changed === 0 || retriever.documents < keptMin) return
      const startedAtMs = clock.now()
      await save(() => Math.abs(clock.now() - startedAtMs) < STOP_MS)
    },
    async erase() {
      await keeper?.erase()
      changed++
    },
  }
}
