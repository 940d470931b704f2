/** A peer that signs what it should and answers what it likes. */

import type { TransportReply, TransportRequest } from '../../../../src/core/gossip/transport.ts'
import { signDescriptor } from '../../../../src/core/identity/descriptor.ts'
import { signReply } from '../../../../src/core/identity/http-signature.ts'
import { createSigner, type Signer } from '../../../../src/core/identity/keys.ts'
import { failure } from '../../../../src/core/protocol/errors.ts'
import {
  type Descriptor,
  decodeIhave,
  encodeHeads,
  encodeIhaveReply,
  encodeNeighborReply,
  encodePushReply,
  type HeadsReply,
  type HeadsRow,
} from '../../../../src/core/protocol/messages.ts'
import { descriptorFields } from '../../../support/descriptor.ts'
import { jsonReply, type Loopback, problem, type Responder, reply, urlOf } from '../../../support/loopback.ts'

/** Answers by the end of the path; what is left out is answered like an empty spore would. */
export interface Script {
  readonly heads?: Responder
  readonly pull?: Responder
  readonly push?: Responder
  readonly stream?: Responder
  readonly ihave?: Responder
  readonly neighbor?: Responder
  readonly join?: Responder
  readonly segments?: Responder
  readonly shuffle?: Responder
}

export interface Liar {
  readonly url: string
  readonly signer: Signer
  readonly descriptor: () => Descriptor
}

export const SPACE = 'commons' as HeadsReply['spaces'][number]['space']

export function serveLiar(
  net: Loopback,
  name: string,
  script: Script,
  fields: Partial<Descriptor> = {},
): Liar {
  const signer = createSigner(Uint8Array.from({ length: 32 }, () => net.random.integer(0, 255)))
  const descriptor = (): Descriptor =>
    signDescriptor(descriptorFields({ url: urlOf(name), name, issued: net.clock.now(), ...fields }), signer)
  const answers: Script = {
    heads: async () => headsReply([], { cursor: 'x', more: false }),
    pull: async () => reply(200, new Uint8Array()),
    push: async () =>
      reply(200, encodePushReply({ new: 0, dup: 0, failures: [], want: [], prune: false, linked: true })),
    ihave: async ({ body }) => {
      const rows = decodeIhave(body)
      const want = (rows.ok ? rows.value : []).map(({ logId }) => ({ logId, from: 0 }))
      return reply(200, encodeIhaveReply({ want, linked: true }))
    },
    neighbor: async () => reply(200, encodeNeighborReply({ accepted: true, reached: true })),
    join: async (request) => signedReply(net, request, signer, { self: descriptor(), nodes: [] }),
    shuffle: async () => jsonReply(200, { nodes: [], states: [] }),
    segments: async () => problem(failure('SEGMENT_UNKNOWN', 'none')),
    ...script,
  }
  const url = net.serve(name, async (request) => {
    const action = request.path.split('/').at(-1) as string
    if (action === 'nodes') return (answers.join as Responder)(request)
    const answer = answers[action as keyof Script] as Responder | undefined
    return answer ? answer(request) : problem(failure('ROUTE_NOT_FOUND', request.path))
  })
  return { url, signer, descriptor }
}

export const headsReply = (rows: readonly HeadsRow[], { cursor, more }: { cursor: string; more: boolean }) =>
  reply(200, encodeHeads({ cursor, more, spaces: [{ space: SPACE, rows }] }))

/** A row of a log that nobody has. */
export const inventedRow = (net: Loopback, next = 1): HeadsRow => ({
  logId: Buffer.from(Uint8Array.from({ length: 16 }, () => net.random.integer(0, 255))).toString(
    'base64url',
  ) as HeadsRow['logId'],
  next,
  chain: new Uint8Array(32),
})

/** A reply to a join, signed by whoever. */
export function signedReply(
  net: Loopback,
  { headers }: TransportRequest,
  signer: Signer,
  value: unknown,
): TransportReply {
  const { status, body } = jsonReply(200, value)
  const parts = { status, body, requestSignature: headers.signature ?? '' }
  return { status, headers: { ...signReply(parts, signer, Math.floor(net.clock.now() / 1000)) }, body }
}
