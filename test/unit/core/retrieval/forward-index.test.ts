import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createForwardIndex, createTokenBuffer } from '../../../../src/core/retrieval/forward-index.ts'

/** Tokens of two bytes each: so many fill a page to its last byte. */
const PAGE_TOKENS = 2 ** 15

test('documents are read as they were written, also those without tokens, where a page is empty or full', () => {
  const index = createForwardIndex()
  const buffer = createTokenBuffer()
  const documents = [
    new Map<number, number>(),
    ...Array.from({ length: PAGE_TOKENS }, (_, i) => new Map([[64 + (i % 8000), 1]])),
    new Map<number, number>(),
    new Map([
      [2 ** 30, 70_000],
      [0, 1],
    ]),
    new Map<number, number>(),
    new Map(Array.from({ length: 60_000 }, (_, i) => [i, 1 + (i % 3)])),
    new Map<number, number>(),
  ]
  for (const [ordinal, tokens] of documents.entries()) index.append(ordinal, tokens)
  for (const [ordinal, tokens] of documents.entries()) {
    const size = index.read(ordinal, buffer)
    const read = Array.from({ length: size }, (_, i) => [buffer.tokens[i]!, buffer.counts[i]!])
    assert.deepEqual(read, [...tokens], `document ${ordinal}`)
  }
})
