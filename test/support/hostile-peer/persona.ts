/** Who a hostile peer says it is: a real identity that signs what it must, so that it gets as far as a peer may. */
import { randomBytes } from 'node:crypto'
import type { TransportRequest } from '../../../src/core/gossip/transport.ts'
import { signDescriptor } from '../../../src/core/identity/descriptor.ts'
import { NONCE_BYTES, signReply, signRequest } from '../../../src/core/identity/http-signature.ts'
import { createSigner, type Signer } from '../../../src/core/identity/keys.ts'
import { swarmDna } from '../../../src/core/protocol/dna.ts'
import type { Descriptor } from '../../../src/core/protocol/messages.ts'
import { descriptorFields } from '../descriptor.ts'

export interface Persona {
  readonly signer: Signer
  /** Its descriptor, signed, with the URL that it is to have. */
  descriptor(url: string | null): Descriptor
  /** A request with its signature; sent again it is a replay. */
  sign(asked: Asked): Signed
  /** Headers that sign a reply to a request. */
  signReply(body: Uint8Array, requestSignature: string): Record<string, string>
}

export interface Asked {
  readonly method?: 'GET' | 'POST'
  /** The spore that is asked: `http://127.0.0.1:7860`. */
  readonly target: string
  /** With its query. */
  readonly path: string
  readonly body?: Uint8Array
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Signed {
  readonly method: 'GET' | 'POST'
  readonly target: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

const NOTHING = new Uint8Array()

export function createPersona(name: string, network: string): Persona {
  const signer = createSigner(new Uint8Array(randomBytes(32)))
  return {
    signer,
    descriptor: (url) =>
      signDescriptor(
        descriptorFields({ url, name, network, dna: swarmDna(network), issued: Date.now() }),
        signer,
      ),
    sign({ method = 'GET', target, path, body = NOTHING, type, headers = {} }) {
      const [pathname = '', search] = path.split('?', 2)
      const parts = {
        method,
        authority: new URL(target).host,
        path: pathname,
        query: search === undefined ? '' : `?${search}`,
        body,
      }
      const nonce = new Uint8Array(randomBytes(NONCE_BYTES))
      const signature = signRequest(parts, signer, nowS(), nonce)
      const all = { ...(type && { 'content-type': type }), ...headers, ...signature }
      return { method, target, path, headers: all, body }
    },
    signReply: (body, requestSignature) => ({
      ...signReply({ status: 200, body, requestSignature }, signer, nowS()),
    }),
  }
}

const nowS = (): number => Math.floor(Date.now() / 1000)

/** A request that somebody else signed, as it came in: what a replay sends. */
export type Captured = Pick<TransportRequest, 'path' | 'body'> & {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
}
