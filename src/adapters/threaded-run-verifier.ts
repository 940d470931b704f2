/**
 * A `RunVerifier` with a thread of its own for what takes long, so that hashing and signatures of a bulk transfer do not
 * hold up the event loop. Small pieces are verified on the spot: crossing threads would cost more.
 *
 * The thread is started when it is first needed and ended when it has had nothing to do for a while. Whatever happens to
 * it, the answer comes: what it owes is then verified on the spot.
 */
import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Log } from '../core/base/ports.ts'
import { ok, type Result } from '../core/base/result.ts'
import { createVerifier } from '../core/identity/keys.ts'
import { sealVerdict } from '../core/memory/run-check.ts'
import {
  createInlineRunVerifier,
  type FrameContent,
  type PositionOf,
  type RunVerifier,
  type VerifiedFrames,
} from '../core/memory/run-verifier.ts'
import type { Failure } from '../core/protocol/errors.ts'
import { zlibCompression } from './compression.ts'
import type { ThreadContent, ThreadReply, ThreadRequest } from './run-verifier-thread.ts'

export interface ThreadedRunVerifier extends RunVerifier, AsyncDisposable {
  /** True while the thread is there. */
  readonly isRunning: boolean
}

export interface ThreadedRunVerifierOptions {
  readonly network: string
  readonly log: Log
  /** Bytes of frames from which on the thread is used. */
  readonly threadFromBytes?: number
  /** Milliseconds without work after which the thread ends. */
  readonly idleMs?: number
}

/** A few hundred entries: ~1 ms of work. */
const THREAD_FROM_BYTES = 64 * 1024
/** Longer than the pause between two pulls; a thread at rest costs ~15 MiB. */
const IDLE_MS = 30_000

/** A verification that the thread is at. */
interface Task {
  readonly positionOf: PositionOf
  /** What the first of the two replies told. */
  read: Pick<VerifiedFrames, 'end' | 'isBroken'>
  readonly settle: (verified: VerifiedFrames) => void
  readonly fail: () => void
}

export function createThreadedRunVerifier(options: ThreadedRunVerifierOptions): ThreadedRunVerifier {
  const { network, log, threadFromBytes = THREAD_FROM_BYTES, idleMs = IDLE_MS } = options
  const inline = createInlineRunVerifier({
    network,
    verifier: createVerifier(),
    compression: zlibCompression,
  })
  const tasks = new Map<number, Task>()
  let lastId = 0
  let thread: Worker | null = null
  let idle: NodeJS.Timeout | undefined

  const start = (): Worker => {
    const started = startThread(network)
    started.on('message', (reply: ThreadReply) => hear(started, reply))
    started.on('error', (error) => log.error('the verifying thread broke', { error: String(error) }))
    started.on('exit', () => {
      if (thread === started) thread = null
      for (const [id, task] of tasks) {
        tasks.delete(id)
        task.fail()
      }
    })
    return started
  }

  const hear = (from: Worker, reply: ThreadReply): void => {
    const task = tasks.get(reply.id)
    if (!task) return
    if ('found' in reply) {
      task.read = { end: reply.end, isBroken: reply.isBroken }
      const positions = reply.found.map((run) => task.positionOf(run.log, run.logId, run.from))
      const request: ThreadRequest = { id: reply.id, positions }
      from.postMessage(request)
      return
    }
    tasks.delete(reply.id)
    if (tasks.size === 0) rest(from)
    task.settle({ contents: reply.contents.map(toContent), ...task.read })
  }

  const rest = (resting: Worker): void => {
    // A thread at rest keeps no process alive.
    resting.unref()
    idle = setTimeout(() => void resting.terminate(), idleMs)
    idle.unref()
  }

  const verifyInThread = (frames: Uint8Array, positionOf: PositionOf): Promise<VerifiedFrames> =>
    new Promise((settle, reject) => {
      clearTimeout(idle)
      thread ??= start()
      thread.ref()
      const id = ++lastId
      const fail = (): void => void inline.verify(frames, positionOf).then(settle, reject)
      tasks.set(id, { positionOf, read: { end: 0, isBroken: false }, settle, fail })
      // A copy of its own is given away: the frames may be a part of something larger.
      const copy = new Uint8Array(frames)
      const request: ThreadRequest = { id, frames: copy }
      thread.postMessage(request, [copy.buffer])
    })

  return {
    verify: (frames, positionOf) =>
      frames.length < threadFromBytes
        ? inline.verify(frames, positionOf)
        : verifyInThread(frames, positionOf),
    get isRunning() {
      return thread !== null
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(idle)
      await thread?.terminate()
    },
  }
}

/** Started from a line of code, so that it reads compiled modules from the cache before it loads the first one. */
function startThread(network: string): Worker {
  const entry = new URL(
    import.meta.url.endsWith('.ts') ? 'run-verifier-thread.ts' : 'run-verifier-thread.js',
    import.meta.url,
  )
  const cache = getCompileCacheDir()
  // What is told is the folder of this very Node inside the one that was asked for.
  const enable = cache
    ? `import { enableCompileCache } from 'node:module'; enableCompileCache(${JSON.stringify(dirname(cache))});`
    : ''
  const source = `${enable} await import(${JSON.stringify(entry.href)})`
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
  return new Worker(url, { name: 'run-verifier', workerData: { network } })
}

function toContent(content: Result<ThreadContent, Failure>): Result<FrameContent, Failure> {
  if (!content.ok || 'proof' in content.value) return content as Result<FrameContent, Failure>
  return ok({ run: sealVerdict(content.value.run, content.value.verdict) })
}
