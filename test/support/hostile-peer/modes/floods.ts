/** Peers that ask too much: requests that are in order, pushes that are not, entries that nobody wants, keys without end. */
import { randomBytes } from 'node:crypto'
import { FEDERATION_BODY_BYTES_MAX } from '../../../../src/core/protocol/limits.ts'
import { createAuthor } from '../author.ts'
import { ask, hammer, joinOf, type Mode, type ModeContext, nobodyAt } from '../mode.ts'
import { pushOf } from './forks.ts'

/** Requests under way: enough to keep a spore's processor busy from one address. */
const LANES = 32
/** Keys of one flood; N4 asks for a thousand. */
const SYBILS = 1000
/** Addresses, in prefixes of their own, that the sybils share. */
const SYBIL_ADDRESSES = 8
const GARBAGE_BYTES = 256 * 1024
/** Entries of one push. */
const WORTHLESS = 50
const WORTHLESS_CHARS = 1000

const targetOf = ({ targets }: ModeContext, n: number): string => targets[n % targets.length] as string

export const flood: Mode = {
  says: 'sends valid signed requests as fast as they are answered, a hundred times what a peer may',
  isCut: true,
  run: (context) =>
    hammer(context.signal, LANES, () =>
      // All of it against one: its own machine cannot send more.
      ask(context, { target: targetOf(context, 0), path: '/federation/v1/heads' }),
    ),
}

export const unsigned: Mode = {
  says: 'sends requests whose signatures do not hold, each of which costs a verification to find out',
  isCut: true,
  run: (context) =>
    hammer(context.signal, LANES, (n) => {
      const signed = context.persona.sign({ target: targetOf(context, n), path: '/federation/v1/heads' })
      const signature = signed.headers.signature ?? ''
      const spoilt = `spore=:${signature[7] === 'A' ? 'B' : 'A'}${signature.slice(8)}`
      return context.wire.send({ ...signed, headers: { ...signed.headers, signature: spoilt } })
    }),
}

export const garbage: Mode = {
  says: 'pushes random bytes, in signed requests as large as they may be',
  isCut: true,
  run: (context) => {
    const large = new Uint8Array(randomBytes(FEDERATION_BODY_BYTES_MAX))
    return hammer(context.signal, LANES / 4, (n) => {
      const body = n % 8 === 0 ? large : large.subarray(0, GARBAGE_BYTES)
      // A frame's length, so that it is taken for one.
      body[0] = body[1] = 0
      return ask(context, pushOf(targetOf(context, n), body))
    })
  },
}

export const worthless: Mode = {
  says: 'pushes valid entries that nobody asked for, in ever new logs and of ever new authors',
  isCut: true,
  run: (context) => {
    const text = 'x'.repeat(WORTHLESS_CHARS)
    return hammer(context.signal, LANES / 4, (n) => {
      const persona = n % 4 === 0 ? context.newPersona('worthless') : context.persona
      const author = createAuthor({
        signer: persona.signer,
        network: context.network,
        epoch: `worthless ${n}`,
      })
      author.append(Array.from({ length: WORTHLESS }, (_, i) => `${n}/${i} ${text}`))
      return ask(context, pushOf(targetOf(context, n), author.frame(0)))
    })
  },
}

export const sybils: Mode = {
  says: 'comes as a thousand keys from eight address blocks, each of which joins, asks and pushes a little',
  isCut: true,
  run: (context) => {
    const keys = Array.from({ length: SYBILS }, (_, i) => context.newPersona(`sybil ${i}`))
    const wires = Array.from({ length: SYBIL_ADDRESSES }, (_, i) => context.newWire(context.address(i + 1)))
    return hammer(context.signal, LANES, (n) => {
      const persona = keys[n % SYBILS]
      const wire = wires[n % SYBIL_ADDRESSES]
      if (!persona || !wire) throw new Error('no sybil')
      const target = targetOf(context, n)
      if (n % 3 === 0) return wire.send(persona.sign(joinOf(target, persona, nobodyAt(n))))
      if (n % 3 === 1) return wire.send(persona.sign({ target, path: '/federation/v1/heads' }))
      const author = createAuthor({ signer: persona.signer, network: context.network, epoch: `sybil ${n}` })
      author.append([`sybil ${n}`])
      return wire.send(persona.sign(pushOf(target, author.frame(0))))
    })
  },
}
