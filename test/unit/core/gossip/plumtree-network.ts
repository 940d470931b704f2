/** Many Plumtree state machines on one virtual time: messages take time, get lost, and are counted. */
import { createBoundedMap } from '../../../../src/core/base/bounded.ts'
import type { LogId } from '../../../../src/core/base/brand.ts'
import {
  createPlumtree,
  type Message,
  type Plumtree,
  type PlumtreeEffect,
  type PlumtreeEvent,
} from '../../../../src/core/gossip/plumtree.ts'
import type { LogNext } from '../../../../src/core/protocol/messages.ts'

export interface PlumtreeNetwork {
  readonly nodes: readonly Node[]
  readonly counts: { pushes: number; announcements: number; grafts: number; prunes: number; lost: number }
  link(a: number, b: number): void
  /** A node writes one entry in its own log. */
  write(node: number): void
  kill(node: number): void
  /** Ends the links to whoever is dead. */
  unlinkDead(): void
  /** Nodes alive, by who is connected to whom. */
  components(): number[][]
  /** Runs until nothing is under way, or for so long. */
  run(ms?: number): void
  /** Nodes alive that hold everything that `writer` has written. */
  reach(writer: number): number
  readonly nowMs: number
  loss: number
  onArrival: ((node: number, hopMs: number) => void) | null
}

interface Node {
  readonly machine: Plumtree
  readonly held: Map<LogId, number>
  readonly neighbors: Set<number>
  isAlive: boolean
}

export interface NetworkOptions {
  readonly count: number
  readonly float: () => number
  /** One way. */
  readonly latencyMs: () => number
  /** A sender hears of a loss after so long. */
  readonly failureMs?: number
  readonly onFailed?: (node: number, neighbor: number) => void
}

interface Timed {
  readonly atMs: number
  readonly order: number
  act(): void
}

const logOf = (node: number): LogId => `log-${node}` as LogId
const nameOf = (node: number): string => String(node)

