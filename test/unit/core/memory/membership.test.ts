/** Who belongs to a space follows from the set of acts alone, whatever their order, and from nobody's word about itself. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { bytesToHex } from '../../../../src/core/base/bytes.ts'
import { createSigner } from '../../../../src/core/identity/keys.ts'
import { createActTable } from '../../../../src/core/memory/act-table.ts'
import { resolveMembers, type SignedAct, signAct } from '../../../../src/core/memory/membership.ts'
import { MEMBER_ACTS_MAX } from '../../../../src/core/protocol/limits.ts'
import type { MemberAct, MemberRole } from '../../../../src/core/protocol/space-payloads.ts'
import { seededRandom, testSeed } from '../../../support/seeded.ts'

const people = ['fay', 'ada', 'bo', 'cy', 'di'].map((name, i) => ({
  name,
  ...createSigner(new Uint8Array(32).fill(i + 1)),
}))
type Person = (typeof people)[number]
const [fay, ada, bo, cy, di] = people as [Person, Person, Person, Person, Person]
const epochOf = (n: number): Uint8Array => new Uint8Array(8).fill(n)
const logOf = (who: Person, epoch: number): LogId => `${who.name} ${epoch}` as LogId

/** A history in which acts stand in logs, each at the next place. */
function history() {
  const lengths = new Map<LogId, number>()
  const acts: SignedAct[] = []
  const write = (by: Person, act: MemberAct, epoch = 1): SignedAct => {
    const logId = logOf(by, epoch)
    const seq = lengths.get(logId) ?? 0
    lengths.set(logId, seq + 1)
    const signed = signAct({ logId, seq, author: by.did, epoch: bytesToHex(epochOf(epoch)) }, act)
    acts.push(signed)
    return signed
  }
  const add = (by: Person, who: Person, role: MemberRole = 'member', epoch = 1) =>
    write(by, { type: 'add', key: who.publicKey, role, name: null }, epoch)
  const remove = (
    by: Person,
    who: Person,
    grants: readonly SignedAct[],
    cuts: Readonly<Record<number, number>> = {},
    epoch = 1,
  ) =>
    write(
      by,
      {
        type: 'remove',
        key: who.publicKey,
        grants: grants.map(({ logId, seq }) => ({ logId, seq })),
        cuts: Object.entries(cuts).map(([n, next]) => ({ epoch: epochOf(Number(n)), next })),
      },
      epoch,
    )
  return { acts, lengths, add, remove }
}
const noForks = () => Number.POSITIVE_INFINITY
const resolve = (acts: readonly SignedAct[], forkPointOf: (logId: LogId) => number = noForks) =>
  resolveMembers(fay.did, acts, forkPointOf)
const limit = (acts: readonly SignedAct[], who: Person, epoch = 1) =>
  resolve(acts).limitOf(who.did, bytesToHex(epochOf(epoch)))

