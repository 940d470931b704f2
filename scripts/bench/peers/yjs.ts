/**
 * yjs: a Y.Array of strings, its most compact sequence. The exchange is that of y-protocols (sync step 1: a state
 * vector, step 2: an update against it), one byte for the type of a message, with updates of version 2.
 */
import { load, type MessageReplica, writerId } from './replica.ts'

interface Yjs {
  readonly Doc: new () => Doc
  encodeStateVector(doc: Doc): Uint8Array
  encodeStateAsUpdateV2(doc: Doc, stateVector?: Uint8Array): Uint8Array
  applyUpdateV2(doc: Doc, update: Uint8Array): void
}
interface Doc {
  clientID: number
  getArray(name: string): { readonly length: number; push(items: readonly string[]): void }
  transact(change: () => void): void
}

/** `ANSWER` is step 1 of the side that was asked: it is not answered with another step 1. */
const [ASK, UPDATE, ANSWER] = [0, 1, 2]

export async function create(): Promise<MessageReplica> {
  const yjs = (await load('yjs')) as Yjs
  const doc = new yjs.Doc()
  const entries = doc.getArray('entries')
  const message = (type: number, body: Uint8Array): Uint8Array => Buffer.concat([Buffer.of(type), body])
  return {
    write(writer, texts) {
      doc.clientID = writerId(writer)
      doc.transact(() => entries.push(texts))
    },
    writeApart(writer, text) {
      const other = new yjs.Doc()
      other.clientID = writerId(writer)
      other.getArray('entries').push([text])
      yjs.applyUpdateV2(doc, yjs.encodeStateAsUpdateV2(other))
    },
    connect: () => {},
    ask: () => [message(ASK, yjs.encodeStateVector(doc))],
    receive(received) {
      const body = received.subarray(1)
      if (received[0] === UPDATE) {
        yjs.applyUpdateV2(doc, body)
        return []
      }
      const update = message(UPDATE, yjs.encodeStateAsUpdateV2(doc, body))
      return received[0] === ASK ? [update, message(ANSWER, yjs.encodeStateVector(doc))] : [update]
    },
    count: () => entries.length,
  }
}
