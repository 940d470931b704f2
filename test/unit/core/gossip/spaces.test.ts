/** Spaces over real spores: who joins gets everything, who is no member learns nothing, who is removed gets nothing more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import { cidToDigest } from '../../../../src/core/base/hash.ts'
import { decodeFrames } from '../../../../src/core/protocol/frame.ts'
import type { Exchange, Loopback, Member } from '../../../support/loopback.ts'
import { join, testLoopback } from './support.ts'

const textsOf = async ({ spore }: Member, space?: string): Promise<string[]> => {
  const page = await spore.memories({ limit: 100, ...(space === undefined ? {} : { space }) })
  assert.ok(page.ok, JSON.stringify(page))
  return page.value.recent.map(({ text }) => text).sort()
}
const remember = async ({ spore }: Member, text: string, space: string): Promise<string> => {
  const remembered = await spore.remember({ text, space })
  assert.ok(remembered.ok, JSON.stringify(remembered))
  return remembered.value.id
}
const found = async (
  { spore }: Member,
  name: string,
  type: 'members' | 'open' = 'members',
): Promise<string> => {
  const created = await spore.createSpace({ name, type })
  assert.ok(created.ok, JSON.stringify(created))
  return created.value.id
}
const bringIn = async (inviter: Member, invited: Member, space: string): Promise<void> => {
  const invitation = await inviter.spore.invite(space, {})
  assert.ok(invitation.ok, JSON.stringify(invitation))
  const joined = await invited.spore.joinSpace({ invitation: invitation.value.invitation })
  assert.ok(joined.ok, JSON.stringify(joined))
}
const settle = (net: Loopback): Promise<void> => net.clock.advance(120_000)

test('who was invited gets what was there and what comes, and writes itself', async (context) => {
  await using net = testLoopback(context)
  const [laptop, vps] = [await net.open('laptop'), await net.open('vps')]
  await found(vps, 'home')
  await remember(vps, 'before', 'home')
  await bringIn(vps, laptop, 'home')
  await remember(vps, 'after', 'home')
  await settle(net)
  assert.deepEqual(await textsOf(laptop, 'home'), ['after', 'before'])
  await remember(laptop, 'from the laptop', 'home')
  await settle(net)
  assert.deepEqual(await textsOf(vps, 'home'), ['after', 'before', 'from the laptop'])
  const [ofLaptop, ofVps] = [laptop, vps].map(({ spore }) => spore.members('home'))
  assert.ok(ofLaptop?.ok && ofVps?.ok)
  assert.deepEqual(
    ofLaptop.value.map(({ author, role }) => [author, role]),
    ofVps.value.map(({ author, role }) => [author, role]),
  )
})

/** Everything that could betray a space: its name, its id as text and bytes, its texts, and the ids of its logs. */
async function secretsOf(members: readonly Member[], space: string, ...texts: string[]): Promise<Buffer[]> {
  const secrets = [...texts, 'canary-name'].map((text) => Buffer.from(text))
  const id = members[0]!.spore.spaces().find(({ name }) => name === space)!.id
  secrets.push(Buffer.from(id), Buffer.from(cidToDigest(id) as string, 'base64url'))
  for (const { store } of members)
    for (const { logId, space: of } of await store.logs())
      if (of === id) secrets.push(Buffer.from(logId), Buffer.from(logId, 'base64url'))
  return secrets
}

const bytesOf = ({ request, reply }: Exchange): Buffer[] => [
  Buffer.from(JSON.stringify([request.path, request.query, request.headers, reply?.headers])),
  Buffer.from(request.body),
  ...decoded(request.body),
  Buffer.from(reply?.body ?? []),
  ...decoded(reply?.body ?? new Uint8Array()),
]
/** The same of frames, whose bodies are compressed. */
function decoded(bytes: Uint8Array): Buffer[] {
  return [...decodeFrames(bytes, zlibCompression)].flatMap((frame) =>
    frame.ok ? [Buffer.from(frame.value)] : [],
  )
}

