/** One simulated machine: a key, a disk, a wall clock, and the spore that lives on it from start to crash. */
import type { Did, LogId } from '../core/base/brand.ts'
import type { Clock, Log } from '../core/base/ports.ts'
import { CUT_OFF } from '../core/gossip/conduct.ts'
import { createSigner } from '../core/identity/keys.ts'
import type { StoreBatch } from '../core/memory/store.ts'
import type { Compression } from '../core/protocol/compression.ts'
import type { Ask } from '../core/reasoning/calling.ts'
import type { ModelPorts } from '../core/reasoning/models.ts'
import type { Serve } from '../core/reasoning/neighbourhood.ts'
import { type Audit, createAudit, type SignatureCache } from './audit.ts'
import { createClock, createWallClock, type WallClock } from './clock.ts'
import { createDisk, type DiskConditions, type DiskDeps, type SimDisk } from './disk.ts'
import { createEngine, type Engine, type EngineKind } from './engine.ts'
import type { Endpoint, Network } from './network.ts'
import type { SimRandom } from './random.ts'
import { type Responder, respondFrom } from './respond.ts'
import type { Life, Scheduler } from './scheduler.ts'
import type { Report } from './violation.ts'

export const NETWORK_NAME = 'spore-sim'
export const urlOf = (name: string): string => `https://${name}.sim`

export interface SimNode {
  readonly place: number
  readonly name: string
  readonly url: string
  readonly did: Did
  readonly publicKey: Uint8Array
  readonly key: Uint8Array
  readonly wall: WallClock
  /** False for one that equivocates: nothing is expected of it. */
  isHonest: boolean
  /** True for one that never comes back. */
  isGone: boolean
  /** What is on the disk. */
  readonly audit: Audit
  readonly disk: SimDisk
  /** The running spore; null while it is down or starting. */
  readonly engine: Engine | null
  /** False from a crash or a stop until the next start. */
  readonly isStarted: boolean
  /** When it came up, each time, in milliseconds since the world began. */
  readonly upsMs: readonly number[]
  /** How often it was started. */
  readonly lives: number
  start(): void
  /** Power loss. */
  crash(): void
  /** Ends in good order; resolves when it is down. */
  stop(): Promise<void>
  /** Loses the disk and keeps the key; it must be down. */
  wipe(): void
  /** Sequence number next of a log that is durable here. */
  next(logId: LogId): number
}

export interface NodeOptions {
  readonly place: number
  readonly name: string
  readonly kind: EngineKind
  readonly pullIntervalMs: number
  readonly seeds: readonly string[]
  /** 32 bytes. */
  readonly key: Uint8Array
  /** A spore whose disk it begins with a copy of: the same key in two places. */
  readonly copyOf?: SimNode
  /** What it reasons with; it has no model unless given. */
  readonly equipment?: Equipment
}

/** The models of a spore over all of its lives, and whose tasks they work on. */
export interface Equipment {
  readonly serve: Serve
  readonly ask: Ask
  models(clock: Clock, life: Life): ModelPorts | null
}

export interface NodeDeps {
  readonly scheduler: Scheduler
  readonly network: Network
  readonly random: SimRandom
  readonly conditions: DiskConditions
  readonly compression: Compression
  readonly signatures: SignatureCache
  readonly report: Report
  readonly note: (what: string) => void
  readonly trace: (what: string) => void
  /** Hears of a batch that can no longer be lost, behind its audit. */
  readonly onDurable: (node: SimNode, audit: Audit, batch: StoreBatch) => void
  /** Hears that a spore cuts a caller off. */
  readonly onCut: (node: SimNode, caller: Did, reason: string) => void
  /** Hears that a spore is up, whose disk has what it had and nothing is under way. */
  readonly onUp: (node: SimNode) => void
}

