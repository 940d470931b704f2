/**
 * What is done to trust, one world a question. Each is a pure function of its seed and gives the figures of that seed; bars are in
 * `trust-report.ts`.
 */
import type { Did } from '../../core/base/brand.ts'
import { isTierAtLeast } from '../../core/trust/posterior.ts'
import { createRandom, type SimRandom } from '../random.ts'
import { type Citizen, createTrustWorld, TASK_MS, type TrustMaker, type TrustWorld } from './trust-world.ts'

export const named = (name: string, i: number): Did => `did:key:${name}${i}` as Did
export const always = (quality: number) => (): number => quality

/** `count` honest ones of evenly spread qualities. */
export const honestOnes = (count: number, least: number, most: number, name = 'honest'): Citizen[] =>
  Array.from({ length: count }, (_, i) => ({
    did: named(name, i),
    quality: always(count === 1 ? most : least + ((most - least) * i) / (count - 1)),
  }))

const randomOf = (world: string, seed: number): SimRandom => createRandom(`eval trust ${world} ${seed}`)
const run = (world: TrustWorld, tasks: number): void => {
  for (let i = 0; i < tasks; i++) world.step()
}

/** One is better (90 %) than nine others (60 %); is it the one whom the observer prefers? */
export const PLANTED = { others: 9, better: 0.9, other: 0.6, tasks: 1000, observed: 0.1, noise: 0.1 }
export interface PlantedResult {
  readonly isPreferred: boolean
  /** The same after these tasks that the observer judged. */
  readonly curve: readonly { readonly judged: number; readonly isPreferred: boolean }[]
}
export function planted(seed: number, makeTrust: TrustMaker): PlantedResult {
  const { others, better, other, tasks, observed, noise } = PLANTED
  const best: Citizen = { did: named('better', 0), quality: always(better) }
  const citizens = [...honestOnes(others, other, other), best]
  const world = createTrustWorld({ citizens, random: randomOf('planted', seed), makeTrust, observed, noise })
  const isPreferred = (): boolean => {
    const mean = world.meanOf(best.did)
    return citizens.every((one) => one === best || world.meanOf(one.did) < mean)
  }
  const curve = Array.from({ length: PLANTED_STEPS }, (_, i) => {
    run(world, tasks / PLANTED_STEPS)
    return { judged: ((i + 1) * tasks * observed) / PLANTED_STEPS, isPreferred: isPreferred() }
  })
  return { isPreferred: isPreferred(), curve }
}
const PLANTED_STEPS = 10

/** Ten honest ones (60…90 %), all known; then one that lies from the start, or was right 50 times and lies from then on. */
export const LIAR = { honest: 10, least: 0.6, most: 0.9, tasks: 500, observed: 0.2, slept: 50, givenUp: 60 }
export interface LiarResult {
  /** Tasks that the observer judged, until it was below every honest one. */
  readonly fresh: number
  readonly sleeper: number
  /** The same where a tenth of the judgements are mistaken. */
  readonly sleeperInNoise: number
}
export function liar(seed: number, makeTrust: TrustMaker): LiarResult {
  return {
    fresh: tasksToFall(seed, makeTrust, 0, 0),
    sleeper: tasksToFall(seed, makeTrust, LIAR.slept, 0),
    sleeperInNoise: tasksToFall(seed, makeTrust, LIAR.slept, 0.1),
  }
}
function tasksToFall(seed: number, makeTrust: TrustMaker, slept: number, noise: number): number {
  const { honest, least, most, tasks, observed, givenUp } = LIAR
  let answered = 0
  const one: Citizen = {
    did: named('liar', 0),
    quality: () => (answered < slept ? 1 : 0),
    // Only `ask` calls for him.
    since: Number.POSITIVE_INFINITY,
  }
  const good = honestOnes(honest, least, most)
  const random = randomOf(`liar ${slept} ${noise}`, seed)
  const world = createTrustWorld({ citizens: [...good, one], random, makeTrust, observed, noise })
  run(world, tasks)
  for (; answered < slept; answered++) world.ask([one])
  for (let lies = 1; lies <= givenUp; lies++) {
    // Others answer as well, as in any task.
    world.ask([one, ...random.shuffle(good).slice(0, 4)])
    const mean = world.meanOf(one.did)
    if (good.every(({ did }) => world.meanOf(did) > mean)) return lies
  }
  return givenUp + 1
}

