import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readData } from '../../../src/cli/client-events.ts'

/** The bytes in pieces of these lengths, over and over. */
async function* pieces(bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1
    yield bytes.subarray(at, at + length)
    at += length
  }
}

async function read(text: string, lengths: readonly number[] = [1000]): Promise<string[]> {
  const data: string[] = []
  for await (const one of readData(pieces(new TextEncoder().encode(text), lengths))) data.push(one)
  return data
}

test('events are read whole, however the stream is cut into pieces', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 20 })),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
      async (texts, lengths) => {
        const sent = texts.map((text) => JSON.stringify({ text }))
        const frames = sent.map((data) => `id: 1\nevent: x\ndata: ${data}\n\n:\n\n`)
        assert.deepEqual(await read(`retry: 2000\n\n${frames.join('')}`, lengths), sent)
      },
    ),
    { verbose: true },
  )
})

test('data in several lines is one, comments are none, and an event without its end is not given', async () => {
  assert.deepEqual(await read(':\n\ndata: a\ndata:b\r\n\r\nevent: x\n\ndata: half'), ['a\nb'])
})
