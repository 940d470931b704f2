/** Stored entries whose payload is not the one that their header names: what can be brought back, at most `DAMAGED_PAYLOADS_MAX`. */
import type { Digest } from '../base/brand.ts'
import { decodeHeader } from '../protocol/entry.ts'
import { DAMAGED_PAYLOADS_MAX } from '../protocol/limits.ts'
import type { DotRef } from './or-set.ts'
import type { EntryRow } from './store.ts'

/** An entry whose payload is to be brought back. */
export interface DamagedPayload extends DotRef {
  /** What its header names. */
  readonly element: Digest
}

export interface DamagedPayloads {
  /** By log and sequence number. */
  readonly all: ReadonlyMap<string, DamagedPayload>
  /** Takes note of a damaged row: its header, which the chain covers, says what it was. */
  note(row: EntryRow): void
  /** The payload of an entry is sound again; whether it was noted. */
  mend(dot: DotRef): boolean
}

export function createDamagedPayloads(): DamagedPayloads {
  const all = new Map<string, DamagedPayload>()
  return {
    all,
    note({ logId, seq, header }) {
      const decoded = decodeHeader(header)
      if (!decoded.ok || decoded.value.logId !== logId || decoded.value.seq !== seq) return
      if (all.size < DAMAGED_PAYLOADS_MAX)
        all.set(keyOf({ logId, seq }), { logId, seq, element: decoded.value.payload })
    },
    mend: (dot) => all.delete(keyOf(dot)),
  }
}

const keyOf = ({ logId, seq }: DotRef): string => `${logId} ${seq}`
