/** The set alone: its state depends on what happened, never on the order or the repetition. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { createOrSet, type DotRef, type OrSet, type Transition } from '../../../../src/core/memory/or-set.ts'
import { SEQ_MAX } from '../../../../src/core/protocol/limits.ts'
import { fuzz } from '../../../support/fuzz.ts'

type Fact =
  | { readonly is: 'add'; readonly element: string; readonly dot: DotRef }
  | { readonly is: 'remove'; readonly dot: DotRef; readonly by: DotRef }
  | { readonly is: 'cut'; readonly logId: LogId; readonly seq: number }

const LOGS = ['a', 'b', 'c'] as LogId[]
const logId = fc.constantFrom(...LOGS)
const dot = fc.record({ logId, seq: fc.oneof(fc.nat(5), fc.constant(SEQ_MAX)) })
/** A dot has one element for ever: the one that its log wrote there. */
const elementOf = ({ logId, seq }: DotRef): string =>
  ['tea', 'milk', 'salt'][(LOGS.indexOf(logId) + seq) % 3] as string
const fact: fc.Arbitrary<Fact> = fc.oneof(
  { weight: 5, arbitrary: dot.map((one): Fact => ({ is: 'add', dot: one, element: elementOf(one) })) },
  { weight: 4, arbitrary: fc.record({ is: fc.constant('remove' as const), dot, by: dot }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('cut' as const), logId, seq: fc.nat(6) }) },
)

function apply(set: OrSet<string>, facts: readonly Fact[]): Transition<string>[] {
  return facts.flatMap((one) => {
    if (one.is === 'cut') return set.cut(one.logId, one.seq)
    const transition = one.is === 'add' ? set.add(one.element, one.dot) : set.remove(one.dot, one.by)
    return transition ? [transition] : []
  })
}

/** The definition of §6, computed from all facts at once. */
function expected(facts: readonly Fact[]): Map<string, string[]> {
  const cutAt = (log: LogId) =>
    Math.min(
      Number.POSITIVE_INFINITY,
      ...facts.flatMap((one) => (one.is === 'cut' && one.logId === log ? [one.seq] : [])),
    )
  const isValid = (one: DotRef) => one.seq < cutAt(one.logId)
  const isSame = (a: DotRef, b: DotRef) => a.logId === b.logId && a.seq === b.seq
  const dots = new Map<string, Set<string>>()
  for (const one of facts) {
    if (one.is !== 'add' || !isValid(one.dot)) continue
    if (facts.some((other) => other.is === 'remove' && isSame(other.dot, one.dot) && isValid(other.by)))
      continue
    dots.set(one.element, (dots.get(one.element) ?? new Set()).add(`${one.dot.logId}${one.dot.seq}`))
  }
  return new Map([...dots].map(([element, set]) => [element, [...set].sort()]))
}
const stateOf = (set: OrSet<string>) =>
  new Map(
    [...set.visible()].map((element) => [
      element,
      set
        .dots(element)
        .map(({ logId, seq }) => `${logId}${seq}`)
        .sort(),
    ]),
  )

describe('the set', () => {
  test('is what the definition says, in any order and with repetitions', () =>
    fuzz(
      fc.array(fact, { maxLength: 30, size: 'max' }).chain((facts) =>
        fc.record({
          facts: fc.constant(facts),
          shuffled: fc.shuffledSubarray([...facts, ...facts], { minLength: facts.length * 2 }),
        }),
      ),
      ({ facts, shuffled }) => {
        const [set, other] = [createOrSet<string>(), createOrSet<string>()]
        apply(set, facts)
        apply(other, shuffled)
        assert.deepEqual(stateOf(set), expected(facts))
        assert.deepEqual(stateOf(other), expected(facts))
        for (const element of ['tea', 'milk', 'salt'])
          assert.equal(set.has(element), expected(facts).has(element))
      },
      2000,
    ))

  test('reports each element’s appearing and vanishing, and nothing else', () =>
    fuzz(fc.array(fact, { maxLength: 30, size: 'max' }), (facts) => {
      const set = createOrSet<string>()
      const visible = new Set<string>()
      for (const { element, wasVisible, isVisible } of apply(set, facts)) {
        assert.equal(visible.has(element), wasVisible)
        if (isVisible) visible.add(element)
        else visible.delete(element)
      }
      assert.deepEqual([...visible].sort(), [...expected(facts).keys()].sort())
    }))

  test('lists dots in the order in which they came', () => {
    const set = createOrSet<string>()
    for (const seq of [3, 1, 2]) set.add('tea', { logId: LOGS[0]!, seq })
    assert.deepEqual(
      set.dots('tea').map(({ seq }) => seq),
      [3, 1, 2],
    )
    assert.deepEqual(set.dots('milk'), [])
  })
})
