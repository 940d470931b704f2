/** `spore eval trust` as a report: the worlds, what came out a seed, and the bars of the design (05-reasoning §5). */
import { createTrust } from '../../core/trust/trust.ts'
import { createTrustParams } from '../../core/trust/trust-params.ts'
import type { EvalBar, EvalPlot, EvalReport, EvalTable } from './report.ts'
import { cellOf, meanOf, quantileOf, shareHalfWidth } from './statistics.ts'
import * as attacks from './trust-attacks.ts'
import * as scenarios from './trust-scenarios.ts'
import type { TrustMaker } from './trust-world.ts'

export const realTrust: TrustMaker = (deps) => createTrust({}, deps)

export interface TrustSizes {
  /** Spores of the worlds in which the honest are told from the dishonest, ascending. */
  readonly sizes: readonly number[]
  /** Identities of one host. */
  readonly host: number
  /** Seeds of worlds of more than a hundred spores, at most. */
  readonly largeSeeds: number
}

/** One seed of all worlds. Those of more than a hundred spores only where `isLarge`. */
export interface TrustSeed {
  readonly seed: number
  readonly planted: scenarios.PlantedResult
  readonly liar: scenarios.LiarResult
  readonly noise: scenarios.NoiseResult
  readonly swap: scenarios.SwapResult
  readonly sybils: attacks.SybilsResult
  readonly slander: attacks.SlanderResult
  readonly whitewash: attacks.WhitewashResult
  readonly dishonest: readonly { readonly size: number; readonly auc: number }[]
  /** Of a hundred spores, by how often the observer judged each himself. */
  readonly curve: readonly { readonly judged: number; readonly auc: number }[]
  /** Null where this seed has no large worlds. */
  readonly host: { readonly ratio: number } | null
}

/** A world that is larger takes seconds. */
const LARGE = 100
/** Own outcomes of each, 0 among them: then there is hearsay and nobody to believe. */
const CURVE = [0, 1, 2, 4, 8]

export function trustSeed(
  seed: number,
  { sizes, host }: TrustSizes,
  isLarge: boolean,
  makeTrust: TrustMaker = realTrust,
): TrustSeed {
  return {
    seed,
    planted: scenarios.planted(seed, makeTrust),
    liar: scenarios.liar(seed, makeTrust),
    noise: scenarios.noise(seed, makeTrust),
    swap: scenarios.swap(seed, makeTrust),
    sybils: attacks.sybils(seed, makeTrust),
    slander: attacks.slander(seed, makeTrust),
    whitewash: attacks.whitewash(seed, makeTrust),
    dishonest: sizes
      .filter((size) => isLarge || size <= LARGE)
      .map((size) => ({ size, ...scenarios.dishonest(seed, size, makeTrust) })),
    curve: CURVE.map((judged) => ({
      judged,
      ...scenarios.dishonest(seed, LARGE, makeTrust, judged),
    })),
    host: isLarge ? attacks.host(seed, host, makeTrust) : null,
  }
}

export function trustReport(
  given: { readonly command: string; readonly sizes: TrustSizes },
  results: readonly TrustSeed[],
): EvalReport {
  const bars = barsOf(results)
  return {
    name: 'trust',
    title: 'Trust that is earned',
    command: given.command,
    ok: bars.every(({ isMet }) => isMet),
    seeds: results.map(({ seed }) => seed),
    params: { ...createTrustParams() },
    tables: tablesOf(results),
    bars,
    plots: plotsOf(results),
    notes: NOTES,
  }
}

const bar = (
  about: string,
  what: string,
  measured: number,
  kind: EvalBar['kind'],
  bound: number,
  unit = '',
): EvalBar => ({
  ...{ about, what, measured, kind, bound, unit },
  isMet: kind === 'least' ? measured >= bound : measured <= bound,
})

