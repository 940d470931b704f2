/** A stream of questions from one spore, each judged by its asker at once: what became of each, and who was wanted for it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { TaskInput, TaskView } from '../../../src/core/protocol/api.ts'
import { askAndFollow } from './followed-task.ts'

export interface Streamed {
  /** Number of the question; its role follows from it. */
  readonly question: number
  readonly role: string
  /** Milliseconds since the stream began, and from asking to the answer. */
  readonly askedMs: number
  readonly tookMs: number
  /** Models whose spores were called, the most wanted first; and those that answered. */
  readonly called: readonly string[]
  readonly answered: readonly string[]
  readonly isAnswered: boolean
  readonly isRight: boolean
  /** Calls of a model that it took. */
  calls: number
  readonly phase: string
}

export interface StreamOptions {
  readonly url: string
  readonly input: (question: number) => TaskInput
  readonly roleOf: (question: number) => string
  readonly rightOf: (question: number) => string
  /** The model of a spore. */
  readonly modelOf: (did: string) => string
  readonly callsOf: (question: number) => number
  /** Questions that are open at a time. */
  readonly atOnce: number
}

export interface TaskStream {
  readonly streamed: Streamed[]
  /** What is asked from now on is of this phase. */
  phase: string
  /** Asks on and on until it is stopped; resolves when what was asked is answered. Rejects where asking fails. */
  run(): Promise<void>
  stop(): void
  /** Resolves once the stream is so old and so many questions of the phase were asked; rejects where asking fails. */
  reaches(atMs: number, questions: number): Promise<void>
  readonly nowMs: number
}

export function createTaskStream(options: StreamOptions): TaskStream {
  const { url, input, roleOf, rightOf, modelOf, callsOf, atOnce } = options
  const streamed: Streamed[] = []
  const startedAt = performance.now()
  const now = (): number => performance.now() - startedAt
  let next = 0
  let isStopped = false
  let failure: { readonly error: unknown } | null = null

  const askOne = async (question: number, phase: string): Promise<void> => {
    const askedMs = now()
    const { task, doneMs } = await askAndFollow(url, input(question))
    const right = rightOf(question)
    const isRight = task.settlement?.conclusion === right
    if (task.status === 'converged') await judge(url, task, right, isRight)
    streamed.push({
      question,
      role: roleOf(question),
      askedMs,
      tookMs: doneMs,
      called: task.called.map(modelOf),
      answered: task.contributions.map(({ author }) => modelOf(author)),
      isAnswered: task.status === 'converged',
      isRight,
      calls: callsOf(question),
      phase,
    })
  }

  const stream: TaskStream = {
    streamed,
    phase: '',
    async run() {
      const lane = async (): Promise<void> => {
        while (!isStopped) await askOne(next++, stream.phase)
      }
      try {
        await Promise.all(Array.from({ length: atOnce }, lane))
      } catch (error) {
        failure = { error }
        throw error
      }
    },
    stop() {
      isStopped = true
    },
    async reaches(atMs, questions) {
      const asked = (): number => streamed.filter(({ phase }) => phase === stream.phase).length
      while (now() < atMs || asked() < questions) {
        if (failure) throw failure.error
        await sleep(LOOK_MS)
      }
    },
    get nowMs() {
      return now()
    },
  }
  return stream
}
const LOOK_MS = 20

async function judge(url: string, { task_id: id }: TaskView, right: string, isRight: boolean): Promise<void> {
  const reply = await fetch(`${url}/api/task/${id}/resolution`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(isRight ? { verdict: 'right' } : { verdict: 'corrected', correction: right }),
  })
  if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`)
  await reply.body?.cancel()
}
