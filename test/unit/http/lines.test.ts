import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesToUtf8, utf8ToBytes } from '../../../src/core/base/bytes.ts'
import { splitLines } from '../../../src/http/api/lines.ts'

const LINE_BYTES_MAX = 8

async function linesOf(chunks: readonly Uint8Array[]): Promise<(string | null)[]> {
  const lines: (string | null)[] = []
  let expected = 1
  for await (const batch of splitLines(toStream(chunks), LINE_BYTES_MAX))
    for (const { number, bytes } of batch) {
      assert.equal(number, expected++)
      lines.push(bytes && bytesToUtf8(bytes))
    }
  return lines
}
async function* toStream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

test('lines do not depend on where the stream is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.stringMatching(/^[a-zé]{0,6}$/), { maxLength: 8 }),
      fc.array(fc.nat(64), { maxLength: 6 }),
      async (texts, cuts) => {
        const bytes = utf8ToBytes(texts.map((text) => `${text}\n`).join(''))
        const at = [...cuts.map((cut) => Math.min(cut, bytes.length)), 0, bytes.length].sort((a, b) => a - b)
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
        const shown = texts.map((text) => (utf8ToBytes(text).length > LINE_BYTES_MAX ? null : text))
        assert.deepEqual(await linesOf(chunks), shown)
      },
    ),
    { verbose: true },
  )
})

test('a line at the bound is whole; one byte more is dropped and the next line is not', async () => {
  assert.deepEqual(await linesOf([utf8ToBytes('12345678\n123456789\nnext\n')]), ['12345678', null, 'next'])
})

test('the last line needs no end, and CRLF ends a line too', async () => {
  assert.deepEqual(await linesOf([utf8ToBytes('one\r\n\r\ntwo')]), ['one', '', 'two'])
})

test('no bytes are no lines', async () => {
  assert.deepEqual(await linesOf([]), [])
})
