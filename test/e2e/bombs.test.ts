/** Bodies that are huge, or become huge when they are read: a real spore refuses them, stays up and stays small (N6). */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { API_BODY_BYTES_MAX } from '../../src/core/protocol/limits.ts'
import { CBOR_MEDIA_TYPE, decodePushReply } from '../../src/core/protocol/messages.ts'
import { temporaryFolder } from '../support/folder.ts'
import type { RunningSpore } from '../support/spore-process.ts'
import { type Asked, ask, newSigner, pushOf, type Sendable } from '../unit/http/federation/support.ts'
import { health, startPeer } from './support/swarm.ts'

const MIB = 1024 * 1024
const BOMB_BYTES = 200 * MIB
const GIB = 1024 * MIB
const RSS_BYTES_MAX = 32 * MIB

const toSendable = ({ url }: RunningSpore): Sendable => {
  const { host, port } = new URL(url)
  return { port: Number(port), authority: host }
}

/** Sends a body of 1 GB for as long as it is taken; the head of the answer, and how much was sent. */
async function sendHuge({ port, authority }: Sendable, path: string, length: string, type: string) {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  let answer = ''
  socket.setEncoding('latin1').on('data', (part: string) => {
    answer += part
  })
  socket.write(`POST ${path} HTTP/1.1\r\nhost: ${authority}\r\ncontent-type: ${type}\r\n${length}\r\n\r\n`)
  const isChunked = length.startsWith('transfer')
  const spaces = Buffer.alloc(64 * 1024, 0x20)
  const chunk = isChunked ? Buffer.concat([Buffer.from('10000\r\n'), spaces, Buffer.from('\r\n')]) : spaces
  let sent = 0
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  while (sent < GIB && !socket.destroyed) {
    sent += chunk.length
    if (!socket.write(chunk))
      await Promise.race([new Promise<void>((resolve) => socket.once('drain', () => resolve())), closed])
  }
  socket.destroy()
  await closed
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0), sent }
}

/** The status of an answer; `closed` where the connection was closed while the body was being sent. */
async function statusOf(target: Sendable, asked: Asked): Promise<number | 'closed'> {
  try {
    return (await ask(target, asked)).status
  } catch (error) {
    assert.ok(['EPIPE', 'ECONNRESET'].includes((error as NodeJS.ErrnoException).code ?? ''), String(error))
    return 'closed'
  }
}

function bombFrame(): Uint8Array {
  const quick = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
  const packed = zstdCompressSync(Buffer.alloc(BOMB_BYTES), quick)
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(packed.length + 1)
  prefix[4] = 1
  return Buffer.concat([prefix, packed])
}

const JSON_BOMBS: readonly (readonly [name: string, body: Uint8Array])[] = [
  ['a depth of 100,000', Buffer.from('['.repeat(100_000))],
  ['a depth of 100,000, closed', Buffer.from('['.repeat(100_000) + ']'.repeat(100_000))],
  ['an array of a million', Buffer.from(`[${'0,'.repeat(1_000_000)}0]`)],
  ['a million keys', Buffer.from(`{${Array.from({ length: 1e6 }, (_, i) => `"${i}":0`).join()}}`)],
  ['__proto__', Buffer.from('{"__proto__":{"url":"x"},"text":"a"}')],
  ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
  ['nested gzip', gzipSync(gzipSync(Buffer.alloc(BOMB_BYTES / 8)))],
]

test('bombs are refused with 4xx, and the spore stays up and small', async (context) => {
  using folder = temporaryFolder()
  await using spore = await startPeer({ home: folder.path })
  const target = toSendable(spore)
  const json = { method: 'POST', type: 'application/json' } as const
  const round = async (): Promise<number> => {
    for (const path of ['/api/memory', '/api/task', '/federation/join', '/mcp'])
      for (const [name, body] of JSON_BOMBS) {
        const status = await statusOf(target, { ...json, path, body, signer: newSigner() })
        assert.ok(status === 'closed' || (status >= 400 && status < 500), `${name} to ${path}: ${status}`)
      }
    const frames = bombFrame()
    for (let i = 0; i < 5; i++) {
      const pushed = await ask(target, { ...pushOf(frames), signer: newSigner() })
      assert.equal(decodePushReply(pushed.body)?.failures[0]?.code, 'RUN_TOO_LARGE')
    }
    for (const path of ['/api/memory', '/federation/v1/push'])
      for (const length of [`content-length: ${GIB}`, 'transfer-encoding: chunked']) {
        const type = path === '/api/memory' ? 'application/json' : CBOR_MEDIA_TYPE
        const { status, sent } = await sendHuge(target, path, length, type)
        // Who goes on sending may miss the answer: the connection is closed under it.
        assert.ok(status === 413 || status === 0, `${length} to ${path}: ${status}`)
        assert.ok(sent < 4 * API_BODY_BYTES_MAX, `${sent} bytes were taken`)
      }
    return (await health(spore)).rssBytes
  }
  // The first round loads code and grows the heap to what requests of the largest size need.
  const [warm, after] = [await round(), await round()]
  context.diagnostic(`RSS ${(warm / MIB).toFixed(0)} MiB, then ${(after / MIB).toFixed(0)} MiB`)
  assert.ok(after - warm <= RSS_BYTES_MAX, `RSS grew by ${((after - warm) / MIB).toFixed(0)} MiB`)
  assert.doesNotMatch(spore.stderr(), /request broke|request failed/)
})
