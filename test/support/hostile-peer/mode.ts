/** What a mode of the hostile peer is given, and what all of them do alike. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CBOR_MEDIA_TYPE,
  decodeHeads,
  encodeNeighbor,
  type HeadsRow,
} from '../../../src/core/protocol/messages.ts'
import type { Script } from './listener.ts'
import type { Asked, Persona } from './persona.ts'
import type { Tally } from './tally.ts'
import type { Answer, Wire } from './wire.ts'

export interface Mode {
  /** One line: what it tries. */
  readonly says: string
  /** An honest spore can tell, and is to have no more to do with it within seconds. */
  readonly isCut: boolean
  /** Goes on until the signal. */
  run(context: ModeContext): Promise<void>
}

export interface ModeContext {
  /** Spores that may connect to where it answers: they take private addresses. */
  readonly open: readonly string[]
  /** Spores that connect to public addresses alone. */
  readonly strict: readonly string[]
  /** Both. */
  readonly targets: readonly string[]
  readonly network: string
  /** `host:port` of what nobody may be led to. */
  readonly canary: string
  readonly tally: Tally
  readonly signal: AbortSignal
  readonly persona: Persona
  readonly wire: Wire
  /** Its addresses; sybils have as many as they like. */
  address(index: number): string
  newPersona(name: string): Persona
  newWire(address: string, connections?: number): Wire
  /** Answers at a URL of its own until the end. */
  serve(script: Script, persona?: Persona): Promise<string>
}

/** It introduces itself again this often, and asks to be a neighbour: who was dropped comes back. */
const BEFRIEND_MS = 1000

/** Waits; early, and without an error, at the end. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => {})

export function ask(context: ModeContext, asked: Asked, persona = context.persona): Promise<Answer | null> {
  return context.wire.send(persona.sign(asked))
}

export const cbor = (target: string, route: string, body: Uint8Array): Asked => ({
  method: 'POST',
  target,
  path: `/federation/v1/${route}`,
  body,
  type: CBOR_MEDIA_TYPE,
})

export const joinOf = (target: string, persona: Persona, url: string | null): Asked => ({
  method: 'POST',
  target,
  path: '/federation/join',
  body: Buffer.from(JSON.stringify(persona.descriptor(url))),
  type: 'application/json',
})

/** Stays a peer and, where it is let, a neighbour of every open target, so that these ask it. */
export async function befriend(context: ModeContext, url: string, persona = context.persona): Promise<void> {
  const link = encodeNeighbor({ ask: 'urgent', want: [] })
  while (!context.signal.aborted) {
    for (const target of context.open) {
      await context.wire.send(persona.sign(joinOf(target, persona, url)), true)
      await context.wire.send(persona.sign(cbor(target, 'neighbor', link)), true)
    }
    await pause(BEFRIEND_MS, context.signal)
  }
}

/** The logs of a spore, as it lists them; none where it does not say. */
export async function rowsOf(context: ModeContext, target: string): Promise<readonly HeadsRow[]> {
  const answer = await ask(context, { target, path: '/federation/v1/heads' })
  const heads = answer?.status === 200 ? decodeHeads(answer.body) : null
  return heads?.spaces.flatMap(({ rows }) => rows) ?? []
}

/** Does the same again and again, `lanes` at a time, as fast as it is answered. */
export async function hammer(
  signal: AbortSignal,
  lanes: number,
  act: (n: number) => Promise<unknown>,
): Promise<void> {
  let n = 0
  const lane = async (): Promise<void> => {
    while (!signal.aborted) {
      const answered = await act(n++)
      // Who is refused at once must not become a busy loop of this machine's.
      if (answered === null) await pause(5, signal)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

/** A URL where nobody listens, in one of many address blocks; a test never leaves its machine. */
export const nobodyAt = (n: number): string => `http://127.${200 + (n % 50)}.${n % 251}.${n % 253}:9`
