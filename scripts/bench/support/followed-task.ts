/** A task as its asker's spore tells of it, with the time of each step. */
import type { TaskAccepted, TaskEvent, TaskInput, TaskView } from '../../../src/core/protocol/api.ts'

export interface Followed {
  readonly task: TaskView
  /** Milliseconds since the question was sent. */
  readonly acceptedMs: number
  readonly doneMs: number
  /** Of the first event of a kind, and of the last; `phase reveal` is one, as is `seal`. */
  readonly firstMs: ReadonlyMap<string, number>
  readonly lastMs: ReadonlyMap<string, number>
}

/** Asks, and reads the stream of events until the task is over. */
export async function askAndFollow(url: string, input: TaskInput, withinMs = 120_000): Promise<Followed> {
  const signal = AbortSignal.timeout(withinMs)
  const startedAt = performance.now()
  const sinceStart = (): number => performance.now() - startedAt
  const asked = await fetch(`${url}/api/task`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(input),
    signal,
  })
  if (!asked.ok) throw new Error(`${asked.status} ${await asked.text()}`)
  const { task_id: id } = (await asked.json()) as TaskAccepted
  const acceptedMs = sinceStart()
  const reply = await fetch(`${url}/api/task/${id}/events`, { signal })
  if (!reply.ok || !reply.body) throw new Error(`${reply.status} ${await reply.text()}`)
  const firstMs = new Map<string, number>()
  const lastMs = new Map<string, number>()
  for await (const event of eventsOf(reply.body)) {
    const atMs = sinceStart()
    const name = event.type === 'phase' ? `phase ${event.phase}` : event.type
    if (!firstMs.has(name)) firstMs.set(name, atMs)
    lastMs.set(name, atMs)
    if (event.type === 'done') return { task: event.task, acceptedMs, doneMs: atMs, firstMs, lastMs }
  }
  throw new Error(`the stream of ${id} ended before the task did`)
}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<TaskEvent> {
  let rest = ''
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() as string
    for (const line of lines) if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length))
  }
}
