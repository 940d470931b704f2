/**
 * What an operator does with spaces: founds, invites, joins, leaves, lists members and removes them; and what this spore answers
 * to who presents an invitation.
 *
 * Invariants: what is kept of a space and the entry that makes it so are one commit; an invitation admits at most one identity,
 * and whoever presents none that is open learns nothing but that.
 */
import type { Did, SpaceId } from '../base/brand.ts'
import type { Clock, Log, Random } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import { didToPublicKey, type Signer, shortAuthor } from '../identity/keys.ts'
import type { Draft } from '../memory/draft.ts'
import type { Member } from '../memory/membership.ts'
import type { Memory } from '../memory/memory.ts'
import { isSpaceName, type SpaceRecord, toRecord } from '../memory/space-list.ts'
import { isWritersWord, type Spaces } from '../memory/spaces.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type * as api from '../protocol/api-spaces.ts'
import { TIERS } from '../protocol/api-trust.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { decodeInvitation } from '../protocol/invitation.ts'
import { KINDS } from '../protocol/kinds.ts'
import { REMOVAL_CUTS_MAX } from '../protocol/limits.ts'
import {
  encodeFounding,
  encodeMemberAct,
  type MemberAct,
  NO_TIER,
  SALT_BYTES,
} from '../protocol/space-payloads.ts'
import type { Gossip } from './gossip.ts'
import { createInvitations } from './invitations.ts'
import { createInviting } from './inviting.ts'

type Answer<T> = Result<T, Failure>

export interface SpaceKeeper {
  /** Reads what the store keeps; before anything is replayed. */
  load(): Promise<void>
  list(): readonly api.SpaceView[]
  /** Failures SPACE_NAME_INVALID, SPACE_NAME_TAKEN, SPACE_TYPE_UNFIT, SPACES_FULL, TIER_UNSUPPORTED. */
  create(input: api.SpaceInput): Promise<Answer<api.SpaceView>>
  /**
   * Makes an invitation. Failures SPACE_UNKNOWN, SPACE_TYPE_UNFIT, SPACE_READ_ONLY, MEMBERS_ADMIN_ONLY, AUTHOR_UNKNOWN,
   * INVITATION_UNANSWERABLE, INVITATIONS_FULL.
   */
  invite(space: string, input: api.InvitationInput): Promise<Answer<api.InvitationView>>
  /**
   * Joins by the line of an invitation, or again a space that was left, by its name. Failures INVITATION_INVALID,
   * INVITATION_REFUSED, SPACE_NAME_INVALID, SPACE_NAME_TAKEN, SPACES_FULL, TIER_UNSUPPORTED, and those of `Gossip.addPeer`.
   */
  join(input: api.JoinSpaceInput): Promise<Answer<api.SpaceView>>
  /** Ends the exchange of a space; what is here stays. Failures SPACE_UNKNOWN, SPACE_TYPE_UNFIT. */
  leave(space: string): Promise<Answer<api.SpaceView>>
  /** Failures SPACE_UNKNOWN, SPACE_TYPE_UNFIT. */
  members(space: string): Answer<readonly api.MemberView[]>
  /** Failures SPACE_UNKNOWN, SPACE_TYPE_UNFIT, SPACE_READ_ONLY, MEMBERS_ADMIN_ONLY, MEMBER_UNKNOWN. */
  removeMember(space: string, author: string): Promise<Answer<api.MemberRemoved>>
  /** Who signed it presents an invitation. Failure INVITATION_REFUSED, the same whatever is wrong. */
  redeem(body: Uint8Array, caller: Did): Promise<Answer<void>>
}

export interface SpaceKeeperDeps {
  readonly memory: Memory
  readonly store: MemoryStore
  readonly writer: Writer
  readonly spaces: Spaces
  readonly gossip: Pick<Gossip, 'self' | 'addPeer' | 'syncWith' | 'client'>
  readonly signer: Signer
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** What this spore calls itself. */
  readonly name: string
}

const SPACES_VALUE = 'spaces/known'
const INVITATIONS_VALUE = 'spaces/invitations'

