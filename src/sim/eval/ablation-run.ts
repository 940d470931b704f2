/** One seed of the ablation: every figure that its tables and bars are made of. */
import type { Mechanism } from '../../core/reasoning/synthesis/quantum-params.ts'
import {
  type AblationSizes,
  armOf,
  type EntanglementFigures,
  entanglementFigures,
  type InterferenceFigures,
  interferenceFigures,
  type NewcomerFigures,
  type Noop,
  newcomerFigures,
  PANELS,
  type SwarmFigures,
  swarmFigures,
  worldOf,
} from './ablation-figures.ts'
import { type MemoryFigures, memoryFigures } from './ablation-memory.ts'
import { type ArmName, pairFigures } from './ablation-pairs.ts'

/** The same with a mechanism and without it. */
export interface OnOff<Figures> {
  readonly on: Figures
  readonly off: Figures
}

export type PanelName = Exclude<keyof typeof PANELS, 'pairs'>
export const PANEL_NAMES: readonly PanelName[] = ['mixed', 'unsure', 'sure']
export const INTERFERENCE_WORLDS = ['mixed', 'correlated', 'loosely-correlated'] as const
export const PLANTED = ['herded', 'misled'] as const

type By<Name extends string, Figures> = Readonly<Record<Name, OnOff<Figures>>>

export interface AblationSeed {
  /** As tasks run, and all eight rounds whatever is agreed. */
  readonly annealing: By<'as tasks run' | 'all rounds', SwarmFigures>
  /** First answers alone, by panel; and whole tasks of the unsure panel. */
  readonly superposition: By<PanelName | 'unsure, whole tasks', SwarmFigures>
  readonly interference: By<(typeof INTERFERENCE_WORLDS)[number], InterferenceFigures>
  /** Interference on, with entanglement and without it. */
  readonly damping: OnOff<InterferenceFigures>
  readonly planted: By<(typeof PLANTED)[number], SwarmFigures>
  readonly elsewhere: By<PanelName, SwarmFigures>
  readonly entanglement: OnOff<EntanglementFigures>
  /** Pairs smoothed by the moving average of the design. */
  readonly smoothed: EntanglementFigures
  readonly newcomers: OnOff<NewcomerFigures>
  readonly decoherence: OnOff<MemoryFigures>
  readonly pairs: ReadonlyMap<ArmName, SwarmFigures>
}

const NONE: Noop = new Set()

/** `noop`: mechanisms that do nothing, to see that their bars notice. */
export function ablateSeed(seed: number, sizes: AblationSizes, noop: Noop = NONE): AblationSeed {
  const compare = <Figures>(
    mechanism: Mechanism,
    figuresOf: (quantum: ReturnType<typeof armOf>) => Figures,
  ): OnOff<Figures> => ({
    on: figuresOf(armOf({ [mechanism]: true }, noop)),
    off: figuresOf(armOf({ [mechanism]: false }, noop)),
  })
  const each = <Name extends string, Figures>(
    names: readonly Name[],
    of: (name: Name) => OnOff<Figures>,
  ): By<Name, Figures> =>
    Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, OnOff<Figures>>
  const swarm = (mechanism: Mechanism, panel: PanelName, more: object = {}): OnOff<SwarmFigures> =>
    compare(mechanism, (quantum) =>
      swarmFigures(`${mechanism} ${panel}`, seed, PANELS[panel], sizes, { quantum, ...more }),
    )
  return {
    annealing: {
      'as tasks run': swarm('annealing', 'mixed'),
      'all rounds': swarm('annealing', 'mixed', { isExhaustive: true }),
    },
    superposition: {
      ...each(PANEL_NAMES, (panel) => swarm('superposition', panel, { effort: 'quick' })),
      'unsure, whole tasks': swarm('superposition', 'unsure'),
    },
    interference: each(INTERFERENCE_WORLDS, (name) =>
      compare('interference', (quantum) => interferenceFigures(worldOf(name), seed, sizes, quantum)),
    ),
    damping: {
      on: interferenceFigures(worldOf('correlated'), seed, sizes, armOf({ interference: true }, noop)),
      off: interferenceFigures(
        worldOf('correlated'),
        seed,
        sizes,
        armOf({ interference: true, entanglement: false }, noop),
      ),
    },
    planted: each(PLANTED, (kind) => swarm('tunnelling', 'mixed', { trapOf: () => ({ kind }) })),
    elsewhere: each(PANEL_NAMES, (panel) => swarm('tunnelling', panel)),
    entanglement: compare('entanglement', (quantum) => entanglementFigures(seed, sizes, quantum)),
    smoothed: entanglementFigures(seed, sizes, armOf({}, noop), 'smoothed'),
    newcomers: compare('entanglement', (quantum) => newcomerFigures(seed, sizes, quantum)),
    decoherence: compare('decoherence', (quantum) => memoryFigures(seed, quantum)),
    pairs: pairFigures(seed, sizes, noop),
  }
}
