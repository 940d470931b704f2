/** Peers that answer in the right form, and lie: about views, logs, cursors, and what they have. */
import { randomBytes } from 'node:crypto'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { bytesToBase64url } from '../../../../src/core/base/bytes.ts'
import { FRAMES_MEDIA_TYPE } from '../../../../src/core/protocol/frame.ts'
import { HEADS_ROWS_MAX, SEQ_MAX } from '../../../../src/core/protocol/limits.ts'
import {
  CBOR_MEDIA_TYPE,
  CURSOR_HEADER,
  CURSOR_UNKNOWN,
  encodeIhave,
  type HeadsRow,
} from '../../../../src/core/protocol/messages.ts'
import { decodeAsks, encodeAnswers } from '../../../../src/core/protocol/reconcile-messages.ts'
import { VIEW_HEADER } from '../../../../src/core/protocol/view-stamp.ts'
import { createAuthor } from '../author.ts'
import { type Answerer, headsOf, send } from '../listener.ts'
import { ask, befriend, cbor, hammer, type Mode, pause, rowsOf } from '../mode.ts'

export const inventedRow = (next = 1): HeadsRow => ({
  logId: bytesToBase64url(new Uint8Array(randomBytes(16))) as LogId,
  next,
  chain: new Uint8Array(randomBytes(32)),
})

const stamp = (): string => randomBytes(12).toString('base64url')
const heads =
  (rows: readonly HeadsRow[], cursor: string, more = false): Answerer =>
  ({ reply }) =>
    send(reply, CBOR_MEDIA_TYPE, headsOf(rows, cursor, more), { [VIEW_HEADER]: stamp() })

export const digest: Mode = {
  says: 'claims to have the very view of whoever asks, or the same logs with another chain',
  isCut: false,
  async run(context) {
    let rows: readonly HeadsRow[] = []
    let asked = 0
    const url = await context.serve({
      heads: (inquiry) => {
        if (asked++ % 2 === 0) {
          inquiry.reply.writeHead(204).end()
          return
        }
        const other = rows.map((row) => ({ ...row, chain: new Uint8Array(randomBytes(32)) }))
        return heads(other, randomBytes(8).toString('hex'))(inquiry)
      },
    })
    const look = async (): Promise<void> => {
      for (; !context.signal.aborted; await pause(2000, context.signal))
        for (const target of context.targets) rows = await rowsOf(context, target)
    }
    await Promise.all([befriend(context, url), look()])
  },
}

export const lyingHeads: Mode = {
  says: 'says that logs are longer than they are, forked where they are not, or there at all, and sends other runs for them',
  isCut: true,
  async run(context) {
    const forger = createAuthor({ ...context, signer: context.persona.signer, epoch: 'forger' })
    forger.append(['one', 'two', 'three'])
    let rows: readonly HeadsRow[] = []
    const url = await context.serve({
      heads: (inquiry) => {
        const longer = rows.map((row, i) =>
          i % 2 === 0
            ? { ...row, next: Math.min(SEQ_MAX, row.next + 1000), chain: new Uint8Array(randomBytes(32)) }
            : { ...row, forkPoint: row.next },
        )
        const all = [...longer, inventedRow(5), inventedRow(SEQ_MAX)]
        return heads(all, randomBytes(8).toString('hex'))(inquiry)
      },
      // A good frame of another log, then one whose body was changed.
      pull: ({ reply }) => {
        const frame = forger.frame(0)
        const spoilt = Uint8Array.from(frame)
        spoilt[spoilt.length - 10]! ^= 1
        send(reply, FRAMES_MEDIA_TYPE, Buffer.concat([frame, spoilt]))
      },
    })
    const look = async (): Promise<void> => {
      for (; !context.signal.aborted; await pause(2000, context.signal))
        for (const target of context.targets) rows = await rowsOf(context, target)
    }
    await Promise.all([befriend(context, url), look()])
  },
}

export const cursor: Mode = {
  says: 'forgets every cursor that it gave, asks to reconcile, and then splits every range for ever',
  isCut: true,
  async run(context) {
    const url = await context.serve({
      heads: ({ reply }) => {
        const body = headsOf([], randomBytes(32).toString('hex'))
        send(reply, CBOR_MEDIA_TYPE, body, { [CURSOR_HEADER]: CURSOR_UNKNOWN, [VIEW_HEADER]: stamp() })
      },
      reconcile: ({ reply, body }) => {
        const asks = decodeAsks(body)
        const answers = (asks.ok ? asks.value : []).map(({ lower, upper }) => {
          const middle = { clock: Math.floor((lower.clock + upper.clock) / 2), prefix: new Uint8Array() }
          const isInside = middle.clock > lower.clock && middle.clock < upper.clock
          const parts = (isInside ? [middle, upper] : [upper]).map((end) => ({
            upper: end,
            count: 1000,
            fingerprint: new Uint8Array(randomBytes(16)),
          }))
          return { parts }
        })
        send(reply, CBOR_MEDIA_TYPE, encodeAnswers(answers))
      },
    })
    await befriend(context, url)
  },
}

export const claims: Mode = {
  says: 'announces thousands of logs again and again, and has none of them when it is asked',
  isCut: true,
  async run(context) {
    const rows = Array.from({ length: HEADS_ROWS_MAX }, () => inventedRow(1000))
    const url = await context.serve({
      heads: (inquiry) => heads(rows, randomBytes(8).toString('hex'), true)(inquiry),
      pull: ({ reply }) => send(reply, FRAMES_MEDIA_TYPE, new Uint8Array()),
    })
    const announce = hammer(context.signal, 2, (n) => {
      const target = context.targets[n % context.targets.length] as string
      return ask(context, cbor(target, 'ihave', encodeIhave(rows)))
    })
    await Promise.all([befriend(context, url), announce])
  },
}
