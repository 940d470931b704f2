/** A whole spore in this process, with its store on disk in a temporary folder that goes with it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPorts } from '../../../src/adapters/ports.ts'
import { silentLog } from '../../../src/core/base/ports.ts'
import { DEFAULT_NETWORK } from '../../../src/core/protocol/version.ts'
import type { Retriever } from '../../../src/core/retrieval/retriever.ts'
import { createSpore, type OpeningSpore, openSpore, type Spore } from '../../../src/core/spore.ts'

/** Runs `use` on a fresh spore that talks to nobody. */
export async function withLocalSpore<T>(use: (spore: Spore) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'spore-bench-'))
  try {
    return await withSporeIn(home, use)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

/** The same on the spore of a folder, which stays; with a retriever of the caller's own where one is given. */
export async function withSporeIn<T>(
  home: string,
  use: (spore: Spore) => Promise<T>,
  more: { readonly retriever?: Retriever } = {},
): Promise<T> {
  await using ports = createPorts({
    home,
    network: DEFAULT_NETWORK,
    durability: 'disk',
    allowPrivateAddresses: false,
    identity: null,
    log: silentLog,
  })
  const options = { defaultSpace: 'private', pullIntervalMs: 60_000 }
  await using spore = await createSpore(options, { ...ports, ...more })
  return await use(spore)
}

/** The spore of a folder on its way, as a service has it: it may be searched before it is open. */
export function openSporeIn(
  home: string,
  more: { readonly retriever?: Retriever } = {},
): OpeningSpore & AsyncDisposable {
  const ports = createPorts({
    home,
    network: DEFAULT_NETWORK,
    durability: 'disk',
    allowPrivateAddresses: false,
    identity: null,
    log: silentLog,
  })
  const options = { defaultSpace: 'private', pullIntervalMs: 60_000 }
  const opening = openSpore(options, { ...ports, ...more })
  return {
    ...opening,
    async [Symbol.asyncDispose]() {
      await opening.spore[Symbol.asyncDispose]()
      await ports[Symbol.asyncDispose]()
    },
  }
}
