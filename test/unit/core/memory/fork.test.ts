/** Equivocating authors: whichever branch was seen first, the proof leaves the same valid part everywhere. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Digest } from '../../../../src/core/base/brand.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import { createVerifier } from '../../../../src/core/identity/keys.ts'
import { encodeForkProof, firstDifference, verifyForkProof } from '../../../../src/core/memory/fork.ts'
import { leafOf } from '../../../../src/core/protocol/entry.ts'
import { extendChain, genesisOf, logIdOf } from '../../../../src/core/protocol/log.ts'
import { fuzzAsync } from '../../../support/fuzz.ts'
import { COMMONS, createReplica, memoryPayload, NETWORK, NOW_MS, type Replica, replay } from './replica.ts'

type Op = { readonly do: 'add'; readonly text: string } | { readonly do: 'retract'; readonly seq: number }
const TEXTS = ['tea', 'milk', 'salt', 'rye', 'oil']
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ do: fc.constant('add' as const), text: fc.constantFrom(...TEXTS) }),
  fc.record({ do: fc.constant('retract' as const), seq: fc.nat(12) }),
)
const ops = (minLength: number) => fc.array(op, { minLength, maxLength: 8, size: 'max' })
const idOf = (text: string): Digest => bytesToDigest(sha256(memoryPayload(text)))

/** The author, in one of its lives: the same key and epoch, so the same log. */
const author = (): Replica => createReplica({ name: 'equivocator' })
const log = author().memory.ownLog(COMMONS)
const logId = logIdOf(log)

/** Writes one entry and one head an op. The bytes follow from the ops alone, so equal beginnings are equal logs. */
async function write(replica: Replica, list: readonly Op[]): Promise<void> {
  for (const one of list)
    if (one.do === 'add') await replica.add(one.text)
    else await replica.retract([{ epoch: log.epoch, seqs: [one.seq] }])
}

async function grow(...parts: readonly (readonly Op[])[]): Promise<Replica> {
  const replica = author()
  for (const part of parts) await write(replica, part)
  return replica
}

/** The proof that two lives part; null where they do not. */
async function prove(a: Replica, b: Replica): Promise<Uint8Array | null> {
  const leaves = async ({ store }: Replica) =>
    (await store.entriesOf(logId, 0, 10_000)).map(({ header }) => leafOf(header))
  const [left, right] = [await leaves(a), await leaves(b)]
  const seq = firstDifference(left, right)
  if (seq === null) return null
  const branch = async ({ store }: Replica, of: readonly Uint8Array[]) => {
    const head = await store.headFrom(logId, of.length - 1)
    assert.ok(head)
    return { leaves: of.slice(seq), clock: head.clock, signature: head.signature }
  }
  const base = left.slice(0, seq).reduce(extendChain, genesisOf(logId))
  return encodeForkProof({ log, seq, base, branches: [await branch(a, left), await branch(b, right)] })
}

/** What an honest spore shows that knows of the fork and nothing else. */
const texts = async (replica: Replica): Promise<string[]> => {
  const byId = new Map([...TEXTS, 'bread'].map((text) => [idOf(text), text]))
  return (await replica.visible()).map(({ id }) => byId.get(id) as string).sort()
}

const seen = fc.constantFrom('left', 'right', 'common', 'nothing')
const story = fc.record({
  common: ops(0),
  left: ops(1),
  right: ops(1),
  /** What each observer has when the proof comes. */
  observers: fc.array(seen, { minLength: 2, maxLength: 4 }),
})

