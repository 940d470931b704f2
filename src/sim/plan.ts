/** What one seed does to its world: drawn once, before the world begins. Each scenario is a way of drawing. */
import type { SimRandom } from './random.ts'
import { drawTaskPlan, type TaskPlan } from './task-plan.ts'

/** Faults that happen at random moments, with how often each is picked. */
export interface FaultWeights {
  readonly crash?: number
  readonly stop?: number
  readonly partition?: number
  readonly jump?: number
  readonly wipe?: number
  readonly failingDisk?: number
  readonly clone?: number
  readonly flood?: number
}
export type FaultKind = keyof FaultWeights

export interface Plan {
  readonly nodes: number
  /** How many of them are whole spores; the others are the replicating half. */
  readonly whole: number
  readonly pullIntervalMs: number
  /** Whom a spore knows at its start. */
  readonly topology: 'mesh' | 'chain' | 'star' | 'random'
  /** Mean time between two operations in the whole world, and between two faults, in milliseconds. */
  readonly operationMs: number
  readonly faultMs: number
  readonly faults: FaultWeights
  readonly network: {
    readonly loss: number
    readonly duplicate: number
    readonly minMs: number
    readonly maxMs: number
  }
  readonly disk: { readonly syncMs: number; readonly failure: number; readonly slowRead: number }
  /** Peers that answer what they like. */
  readonly liars: number
  /** Rounds of `pullIntervalMs` in which spores must agree once faults have stopped. */
  readonly rounds: number
  /** Spores that reason, and what they are asked; null where the world is about something else. */
  readonly tasks: TaskPlan | null
}

/** Scenarios of the design, by the id of their fault; `mix` draws from all of them. */
export const SCENARIOS = {
  N1: 'messages lost, duplicated, reordered and delayed',
  N2: 'partitions: halves, ring, one-way, flapping',
  N3: 'authors that equivocate',
  N7: 'peers that lie',
  S2: 'power loss: what was not synced is dropped or torn',
  S6: 'clocks that jump by hours and years',
  S8: 'wiped disks with the same key',
  mix: 'a little of everything',
  tasks: 'spores that reason together, with models that fail and authors that lie',
} as const
export type ScenarioName = keyof typeof SCENARIOS
export const SCENARIO_NAMES = Object.keys(SCENARIOS) as readonly ScenarioName[]
/** Those that seeds take in turn: tasks have seeds of their own, for each of them costs as much as several others. */
export const TURN_NAMES = SCENARIO_NAMES.filter((name) => name !== 'tasks')

/** The default of a spore: what it waits before it asks again is in proportion to it. */
const PULL_INTERVAL_MS = 10_000
/** Rounds until spores agree: the bar of partitions and equivocation in the design. */
const ROUNDS = 10

export const drawPlan = (scenario: ScenarioName, random: SimRandom): Plan => ({
  ...drawQuiet(random),
  ...DRAW[scenario](random),
})

/** A world in which little goes wrong; scenarios change what they are about. */
function drawQuiet(random: SimRandom): Plan {
  const nodes = random.chance(0.15) ? random.integer(9, 20) : random.integer(3, 8)
  return {
    nodes,
    whole: random.integer(0, Math.min(3, nodes)),
    pullIntervalMs: PULL_INTERVAL_MS,
    topology: random.pick(['mesh', 'chain', 'star', 'random']),
    operationMs: random.pick([200, 500, 1500]),
    faultMs: random.pick([2000, 4000, 8000]),
    faults: {},
    network: {
      loss: 0,
      duplicate: random.chance(0.3) ? 0.05 : 0,
      minMs: 1,
      maxMs: random.pick([5, 50, 400]),
    },
    disk: { syncMs: random.pick([1, 8, 60]), failure: 0, slowRead: random.pick([0, 0, 0.1, 0.4]) },
    liars: 0,
    rounds: ROUNDS,
    tasks: null,
  }
}

const DRAW: { readonly [Name in ScenarioName]: (random: SimRandom) => Partial<Plan> } = {
  N1: (random) => ({
    nodes: random.integer(3, 20),
    network: {
      loss: random.pick([0.05, 0.15, 0.3]),
      duplicate: random.pick([0.05, 0.3]),
      minMs: 1,
      maxMs: random.pick([50, 500, 3000]),
    },
    faults: { crash: 1, stop: 1 },
    faultMs: 10_000,
  }),
  N2: (random) => ({ faults: { partition: 5, crash: 1 }, nodes: random.integer(4, 12), faultMs: 4000 }),
  N3: (random) => ({
    faults: { clone: 3, partition: 2, crash: 1 },
    nodes: random.integer(4, 9),
    faultMs: 5000,
  }),
  N7: (random) => ({
    liars: random.integer(1, 3),
    faults: { flood: 1, crash: 1, partition: 1 },
    nodes: random.integer(3, 6),
  }),
  S2: (random) => ({
    faults: { crash: 5, failingDisk: 2, stop: 1 },
    faultMs: random.pick([500, 2000]),
    disk: { syncMs: random.pick([8, 60, 300]), failure: random.pick([0, 0.05]), slowRead: 0.1 },
    nodes: random.integer(3, 6),
  }),
  S6: (random) => ({ faults: { jump: 5, crash: 2, stop: 1 }, nodes: random.integer(3, 6) }),
  S8: (random) => ({ faults: { wipe: 3, crash: 2, partition: 1 }, nodes: random.integer(3, 8) }),
  mix: (random) => ({
    faults: { crash: 3, stop: 1, partition: 2, jump: 1, wipe: 1, failingDisk: 1, clone: 1, flood: 1 },
    network: {
      loss: random.pick([0, 0.02, 0.1]),
      duplicate: 0.1,
      minMs: 1,
      maxMs: random.pick([20, 200, 1000]),
    },
    liars: random.integer(0, 1),
  }),
  tasks: (random) => {
    const tasks = drawTaskPlan(random)
    const whole = tasks.minds.length
    return {
      tasks,
      nodes: whole + tasks.liars,
      whole,
      // Who is gone for good may have been the only one that others knew of one another by.
      topology: tasks.hasLeaver ? 'mesh' : random.pick(['mesh', 'random']),
      operationMs: random.pick([3000, 5000]),
      network: {
        loss: random.pick([0, 0.05, 0.2]),
        duplicate: random.pick([0, 0.1]),
        minMs: 1,
        maxMs: random.pick([20, 200, 1000]),
      },
      disk: {
        syncMs: random.pick([1, 8, 60]),
        failure: random.pick([0, 0, 0.05]),
        slowRead: random.pick([0, 0.4]),
      },
      faultMs: random.pick([5000, 10_000, 20_000]),
      faults: { crash: 3, stop: 1, partition: 2, failingDisk: 1, ...(random.chance(0.25) && { jump: 2 }) },
    }
  },
}
