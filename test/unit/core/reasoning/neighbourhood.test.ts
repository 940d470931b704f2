/** Who is waited for, and whose questions are worked on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did, SpaceId } from '../../../../src/core/base/brand.ts'
import {
  createNeighbourhood,
  MISSES_MAX,
  type NeighbourhoodDeps,
  SERVES,
} from '../../../../src/core/reasoning/neighbourhood.ts'

const COMMONS = 'commons' as SpaceId
const TEAM = 'team' as SpaceId
const who = (name: string): Did => `did:key:z${name}` as Did
const [ME, PINNED, STRANGER, MEMBER, MUTE] = ['Me', 'Pinned', 'Stranger', 'Member', 'Mute'].map(who) as [
  Did,
  Did,
  Did,
  Did,
  Did,
]

const peer = (key: Did, more: object = {}) => ({
  descriptor: { key, families: ['qwen'] },
  vital: { state: 'alive' },
  isPinned: false,
  isProven: true,
  ...more,
})
const peers = [
  peer(PINNED, { isPinned: true }),
  peer(STRANGER),
  peer(MEMBER),
  peer(who('NoModel'), { descriptor: { key: who('NoModel'), families: [] } }),
  peer(who('Gone'), { vital: { state: 'gone' } }),
]
/** Nobody has shown anything yet. */
const NOTHING_KNOWN = {
  isAtLeast: (author: Did, tier: string) => author !== STRANGER && tier === 'contributor',
}
const neighbourhood = (serve: NeighbourhoodDeps['serve']) =>
  createNeighbourhood({
    self: ME,
    serve,
    peers: { all: () => peers, byDid: (did: Did) => peers.find(({ descriptor }) => descriptor.key === did) },
    spaces: {
      replicates: (space: SpaceId) => space !== 'private',
      rosterOf: (space: SpaceId) => (space === TEAM ? { members: new Map([[MEMBER, {}]]) } : null),
    },
    shown: { hides: () => (author: Did) => author === MUTE },
    trust: NOTHING_KNOWN,
  } as never)

test('those are waited for who name models, are there, and see the space', () => {
  const { answerers } = neighbourhood('own')
  assert.deepEqual(answerers(COMMONS), [PINNED, STRANGER, MEMBER])
  assert.deepEqual(answerers(TEAM), [MEMBER])
  assert.deepEqual(answerers('private' as SpaceId), [])
})

test('who leaves so many own tasks unanswered is no longer waited for, until it answers one', () => {
  const { answerers, heard } = neighbourhood('own')
  for (let i = 1; i < MISSES_MAX; i++) heard(COMMONS, new Set([PINNED, MEMBER]))
  assert.ok(answerers(COMMONS).includes(STRANGER))
  heard(COMMONS, new Set([PINNED, MEMBER]))
  assert.deepEqual(answerers(COMMONS), [PINNED, MEMBER])
  heard(COMMONS, new Set([STRANGER, PINNED, MEMBER]))
  assert.deepEqual(answerers(COMMONS), [PINNED, STRANGER, MEMBER])
})

test('whose questions are worked on follows from the setting, and never those of who is muted', () => {
  const served = (space: SpaceId) =>
    SERVES.map((serve) => {
      const { serves } = neighbourhood(serve)
      return [ME, PINNED, STRANGER, MEMBER, MUTE].filter((author) => serves(author, space))
    })
  assert.deepEqual(served(COMMONS), [[ME], [ME, PINNED], [ME, PINNED, STRANGER, MEMBER]])
  assert.deepEqual(served(TEAM), [[ME], [ME, PINNED, MEMBER], [ME, PINNED, STRANGER, MEMBER]])
})

test('a peer that has not proved who it is at its URL is nobody’s choice yet', () => {
  const unproven = createNeighbourhood({
    self: ME,
    serve: 'trusted',
    peers: { all: () => [], byDid: () => peer(PINNED, { isPinned: true, isProven: false }) },
    spaces: { replicates: () => true, rosterOf: () => null },
    shown: { hides: () => undefined },
  } as never)
  assert.equal(unproven.isTrusted(PINNED, COMMONS), false)
})