/** Twenty honest ones (70…95 %) and judges who err in a tenth of the cases: is anybody shut out for good? */
export const NOISE = { honest: 20, least: 0.7, most: 0.95, noise: 0.1, tasks: 1200, observed: 0.2 }
export interface NoiseResult {
  /** Of the honest: below contributor, and so in no context pack, throughout the second half. */
  readonly isolated: number
  /** Share of honest ones and tasks, in the second half, in which somebody is below contributor for a while. */
  readonly below: number
}
export function noise(seed: number, makeTrust: TrustMaker): NoiseResult {
  const { honest, least, most, noise: mistaken, tasks, observed } = NOISE
  const citizens = honestOnes(honest, least, most)
  const world = createTrustWorld({
    ...{ citizens, random: randomOf('noise', seed), makeTrust, observed, noise: mistaken },
  })
  run(world, tasks / 2)
  const wasIn = new Set<Did>()
  let below = 0
  for (let i = 0; i < tasks / 2; i++) {
    world.step()
    for (const { did } of citizens) {
      if (!world.trust.isAtLeast(did, 'contributor')) below++
      else wasIn.add(did)
    }
  }
  return { isolated: honest - wasIn.size, below: below / (honest * (tasks / 2)) }
}

/** A fifth answers wrong and says the opposite of what it sees; how well does the observer tell them from the honest? */
export const DISHONEST = {
  share: 0.2,
  least: 0.6,
  most: 0.9,
  quality: 0.05,
  noise: 0.1,
  tasksEach: 20,
  ownEach: 5,
}
export function dishonest(
  seed: number,
  size: number,
  makeTrust: TrustMaker,
  ownEach = DISHONEST.ownEach,
): { readonly auc: number } {
  const { share, least, most, quality, noise: mistaken, tasksEach } = DISHONEST
  const bad = Math.max(1, Math.round(share * size))
  const good = honestOnes(size - bad, least, most)
  const liars = Array.from({ length: bad }, (_, i): Citizen => {
    return { did: named('liar', i), quality: always(quality), tell: (_, isRight) => !isRight }
  })
  const tasks = Math.ceil((size * (tasksEach + ownEach)) / 5)
  const world = createTrustWorld({
    ...{ citizens: [...good, ...liars], random: randomOf(`dishonest ${size}`, seed), makeTrust },
    ...{ noise: mistaken, observed: ownEach / (tasksEach + ownEach) },
    // More spores have more tasks in the same time.
    taskMs: (TASK_MS * 10) / size,
  })
  run(world, tasks)
  world.deliver()
  return {
    auc: aucOf(
      good.map(({ did }) => world.meanOf(did)),
      liars.map(({ did }) => world.meanOf(did)),
    ),
  }
}

/** Chance that somebody of the first is above somebody of the second; equal ones half. */
export function aucOf(above: readonly number[], below: readonly number[]): number {
  let wins = 0
  for (const a of above) for (const b of below) wins += a > b ? 1 : a === b ? 0.5 : 0
  return wins / (above.length * below.length)
}

/** Two of ten (90 and 50 %) swap their qualities at half time. */
export const SWAP = { others: 8, other: 0.7, better: 0.9, worse: 0.5, tasks: 300, settled: 20, noise: 0.1 }
export interface SwapResult {
  /** Tasks of both that the observer judged, until he preferred the one that is better now, and went on to. */
  readonly tasks: number
  /** Share of the tasks from the 60th after the swap in which he preferred it. */
  readonly after: number
}
export function swap(seed: number, makeTrust: TrustMaker): SwapResult {
  const { others, other, better, worse, tasks, settled, noise: mistaken } = SWAP
  let isSwapped = false
  const first: Citizen = { did: named('first', 0), quality: () => (isSwapped ? worse : better) }
  const second: Citizen = { did: named('second', 0), quality: () => (isSwapped ? better : worse) }
  const rest = honestOnes(others, other, other)
  const random = randomOf('swap', seed)
  const world = createTrustWorld({
    ...{ citizens: [first, second, ...rest], random, makeTrust, observed: 0.1, noise: mistaken },
  })
  const both = (): void => {
    // Others have their tasks meanwhile.
    for (let i = 0; i < 3; i++) world.step()
    world.ask([first, second, ...random.shuffle(rest).slice(0, 3)])
  }
  for (let i = 0; i < tasks / 2; i++) both()
  isSwapped = true
  const isFollowed = Array.from({ length: tasks / 2 }, () => {
    both()
    return world.meanOf(second.did) > world.meanOf(first.did)
  })
  const late = isFollowed.slice(60)
  const lastMiss = isFollowed.slice(0, 60 + settled).lastIndexOf(false)
  return { tasks: lastMiss + 2, after: late.filter(Boolean).length / late.length }
}

/** Tiers as places in their order, for comparisons. */
export const tierRank = (world: TrustWorld, author: Did): number =>
  (['observer', 'contributor', 'peer', 'commander'] as const).filter((tier) =>
    isTierAtLeast(world.trust.tierOf(author), tier),
  ).length