test('a third spore that knows both never meets a byte of their space', async (context) => {
  await using net = testLoopback(context)
  const vps = await net.open('vps')
  const laptop = await net.open('laptop', { seeds: [vps.url] })
  const third = await net.open('third', { seeds: [vps.url, laptop.url] })
  const hidden = await net.open('hidden', { seeds: [vps.url, laptop.url], isReachable: false })
  await settle(net)
  await found(vps, 'canary-name')
  await remember(vps, 'canary of the vps', 'canary-name')
  await bringIn(vps, laptop, 'canary-name')
  await remember(laptop, 'canary of the laptop', 'canary-name')
  for (const member of [vps, laptop, third]) await remember(member, `${member.name} to all`, 'commons')
  await settle(net)
  await remember(laptop, 'second canary of the laptop', 'canary-name')
  await settle(net)
  for (const member of [vps, laptop])
    assert.deepEqual((await textsOf(member, 'canary-name')).length, 3, member.name)
  assert.deepEqual(await textsOf(third), ['laptop to all', 'third to all', 'vps to all'])
  assert.deepEqual(await textsOf(hidden), ['laptop to all', 'third to all', 'vps to all'])
  const secrets = await secretsOf([vps, laptop], 'canary-name', 'canary')
  assert.ok(secrets.length >= 8)
  const outsiders = new Set(['third', 'hidden'])
  const isMet = ({ from, request }: Exchange): boolean =>
    outsiders.has(from) || request.base === third.url || request.base === hidden.url
  const met = net.exchanges.filter(isMet)
  assert.ok(met.length > 20)
  for (const exchange of met)
    for (const bytes of bytesOf(exchange))
      for (const secret of secrets)
        assert.equal(bytes.includes(secret), false, `${exchange.from} ${exchange.request.path}: ${secret}`)
  // The search finds what is there to find.
  const all = net.exchanges.filter((exchange) => !isMet(exchange)).flatMap(bytesOf)
  for (const secret of secrets.filter((one) => !one.equals(Buffer.from('canary-name'))))
    if (all.every((bytes) => !bytes.includes(secret)))
      context.diagnostic(`never sent at all: ${secret.toString('base64url')}`)
  assert.ok(all.some((bytes) => bytes.includes('canary of the laptop')))
  // Members of the space and the stranger agree on what all three may see.
  const stamps = [vps, laptop, third].map(({ spore }) => spore.federation.heads(null, null, null).stamp)
  assert.equal(new Set(stamps).size, 1)
})

test('a member that was removed gets nothing that came later, and what it still writes counts nowhere', async (context) => {
  await using net = testLoopback(context)
  const [vps, laptop, phone] = [await net.open('vps'), await net.open('laptop'), await net.open('phone')]
  await found(vps, 'home')
  await bringIn(vps, laptop, 'home')
  await bringIn(vps, phone, 'home')
  await remember(phone, 'of the phone, before', 'home')
  await settle(net)
  const removed = await vps.spore.removeMember('home', phone.did)
  assert.ok(removed.ok && removed.value.logs === 1, JSON.stringify(removed))
  // It has not heard of it, and nobody tells it.
  await remember(phone, 'of the phone, behind the cut', 'home')
  await remember(vps, 'after the removal', 'home')
  await settle(net)
  assert.deepEqual(await textsOf(laptop, 'home'), ['after the removal', 'of the phone, before'])
  assert.deepEqual(await textsOf(vps, 'home'), ['after the removal', 'of the phone, before'])
  assert.deepEqual(await textsOf(phone, 'home'), ['of the phone, before', 'of the phone, behind the cut'])
  const ofMember = [vps, laptop].map(
    ({ spore }, i) => spore.federation.heads(null, null, [laptop, vps][i]!.did).stamp,
  )
  assert.equal(ofMember[0], ofMember[1])
  // Its guesses are answered as if there were no such space.
  assert.equal(
    vps.spore.federation.heads(null, null, phone.did).stamp,
    vps.spore.federation.heads(null, null, null).stamp,
  )
})

