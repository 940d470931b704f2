/**
 * Repair of single payloads (PROTOCOL.md §8): bytes that were damaged on this disk are asked of peers, and stored iff they
 * have the hash that the entry's header names. Whoever is asked learns which entries are damaged here, and nothing else.
 */
import { bytesToDigest, sha256 } from '../base/hash.ts'
import type { Log } from '../base/ports.ts'
import { ok, type Result } from '../base/result.ts'
import { rowToChange } from '../memory/change.ts'
import type { Memory } from '../memory/memory.ts'
import type { Spaces, View } from '../memory/spaces.ts'
import type { EntryRow, MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import { decodeHeader } from '../protocol/entry.ts'
import type { Failure } from '../protocol/errors.ts'
import { PAYLOADS_ASKED_MAX, PAYLOADS_REPLY_BYTES } from '../protocol/limits.ts'
import {
  decodePayloadRequest,
  type EntryRef,
  encodePayloadReply,
  type SentPayload,
} from '../protocol/payload-messages.ts'
import type { FederationClient } from './client.ts'
import { type Peer, peerDid } from './peers.ts'

export interface Repair {
  /** Payloads that are asked for, here, and to be seen. Failure REQUEST_INVALID. */
  answer(body: Uint8Array, view: View): Promise<Result<Uint8Array, Failure>>
  /** Asks a peer, once for each, for payloads that are damaged here; how many are sound again. */
  repairFrom(peer: Peer): Promise<number>
}

export interface RepairDeps {
  readonly client: FederationClient
  readonly memory: Memory
  readonly store: MemoryStore
  readonly writer: Writer
  readonly spaces: Spaces
  readonly log: Log
}

export function createRepair({ client, memory, store, writer, spaces, log }: RepairDeps): Repair {
  /** What each peer was asked for already: who had it not then is not asked in every round. */
  const asked = new WeakMap<Peer, Set<string>>()

  const damagedFor = (peer: Peer): EntryRef[] => {
    const before = asked.get(peer) ?? new Set<string>()
    asked.set(peer, before)
    const wanted: EntryRef[] = []
    const view = spaces.viewFor(peerDid(peer))
    for (const [key, { logId, seq, element }] of memory.damagedPayloads) {
      const space = memory.logs.get(logId)?.row.space
      // What a peer may not see is none of its business, and what the operator purged is not to come back.
      const isAskedFor = space !== undefined && view.sees(space) && !memory.isDenied(element)
      if (!isAskedFor || before.has(key)) continue
      before.add(key)
      wanted.push({ logId, seq })
      if (wanted.length === PAYLOADS_ASKED_MAX) break
    }
    return wanted
  }

  /** Stores a payload where it is the one that is missing. */
  const putBack = async ({ logId, seq, payload }: SentPayload): Promise<boolean> => {
    const [row] = await store.entriesAt([{ logId, seq }])
    const log = memory.logs.get(logId)
    const change = row && log && rowToChange({ ...row, payload }, log)
    if (!change) return false
    const written = await writer.write((draft) => draft.repair(change))
    return written.ok
  }

  return {
    async answer(body, view) {
      const wanted = decodePayloadRequest(body)
      if (!wanted.ok) return wanted
      const given = wanted.value.filter(({ logId, seq }) => {
        const space = memory.logs.get(logId)?.row.space
        const isSeen = space !== undefined && view.sees(space) && !memory.logs.isWithheld(logId)
        return isSeen && seq < memory.validPoint(logId)
      })
      const payloads: SentPayload[] = []
      let bytes = 0
      for (const row of await store.entriesAt(given)) {
        if (!row?.payload || !isOf(row, row.payload)) continue
        bytes += row.payload.length
        if (bytes > PAYLOADS_REPLY_BYTES) break
        payloads.push({ logId: row.logId, seq: row.seq, payload: row.payload })
      }
      return ok(encodePayloadReply(payloads))
    },
    async repairFrom(peer) {
      const wanted = damagedFor(peer)
      if (wanted.length === 0) return 0
      const sent = await client.payloads(peer.url, wanted)
      if (!sent.ok) return 0
      let repaired = 0
      for (const payload of sent.value) if (await putBack(payload)) repaired++
      if (repaired > 0) log.info('damaged entries were repaired', { peer: peer.url, repaired })
      return repaired
    },
  }
}

/** True where the header of an entry names this payload. */
function isOf(row: EntryRow, payload: Uint8Array): boolean {
  const header = decodeHeader(row.header)
  return header.ok && header.value.payload === bytesToDigest(sha256(payload))
}
