/**
 * A process with the replication part of a spore and nothing else, over the store in a folder: replays it, prints what
 * that took as a line of JSON, and ends. `replication-process.ts <home>`, started by `start.ts` with the settings of
 * `npm start`.
 */
import { systemClock } from '../../../src/adapters/clock.ts'
import { zlibCompression } from '../../../src/adapters/compression.ts'
import { readKeyFile } from '../../../src/adapters/key-file.ts'
import { systemRandom } from '../../../src/adapters/random.ts'
import { openSqliteStore } from '../../../src/adapters/sqlite-store.ts'
import { silentLog } from '../../../src/core/base/ports.ts'
import { err, ok } from '../../../src/core/base/result.ts'
import { createSigner, createVerifier } from '../../../src/core/identity/keys.ts'
import { createSpaces } from '../../../src/core/memory/spaces.ts'
import { failure } from '../../../src/core/protocol/errors.ts'
import { DEFAULT_NETWORK } from '../../../src/core/protocol/version.ts'
import { createReplication } from '../../../src/core/replication.ts'

/** What the process tells of itself. */
export interface ReplicationFigures {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly rssBytes: number
  readonly entries: number
  readonly memories: number
  readonly damaged: number
}

const unreachable = async () => err(failure('PEER_UNREACHABLE', 'nobody is there'))
const home = process.argv[2] as string
const seed = readKeyFile(home)?.seed as Uint8Array
const signer = createSigner(seed)
const startedAt = performance.now()
const replication = createReplication(
  { name: 'bench', pullIntervalMs: 60_000, spaces: createSpaces('private') },
  {
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    store: openSqliteStore(home, {
      publicKey: signer.publicKey,
      network: DEFAULT_NETWORK,
      create: () => {
        throw new Error('there is no store')
      },
    }),
    transport: { admit: ok, send: unreachable, stream: unreachable },
    compression: zlibCompression,
    signer,
    verifier: createVerifier(),
  },
)
await replication.replay(() => {})
const seconds = (performance.now() - startedAt) / 1000
const { user, system } = process.cpuUsage()
const { entries, memories, damaged } = replication.memory
const figures: ReplicationFigures = {
  seconds,
  cpuSeconds: (user + system) / 1e6,
  rssBytes: process.memoryUsage.rss(),
  entries,
  memories,
  damaged,
}
console.log(JSON.stringify(figures))
await replication[Symbol.asyncDispose]()
