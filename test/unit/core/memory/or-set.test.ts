/** The set alone: its state depends on what happened, never on the order or the repetition. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { utf8ToBytes } from '../../../../src/core/base/bytes.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import { createOrSet, type DotRef, type OrSet, type Transition } from '../../../../src/core/memory/or-set.ts'
import { SEQ_MAX } from '../../../../src/core/protocol/limits.ts'
import { fuzz } from '../../../support/fuzz.ts'

type Fact =
  | { readonly is: 'add'; readonly element: string; readonly dot: DotRef }
  | { readonly is: 'remove'; readonly dot: DotRef; readonly by: DotRef }
  | {
      readonly is: 'range'
      readonly logId: LogId
      readonly from: number
      readonly to: number
      readonly by: DotRef
    }
  | { readonly is: 'cut'; readonly logId: LogId; readonly seq: number }

const LOGS = ['a', 'b', 'c'] as LogId[]
/** The same payload as another kind is another element. */
const ELEMENTS = ['tea', 'milk', 'salt', 'tea as a task'] as const
const KINDS = [1, 1, 1, 5]
const digestOf = (element: string): Uint8Array => sha256(utf8ToBytes(element.replace(' as a task', '')))
const kindOf = (element: string): number => KINDS[ELEMENTS.indexOf(element as 'tea')] as number
const nameOf = (kind: number, digest: string): string =>
  ELEMENTS.find((one) => kindOf(one) === kind && bytesToDigest(digestOf(one)) === digest) as string

const logId = fc.constantFrom(...LOGS)
// Small numbers meet one another; those around 16 lie in two blocks of dots, and the last has no neighbour.
const seq = fc.oneof(fc.nat(5), fc.integer({ min: 14, max: 18 }), fc.constant(SEQ_MAX))
const dot = fc.record({ logId, seq })
/** A dot has one element for ever: the one that its log wrote there. */
const elementOf = ({ logId, seq }: DotRef): string =>
  ELEMENTS[(LOGS.indexOf(logId) + seq) % ELEMENTS.length] as string
const fact: fc.Arbitrary<Fact> = fc.oneof(
  { weight: 5, arbitrary: dot.map((one): Fact => ({ is: 'add', dot: one, element: elementOf(one) })) },
  { weight: 3, arbitrary: fc.record({ is: fc.constant('remove' as const), dot, by: dot }) },
  {
    weight: 2,
    arbitrary: fc.record({ logId, ends: fc.tuple(seq, seq), by: dot }).map(({ logId, ends, by }): Fact => {
      return { is: 'range', logId, from: Math.min(...ends), to: Math.max(...ends), by }
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ is: fc.constant('cut' as const), logId, seq: fc.oneof(fc.nat(6), seq) }),
  },
)

const newSet = (): OrSet => createOrSet({ secret: 7 })

function apply(set: OrSet, one: Fact): readonly (Transition | null)[] {
  if (one.is === 'cut') return set.cut(one.logId, one.seq)
  if (one.is === 'range') return set.removeRange(one.logId, one.from, one.to, one.by)
  if (one.is === 'remove') return [set.remove(one.dot, one.by)]
  return [set.add(kindOf(one.element), digestOf(one.element), one.dot)]
}
const applyAll = (set: OrSet, facts: readonly Fact[]): Transition[] =>
  facts.flatMap((one) => apply(set, one)).filter((transition) => transition !== null)

/** The definition of §6, computed from all facts at once. */
function expected(facts: readonly Fact[]): Map<string, string[]> {
  const cutAt = (log: LogId) =>
    Math.min(
      Number.POSITIVE_INFINITY,
      ...facts.flatMap((one) => (one.is === 'cut' && one.logId === log ? [one.seq] : [])),
    )
  const cuts = new Map(LOGS.map((log) => [log, cutAt(log)]))
  const isValid = (one: DotRef) => one.seq < (cuts.get(one.logId) as number)
  const removes = (one: Fact, { logId, seq }: DotRef): boolean =>
    (one.is === 'remove' && one.dot.logId === logId && one.dot.seq === seq && isValid(one.by)) ||
    (one.is === 'range' && one.logId === logId && one.from <= seq && seq <= one.to && isValid(one.by))
  const dots = new Map<string, Set<string>>()
  for (const one of facts) {
    if (one.is !== 'add' || !isValid(one.dot)) continue
    if (facts.some((other) => removes(other, one.dot))) continue
    dots.set(one.element, (dots.get(one.element) ?? new Set()).add(`${one.dot.logId}${one.dot.seq}`))
  }
  return new Map([...dots].map(([element, set]) => [element, [...set].sort()]))
}
const dotsOf = (set: OrSet, element: string): string[] =>
  set
    .dots(kindOf(element), digestOf(element))
    .map(({ logId, seq }) => `${logId}${seq}`)
    .sort()
const stateOf = (set: OrSet) =>
  new Map(
    [...set.visible()].map(({ kind, digest }) => {
      const element = nameOf(kind, digest)
      return [element, dotsOf(set, element)]
    }),
  )

