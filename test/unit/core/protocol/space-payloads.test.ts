/** What founds a space, acts on members and invitations, as bytes: one form each, bounded, and nothing else is taken. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { encodeCanonical } from '../../../../src/core/base/canonical.ts'
import { decodeInvitation, encodeInvitation } from '../../../../src/core/protocol/invitation.ts'
import {
  INVITATION_CHARS_MAX,
  INVITATION_URLS_MAX,
  NAME_CHARS_MAX,
  PAYLOAD_BYTES_MAX,
  REMOVAL_CUTS_MAX,
  REMOVAL_GRANTS_MAX,
  SPACE_CHARS_MAX,
  URL_CHARS_MAX,
} from '../../../../src/core/protocol/limits.ts'
import {
  decodeFounding,
  decodeMemberAct,
  encodeFounding,
  encodeMemberAct,
  type FoundingPayload,
  foundingToSpace,
  type MemberAct,
} from '../../../../src/core/protocol/space-payloads.ts'

const key = new Uint8Array(32).fill(3)
const founding: FoundingPayload = {
  type: 'members',
  name: 'home',
  founder: key,
  writers: 'none',
  salt: new Uint8Array(16).fill(1),
}

test('what founds a space comes back as it was, and its id hangs on all of it', () => {
  assert.deepEqual(decodeFounding(encodeFounding(founding)), founding)
  const others: Partial<FoundingPayload>[] = [
    { name: 'other' },
    { type: 'open' },
    { founder: new Uint8Array(32).fill(4) },
    { writers: 'trusted' },
    { salt: new Uint8Array(16).fill(2) },
  ]
  const ids = [founding, ...others.map((change) => ({ ...founding, ...change }))].map((one) =>
    foundingToSpace(encodeFounding(one)),
  )
  assert.equal(new Set(ids).size, ids.length)
  assert.ok(ids.every((id) => id.length <= SPACE_CHARS_MAX))
  const longest = { ...founding, name: '€'.repeat(SPACE_CHARS_MAX), writers: '€'.repeat(SPACE_CHARS_MAX) }
  assert.deepEqual(decodeFounding(encodeFounding(longest)), longest)
})

test('what is no founding is none', () => {
  const { type, name, founder, writers, salt } = founding
  const bad: Parameters<typeof encodeCanonical>[0][] = [
    { type: 'secret', name, founder, writers, salt },
    { type, name: '', founder, writers, salt },
    { type, name: 'x'.repeat(SPACE_CHARS_MAX + 1), founder, writers, salt },
    { type, name, founder: key.subarray(1), writers, salt },
    { type, name, founder, salt },
    { type, name, founder, writers, salt: key },
    { type, name, founder, writers, salt, more: new Uint8Array(700) },
    [type, name, founder, writers, salt],
  ]
  for (const value of bad) assert.equal(decodeFounding(encodeCanonical(value)), null)
})

const add: MemberAct = { type: 'add', key, role: 'admin', name: 'phone' }
const removal = (grants: number, cuts: number): MemberAct => ({
  type: 'remove',
  key,
  grants: Array.from({ length: grants }, (_, seq) => ({
    logId: Buffer.alloc(16, 5).toString('base64url') as LogId,
    seq,
  })),
  cuts: Array.from({ length: cuts }, (_, next) => ({ epoch: new Uint8Array(8).fill(6), next })),
})

test('acts on members come back as they were, the longest too, and one more is too much', () => {
  const longest = removal(REMOVAL_GRANTS_MAX, REMOVAL_CUTS_MAX)
  for (const act of [add, { ...add, name: null }, removal(0, 0), longest])
    assert.deepEqual(decodeMemberAct(encodeMemberAct(act)), act)
  assert.ok(encodeMemberAct(longest).length < PAYLOAD_BYTES_MAX)
  for (const act of [
    removal(REMOVAL_GRANTS_MAX + 1, 0),
    removal(0, REMOVAL_CUTS_MAX + 1),
    { ...add, name: 'x'.repeat(NAME_CHARS_MAX + 1) },
  ])
    assert.equal(decodeMemberAct(encodeMemberAct(act)), null)
  const bad: Parameters<typeof encodeCanonical>[0][] = [
    { add: key },
    { add: key, role: 'founder' },
    { add: key, remove: key, role: 'member', grants: [], cuts: [] },
    { remove: key, grants: [] },
    { remove: key, grants: [[key, 1]], cuts: [] },
    { remove: key, grants: [], cuts: [[new Uint8Array(8), -1]] },
    {},
    [],
  ]
  for (const value of bad) assert.equal(decodeMemberAct(encodeCanonical(value)), null)
})

test('an invitation is one line that is taken whole or not at all', () => {
  const invitation = {
    foundingBytes: encodeFounding(founding),
    inviter: key,
    urls: Array.from({ length: INVITATION_URLS_MAX }, () => 'x'.repeat(URL_CHARS_MAX)),
    secret: new Uint8Array(16).fill(9),
    expiresAtMs: 1_795_219_200_000,
  }
  const line = encodeInvitation(invitation)
  assert.ok(line.length <= INVITATION_CHARS_MAX && !/\s/.test(line))
  const opened = decodeInvitation(line)
  assert.ok(opened)
  const { space, founding: inside, ...rest } = opened
  assert.deepEqual(rest, invitation)
  assert.deepEqual([space, inside], [foundingToSpace(invitation.foundingBytes), founding])
  for (let at = 0; at < line.length; at += 7) {
    const changed = line[at] === 'x' ? 'y' : 'x'
    assert.equal(decodeInvitation(line.slice(0, at) + changed + line.slice(at + 1)), null, `at ${at}`)
  }
  const tooMany = { ...invitation, urls: [...invitation.urls, 'x'] }
  assert.equal(decodeInvitation(encodeInvitation(tooMany)), null)
  assert.equal(
    decodeInvitation(encodeInvitation({ ...invitation, urls: ['x'.repeat(URL_CHARS_MAX + 1)] })),
    null,
  )
  assert.equal(decodeInvitation(line.padEnd(INVITATION_CHARS_MAX + 1, 'A')), null)
})
