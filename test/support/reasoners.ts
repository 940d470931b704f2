/** Real spores, each with one model of a family of its own behind a scripted provider, that know one another. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TaskAccepted, TaskInput, TaskView } from '../../src/core/protocol/api.ts'
import { temporaryFolder } from './folder.ts'
import { type MindServer, startMindServer } from './mind-server.ts'
import { type CommandOptions, type RunningSpore, startSpore } from './spore-process.ts'

/** Names of models, each of another family. */
export const MODELS = ['llama', 'qwen', 'mistral', 'gemma', 'phi'] as const

/** What is not there by then is not coming. */
const ARRIVES_MS = 30_000
const LOOK_MS = 20

export interface Reasoners extends AsyncDisposable {
  readonly minds: MindServer
  readonly spores: readonly RunningSpore[]
  /** The models of each spore, in the order of the spores. */
  readonly models: readonly (string | null)[]
  /** One more of a model joins: it and all the others are told of each other. Resolves with its place once they know one another. */
  add(model: string): Promise<number>
  at(i: number): RunningSpore
  /** Ends one as a power cut would. */
  kill(i: number): Promise<void>
  /** Starts it again, at its old address. */
  restart(i: number): Promise<void>
}

export interface ReasonersOptions {
  readonly think: MindServer['think']
  readonly delayMs?: number
  /** Names of models, separated by commas, of each spore; null for one without any. Default: one of `MODELS` each. */
  readonly models?: readonly (string | null)[]
  /** Settings of all of them, and of one. */
  readonly env?: Readonly<Record<string, string>>
  readonly envOf?: (i: number) => Readonly<Record<string, string>>
  readonly process?: Pick<CommandOptions, 'hangMs' | 'nodeOptions'>
}

/** Each is told of all the others, and knows what models they have, when it resolves. */
export async function startReasoners(options: ReasonersOptions): Promise<Reasoners> {
  const { think, delayMs = 0, models = MODELS, env = {}, envOf = () => ({}) } = options
  await using starting = new AsyncDisposableStack()
  const folder = starting.use(temporaryFolder())
  const minds = starting.use(await startMindServer(think, delayMs))
  const of = [...models]
  const start = (i: number, port = 0): Promise<RunningSpore> => {
    const settings = {
      SPORE_ALLOW_PRIVATE_ADDRESSES: 'true',
      SPORE_PULL_INTERVAL_MS: '500',
      ...(of[i] && { LLM_ENDPOINT: minds.url, LLM_MODEL: of[i] }),
      ...env,
      ...envOf(i),
    }
    const home = join(folder.path, String(i))
    return startSpore({ ...options.process, home, env: settings }, ['--port', String(port)])
  }
  const spores = await Promise.all(models.map((_, i) => start(i)))
  starting.defer(async () => void (await Promise.all(spores.map((spore) => spore.stop()))))
  for (const spore of spores)
    for (const { url } of spores) if (url !== spore.url) await ask(spore, '/api/peers', { url })
  const counted = models.filter((of) => of !== null).length
  await Promise.all(spores.map((spore, i) => knows(spore, models[i] === null ? counted : counted - 1)))
  const parts = starting.move()
  const at = (i: number): RunningSpore => spores[i] as RunningSpore
  return {
    minds,
    spores,
    models: of,
    async add(model) {
      const place = of.push(model) - 1
      const others = spores.filter(({ process }) => process.exitCode === null && process.signalCode === null)
      const spore = await start(place)
      spores.push(spore)
      await Promise.all(
        others.flatMap((other) => [
          ask(other, '/api/peers', { url: spore.url }),
          ask(spore, '/api/peers', { url: other.url }),
        ]),
      )
      const isKnown = ({ families }: { readonly families: readonly string[] }): boolean =>
        families.includes(model)
      await Promise.all(
        others.map((other) =>
          until(`${model} at ${other.url}`, async () => {
            const { peers } = await ask<{ peers: { families: string[] }[] }>(other, '/api/federation/status')
            return peers.some(isKnown) ? true : undefined
          }),
        ),
      )
      return place
    },
    at,
    kill: async (i) => void (await at(i).stop('SIGKILL')),
    async restart(i) {
      spores[i] = await start(i, Number(new URL(at(i).url).port))
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

/** GET where there is no body, else POST; the JSON of the reply. */
export async function ask<T>({ url }: Pick<RunningSpore, 'url'>, path: string, body?: unknown): Promise<T> {
  const reply = await fetch(url + path, {
    ...(body !== undefined && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
    signal: AbortSignal.timeout(ARRIVES_MS),
  })
  const text = await reply.text()
  assert.ok(reply.ok, `${path}: ${reply.status} ${text}`)
  return JSON.parse(text) as T
}

export const submit = async (spore: RunningSpore, input: TaskInput): Promise<string> =>
  (await ask<TaskAccepted>(spore, '/api/task', input)).task_id

/** Asks until it is there; undefined is not yet. */
export async function until<T>(what: string, look: () => Promise<T | undefined>, withinMs = ARRIVES_MS) {
  for (const deadline = performance.now() + withinMs; ; await sleep(LOOK_MS)) {
    const found = await look()
    if (found !== undefined) return found
    assert.ok(performance.now() < deadline, `${what} is not there after ${withinMs} ms`)
  }
}

/** A task as one spore shows it; undefined where it has not arrived. */
export async function taskAt({ url }: RunningSpore, id: string): Promise<TaskView | undefined> {
  const reply = await fetch(`${url}/api/task/${id}`, { signal: AbortSignal.timeout(ARRIVES_MS) })
  if (reply.status === 404) return void (await reply.body?.cancel())
  assert.equal(reply.status, 200)
  return (await reply.json()) as TaskView
}

/** Resolves with the task once it is over at a spore. */
export const settled = (spore: RunningSpore, id: string, withinMs = ARRIVES_MS): Promise<TaskView> =>
  until(
    `an end of ${id}`,
    async () => {
      const task = await taskAt(spore, id)
      return task && task.status !== 'open' ? task : undefined
    },
    withinMs,
  )

/** Resolves when it knows so many peers with models. */
const knows = (spore: RunningSpore, count: number): Promise<true> =>
  until(`${count} peers with models`, async () => {
    const { peers } = await ask<{ peers: { families: string[] }[] }>(spore, '/api/federation/status')
    return peers.filter(({ families }) => families.length > 0).length >= count ? true : undefined
  })
