/**
 * Honest spores among hostile ones: does what an honest one writes reach all others of its kind? Two sieges: three spores
 * whom two hundred strangers surround (N5), and a swarm of which a fifth is byzantine. Figures come from what went over the
 * network and what spores hold, whatever the views inside say.
 */
import type { Did } from '../core/base/brand.ts'
import { type Log, silentLog } from '../core/base/ports.ts'
import { CUT_OFF } from '../core/gossip/conduct.ts'
import { KNOWN_LOGS_MAX, type Peer } from '../core/gossip/peers.ts'
import { ACTIVE_MAX, PASSIVE_MAX } from '../core/gossip/views.ts'
import { createLibrary, type Library } from '../core/memory/library.ts'
import { createMemoryStore } from '../core/memory/memory-store.ts'
import { createSpaces } from '../core/memory/spaces.ts'
import {
  CONDUCT_CALLERS_MAX,
  CONDUCT_CUT_MAX,
  FORKS_MAX,
  LOGS_MAX,
  PEERS_MAX,
} from '../core/protocol/limits.ts'
import { createReplication, type Replication } from '../core/replication.ts'
import { type Byzantine, createByzantine } from './byzantine.ts'
import { createClock, createWallClock } from './clock.ts'
import { createHashSigner, createHashVerifier } from './hash-signature.ts'
import { createNetwork } from './network.ts'
import { NETWORK_NAME, textOf, urlOf } from './node.ts'
import { plainCompression } from './plain-compression.ts'
import { createRandom, type SimRandom } from './random.ts'
import { respondFrom } from './respond.ts'
import { createScheduler } from './scheduler.ts'

export const SIEGES = {
  eclipse: 'three honest spores in a chain, and many hostile ones that all want to be their neighbours (N5)',
  byzantine: 'a fifth of the spores lie, claim, drop and prune',
} as const
export type SiegeName = keyof typeof SIEGES
export const SIEGE_NAMES = Object.keys(SIEGES) as readonly SiegeName[]

export interface SiegeOptions {
  readonly siege: SiegeName
  /** Spores in all. */
  readonly nodes: number
  readonly seed: number
  /** Entries that are measured, one after the other. */
  readonly broadcasts?: number
  readonly onProgress?: (what: string) => void
}

export interface SiegeReport {
  readonly siege: SiegeName
  readonly seed: number
  readonly honest: number
  readonly hostile: number
  readonly entries: number
  /** Rounds of the pull interval from a write to its arrival at the last honest spore; null where it did not come. */
  readonly rounds: readonly (number | null)[]
  /** Share of the honest spores that exchange with one another, directly or through other honest ones. */
  readonly largestComponent: number
  /** What strangers can make grow, of the honest spore that has most of it. */
  readonly caps: readonly Cap[]
  /** Hostile peers among those of an honest spore, on average. */
  readonly hostilePeersShare: number
  /** Spores that an honest one cut off for their conduct: hostile ones, and honest ones, of which there must be none. */
  readonly cutHostile: number
  readonly cutHonest: number
  readonly events: number
}

export interface Cap {
  readonly what: string
  readonly most: number
  readonly cap: number
}

const HONEST_ECLIPSED = 3
/** Fewer spores than this are no siege. */
export const SIEGE_NODES_MIN = 10
const HOSTILE_SHARE = 0.2
const PULL_INTERVAL_MS = 10_000
/** Whom each honest spore is told of at its start, in a swarm; one of them at least is honest. */
const SEEDS = 4
const START_MS = 10_000
/** Hostile ones have this long to take every place before anything is written. */
const SIEGE_MS = 120_000
const BROADCASTS = 10
const BROADCAST_EVERY_MS = 5000
/** Rounds after which an entry counts as lost; the bar is 20. */
const ROUNDS_MAX = 40
const ATTACK_MS = { eclipse: 10_000, byzantine: 10_000 } as const

interface Honest {
  readonly name: string
  readonly did: Did
  readonly replication: Replication
  readonly library: Library
}

