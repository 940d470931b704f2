/** The spaces that this spore knows: the two that are built in, and those that it founded or joined. Their names are local. */
import type { Did, SpaceId } from '../base/brand.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { SPACE_CHARS_MAX, SPACES_MAX } from '../protocol/limits.ts'
import {
  decodeFounding,
  encodeFounding,
  type FoundingPayload,
  foundingToSpace,
  isFoundedId,
  type SpaceType,
} from '../protocol/space-payloads.ts'

export const PRIVATE = 'private' as SpaceId
export const COMMONS = 'commons' as SpaceId

/** What is known of a space here. */
export interface SpaceRecord {
  readonly id: SpaceId
  readonly type: SpaceType
  /** What it is called here; no two have the same name. */
  readonly name: string
  /** Null for the two that are built in. */
  readonly founding: FoundingPayload | null
  /** False where it was left: what is here stays, nothing is exchanged. */
  readonly isJoined: boolean
  /** Who invited this spore; null where it was founded here. */
  readonly inviter: Did | null
}

export interface SpaceList {
  get(id: SpaceId): SpaceRecord | undefined
  /** By name, else by id. */
  find(nameOrId: string): SpaceRecord | undefined
  all(): readonly SpaceRecord[]
  /** Adds or replaces one. Failures SPACES_FULL, SPACE_NAME_TAKEN. */
  put(record: SpaceRecord): Result<void, Failure>
  drop(id: SpaceId): void
  encode(): Uint8Array
  /** Puts in what `encode` gave; what is not of its form is left out. */
  load(bytes: Uint8Array): void
}

/** The record of a space by what founded it. */
export const toRecord = (
  founding: FoundingPayload,
  { name, inviter }: { readonly name: string; readonly inviter: Did | null },
): SpaceRecord => ({
  id: foundingToSpace(encodeFounding(founding)),
  type: founding.type,
  name,
  founding,
  isJoined: true,
  inviter,
})

/** Whether a text may be a space's local name: it must not read as another space's name or id, nor move a terminal's cursor. */
export const isSpaceName = (name: string): boolean =>
  name.length > 0 &&
  name.length <= SPACE_CHARS_MAX &&
  name.isWellFormed() &&
  name.trim() === name &&
  !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp},]/u.test(name) &&
  name !== PRIVATE &&
  name !== COMMONS &&
  !isFoundedId(name)

const builtIn = (id: SpaceId, type: SpaceType): SpaceRecord => ({
  id,
  type,
  name: id,
  founding: null,
  isJoined: true,
  inviter: null,
})

export function createSpaceList(): SpaceList {
  const byId = new Map<SpaceId, SpaceRecord>([
    [PRIVATE, builtIn(PRIVATE, 'private')],
    [COMMONS, builtIn(COMMONS, 'open')],
  ])
  const byName = new Map<string, SpaceId>([...byId.keys()].map((id) => [id, id]))

  const put = (record: SpaceRecord): Result<void, Failure> => {
    const { id, name } = record
    const known = byId.get(id)
    if (!known && byId.size >= SPACES_MAX)
      return err(failure('SPACES_FULL', `a spore keeps at most ${SPACES_MAX} spaces`))
    const holder = byName.get(name)
    if (holder !== undefined && holder !== id)
      return err(failure('SPACE_NAME_TAKEN', `another space is called ${JSON.stringify(name)} here`))
    if (known) byName.delete(known.name)
    byId.set(id, record)
    byName.set(name, id)
    return ok(undefined)
  }

  return {
    get: (id) => byId.get(id),
    find: (text) => byId.get(byName.get(text) ?? (text as SpaceId)),
    all: () => [...byId.values()],
    put,
    drop(id) {
      byName.delete(byId.get(id)?.name ?? '')
      byId.delete(id)
    },
    encode: () =>
      encodeCanonical(
        [...byId.values()].map(({ id, name, founding, isJoined, inviter }) => [
          founding ? encodeFounding(founding) : id,
          name,
          isJoined,
          inviter,
        ]),
      ),
    load(bytes) {
      const decoded = decodeCanonical(bytes)
      if (!decoded.ok || !Array.isArray(decoded.value)) return
      for (const item of decoded.value as Canonical[]) {
        const [what, name, isJoined, inviter] = Array.isArray(item) ? (item as Canonical[]) : []
        const known = typeof what === 'string' ? byId.get(what as SpaceId) : undefined
        const founding = what instanceof Uint8Array ? decodeFounding(what) : null
        if (known) put({ ...known, isJoined: isJoined === true })
        else if (founding && typeof name === 'string')
          put({
            ...toRecord(founding, { name, inviter: typeof inviter === 'string' ? (inviter as Did) : null }),
            isJoined: isJoined === true,
          })
      }
    },
  }
}
