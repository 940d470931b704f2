/** The part of a draft that is about payloads: which are forgotten, brought back, purged or let in again. */
import type { Digest, LogId } from '../base/brand.ts'
import type { Change } from './change.ts'
import type { StoreBatch } from './store.ts'

export interface PayloadDraft {
  /** Forgets the payload of a stored entry. */
  forgetPayload(entry: { readonly logId: LogId; readonly seq: number }): void
  /** Brings the payload of a stored entry back: the change has it. */
  restorePayload(change: Change): void
  /** Puts the digest of a payload on the list of those that are purged, or takes it off. */
  deny(digest: Digest, isDenied: boolean): void
}

export interface PayloadDraftState extends PayloadDraft {
  /** Brings the payload of a stored entry back, and nothing more. */
  bringBack(change: Change): void
  /** Brings the payload of a stored entry back, and nothing more. */
  bringBack(change: Change): void
  isDenied(element: Digest): boolean
  /** Entries whose payload is there again. */
  readonly restored: readonly Change[]
  readonly isEmpty: boolean
  finish(): Pick<StoreBatch, 'payloads' | 'denied'>
}

export function createPayloadDraft(isDeniedBefore: (element: Digest) => boolean): PayloadDraftState {
  const payloads: StoreBatch['payloads'][number][] = []
  const restored: Change[] = []
  const denied = new Map<Digest, boolean>()
  const bringBack = ({ logId, seq, payload }: Change): void => void payloads.push({ logId, seq, payload })
  return {
    forgetPayload: ({ logId, seq }) => void payloads.push({ logId, seq, payload: null }),
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