/** Runs one siege to its end; the same for the same seed. */
export async function runSiege(options: SiegeOptions): Promise<SiegeReport> {
  const { siege, nodes, seed, broadcasts = BROADCASTS, onProgress = () => {} } = options
  const honestCount = siege === 'eclipse' ? HONEST_ECLIPSED : nodes - Math.floor(nodes * HOSTILE_SHARE)
  const random = createRandom(`siege ${siege} ${nodes} ${seed}`)
  const scheduler = createScheduler()
  const verifier = createHashVerifier()
  const meter = createContactMeter(honestCount)
  const network = createNetwork({
    scheduler,
    random: random.stream('network'),
    conditions: { loss: 0, duplicate: 0, minMs: 10, maxMs: 100, isCut: null },
    onRequest: ({ from, to }) => meter.met(from, to),
    onReply: () => {},
    onBroken: (_, error) => {
      throw new Error(textOf(error))
    },
    note: () => {},
  })
  const pass = async (ms: number, isDone: () => boolean = () => false): Promise<void> => {
    const endMs = scheduler.elapsedMs + ms
    scheduler.after(ms, null, () => {})
    await scheduler.drive(() => scheduler.elapsedMs >= endMs || isDone())
  }

  // --- Who is there ---

  const spaces = createSpaces('commons')
  const honest: Honest[] = []
  const cutOff = new Set<unknown>()
  const watchfulLog: Log = {
    ...silentLog,
    warn(message, fields) {
      if (message === CUT_OFF) cutOff.add(fields?.caller)
    },
  }
  const start = async (place: number, seeds: readonly string[]): Promise<void> => {
    const name = `n${place}`
    const own = random.stream(name)
    const key = own.bytes(32)
    const signer = createHashSigner(key)
    const life = { isOver: false }
    const store = createMemoryStore({
      publicKey: signer.publicKey,
      network: NETWORK_NAME,
      epoch: key.slice(0, 8),
    })
    const replication = createReplication(
      { name, pullIntervalMs: PULL_INTERVAL_MS, spaces },
      {
        clock: createClock(scheduler, createWallClock(scheduler), life),
        random: own,
        log: watchfulLog,
        store,
        transport: network.transport(place, name, life),
        compression: plainCompression,
        signer,
        verifier,
      },
    )
    const { memory, writer, federation } = replication
    const library = createLibrary({ memory, writer, store, spaces, trustOf: () => null })
    await replication.replay(() => {})
    network.serve(urlOf(name), { place, name, respond: respondFrom(federation), life })
    await federation.start(urlOf(name), seeds)
    honest.push({ name, did: signer.did, replication, library })
  }

  const hostile: Byzantine[] = []
  const victims = Array.from({ length: honestCount }, (_, place) => urlOf(`n${place}`))
  for (let i = 0; i < nodes - honestCount; i++) {
    const own = random.stream(`hostile ${i}`)
    const place = honestCount + i
    hostile.push(
      createByzantine(
        {
          place,
          name: `x${place}`,
          signer: createHashSigner(own.bytes(32)),
          verifier,
          attackMs: ATTACK_MS[siege],
          victims,
          friends: () => hostile,
        },
        { scheduler, network, random: own },
      ),
    )
  }

  for (let place = 0; place < honestCount; place++) {
    const seeds = siege === 'eclipse' ? chainSeeds(place) : drawSeeds(place, nodes, honestCount, random)
    scheduler.after(random.float() * START_MS, null, () => void start(place, seeds))
  }
  for (const node of hostile) node.start()
  await pass(START_MS + SIEGE_MS)
  onProgress(`${honest.length} honest spores are up, among ${hostile.length}`)

  // --- What is measured ---

  const rounds: (number | null)[] = []
  meter.reset()
  for (let n = 0; n < broadcasts; n++) {
    const { library } = random.pick(honest)
    const writtenAtMs = scheduler.elapsedMs
    void library.remember([{ text: `broadcast ${n}` }])
    const isEverywhere = (): boolean => honest.every(({ replication }) => replication.memory.memories > n)
    let checkedAtMs = writtenAtMs
    let isThere = false
    await pass(ROUNDS_MAX * PULL_INTERVAL_MS, () => {
      // Asked now and then: at each event it would cost more than the events.
      if (scheduler.elapsedMs - checkedAtMs < 500) return false
      checkedAtMs = scheduler.elapsedMs
      isThere = isEverywhere()
      return isThere
    })
    rounds.push(isThere ? Math.ceil((scheduler.elapsedMs - writtenAtMs) / PULL_INTERVAL_MS) : null)
    onProgress(`entry ${n + 1}: ${rounds.at(-1) ?? 'lost'} rounds`)
    await pass(BROADCAST_EVERY_MS)
  }

  const tables = honest.map(({ replication }) => replication.gossip.peers.all())
  const isHostile = new Set(hostile.map(({ url }) => url))
  const shares = tables.map(
    (peers) => peers.filter(({ url }) => isHostile.has(url)).length / Math.max(1, peers.length),
  )
  return {
    siege,
    seed,
    honest: honest.length,
    hostile: hostile.length,
    entries: broadcasts,
    rounds,
    largestComponent: meter.largestComponent(),
    caps: capsOf(honest.map(({ replication }) => replication)),
    hostilePeersShare: Number((shares.reduce((sum, share) => sum + share, 0) / shares.length).toFixed(3)),
    cutHostile: hostile.filter((node) => cutOff.has(node.descriptor().key)).length,
    cutHonest: honest.filter(({ did }) => cutOff.has(did)).length,
    events: scheduler.steps,
  }
}