describe('members', () => {
  test('the founder and whom it added belong to the space, nobody else', () => {
    const { acts, add } = history()
    add(fay, ada)
    const roster = resolve(acts)
    assert.deepEqual([...roster.members.keys()].sort(), [fay.did, ada.did].sort())
    assert.equal(limit(acts, fay), Number.POSITIVE_INFINITY)
    assert.equal(limit(acts, ada), Number.POSITIVE_INFINITY)
    assert.equal(limit(acts, bo), 0)
  })

  test('a member adds nobody, an admin adds members and no admins', () => {
    const { acts, add } = history()
    add(fay, ada)
    add(ada, bo)
    assert.equal(resolve(acts).members.has(bo.did), false)
    add(fay, cy, 'admin')
    add(cy, bo, 'admin')
    assert.equal(resolve(acts).members.get(bo.did)?.role, 'member')
    add(bo, di)
    assert.equal(resolve(acts).members.has(di.did), false)
  })

  test('a removal cuts the logs that it names there, and all others at once', () => {
    const { acts, add, remove } = history()
    const grant = add(fay, ada)
    remove(fay, ada, [grant], { 1: 7 })
    assert.equal(resolve(acts).members.has(ada.did), false)
    assert.deepEqual([limit(acts, ada, 1), limit(acts, ada, 2)], [7, 0])
  })

  test('who is added again goes on elsewhere: what was cut stays cut', () => {
    const { acts, add, remove } = history()
    remove(fay, ada, [add(fay, ada)], { 1: 7 })
    add(fay, ada)
    assert.equal(resolve(acts).members.has(ada.did), true)
    assert.deepEqual([limit(acts, ada, 1), limit(acts, ada, 2)], [7, Number.POSITIVE_INFINITY])
  })

  test('an addition that the remover did not know of holds', () => {
    const { acts, add, remove } = history()
    add(fay, cy, 'admin')
    const grant = add(fay, ada)
    add(cy, ada)
    remove(fay, ada, [grant], { 1: 3 })
    assert.equal(resolve(acts).members.has(ada.did), true)
  })

  test('what a removed admin did behind the cut does not count, and what that did is undone', () => {
    const { acts, add, remove } = history()
    const appointed = add(fay, cy, 'admin')
    const grant = add(cy, ada)
    remove(cy, ada, [grant], { 1: 5 })
    assert.deepEqual([resolve(acts).members.has(ada.did), limit(acts, ada)], [false, 5])
    remove(fay, cy, [appointed], { 1: 1 })
    assert.deepEqual([resolve(acts).members.has(ada.did), limit(acts, ada)], [true, Number.POSITIVE_INFINITY])
    assert.equal(resolve(acts).isAdmin(cy.did), false)
  })

  test('two admins cannot remove each other, and nobody removes the founder', () => {
    const { acts, add, remove } = history()
    const [ofCy, ofDi] = [add(fay, cy, 'admin'), add(fay, di, 'admin')]
    remove(cy, di, [ofDi], { 1: 0 })
    remove(di, cy, [ofCy], { 1: 0 })
    remove(di, fay, [], { 1: 0 })
    assert.deepEqual(
      [cy, di, fay].map((who) => [resolve(acts).isAdmin(who.did), limit(acts, who)]),
      [cy, di, fay].map(() => [true, Number.POSITIVE_INFINITY]),
    )
  })

  test('a removal takes back only grants of whom it is about', () => {
    const { acts, add, remove } = history()
    const ofBo = add(fay, bo)
    const ofAda = add(fay, ada)
    remove(fay, ada, [ofAda, ofBo])
    assert.deepEqual([resolve(acts).members.has(ada.did), resolve(acts).members.has(bo.did)], [false, true])
  })

  test('an act at or behind the fork point of its log is none', () => {
    const { acts, add } = history()
    add(fay, ada)
    add(fay, bo)
    const roster = resolve(acts, (logId) => (logId === logOf(fay, 1) ? 1 : Number.POSITIVE_INFINITY))
    assert.deepEqual([roster.members.has(ada.did), roster.members.has(bo.did)], [true, false])
  })
})

test('random histories give the same members and limits in any order, met one by one or at once', (context) => {
  const seed = testSeed()
  context.diagnostic(`seed ${seed} (repeat with SPORE_SEED=${seed})`)
  const random = seededRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[random.integer(0, list.length - 1)] as T
  for (let round = 0; round < 200; round++) {
    const { acts, lengths, add, remove } = history()
    for (let i = random.integer(1, 24); i > 0; i--) {
      const [by, who, epoch] = [pick(people), pick(people), random.integer(1, 2)]
      if (random.float() < 0.6) add(by, who, pick(['member', 'admin']), epoch)
      else {
        const grants = acts.filter(({ target }) => target === who.did && random.float() < 0.8)
        remove(by, who, grants, { [random.integer(1, 2)]: random.integer(0, 6) }, epoch)
      }
    }
    const forks = new Map<LogId, number>()
    for (const [logId, length] of lengths)
      if (random.float() < 0.1) forks.set(logId, random.integer(0, length))
    const summary = (of: readonly SignedAct[]): string => {
      const roster = resolve(of, (logId) => forks.get(logId) ?? Number.POSITIVE_INFINITY)
      const members = [...roster.members.values()].sort((a, b) => (a.did < b.did ? -1 : 1))
      const limits = people.flatMap(({ did }) =>
        [1, 2, 3].map((n) => roster.limitOf(did, bytesToHex(epochOf(n)))),
      )
      return JSON.stringify([members, limits.map(String)])
    }
    const expected = summary(acts)
    for (let order = 0; order < 4; order++) {
      const shuffled = acts.map((act) => ({ act, at: random.float() })).sort((a, b) => a.at - b.at)
      const table = createActTable()
      const space = 'space' as Parameters<typeof table.add>[0]
      for (const { act } of shuffled) {
        assert.equal(table.add(space, act), true)
        assert.equal(table.add(space, act), false, 'the same act twice is one')
      }
      assert.equal(summary(table.of(space)), expected)
    }
  }
})

test('of one log so many acts count, from its start, whatever their order', () => {
  const { acts, add } = history()
  for (let i = 0; i <= MEMBER_ACTS_MAX; i++) add(fay, ada)
  for (const order of [acts, acts.toReversed()]) {
    const table = createActTable()
    const space = 'space' as Parameters<typeof table.add>[0]
    for (const act of order) table.add(space, act)
    const kept = table.of(space)
    assert.equal(kept.length, MEMBER_ACTS_MAX)
    assert.equal(kept.at(-1)?.seq, MEMBER_ACTS_MAX - 1)
  }
})