export function createPlumtreeNetwork(options: NetworkOptions): PlumtreeNetwork {
  const { count, float, latencyMs, failureMs = 300 } = options
  const queue = createHeap()
  let nowMs = 0
  let order = 0
  const counts = { pushes: 0, announcements: 0, grafts: 0, prunes: 0, lost: 0 }
  const after = (delayMs: number, act: () => void): void =>
    queue.add({ atMs: nowMs + delayMs, order: order++, act })

  const nodes: Node[] = Array.from({ length: count }, () => {
    const held = new Map<LogId, number>()
    const machine = createPlumtree({
      random: { float, bytes: () => new Uint8Array() },
      replica: {
        next: (logId) => held.get(logId) ?? 0,
        validEnd: (logId) => held.get(logId) ?? 0,
        forkPoint: () => Number.POSITIVE_INFINITY,
        validPoint: () => Number.POSITIVE_INFINITY,
        isHidden: () => false,
      },
    })
    return { machine, held, neighbors: new Set(), isAlive: true }
  })
  const at = (node: number): Node => nodes[node] as Node

  const handle = (node: number, event: PlumtreeEvent): PlumtreeEffect[] => {
    if (!at(node).isAlive) return []
    const effects = at(node).machine.handle(event, nowMs)
    for (const effect of effects) carryOut(node, effect)
    return effects
  }

  /** Delivers a request and its reply, unless one of them is lost; the sender then hears of it. */
  const request = (from: number, to: number, act: () => () => void, fail: () => void): void => {
    const isLost = float() < network.loss || !at(to).isAlive
    const isReplyLost = float() < network.loss
    if (isLost || isReplyLost) {
      counts.lost++
      after(failureMs, () => {
        options.onFailed?.(from, to)
        fail()
      })
    }
    if (isLost) return
    after(latencyMs(), () => {
      if (!at(to).isAlive) return
      const reply = act()
      if (!isReplyLost) after(latencyMs(), () => reply())
    })
  }

  const carryOut = (node: number, effect: PlumtreeEffect): void => {
    const to = Number(effect.link)
    const link = effect.link
    const { message } = effect as { message: Message }
    if (effect.type === 'wake') after(effect.delayMs, () => handle(node, { type: 'due', link, message }))
    else if (effect.type === 'push') {
      counts.pushes += effect.logs.length
      const rows = effect.logs.map(({ logId }) => ({ logId, next: at(node).held.get(logId) as number }))
      const logs = effect.logs.map(({ logId }) => logId)
      request(
        node,
        to,
        () => {
          const { taken, want, isPruned } = receive(to, node, effect.logs, rows)
          return () => {
            handle(node, { type: 'delivered', link, offered: rows, taken, rest: [], want })
            if (isPruned) handle(node, { type: 'pruned', link })
          }
        },
        () => handle(node, { type: 'failed', link, message: 'push', logs }),
      )
    } else if (effect.type === 'ask') {
      counts.grafts++
      const arrive = () => {
        handle(to, { type: 'grafted', link: nameOf(node), want: effect.want })
        return () => {}
      }
      request(node, to, arrive, () => {})
    } else if (effect.type === 'announce') {
      counts.announcements++
      const logs = effect.rows.map(({ logId }) => logId)
      request(
        node,
        to,
        () => {
          const answer = handle(to, { type: 'announced', link: nameOf(node), rows: effect.rows })
          const want = answer.find((one) => one.type === 'want')
          return () => {
            if (want?.type === 'want') {
              counts.grafts++
              handle(node, { type: 'grafted', link, want: want.want })
            }
            handle(node, { type: 'heard', link })
          }
        },
        () => handle(node, { type: 'failed', link, message: 'announce', logs }),
      )
    }
  }

  const receive = (
    to: number,
    from: number,
    logs: readonly { logId: LogId; from: number }[],
    rows: readonly LogNext[],
  ) => {
    const { held } = at(to)
    let [fresh, duplicate] = [0, 0]
    const stored: { logId: LogId; from: number }[] = []
    const want: { logId: LogId; from: number }[] = []
    const taken: LogNext[] = []
    for (const [i, row] of rows.entries()) {
      const own = held.get(row.logId) ?? 0
      const first = (logs[i] as { from: number }).from
      if (first > own) {
        want.push({ logId: row.logId, from: own })
        continue
      }
      taken.push(row)
      fresh += Math.max(0, row.next - own)
      duplicate += Math.min(row.next, own) - first
      if (row.next <= own) continue
      held.set(row.logId, row.next)
      stored.push({ logId: row.logId, from: own })
      network.onArrival?.(to, nowMs)
    }
    const link = nameOf(from)
    const answer = handle(to, { type: 'pushed', link, rows: taken, fresh, duplicate })
    if (stored.length > 0) handle(to, { type: 'stored', logs: stored, by: 'push' })
    const isPruned = answer.some(({ type }) => type === 'prune')
    if (isPruned) counts.prunes++
    return { taken, want, isPruned }
  }

  const network: PlumtreeNetwork = {
    nodes,
    counts,
    loss: 0,
    onArrival: null,
    link(a, b) {
      for (const [one, other] of [
        [a, b],
        [b, a],
      ] as const) {
        at(one).neighbors.add(other)
        handle(one, {
          type: 'up',
          link: nameOf(other),
          known: createBoundedMap(1024),
          knownForks: createBoundedMap(1024),
        })
      }
    },
    write(node) {
      const { held } = at(node)
      const logId = logOf(node)
      const from = held.get(logId) ?? 0
      held.set(logId, from + 1)
      handle(node, { type: 'stored', logs: [{ logId, from }], by: 'here' })
    },
    kill(node) {
      at(node).isAlive = false
    },
    unlinkDead() {
      for (const [node, { neighbors }] of nodes.entries())
        for (const other of neighbors) {
          if (at(other).isAlive) continue
          neighbors.delete(other)
          handle(node, { type: 'down', link: nameOf(other) })
        }
    },
    components() {
      const seen = new Set<number>()
      const parts: number[][] = []
      for (const [start, { isAlive }] of nodes.entries()) {
        if (!isAlive || seen.has(start)) continue
        const part = new Set([start])
        for (const node of part)
          for (const other of at(node).neighbors) if (at(other).isAlive) part.add(other)
        for (const node of part) seen.add(node)
        parts.push([...part])
      }
      return parts
    },
    run(ms = Number.POSITIVE_INFINITY) {
      const endMs = nowMs + ms
      for (let next = queue.first(); next && next.atMs <= endMs; next = queue.first()) {
        queue.take()
        nowMs = next.atMs
        next.act()
      }
      if (endMs < Number.POSITIVE_INFINITY) nowMs = endMs
    },
    reach(writer) {
      const logId = logOf(writer)
      const all = at(writer).held.get(logId)
      return nodes.filter(({ isAlive, held }) => isAlive && held.get(logId) === all).length
    },
    get nowMs() {
      return nowMs
    },
  }
  return network
}

/** A random graph in which every node has about `degree` links: the union of random rings. */
export function linkRandomly(network: PlumtreeNetwork, degree: number, float: () => number): void {
  const count = network.nodes.length
  for (let ring = 0; ring < degree / 2; ring++) {
    const order = Array.from({ length: count }, (_, i) => i)
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor(float() * (i + 1))
      ;[order[i], order[j]] = [order[j] as number, order[i] as number]
    }
    for (let i = 0; i < count; i++) {
      const [a, b] = [order[i] as number, order[(i + 1) % count] as number]
      if (a !== b && !(network.nodes[a] as Node).neighbors.has(b)) network.link(a, b)
    }
  }
}

function createHeap() {
  const items: Timed[] = []
  const isBefore = (a: Timed, b: Timed): boolean =>
    a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
  return {
    first: (): Timed | undefined => items[0],
    add(item: Timed): void {
      let i = items.push(item) - 1
      while (i > 0) {
        const parent = (i - 1) >> 1
        if (!isBefore(item, items[parent] as Timed)) break
        items[i] = items[parent] as Timed
        i = parent
      }
      items[i] = item
    },
    take(): void {
      const item = items.pop() as Timed
      if (items.length === 0) return
      let i = 0
      for (;;) {
        let child = 2 * i + 1
        if (child >= items.length) break
        if (child + 1 < items.length && isBefore(items[child + 1] as Timed, items[child] as Timed)) child++
        if (!isBefore(items[child] as Timed, item)) break
        items[i] = items[child] as Timed
        i = child
      }
      items[i] = item
    },
  }
}
