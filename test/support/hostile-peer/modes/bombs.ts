/** Bytes that become many more, or deeper, or are said to be: in requests, and in replies. */
import type { Socket } from 'node:net'
import { brotliCompressSync, constants, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { createDictionary } from '../../../../src/core/protocol/dictionary.ts'
import { FRAMES_MEDIA_TYPE } from '../../../../src/core/protocol/frame.ts'
import { CBOR_MEDIA_TYPE } from '../../../../src/core/protocol/messages.ts'
import { headsOf, send } from '../listener.ts'
import { ask, befriend, cbor, type Mode, pause } from '../mode.ts'
import type { Asked } from '../persona.ts'
import { pushOf } from './forks.ts'
import { inventedRow } from './lies.ts'

const MIB = 1024 * 1024
const BOMB_BYTES = 200 * MIB
const DEPTH = 100_000
const ITEMS = 1_000_000
const HUGE_BODY_BYTES = 1024 * MIB

/** A frame of a codec around packed bytes. */
function frameOf(codec: number, packed: Uint8Array): Uint8Array {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(packed.length + 1)
  prefix[4] = codec
  return Buffer.concat([prefix, packed])
}

/** Frames that decode to 200 MiB, by codec. */
export function compressionBombs(): ReadonlyMap<string, Uint8Array> {
  const zeros = Buffer.alloc(BOMB_BYTES)
  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }
  return new Map([
    ['zstd', frameOf(1, zstdCompressSync(zeros, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }))],
    ['brotli', frameOf(2, brotliCompressSync(zeros, quick))],
    ['deflate', frameOf(3, deflateRawSync(zeros, { level: 1, dictionary: createDictionary() }))],
  ])
}

/** Requests that are bombs, by name: each may only be answered with 4xx. */
export function bombRequests(target: string): ReadonlyMap<string, Asked> {
  const deepCbor = Buffer.alloc(DEPTH, 0x81)
  // An array that says it has 2³² − 1 items, and one that has a million.
  const hugeCbor = Buffer.from([0x9a, 0xff, 0xff, 0xff, 0xff])
  const manyCbor = Buffer.concat([Buffer.from([0x9a, 0, 0x0f, 0x42, 0x40]), Buffer.alloc(ITEMS, 0)])
  const textCbor = Buffer.from([0x7b, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff])
  const deepJson = Buffer.from('['.repeat(DEPTH))
  const manyJson = Buffer.from(`{"items":[${'0,'.repeat(ITEMS)}0]}`)
  const proto = Buffer.from('{"__proto__":{"url":"x"},"constructor":{"prototype":{"x":1}},"text":"a"}')
  const invalid = Buffer.from([0x7b, 0x22, 0x74, 0x65, 0x78, 0x74, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d])
  const gzipped = gzipSync(gzipSync(Buffer.alloc(BOMB_BYTES / 8)))
  const json = (path: string, body: Uint8Array, headers?: Readonly<Record<string, string>>): Asked => ({
    method: 'POST',
    target,
    path,
    body,
    type: 'application/json',
    ...(headers && { headers }),
  })
  const requests: [string, Asked][] = []
  for (const [name, body] of [
    ['deep', deepCbor],
    ['huge array', hugeCbor],
    ['many', manyCbor],
    ['huge text', textCbor],
  ] as const)
    for (const route of ['pull', 'ihave', 'neighbor', 'reconcile', 'payloads'])
      requests.push([`${name} CBOR to ${route}`, cbor(target, route, body)])
  for (const path of ['/federation/join', '/api/memory', '/api/peers', '/api/tasks', '/mcp'])
    for (const [name, body] of [
      ['deep', deepJson],
      ['many', manyJson],
      ['prototype', proto],
      ['invalid UTF-8', invalid],
    ] as const)
      requests.push([`${name} JSON to ${path}`, json(path, body)])
  for (const path of ['/federation/join', '/api/memory', '/federation/v1/push'])
    requests.push([`nested gzip to ${path}`, json(path, gzipped, { 'content-encoding': 'gzip, gzip' })])
  return new Map(requests)
}

