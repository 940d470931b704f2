/**
 * Random histories of equivocating, retracting and compacting authors, told in part to 2 to 5 spores, with duplicates, purges and lost
 * requests: once everything is heard, all have the same view, the same proofs, and show the same memories but for what they purged.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesToDigest, digestToCid, sha256 } from '../../../../src/core/base/hash.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { encodeCheckpoint, encodeRetract } from '../../../../src/core/protocol/payloads.ts'
import { fuzzAsync } from '../../../support/fuzz.ts'
import { createLoopback, DAY_ONE, type Member } from '../../../support/loopback.ts'
import { COMMONS, createReplica, memoryPayload, type Replica } from '../memory/replica.ts'
import { tell } from './equivocator.ts'
import { join } from './support.ts'

type Op =
  | { readonly do: 'add'; readonly text: number }
  | { readonly do: 'retract'; readonly seq: number }
  | { readonly do: 'checkpoint'; readonly from: number; readonly length: number }
  | { readonly do: 'flush' }

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('add' as const), text: fc.nat(11) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('retract' as const), seq: fc.nat(10) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('checkpoint' as const), from: fc.nat(8), length: fc.nat(4) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'flush' as const }) },
)
const ops = (minLength: number, maxLength: number) => fc.array(op, { minLength, maxLength, size: 'max' })
/** What an author wrote: what all branches share, and how each goes on. */
const author = fc.record({ common: ops(1, 8), branches: fc.array(ops(0, 8), { minLength: 1, maxLength: 3 }) })
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('tell' as const),
      to: fc.nat(4),
      author: fc.nat(2),
      branch: fc.nat(2),
      from: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('purge' as const), at: fc.nat(4), text: fc.nat(11) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(20_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), at: fc.nat(4) }) },
)
const history = fc.record({
  seed: fc.nat(),
  size: fc.integer({ min: 2, max: 5 }),
  authors: fc.array(author, { minLength: 1, maxLength: 3 }),
  steps: fc.array(step, { minLength: 1, maxLength: 16, size: 'max' }),
  loss: fc.constantFrom(0, 0.3, 0.7),
})

const textOf = (number: number): string => `memory number ${number}`
const idOf = (number: number): string => digestToCid(bytesToDigest(sha256(memoryPayload(textOf(number)))))

async function write(life: Replica, list: readonly Op[]): Promise<void> {
  const { epoch } = life.memory.ownLog(COMMONS)
  const flushes: Op[][] = [[]]
  for (const one of list) {
    if (one.do === 'flush') flushes.push([])
    else flushes.at(-1)?.push(one)
  }
  for (const flush of flushes)
    await life.write((draft) => {
      for (const one of flush)
        if (one.do === 'add')
          draft.append({
            space: COMMONS,
            kind: KINDS.memory,
            payload: memoryPayload(textOf(one.text)),
            references: [],
          })
        else if (one.do === 'retract')
          draft.append({
            space: COMMONS,
            kind: KINDS.retract,
            payload: encodeRetract({ dots: [{ epoch, seqs: [one.seq] }] }),
            references: [],
          })
        else if (one.do === 'checkpoint')
          draft.append({
            space: COMMONS,
            kind: KINDS.checkpoint,
            payload: encodeCheckpoint({ dead: [{ epoch, ranges: [[one.from, one.from + one.length]] }] }),
            references: [],
          })
    }, DAY_ONE)
}

const textsOf = async ({ spore }: Member): Promise<string[]> => {
  const page = await spore.memories({ limit: 100 })
  assert.ok(page.ok)
  return page.value.recent.map(({ text }) => text).sort()
}

test('random histories of equivocating authors converge', () =>
  fuzzAsync(
    history,
    async ({ seed, size, authors, steps, loss }) => {
      await using net = createLoopback(String(seed))
      const members: Member[] = []
      for (let i = 0; i < size; i++) members.push(await net.open(`spore-${i}`))
      for (const member of members)
        for (const other of members) if (member !== other) await join(member, other.url)
      await net.clock.settle()
      const lives = await Promise.all(
        authors.map(({ common, branches }, i) =>
          Promise.all(
            branches.map(async (branch) => {
              const life = createReplica({ name: `author ${i}` })
              await write(life, common)
              await write(life, branch)
              return life
            }),
          ),
        ),
      )
      const purged = new Map(members.map(({ name }) => [name, new Set<string>()]))
      net.lose = () => net.random.float() < loss
      for (const one of steps) {
        const at = (number: number) => number % size
        if (one.do === 'wait') await net.clock.advance(one.ms)
        else if (one.do === 'tell') {
          const of = lives[one.author % lives.length] as Replica[]
          await tell(members[at(one.to)] as Member, of[one.branch % of.length] as Replica, one.from)
          // An overlap, or a duplicate: whatever is held by then.
          await tell(members[at(one.to)] as Member, of[one.branch % of.length] as Replica)
        } else if (one.do === 'purge') {
          const member = members[at(one.at)] as Member
          const done = await member.spore.purge(idOf(one.text))
          if (done.ok) purged.get(member.name)?.add(textOf(one.text))
        } else {
          const index = at(one.at)
          const { store, name } = members[index] as Member
          await members[index]?.close()
          members[index] = await net.open(name, { store, seeds: members.map(({ url }) => url) })
        }
      }
      net.lose = null
      await net.clock.advance(300_000)

      const [first] = members as [Member]
      const stampOf = ({ spore }: Member) => spore.federation.heads(null, null).stamp
      const forksOf = async ({ store }: Member) =>
        (await store.forks()).map(({ logId, seq }) => `${logId} ${seq}`).sort()
      const gone = new Set([...purged.values()].flatMap((texts) => [...texts]))
      const shown = async (member: Member) => (await textsOf(member)).filter((text) => !gone.has(text))
      for (const member of members) {
        assert.deepEqual(await forksOf(member), await forksOf(first), `proofs of ${member.name}`)
        assert.equal(stampOf(member), stampOf(first), `view of ${member.name}`)
        assert.deepEqual(await shown(member), await shown(first), `memories of ${member.name}`)
        for (const text of await textsOf(member)) assert.ok(!purged.get(member.name)?.has(text))
        assert.equal(member.spore.health().memories, (await textsOf(member)).length)
      }
    },
    25,
  ))
