/**
 * The one scope resolver: which spaces there are, which of them replicate, who may see and write each, and what a caller's
 * words mean. Writes, every read filter and everything that is told to a peer go through it.
 *
 * Invariants: `private` and spaces of that type are in no view; a members space is in the views of its members alone; what is
 * said of a space that is unknown here and of one that the asker may not see is the same.
 */
import type { Did, LogId, SpaceId } from '../base/brand.ts'
import { bytesToHex } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import { publicKeyToDid } from '../identity/keys.ts'
import { TIERS, type Tier } from '../protocol/api-trust.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { KINDS } from '../protocol/kinds.ts'
import type { LogDescriptor } from '../protocol/log.ts'
import { decodeMemberAct, NO_TIER, type SpaceType } from '../protocol/space-payloads.ts'
import { createActTable } from './act-table.ts'
import type { Change } from './change.ts'
import type { LogState } from './log-table.ts'
import { type Roster, resolveMembers, signAct } from './membership.ts'
import { createSpaceList, PRIVATE, type SpaceRecord } from './space-list.ts'
import { createSpaceViews, type SpaceViews, type View } from './space-views.ts'

export { COMMONS, PRIVATE, type SpaceRecord } from './space-list.ts'
export type { View } from './space-views.ts'

export interface Spaces {
  /** The space of memories and tasks that name none, as `resolve` finds it; the configured name where there is none yet. */
  readonly defaultSpace: SpaceId
  /** Every space that is known, those that were left among them. */
  readonly all: readonly SpaceId[]
  /** Those that some peer may see. */
  readonly replicating: readonly SpaceId[]
  replicates(space: SpaceId): boolean
  /** A space by its local name or its id. Failure SPACE_UNKNOWN. */
  resolve(name: string | undefined): Result<SpaceId, Failure>
  /** The same for what is to be written there. Failures SPACE_UNKNOWN, SPACE_READ_ONLY, TIER_UNSUPPORTED. */
  resolveWritable(name: string | undefined): Result<SpaceId, Failure>
  /** A read filter; undefined means every space. Failure SPACE_UNKNOWN. */
  resolveAll(names: readonly string[] | undefined): Result<ReadonlySet<SpaceId> | undefined, Failure>
  /** Where what is written in `space` may draw from: nothing may flow to who could not read it where it came from. */
  readableFrom(space: SpaceId): ReadonlySet<SpaceId>
  /** What a space is called here: its local name, or its id where it is not known. */
  nameOf(space: SpaceId): string
  typeOf(space: SpaceId): SpaceType
  get(space: SpaceId): SpaceRecord | undefined
  /** The tier that an open space asks of authors before they are shown here; null where it asks for none. */
  writersTier(space: SpaceId): Tier | null
  /** True where some space asks for one. */
  readonly asksTiers: boolean

  /** What a peer may see; null for one that nobody knows. The same object until something changes. */
  viewFor(peer: Did | null): View
  /** Everything that replicates: what this spore itself sees. */
  readonly whole: View
  /** True for who sees more than everybody does. */
  isCompanion(peer: Did): boolean
  /** Who belongs to a members space; null for another type. */
  rosterOf(space: SpaceId): Roster | null

  /** The first entry of a log that its author may not have written: Infinity where there is none, 0 where it may not write. */
  limitOf(log: Pick<LogState, 'row' | 'author'>): number
  /** Whether an author may have written the entry at `from` of a log; the same for a log that is not held yet. */
  admits(log: LogDescriptor, from: number): boolean
  /** Takes in what an entry of a log says of members; `refresh` works it out. */
  follow(change: Change, log: LogState): void
  /** A log of a space was cut by a fork: what stands behind it counts no more. */
  touch(space: SpaceId): void
  /** The spaces whose members or limits may be others since the last call. */
  refresh(forkPointOf: (logId: LogId) => number): readonly SpaceId[]

  /** Adds a space, or changes what is kept of it; all of it is in `encode`. Failures SPACES_FULL, SPACE_NAME_TAKEN. */
  put(record: SpaceRecord): Result<void, Failure>
  /** Takes back a space that could not be kept. */
  drop(space: SpaceId): void
  /** What the store keeps. */
  encode(): Uint8Array
  load(bytes: Uint8Array): void
  /** Hears that views or limits changed. */
  onChanged(listener: () => void): void
}

/** The word for the tier that a space asks of its writers. */
const writersOf = ({ founding }: SpaceRecord): string => founding?.writers ?? NO_TIER

/** The tier of such a word; null for none. A word that is no tier is refused before (`isWritersWord`). */
const toTier = (word: string): Tier | null => TIERS.find((tier) => tier === word) ?? null

/** Whether this spore can tell who has the tier that a word asks for. */
export const isWritersWord = (word: string): boolean => word === NO_TIER || toTier(word) !== null

/** What is answered of a space that is unknown here, and of one that the asker may not bring: the same, to the letter. */
export const refusedSpace: Result<never, Failure> = err(
  failure('SPACE_REFUSED', 'no space that is exchanged with this spore'),
)

