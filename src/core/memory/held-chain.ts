/** The chain value at any place of a log that is held: from the kept head before it and the entries in between. */
import type { LogId } from '../base/brand.ts'
import { leafOf } from '../protocol/entry.ts'
import { extendChain, genesisOf } from '../protocol/log.ts'
import type { MemoryStore } from './store.ts'

/**
 * Chain value before the entry `seq`; null where not everything before it is held. Reads at most a segment, since a head is
 * kept at the end of each.
 */
export async function chainBefore(
  store: Pick<MemoryStore, 'headUpTo' | 'entriesOf'>,
  logId: LogId,
  seq: number,
): Promise<Uint8Array | null> {
  if (seq === 0) return genesisOf(logId)
  const head = await store.headUpTo(logId, seq - 1)
  if (head?.seq === seq - 1) return head.chain
  const from = head ? head.seq + 1 : 0
  const rows = await store.entriesOf(logId, from, seq - 1)
  if (rows.length < seq - from) return null
  return rows.reduce(
    (chain, { header }) => extendChain(chain, leafOf(header)),
    head?.chain ?? genesisOf(logId),
  )
}

/** First sequence number of the stretch between two kept heads, a segment at most, in which the entry `seq` lies. */
export async function stretchStart(
  store: Pick<MemoryStore, 'headUpTo'>,
  logId: LogId,
  seq: number,
): Promise<number> {
  const head = seq === 0 ? null : await store.headUpTo(logId, seq - 1)
  return head ? head.seq + 1 : 0
}
