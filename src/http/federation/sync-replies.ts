/** Replies with entries: a place for each (`bounds/sync-slots.ts`), an early end where others wait, and none for who does not read. */
import type { FastifyReply } from 'fastify'
import type { Did } from '../../core/base/brand.ts'
import { SYNC_STALL_MS } from '../../core/protocol/limits.ts'
import { createSyncSlots, type SyncSlot } from '../bounds/sync-slots.ts'
import { unwrap } from '../problem.ts'

export interface SyncReplies {
  /** A place for a reply, until it has gone out. Throws OVERLOADED where there is none in time. */
  begin(reply: FastifyReply, caller: Did): Promise<SyncSlot>
}

export function createSyncReplies(
  isPeer: (caller: Did) => boolean,
  { stallMs = SYNC_STALL_MS, slots = createSyncSlots() } = {},
): SyncReplies {
  return {
    async begin({ raw }, caller) {
      const slot = unwrap(await slots.take(caller, isPeer(caller)))
      // Who waited for it may have gone meanwhile.
      if (raw.destroyed || raw.socket?.destroyed) slot.release()
      raw.once('close', slot.release)
      // Progress of what is written counts, however slow; the time that the store takes is far below it.
      raw.setTimeout(stallMs, () => raw.destroy())
      return slot
    },
  }
}

/** Frames as long as the reply has its place, and at least one: what is missing is asked for again. */
export async function* takeTurns(
  frames: AsyncIterable<Uint8Array>,
  slot: SyncSlot,
): AsyncGenerator<Uint8Array> {
  for await (const frame of frames) {
    yield frame
    if (slot.isOver) return
  }
}
