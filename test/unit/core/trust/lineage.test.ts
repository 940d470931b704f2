import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did, Digest } from '../../../../src/core/base/brand.ts'
import {
  type Element,
  LINEAGE_DEPTH_MAX,
  LINEAGE_ELEMENTS_MAX,
  trustOfLineage,
} from '../../../../src/core/trust/lineage.ts'

const TRUST: Record<string, number> = { good: 0.9, fair: 0.6, bad: 0.1 }
const STRANGER = 0.3

function lineage(elements: Record<string, [authors: string, sources?: string]>, id = 'a') {
  const list = (text = ''): string[] => text.split(' ').filter((one) => one !== '')
  return trustOfLineage(id as Digest, {
    elementOf: (of): Element | null => {
      const element = elements[of]
      return element ? { authors: list(element[0]) as Did[], sources: list(element[1]) as Digest[] } : null
    },
    trustOf: (author) => TRUST[author] ?? STRANGER,
    strangerTrust: STRANGER,
  })
}

test('an entry without sources is worth what its author is', () => {
  assert.deepEqual(lineage({ a: ['good'] }), { trust: 0.9, weakest: 'a', missing: 0, isCut: false })
})

test('it is worth no more than the least of what it was made of, however far back', () => {
  assert.deepEqual(lineage({ a: ['good', 'b c'], b: ['fair'], c: ['good', 'd'], d: ['bad'] }), {
    trust: 0.1,
    weakest: 'd',
    missing: 0,
    isCut: false,
  })
})

test('of several who say the same, one is enough', () => {
  assert.equal(lineage({ a: ['good', 'b'], b: ['bad fair'] }).trust, 0.6)
})

test('circles end', () => {
  assert.equal(lineage({ a: ['good', 'b'], b: ['fair', 'a b'] }).trust, 0.6)
})

test('a source that is not held says nothing; an entry that is not held is a stranger’s', () => {
  assert.deepEqual(lineage({ a: ['good', 'x y'] }), { trust: 0.9, weakest: 'a', missing: 2, isCut: false })
  assert.equal(lineage({}).trust, STRANGER)
})

test('what is buried too deep makes a stranger of it', () => {
  const chain = (length: number, last: string): Record<string, [string, string?]> =>
    Object.fromEntries(
      Array.from({ length }, (_, i) => [
        i === 0 ? 'a' : `e${i}`,
        i === length - 1 ? [last] : ['good', `e${i + 1}`],
      ]),
    )
  assert.equal(lineage(chain(LINEAGE_DEPTH_MAX + 1, 'bad')).trust, 0.1)
  const deep = lineage(chain(LINEAGE_DEPTH_MAX + 2, 'bad'))
  assert.deepEqual([deep.trust, deep.isCut, deep.weakest], [STRANGER, true, null])
})

test('and so does one source more than is looked at', () => {
  const wide = (count: number) => {
    const names = Array.from({ length: count }, (_, i) => `s${i}`)
    return lineage({
      a: ['good', names.join(' ')],
      ...Object.fromEntries(names.map((name): [string, [string]] => [name, ['good']])),
    })
  }
  assert.equal(wide(LINEAGE_ELEMENTS_MAX - 1).isCut, false)
  assert.deepEqual([wide(LINEAGE_ELEMENTS_MAX).isCut, wide(LINEAGE_ELEMENTS_MAX).trust], [true, STRANGER])
})
