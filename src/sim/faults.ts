/** What goes wrong in a world, and its end: faults come at random moments until `heal`. */
import type { Digest } from '../core/base/brand.ts'
import { equalBytes } from '../core/base/bytes.ts'
import { KINDS } from '../core/protocol/kinds.ts'
import { logIdOf } from '../core/protocol/log.ts'
import { decodeRetract } from '../core/protocol/payloads.ts'
import type { Adversary } from './adversary.ts'
import type { Audit } from './audit.ts'
import { DAY_ONE_MS } from './clock.ts'
import type { SimNode } from './node.ts'
import type { FaultKind } from './plan.ts'
import type { World } from './world.ts'

export interface Faults {
  start(): void
  /** Ends every fault: the network is whole, disks work, clocks are right, and every spore is started. */
  heal(): void
}

const HOUR_MS = 3_600_000
const YEAR_MS = 365 * 24 * HOUR_MS
/** Jumps of a wall clock: a wrong time zone, a dead battery, a typing error. */
const JUMPS_MS = [60_000, HOUR_MS, -HOUR_MS, 10 * YEAR_MS, -10 * YEAR_MS]

export function createFaults(world: World, adversaries: readonly Adversary[]): Faults {
  const { scheduler, plan, nodes, networkConditions, diskConditions, note } = world
  const random = world.random.stream('faults')
  let isOn = false

  /** Does something later, unless the world has been healed by then. */
  const later = (leastMs: number, mostMs: number, run: () => void): void =>
    void scheduler.after(random.integer(leastMs, mostMs), null, () => {
      if (isOn) run()
    })
  /** A spore that runs, or, now and then, one that is just starting. */
  const anyNode = (): SimNode | null => {
    const some = nodes.filter(({ engine, isStarted }) => engine !== null || (isStarted && random.chance(0.5)))
    return some.length > 0 ? random.pick(some) : null
  }

  // --- Machines ---

  const crash = (node: SimNode): void => {
    world.history.crashed(node.place)
    node.crash()
    later(100, 10_000, () => node.start())
  }

  const wipe = (node: SimNode): void => {
    if (!node.isHonest) return
    note('a disk was wiped')
    world.history.crashed(node.place)
    node.crash()
    const others = nodes.filter((other) => other !== node && other.isHonest)
    world.history.wiped(node.place)
    for (const [author, element] of lostElements(node, others)) world.history.lost(author, element)
    node.wipe()
    later(100, 10_000, () => node.start())
  }

  const stop = (node: SimNode): void => {
    note('a spore was stopped')
    const { lives } = node
    void node.stop().then(() => {
      if (node.lives !== lives || node.isStarted) return
      world.history.crashed(node.place)
      if (isOn) later(100, 5000, () => node.start())
      else node.start()
    })
  }

  const jump = (node: SimNode): void => {
    node.wall.jump(random.pick(JUMPS_MS))
    note(node.wall.skewMs < 0 ? 'a clock went back' : 'a clock ran ahead')
    if (random.chance(0.5)) later(1000, 20_000, () => node.wall.jump(0))
  }

  /** The same key in two places, as after a copied folder: from here on that author equivocates. */
  const clone = (node: SimNode): void => {
    const cloned = nodes.filter(({ isHonest }) => !isHonest).length / 2
    if (!node.isHonest || (cloned + 1) * 3 > plan.nodes) return
    note('an author began to equivocate')
    node.isHonest = false
    world.history.disowned(node.place)
    const seeds = random.shuffle(nodes.filter((other) => other !== node)).slice(0, 2)
    const twin = world.addNode({ copyOf: node, seeds: seeds.map(({ url }) => url) })
    twin.isHonest = false
    twin.start()
  }

  let flooded = false
  const flood = (node: SimNode): void => {
    // One is enough for a seed: it takes as many steps as all else.
    const [adversary] = adversaries
    if (flooded || !adversary || !random.chance(0.3)) return
    flooded = true
    adversary.flood(node)
  }

  // --- Network and disks ---

  const cut = (): void => {
    const isCut = drawCut()
    networkConditions.isCut = isCut
    note('the network was cut')
    later(2000, 20_000, () => {
      if (networkConditions.isCut === isCut) networkConditions.isCut = null
    })
  }

  const drawCut = (): ((from: number, to: number) => boolean) => {
    const count = nodes.length
    switch (random.pick(['halves', 'ring', 'one-way', 'flapping', 'alone'])) {
      case 'halves': {
        const side = nodes.map(() => random.chance(0.5))
        return (from, to) => side[from] !== side[to]
      }
      case 'ring':
        return (from, to) => ![1, count - 1].includes((from - to + count) % count)
      case 'one-way': {
        const deaf = random.integer(0, count - 1)
        return (_, to) => to === deaf
      }
      case 'flapping': {
        const side = nodes.map(() => random.chance(0.5))
        const periodMs = random.integer(500, 3000)
        return (from, to) => side[from] !== side[to] && Math.floor(scheduler.elapsedMs / periodMs) % 2 === 0
      }
      default: {
        const alone = random.integer(0, count - 1)
        return (from, to) => from === alone || to === alone
      }
    }
  }

  const failDisks = (): void => {
    diskConditions.failure = 0.5
    note('disks fail')
    later(500, 4000, () => {
      diskConditions.failure = plan.disk.failure
    })
  }

  const strike: { readonly [Kind in FaultKind]: () => void } = {
    crash: () => onAny(crash),
    stop: () => onAny(stop),
    wipe: () => onAny(wipe),
    jump: () => onAny(jump),
    partition: cut,
    failingDisk: failDisks,
    clone: () => onAny(clone),
    flood: () => onAny(flood),
  }
  const onAny = (run: (node: SimNode) => void): void => {
    const node = anyNode()
    if (node) run(node)
  }

  const kinds = Object.entries(plan.faults).flatMap(([kind, weight]) =>
    Array.from({ length: weight }, () => kind as FaultKind),
  )
  const next = (): void =>
    void scheduler.after(-Math.log(1 - random.float()) * plan.faultMs, null, () => {
      if (!isOn) return
      const kind = random.pick(kinds)
      world.trace(`fault ${kind}`)
      strike[kind]()
      next()
    })

  return {
    start() {
      isOn = true
      if (kinds.length > 0) next()
    },
    heal() {
      isOn = false
      world.trace('heal')
      Object.assign(networkConditions, {
        loss: 0,
        duplicate: 0,
        maxMs: Math.min(50, plan.network.maxMs),
        isCut: null,
      })
      Object.assign(diskConditions, { failure: 0 })
      // What was written ahead of its time is taken once that time has come.
      // What is being written may be as far ahead as the clock that it was begun by.
      const rightMs = DAY_ONE_MS + Math.floor(scheduler.elapsedMs)
      const aheadMs = Math.max(
        0,
        ...nodes.map(({ audit }) => furthestAheadMs(audit, scheduler.elapsedMs)),
        ...nodes.map(({ wall }) => wall.latest() - rightMs),
      )
      for (const node of nodes) {
        node.wall.jump(aheadMs)
        node.start()
      }
    },
  }
}

