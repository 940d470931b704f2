import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStemmer, STEMMED_CHARS_MAX } from '../../../../src/core/retrieval/stemmer.ts'

test('stems English and leaves other words alone', () => {
  const stem = createStemmer()
  assert.equal(stem('relational'), 'relat')
  assert.equal(stem('zürich'), 'zürich')
  assert.equal(stem('a1s'), 'a1s')
})

test('gives the same stems when its memory is full', () => {
  const small = createStemmer(2)
  const large = createStemmer()
  for (const word of ['running', 'houses', 'flying', 'running', 'nations', 'houses']) {
    assert.equal(small(word), large(word))
  }
})

test('a word longer than the bound is not stemmed', () => {
  const stem = createStemmer()
  const longest = `${'b'.repeat(STEMMED_CHARS_MAX - 6)}ations`
  assert.notEqual(stem(longest), longest)
  assert.equal(stem(`b${longest}`), `b${longest}`)
})
