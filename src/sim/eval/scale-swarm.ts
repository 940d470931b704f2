/** A federation of whole spores that know one another, on one virtual clock and network: what a task comes to, and what it costs. */
import { silentLog } from '../../core/base/ports.ts'
import type { Transport } from '../../core/gossip/transport.ts'
import { createSigner } from '../../core/identity/keys.ts'
import { EMPTY_PROFILE } from '../../core/identity/profile.ts'
import { createMemoryStore } from '../../core/memory/memory-store.ts'
import type { Effort } from '../../core/protocol/task-payloads.ts'
import { createSpore, type Spore } from '../../core/spore.ts'
import { createClock, createWallClock } from '../clock.ts'
import { createMind, NO_CAPS, routesOf } from '../model.ts'
import { createNetwork, type NetworkConditions } from '../network.ts'
import { NETWORK_NAME, urlOf } from '../node.ts'
import { plainCompression } from '../plain-compression.ts'
import { createRandom } from '../random.ts'
import { respondFrom } from '../respond.ts'
import { createScheduler } from '../scheduler.ts'
import { must } from './lone-spore.ts'
import { CHOICES, questionNumber, questionText, type ScaleWorld } from './scale-world.ts'

/** What came of one question. */
export interface ScaleTask {
  readonly isRight: boolean
  /** Answers that the settled one rests on. */
  readonly participants: number
  /** Calls of models, at all spores. */
  readonly calls: number
  /** Bytes that it caused on the network, requests and replies: those that went over it, less what goes over it without tasks. */
  readonly bytes: number
  /** Milliseconds of virtual time until the asker has the answer, and until everybody has. */
  readonly settleMs: number
  readonly everywhereMs: number
}

export interface ScaleSwarmOptions {
  readonly seed: number
  readonly tasks: number
  readonly effort: Effort
  /** Answers that are waited for; those of the effort unless given. */
  readonly answers?: number
}

const PULL_INTERVAL_MS = 10_000
/** Until all know one another and what models they have. */
const START_MS = 45_000
/** In which it is measured what goes over the network without tasks. */
const IDLE_MS = 60_000
/** Between two questions. */
const PAUSE_MS = 5000
/** What has not ended by then is counted as wrong. */
const TASK_MS_MAX = 150_000
const LOOK_MS = 50
/** Bytes of a request's and a reply's line and headers, each. */
const OVERHEAD_BYTES = 250
/** Milliseconds one way. */
const CONDITIONS: NetworkConditions = { loss: 0, duplicate: 0, minMs: 5, maxMs: 60, isCut: null }

export interface ScaleSwarmRun {
  readonly tasks: readonly ScaleTask[]
  /** Bytes a second, of one spore, while nothing is asked. */
  readonly idleBytes: number
}

