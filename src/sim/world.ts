/**
 * A world: spores on one virtual clock, network and disks of their own, all from one seed; watched at each step. Nothing
 * here is random but what the seed's streams give, so the same seed makes the same world, event by event.
 */
import { createHash } from 'node:crypto'
import type { LogId } from '../core/base/brand.ts'
import { bytesToHex, equalBytes } from '../core/base/bytes.ts'
import { createVerifier } from '../core/identity/keys.ts'
import type { StoreBatch } from '../core/memory/store.ts'
import type { Compression } from '../core/protocol/compression.ts'
import { PEERS_MAX } from '../core/protocol/limits.ts'
import { decodeHeads } from '../core/protocol/messages.ts'
import { type Audit, type AuditedLog, createSignatureCache } from './audit.ts'
import type { DiskConditions } from './disk.ts'
import { createNetwork, type Delivery, type Network, type NetworkConditions } from './network.ts'
import { createNode, type Equipment, type SimNode, textOf, urlOf } from './node.ts'
import { createHistory, type History } from './oracle.ts'
import type { Plan } from './plan.ts'
import { createRandom, type SimRandom } from './random.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'
import type { CheckerName, Violation } from './violation.ts'

export interface World {
  readonly plan: Plan
  readonly scheduler: Scheduler
  readonly random: SimRandom
  readonly network: Network
  readonly networkConditions: NetworkConditions
  readonly diskConditions: DiskConditions
  /** Spores in their places, those that equivocate included. */
  readonly nodes: readonly SimNode[]
  readonly history: History
  readonly violations: readonly Violation[]
  /** How often something happened that tests should meet, by name. */
  readonly sometimes: ReadonlyMap<string, number>
  report(checker: CheckerName, detail: string): void
  note(what: string): void
  trace(what: string): void
  /** A spore more. */
  addNode(options: AddOptions): SimNode
  /** Hears that a spore is up. */
  onUp: ((node: SimNode) => void) | null
  /** Lets events happen until `isDone`; checks after each. */
  drive(isDone: () => boolean): Promise<void>
  /** Hash of everything that happened so far, 16 characters of hex. */
  traceHash(): string
}

export interface AddOptions {
  readonly seeds: readonly string[]
  /** A spore whose key and disk it begins with. */
  readonly copyOf?: SimNode
}

/** Steps between two looks at a whole spore, which costs more than one at a half. */
const WHOLE_CHECK_STEPS = 16

export interface WorldOptions {
  readonly seed: string
  readonly plan: Plan
  readonly compression: Compression
  /** What the spore at a place reasons with. */
  readonly equip?: (place: number) => Equipment | null
}

