/** Spaces over real spores: who joins gets everything, who is no member learns nothing, who is removed gets nothing more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Loopback, Member } from '../../../support/loopback.ts'
import { testLoopback } from './support.ts'

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
