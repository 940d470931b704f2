/** What those do who want to be trusted, or others not to be: sybils, slander, stuffed ballots, new names. */
import type { Did } from '../../core/base/brand.ts'
import { aggregate } from '../../core/reasoning/aggregate.ts'
import { createAggregationParams } from '../../core/reasoning/aggregation-params.ts'
import type { Contribution } from '../../core/reasoning/contribution.ts'
import { logOddsWeight, MICRONATS } from '../../core/reasoning/log-odds.ts'
import { createRandom } from '../random.ts'
import { always, honestOnes, named, tierRank } from './trust-scenarios.ts'
import { CHOICES, type Citizen, createTrustWorld, type TrustMaker, type TrustWorld } from './trust-world.ts'
import { WORLD_DOMAIN } from './trust-writer.ts'

const params = createAggregationParams()
const LABELS = ['north', 'east', 'south', 'west'].slice(0, CHOICES)

/** Five good ones (75 %), known; ten new identities that all say the same wrong thing, praise one another and slander the good. */
export const SYBILS = {
  good: 5,
  quality: 0.75,
  sybils: 10,
  tasks: 100,
  observed: 0.5,
  questions: 400,
  counts: 40,
}
export interface SybilsResult {
  /** Share of right answers: with the sybils, and of the good alone. */
  readonly right: number
  readonly without: number
}
export function sybils(seed: number, makeTrust: TrustMaker): SybilsResult {
  const { good: count, quality, sybils: many, tasks, observed, questions, counts } = SYBILS
  const random = createRandom(`eval trust sybils ${seed}`)
  const good = honestOnes(count, quality, quality)
  const false_ = Array.from({ length: many }, (_, i) => named('sybil', i))
  const world = createTrustWorld({ citizens: good, random, makeTrust, observed })
  for (let i = 0; i < tasks; i++) world.step()
  for (const sybil of false_) {
    world.invent(
      sybil,
      false_.filter((other) => other !== sybil),
      counts,
      0,
    )
    world.invent(
      sybil,
      good.map(({ did }) => did),
      0,
      counts,
    )
  }
  world.deliver()
  const other = (truth: number): number => (truth + random.integer(1, CHOICES - 1)) % CHOICES
  let [right, without] = [0, 0]
  for (let i = 0; i < questions; i++) {
    const truth = random.integer(0, CHOICES - 1)
    const lie = other(truth)
    const given = good.map(({ did }) => ({ did, answer: random.chance(quality) ? truth : other(truth) }))
    if (answerOf(world, given) === truth) without++
    if (answerOf(world, [...given, ...false_.map((did) => ({ did, answer: lie }))]) === truth) right++
  }
  return { right: right / questions, without: without / questions }
}

/** The answer of the code that a spore runs, weighed by trust alone. */
function answerOf(world: TrustWorld, given: readonly { did: Did; answer: number }[]): number {
  const contributions = given.map(
    ({ did, answer }): Contribution => ({
      ...{ id: did, author: did, owner: did, modelFamily: null },
      outcome: { hypotheses: [{ text: LABELS[answer] as string, weight: 1 }], confidence: 0.7 },
    }),
  )
  const evidence = {
    trustOf: (author: string, domain: string) => world.trust.chanceOf(author, domain, false),
    calibrationOf: () => null,
    entanglement: () => 0,
  }
  const { answer } = aggregate({ domain: WORLD_DOMAIN, choices: LABELS, contributions, evidence }, params)
  return answer ? Number(answer.class.slice('choice:'.length)) : -1
}

/**
 * Twenty honest ones; eight more answer well (85 %) to be believed, and lie about others. `loud`: they slander every second honest one and
 * praise everybody else. `sly`: they tell the truth of all but four honest ones, whom they slander, and of one another, whom they praise.
 * The same world without what they publish is what the ranking is compared with.
 */
export const SLANDER = {
  ...{ honest: 20, least: 0.5, most: 0.95, attackers: 8, quality: 0.85, tasks: 600, observed: 0.25 },
  ...{ victims: 4, counts: 100 },
}
export interface SlanderResult {
  /** Kendall's τ of the honest, with against without. */
  readonly loud: number
  readonly sly: number
  /** What stuffed ballots add to the mean of an attacker, on average; the greater of both. */
  readonly gain: number
}
export function slander(seed: number, makeTrust: TrustMaker): SlanderResult {
  const quiet = slandered(seed, makeTrust, 'silent')
  const [loud, sly] = [slandered(seed, makeTrust, 'loud'), slandered(seed, makeTrust, 'sly')]
  return {
    loud: kendall(quiet.honest, loud.honest),
    sly: kendall(quiet.honest, sly.honest),
    gain: Math.max(loud.bad, sly.bad) - quiet.bad,
  }
}

interface Means {
  /** Of each honest one, and of the attackers on average. */
  readonly honest: readonly number[]
  readonly bad: number
}