export function createNode(options: NodeOptions, deps: NodeDeps): SimNode {
  const { place, name, key } = options
  const { scheduler, network, random, report, note, trace } = deps
  const signer = createSigner(key)
  const wall = createWallClock(scheduler)
  let life: Life | null = null
  let engine: Engine | null = null
  let lives = 0
  const upsMs: number[] = []
  let disks = 0

  const mountPoint = (): { disk: SimDisk; audit: Audit } => {
    const ofDisk = random.stream(`disk ${disks++}`)
    const audit = createAudit({
      name,
      ownKey: signer.publicKey,
      network: NETWORK_NAME,
      now: wall.latest,
      report,
      signatures: deps.signatures,
    })
    const origin = { publicKey: signer.publicKey, network: NETWORK_NAME, epoch: ofDisk.bytes(8) }
    const diskDeps: DiskDeps = {
      scheduler,
      random: ofDisk,
      conditions: deps.conditions,
      onDurable(batch) {
        trace(`durable ${name} ${batch.entries.map(({ logId, seq }) => `${logId}/${seq}`).join(' ')}`)
        audit.durable(batch)
        deps.onDurable(node, audit, batch)
      },
      note,
    }
    const { copyOf } = options
    const disk = copyOf && disks === 1 ? copyOf.disk.copy(diskDeps) : createDisk(origin, diskDeps)
    return { disk, audit }
  }

  const serve = (respond: Responder | null): void => {
    const endpoint: Endpoint = { place, name, respond, life }
    network.serve(urlOf(name), endpoint)
  }

  const boot = async (own: Life): Promise<void> => {
    const ofLife = random.stream(`life ${lives}`)
    const store = await mounted.disk.mount(own)
    const clock = createClock(scheduler, wall, own)
    const { kind, pullIntervalMs, equipment } = options
    const started = await createEngine(
      { kind, name, pullIntervalMs, ...(equipment && { serve: equipment.serve, ask: equipment.ask }) },
      {
        clock,
        models: equipment?.models(clock, own) ?? null,
        random: ofLife,
        log: watchfulLog(name, report, (caller, reason) => deps.onCut(node, caller, reason)),
        store,
        transport: network.transport(place, name, own),
        compression: deps.compression,
        seed: key,
      },
    )
    if (own.isOver) return
    serve(respondFrom(started.federation))
    await started.federation.start(urlOf(name), options.seeds)
    if (own.isOver) return
    engine = started
    upsMs.push(scheduler.elapsedMs)
    trace(`up ${name}`)
    deps.onUp(node)
  }

  const down = (): void => {
    if (life) life.isOver = true
    life = null
    engine = null
    serve(null)
  }

  const node: SimNode = {
    place,
    name,
    url: urlOf(name),
    did: signer.did,
    publicKey: signer.publicKey,
    key,
    wall,
    isHonest: true,
    isGone: false,
    upsMs,
    get audit() {
      return mounted.audit
    },
    get disk() {
      return mounted.disk
    },
    get engine() {
      return engine
    },
    get isStarted() {
      return life !== null
    },
    get lives() {
      return lives
    },
    start() {
      if (life || node.isGone) return
      lives++
      life = { isOver: false }
      trace(`start ${name}`)
      boot(life).catch((error: unknown) => report('broken', `${name} does not start: ${textOf(error)}`))
    },
    crash() {
      trace(`crash ${name}`)
      down()
      mounted.disk.crash()
    },
    async stop() {
      const stopping = engine
      const own = life
      if (!stopping || !own) return
      trace(`stop ${name}`)
      engine = null
      serve(null)
      await stopping[Symbol.asyncDispose]()
      if (life === own) down()
    },
    wipe() {
      trace(`wipe ${name}`)
      mounted = mountPoint()
    },
    next: (logId) => mounted.audit.log(logId)?.chains.length ?? 0,
  }
  let mounted = mountPoint()
  return node
}

/** An engine says `error` where something broke; only a failed disk may be what broke. */
function watchfulLog(name: string, report: Report, onCut: (caller: Did, reason: string) => void): Log {
  return {
    debug() {},
    info() {},
    warn(message, fields) {
      if (message === CUT_OFF) onCut(fields?.caller as Did, String(fields?.reason))
    },
    error(message, fields) {
      if (message !== 'commit failed') report('broken', `${name}: ${message} ${JSON.stringify(fields ?? {})}`)
    },
  }
}

export const textOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)