/** As far as sizes can be read from outside; the tests of the others are in docs/bounds.md. */
function capsOf(spores: readonly Replication[]): Cap[] {
  const most = (what: string, cap: number, sizeOf: (spore: Replication) => number): Cap => ({
    what,
    most: Math.max(...spores.map(sizeOf)),
    cap,
  })
  const mostOf = ({ gossip }: Replication, sizeOf: (peer: Peer) => number): number =>
    Math.max(0, ...gossip.peers.all().map(sizeOf))
  return [
    most('peers', PEERS_MAX, ({ gossip }) => gossip.peers.all().length),
    most('links', ACTIVE_MAX, ({ gossip }) => gossip.membership.neighbors.active().length),
    // Configured peers are kept beside these.
    most(
      'strangers beside its links',
      PASSIVE_MAX,
      ({ gossip }) => gossip.membership.neighbors.passive().filter(({ isPinned }) => !isPinned).length,
    ),
    most('logs that a peer is known to have', KNOWN_LOGS_MAX, (spore) =>
      mostOf(spore, ({ known }) => known.size),
    ),
    most('forks that a peer is known to know', KNOWN_LOGS_MAX, (spore) =>
      mostOf(spore, ({ knownForks }) => knownForks.size),
    ),
    most(
      'accounts of callers',
      CONDUCT_CALLERS_MAX + CONDUCT_CUT_MAX,
      ({ federation }) => federation.conduct.size,
    ),
    most('logs', LOGS_MAX, ({ memory }) => memory.logs.size),
    most('fork proofs', FORKS_MAX, ({ memory }) => memory.usage.forks),
  ]
}

/** Each was told of the one before it. */
const chainSeeds = (place: number): string[] => (place === 0 ? [] : [urlOf(`n${place - 1}`)])

/** Drawn from all, hostile ones too, but for one. */
function drawSeeds(place: number, nodes: number, honestCount: number, random: SimRandom): string[] {
  const seeds = new Set<string>()
  if (place > 0) seeds.add(urlOf(`n${random.integer(0, place - 1)}`))
  while (seeds.size < Math.min(SEEDS, nodes - 1)) {
    const other = random.integer(0, nodes - 1)
    if (other !== place) seeds.add(urlOf(`${other < honestCount ? 'n' : 'x'}${other}`))
  }
  return [...seeds]
}

/** Which honest spores asked which: places are the numbers in their names. */
function createContactMeter(honestCount: number) {
  let contacts = new Set<number>()
  return {
    met(from: string, to: string): void {
      if (from.startsWith('n') && to.startsWith('n'))
        contacts.add(Number(from.slice(1)) * honestCount + Number(to.slice(1)))
    },
    reset(): void {
      contacts = new Set()
    },
    /** The share of them in the largest set of which each is linked to each by contacts. */
    largestComponent(): number {
      const above = Array.from({ length: honestCount }, (_, place) => place)
      const rootOf = (place: number): number => {
        let root = place
        while (above[root] !== root) root = above[root] as number
        above[place] = root
        return root
      }
      for (const contact of contacts)
        above[rootOf(Math.floor(contact / honestCount))] = rootOf(contact % honestCount)
      const sizes = new Map<number, number>()
      for (const place of above.keys()) sizes.set(rootOf(place), (sizes.get(rootOf(place)) ?? 0) + 1)
      return Math.max(...sizes.values()) / honestCount
    },
  }
}