/** Frames that are bombs, by name: a push of one is answered, and stores nothing. */
export function bombFrames(): ReadonlyMap<string, Uint8Array> {
  const lengths = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 1])
  return new Map([
    ...compressionBombs(),
    ['declared length', lengths],
    ['deep run', frameOf(0, Buffer.alloc(DEPTH, 0x81))],
    [
      'many items',
      frameOf(0, Buffer.concat([Buffer.from([0x9a, 0, 0x0f, 0x42, 0x40]), Buffer.alloc(ITEMS, 0)])),
    ],
  ])
}

/** A body of 1 GB, by its length or in chunks, that nobody should read to its end; whether it was cut. */
export async function sendHugeBody(
  socket: Socket,
  target: string,
  isChunked: boolean,
  signal: AbortSignal,
): Promise<'cut' | 'taken'> {
  const { host } = new URL(target)
  const length = isChunked ? 'transfer-encoding: chunked' : `content-length: ${HUGE_BODY_BYTES}`
  const head = ['POST /api/memory HTTP/1.1', `host: ${host}`, 'content-type: application/json', length]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  const chunk = Buffer.alloc(64 * 1024, 0x20)
  const part = isChunked ? Buffer.concat([Buffer.from('10000\r\n'), chunk, Buffer.from('\r\n')]) : chunk
  for (let sent = 0; sent < HUGE_BODY_BYTES && !socket.destroyed && !signal.aborted; sent += chunk.length)
    if (!socket.write(part))
      await new Promise<void>((resolve) => {
        socket.once('drain', resolve)
        socket.once('close', resolve)
      })
  const isCut = socket.destroyed
  socket.destroy()
  return isCut ? 'cut' : 'taken'
}

export const bombs: Mode = {
  says: 'sends what decodes to 200 MiB, is nested 100,000 deep, has a million items, or says it is 4 GiB; and bodies of 1 GB',
  isCut: true,
  async run(context) {
    const frames = [...bombFrames().values()]
    const requests = new Map(context.targets.map((target) => [target, [...bombRequests(target).values()]]))
    const huge = async (): Promise<void> => {
      for (let n = 0; !context.signal.aborted; n++) {
        const target = context.targets[n % context.targets.length] as string
        const socket = context.wire.open(target)
        const outcome = await sendHugeBody(socket, target, n % 2 === 0, context.signal)
        context.tally.note(`huge bodies ${outcome}`)
        await pause(100, context.signal)
      }
    }
    const small = async (): Promise<void> => {
      while (!context.signal.aborted)
        for (const [target, all] of requests) {
          for (const body of frames) await ask(context, pushOf(target, body))
          for (const asked of all) await ask(context, asked)
          await pause(10, context.signal)
        }
    }
    await Promise.all([huge(), small()])
  },
}

export const replyBombs: Mode = {
  says: 'answers spores with what decodes to 200 MiB, is too deep, too long or endless, and with heads of a megabyte',
  isCut: true,
  async run(context) {
    const frames = [...bombFrames().values()]
    const deep = Buffer.alloc(DEPTH, 0x81)
    let asked = 0
    const url = await context.serve({
      heads: ({ reply }) => {
        const n = asked++ % 4
        if (n === 0) return send(reply, CBOR_MEDIA_TYPE, deep)
        if (n === 1) return send(reply, CBOR_MEDIA_TYPE, headsOf([], 'x'), { 'x-large': 'x'.repeat(15_000) })
        send(reply, CBOR_MEDIA_TYPE, headsOf([inventedRow(1000)], `cursor ${asked}`))
      },
      pull: ({ reply }) => send(reply, FRAMES_MEDIA_TYPE, frames[asked++ % frames.length] as Uint8Array),
      nodes: ({ reply }) => send(reply, 'application/json', Buffer.from('['.repeat(DEPTH))),
      push: ({ reply }) => send(reply, CBOR_MEDIA_TYPE, Buffer.alloc(64 * MIB)),
    })
    await befriend(context, url)
  },
}
