/** Named values about what is derived from the entries and kept beside the store (`retrieval/index-keeper.ts`). */
import { encodeCanonical } from '../base/canonical.ts'
import type { StoreBatch } from './store.ts'

/** The one snapshot that may be used. A purge deletes it in its own commit: whatever comes after, nothing reads the snapshot again. */
export const SNAPSHOT_VALUE = 'index/snapshot'
/**
 * Set by each commit after which other memories may be visible though no entry came: payloads were forgotten or brought back,
 * a log turned out to fork. Deleted with the next snapshot that knows of it.
 */
export const CHANGED_VALUE = 'index/changed'

/** The values that go with such a commit; behind all others, so that they hold. */
export function derivedValues({
  payloads,
  denied,
  forks,
}: Pick<StoreBatch, 'payloads' | 'denied' | 'forks'>): StoreBatch['values'] {
  if (payloads.length + denied.length + forks.length === 0) return []
  const changed = { name: CHANGED_VALUE, value: encodeCanonical(1) }
  return denied.some(({ isDenied }) => isDenied)
    ? [changed, { name: SNAPSHOT_VALUE, value: null }]
    : [changed]
}
