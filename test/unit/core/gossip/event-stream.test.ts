/** The reader of event streams: what it understands, however it is cut, and what it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { concatBytes } from '../../../../src/core/base/bytes.ts'
import {
  encodeEvent,
  heartbeat,
  readEvents,
  type StreamEvent,
} from '../../../../src/core/gossip/event-stream.ts'
import { EVENT_LINE_CHARS_MAX } from '../../../../src/core/protocol/limits.ts'
import { encodeIhave } from '../../../../src/core/protocol/messages.ts'
import { seededRandom, testSeed } from '../../../support/seeded.ts'

const text = (words: string): Uint8Array => new TextEncoder().encode(words)

async function read(...chunks: readonly Uint8Array[]): Promise<StreamEvent[]> {
  const events: StreamEvent[] = []
  const stream = (async function* () {
    yield* chunks
  })()
  for await (const event of readEvents(stream)) events.push(event)
  return events
}

const rows = [{ logId: 'A'.repeat(22) as LogId, next: 7 }]
const frames = Uint8Array.of(0, 0, 0, 2, 0, 1)
const all = concatBytes(
  heartbeat(),
  encodeEvent('push', frames),
  heartbeat(),
  encodeEvent('ihave', encodeIhave(rows)),
)
const both: StreamEvent[] = [
  { type: 'push', frames },
  { type: 'ihave', rows },
]

test('events are read as they were written, wherever they are cut', async (context) => {
  const seed = testSeed()
  context.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  assert.deepEqual(await read(all), both)
  assert.deepEqual(await read(...Array.from(all, (byte) => Uint8Array.of(byte))), both)
  for (let i = 0; i < 50; i++) {
    const parts: Uint8Array[] = []
    for (let at = 0; at < all.length; ) {
      const end = Math.min(all.length, at + random.integer(0, 20))
      parts.push(all.subarray(at, end))
      at = end
    }
    assert.deepEqual(await read(...parts), both)
  }
})

test('other line ends, fields and comments are let pass, and an event without its end is none', async () => {
  const other = text('id: 5\r\nevent:push\r\n: hello\r\ndata:AAAAAgAB\r\nretry: 9\r\n\r\n')
  assert.deepEqual(await read(other), [both[0]])
  assert.deepEqual(await read(encodeEvent('push', frames).subarray(0, -1)), [])
})

for (const [what, words] of [
  ['of a type that is none', 'event: gossip\ndata: AAAA\n\n'],
  ['without a type', 'data: AAAA\n\n'],
  ['that is not base64url', 'event: push\ndata: !\n\n'],
  ['that is padded', 'event: push\ndata: AA==\n\n'],
  ['of several lines', 'event: push\ndata: AAAA\ndata: AAAA\n\n'],
  ['that announces rubbish', 'event: ihave\ndata: AAAA\n\n'],
] as const)
  test(`an event ${what} is refused`, async () => {
    await assert.rejects(read(text(words)), { code: 'PEER_REFUSED' })
  })

test('a line has at most so many characters, also before its end has come', async () => {
  const longest = text('x'.repeat(EVENT_LINE_CHARS_MAX))
  assert.deepEqual(await read(longest, text('\n')), [])
  await assert.rejects(read(longest, text('x')), { code: 'PEER_REFUSED' })
  await assert.rejects(read(text(`x\n${'x'.repeat(EVENT_LINE_CHARS_MAX)}x`)), { code: 'PEER_REFUSED' })
})
