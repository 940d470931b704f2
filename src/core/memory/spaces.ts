/**
 * The one scope resolver: which spaces there are, which of them replicate, and what a caller's words mean. Writes and
 * every read filter go through it.
 */
import type { SpaceId } from '../base/brand.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'

export const PRIVATE = 'private' as SpaceId
export const COMMONS = 'commons' as SpaceId

export interface Spaces {
  /** The space of memories and tasks that name none. */
  readonly defaultSpace: SpaceId
  readonly all: readonly SpaceId[]
  /** Those that peers may see; `private` is never among them. */
  readonly replicating: readonly SpaceId[]
  replicates(space: SpaceId): boolean
  /** Failure SPACE_UNKNOWN. */
  resolve(name: string | undefined): Result<SpaceId, Failure>
  /** A read filter; undefined means every space. Failure SPACE_UNKNOWN. */
  resolveAll(names: readonly string[] | undefined): Result<ReadonlySet<SpaceId> | undefined, Failure>
  /** Where what is written in `space` may draw from: nothing may flow out of `private`. */
  readableFrom(space: SpaceId): ReadonlySet<SpaceId>
}

/** Throws SPACE_UNKNOWN as a bug of the configuration when the default is not a space. */
export function createSpaces(defaultName: string = PRIVATE): Spaces {
  const all = [PRIVATE, COMMONS]
  const replicating = all.filter((space) => space !== PRIVATE)
  const resolve = (name: string): Result<SpaceId, Failure> => {
    const space = all.find((known) => known === name)
    return space ? ok(space) : err(failure('SPACE_UNKNOWN', `known spaces: ${all.join(', ')}`))
  }
  const defaultSpace = resolve(defaultName)
  if (!defaultSpace.ok) throw new Error(`default space ${defaultName}: ${defaultSpace.error.detail}`)

  return {
    defaultSpace: defaultSpace.value,
    all,
    replicating,
    replicates: (space) => replicating.includes(space),
    resolve: (name) => (name === undefined ? defaultSpace : resolve(name)),
    resolveAll(names) {
      if (names === undefined) return ok(undefined)
      const spaces = new Set<SpaceId>()
      for (const name of names) {
        const space = resolve(name)
        if (!space.ok) return space
        spaces.add(space.value)
      }
      return ok(spaces)
    },
    readableFrom: (space) => new Set(space === PRIVATE ? all : [space]),
  }
}
