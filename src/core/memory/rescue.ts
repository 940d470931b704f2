/**
 * An own log that forked: the same key wrote elsewhere too (a copied data folder, two processes). What this spore wrote from the
 * fork point on counts nowhere any more, though it was acknowledged; it is written again in the new epoch.
 */
import type { LogId } from '../base/brand.ts'
import { decodeHeader } from '../protocol/entry.ts'
import { KINDS } from '../protocol/kinds.ts'
import type { NewEntry } from './draft.ts'
import type { Memory } from './memory.ts'
import type { MemoryStore } from './store.ts'

/** Entries `from … to` of an own log as they are written again: in their order, without memories that were removed since. */
export async function entriesToRescue(
  { memory, store }: { readonly memory: Memory; readonly store: Pick<MemoryStore, 'entriesOf'> },
  logId: LogId,
  from: number,
  to: number,
): Promise<NewEntry[]> {
  const log = memory.logs.get(logId)
  const rows = log ? await store.entriesOf(logId, from, to) : []
  return rows.flatMap(({ seq, header, payload }): NewEntry[] => {
    const decoded = decodeHeader(header)
    if (!log || !decoded.ok || !payload || decoded.value.kind === KINDS.checkpoint) return []
    const { kind, references } = decoded.value
    if (kind === KINDS.memory && !memory.isVisibleDot({ logId, seq })) return []
    return [{ space: log.row.space, kind, payload, references }]
  })
}
