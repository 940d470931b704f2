/**
 * The thread of `threaded-vector-index.ts`: takes one call at a time, and builds the graph in slices between them. A call that
 * comes in waits for the slice that is at work and for the calls before it.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { err, type Result } from '../../core/base/result.ts'
import { type Failure, failure } from '../../core/protocol/errors.ts'
import type { VectorsStatus } from '../../core/retrieval/vector-index.ts'
import type { HnswLibrary } from './graph.ts'
import { createVectorEngine, type VectorCall, type VectorEngine } from './vector-engine.ts'

export interface VectorRequest {
  readonly id: number
  readonly call: VectorCall | 'close'
  readonly args: readonly unknown[]
}

export interface VectorReply {
  readonly id: number
  readonly result: Result<unknown, Failure>
  readonly status: VectorsStatus
}

export interface VectorThreadOptions {
  readonly folder: string | null
  readonly exactMax: number
  /** False leaves `hnswlib-node` out. */
  readonly isGraphAllowed: boolean
}

/** The package is optional: where it could not be built at its installation, all vectors are compared. */
async function loadLibrary(): Promise<HnswLibrary | null> {
  try {
    return ((await import('hnswlib-node')) as unknown as { default: HnswLibrary }).default
  } catch {
    return null
  }
}

function serve(port: NonNullable<typeof parentPort>, engine: VectorEngine): void {
  let isWorking = false
  let isClosed = false

  const work = (): void => {
    isWorking = !isClosed && engine.work()
    // Behind what has arrived meanwhile.
    if (isWorking) setImmediate(work)
  }

  const answer = ({ call, args }: VectorRequest): Result<unknown, Failure> => {
    try {
      if (call === 'close') return { ok: true, value: engine.close() }
      return (engine[call] as (...args: readonly unknown[]) => Result<unknown, Failure>)(...args)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      return err(failure('VECTORS_UNREADABLE', code ?? message))
    }
  }

  port.on('message', (request: VectorRequest) => {
    const reply: VectorReply = { id: request.id, result: answer(request), status: engine.status }
    port.postMessage(reply)
    if (request.call === 'close') {
      isClosed = true
      return port.close()
    }
    if (!isWorking) {
      isWorking = true
      setImmediate(work)
    }
  })
}

if (parentPort) {
  const { folder, exactMax, isGraphAllowed } = workerData as VectorThreadOptions
  const library = isGraphAllowed ? await loadLibrary() : null
  serve(parentPort, createVectorEngine({ folder, exactMax, library, now: () => performance.now() }))
}
