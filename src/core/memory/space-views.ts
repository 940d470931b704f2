/** Which identity sees which spaces: worked out once for each state of the spaces, so that asking costs nothing. */
import type { Did, SpaceId } from '../base/brand.ts'
import { utf8ToBytes } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import type { SpaceRecord } from './space-list.ts'

/** What one identity may see of what is here. */
export interface View {
  readonly spaces: readonly SpaceId[]
  sees(space: SpaceId): boolean
  /** The same for the same spaces, and for others with a chance of 2⁻³²: 4 bytes. */
  readonly tag: Uint8Array
}

export interface SpaceViews {
  /** The view of an identity; null for one that nobody knows. The same object for the same spaces. */
  of(peer: Did | null): View
  /** Everything that replicates. */
  readonly whole: View
}

/** `records` are those that replicate; `membersOf` is asked for those of type members. */
export function createSpaceViews(
  records: readonly SpaceRecord[],
  membersOf: (record: SpaceRecord) => readonly Did[],
): SpaceViews {
  const open = records.filter(({ type }) => type === 'open').map(({ id }) => id)
  const closedByDid = new Map<Did, SpaceId[]>()
  for (const record of records.filter(({ type }) => type === 'members'))
    for (const did of new Set(membersOf(record))) {
      const ofDid = closedByDid.get(did)
      if (ofDid) ofDid.push(record.id)
      else closedByDid.set(did, [record.id])
    }
  const viewsByKey = new Map<string, View>()
  const viewOver = (spaces: readonly SpaceId[]): View => {
    const key = spaces.join('\n')
    const known = viewsByKey.get(key)
    if (known) return known
    const seen = new Set(spaces)
    const tag = sha256(utf8ToBytes([...spaces].sort().join('\n'))).subarray(0, TAG_BYTES)
    const view: View = { spaces, sees: (space) => seen.has(space), tag }
    viewsByKey.set(key, view)
    return view
  }
  const everybody = viewOver(open)
  return {
    of(peer) {
      const closed = peer === null ? undefined : closedByDid.get(peer)
      return closed ? viewOver([...open, ...closed]) : everybody
    },
    whole: viewOver(records.map(({ id }) => id)),
  }
}

const TAG_BYTES = 4