function barsOf(results: readonly TrustSeed[]): EvalBar[] {
  const mean = (of: (one: TrustSeed) => number): number => meanOf(results.map(of))
  const worst = (of: (one: TrustSeed) => number): number => Math.max(...results.map(of))
  const hosts = results.flatMap(({ host }) => (host ? [host.ratio] : []))
  const bars = [
    bar(
      'planted',
      'seeds in which the better one is preferred',
      100 * mean(({ planted }) => Number(planted.isPreferred)),
      'least',
      95,
      '%',
    ),
    bar(
      'liar',
      'tasks until below every honest one, worst seed',
      worst(({ liar }) => liar.fresh),
      'most',
      4,
      'tasks',
    ),
    bar(
      'liar',
      'the same of a sleeper that was right 50 times, worst seed',
      worst(({ liar }) => liar.sleeper),
      'most',
      4,
      'tasks',
    ),
    bar(
      'noise',
      'honest ones shut out for good, worst seed',
      worst(({ noise }) => noise.isolated),
      'most',
      0,
    ),
    ...sizesOf(results).map((size) =>
      bar(
        `dishonest, ${size} spores`,
        'area under the curve, mean',
        meanOf(aucsOf(results, size)),
        'least',
        0.99,
      ),
    ),
    bar(
      'swap',
      'tasks until the better one is preferred, mean',
      mean(({ swap }) => swap.tasks),
      'most',
      60,
      'tasks',
    ),
    bar(
      'swap',
      'share of tasks, from the 60th on, in which it is',
      100 * mean(({ swap }) => swap.after),
      'least',
      95,
      '%',
    ),
    bar('sybils', 'right answers, mean', 100 * mean(({ sybils }) => sybils.right), 'least', 90, '%'),
    bar(
      'slander, loud',
      'ranking of the honest, mean',
      mean(({ slander }) => slander.loud),
      'least',
      0.95,
      'τ',
    ),
    bar(
      'slander, sly',
      'ranking of the honest, mean',
      mean(({ slander }) => slander.sly),
      'least',
      0.95,
      'τ',
    ),
    bar(
      'slander',
      'what stuffed ballots add to a mean',
      mean(({ slander }) => slander.gain),
      'most',
      0.05,
    ),
    bar(
      'whitewash',
      'weight gained by a new name, worst seed',
      worst(({ whitewash }) => whitewash.weight),
      'most',
      0,
      'nats',
    ),
    bar(
      'whitewash',
      'tiers gained, worst seed',
      worst(({ whitewash }) => whitewash.tier),
      'most',
      0,
    ),
    bar(
      'whitewash',
      'relevance gained, worst seed',
      worst(({ whitewash }) => whitewash.relevance),
      'most',
      0,
    ),
  ]
  if (hosts.length > 0)
    bars.push(
      bar(
        'host',
        'what all its identities weigh, in honest peers, worst seed',
        Math.max(...hosts),
        'most',
        1,
      ),
    )
  return bars
}

const sizesOf = (results: readonly TrustSeed[]): number[] =>
  [...new Set(results.flatMap(({ dishonest }) => dishonest.map(({ size }) => size)))].sort((a, b) => a - b)
const aucsOf = (results: readonly TrustSeed[], size: number): number[] =>
  results.flatMap(({ dishonest }) => dishonest.filter((one) => one.size === size).map(({ auc }) => auc))

function tablesOf(results: readonly TrustSeed[]): EvalTable[] {
  const row = (world: string, what: string, values: readonly number[], scale = 1) => [
    ...[world, what, cellOf(values, scale)],
    ...[quantileOf(values, 0) * scale, quantileOf(values, 1) * scale, values.length],
  ]
  const of = (figureOf: (one: TrustSeed) => number): number[] => results.map(figureOf)
  return [
    {
      title: 'What came out, over the seeds',
      columns: ['world', 'figure', 'mean', 'least', 'most', 'seeds'],
      isMixed: true,
      rows: [
        row(
          'planted',
          'better one preferred, %',
          of(({ planted }) => Number(planted.isPreferred)),
          100,
        ),
        row(
          'liar',
          'tasks until below all, from the start',
          of(({ liar }) => liar.fresh),
        ),
        row(
          'liar',
          'the same, a sleeper',
          of(({ liar }) => liar.sleeper),
        ),
        row(
          'liar',
          'a sleeper, 10 % of judgements mistaken',
          of(({ liar }) => liar.sleeperInNoise),
        ),
        row(
          'noise',
          'honest ones shut out for good, of 20',
          of(({ noise }) => noise.isolated),
        ),
        row(
          'noise',
          'time below contributor, %',
          of(({ noise }) => noise.below),
          100,
        ),
        ...sizesOf(results).map((size) => row('dishonest', `AUC, ${size} spores`, aucsOf(results, size))),
        row(
          'swap',
          'tasks until followed',
          of(({ swap }) => swap.tasks),
        ),
        row(
          'swap',
          'followed from the 60th task on, %',
          of(({ swap }) => swap.after),
          100,
        ),
        row(
          'sybils',
          'right, 10 sybils beside 5 good ones, %',
          of(({ sybils }) => sybils.right),
          100,
        ),
        row(
          'sybils',
          'right, the 5 alone, %',
          of(({ sybils }) => sybils.without),
          100,
        ),
        row(
          'slander',
          'τ, loud',
          of(({ slander }) => slander.loud),
        ),
        row(
          'slander',
          'τ, sly',
          of(({ slander }) => slander.sly),
        ),
        row(
          'slander',
          'mean gained by stuffed ballots',
          of(({ slander }) => slander.gain),
        ),
        row(
          'whitewash',
          'nats gained by a new name',
          of(({ whitewash }) => whitewash.weight),
        ),
        row(
          'host',
          'weight of all identities, in honest peers',
          results.flatMap(({ host }) => host?.ratio ?? []),
        ),
      ].filter((cells) => cells[5] !== 0),
    },
  ]
}

