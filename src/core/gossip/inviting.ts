/**
 * Invitations, both sides: how one is made and answered, and how this spore joins a space by one.
 *
 * Invariants: an invitation admits at most one identity, in the commit that strikes it off; whoever presents none that is open
 * learns nothing but that; the secret of one is proved, never told, and to nobody but the spore that gave it.
 */
import type { Did, SpaceId } from '../base/brand.ts'
import { err, ok, type Result } from '../base/result.ts'
import { didToPublicKey, publicKeyToDid } from '../identity/keys.ts'
import type { Draft } from '../memory/draft.ts'
import { isSpaceName, type SpaceRecord, toRecord } from '../memory/space-list.ts'
import { isWritersWord } from '../memory/spaces.ts'
import type * as api from '../protocol/api-spaces.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import {
  decodeRedemption,
  encodeInvitation,
  type Invitation,
  proofOf,
  SECRET_BYTES,
} from '../protocol/invitation.ts'
import { KINDS } from '../protocol/kinds.ts'
import { INVITATION_AGE_MS } from '../protocol/limits.ts'
import { encodeFounding, encodeMemberAct, type MemberRole } from '../protocol/space-payloads.ts'
import type { Invitations } from './invitations.ts'
import { invalidName, noTier, type SpaceKeeperDeps, unfit } from './space-keeper.ts'

type Answer<T> = Result<T, Failure>

/** What `space-keeper.ts` does for it. */
export interface InvitingDeps extends SpaceKeeperDeps {
  readonly invitations: Invitations
  find(text: string): Answer<SpaceRecord>
  /** A members space in which this spore may say who belongs to it. */
  administered(text: string): Answer<SpaceRecord>
  /** Puts a space in, durably or not at all. */
  adopt(record: SpaceRecord): Promise<Answer<api.SpaceView>>
  keep(draft: Draft): void
  view(record: SpaceRecord): api.SpaceView
}

/** Who joins waits this long for a first round with who invited it; what is not there then comes by and by. */
const JOIN_WAIT_MS = 5000
/** One refusal for a space that is unknown, a secret that is wrong, was used or has expired. */
const refusedInvitation: Result<never, Failure> = err(
  failure('INVITATION_REFUSED', 'it is not open here: it may have been used, or have expired'),
)

