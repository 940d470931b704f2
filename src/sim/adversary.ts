/**
 * A peer that lies (N7): it signs what it must and answers what it likes. It claims views that it has not, offers runs that
 * go on behind their signed head, leave a gap or were tampered with, lists heads without end, and falls silent.
 */
import type { LogId, SpaceId } from '../core/base/brand.ts'
import { bytesToBase64url, bytesToHex } from '../core/base/bytes.ts'
import { bytesToDigest, sha256 } from '../core/base/hash.ts'
import { createFederationClient, type FederationClient } from '../core/gossip/client.ts'
import type { TransportReply } from '../core/gossip/transport.ts'
import { signDescriptor } from '../core/identity/descriptor.ts'
import { createSigner, createVerifier } from '../core/identity/keys.ts'
import { EMPTY_PROFILE } from '../core/identity/profile.ts'
import type { Compression } from '../core/protocol/compression.ts'
import { swarmDna } from '../core/protocol/dna.ts'
import { encodeHeader } from '../core/protocol/entry.ts'
import { encodeFrame } from '../core/protocol/frame.ts'
import { KINDS } from '../core/protocol/kinds.ts'
import { PEERS_MAX } from '../core/protocol/limits.ts'
import { EPOCH_BYTES } from '../core/protocol/log.ts'
import { type Descriptor, encodeHeads, encodePushReply, type HeadsRow } from '../core/protocol/messages.ts'
import { encodeMemory } from '../core/protocol/payloads.ts'
import { type EntryBytes, encodeRun } from '../core/protocol/run.ts'
import { CAPABILITIES, PROTOCOL_VERSION } from '../core/protocol/version.ts'
import { VIEW_HEADER } from '../core/protocol/view-stamp.ts'
import type { AuditedEntry, AuditedLog } from './audit.ts'
import { createClock, createWallClock } from './clock.ts'
import { NETWORK_NAME, type SimNode, urlOf } from './node.ts'
import { jsonReply, type Responder, reply } from './respond.ts'
import type { Life } from './scheduler.ts'
import type { World } from './world.ts'

export interface Adversary {
  /** Begins to introduce itself and to push; it answers from the beginning. */
  start(): void
  stop(): void
  /** Introduces more strangers to one spore than it may keep; none of them ever answers. */
  flood(victim: SimNode): void
}

/** Places of adversaries, for partitions: none of them is ever cut off. */
const PLACE = -2
/** Mean time between two pushes, in milliseconds. */
const ATTACK_MS = 3000
const COMMONS = 'commons' as SpaceId

