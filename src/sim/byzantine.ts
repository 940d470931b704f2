/**
 * A node that works against the swarm and has all its neighbours' trust to lose: it introduces itself to honest spores and
 * asks them for links again and again, knows nobody but its own, claims to have what it has not, takes every push, prunes
 * the link it came by, and passes nothing on. It signs what it must.
 */
import type { LogId } from '../core/base/brand.ts'
import { bytesToBase64url, bytesToHex } from '../core/base/bytes.ts'
import { createFederationClient, type FederationClient } from '../core/gossip/client.ts'
import { signDescriptor } from '../core/identity/descriptor.ts'
import { signReply } from '../core/identity/http-signature.ts'
import type { Signer, Verifier } from '../core/identity/keys.ts'
import { EMPTY_PROFILE } from '../core/identity/profile.ts'
import { swarmDna } from '../core/protocol/dna.ts'
import { EPOCH_BYTES } from '../core/protocol/log.ts'
import {
  type Descriptor,
  encodeHeads,
  encodeIhaveReply,
  encodeNeighborReply,
  encodePushReply,
  type HeadsRow,
} from '../core/protocol/messages.ts'
import { CAPABILITIES, PROTOCOL_VERSION } from '../core/protocol/version.ts'
import { createClock, createWallClock } from './clock.ts'
import type { Network } from './network.ts'
import { NETWORK_NAME, urlOf } from './node.ts'
import type { SimRandom } from './random.ts'
import { jsonReply, type Responder, reply } from './respond.ts'
import type { Life, Scheduler } from './scheduler.ts'

export interface Byzantine {
  readonly name: string
  readonly url: string
  descriptor(): Descriptor
  /** Begins to ask; it answers from the beginning. */
  start(): void
}

export interface ByzantineOptions {
  readonly place: number
  readonly name: string
  readonly signer: Signer
  readonly verifier: Verifier
  /** Mean time between two of its attempts, in milliseconds. */
  readonly attackMs: number
  /** URLs of those whom it works against. */
  readonly victims: readonly string[]
  /** Those whom it says it knows: its own kind. */
  readonly friends: () => readonly Byzantine[]
}

export interface ByzantineDeps {
  readonly scheduler: Scheduler
  readonly network: Network
  readonly random: SimRandom
}

/** Descriptors in one of its replies: as many as are read of an honest one. */
const FRIENDS_TOLD = 64
/** Logs in one reply that nobody has. */
const CLAIMS = 4

export function createByzantine(options: ByzantineOptions, deps: ByzantineDeps): Byzantine {
  const { place, name, signer, verifier, attackMs, victims, friends } = options
  const { scheduler, network, random } = deps
  const life: Life = { isOver: false }
  const clock = createClock(scheduler, createWallClock(scheduler), life)
  const transport = network.transport(place, name, life)
  const { signal } = new AbortController()
  const client: FederationClient = createFederationClient({
    transport,
    signer,
    verifier,
    clock,
    random,
    signal,
  })
  const url = urlOf(name)
  let signed: Descriptor | null = null

  const descriptor = (): Descriptor => {
    if (signed && clock.now() - signed.issued < 60_000) return signed
    const epoch = bytesToBase64url(signer.publicKey.subarray(0, EPOCH_BYTES))
    const fields = { url, epoch, name, network: NETWORK_NAME, version: PROTOCOL_VERSION, issued: clock.now() }
    const dna = swarmDna(NETWORK_NAME)
    signed = signDescriptor({ ...fields, dna, capabilities: CAPABILITIES, ...EMPTY_PROFILE }, signer)
    return signed
  }

  const nodes = () => {
    const known = friends()
    const told = Array.from({ length: Math.min(FRIENDS_TOLD, known.length) }, () => random.pick(known))
    return { self: descriptor(), nodes: [...new Set(told)].map((friend) => friend.descriptor()) }
  }

  const claimed = (): HeadsRow[] =>
    Array.from({ length: CLAIMS }, () => ({
      logId: bytesToBase64url(random.bytes(16)) as LogId,
      next: random.integer(1, 1000),
      chain: random.bytes(32),
    }))

  const respond: Responder = async ({ path, headers }) => {
    switch (path.split('/').at(-1)) {
      case 'join': {
        const answer = jsonReply(200, nodes())
        const parts = {
          status: 200,
          body: answer.body as Uint8Array,
          requestSignature: headers.signature ?? '',
        }
        return { ...answer, headers: { ...signReply(parts, signer, Math.floor(clock.now() / 1000)) } }
      }
      case 'nodes':
        return jsonReply(200, nodes())
      case 'heads': {
        // Mostly it has the very view of whoever asks, so that nobody looks for what it keeps back.
        if (random.chance(0.9)) return reply(204, new Uint8Array())
        const spaces = [{ space: 'commons' as never, rows: claimed() }]
        return reply(200, encodeHeads({ cursor: bytesToHex(random.bytes(8)), more: false, spaces }))
      }
      case 'push':
        return reply(
          200,
          encodePushReply({ new: 0, dup: 1, failures: [], want: [], prune: true, linked: true }),
        )
      case 'ihave':
        return reply(200, encodeIhaveReply({ want: [], linked: true }))
      case 'neighbor':
        return reply(200, encodeNeighborReply({ accepted: true, reached: true }))
      default:
        return reply(404, new Uint8Array())
    }
  }
  network.serve(url, { place, name, respond, life })

  const attack = async (): Promise<void> => {
    const victim = random.pick(victims)
    await client.join(victim, descriptor())
    await client.neighbor(victim, { ask: 'urgent', want: [] })
    if (random.chance(0.2)) await client.neighbor(victim, { ask: 'lazy', want: [] })
    if (random.chance(0.2))
      await client.ihave(
        victim,
        claimed().map(({ logId, next }) => ({ logId, next })),
      )
  }

  const next = (): void =>
    void scheduler.after(-Math.log(1 - random.float()) * attackMs, life, () => {
      void attack()
      next()
    })

  return { name, url, descriptor, start: next }
}
