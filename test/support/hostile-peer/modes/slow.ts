/** Connections that take their time: heads and bodies, a byte now and then, a thousand at once. */
import type { Socket } from 'node:net'
import { type Mode, type ModeContext, pause } from '../mode.ts'
import type { Wire } from '../wire.ts'

/** Sockets of one mode. */
const SOCKETS = 1000
/** Addresses, in prefixes of their own, that they come from. */
const ADDRESSES = 4
const DRIP_MS = 500

/** Keeps `SOCKETS` connections open that each send a byte now and then; whatever is closed is opened again. */
async function holdSockets(
  context: ModeContext,
  begin: (socket: Socket, host: string) => void,
  byte: string,
): Promise<void> {
  const { targets, signal, tally } = context
  const sockets = new Set<Socket>()
  const begun = new Set<Socket>()
  const wires = Array.from({ length: ADDRESSES }, (_, i) => context.newWire(context.address(i)))
  for (let n = 0; !signal.aborted; ) {
    // A hundred a turn: a thousand at once would only fill the listener's queue.
    for (let i = 0; i < 100 && sockets.size < SOCKETS; i++) {
      const target = targets[n % targets.length] as string
      const socket = (wires[n++ % ADDRESSES] as Wire).open(target)
      sockets.add(socket)
      socket.once('connect', () => {
        begin(socket, new URL(target).host)
        begun.add(socket)
      })
      socket.on('data', (reply) => {
        const status = /^HTTP\/1.1 (\d{3})/.exec(reply.toString('latin1'))?.[1]
        if (status) tally.replied(Number(status), 'slow')
      })
      socket.once('close', () => {
        sockets.delete(socket)
        begun.delete(socket)
        if (!signal.aborted) tally.replied(null, 'slow')
      })
    }
    for (const socket of begun) if (socket.writable) socket.write(byte)
    tally.account.notes['sockets open at most'] = Math.max(
      tally.account.notes['sockets open at most'] ?? 0,
      sockets.size,
    )
    await pause(DRIP_MS, signal)
  }
}

export const slowHeads: Mode = {
  says: 'holds a thousand connections whose request line and headers come a byte at a time',
  isCut: true,
  run: (context) =>
    holdSockets(
      context,
      (socket, host) => socket.write(`GET /api/health HTTP/1.1\r\nhost: ${host}\r\nx-slow: `),
      'x',
    ),
}

export const slowBodies: Mode = {
  says: 'holds a thousand connections whose body comes a byte at a time',
  isCut: true,
  run: (context) =>
    holdSockets(
      context,
      (socket, host) =>
        socket.write(
          `POST /federation/v1/push HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/vnd.spore.frames\r\ncontent-length: 100000\r\n\r\n`,
        ),
      '\0',
    ),
}
