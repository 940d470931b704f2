/** The real world in one object: every port of the core, made from a configuration. */
import { join } from 'node:path'
import type { Log } from '../core/base/ports.ts'
import { createSigner } from '../core/identity/keys.ts'
import { createNetworkKey } from '../core/identity/network-key.ts'
import { createMemoryStore } from '../core/memory/memory-store.ts'
import type { MemoryStore, StoreOrigin } from '../core/memory/store.ts'
import { SporeError } from '../core/protocol/errors.ts'
import { EPOCH_BYTES } from '../core/protocol/log.ts'
import type { SporePorts } from '../core/spore.ts'
import { systemClock } from './clock.ts'
import { zlibCompression } from './compression.ts'
import { createHttpTransport } from './http-transport.ts'
import { createKeyFile, parseKeySecret, readKeyFile } from './key-file.ts'
import { systemRandom } from './random.ts'
import { createSnapshotFolder, SNAPSHOT_FOLDER } from './snapshot-folder.ts'
import { openSqliteStore, storeExists } from './sqlite-store.ts'
import { createThreadedRunVerifier } from './threaded-run-verifier.ts'

export interface PortsOptions {
  /** Data folder. */
  readonly home: string
  readonly network: string
  readonly durability: 'disk' | 'memory'
  readonly allowPrivateAddresses: boolean
  /** PEM or base64url seed from the environment; null for the key file of the data folder. */
  readonly identity: string | null
  /** Pre-shared key of a private network from the environment; none for a public one. */
  readonly networkKey?: string | null
  readonly log: Log
}

export interface RealPorts extends SporePorts, AsyncDisposable {}

/**
 * Opens the data folder. Throws `SporeError`: CONFIG_INVALID for a network key that is none, IDENTITY_UNREADABLE, and the codes of `openSqliteStore`. Who disposes the
 * ports closes the connections; the store is closed by the spore that it is given to.
 */
export function createPorts(options: PortsOptions): RealPorts {
  const { home, network, durability, allowPrivateAddresses, identity, log } = options
  const networkKey = options.networkKey ? createNetworkKey(options.networkKey) : null
  const seed = identity === null ? seedOf(home, durability) : parseKeySecret(identity).seed
  const { publicKey } = createSigner(seed)
  const create = (): StoreOrigin => ({ publicKey, network, epoch: systemRandom.bytes(EPOCH_BYTES) })
  const store: MemoryStore =
    durability === 'memory'
      ? createMemoryStore(create())
      : openSqliteStore(home, { publicKey, network, create })
  const transport = createHttpTransport({ allowPrivateAddresses })
  const runVerifier = createThreadedRunVerifier({ network, log })
  return {
    clock: systemClock,
    random: systemRandom,
    log,
    store,
    transport,
    compression: zlibCompression,
    runVerifier,
    ...(durability === 'disk' && { snapshots: createSnapshotFolder(join(home, SNAPSHOT_FOLDER)) }),
    networkKey,
    seed,
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]()
      await runVerifier[Symbol.asyncDispose]()
    },
  }
}

function seedOf(home: string, durability: 'disk' | 'memory'): Uint8Array {
  const existing = readKeyFile(home)
  if (existing) return existing.seed
  // A new key beside an old store would disown everything in it.
  if (durability === 'disk' && storeExists(home))
    throw new SporeError(
      'IDENTITY_UNREADABLE',
      `${home} holds a store but no identity key; bring identity.pem back`,
    )
  return createKeyFile(home).seed
}