export function createAdversary(name: string, world: World, compression: Compression): Adversary {
  const { scheduler, network, nodes, note } = world
  const random = world.random.stream(name)
  const life: Life = { isOver: false }
  const clock = createClock(scheduler, createWallClock(scheduler), life)
  const transport = network.transport(PLACE, name, life)
  let isOn = false

  // --- Who it says it is ---

  const identity = (url: string): { readonly client: FederationClient; readonly self: () => Descriptor } => {
    const signer = createSigner(random.bytes(32))
    const verifier = createVerifier()
    const { signal } = new AbortController()
    return {
      client: createFederationClient({ transport, signer, verifier, clock, random, signal }),
      self: () =>
        signDescriptor(
          {
            url,
            epoch: bytesToBase64url(signer.publicKey.subarray(0, EPOCH_BYTES)),
            name,
            network: NETWORK_NAME,
            version: PROTOCOL_VERSION,
            dna: swarmDna(NETWORK_NAME),
            capabilities: CAPABILITIES,
            ...EMPTY_PROFILE,
            issued: clock.now(),
          },
          signer,
        ),
    }
  }
  const { client, self } = identity(urlOf(name))

  // --- What it offers ---

  const someLog = (): AuditedLog | null => {
    const logs = nodes.flatMap(({ audit }) =>
      [...audit.logs()].filter(({ row, head }) => row.space === COMMONS && head !== null),
    )
    return logs.length > 0 ? random.pick(logs) : null
  }

  /** A run of a real log, whole or spoilt in one way. */
  const someRun = (): Uint8Array | null => {
    const log = someLog()
    if (!log?.head) return null
    const { row, head } = log
    const end = head.seq + 1
    // Inside the last segment, so that its form is in order.
    const first = Math.max(log.row.segmentStart, end - 40)
    const held = log.entries.slice(first, end)
    if (held.length === 0 || held.includes(undefined)) return null
    const entries = held as AuditedEntry[]
    const whole = {
      log: row,
      from: first,
      entries: entries.map(toBytes),
      chain: head.chain,
      signature: head.signature,
    }
    switch (random.pick(['beyond', 'beyond', 'beyond', 'gap', 'gap', 'tampered', 'cut', 'whole'])) {
      case 'beyond':
        note('a run went on behind its signed head')
        return encodeRun({ ...whole, entries: [...whole.entries, forged(row.logId, end, head.clock)] })
      case 'gap': {
        const skipped = random.integer(1, entries.length)
        if (skipped === entries.length) return encodeRun(whole)
        note('a run left a gap')
        return encodeRun({ ...whole, from: first + skipped, entries: whole.entries.slice(skipped) })
      }
      case 'tampered': {
        const bytes = encodeRun(whole)
        bytes[random.integer(0, bytes.length - 1)]! ^= 1 << random.integer(0, 7)
        return bytes
      }
      case 'cut':
        return encodeRun(whole).subarray(0, random.integer(1, 200))
      default:
        return encodeRun(whole)
    }
  }

  const forged = (logId: LogId, seq: number, clockBefore: number): EntryBytes => {
    const payload = encodeMemory({
      text: `forged ${random.integer(0, 1e9)}`,
      tags: [],
      thread: null,
      position: null,
      speaker: null,
      sources: [],
    })
    const header = {
      logId,
      seq,
      clock: (clockBefore + 1) as AuditedEntry['header']['clock'],
      kind: KINDS.memory,
      payloadLength: payload.length,
      payload: bytesToDigest(sha256(payload)),
      references: [],
    }
    return { header: encodeHeader(header), payload }
  }

  const someFrames = (): Uint8Array => {
    const run = someRun()
    return run ? encodeFrame(run, compression) : random.bytes(random.integer(0, 50))
  }

  /** Rows of logs that are, are said to be longer than they are, or never were. */
  const someRows = (): HeadsRow[] =>
    Array.from({ length: random.integer(0, 5) }, () => {
      const log = random.chance(0.6) ? someLog() : null
      const claimed = random.integer(0, 3) * 100
      if (log) return { logId: log.row.logId, next: log.row.next + claimed, chain: log.row.chain }
      return {
        logId: Buffer.from(random.bytes(16)).toString('base64url') as LogId,
        next: random.integer(1, 1000),
        chain: random.bytes(32),
      }
    })

  const someHeads = (): TransportReply => {
    // It may claim to hold the very view of whoever asks.
    if (random.chance(0.2)) return reply(204, new Uint8Array())
    const body = encodeHeads({
      cursor: bytesToHex(random.bytes(8)),
      more: random.chance(0.7),
      spaces: [{ space: COMMONS, rows: someRows() }],
    })
    return { status: 200, headers: { [VIEW_HEADER]: bytesToBase64url(random.bytes(12)) }, body }
  }

  const respond: Responder = async (request) => {
    const dice = random.float()
    note('a peer lied')
    if (dice < 0.05) return new Promise(() => {})
    if (dice < 0.1) return reply(random.pick([200, 500, 404]), random.bytes(random.integer(0, 300)))
    const route = request.path.split('/').at(-1)
    switch (route) {
      case 'join':
      case 'nodes':
        return jsonReply(200, { self: self(), nodes: [] })
      case 'heads':
        return someHeads()
      case 'pull':
        return reply(200, someFrames())
      case 'push': {
        const want = someRows().map(({ logId }) => ({ logId, from: 0 }))
        return reply(
          200,
          encodePushReply({ new: 0, dup: 0, failures: [], prune: false, linked: false, want }),
        )
      }
      default:
        return reply(404, new Uint8Array())
    }
  }
  network.serve(urlOf(name), { place: PLACE, name, respond, life })

  // --- What it does by itself ---

  const attack = (): void => {
    const victim = random.pick(nodes)
    void (random.chance(0.3) ? client.join(victim.url, self()) : client.push(victim.url, someFrames()))
  }
  const next = (): void =>
    void scheduler.after(-Math.log(1 - random.float()) * ATTACK_MS, life, () => {
      if (!isOn) return
      attack()
      next()
    })

  return {
    start() {
      isOn = true
      next()
    },
    stop() {
      isOn = false
    },
    flood(victim) {
      note('strangers flooded a spore')
      for (let i = 0; i < PEERS_MAX + 20; i++) {
        const url = urlOf(`sybil-${i}`)
        network.serve(url, { place: PLACE, name: 'sybil', respond: () => new Promise(() => {}), life })
        const sybil = identity(url)
        void sybil.client.join(victim.url, sybil.self())
      }
    },
  }
}

const toBytes = ({ bytes, payload }: AuditedEntry): EntryBytes => ({ header: bytes, payload })
