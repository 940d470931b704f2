/** Seed lists of a test, and a server that gives whatever the test says, when it says so. */
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSigner, type Signer } from '../../../src/core/identity/keys.ts'
import { type Seed, type SignedSeedList, signSeedList } from '../../../src/core/identity/seed-list.ts'
import { RUN_NETWORK } from '../../support/run-network.ts'
import type { RunningSpore } from '../../support/spore-process.ts'

const DAY_MS = 24 * 3600 * 1000
export const signerOf = (name: string): Signer => createSigner(new Uint8Array(hash('sha256', name, 'buffer')))
export const operator = signerOf('operator of the seed list')

export const seedOf = ({ url, did }: Pick<RunningSpore, 'url' | 'did'>): Seed => ({
  url,
  key: did as Seed['key'],
})

export function signedList(
  seeds: readonly Seed[],
  { nowMs = Date.now(), validMs = DAY_MS, by = operator } = {},
): SignedSeedList {
  return signSeedList({ version: 1, network: RUN_NETWORK, seeds }, by, { nowMs, validMs })
}

export interface ListServer extends AsyncDisposable {
  readonly url: string
  /** Answers from now on; the request that is being answered is the argument. */
  answer: (response: ServerResponse) => void
  /** Resolves with the next request. */
  asked(): Promise<void>
}

export async function serveLists(answer: ListServer['answer']): Promise<ListServer> {
  let next = Promise.withResolvers<void>()
  const server = createServer((_, response) => {
    next.resolve()
    next = Promise.withResolvers()
    served.answer(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const served: ListServer = {
    url: `http://127.0.0.1:${port}/bootstrap.json`,
    answer,
    asked: () => next.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return served
}