describe('an equivocating author', () => {
  test('ends with the same valid part at everybody, whichever branch came first', () =>
    fuzzAsync(
      story,
      async ({ common, left, right, observers }) => {
        const [whole, l, r] = [await grow(common), await grow(common, left), await grow(common, right)]
        const proof = await prove(l, r)
        fc.pre(proof !== null)
        const bo = createReplica({ name: 'bo' })
        await bo.add('bread')
        const bread = (await bo.run(logIdOf(bo.memory.ownLog(COMMONS)), 0)) as Uint8Array
        const sources = { left: l, right: r, common: whole, nothing: null }

        const seq = verifySeq(proof)
        const expected = await expectedTexts(await grow([...common, ...left].slice(0, seq)))
        for (const [i, kind] of observers.entries()) {
          const observer = createReplica({ name: `observer ${i}` })
          const source = sources[kind]
          const run = await source?.run(logId, 0)
          if (run) assert.ok((await observer.receive(run)).ok)
          if (i % 2 === 0) assert.ok((await observer.receive(bread)).ok)
          const judged = await observer.takeFork(proof)
          assert.deepEqual(judged.ok && judged.value?.seq, seq)
          // Who lacks some of the valid part gets it from whoever has any branch.
          const held = observer.memory.logs.get(logId)?.row.next ?? 0
          const rest = held < seq ? await (i % 2 === 0 ? l : r).run(logId, held) : null
          if (rest) assert.ok((await observer.receive(rest)).ok, 'entries below the fork point are taken')
          if (i % 2 === 1) assert.ok((await observer.receive(bread)).ok)

          assert.deepEqual(await texts(observer), expected)
          assert.equal(observer.memory.memories, expected.length)
          const again = createReplica({ name: `observer ${i}`, store: observer.store })
          await replay(again.memory, again.store)
          assert.deepEqual(await again.visible(), await observer.visible(), 'after a restart too')
          assert.equal(again.memory.memories, expected.length)
        }
      },
      150,
    ))

  /** The visible texts of the valid part, and bo's. */
  async function expectedTexts(valid: Replica): Promise<string[]> {
    return [...new Set([...(await texts(valid)), 'bread'])].sort()
  }
  function verifySeq(proof: Uint8Array): number {
    const verified = verifyForkProof(proof, NETWORK, createVerifier())
    assert.ok(verified.ok)
    return verified.value.proof.seq
  }

  test('ends at the least fork point of several proofs, in any order, each taken once', () =>
    fuzzAsync(
      fc.record({ branches: fc.array(ops(4), { minLength: 3, maxLength: 4 }), reverse: fc.boolean() }),
      async ({ branches, reverse }) => {
        const lives = await Promise.all(
          branches.map((branch, i) => grow(branch, [{ do: 'add', text: `end ${i}` }])),
        )
        const proofs: Uint8Array[] = []
        for (const [i, a] of lives.entries())
          for (const b of lives.slice(i + 1))
            proofs.push(...[await prove(a, b)].filter((one) => one !== null))
        fc.pre(proofs.length > 0)
        const least = Math.min(...proofs.map(verifySeq))
        const observer = createReplica({ name: 'observer' })
        const run = await lives[0]?.run(logId, 0)
        assert.ok(run && (await observer.receive(run)).ok)
        for (const proof of reverse ? proofs.toReversed() : proofs) {
          const before = observer.memory.forkPoint(logId)
          const judged = await observer.takeFork(proof)
          assert.ok(judged.ok)
          assert.equal(judged.value !== null, verifySeq(proof) < before, 'only a lower point is news')
          assert.deepEqual(await observer.takeFork(proof), { ok: true, value: null })
        }
        assert.equal(observer.memory.forkPoint(logId), least)
        assert.deepEqual(
          (await observer.store.forks()).map(({ seq }) => seq),
          [least],
        )
      },
      60,
    ))

  test('brings back what was removed behind the fork point', async () => {
    const common: Op[] = [
      { do: 'add', text: 'tea' },
      { do: 'add', text: 'milk' },
      { do: 'retract', seq: 1 },
    ]
    const [l, r] = [
      await grow(common, [{ do: 'retract', seq: 0 }]),
      await grow(common, [
        { do: 'add', text: 'salt' },
        { do: 'retract', seq: 3 },
      ]),
    ]
    const proof = await prove(l, r)
    assert.ok(proof)
    for (const [source, before] of [
      [l, []],
      [r, ['tea']],
    ] as const) {
      const observer = createReplica({ name: 'observer' })
      assert.ok((await observer.receive((await source.run(logId, 0)) as Uint8Array)).ok)
      assert.deepEqual(await texts(observer), before)
      const draft = observer.memory.draft(NOW_MS)
      const taken = draft.takeFork(proof)
      assert.ok(taken.ok && taken.value)
      const { touched: ids } = observer.memory.applyFork(taken.value)
      assert.deepEqual(
        await texts(observer),
        ['tea'],
        'the removal behind the fork point is undone, that below holds',
      )
      if (source === l) assert.deepEqual(ids, [idOf('tea')])
    }
  })

  test('is proven to somebody who holds nothing, and what comes later stays invalid', async () => {
    const common: Op[] = [{ do: 'add', text: 'tea' }]
    const [l, r] = [
      await grow(common, [{ do: 'add', text: 'milk' }]),
      await grow(common, [{ do: 'add', text: 'salt' }]),
    ]
    const proof = (await prove(l, r)) as Uint8Array
    const observer = createReplica({ name: 'observer' })
    assert.ok((await observer.takeFork(proof)).ok)
    assert.equal(observer.verifier.verifications, 2)
    assert.ok((await observer.receive((await l.run(logId, 0)) as Uint8Array)).ok)
    assert.deepEqual(await texts(observer), ['tea'])
    await write(l, [{ do: 'add', text: 'oil' }])
    const later = await observer.receive((await l.run(logId, 2)) as Uint8Array)
    assert.equal(later.ok || later.error.code, 'LOG_FORKED')
    assert.deepEqual(await texts(observer), ['tea'])
  })

  test('is not found where one life is the beginning of the other', async () => {
    const common: Op[] = [{ do: 'add', text: 'tea' }]
    assert.equal(await prove(await grow(common), await grow(common, [{ do: 'add', text: 'oil' }])), null)
    assert.equal(firstDifference([], []), null)
  })
})
