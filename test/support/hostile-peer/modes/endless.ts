/** Peers that never come to an end: a sync without a last page, a stream without a last byte, a reply without a next one. */
import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { EVENT_STREAM_MEDIA_TYPE, encodeEvent } from '../../../../src/core/gossip/event-stream.ts'
import { FRAMES_MEDIA_TYPE } from '../../../../src/core/protocol/frame.ts'
import { CBOR_MEDIA_TYPE, encodeIhave, encodeNeighborReply } from '../../../../src/core/protocol/messages.ts'
import { VIEW_HEADER } from '../../../../src/core/protocol/view-stamp.ts'
import { createAuthor } from '../author.ts'
import { civil, headsOf, send } from '../listener.ts'
import { ask, befriend, hammer, type Mode, type ModeContext, pause } from '../mode.ts'
import { inventedRow } from './lies.ts'

/** Entries that an endless author has before it begins another log. */
const LOG_ENTRIES = 900

export const endlessHeads: Mode = {
  says: 'has one more page of heads, with one more log, behind every cursor',
  isCut: true,
  async run(context) {
    const url = await context.serve({
      heads: ({ reply }) =>
        send(reply, CBOR_MEDIA_TYPE, headsOf([inventedRow()], randomBytes(8).toString('hex'), true), {
          [VIEW_HEADER]: randomBytes(12).toString('base64url'),
        }),
    })
    await befriend(context, url)
  },
}

export const endlessPull: Mode = {
  says: 'gives one valid entry at a time, and has always written the next one meanwhile',
  isCut: true,
  async run(context) {
    let logs = 0
    let author = newLog(context, logs)
    const write = (): void => {
      if (author.next >= LOG_ENTRIES) author = newLog(context, ++logs)
      author.append([`entry ${author.next} of ${logs}`])
    }
    write()
    const url = await context.serve({
      heads: ({ reply }) =>
        send(
          reply,
          CBOR_MEDIA_TYPE,
          headsOf([{ ...author.row(), next: author.next + 1 }], randomBytes(8).toString('hex'), true),
        ),
      pull: ({ reply }) => {
        const frame = author.frame(author.next - 1)
        write()
        send(reply, FRAMES_MEDIA_TYPE, frame)
      },
    })
    await befriend(context, url)
  },
}

export const endlessStream: Mode = {
  says: 'answers a pull with frames that never end, and streams of events likewise; opens streams and never reads them',
  isCut: true,
  async run(context) {
    const author = newLog(context, 0)
    author.append(Array.from({ length: 100 }, (_, i) => `entry ${i}`))
    const frame = author.frame(0)
    const url = await context.serve({
      heads: ({ reply }) =>
        send(
          reply,
          CBOR_MEDIA_TYPE,
          headsOf([author.row(), inventedRow(1000)], randomBytes(8).toString('hex')),
        ),
      pull: ({ reply }) => pour(reply, FRAMES_MEDIA_TYPE, () => frame, context.signal),
      stream: ({ reply }) =>
        pour(
          reply,
          EVENT_STREAM_MEDIA_TYPE,
          () => encodeEvent('ihave', encodeIhave([inventedRow()])),
          context.signal,
        ),
      // It is no neighbour: then the spore opens a stream.
      neighbor: ({ reply }) =>
        send(reply, CBOR_MEDIA_TYPE, encodeNeighborReply({ accepted: false, reached: false })),
    })
    const target = (n: number): string => context.targets[n % context.targets.length] as string
    const open = hammer(context.signal, 4, async (n) => {
      const { headers, path } = context.persona.sign({ target: target(n), path: '/federation/v1/stream' })
      const socket = context.wire.open(target(n))
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${new URL(target(n)).host}\r\n${lines.join('')}\r\n`)
      socket.pause()
      await pause(200, context.signal)
    })
    await Promise.all([befriend(context, url), open])
  },
}

export const drip: Mode = {
  says: 'is found and linked like any other, and answers everything else with one byte a second',
  isCut: true,
  async run(context) {
    const url = await context.serve({
      ...civil(context.persona, () => url),
      every: async (inquiry) => {
        const { reply, path } = inquiry
        context.tally.note('dripping')
        const type = path.endsWith('stream') ? EVENT_STREAM_MEDIA_TYPE : CBOR_MEDIA_TYPE
        reply.writeHead(200, { 'content-type': type, 'content-length': 1_000_000 })
        while (!context.signal.aborted && !reply.destroyed) {
          reply.write(':')
          await pause(1000, context.signal)
        }
      },
    })
    await befriend(context, url)
  },
}

export const hang: Mode = {
  says: 'is found and linked like any other, takes every other request and never answers',
  isCut: true,
  async run(context) {
    const url = await context.serve({
      ...civil(context.persona, () => url),
      every: () => context.tally.note('hanging'),
    })
    const held = hammer(context.signal, 4, async (n) => {
      const target = context.targets[n % context.targets.length] as string
      await ask(context, { target, path: '/federation/v1/heads' })
      await pause(200, context.signal)
    })
    await Promise.all([befriend(context, url), held])
  },
}

function newLog({ persona, network }: ModeContext, number: number) {
  return createAuthor({ signer: persona.signer, network, epoch: `endless ${number}` })
}

/** Writes for ever, no faster than it is read. */
async function pour(
  reply: ServerResponse,
  type: string,
  next: () => Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  reply.writeHead(200, { 'content-type': type })
  while (!signal.aborted && !reply.destroyed) {
    const isReady = reply.write(next())
    await (isReady
      ? pause(1, signal)
      : new Promise<void>((resolve) => {
          reply.once('drain', resolve)
          reply.once('close', resolve)
        }))
  }
}
