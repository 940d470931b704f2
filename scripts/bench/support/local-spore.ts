/** A whole spore in this process, with its store on disk in a temporary folder that goes with it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPorts } from '../../../src/adapters/ports.ts'
import { silentLog } from '../../../src/core/base/ports.ts'
import { DEFAULT_NETWORK } from '../../../src/core/protocol/version.ts'
import { createSpore, type Spore } from '../../../src/core/spore.ts'

/** Runs `use` on a fresh spore that talks to nobody. */
export async function withLocalSpore<T>(use: (spore: Spore) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'spore-bench-'))
  try {
    await using ports = createPorts({
      home,
      network: DEFAULT_NETWORK,
      durability: 'disk',
      allowPrivateAddresses: false,
      identity: null,
      log: silentLog,
    })
    await using spore = await createSpore({ defaultSpace: 'private', pullIntervalMs: 60_000 }, ports)
    return await use(spore)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}
