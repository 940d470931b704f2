/** Asks the seeds of a list whether they are there, as a spore of their network would, and joins none of them. */
import { randomBytes } from 'node:crypto'
import { systemClock } from '../adapters/clock.ts'
import { createHttpTransport } from '../adapters/http-transport.ts'
import { systemRandom } from '../adapters/random.ts'
import { err, ok, type Result } from '../core/base/result.ts'
import { createFederationClient, type FederationClient } from '../core/gossip/client.ts'
import { createSelf } from '../core/gossip/self.ts'
import { verifyDescriptor } from '../core/identity/descriptor.ts'
import { createSigner, createVerifier } from '../core/identity/keys.ts'
import type { Seed } from '../core/identity/seed-list.ts'
import { type Failure, failure } from '../core/protocol/errors.ts'
import { EPOCH_BYTES } from '../core/protocol/log.ts'
import type { Descriptor } from '../core/protocol/messages.ts'

export interface SeedCheck {
  readonly url: string
  readonly key: string
  /** What it calls itself; null where it did not pass. */
  readonly name: string | null
  /** `CODE: detail`; null where it passed. */
  readonly problem: string | null
}

export interface SeedCheckOptions {
  readonly network: string
  readonly allowPrivateAddresses: boolean
  readonly signal: AbortSignal
}

/** Seeds that are asked at a time. */
const LANES = 8
const SEED_BYTES = 32

/**
 * One result for each seed, in order. A seed passes that answers at its URL in time with a reply to this very request that
 * the key of the list signed, has network and swarm DNA of this code, and gives that URL as its own.
 */
export async function checkSeeds(seeds: readonly Seed[], options: SeedCheckOptions): Promise<SeedCheck[]> {
  const { network, allowPrivateAddresses, signal } = options
  await using transport = createHttpTransport({ allowPrivateAddresses })
  // A key of its own: whoever runs the check is nobody's peer by it.
  const signer = createSigner(new Uint8Array(randomBytes(SEED_BYTES)))
  const verifier = createVerifier()
  const ports = { transport, signer, verifier, clock: systemClock, random: systemRandom, signal }
  const client = createFederationClient(ports)
  const self = createSelf(
    { name: 'seed-check', network },
    { signer, clock: systemClock, epoch: () => new Uint8Array(EPOCH_BYTES) },
  )
  const toDescriptor = (input: unknown) =>
    verifyDescriptor(input, { network, nowMs: systemClock.now(), verifier })

  const checkOne = async ({ url: text, key }: Seed): Promise<SeedCheck> => {
    const url = transport.admit(text)
    const answered = url.ok ? await ask(client, url.value, self.descriptor(), toDescriptor) : url
    const found = answered.ok ? compare(answered.value, key, url.ok ? url.value : text) : answered
    if (!found.ok)
      return { url: text, key, name: null, problem: `${found.error.code}: ${found.error.detail}` }
    return { url: text, key, name: found.value.name, problem: null }
  }

  const results: SeedCheck[] = []
  const waiting = [...seeds.entries()]
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) results[next[0]] = await checkOne(next[1])
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return results
}

/** The descriptor of who answers at a URL. A refusal for another network or DNA is explained by what it says of itself. */
async function ask(
  client: FederationClient,
  url: string,
  self: Descriptor,
  toDescriptor: (input: unknown) => Result<Descriptor, Failure>,
): Promise<Result<Descriptor, Failure>> {
  const joined = await client.join(url, self)
  if (joined.ok) return toDescriptor(joined.value.self)
  const nodes = await client.nodes(url)
  const said = nodes.ok ? toDescriptor(nodes.value.self) : joined
  return said.ok ? joined : said
}

function compare(descriptor: Descriptor, key: string, url: string): Result<Descriptor, Failure> {
  if (descriptor.key !== key) return err(failure('PEER_REFUSED', `${descriptor.key} answers there`))
  if (descriptor.url?.replace(/\/$/, '') === url) return ok(descriptor)
  const own = descriptor.url ?? 'none: its publicUrl is not set'
  return err(failure('PEER_REFUSED', `it gives another URL as its own (${own})`))
}