function slandered(seed: number, makeTrust: TrustMaker, manner: 'silent' | 'loud' | 'sly'): Means {
  const { honest, least, most, attackers, quality, tasks, observed, victims, counts } = SLANDER
  const good = honestOnes(honest, least, most)
  const bad = Array.from({ length: attackers }, (_, i) => named('attacker', i))
  const isVictim = new Set(
    good
      .filter((_, i) => (manner === 'loud' ? i % 2 === 1 : i % (honest / victims) === 2))
      .map(({ did }) => did),
  )
  const tell = (about: Did, isRight: boolean): boolean =>
    isVictim.has(about) ? false : manner === 'loud' || bad.includes(about) ? true : isRight
  const citizens: Citizen[] = [...good, ...bad.map((did) => ({ did, quality: always(quality), tell }))]
  const random = createRandom(`eval trust slander ${seed}`)
  const world = createTrustWorld({ citizens, random, makeTrust, observed, noise: 0.1 })
  for (let i = 0; i < tasks; i++) world.step()
  for (const did of bad) {
    if (manner === 'silent') continue
    world.invent(did, [...isVictim], 0, counts)
    world.invent(
      did,
      bad.filter((other) => other !== did),
      counts,
      0,
    )
  }
  world.deliver()
  if (manner === 'silent') for (const did of bad) world.trust.forget(did)
  return {
    honest: good.map(({ did }) => world.meanOf(did)),
    bad: bad.reduce((sum, did) => sum + world.meanOf(did), 0) / attackers,
  }
}

/** Kendall's τ-a of two rankings of the same. */
export function kendall(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j < i; j++)
      sum += Math.sign((a[i] as number) - (a[j] as number)) * Math.sign((b[i] as number) - (b[j] as number))
  return sum / ((a.length * (a.length - 1)) / 2)
}

/** A liar that was found out takes a new name, which his old one and ten more of his praise. */
export const WHITEWASH = { honest: 10, least: 0.6, most: 0.9, tasks: 300, observed: 0.2, helpers: 10 }
export interface WhitewashResult {
  /** New minus old: weight of an answer in nats, tier in steps, factor of relevance. */
  readonly weight: number
  readonly tier: number
  readonly relevance: number
}
export function whitewash(seed: number, makeTrust: TrustMaker): WhitewashResult {
  const { honest, least, most, tasks, observed, helpers } = WHITEWASH
  const [old, fresh] = [named('old', 0), named('new', 0)]
  const random = createRandom(`eval trust whitewash ${seed}`)
  const citizens = [...honestOnes(honest, least, most), { did: old, quality: always(0.1) }]
  const others = Array.from({ length: helpers }, (_, i) => named('helper', i))
  const world = createTrustWorld({ citizens, random, makeTrust, observed, noise: 0.1 })
  for (let i = 0; i < tasks; i++) world.step()
  world.deliver()
  const before = standingOf(world, old)
  for (const helper of [old, ...others])
    world.invent(helper, [fresh, ...others.filter((one) => one !== helper)], 50, 0)
  world.deliver()
  const after = standingOf(world, fresh)
  return {
    weight: after.weight - before.weight,
    tier: after.tier - before.tier,
    relevance: after.relevance - before.relevance,
  }
}

const standingOf = (world: TrustWorld, author: Did) => {
  const chance = world.trust.chanceOf(author, WORLD_DOMAIN, false)
  return {
    weight: chance === null ? 0 : logOddsWeight(chance, CHOICES, params) / MICRONATS,
    tier: tierRank(world, author),
    relevance: world.trust.relevanceOf(author),
  }
}

/** Many identities of one host praise somebody, one honest peer somebody else; all have the same record, right in every task. */
export const HOST = { judged: 20 }
export function host(seed: number, size: number, makeTrust: TrustMaker): { readonly ratio: number } {
  const { judged } = HOST
  const [byHost, byPeer] = [named('of-host', 0), named('of-peer', 0)]
  const random = createRandom(`eval trust host ${seed}`)
  const citizens: Citizen[] = [
    { did: named('honest', 0), quality: always(1) },
    ...Array.from({ length: size }, (_, i) => ({ did: named('sybil', i), quality: always(1) })),
  ]
  const world = createTrustWorld({
    ...{ citizens, random, makeTrust, observed: 1 },
    // Names cost nothing below a domain of one's own, addresses nothing within one's block.
    placeOf: (author) =>
      author.startsWith('did:key:sybil') ? [`${author}.names.example`, '10.0.0/24'] : [author],
  })
  for (let i = 0; i < judged; i++)
    for (let from = 0; from < citizens.length; from += 50) world.ask(citizens.slice(from, from + 50))
  for (const { did } of citizens) world.invent(did, [did === named('honest', 0) ? byPeer : byHost], 50, 0)
  world.deliver()
  const heard = (of: Did): number => {
    const { right, wrong } = world.trust.scoreOf(of).others
    return right + wrong
  }
  return { ratio: heard(byHost) / heard(byPeer) }
}
