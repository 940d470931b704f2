/** Requests that were signed once and are sent again: its own, and those that spores sent to it. */
import type { Inquiry } from '../listener.ts'
import { befriend, hammer, type Mode } from '../mode.ts'
import type { Signed } from '../persona.ts'

/** Captured requests that are kept. */
const CAPTURED_MAX = 500

export const replays: Mode = {
  says: 'sends its own requests again, and those of spores that asked it: to another spore, and back to themselves',
  // Who sends a request again need not be who signed it, so nothing is held against that key; each is refused.
  isCut: false,
  async run(context) {
    const captured: Inquiry[] = []
    const url = await context.serve({})
    const trap = await context.serve(
      {
        every: (inquiry) => {
          if (captured.length < CAPTURED_MAX && inquiry.headers['signature-input']) captured.push(inquiry)
          inquiry.reply.writeHead(404).end()
        },
      },
      context.newPersona('trap'),
    )
    const own = context.targets.map((target) =>
      context.persona.sign({ target, path: '/federation/v1/heads' }),
    )
    const again = hammer(context.signal, 8, (n) => {
      const target = context.targets[n % context.targets.length] as string
      const inquiry = captured[n % Math.max(1, captured.length)]
      if (n % 2 === 0 || !inquiry) return context.wire.send(own[n % own.length] as Signed)
      context.tally.note('captured requests sent')
      return context.wire.send(toSigned(inquiry, target, n % 4 === 1))
    })
    await Promise.all([befriend(context, url), befriend(context, trap, context.newPersona('trap')), again])
  },
}

/** With the authority that was signed, or with that of the spore that it is sent to. */
function toSigned(
  { method, path, query, headers, body }: Inquiry,
  target: string,
  keepsHost: boolean,
): Signed {
  const { connection: _, 'transfer-encoding': __, 'content-length': ___, host, ...kept } = headers
  return {
    method: method === 'POST' ? 'POST' : 'GET',
    target,
    path: query === '' ? path : `${path}?${query}`,
    headers: keepsHost && host ? { ...kept, host } : kept,
    body,
  }
}