/** Makes, answers and follows invitations; failures as `SpaceKeeper` says. */
export function createInviting(deps: InvitingDeps) {
  const { spaces, gossip, signer, writer, clock, random, log, name, invitations } = deps
  const { find, administered, adopt, keep, view } = deps
  const self = signer.did

  const invite = async (text: string, input: api.InvitationInput): Promise<Answer<api.InvitationView>> => {
    const found = find(text)
    if (!found.ok) return found
    const record = found.value
    if (!record.founding || record.type === 'private') return unfit(record, 'takes no invitations')
    if (!record.isJoined) return err(failure('SPACE_READ_ONLY', `this spore has left ${record.name}`))
    const expiresAtMs = clock.now() + (input.expiresInSeconds ?? INVITATION_AGE_MS / 1000) * 1000
    const secret = record.type === 'open' ? ok(null) : await admitOrSecret(record, input, expiresAtMs)
    if (!secret.ok) return secret
    const { url } = gossip.self()
    const line = encodeInvitation({
      foundingBytes: encodeFounding(record.founding),
      inviter: signer.publicKey,
      urls: url === null ? [] : [url],
      secret: secret.value,
      expiresAtMs,
    })
    const expiresAt = new Date(expiresAtMs).toISOString()
    return ok({ invitation: line, space: record.name, expiresAt, singleUse: secret.value !== null })
  }

  /** Makes whom it is for a member at once, or else a secret that will. */
  const admitOrSecret = async (
    { name }: SpaceRecord,
    { for: did, role = 'member' }: api.InvitationInput,
    expiresAtMs: number,
  ): Promise<Answer<Uint8Array | null>> => {
    const space = administered(name)
    if (!space.ok) return space
    const { id } = space.value
    if (role === 'admin' && spaces.rosterOf(id)?.members.get(self)?.role !== 'founder')
      return err(failure('MEMBERS_ADMIN_ONLY', 'only the founder makes admins'))
    if (did !== undefined) return admit(id, did, role)
    if (gossip.self().url === null)
      return err(
        failure(
          'INVITATION_UNANSWERABLE',
          'this spore has no address for others; say whom the invitation is for, by its did',
        ),
      )
    const secret = random.bytes(SECRET_BYTES)
    if (!invitations.add({ space: id, secret, role, expiresAtMs }, clock.now()))
      return err(failure('INVITATIONS_FULL', 'wait until one is used or has expired'))
    const written = await writer.write(keep)
    return written.ok ? ok(secret) : written
  }

  const admit = async (space: SpaceId, did: string, role: MemberRole): Promise<Answer<null>> => {
    const key = didToPublicKey(did)
    if (!key) return err(failure('AUTHOR_UNKNOWN', 'whom it is for is a did:key'))
    if (holds(space, did as Did, role)) return ok(null)
    const written = await writer.write((draft) => add(draft, space, { key, role, name: null }))
    return written.ok ? ok(null) : written
  }

  /** True where an identity has at least this role already. */
  const holds = (space: SpaceId, did: Did, role: MemberRole): boolean => {
    const held = spaces.rosterOf(space)?.members.get(did)?.role
    return held !== undefined && (role === 'member' || held !== 'member')
  }

  const redeem = async (body: Uint8Array, caller: Did): Promise<Answer<void>> => {
    const redemption = decodeRedemption(body)
    const key = didToPublicKey(caller)
    if (!redemption || !key) return err(failure('REQUEST_INVALID', 'the space, a proof, and a name'))
    const { space, proof } = redemption
    // Whose answer was lost asks again.
    if (spaces.viewFor(caller).sees(space)) return ok(undefined)
    const written = await writer.write((draft): boolean => {
      // In this very turn: of two that present the same one, the second finds it used.
      const open = invitations.find(space, proof, key, clock.now())
      const mayAdmit = open && spaces.get(space)?.isJoined && spaces.rosterOf(space)?.isAdmin(self)
      if (!open || !mayAdmit) return false
      invitations.remove(open)
      add(draft, space, { key, role: open.role, name: redemption.name })
      keep(draft)
      return true
    })
    if (!written.ok) return written
    if (!written.value) return refusedInvitation
    log.info('a member joined', { space, member: caller })
    return ok(undefined)
  }

  // --- Joining and leaving ---

  const join = async (invitation: Invitation, given: string | undefined): Promise<Answer<api.SpaceView>> => {
    if (clock.now() >= invitation.expiresAtMs)
      return err(failure('INVITATION_REFUSED', 'the invitation has expired: ask for another one'))
    const { founding, space } = invitation
    if (founding.type === 'private')
      return err(failure('INVITATION_INVALID', 'nobody can join a private space'))
    if (!isWritersWord(founding.writers)) return noTier(founding.writers)
    const known = spaces.get(space)
    const name = given ?? known?.name ?? founding.name
    if (!isSpaceName(name)) return invalidName(name)
    const namesake = spaces.resolve(name)
    if (namesake.ok && namesake.value !== space)
      return err(failure('SPACE_NAME_TAKEN', `another space is called ${JSON.stringify(name)} here`))
    const presented = await present(invitation)
    if (!presented.ok) return presented
    const inviter = known?.inviter ?? publicKeyToDid(invitation.inviter)
    const adopted = await adopt(toRecord(founding, { name, inviter }))
    if (!adopted.ok || presented.value === null) return adopted
    await firstRound(presented.value)
    return ok(view(spaces.get(space) ?? toRecord(founding, { name, inviter })))
  }

  /** What comes from the inviter says that this spore is a member; until then it would write nothing there. */
  const firstRound = async (url: string): Promise<void> => {
    const isOver = new AbortController()
    await Promise.race([gossip.syncWith(url), clock.sleep(JOIN_WAIT_MS, isOver.signal)])
    isOver.abort()
  }

  /** Goes to whoever invites, and says where that was; where the invitation holds no secret it need not be there. */
  const present = async ({ urls, inviter, secret, space }: Invitation): Promise<Answer<string | null>> => {
    let last: Answer<string | null> =
      secret === null ? ok(null) : err(failure('INVITATION_INVALID', 'it says nowhere to go with it'))
    for (const url of urls) {
      const met = await gossip.addPeer(url)
      if (met.ok && met.value.spore === publicKeyToDid(inviter)) {
        if (secret === null) return ok(met.value.url)
        const proof = proofOf(secret, space, signer.publicKey)
        const redeemed = await gossip.client.redeem(met.value.url, { space, proof, name })
        if (redeemed.ok) return ok(met.value.url)
        if (redeemed.error.code === 'INVITATION_REFUSED') return redeemed
        last = redeemed
      } else if (secret !== null) {
        // Nothing of an invitation is told to another spore that answers there.
        last = met.ok ? err(failure('PEER_REFUSED', `another spore than the inviter answers at ${url}`)) : met
      }
    }
    return last
  }

  return { invite, redeem, join }
}

function add(
  draft: Draft,
  space: SpaceId,
  grant: { readonly key: Uint8Array; readonly role: MemberRole; readonly name: string | null },
): void {
  const payload = encodeMemberAct({ type: 'add', ...grant })
  draft.append({ space, kind: KINDS.member, payload, references: [] })
}