test('a cut that comes after what it cuts hides that, and who is added again goes on in a new epoch', async (context) => {
  await using net = testLoopback(context)
  const [vps, laptop, phone] = [await net.open('vps'), await net.open('laptop'), await net.open('phone')]
  await found(vps, 'home')
  await bringIn(vps, laptop, 'home')
  await bringIn(vps, phone, 'home')
  await remember(phone, 'one', 'home')
  await settle(net)
  // The VPS is cut off while the phone writes on and the laptop takes it.
  net.lose = (from, { base }) => from === 'vps' || base === vps.url
  await join(laptop, phone.url)
  await remember(phone, 'two', 'home')
  await settle(net)
  assert.deepEqual(await textsOf(laptop, 'home'), ['one', 'two'])
  assert.ok((await vps.spore.removeMember('home', phone.did)).ok)
  net.lose = null
  await settle(net)
  await settle(net)
  assert.deepEqual(await textsOf(laptop, 'home'), ['one'])
  const stamps = [vps, laptop].map(
    ({ spore }, i) => spore.federation.heads(null, null, [laptop, vps][i]!.did).stamp,
  )
  assert.equal(stamps[0], stamps[1], 'both cut the log at the same place')
  const page = await laptop.spore.search({ q: 'two', limit: 10 })
  assert.ok(page.ok && page.value.hits.every(({ text }) => text !== 'two'))
  // Added again, it learns that its log is cut and goes on in another.
  assert.ok((await vps.spore.invite('home', { for: phone.did })).ok)
  await settle(net)
  await remember(phone, 'three', 'home')
  await settle(net)
  for (const member of [vps, laptop, phone])
    assert.deepEqual(await textsOf(member, 'home'), ['one', 'three'], member.name)
})

test('what a removed admin undid behind its cut is there again, everywhere', async (context) => {
  await using net = testLoopback(context)
  const [vps, admin, phone] = [await net.open('vps'), await net.open('admin'), await net.open('phone')]
  await found(vps, 'home')
  await bringIn(vps, phone, 'home')
  const invitation = await vps.spore.invite('home', { role: 'admin' })
  assert.ok(invitation.ok && (await admin.spore.joinSpace({ invitation: invitation.value.invitation })).ok)
  await remember(phone, 'one', 'home')
  await settle(net)
  net.lose = (from, { base }) => from === 'vps' || base === vps.url
  await join(admin, phone.url)
  await settle(net)
  assert.ok((await admin.spore.removeMember('home', phone.did)).ok)
  assert.ok((await vps.spore.removeMember('home', admin.did)).ok)
  await remember(vps, 'two', 'home')
  net.lose = null
  await settle(net)
  await settle(net)
  await remember(phone, 'three', 'home')
  await settle(net)
  assert.deepEqual(await textsOf(vps, 'home'), ['one', 'three', 'two'])
  assert.deepEqual(await textsOf(phone, 'home'), ['one', 'three', 'two'])
})

test('another spore that takes the place of a member at its URL gets nothing of the space', async (context) => {
  await using net = testLoopback(context)
  const [vps, laptop] = [await net.open('vps'), await net.open('laptop')]
  await found(vps, 'canary-name')
  await bringIn(vps, laptop, 'canary-name')
  await settle(net)
  const { store } = laptop
  await laptop.close()
  // One push is lost, and the link still there.
  await remember(vps, 'canary while it is away', 'canary-name')
  await net.clock.advance(100)
  net.take()
  const other = await net.open('laptop', { key: 'an impostor' })
  await remember(vps, 'second canary', 'canary-name')
  await remember(vps, 'to all', 'commons')
  await settle(net)
  await settle(net)
  const secrets = await secretsOf([vps], 'canary-name', 'canary')
  for (const { logId, space } of await store.logs())
    if (space !== 'commons') secrets.push(Buffer.from(logId), Buffer.from(logId, 'base64url'))
  const met = net.take().filter(({ from, request }) => from === 'laptop' || request.base === other.url)
  assert.ok(met.length > 3)
  for (const exchange of met)
    for (const bytes of bytesOf(exchange))
      for (const secret of secrets)
        assert.equal(bytes.includes(secret), false, `${exchange.from} ${exchange.request.path}: ${secret}`)
  assert.deepEqual(await textsOf(other), ['to all'])
})