export function createWorld({ seed, plan, compression, equip }: WorldOptions): World {
  const random = createRandom(seed)
  const scheduler = createScheduler()
  const signatures = createSignatureCache(createVerifier())
  const violations: Violation[] = []
  const sometimes = new Map<string, number>()
  const traced = createHash('sha256')
  const nodes: SimNode[] = []
  const networkConditions: NetworkConditions = { ...plan.network, isCut: null }
  const diskConditions: DiskConditions = { ...plan.disk }
  /** Own logs of every disk that there was, as far as they ever were durable. */
  const written = new Map<LogId, AuditedLog>()
  const places = new Map<string, SimNode>()

  const note = (what: string): void => void sometimes.set(what, (sometimes.get(what) ?? 0) + 1)
  const report = (checker: CheckerName, detail: string): void => {
    if (violations.length < 20) violations.push({ checker, detail })
  }
  const trace = (what: string): void => void traced.update(`${scheduler.elapsedMs.toFixed(3)} ${what}\n`)

  // --- What goes over the network ---

  /** Requests that were answered, with the life that did: none is answered twice. */
  const answered = new WeakMap<object, number>()

  const onReply = (
    { from, to, request }: Delivery,
    reply: { readonly status: number; readonly body: Uint8Array | null },
    isRepeat: boolean,
  ): void => {
    const { method, path, query } = request
    trace(`${from} ${method} ${to}${path}${query} ${reply.status}`)
    if (reply.body) traced.update(reply.body)
    const node = nodes.find(({ name }) => name === to)
    // Whoever lies answers what it likes.
    if (!node) return
    if (reply.status === 204 && path.endsWith('/heads')) note('a view was the same')
    if (reply.status === 401 && isRepeat) note('a replay was refused')
    if (reply.status === 507) note('a bound was met')
    if (reply.status === 500) report('broken', `${to} answers ${path} with 500`)
    if (reply.status >= 400) return
    // The first copy may have been refused, or have met another life of the spore.
    if (isRepeat && answered.get(request) === node.lives)
      report('replay', `${to} answered ${from} ${method} ${path} twice`)
    answered.set(request, node.lives)
    if (path.endsWith('/heads') && reply.status === 200 && reply.body) checkHeads(node, reply.body)
  }

  const checkHeads = (node: SimNode, body: Uint8Array): void => {
    const heads = node.isHonest ? decodeHeads(body) : null
    for (const { logId, next } of heads?.spaces.flatMap(({ rows }) => rows) ?? [])
      if (next > node.next(logId))
        report(
          'visible-before-durable',
          `${node.name} offers ${logId} to ${next}, ${node.next(logId)} durable`,
        )
  }

  const network = createNetwork({
    scheduler,
    random: random.stream('network'),
    conditions: networkConditions,
    onRequest({ from, to, request }) {
      trace(`${from} → ${to} ${request.method} ${request.path}${request.query}`)
      traced.update(request.body)
    },
    onReply,
    onBroken: ({ from, to, request }, error) =>
      report('broken', `${to} throws at ${from} ${request.method} ${request.path}: ${textOf(error)}`),
    note,
  })

  // --- What becomes durable ---

  const onDurable = (node: SimNode, audit: Audit, batch: StoreBatch): void => {
    if (batch.forks.length > 0) note('a fork was proven')
    if (batch.logs.length > 1) note('runs of several logs shared a commit')
    for (const { logId, publicKey, next } of batch.logs) {
      const log = audit.log(logId) as AuditedLog
      // What a lost disk had written is known: an own log that is not was begun on this one.
      if (equalBytes(publicKey, node.publicKey) && !written.has(logId)) {
        written.set(logId, log)
        continue
      }
      const author = places.get(bytesToHex(publicKey))
      const own = written.get(logId)
      if (!author?.isHonest || own === log) continue
      const end = log.chains[next - 1]
      const theirs = own?.chains[next - 1]
      if (!end || !theirs)
        report(
          'visible-before-durable',
          `${node.name} has ${logId} to ${next}, its author ${own?.chains.length ?? 0}`,
        )
      else if (!equalBytes(end, theirs)) report('self-fork', `${author.name} forks ${logId} below ${next}`)
    }
  }

  // --- What each spore shows ---

  const checkNode = (node: SimNode): void => {
    const { engine } = node
    if (!engine) return
    const { entries } = engine
    if (entries !== node.audit.entries)
      report(
        entries > node.audit.entries ? 'visible-before-durable' : 'acknowledged-write-lost',
        `${node.name} shows ${entries} entries, ${node.audit.entries} are durable`,
      )
    if (engine.peers > PEERS_MAX) report('bounds', `${node.name} keeps ${engine.peers} peers`)
  }

  const afterEach = (): void => {
    if (scheduler.steps % WHOLE_CHECK_STEPS === 0) for (const node of nodes) checkNode(node)
    else for (const node of nodes) if (node.engine?.append) checkNode(node)
  }

  const world: World = {
    plan,
    scheduler,
    random: random.stream('world'),
    network,
    networkConditions,
    diskConditions,
    nodes,
    history: createHistory(),
    violations,
    sometimes,
    report,
    note,
    trace,
    addNode({ seeds, copyOf }) {
      const place = nodes.length
      const ofNode = random.stream(`node ${place}`)
      const equipment = equip?.(place)
      const node = createNode(
        {
          place,
          name: `n${place}`,
          kind: place < plan.whole ? 'whole' : 'half',
          pullIntervalMs: plan.pullIntervalMs,
          seeds,
          key: copyOf?.key ?? ofNode.bytes(32),
          ...(copyOf ? { copyOf } : {}),
          ...(equipment && { equipment }),
        },
        {
          scheduler,
          network,
          random: ofNode,
          conditions: diskConditions,
          compression,
          signatures,
          report,
          note,
          trace,
          onDurable,
          onCut(cutting, caller, reason) {
            const victim = nodes.find(({ did }) => did === caller)
            if (!victim) note('a liar was cut off')
            else if (victim.isHonest)
              report('fair', `${cutting.name} cuts ${victim.name} off, because of: ${reason}`)
          },
          onUp: (up) => world.onUp?.(up),
        },
      )
      nodes.push(node)
      places.set(bytesToHex(node.publicKey), node)
      return node
    },
    onUp: null,
    drive: (isDone) => scheduler.drive(() => violations.length > 0 || isDone(), afterEach),
    traceHash: () => traced.copy().digest('hex').slice(0, 16),
  }
  addFirst(world)
  return world
}

/** The spores of the plan, each knowing whom the topology says. */
function addFirst(world: World): void {
  const { nodes, topology } = world.plan
  const nameOf = (place: number): string => urlOf(`n${place}`)
  for (let place = 0; place < nodes; place++) {
    const others = Array.from({ length: nodes }, (_, other) => other).filter((other) => other !== place)
    const known = {
      mesh: others,
      chain: place > 0 ? [place - 1] : [],
      star: place > 0 ? [0] : [],
      random:
        place > 0 ? [world.random.integer(0, place - 1), ...world.random.shuffle(others).slice(0, 2)] : [],
    }[topology]
    world.addNode({ seeds: known.map(nameOf) })
  }
}
