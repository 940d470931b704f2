/**
 * Swarms of thousands of spores in one process, to measure how an entry spreads: reach over time, copies a node gets, hops,
 * bytes, staleness. The same replicating half as everywhere, over ports that cost little: stores in memory, no compression,
 * and from `REAL_KEYS_MAX` spores on signatures that are hashes. Figures, not faults: `run.ts` is for those.
 */

import { silentLog } from '../core/base/ports.ts'
import { createSigner, createVerifier, type Signer, type Verifier } from '../core/identity/keys.ts'
import { createLibrary, type Library } from '../core/memory/library.ts'
import { createMemoryStore } from '../core/memory/memory-store.ts'
import { createSpaces } from '../core/memory/spaces.ts'
import type { MemoryStore } from '../core/memory/store.ts'
import { createReplication, type Replication } from '../core/replication.ts'
import { createClock, createWallClock } from './clock.ts'
import { createHashSigner, createHashVerifier } from './hash-signature.ts'
import { createNetwork, type Delivery, type NetworkConditions } from './network.ts'
import { NETWORK_NAME, urlOf } from './node.ts'
import { plainCompression } from './plain-compression.ts'
import { createRandom } from './random.ts'
import { respondFrom } from './respond.ts'
import { createScheduler, type Life } from './scheduler.ts'
import { type BroadcastFigures, createSpreadMeter } from './spread-meter.ts'

export const SWARM_SCENARIOS = {
  steady: 'nothing goes wrong',
  loss: '5 % of messages are lost',
  kill: '30 % of the spores die at once',
  churn: '1 % of the spores leave each second, and come back later',
} as const
export type SwarmScenario = keyof typeof SWARM_SCENARIOS
export const SWARM_SCENARIO_NAMES = Object.keys(SWARM_SCENARIOS) as readonly SwarmScenario[]

export interface SwarmOptions {
  readonly nodes: number
  readonly seed: number
  /** Ed25519 rather than hashes; by default up to `REAL_KEYS_MAX` spores. */
  readonly realKeys?: boolean
  /** Entries that are measured, one after the other. */
  readonly broadcasts?: number
  readonly onProgress?: (what: string) => void
  /** Hears of each scenario when it is over. */
  readonly onReport?: (report: SwarmReport) => void
}

export interface SwarmReport extends BroadcastFigures {
  readonly nodes: number
  readonly scenario: SwarmScenario
  readonly seed: number
  readonly degree: number
  readonly signatures: 'Ed25519' | 'hashes in their place'
  /** Spores that are up at the end. */
  readonly alive: number
  /** Bytes of one pair of peers in a second in which nothing is written. */
  readonly idleBytesPerPairSecond: number
  readonly events: number
  readonly virtualMs: number
}

/** From here on, signatures would take most of the time, and no figure depends on them. */
export const REAL_KEYS_MAX = 499
/** Peers of each spore in the random graph that it starts with. */
const DEGREE = 8
const PULL_INTERVAL_MS = 10_000
const START_MS = 10_000
const SETTLE_MS = 30_000
/** Entries before anything is measured: each prunes the tree that the next ones take. */
const WARM_UPS = 20
const BROADCASTS = 20
const BROADCAST_EVERY_MS = 2000
const REACH_MS = 120_000
const IDLE_MS = 60_000
const KILLED = 0.3
const LOSS = 0.05
const LEAVING_A_SECOND = 0.01
const AWAY_MS = 20_000

interface Member {
  readonly place: number
  readonly name: string
  readonly signer: Signer
  readonly store: MemoryStore
  readonly seeds: readonly string[]
  life: Life | null
  running: { readonly replication: Replication; readonly library: Library } | null
  lives: number
}

/** One swarm through one scenario. */
export async function runSwarm(
  options: SwarmOptions & { readonly scenario: SwarmScenario },
): Promise<SwarmReport> {
  const [report] = await runSwarmThrough([options.scenario], options)
  return report as SwarmReport
}