describe('the set', () => {
  test('is what the definition says, in any order and with repetitions', () =>
    fuzz(
      fc.array(fact, { maxLength: 40, size: 'max' }).chain((facts) =>
        fc.record({
          facts: fc.constant(facts),
          shuffled: fc.shuffledSubarray([...facts, ...facts], { minLength: facts.length * 2 }),
        }),
      ),
      ({ facts, shuffled }) => {
        const [set, other] = [newSet(), newSet()]
        applyAll(set, facts)
        applyAll(other, shuffled)
        const should = expected(facts)
        assert.deepEqual(stateOf(set), should)
        assert.deepEqual(stateOf(other), should)
        for (const element of ELEMENTS) {
          const dots = should.get(element) ?? []
          assert.equal(set.count(kindOf(element), digestOf(element)), dots.length)
          assert.deepEqual(dotsOf(set, element), dots)
        }
        for (const one of facts)
          if (one.is === 'add') {
            const isVisible = should.get(one.element)?.includes(`${one.dot.logId}${one.dot.seq}`) ?? false
            assert.equal(set.isVisibleDot(one.dot), isVisible)
          }
      },
      3000,
    ))

  test('reports each element’s appearing and vanishing, and nothing else', () =>
    fuzz(fc.array(fact, { maxLength: 40, size: 'max' }), (facts) => {
      const set = newSet()
      const visible = new Set<string>()
      for (const { element: number, wasVisible, isVisible } of applyAll(set, facts)) {
        const { kind, digest } = set.element(number)
        assert.equal(set.kindOf(number), kind)
        const element = nameOf(kind, digest)
        assert.equal(visible.has(element), wasVisible)
        if (isVisible) visible.add(element)
        else visible.delete(element)
      }
      assert.deepEqual([...visible].sort(), [...expected(facts).keys()].sort())
    }))

  test('lists dots in the order in which they came, those that came back in their old place', () => {
    const set = newSet()
    const [log, other] = LOGS as [LogId, LogId]
    const seqs = () => set.dots(1, digestOf('tea')).map(({ seq }) => seq)
    for (const seq of [3, 1, 2, 40]) set.add(1, digestOf('tea'), { logId: log, seq })
    assert.deepEqual(seqs(), [3, 1, 2, 40])
    set.remove({ logId: log, seq: 3 }, { logId: other, seq: 7 })
    set.removeRange(log, 2, SEQ_MAX, { logId: other, seq: 8 })
    assert.deepEqual(seqs(), [1])
    set.cut(other, 7)
    assert.deepEqual(seqs(), [3, 1, 2, 40])
    assert.deepEqual(set.dots(1, digestOf('milk')), [])
    assert.deepEqual(set.dots(5, digestOf('tea')), [])
  })

  test('keeps a range removed by the lowest of its checkpoints when the others fall', () => {
    const set = newSet()
    const [log, by] = LOGS as [LogId, LogId]
    for (let seq = 0; seq < 40; seq++) set.add(1, sha256(Uint8Array.of(seq)), { logId: log, seq })
    set.removeRange(log, 0, 19, { logId: by, seq: 5 })
    assert.equal(set.removeRange(log, 0, 29, { logId: by, seq: 9 }).length, 10)
    assert.equal(set.removeRange(log, 3, 25, { logId: by, seq: 12 }).length, 0)
    assert.equal(set.removeRange(log, 35, 39, { logId: by, seq: 2 }).length, 5)
    assert.equal(set.cut(by, 6).length, 10, 'what only the entry 9 removed comes back')
    assert.equal([...set.visible()].length, 15)
    assert.equal(set.cut(by, 0).length, 25)
  })

  test('counts the dots of one element past what fits a byte, and back', () => {
    const set = newSet()
    const [log] = LOGS as [LogId]
    for (let seq = 0; seq < 600; seq++) {
      set.add(1, digestOf('tea'), { logId: log, seq })
      assert.equal(set.count(1, digestOf('tea')), seq + 1)
    }
    for (let seq = 0; seq < 600; seq++) {
      set.remove({ logId: log, seq }, { logId: log, seq: 1000 })
      assert.equal(set.count(1, digestOf('tea')), 599 - seq)
    }
    set.cut(log, 300)
    assert.equal(set.count(1, digestOf('tea')), 300, 'the retraction fell, and so did half of the dots')
  })

  test('holds many elements, dots and blocks apart', () => {
    const set = newSet()
    const logs = Array.from({ length: 40 }, (_, i) => `log ${i}` as LogId)
    const bytes = (n: number): Uint8Array => sha256(utf8ToBytes(String(n)))
    for (let seq = 0; seq < 1000; seq++)
      for (const [i, logId] of logs.entries()) set.add(1, bytes(i < 2 ? seq : i * 1000 + seq), { logId, seq })
    assert.equal([...set.visible()].length, 39_000)
    const dots = set.dots(1, bytes(999)).map(({ logId, seq }) => [logId, seq])
    assert.deepEqual(dots, [
      ['log 0', 999],
      ['log 1', 999],
    ])
    assert.equal(set.cut(logs[0]!, 500).length, 500)
    assert.equal(set.count(1, bytes(999)), 1)
    assert.equal(set.count(1, bytes(499)), 2)
    assert.equal(set.removeRange(logs[1]!, 0, SEQ_MAX, { logId: logs[1]!, seq: 1000 }).length, 1000)
    assert.equal([...set.visible()].length, 38_500)
  })
})