/** `self` is who this spore is: it may write only where it is a member. */
export function createSpaces(defaultName: string = PRIVATE, self: Did | null = null): Spaces {
  const list = createSpaceList()
  const acts = createActTable()
  const rosters = new Map<SpaceId, Roster>()
  const dirty = new Set<SpaceId>()
  const listeners: (() => void)[] = []
  let views: SpaceViews | null = null

  const resolve = (name: string): Result<SpaceId, Failure> => {
    const space = list.find(name)
    if (space) return ok(space.id)
    const known = list.all().map((one) => one.name)
    return err(failure('SPACE_UNKNOWN', `known spaces: ${known.join(', ')}`))
  }
  const resolveRead = (name: string | undefined) => resolve(name ?? defaultName)

  const typeOf = (space: SpaceId): SpaceType => list.get(space)?.type ?? 'private'
  const replicates = (space: SpaceId): boolean => {
    const record = list.get(space)
    return record?.isJoined === true && record.type !== 'private'
  }

  /** Of open spaces that ask for a tier. */
  const tiers = new Map<SpaceId, Tier>()

  const changed = (): void => {
    views = null
    tiers.clear()
    for (const record of list.all()) {
      const tier = record.type === 'open' ? toTier(writersOf(record)) : null
      if (tier) tiers.set(record.id, tier)
    }
    for (const listener of listeners) listener()
  }

  /** Who is known to belong to a space: its members, and who invited this spore until it knows that it is one. */
  const membersOf = ({ id, inviter }: SpaceRecord): Did[] => {
    const members = [...(rosters.get(id)?.members.keys() ?? [])]
    const isKnown = self === null || rosters.get(id)?.members.has(self) === true
    return inviter === null || isKnown ? members : [...members, inviter]
  }

  const viewsNow = (): SpaceViews => {
    views ??= createSpaceViews(
      list.all().filter(({ id }) => replicates(id)),
      membersOf,
    )
    return views
  }

  const resolveRoster = (record: SpaceRecord, forkPointOf: (logId: LogId) => number): void => {
    if (record.type !== 'members' || !record.founding) return
    const founder = publicKeyToDid(record.founding.founder)
    rosters.set(record.id, resolveMembers(founder, acts.of(record.id), forkPointOf))
  }

  const mayWrite = (record: SpaceRecord): Result<SpaceId, Failure> => {
    if (!record.isJoined) return err(failure('SPACE_READ_ONLY', `this spore has left ${record.name}`))
    if (record.type === 'open' && !isWritersWord(writersOf(record)))
      return err(failure('TIER_UNSUPPORTED', `${record.name} asks its writers for ${writersOf(record)}`))
    const isMember = self === null || rosters.get(record.id)?.members.has(self) === true
    return record.type !== 'members' || isMember
      ? ok(record.id)
      : err(failure('SPACE_READ_ONLY', `this spore is no member of ${record.name}, or does not know it yet`))
  }

  const spaces: Spaces = {
    get defaultSpace() {
      return list.find(defaultName)?.id ?? (defaultName as SpaceId)
    },
    get all() {
      return list.all().map(({ id }) => id)
    },
    get replicating() {
      return viewsNow().whole.spaces
    },
    replicates,
    resolve: resolveRead,
    resolveWritable(name) {
      const space = resolveRead(name)
      return space.ok ? mayWrite(list.get(space.value) as SpaceRecord) : space
    },
    resolveAll(names) {
      if (names === undefined) return ok(undefined)
      const found = new Set<SpaceId>()
      for (const name of names) {
        const space = resolve(name)
        if (!space.ok) return space
        found.add(space.value)
      }
      return ok(found)
    },
    readableFrom(space) {
      const type = typeOf(space)
      if (type === 'open') return new Set([space])
      const readable = list.all().filter((one) => type === 'private' || one.type === 'open')
      return new Set([space, ...readable.map(({ id }) => id)])
    },
    nameOf: (space) => list.get(space)?.name ?? space,
    typeOf,
    get: list.get,
    writersTier: (space) => tiers.get(space) ?? null,
    get asksTiers() {
      return tiers.size > 0
    },

    viewFor: (peer) => viewsNow().of(peer),
    get whole() {
      return viewsNow().whole
    },
    isCompanion: (peer) => viewsNow().of(peer) !== viewsNow().of(null),
    rosterOf: (space) => rosters.get(space) ?? null,

    limitOf({ row, author }) {
      if (typeOf(row.space) !== 'members') return Number.POSITIVE_INFINITY
      return rosters.get(row.space)?.limitOf(author, bytesToHex(row.epoch)) ?? 0
    },
    admits({ publicKey, space, epoch }, from) {
      const record = list.get(space)
      if (!record) return false
      // Who has a tier each spore decides for itself: what it does not show it keeps and passes on all the same.
      if (record.type !== 'members') return isWritersWord(writersOf(record))
      return from < (rosters.get(space)?.limitOf(publicKeyToDid(publicKey), bytesToHex(epoch)) ?? 0)
    },
    follow({ space, kind, payload, logId, seq, author }, { row }) {
      const act = kind === KINDS.member && payload && typeOf(space) === 'members' && decodeMemberAct(payload)
      if (!act) return
      const place = { logId, seq, author, epoch: bytesToHex(row.epoch) }
      if (acts.add(space, signAct(place, act))) dirty.add(space)
    },
    touch(space) {
      if (typeOf(space) === 'members') dirty.add(space)
    },
    refresh(forkPointOf) {
      if (dirty.size === 0) return []
      const fresh = [...dirty]
      dirty.clear()
      for (const space of fresh) {
        const record = list.get(space)
        if (record) resolveRoster(record, forkPointOf)
      }
      changed()
      return fresh
    },

    put(record) {
      const taken = list.put(record)
      if (!taken.ok) return taken
      resolveRoster(record, () => Number.POSITIVE_INFINITY)
      // With the forks of its logs, at the next commit: that which keeps this.
      spaces.touch(record.id)
      changed()
      return ok(undefined)
    },
    drop(space) {
      list.drop(space)
      rosters.delete(space)
      changed()
    },
    encode: list.encode,
    load(bytes) {
      list.load(bytes)
      for (const record of list.all()) resolveRoster(record, () => Number.POSITIVE_INFINITY)
      changed()
    },
    onChanged: (listener) => void listeners.push(listener),
  }
  return spaces
}
