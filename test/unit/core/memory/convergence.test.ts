/** Random histories on 2 to 5 replicas: whatever is delivered in which order, the sets agree, and agree with the oracle. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Digest, LogId } from '../../../../src/core/base/brand.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import { logIdOf } from '../../../../src/core/protocol/log.ts'
import { fuzzAsync } from '../../../support/fuzz.ts'
import { createOracle, type Oracle } from './oracle.ts'
import { COMMONS, createReplica, memoryPayload, NOW_MS, type Replica, replay } from './replica.ts'

const TEXTS = ['tea', 'milk', 'salt', 'rye', 'oil']
const textsById = new Map<Digest, string>(TEXTS.map((text) => [idOf(text), text]))
function idOf(text: string): Digest {
  return bytesToDigest(sha256(memoryPayload(text)))
}

interface Node {
  readonly replica: Replica
  readonly oracle: Oracle
  readonly logId: LogId
}

type Step =
  | { readonly do: 'add' | 'retract'; readonly node: number; readonly text: string }
  /** `node` pulls what `source` has of the author’s log. */
  | {
      readonly do: 'pull'
      readonly node: number
      readonly source: number
      readonly author: number
      readonly overlap: number
    }

const node = fc.nat(4)
const text = fc.constantFrom(...TEXTS)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), node, text }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('retract' as const), node, text }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('pull' as const),
      node,
      source: node,
      author: node,
      overlap: fc.nat(3),
    }),
  },
)
const history = fc.record({
  size: fc.integer({ min: 2, max: 5 }),
  steps: fc.array(step, { maxLength: 60, size: 'max' }),
})

function createNodes(size: number): Node[] {
  return Array.from({ length: size }, (_, i) => {
    const replica = createReplica({ name: `node ${i}`, epoch: i })
    return { replica, oracle: createOracle(), logId: logIdOf(replica.memory.ownLog(COMMONS)) }
  })
}

/** The texts that a replica shows. */
const shown = async ({ replica }: Node): Promise<string[]> =>
  (await replica.visible()).map(({ id }) => textsById.get(id) as string).sort()

/** Removes the own dots that are visible here: what the library does. */
async function retractOwn({ replica }: Node, text: string): Promise<boolean> {
  const dots = replica.memory.ownDots(1, idOf(text))
  if (dots.length === 0) return false
  const { epoch } = replica.memory.ownLog(COMMONS)
  await replica.retract([{ epoch, seqs: dots.map(({ seq }) => seq).sort((a, b) => a - b) }])
  return true
}

/** Brings `to` what `from` holds of a log, starting `overlap` entries early: those are duplicates. */
async function pull(to: Replica, from: Replica, logId: LogId, overlap = 0): Promise<void> {
  const held = from.memory.logs.get(logId)?.row.next ?? 0
  for (;;) {
    const next = to.memory.logs.get(logId)?.row.next ?? 0
    if (next >= held) return
    const run = await from.run(logId, Math.max(0, next - overlap), next)
    assert.ok(run, 'a log that goes on has a head')
    const received = await to.receive(run)
    assert.ok(received.ok, JSON.stringify(received))
  }
}

