/** A hit of `spore search`, as it is printed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeHit } from '../../../src/cli/hit-text.ts'
import type { Hit } from '../../../src/core/protocol/api.ts'

const AUTHOR = 'did:key:z6MkAAAAAAAABBBBBBBB'
const hit: Hit = {
  id: 'bafyreione',
  text: 'the heron nests',
  score: 2.125,
  author: AUTHOR,
  space: 'private',
  thread: 'birds',
  position: 1,
  speaker: 'Ada',
  tags: ['red'],
  createdAt: '2026-11-21T00:00:00.000Z',
  trust: 1,
}

test('a hit shows its place, score, text, id, author, speaker and tags', () => {
  const lines = describeHit(hit, 1, false).split('\n')
  assert.deepEqual(lines, [
    '1. birds#1  2.13',
    '   the heron nests',
    '   bafyreione  by BBBBBBBB (this spore), Ada  [red]',
  ])
})

test('of another author it shows how far he is trusted, where something is known; none of them is this spore', () => {
  const by = (more: object) =>
    describeHit({ ...hit, speaker: null, ...more }, 1, false)
      .split('\n')
      .at(-1)
  assert.equal(
    by({ trust: 1, tier: 'commander' }),
    '   bafyreione  by BBBBBBBB (commander, trust 1.00)  [red]',
  )
  assert.equal(
    by({ trust: 0.456, tier: 'observer' }),
    '   bafyreione  by BBBBBBBB (observer, trust 0.46)  [red]',
  )
  assert.equal(by({ trust: null, tier: 'stranger' }), '   bafyreione  by BBBBBBBB  [red]')
})

test('explained, summands and factors stand apart, and what changes nothing is left out', () => {
  const parts = { terms: 1, grams: 0.4, feedback: 0, thread: 0.3, speaker: 1.25, trust: 1, age: 0.99999 }
  const explained = (more: Record<string, number>): string | undefined =>
    describeHit({ ...hit, parts: { ...parts, ...more } }, 1, false)
      .split('\n')
      .at(-1)
  assert.equal(explained({}), '   (terms 1.000 + grams 0.400 + thread 0.300) × speaker 1.250')
  assert.equal(explained({ speaker: 1 }), '   terms 1.000 + grams 0.400 + thread 0.300')
  assert.equal(explained({ grams: 0, thread: 0, age: 0.9 }), '   terms 1.000 × speaker 1.250 × age 0.900')
})

test('near-duplicates behind a hit are named, or counted, with their authors', () => {
  const copy = { id: 'bafyreitwo', author: AUTHOR }
  const lineOf = (copies: Hit['copies']) =>
    describeHit({ ...hit, copies }, 1, false)
      .split('\n')
      .at(-1)
  assert.equal(lineOf([copy]), '   also bafyreitwo, by BBBBBBBB')
  assert.equal(lineOf([copy, { ...copy, id: 'bafyreithree' }]), '   also 2 near-duplicates, by BBBBBBBB')
})

test('a long text is cut unless it is wanted in full', () => {
  const text = 'x'.repeat(500)
  assert.ok(describeHit({ ...hit, text }, 1, false).includes(`${'x'.repeat(400)}…`))
  assert.ok(describeHit({ ...hit, text }, 1, true).includes(text))
})
