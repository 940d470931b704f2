/** Stamps name views, tell nothing of their sums, and travel in the query of a request for heads. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { headsQuery, parseStamp, viewStamp } from '../../../../src/core/protocol/view-stamp.ts'

test('a stamp is the first 12 bytes of a hash over the digest, under a name of its own', () => {
  const digest = `${'00'.repeat(31)}01`
  const expected = createHash('sha256').update('spore/view/1').update(Buffer.from(digest, 'hex')).digest()
  assert.equal(viewStamp(digest), expected.subarray(0, 12).toString('base64url'))
  assert.match(viewStamp('ff'.repeat(32)), /^[\w-]{16}$/)
  assert.notEqual(viewStamp(digest), viewStamp('00'.repeat(32)))
})

test('what has not its form is no stamp', () => {
  const stamp = viewStamp('00'.repeat(32))
  assert.equal(parseStamp(stamp), stamp)
  for (const text of [undefined, '', `"${stamp}"`, `${stamp}A`, stamp.slice(1), `${stamp.slice(1)}+`])
    assert.equal(parseStamp(text), null)
})

test('a query leaves out what there is not, and is one whatever a cursor holds', () => {
  assert.equal(headsQuery(null, null), '')
  assert.equal(headsQuery('a', null), '?own=a')
  assert.equal(headsQuery('a', ''), '?own=a&since=')
  assert.equal(headsQuery(null, 'c&d'), '?since=c%26d')
})