describe('replicas that do not fork', () => {
  test('agree with each other and with the oracle, whatever was delivered when', () =>
    fuzzAsync(
      history,
      async ({ size, steps }) => {
        const nodes = createNodes(size)
        for (const step of steps) {
          const at = nodes[step.node % size] as Node
          if (step.do === 'add') {
            const { seq } = await at.replica.add(step.text)
            // One oracle element a text and author: removal here is of one's own dots.
            at.oracle.add(`${step.text} ${step.node % size}`, `${step.node % size}/${seq}`)
          } else if (step.do === 'retract') {
            if (await retractOwn(at, step.text)) at.oracle.remove(`${step.text} ${step.node % size}`)
          } else if (step.do === 'pull') {
            const source = nodes[step.source % size] as Node
            const author = nodes[step.author % size] as Node
            await pull(at.replica, source.replica, author.logId, step.overlap)
          }
        }
        // Everything to everybody, each log from its author, in another order at every replica.
        for (const [i, to] of nodes.entries())
          for (let k = 0; k < size; k++) {
            const from = nodes[(i + k) % size] as Node
            await pull(to.replica, from.replica, from.logId)
          }
        const merged = createOracle()
        for (const { oracle } of nodes) merged.merge(oracle)
        const expected = [...new Set(merged.values().map((value) => value.split(' ')[0] as string))].sort()
        const [first] = nodes as [Node]
        const visible = await first.replica.visible()
        const digest = first.replica.memory.logs.viewDigest([COMMONS])
        for (const each of nodes) {
          assert.deepEqual(await shown(each), expected)
          assert.deepEqual(await each.replica.visible(), visible)
          assert.equal(each.replica.memory.memories, expected.length)
          assert.equal(each.replica.memory.logs.viewDigest([COMMONS]), digest)
        }
        // A restart folds the same entries into the same state.
        const again = createReplica({ name: 'node 0', epoch: 0, store: first.replica.store })
        await replay(again.memory, again.store)
        assert.deepEqual(await again.visible(), visible)
        assert.equal(again.memory.memories, expected.length)
        assert.equal(again.memory.logs.viewDigest([COMMONS]), digest)
      },
      300,
    ))

  test('agree with a set that anybody may remove from, where one author has several stores', () =>
    fuzzAsync(
      history,
      async ({ size, steps }) => {
        // One author, an epoch a replica: each may then retract what it sees of the others, as an OR-Set does.
        const nodes = Array.from({ length: size }, (_, i): Node => {
          const replica = createReplica({ name: 'the same author', epoch: i })
          return { replica, oracle: createOracle(), logId: logIdOf(replica.memory.ownLog(COMMONS)) }
        })
        const epochOf = (logId: LogId) =>
          nodes.find((one) => one.logId === logId)?.replica.memory.ownLog(COMMONS).epoch as Uint8Array
        for (const step of steps) {
          const at = nodes[step.node % size] as Node
          if (step.do === 'add') {
            const { seq } = await at.replica.add(step.text)
            at.oracle.add(step.text, `${step.node % size}/${seq}`)
          } else if (step.do === 'retract') {
            const byLog = Map.groupBy(at.replica.memory.ownDots(1, idOf(step.text)), ({ logId }) => logId)
            if (byLog.size > 0)
              await at.replica.retract(
                [...byLog].map(([logId, dots]) => ({
                  epoch: epochOf(logId),
                  seqs: dots.map(({ seq }) => seq).sort((a, b) => a - b),
                })),
              )
            at.oracle.remove(step.text)
          } else if (step.do === 'pull') {
            // Whole state, as the oracle's merge is: all logs that the other one has.
            const source = nodes[step.source % size] as Node
            for (const { logId } of nodes) await pull(at.replica, source.replica, logId, step.overlap)
            at.oracle.merge(source.oracle)
          }
          assert.deepEqual(await shown(at), at.oracle.values(), 'also between deliveries')
        }
      },
      300,
    ))
})

describe('fork-free delivery', () => {
  test('a run may come twice, late, or behind a gap, which changes nothing', async () => {
    const [a, b] = createNodes(2) as [Node, Node]
    for (const text of TEXTS) await a.replica.add(text)
    const whole = (await a.replica.run(a.logId, 0)) as Uint8Array
    const late = (await a.replica.run(a.logId, 3)) as Uint8Array
    const gap = await b.replica.receive(late)
    assert.equal(gap.ok || gap.error.code, 'SEQ_GAP')
    assert.deepEqual(await b.replica.receive(whole), { ok: true, value: { fresh: 5, duplicate: 0 } })
    assert.deepEqual(await b.replica.receive(whole), { ok: true, value: { fresh: 0, duplicate: 5 } })
    assert.deepEqual(await b.replica.receive(late), { ok: true, value: { fresh: 0, duplicate: 2 } })
    assert.deepEqual(await shown(b), await shown(a))
  })

  test('a run of n entries costs one verification, a repeated one none', async () => {
    const [a, b] = createNodes(2) as [Node, Node]
    await a.replica.write((draft) => {
      for (let i = 0; i < 200; i++)
        draft.append({ space: COMMONS, kind: 1, payload: memoryPayload(`memory ${i}`), references: [] })
    })
    const run = (await a.replica.run(a.logId, 0)) as Uint8Array
    assert.ok((await b.replica.receive(run)).ok)
    assert.equal(b.replica.verifier.verifications, 1)
    assert.ok((await b.replica.receive(run)).ok)
    assert.equal(b.replica.verifier.verifications, 1)
  })

  test('a clock that is ahead is taken at exactly 2 minutes, and later when it was held', async () => {
    const [a, b] = createNodes(2) as [Node, Node]
    await a.replica.add('tea', COMMONS, NOW_MS + 120_001)
    const run = (await a.replica.run(a.logId, 0)) as Uint8Array
    for (const [nowMs, code] of [
      [NOW_MS + 120_001 - 600_001, 'CLOCK_AHEAD'],
      [NOW_MS, 'CLOCK_AHEAD'],
      [NOW_MS + 1, null],
    ] as const) {
      const received = await b.replica.receive(run, nowMs)
      assert.equal(received.ok ? null : received.error.code, code)
    }
    // What was accepted drags the own clock along: the next own entry comes after it.
    const { seq } = await b.replica.add('milk', COMMONS, NOW_MS + 1)
    const times = [...b.replica.memory.logs.values()].map(({ row }) => row.clock).sort((x, y) => x - y)
    assert.equal(seq, 0)
    assert.equal(times[1], (times[0] as number) + 1)
  })
})