function plotsOf(results: readonly TrustSeed[]): EvalPlot[] {
  const curve = results[0]?.planted.curve ?? []
  const preferred = curve.map(({ judged }, i): [number, number, number] => {
    const count = results.filter(({ planted }) => planted.curve[i]?.isPreferred).length
    return [judged, (100 * count) / results.length, 100 * shareHalfWidth(count, results.length)]
  })
  const told = CURVE.map((judged, i): [number, number, number] => {
    const { value, plusMinus } = cellOf(results.map((one) => one.curve[i]?.auc ?? 0))
    return [judged, value, plusMinus]
  })
  return [
    {
      title: 'Planted quality: the one at 90 % preferred over nine at 60 %',
      x: 'tasks that the observer judged',
      y: 'seeds, %',
      series: [{ name: 'preferred', points: preferred }],
    },
    {
      title: 'Honest told from dishonest, 100 spores',
      x: 'how often the observer judged each himself',
      y: 'area under the curve',
      series: [{ name: 'area under the curve', points: told }],
    },
  ]
}

const { planted, liar, noise, dishonest, swap } = {
  ...{ planted: scenarios.PLANTED, liar: scenarios.LIAR, noise: scenarios.NOISE },
  ...{ dishonest: scenarios.DISHONEST, swap: scenarios.SWAP },
}
const { sybils, slander, whitewash, host } = {
  ...{ sybils: attacks.SYBILS, slander: attacks.SLANDER, whitewash: attacks.WHITEWASH, host: attacks.HOST },
}
const percent = (share: number): string => `${Math.round(100 * share)} %`

const NOTES: readonly string[] = [
  'Every world is seen by one observer, whose trust is the code that a spore runs. Everybody answers tasks of four choices, judges some as an operator would, and publishes rows of what he judged; entries arrive late, out of order and sometimes twice. A task every two hours, so that periods pass. No model is called.',
  `planted: one is right in ${percent(planted.better)}, ${planted.others} others in ${percent(planted.other)}; a tenth of the judgements are mistaken; the observer judges ${planted.tasks * planted.observed} tasks of ${planted.tasks}.`,
  `liar: ${liar.honest} honest ones (${percent(liar.least)} to ${percent(liar.most)}) that are known. Counted are tasks that the observer judged from the first lie on. Judgements are right; with a tenth of them mistaken a lie passes for the truth one time in ten, which is shown and has no bar.`,
  `noise: ${noise.honest} honest ones (${percent(noise.least)} to ${percent(noise.most)}), ${percent(noise.noise)} of the judgements mistaken. Shut out for good: below contributor at every task of the second half of ${noise.tasks}.`,
  `dishonest: ${percent(dishonest.share)} answer wrong (${percent(1 - dishonest.quality)}) and publish the opposite of what they see. Each spore is judged ${dishonest.ownEach} times by the observer and ${dishonest.tasksEach} times by others.`,
  `swap: after ${swap.tasks / 2} tasks of both that the observer judged, one falls from ${percent(swap.better)} to ${percent(swap.worse)} and the other rises as much. Followed: the better one is preferred from then on, for ${swap.settled} tasks beyond the 60th.`,
  `sybils: ${sybils.good} good ones (${percent(sybils.quality)}) and ${sybils.sybils} new identities that give the same wrong answer, praise one another and slander the good; answers are put together by the aggregation of the core.`,
  `slander: ${slander.attackers} of ${slander.honest + slander.attackers} answer well (${percent(slander.quality)}). Loud: they slander every second honest one and praise everybody else. Sly: they tell the truth, but for ${slander.victims} victims and for one another.`,
  `whitewash: a liar that was found out after ${whitewash.tasks} tasks takes a new name, which his old one and ${whitewash.helpers} more praise.`,
  `host: identities of one block of addresses and one honest peer have the same record of ${host.judged} right answers, and praise somebody each.`,
]