export function createSpaceKeeper(deps: SpaceKeeperDeps): SpaceKeeper {
  const { memory, store, writer, spaces, signer, random } = deps
  const self = signer.did
  const invitations = createInvitations()

  const view = ({ id, name, type, isJoined, founding }: SpaceRecord): api.SpaceView => {
    const roster = spaces.rosterOf(id)
    return {
      id,
      name,
      type,
      joined: isJoined,
      role: roster && (roster.members.get(self)?.role ?? 'none'),
      members: roster?.members.size ?? null,
      writers: founding?.writers ?? NO_TIER,
    }
  }
  const recordOf = (space: SpaceId): SpaceRecord => spaces.get(space) as SpaceRecord

  const find = (text: string): Answer<SpaceRecord> => {
    const space = spaces.resolve(text)
    return space.ok ? ok(recordOf(space.value)) : space
  }

  /** A members space in which this spore may say who belongs to it. */
  const administered = (text: string): Answer<SpaceRecord> => {
    const found = find(text)
    if (!found.ok) return found
    if (found.value.type !== 'members') return unfit(found.value, 'has no members')
    const writable = spaces.resolveWritable(found.value.id)
    if (!writable.ok) return writable
    return spaces.rosterOf(found.value.id)?.isAdmin(self)
      ? found
      : err(failure('MEMBERS_ADMIN_ONLY', `this spore is no admin of ${found.value.name}`))
  }

  const keep = (draft: Draft): void => {
    draft.setValue(SPACES_VALUE, spaces.encode())
    draft.setValue(INVITATIONS_VALUE, invitations.encode())
  }

  /** Puts a space in, durably or not at all. */
  const adopt = async (
    record: SpaceRecord,
    entry: (draft: Draft) => void = () => {},
  ): Promise<Answer<api.SpaceView>> => {
    const before = spaces.get(record.id)
    const taken = spaces.put(record)
    if (!taken.ok) return taken
    const written = await writer.write((draft) => {
      entry(draft)
      keep(draft)
    })
    if (written.ok) return ok(view(recordOf(record.id)))
    if (before) spaces.put(before)
    else spaces.drop(record.id)
    return written
  }

  const append = (draft: Draft, space: SpaceId, act: MemberAct): void =>
    void draft.append({ space, kind: KINDS.member, payload: encodeMemberAct(act), references: [] })

  const create = async ({
    name,
    type = 'members',
    writers = NO_TIER,
  }: api.SpaceInput): Promise<Answer<api.SpaceView>> => {
    if (!isSpaceName(name)) return invalidName(name)
    if (!isWritersWord(writers)) return noTier(writers)
    if (type !== 'open' && writers !== NO_TIER)
      return err(failure('SPACE_TYPE_UNFIT', 'only an open space asks its writers for a tier'))
    const founding = { type, name, founder: signer.publicKey, writers, salt: random.bytes(SALT_BYTES) }
    const record = toRecord(founding, { name, inviter: null })
    return adopt(record, (draft) => {
      draft.append({ space: record.id, kind: KINDS.space, payload: encodeFounding(founding), references: [] })
    })
  }

  const inviting = createInviting({ ...deps, invitations, find, administered, adopt, keep, view })

  // --- Joining and leaving ---

  const rejoin = async (text: string): Promise<Answer<api.SpaceView>> => {
    const space = spaces.resolve(text)
    if (!space.ok)
      return err(failure('INVITATION_INVALID', 'it is no whole line that begins with "spore-invite:"'))
    return adopt({ ...recordOf(space.value), isJoined: true })
  }

  const leave = async (text: string): Promise<Answer<api.SpaceView>> => {
    const found = find(text)
    if (!found.ok) return found
    if (found.value.type === 'private') return unfit(found.value, 'is exchanged with nobody anyway')
    return adopt({ ...found.value, isJoined: false })
  }

  // --- Members ---

  const members = (text: string): Answer<readonly api.MemberView[]> => {
    const found = find(text)
    if (!found.ok) return found
    const roster = spaces.rosterOf(found.value.id)
    if (!roster) return unfit(found.value, 'has no members')
    const views = [...roster.members.values()].map(({ did, role, name }) => ({
      author: did,
      role,
      name,
      self: did === self,
    }))
    return ok(views.sort((a, b) => (a.author < b.author ? -1 : 1)))
  }

  const removeMember = async (text: string, author: string): Promise<Answer<api.MemberRemoved>> => {
    const space = administered(text)
    if (!space.ok) return space
    const { id, name } = space.value
    const roster = spaces.rosterOf(id)
    const member = [...(roster?.members.values() ?? [])].find(
      ({ did }) => did === author || shortAuthor(did) === author,
    )
    if (!roster || !member) return err(failure('MEMBER_UNKNOWN', `${author} is no member of ${name}`))
    const isFounder = roster.members.get(self)?.role === 'founder'
    if (member.role === 'founder' || (member.role === 'admin' && !isFounder))
      return err(failure('MEMBERS_ADMIN_ONLY', 'the founder stays, and only the founder removes an admin'))
    const written = await writer.write((draft): number => {
      const act = removalOf(id, member)
      append(draft, id, act)
      return act.cuts.length
    })
    return written.ok ? ok({ space: name, author: member.did, logs: written.value }) : written
  }

  /** Takes back the grants that hold, and cuts each log at what is held of it now. */
  const removalOf = (space: SpaceId, { did, grants }: Member) => {
    const cuts = [...memory.logs.values()]
      .filter(({ row, author }) => author === did && row.space === space)
      .map(({ row }) => ({
        epoch: row.epoch,
        next: Math.min(row.next, memory.validPoint(row.logId)),
      }))
      // The newest first: an older one that is left out counts for nothing.
      .slice(-REMOVAL_CUTS_MAX)
    const key = didToPublicKey(did) as Uint8Array
    return { type: 'remove', key, grants, cuts } as const
  }

  return {
    async load() {
      const [known, open] = [await store.value(SPACES_VALUE), await store.value(INVITATIONS_VALUE)]
      if (known) spaces.load(known)
      if (open) invitations.load(open)
    },
    list: () => spaces.all.map((id) => view(recordOf(id))),
    create,
    invite: inviting.invite,
    async join({ invitation: text, name: given }) {
      const invitation = decodeInvitation(text)
      return invitation ? inviting.join(invitation, given) : rejoin(text)
    },
    leave,
    members,
    removeMember,
    redeem: inviting.redeem,
  }
}

export const unfit = ({ name }: SpaceRecord, why: string): Result<never, Failure> =>
  err(failure('SPACE_TYPE_UNFIT', `${name} ${why}`))
export const invalidName = (name: string): Result<never, Failure> =>
  err(
    failure(
      'SPACE_NAME_INVALID',
      `${JSON.stringify(name)}: 1 to 64 characters, not "private", "commons" or an id`,
    ),
  )
export const noTier = (word: string): Result<never, Failure> =>
  err(failure('TIER_UNSUPPORTED', `${JSON.stringify(word)} is none of ${[NO_TIER, ...TIERS].join(', ')}`))
