/**
 * Who belongs to a members space (PROTOCOL.md §6 "Spaces"): a pure function of the acts that its founder and admins signed.
 *
 * Invariant: the result depends on the set of acts and on the fork points of their logs alone, not on their order, on clocks or on
 * who asks, so every replica comes to the same. It has two stages, so that nobody's word decides about itself: the founder's
 * acts always count and make the admins; the admins' acts, as far as the founder lets them, make the members.
 */
import type { Did, LogId } from '../base/brand.ts'
import { bytesToHex } from '../base/bytes.ts'
import { publicKeyToDid } from '../identity/keys.ts'
import type { MemberAct, MemberRole } from '../protocol/space-payloads.ts'

/** An act where it stands. */
export interface SignedAct {
  readonly logId: LogId
  readonly seq: number
  readonly author: Did
  /** Of the log, in hex. */
  readonly epoch: string
  readonly act: MemberAct
  /** Whom it is about. */
  readonly target: Did
}

export interface Member {
  readonly did: Did
  readonly role: MemberRole | 'founder'
  /** What the latest named grant in order of logs calls it; null where none does. */
  readonly name: string | null
  /** The grants that hold; none for the founder. */
  readonly grants: readonly { readonly logId: LogId; readonly seq: number }[]
}

export interface Roster {
  /** By did. The founder is always one of them. */
  readonly members: ReadonlyMap<Did, Member>
  isAdmin(did: Did): boolean
  /** The first entry of a log that does not count: Infinity where all do, 0 for a log of who is no member. `epoch` in hex. */
  limitOf(author: Did, epoch: string): number
}

/** The parts of an act's place that a resolution needs. */
export const signAct = (
  place: Pick<SignedAct, 'logId' | 'seq' | 'author' | 'epoch'>,
  act: MemberAct,
): SignedAct => ({ ...place, act, target: publicKeyToDid(act.key) })

/** `acts` of members only count where their author was an admin: whoever else signs one says nothing. */
export function resolveMembers(
  founder: Did,
  acts: readonly SignedAct[],
  forkPointOf: (logId: LogId) => number,
): Roster {
  const sound = acts.filter(({ logId, seq }) => seq < forkPointOf(logId))
  const founders = sound.filter(({ author }) => author === founder)
  const appointed = new Set(founders.filter(isAppointment).map(({ target }) => target))
  const byFounder = tally(founders)
  const admins = sound.filter(
    ({ author, epoch, seq }) => appointed.has(author) && seq < adminLimit(byFounder, author, epoch),
  )
  // Nobody but the founder removes whom the founder appointed.
  const effective = admins.filter(({ act, target }) => act.type === 'add' || !appointed.has(target))
  const all = tally([...founders, ...effective])
  const members = new Map<Did, Member>()
  for (const [did, grants] of all.grants) {
    if (did === founder) continue
    const isAdmin = grants.some((grant) => grant.author === founder && isAppointment(grant))
    members.set(did, toMember(did, isAdmin ? 'admin' : 'member', grants))
  }
  members.set(founder, { did: founder, role: 'founder', name: null, grants: [] })
  return {
    members,
    isAdmin: (did) => members.get(did)?.role === 'founder' || members.get(did)?.role === 'admin',
    limitOf(author, epoch) {
      if (author === founder) return Number.POSITIVE_INFINITY
      return all.cuts.get(author)?.get(epoch) ?? (members.has(author) ? Number.POSITIVE_INFINITY : 0)
    },
  }
}

interface Tally {
  /** Grants that no removal of the same identity names. */
  readonly grants: ReadonlyMap<Did, readonly SignedAct[]>
  /** By identity and epoch: the least entry that a removal cuts at. */
  readonly cuts: ReadonlyMap<Did, ReadonlyMap<string, number>>
}

function tally(acts: readonly SignedAct[]): Tally {
  const removed = new Set<string>()
  const cuts = new Map<Did, Map<string, number>>()
  for (const { act, target } of acts) {
    if (act.type === 'add') continue
    for (const grant of act.grants) removed.add(grantKey(target, grant))
    const ofTarget = cuts.get(target) ?? new Map<string, number>()
    cuts.set(target, ofTarget)
    for (const { epoch, next } of act.cuts) {
      const key = bytesToHex(epoch)
      ofTarget.set(key, Math.min(next, ofTarget.get(key) ?? next))
    }
  }
  const holds = (one: SignedAct): boolean => one.act.type === 'add' && !removed.has(grantKey(one.target, one))
  return { grants: Map.groupBy(acts.filter(holds), ({ target }) => target), cuts }
}

/** Where the acts of an admin's log end: at the founder's cut, or at once where no appointment holds. */
function adminLimit({ grants, cuts }: Tally, author: Did, epoch: string): number {
  const isAppointed = grants.get(author)?.some(isAppointment) === true
  return cuts.get(author)?.get(epoch) ?? (isAppointed ? Number.POSITIVE_INFINITY : 0)
}

const isAppointment = ({ act }: SignedAct): boolean => act.type === 'add' && act.role === 'admin'

const grantKey = (target: Did, { logId, seq }: { readonly logId: LogId; readonly seq: number }): string =>
  `${target} ${logId} ${seq}`

function toMember(did: Did, role: MemberRole, grants: readonly SignedAct[]): Member {
  const sorted = [...grants].sort((a, b) => (a.logId < b.logId ? -1 : a.logId > b.logId ? 1 : a.seq - b.seq))
  let name: string | null = null
  for (const { act } of sorted) if (act.type === 'add' && act.name !== null) name = act.name
  return { did, role, name, grants: sorted.map(({ logId, seq }) => ({ logId, seq })) }
}
