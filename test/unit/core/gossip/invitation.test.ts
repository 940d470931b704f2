/** Invitations: one line, one spore, once; whatever is wrong with one is answered the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SpaceId } from '../../../../src/core/base/brand.ts'
import { utf8ToBytes } from '../../../../src/core/base/bytes.ts'
import { createInvitations } from '../../../../src/core/gossip/invitations.ts'
import { decodeInvitation, encodeRedemption, proofOf } from '../../../../src/core/protocol/invitation.ts'
import { INVITATION_AGE_MAX_MS, INVITATIONS_MAX, SPACES_MAX } from '../../../../src/core/protocol/limits.ts'
import type { Loopback, Member } from '../../../support/loopback.ts'
import { remember, testLoopback } from './support.ts'

const must = <T>(result: { ok: true; value: T } | { ok: false; error: unknown }): T => {
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}
const codeOf = (result: { ok: boolean; error?: { code: string } }): string | undefined => result.error?.code
const textsOf = async ({ spore }: Member, space: string): Promise<string[]> =>
  must(await spore.memories({ limit: 100, space }))
    .recent.map(({ text }) => text)
    .sort()
const settle = (net: Loopback): Promise<void> => net.clock.advance(120_000)

test('an invitation admits one spore, and whoever comes second is told what anybody is told', async (context) => {
  await using net = testLoopback(context)
  const [vps, laptop, phone] = [await net.open('vps'), await net.open('laptop'), await net.open('phone')]
  must(await vps.spore.createSpace({ name: 'home' }))
  const { invitation, singleUse } = must(await vps.spore.invite('home', {}))
  assert.ok(singleUse && /^spore-invite:[\w-]+$/.test(invitation), invitation)
  must(await laptop.spore.joinSpace({ invitation }))
  assert.equal(codeOf(await phone.spore.joinSpace({ invitation })), 'INVITATION_REFUSED')
  assert.equal(
    phone.spore.spaces().some(({ name }) => name === 'home'),
    false,
  )
  // Whose answer was lost asks again.
  must(await laptop.spore.joinSpace({ invitation }))
  const other = must(await vps.spore.invite('home', { expiresInSeconds: 60 })).invitation
  const opened = decodeInvitation(other)
  const elsewhere = must(await vps.spore.createSpace({ name: 'elsewhere' }))
  const unknown = must(await phone.spore.createSpace({ name: 'of the phone' }))
  assert.ok(opened?.secret)
  const { did, signer } = phone
  const present = async (space: SpaceId, secret: Uint8Array) =>
    vps.spore.federation.redeem(
      encodeRedemption({ space, proof: proofOf(secret, space, signer.publicKey), name: 'x' }),
      did,
    )
  const wrong = [
    await present(opened.space, new Uint8Array(16)),
    await present(elsewhere.id as SpaceId, opened.secret),
    await present(unknown.id as SpaceId, opened.secret),
    // The proof is of another asker.
    await vps.spore.federation.redeem(
      encodeRedemption({
        space: opened.space,
        proof: proofOf(opened.secret, opened.space, laptop.signer.publicKey),
        name: 'x',
      }),
      did,
    ),
  ].filter((one) => one !== undefined)
  await net.clock.advance(61_000)
  wrong.push(await present(opened.space, opened.secret))
  for (const one of wrong) assert.deepEqual(one, wrong[0])
  assert.equal(codeOf(wrong[0] as { ok: boolean }), 'INVITATION_REFUSED')
})

test('of two that present the same line at once one gets in', async (context) => {
  await using net = testLoopback(context)
  const [vps, a, b] = [await net.open('vps'), await net.open('a'), await net.open('b')]
  must(await vps.spore.createSpace({ name: 'home' }))
  const { invitation } = must(await vps.spore.invite('home', {}))
  const joined = await Promise.all([a, b].map(({ spore }) => spore.joinSpace({ invitation })))
  assert.deepEqual(joined.map(({ ok }) => ok).sort(), [false, true])
  assert.equal(must(vps.spore.members('home')).length, 2)
})

test('a line that was cut, mistyped or is none is refused before anybody is asked', async (context) => {
  await using net = testLoopback(context)
  const [vps, laptop] = [await net.open('vps'), await net.open('laptop')]
  must(await vps.spore.createSpace({ name: 'home' }))
  const { invitation } = must(await vps.spore.invite('home', {}))
  net.take()
  const at = invitation.length - 20
  const typed = invitation[at] === 'A' ? 'B' : 'A'
  const lines = [
    invitation.slice(0, -1),
    `${invitation.slice(0, at)}${typed}${invitation.slice(at + 1)}`,
    `${invitation}A`,
    invitation.replace('spore-invite:', 'spore-invite:2:'),
    'spore-invite:',
    'https://spore.example',
  ]
  for (const line of lines)
    assert.equal(codeOf(await laptop.spore.joinSpace({ invitation: line })), 'INVITATION_INVALID', line)
  assert.deepEqual(net.take(), [])
  must(await laptop.spore.joinSpace({ invitation: `  ${invitation}\n` }))
})

test('nothing of an invitation is told to another spore that answers in the inviter’s place', async (context) => {
  await using net = testLoopback(context)
  const vps = await net.open('vps')
  must(await vps.spore.createSpace({ name: 'home' }))
  const { invitation } = must(await vps.spore.invite('home', {}))
  await vps.close()
  await net.open('vps', { key: 'an impostor' })
  const laptop = await net.open('laptop')
  net.take()
  assert.equal(codeOf(await laptop.spore.joinSpace({ invitation })), 'PEER_REFUSED')
  assert.equal(
    net.take().some(({ request }) => request.path.endsWith('/space')),
    false,
  )
})

test('a spore that nobody can reach invites by name, and brings the space to who was invited', async (context) => {
  await using net = testLoopback(context)
  const vps = await net.open('vps')
  const laptop = await net.open('laptop', { seeds: [vps.url], isReachable: false })
  must(await laptop.spore.createSpace({ name: 'home' }))
  assert.equal(codeOf(await laptop.spore.invite('home', {})), 'INVITATION_UNANSWERABLE')
  const { invitation, singleUse } = must(await laptop.spore.invite('home', { for: vps.did }))
  assert.equal(singleUse, false)
  await remember(laptop, 'from the laptop', 'home')
  const third = await net.open('third', { seeds: [vps.url] })
  must(await third.spore.joinSpace({ invitation }))
  must(await vps.spore.joinSpace({ invitation }))
  await settle(net)
  await remember(vps, 'from the VPS', 'home')
  await settle(net)
  assert.deepEqual(await textsOf(vps, 'home'), ['from the VPS', 'from the laptop'])
  assert.deepEqual(await textsOf(laptop, 'home'), ['from the VPS', 'from the laptop'])
  assert.deepEqual(await textsOf(third, 'home'), [], 'the line alone opens nothing')
  assert.equal(codeOf(await third.spore.remember({ text: 'x', space: 'home' })), 'SPACE_READ_ONLY')
})

test('who leaves exchanges nothing more and keeps what is there; who comes back gets what it missed', async (context) => {
  await using net = testLoopback(context)
  const [vps, laptop] = [await net.open('vps'), await net.open('laptop')]
  must(await vps.spore.createSpace({ name: 'home' }))
  must(await laptop.spore.joinSpace({ invitation: must(await vps.spore.invite('home', {})).invitation }))
  await remember(vps, 'one', 'home')
  await settle(net)
  assert.equal(must(await laptop.spore.leaveSpace('home')).joined, false)
  await remember(vps, 'two', 'home')
  await settle(net)
  assert.deepEqual(await textsOf(laptop, 'home'), ['one'])
  assert.equal(codeOf(await laptop.spore.remember({ text: 'x', space: 'home' })), 'SPACE_READ_ONLY')
  must(await laptop.spore.joinSpace({ invitation: 'home' }))
  await settle(net)
  assert.deepEqual(await textsOf(laptop, 'home'), ['one', 'two'])
  // So can the built-in open space be left; the private one is with nobody anyway.
  must(await laptop.spore.leaveSpace('commons'))
  await remember(vps, 'to all', 'commons')
  await settle(net)
  assert.deepEqual(await textsOf(laptop, 'commons'), [])
  assert.equal(codeOf(await laptop.spore.leaveSpace('private')), 'SPACE_TYPE_UNFIT')
})

test('after a restart a spore is in its spaces, and an invitation that was given is still open, once', async (context) => {
  await using net = testLoopback(context)
  const vps = await net.open('vps')
  must(await vps.spore.createSpace({ name: 'home' }))
  must(await vps.spore.createSpace({ name: 'drawer', type: 'private' }))
  await remember(vps, 'in the drawer', 'drawer')
  const [first, second] = [must(await vps.spore.invite('home', {})), must(await vps.spore.invite('home', {}))]
  const laptop = await net.open('laptop')
  must(await laptop.spore.joinSpace({ invitation: first.invitation }))
  await remember(vps, 'before', 'home')
  await settle(net)
  const seen = [vps, laptop].map(({ spore }) => spore.federation.heads(null, null, vps.did).stamp)
  const { store } = vps
  await vps.close()
  const again = await net.open('vps', { store })
  assert.equal(again.spore.federation.heads(null, null, again.did).stamp, seen[0])
  assert.deepEqual(
    again.spore.spaces().map(({ name, type, role, members }) => [name, type, role, members]),
    [
      ['private', 'private', null, null],
      ['commons', 'open', null, null],
      ['home', 'members', 'founder', 2],
      ['drawer', 'private', null, null],
    ],
  )
  const phone = await net.open('phone')
  assert.equal(codeOf(await phone.spore.joinSpace({ invitation: first.invitation })), 'INVITATION_REFUSED')
  must(await phone.spore.joinSpace({ invitation: second.invitation }))
  await remember(phone, 'after', 'home')
  await settle(net)
  assert.deepEqual(await textsOf(again, 'home'), ['after', 'before'])
  assert.deepEqual(await textsOf(phone, 'home'), ['after', 'before'])
})

test('an open space is read and written by whoever joins it; one that asks for a tier is not pretended to work', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  must(await a.spore.createSpace({ name: 'garden', type: 'open' }))
  const { invitation, singleUse } = must(await a.spore.invite('garden', {}))
  assert.equal(singleUse, false)
  must(await b.spore.joinSpace({ invitation, name: 'allotment' }))
  await remember(b, 'beans', 'allotment')
  await remember(a, 'peas', 'garden')
  await settle(net)
  assert.deepEqual(await textsOf(a, 'garden'), ['beans', 'peas'])
  assert.deepEqual(await textsOf(b, 'allotment'), ['beans', 'peas'])
  assert.equal(
    codeOf(await a.spore.createSpace({ name: 'x', type: 'open', writers: 'trusted' })),
    'TIER_UNSUPPORTED',
  )
  assert.equal(codeOf(a.spore.members('garden')), 'SPACE_TYPE_UNFIT')
})

test('names are local: two spaces of one name are told apart, and a name that could mislead is refused', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  must(await a.spore.createSpace({ name: 'home' }))
  must(await b.spore.createSpace({ name: 'home' }))
  assert.equal(codeOf(await a.spore.createSpace({ name: 'home' })), 'SPACE_NAME_TAKEN')
  const { invitation } = must(await b.spore.invite('home', {}))
  assert.equal(codeOf(await a.spore.joinSpace({ invitation })), 'SPACE_NAME_TAKEN')
  const joined = must(await a.spore.joinSpace({ invitation, name: 'home of b' }))
  await remember(b, 'of b', 'home')
  await settle(net)
  assert.deepEqual(await textsOf(a, 'home of b'), ['of b'])
  assert.deepEqual(await textsOf(a, joined.id), ['of b'])
  assert.deepEqual(await textsOf(a, 'home'), [])
  for (const name of ['private', 'commons', joined.id, ' x', 'a,b', 'a\u202eb', 'a\nb', 'x'.repeat(65)])
    assert.equal(codeOf(await a.spore.createSpace({ name })), 'SPACE_NAME_INVALID', JSON.stringify(name))
})

test('only admins invite and remove, only the founder makes admins', async (context) => {
  await using net = testLoopback(context)
  const [vps, laptop, phone] = [await net.open('vps'), await net.open('laptop'), await net.open('phone')]
  must(await vps.spore.createSpace({ name: 'home' }))
  must(await laptop.spore.joinSpace({ invitation: must(await vps.spore.invite('home', {})).invitation }))
  assert.equal(codeOf(await laptop.spore.invite('home', {})), 'MEMBERS_ADMIN_ONLY')
  assert.equal(codeOf(await laptop.spore.removeMember('home', vps.did)), 'MEMBERS_ADMIN_ONLY')
  must(await vps.spore.invite('home', { for: laptop.did, role: 'admin' }))
  await settle(net)
  assert.equal(codeOf(await laptop.spore.invite('home', { role: 'admin' })), 'MEMBERS_ADMIN_ONLY')
  const { invitation } = must(await laptop.spore.invite('home', {}))
  must(await phone.spore.joinSpace({ invitation }))
  await remember(phone, 'by a guest of an admin', 'home')
  await settle(net)
  assert.deepEqual(await textsOf(vps, 'home'), ['by a guest of an admin'])
  assert.equal(codeOf(await laptop.spore.removeMember('home', vps.did)), 'MEMBERS_ADMIN_ONLY')
  assert.equal(codeOf(await vps.spore.removeMember('home', 'nobody')), 'MEMBER_UNKNOWN')
  must(await laptop.spore.removeMember('home', phone.did.slice(-8)))
})

test('so many invitations are open at a time, and one more when one has expired', () => {
  const invitations = createInvitations()
  const one = (expiresAtMs: number) => ({
    space: 'x' as SpaceId,
    secret: utf8ToBytes('0123456789abcdef'),
    role: 'member' as const,
    expiresAtMs,
  })
  assert.ok(invitations.add(one(10), 0))
  for (let i = 1; i < INVITATIONS_MAX; i++) assert.ok(invitations.add(one(INVITATION_AGE_MAX_MS), 0))
  assert.equal(invitations.add(one(100), 0), false)
  assert.equal(invitations.add(one(100), 10), true)
})

test('a spore knows so many spaces and no more', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  for (let i = a.spore.spaces().length; i < SPACES_MAX; i++)
    must(await a.spore.createSpace({ name: `space ${i}`, type: 'private' }))
  assert.equal(codeOf(await a.spore.createSpace({ name: 'one more' })), 'SPACES_FULL')
})
