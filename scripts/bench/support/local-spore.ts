/** A whole spore in this process, with its store on disk in a temporary folder that goes with it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPorts } from '../../../src/adapters/ports.ts'
import { silentLog } from '../../../src/core/base/ports.ts'
import { DEFAULT_NETWORK } from '../../../src/core/protocol/version.ts'
import type { Retriever } from '../../../src/core/retrieval/retriever.ts'
import { type OpeningSpore, openSpore, type Spore } from '../../../src/core/spore.ts'

export interface LocalSpore extends AsyncDisposable {
  readonly spore: Spore
}

interface More {
  readonly retriever?: Retriever
}

/** A fresh spore that talks to nobody; disposing it removes its folder. */
export async function openLocalSpore(more: More = {}): Promise<LocalSpore> {
  const home = await mkdtemp(join(tmpdir(), 'spore-bench-'))
  const opening = openSporeIn(home, more)
  await opening.opened
  return {
    spore: opening.spore,
    async [Symbol.asyncDispose]() {
      await opening[Symbol.asyncDispose]()
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** Runs `use` on a fresh spore that talks to nobody. */
export async function withLocalSpore<T>(use: (spore: Spore) => Promise<T>): Promise<T> {
  await using opened = await openLocalSpore()
  return await use(opened.spore)
}

/** The same on the spore of a folder, which stays; with a retriever of the caller's own where one is given. */
export async function withSporeIn<T>(
  home: string,
  use: (spore: Spore) => Promise<T>,
  more: More = {},
): Promise<T> {
  await using opening = openSporeIn(home, more)
  await opening.opened
  return await use(opening.spore)
}

/** The spore of a folder on its way, as a service has it: it may be searched before it is open. */
export function openSporeIn(home: string, more: More = {}): OpeningSpore & AsyncDisposable {
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
