/**
 * What each mechanism must show (05-reasoning §4), against the seeds. Where something has to be higher or lower, it is the end of the 95 %
 * interval of the paired difference that has to be: chance alone meets no bar, and neither does a mechanism that does nothing.
 */
import type { Mechanism } from '../../core/reasoning/synthesis/quantum-params.ts'
import { type AblationSeed, type OnOff, PANEL_NAMES, PLANTED } from './ablation-run.ts'
import type { EvalBar } from './report.ts'
import { halfWidth, meanOf } from './statistics.ts'

export interface MechanismBar extends EvalBar {
  readonly about: Mechanism
}

/** Smallest difference that is one: bits, points of percent, factors. */
const BITS_LEAST = 0.01
const POINTS_LEAST = 0.1
const FACTOR_LEAST = 0.01
/** Percent of planted consensus that must be escaped, and of further calls elsewhere at most. */
const ESCAPED_LEAST = 60
const CALLS_MOST = 10
/** Points by which needles may be found less often. */
const NEEDLES_LOST_MOST = 1

export function ablationBars(seeds: readonly AblationSeed[]): MechanismBar[] {
  const over = (figureOf: (seed: AblationSeed) => number): readonly number[] => seeds.map(figureOf)
  const low = (values: readonly number[]): number => meanOf(values) - halfWidth(values)
  const high = (values: readonly number[]): number => meanOf(values) + halfWidth(values)
  return [
    least(
      'annealing',
      'first answers are more diverse, low end of the interval',
      low(over(({ annealing: { 'as tasks run': one } }) => gain(one, 'diversity'))),
      BITS_LEAST,
      'bits',
    ),
    most(
      'annealing',
      'last answers are less spread, high end of the interval',
      high(over(({ annealing: { 'as tasks run': one } }) => gain(one, 'spread'))),
      -BITS_LEAST,
      'bits',
    ),
    least(
      'superposition',
      'more right where contributors are unsure, low end of the interval',
      low(over(({ superposition }) => points(superposition.unsure, 'right'))),
      POINTS_LEAST,
      'points',
    ),
    least(
      'interference',
      'not less right in the independent world',
      meanOf(over(({ interference }) => points(interference.mixed, 'right'))),
      0,
      'points',
    ),
    least(
      'interference',
      'copies gain less where they are known to be entangled, low end of the interval',
      low(over(({ damping: { on, off } }) => off.factor - on.factor)),
      FACTOR_LEAST,
      '',
    ),
    least(
      'tunnelling',
      'escapes a planted consensus',
      meanOf(over(({ planted }) => 100 * meanOf(PLANTED.map((kind) => 1 - planted[kind].on.caught)))),
      ESCAPED_LEAST,
      '%',
    ),
    most(
      'tunnelling',
      'further calls elsewhere',
      meanOf(over(({ elsewhere }) => 100 * (callsOf(elsewhere, 'on') / callsOf(elsewhere, 'off') - 1))),
      CALLS_MOST,
      '%',
    ),
    most(
      'entanglement',
      'share of all mass that liars lose as a group, high end of the interval',
      high(over(({ entanglement }) => points(entanglement, 'liars'))),
      -POINTS_LEAST,
      'points',
    ),
    least(
      'entanglement',
      'a newcomer of a proven house starts above chance, low end of the interval',
      low(over(({ newcomers: { on } }) => on.withEvidence)),
      FACTOR_LEAST,
      '',
    ),
    most(
      'entanglement',
      'and one of a house without evidence does not',
      meanOf(over(({ newcomers: { on } }) => on.without)),
      0,
      '',
    ),
    most(
      'decoherence',
      'superseded facts stand first less often, high end of the interval',
      high(over(({ decoherence }) => points(decoherence, 'stale'))),
      -POINTS_LEAST,
      'points',
    ),
    least(
      'decoherence',
      'needles older than 30 days are found',
      meanOf(over(({ decoherence }) => points(decoherence, 'found'))),
      -NEEDLES_LOST_MOST,
      'points',
    ),
  ]
}

/** On minus off. */
export const gain = <Name extends string>(
  { on, off }: OnOff<Readonly<Record<Name, number>>>,
  name: Name,
): number => on[name] - off[name]

/** The same of a share, in points of percent. */
export const points = <Name extends string>(one: OnOff<Readonly<Record<Name, number>>>, name: Name): number =>
  100 * gain(one, name)

const callsOf = (elsewhere: AblationSeed['elsewhere'], arm: 'on' | 'off'): number =>
  meanOf(PANEL_NAMES.map((panel) => elsewhere[panel][arm].calls))

const least = (
  about: Mechanism,
  what: string,
  measured: number,
  bound: number,
  unit: string,
): MechanismBar => ({ about, what, measured, kind: 'least', bound, unit, isMet: measured >= bound })

const most = (
  about: Mechanism,
  what: string,
  measured: number,
  bound: number,
  unit: string,
): MechanismBar => ({ about, what, measured, kind: 'most', bound, unit, isMet: measured <= bound })