/** The tasks of one seed, one after the other, each asked at another spore; null where `goesOn` says no. */
export async function runScaleSwarm(
  world: ScaleWorld,
  { seed, tasks, effort, answers }: ScaleSwarmOptions,
  goesOn: () => Promise<boolean>,
): Promise<ScaleSwarmRun | null> {
  const size = world.spores.length
  const random = createRandom(`eval scale ${seed} swarm ${size}`)
  const scheduler = createScheduler()
  const life = { isOver: false }
  const meter = { calls: 0, bytes: 0 }
  const count = (bytes: number): void => {
    meter.bytes += bytes
  }
  let idleBytesMs = 0
  const network = createNetwork({
    scheduler,
    random: random.stream('network'),
    conditions: { ...CONDITIONS },
    onRequest: ({ request }) => count(request.body.length + OVERHEAD_BYTES),
    onReply: (_, { body }) => count((body?.length ?? 0) + OVERHEAD_BYTES),
    onBroken: (_, error) => {
      throw error
    },
    note: () => {},
  })
  const pass = async (ms: number): Promise<void> => {
    const untilMs = scheduler.elapsedMs + ms
    scheduler.after(ms, null, () => {})
    await scheduler.drive(() => scheduler.elapsedMs >= untilMs)
  }
  const settled = async <T>(call: Promise<T>): Promise<T> => {
    let isOver = false
    const end = (): void => {
      isOver = true
    }
    call.then(end, end)
    await scheduler.drive(() => isOver)
    return call
  }

  const open = async (place: number): Promise<Spore> => {
    const { name, family } = world.spores[place] as ScaleWorld['spores'][number]
    const own = random.stream(`spore ${place}`)
    const clock = createClock(scheduler, createWallClock(scheduler), life)
    const key = own.bytes(32)
    const model = createMind(
      {
        name: `sim/${family}`,
        family,
        think({ text }) {
          meter.calls++
          const { choice, confidence, delayMs } = world.answer(place, questionNumber(text))
          return { answer: CHOICES[choice] as string, confidence, delayMs }
        },
      },
      { clock },
    )
    const spore = await createSpore(
      {
        ...{ name, defaultSpace: 'commons', pullIntervalMs: PULL_INTERVAL_MS, serve: 'all' },
        profile: { ...EMPTY_PROFILE, families: [family] },
      },
      {
        ...{ clock, random: own, log: silentLog, compression: plainCompression, seed: key },
        store: createMemoryStore({
          publicKey: createSigner(key).publicKey,
          network: NETWORK_NAME,
          epoch: own.bytes(8),
        }),
        transport: metered(network.transport(place, name, life), count),
        models: { routes: routesOf([model]), caps: NO_CAPS },
      },
    )
    network.serve(urlOf(name), { place, name, respond: respondFrom(spore.federation), life })
    const others = world.spores.filter((one) => one.name !== name).map((one) => urlOf(one.name))
    await spore.federation.start(urlOf(name), others)
    return spore
  }

  const ask = async (spores: readonly Spore[], n: number): Promise<ScaleTask> => {
    const asker = spores[n % size] as Spore
    const before = { ...meter }
    const startMs = scheduler.elapsedMs
    const input = {
      ...{ task: questionText(n), choices: [...CHOICES], effort },
      ...(answers !== undefined && { answers: Math.min(answers, size) }),
    }
    const { task_id } = must(await settled(asker.submitTask(input)))
    const viewAt = async (spore: Spore) => {
      const found = await settled(spore.task(task_id))
      return found.ok && found.value.status !== 'open' ? found.value : null
    }
    let view = await viewAt(asker)
    while (!view && scheduler.elapsedMs - startMs < TASK_MS_MAX) {
      await pass(LOOK_MS)
      view = await viewAt(asker)
    }
    const settleMs = scheduler.elapsedMs - startMs
    for (const spore of spores)
      while (!(await viewAt(spore)) && scheduler.elapsedMs - startMs < TASK_MS_MAX) await pass(LOOK_MS)
    const everywhereMs = scheduler.elapsedMs - startMs
    await pass(PAUSE_MS)
    return {
      isRight: view?.settlement?.conclusion === CHOICES[world.truth(n)],
      participants: view?.settlement?.participants.length ?? 0,
      calls: meter.calls - before.calls,
      bytes: Math.max(0, meter.bytes - before.bytes - idleBytesMs * (scheduler.elapsedMs - startMs)),
      settleMs,
      everywhereMs,
    }
  }

  const done: ScaleTask[] = []
  const spores = await settled(Promise.all(world.spores.map((_, place) => open(place))))
  await pass(START_MS)
  const startBytes = meter.bytes
  await pass(IDLE_MS)
  idleBytesMs = (meter.bytes - startBytes) / IDLE_MS
  for (let n = 0; n < tasks; n++) {
    if (!(await goesOn())) return null
    done.push(await ask(spores, n))
  }
  // The world ends: what spores still wait for never comes, and nothing of it is on a disk or a socket.
  life.isOver = true
  return { tasks: done, idleBytes: (idleBytesMs * 1000) / size }
}

/** Counts what is read of replies that are streams. */
function metered(transport: Transport, onBytes: (bytes: number) => void): Transport {
  async function* counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      onBytes(chunk.length)
      yield chunk
    }
  }
  return {
    ...transport,
    async stream(request, signal) {
      const found = await transport.stream(request, signal)
      return found.ok ? { ...found, value: { ...found.value, body: counted(found.value.body) } } : found
    },
  }
}
