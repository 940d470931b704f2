/** All mechanisms and pairs of them in one world: what each adds alone, what two add together, and what that is beyond their sum. */
import { MECHANISMS, type Mechanism, switchesOf } from '../../core/reasoning/synthesis/quantum-params.ts'
import type { SimRandom } from '../random.ts'
import {
  type AblationSizes,
  armOf,
  type Noop,
  PANELS,
  type SwarmFigures,
  swarmFigures,
} from './ablation-figures.ts'
import { type MemoryFigures, memoryFigures } from './ablation-memory.ts'
import type { Trap } from './ablation-swarm.ts'

/** Of the tasks, in percent: those about a fact that was superseded, and those in which all first agree on a wrong memory. */
export const PAIR_WORLD = { superseded: 30, planted: 10 } as const

/** Mechanisms that are on; all others are off. */
export type ArmName = string
export const nameOf = (on: readonly Mechanism[]): ArmName => (on.length === 0 ? 'none' : on.join(' + '))

/** None, each alone, each pair, and all. */
export const PAIR_ARMS: readonly (readonly Mechanism[])[] = [
  [],
  ...MECHANISMS.map((one) => [one]),
  ...MECHANISMS.flatMap((a, i) => MECHANISMS.slice(i + 1).map((b) => [a, b])),
  [...MECHANISMS],
]

/** Figures of every arm, by its name; the same tasks in each. */
export function pairFigures(seed: number, sizes: AblationSizes, noop: Noop): Map<ArmName, SwarmFigures> {
  const memories = new Map<boolean, MemoryFigures>()
  const found = new Map<ArmName, SwarmFigures>()
  for (const on of PAIR_ARMS) {
    const quantum = armOf(switchesOf(false, on), noop)
    const { decoherence } = quantum.isOn
    const memory = memories.get(decoherence) ?? memoryFigures(seed, quantum)
    memories.set(decoherence, memory)
    const trapOf = (_: number, random: SimRandom): Trap => drawTrap(random, memory)
    found.set(nameOf(on), swarmFigures('pairs', seed, PANELS.pairs, sizes, { quantum, trapOf }))
  }
  return found
}

/** Whether a task recalls what was superseded is how often the retriever finds it first. */
function drawTrap(random: SimRandom, { stale }: MemoryFigures): Trap {
  const percent = random.float() * 100
  const isStale = random.float() < stale
  if (percent < PAIR_WORLD.superseded) return { kind: isStale ? 'stale' : 'told' }
  return { kind: percent < PAIR_WORLD.superseded + PAIR_WORLD.planted ? 'misled' : 'none' }
}