/** One swarm through several scenarios, one after the other: who was killed stays so. */
export async function runSwarmThrough(
  scenarios: readonly SwarmScenario[],
  options: SwarmOptions,
): Promise<SwarmReport[]> {
  const { nodes, seed, broadcasts = BROADCASTS, onProgress = () => {}, onReport = () => {} } = options
  const isReal = options.realKeys ?? nodes <= REAL_KEYS_MAX
  const random = createRandom(`swarm ${nodes} ${seed}`)
  const scheduler = createScheduler()
  const conditions: NetworkConditions = { loss: 0, duplicate: 0, minMs: 10, maxMs: 100, isCut: null }
  const meter = createSpreadMeter(scheduler, nodes)
  const verifier: Verifier = isReal ? createVerifier() : createHashVerifier()
  const network = createNetwork({
    scheduler,
    random: random.stream('network'),
    conditions,
    onRequest: ({ from, to, request }: Delivery) => meter.request(placeOf(from), placeOf(to), request),
    onReply: ({ request }, { body }) => meter.reply(request, body),
    onBroken: (_, error) => {
      throw error
    },
    note: () => {},
  })
  const spaces = createSpaces('commons')
  const members: Member[] = drawGraph(nodes, random).map((neighbours, place) => {
    const key = random.stream(`key ${place}`).bytes(32)
    const signer = isReal ? createSigner(key) : createHashSigner(key)
    const epoch = key.slice(0, 8)
    return {
      place,
      name: `n${place}`,
      signer,
      store: createMemoryStore({ publicKey: signer.publicKey, network: NETWORK_NAME, epoch }),
      seeds: neighbours.map((neighbour) => urlOf(`n${neighbour}`)),
      life: null,
      running: null,
      lives: 0,
    }
  })

  // --- One spore ---

  const start = async (member: Member): Promise<void> => {
    if (member.life) return
    const { place, name, signer, store } = member
    const life: Life = { isOver: false }
    member.life = life
    member.lives++
    const own = random.stream(`member ${place} ${member.lives}`)
    const replication = createReplication(
      { name, pullIntervalMs: PULL_INTERVAL_MS, spaces },
      {
        clock: createClock(scheduler, createWallClock(scheduler), life),
        random: own,
        log: silentLog,
        store,
        transport: network.transport(place, name, life),
        compression: plainCompression,
        signer,
        verifier,
      },
    )
    const { memory, writer, federation } = replication
    writer.onCommitted((applied) => meter.applied(place, applied))
    const library = createLibrary({ memory, writer, store, spaces, trustOf: () => null })
    await replication.replay(async () => {})
    if (life.isOver) return
    network.serve(urlOf(name), { place, name, respond: respondFrom(federation), life })
    await federation.start(urlOf(name), member.seeds)
    if (!life.isOver) member.running = { replication, library }
  }

  const kill = (member: Member): void => {
    if (member.life) member.life.isOver = true
    member.life = null
    member.running = null
    network.serve(urlOf(member.name), { place: member.place, name: member.name, respond: null, life: null })
  }

  const alive = (): Member[] => members.filter(({ running }) => running !== null)

  // --- The phases ---

  const pass = async (ms: number): Promise<void> => {
    const endMs = scheduler.elapsedMs + ms
    scheduler.after(ms, null, () => {})
    await scheduler.drive(() => scheduler.elapsedMs >= endMs)
  }

  let written = 0
  const broadcast = (): void => {
    const author = random.pick(alive())
    void author.running?.library.remember([{ text: `broadcast ${++written} of ${author.name}` }])
  }

  for (const member of members) scheduler.after(random.float() * START_MS, null, () => void start(member))
  await pass(START_MS + SETTLE_MS)
  onProgress(`${alive().length} spores are up`)
  for (let n = 0; n < WARM_UPS; n++) {
    broadcast()
    await pass(BROADCAST_EVERY_MS)
  }
  await pass(PULL_INTERVAL_MS)

  const measure = async (scenario: SwarmScenario): Promise<SwarmReport> => {
    onProgress(`measuring: ${SWARM_SCENARIOS[scenario]}`)
    meter.reset()
    let isChurning = scenario === 'churn'
    const churn = (): void =>
      void scheduler.after(1000, null, () => {
        if (!isChurning) return
        for (const member of random.shuffle(alive()).slice(0, Math.ceil(nodes * LEAVING_A_SECOND))) {
          kill(member)
          scheduler.after(AWAY_MS, null, () => void start(member))
        }
        churn()
      })
    if (scenario === 'loss') conditions.loss = LOSS
    if (scenario === 'kill')
      for (const member of random.shuffle(alive()).slice(0, nodes * KILLED)) kill(member)
    if (isChurning) churn()
    for (let n = 0; n < broadcasts; n++) {
      broadcast()
      await pass(BROADCAST_EVERY_MS)
    }
    isChurning = false
    await pass(scenario === 'churn' ? AWAY_MS : 0)
    const endMs = scheduler.elapsedMs + REACH_MS
    while (lacking() > 0 && scheduler.elapsedMs < endMs) await pass(1000)
    conditions.loss = 0
    const figures = meter.figures(alive().length, lacking())
    onProgress('measuring: nothing is written')
    meter.reset()
    await pass(IDLE_MS)
    const pairs = (alive().length * DEGREE) / 2
    return {
      nodes,
      scenario,
      seed,
      degree: DEGREE,
      signatures: isReal ? 'Ed25519' : 'hashes in their place',
      alive: alive().length,
      ...figures,
      idleBytesPerPairSecond: Math.round(meter.bytes() / pairs / (IDLE_MS / 1000)),
      events: scheduler.steps,
      virtualMs: Math.round(scheduler.elapsedMs),
    }
  }
  const lacking = (): number =>
    alive().filter(({ running }) => (running?.replication.memory.entries ?? 0) < meter.written).length

  const reports: SwarmReport[] = []
  for (const scenario of scenarios) {
    const report = await measure(scenario)
    reports.push(report)
    onReport(report)
  }
  return reports
}

const placeOf = (name: string): number => Number(name.slice(1))

/** A random graph in which each draws half of its neighbours: `DEGREE` of them on average. */
function drawGraph(nodes: number, random: ReturnType<typeof createRandom>): number[][] {
  return Array.from({ length: nodes }, (_, place) => {
    const neighbours = new Set<number>()
    // The one before keeps the graph in one piece whatever is drawn.
    if (place > 0) neighbours.add(random.integer(0, place - 1))
    while (neighbours.size < Math.min(DEGREE / 2, nodes - 1)) {
      const other = random.integer(0, nodes - 1)
      if (other !== place) neighbours.add(other)
    }
    return [...neighbours]
  })
}
