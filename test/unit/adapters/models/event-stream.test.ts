/** Events are the same however their bytes are cut. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEventStream, EVENT_CHARS_MAX } from '../../../../src/adapters/models/event-stream.ts'

const text =
  'data: one\n\n: comment\ndata:two\r\ndata: 😀\r\n\r\nevent: x\ndata\n\nid: 3\n\ndata: last\r\rdata: cut'
const events = ['one', 'two\n😀', '', 'last']

for (const size of [1, 2, 3, 7, 1000])
  test(`in pieces of ${size} bytes`, () => {
    const stream = createEventStream()
    const bytes = Buffer.from(text)
    const found: string[] = []
    for (let at = 0; at < bytes.length; at += size)
      found.push(...(stream.push(bytes.subarray(at, at + size)) ?? []))
    assert.deepEqual(found, events)
  })

test('a line, or an event of many lines, of more than may be is an error', () => {
  assert.equal(createEventStream().push(Buffer.from('x'.repeat(EVENT_CHARS_MAX + 1))), null)
  assert.ok(createEventStream().push(Buffer.from('x'.repeat(EVENT_CHARS_MAX))))
  assert.equal(createEventStream().push(Buffer.from(`data: ${'x'.repeat(1023)}\n`.repeat(1100))), null)
})
