/** What a spore is made with: options of its operator, and the ports to the world. */
import type { Clock, Log, Random } from './base/ports.ts'
import type { SeedSource } from './gossip/seeding.ts'
import type { Transport } from './gossip/transport.ts'
import type { NetworkKey } from './identity/network-key.ts'
import type { Profile } from './identity/profile.ts'
import type { QuotaLimits } from './memory/quota.ts'
import type { RunVerifier } from './memory/run-verifier.ts'
import type { MemoryStore } from './memory/store.ts'
import type { Compression } from './protocol/compression.ts'
import type { Ask } from './reasoning/calling.ts'
import type { ModelPorts } from './reasoning/models.ts'
import type { Serve } from './reasoning/neighbourhood.ts'
import type { QuantumChanges } from './reasoning/synthesis/quantum-params.ts'
import type { DensePorts } from './retrieval/dense.ts'
import type { Retriever } from './retrieval/retriever.ts'
import type { Snapshots } from './retrieval/snapshots.ts'

export interface SporeOptions {
  /** What people call it; default the last 8 characters of its did. */
  readonly name?: string
  /** Space of memories and tasks that name none, by its name here; nothing is written without a name while it is unknown. */
  readonly defaultSpace: string
  /** Mean time between two pulls, in milliseconds. */
  readonly pullIntervalMs: number
  /** Where it looks for others when it knows none; without it, it looks nowhere. */
  readonly bootstrap?: {
    readonly pinnedKeys: readonly string[]
    /** The seed list in the package; null for none. */
    readonly packaged: Uint8Array | null
    /** Brings a newer list; null where only the one in the package counts. */
    readonly source: SeedSource | null
  }
  /** Roles, tags and model families that others are told; none unless given. */
  readonly profile?: Profile
  /** What is kept of others; the defaults unless given. */
  readonly quotas?: QuotaLimits
  /** Whose tasks it works on: the operator's own, also those of authors whom it trusts, everybody's. Default `trusted`. */
  readonly serve?: Serve
  /** Who is asked to answer own tasks, unless the caller says. Default `everyone`. */
  readonly ask?: Ask
  /** Of the program: another one tries again what this one had to set aside. */
  readonly version?: string
  /** Of the quantum-inspired layer; its defaults unless given. */
  readonly quantum?: QuantumChanges
  /** Documents from which on the index is kept; the default unless given. */
  readonly keptMin?: number
}

export interface SporePorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly store: MemoryStore
  readonly transport: Transport
  readonly compression: Compression
  /** Where runs are verified; in this thread and at once unless given. */
  readonly runVerifier?: RunVerifier
  /** What makes memories findable; words, in this process, unless given. */
  readonly retriever?: Retriever
  /** Where the index is kept between two runs; it is built anew at each start unless given. */
  readonly snapshots?: Snapshots
  /** Search by meaning; words alone unless given. The spore closes the vectors. */
  readonly dense?: DensePorts | null
  /** Language models, and what they may cost; no model unless given. */
  readonly models?: ModelPorts | null
  /** Of a private network: a spore without it is told nothing. None unless given. */
  readonly networkKey?: NetworkKey | null
  /** 32-byte seed of the identity's Ed25519 key. */
  readonly seed: Uint8Array
}
