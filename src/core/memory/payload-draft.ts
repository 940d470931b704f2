/** The part of a draft that is about payloads: which are forgotten, brought back, purged or let in again. */
import type { Digest, LogId } from '../base/brand.ts'
import type { Change } from './change.ts'
import type { StoreBatch } from './store.ts'

/** A stored entry, and the payload that it has. */
export interface Forgettable {
  readonly logId: LogId
  readonly seq: number
  readonly payload: Uint8Array | null
}

/** What a draft forgets. */
export interface Forgotten {
  readonly logId: LogId
  readonly seq: number
  readonly bytes: number
  /** Null where it was not to make room. */
  readonly evicted: Digest | null
}

export interface PayloadDraft {
  /** Forgets the payload of a stored entry. */
  forgetPayload(entry: Forgettable): void
  /** The same to make room: the element is no longer visible by this entry, and counts against its author all the same. */
  evictPayload(entry: Forgettable, element: Digest): void
  /** Brings the payload of a stored entry back: the change has it. */
  restorePayload(change: Change): void
  /** Puts the digest of a payload on the list of those that are purged, or takes it off. */
  deny(digest: Digest, isDenied: boolean): void
}

export interface PayloadDraftState extends PayloadDraft {
  /** Brings the payload of a stored entry back, and nothing more. */
  bringBack(change: Change): void
  readonly forgotten: readonly Forgotten[]
  isDenied(element: Digest): boolean
  /** Entries whose payload is there again. */
  readonly restored: readonly Change[]
  readonly isEmpty: boolean
  finish(): Pick<StoreBatch, 'payloads' | 'denied'>
}

export function createPayloadDraft(isDeniedBefore: (element: Digest) => boolean): PayloadDraftState {
  const payloads: StoreBatch['payloads'][number][] = []
  const restored: Change[] = []
  const forgotten: Forgotten[] = []
  const denied = new Map<Digest, boolean>()
  const bringBack = ({ logId, seq, payload }: Change): void => void payloads.push({ logId, seq, payload })
  const forget = ({ logId, seq, payload }: Forgettable, evicted: Digest | null): void => {
    payloads.push({ logId, seq, payload: null })
    if (payload) forgotten.push({ logId, seq, bytes: payload.length, evicted })
  }
  return {
    forgetPayload: (entry) => forget(entry, null),
    evictPayload: forget,
    forgotten,
    bringBack,
    restorePayload(change) {
      bringBack(change)
      restored.push(change)
    },
    deny: (digest, isDenied) => void denied.set(digest, isDenied),
    isDenied: (element) => denied.get(element) ?? isDeniedBefore(element),
    restored,
    get isEmpty() {
      return payloads.length + denied.size === 0
    },
    finish: () => ({
      payloads,
      denied: [...denied].map(([digest, isDenied]) => ({ digest, isDenied })),
    }),
  }
}