/** Memories about which the last word of an author is on one disk alone, with the place of the author. */
function* lostElements(node: SimNode, others: readonly SimNode[]): Generator<readonly [number, Digest]> {
  for (const { row, entries } of node.audit.logs()) {
    const author = [node, ...others].find(({ publicKey }) => equalBytes(publicKey, row.publicKey))
    if (!author) continue
    const kept = Math.max(0, ...others.map((other) => other.next(row.logId)))
    for (const entry of entries.slice(kept)) {
      if (!entry) continue
      const { header, payload } = entry
      yield [author.place, header.payload]
      const retraction = header.kind === KINDS.retract && payload ? decodeRetract(payload) : null
      for (const { epoch, seqs } of retraction?.dots ?? []) {
        const meant = node.audit.log(logIdOf({ ...row, epoch }))
        for (const seq of seqs)
          if (meant?.entries[seq]) yield [author.place, meant.entries[seq].header.payload]
      }
    }
  }
}

/** Milliseconds by which the newest entry of a disk is ahead of the right time. */
function furthestAheadMs(audit: Audit, elapsedMs: number): number {
  const newest = Math.max(0, ...[...audit.logs()].map(({ row }) => row.clock))
  return Math.floor(newest / 1024) - (DAY_ONE_MS + Math.floor(elapsedMs))
}
