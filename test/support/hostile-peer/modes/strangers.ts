/** Spores that are none, by the hundred thousand, and ways to make a spore ask what it must not. */

import { type Answerer, civil, sendNodes } from '../listener.ts'
import { befriend, hammer, joinOf, type Mode, nobodyAt } from '../mode.ts'

/** Descriptors of one mode in all. */
const FAKES = 100_000
/** Different ones that one peer says it knows. */
const DISTINCT = 10_000
/** In one reply: what a spore may say at most, and more. */
const IN_A_REPLY = [1024, 1024, 1024, 5000]

/** Spellings of a URL on this machine's inside; `guard` tests each of forty by itself. */
export function internalUrls(canary: string): readonly string[] {
  const port = canary.split(':')[1] ?? '80'
  const hosts = ['127.0.0.1', 'localhost', '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '[::1]']
  const more = ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '0.0.0.0', '[::]', '127.0.0.1.', 'localhost.']
  const all = [...hosts, ...more]
  return [
    ...all.map((host) => `http://${host}:${port}`),
    ...all.map((host) => `https://${host}:${port}`),
    ...all.map((host) => `https://${host}`),
    `https://public.example@127.0.0.1:${port}`,
    `https://127.0.0.1:${port}/federation/..`,
    'https://169.254.169.254/latest/meta-data',
    'https://[fd00:ec2::254]',
    'https://canary.localhost',
    'https://localtest.localdomain',
  ]
}

export const fakeNodes: Mode = {
  says: 'knows thousands of spores that do not exist, other ones each time it is asked',
  // What it passes on was signed: whether they are there, it need not know.
  isCut: false,
  async run(context) {
    const fakes = context.newPersona('fake')
    const all = Array.from({ length: DISTINCT }, (_, n) => fakes.descriptor(nobodyAt(n)))
    let told = 0
    const url = await context.serve({
      join: (inquiry) => {
        const count = IN_A_REPLY[told++ % IN_A_REPLY.length] as number
        const from = Math.floor(Math.random() * (DISTINCT - count))
        sendNodes(inquiry, context.persona, url, all.slice(from, from + count))
      },
      nodes: (inquiry) => sendNodes(inquiry, context.persona, url, all.slice(0, 1024)),
    })
    await befriend(context, url)
  },
}

export const fakeJoins: Mode = {
  says: 'introduces a hundred thousand spores that are none; to who connects to public addresses only, such as are inside',
  isCut: true,
  run: (context) => {
    const internal = internalUrls(context.canary)
    const persona = context.newPersona('fake')
    return hammer(context.signal, 16, (n) => {
      if (n >= FAKES) return Promise.resolve(null)
      // A key of its own for every eighth: the URL is what counts.
      const who = n % 8 === 0 ? context.newPersona(`fake ${n}`) : persona
      const target = context.targets[n % context.targets.length] as string
      const isOpen = context.open.includes(target)
      const url = isOpen ? nobodyAt(n) : (internal[Math.floor(n / 2) % internal.length] as string)
      return context.wire.send(who.sign(joinOf(target, who, url)))
    })
  },
}

export const redirects: Mode = {
  says: 'answers every request with a redirect into the network of whoever asks, at once or by way of itself',
  isCut: true,
  async run(context) {
    let asked = 0
    const away: Answerer = ({ reply, path }) => {
      const status = [301, 302, 303, 307, 308][asked % 5] as number
      const inside = `http://${context.canary}${path}`
      const location = asked++ % 3 === 0 ? `${rude}/again` : inside
      const alternative = `h2="${context.canary}"; ma=3600`
      reply.writeHead(status, { location, 'alt-svc': alternative, refresh: `0; url=${inside}` }).end()
    }
    const other = context.newPersona('redirects at once')
    const rude = await context.serve({ every: away, join: away, nodes: away, neighbor: away }, other)
    const polite = await context.serve({
      ...civil(context.persona, () => polite),
      every: away,
    })
    await Promise.all([befriend(context, polite), befriend(context, rude, other)])
  },
}
