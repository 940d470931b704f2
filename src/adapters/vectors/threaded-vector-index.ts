/**
 * A `VectorIndex` with a thread of its own that owns everything of it: files, vectors, graph. No call blocks the event loop,
 * and nothing else touches what it owns. Where the thread breaks, calls fail with VECTORS_UNREADABLE from then on.
 */
import { Worker } from 'node:worker_threads'
import type { Log } from '../../core/base/ports.ts'
import { err, type Result } from '../../core/base/result.ts'
import { type Failure, failure } from '../../core/protocol/errors.ts'
import type { VectorIndex, VectorsStatus } from '../../core/retrieval/vector-index.ts'
import type { VectorCall } from './vector-engine.ts'
import type { VectorReply, VectorRequest, VectorThreadOptions } from './vector-thread.ts'

/** Vectors up to which all are compared: 10,000 of 1,024 numbers take ~10 ms of the thread. */
export const EXACT_MAX = 10_000

export interface ThreadedVectorIndexOptions {
  /** Where the files are; null keeps everything in memory. */
  readonly folder: string | null
  readonly log: Log
  /** Vectors up to which all are compared. Default `EXACT_MAX`. */
  readonly exactMax?: number
  /** False compares all, however many, as where `hnswlib-node` is not installed. */
  readonly isGraphAllowed?: boolean
}

export function createThreadedVectorIndex(options: ThreadedVectorIndexOptions): VectorIndex {
  const { folder, log, exactMax = EXACT_MAX, isGraphAllowed = true } = options
  const waiting = new Map<number, (result: Result<unknown, Failure>) => void>()
  let lastId = 0
  let isOver = false
  let isEnding = false
  let status: VectorsStatus = {
    model: '',
    dimension: null,
    vectors: 0,
    unbuilt: 0,
    kind: 'exact',
    note: null,
    bytes: 0,
  }
  const workerData: VectorThreadOptions = { folder, exactMax, isGraphAllowed }
  const name = import.meta.url.endsWith('.ts') ? 'vector-thread.ts' : 'vector-thread.js'
  const thread = new Worker(new URL(name, import.meta.url), { name: 'vectors', workerData })
  // A spore that is asked to end closes it; a command that has ended is not kept alive by it.
  thread.unref()
  const ended = new Promise<void>((resolve) => {
    thread.once('exit', () => {
      isOver = true
      for (const settle of waiting.values()) settle(err(failure('VECTORS_UNREADABLE', 'their thread ended')))
      waiting.clear()
      resolve()
    })
  })
  thread.on('error', (error) => log.error('the thread of the vectors broke', { error: String(error) }))
  thread.on('message', ({ id, result, status: reached }: VectorReply) => {
    status = reached
    const settle = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0 && !isEnding) thread.unref()
    settle?.(result)
  })

  const send = <T>(call: VectorCall | 'close', ...args: readonly unknown[]): Promise<Result<T, Failure>> =>
    new Promise((resolve) => {
      if (isOver) return resolve(err(failure('VECTORS_UNREADABLE', 'their thread ended')))
      const request: VectorRequest = { id: ++lastId, call, args }
      waiting.set(request.id, resolve as (result: Result<unknown, Failure>) => void)
      thread.ref()
      thread.postMessage(request)
    })

  return {
    open: (owner) => send('open', owner),
    reset: (owner) => send('reset', owner),
    put: (items, progress) => send('put', items, progress),
    remove: (ids, isPurge) => send('remove', ids, isPurge),
    missing: (ids) => send('missing', ids),
    page: (from) => send('page', from),
    nearest: (vector, count) => send('nearest', vector, count),
    scan: (vector, ids, count) => send('scan', vector, ids, count),
    get status() {
      return status
    },
    async [Symbol.asyncDispose]() {
      isEnding = true
      if (!isOver) await send('close')
      await ended
    },
  }
}
