/**
 * loro-crdt: a list of strings. The exchange is the one that its documentation shows: a version vector, then the updates
 * from there on; one byte for the type of a message. Nobody sends an update to whom it would tell nothing.
 */
import { load, type MessageReplica, writerId } from './replica.ts'

interface Loro {
  readonly LoroDoc: new () => Doc
  readonly VersionVector: { decode(bytes: Uint8Array): Version }
}
interface Version {
  encode(): Uint8Array
  /** Below 0 before, 0 the same, above 0 after, undefined where both know something of their own. */
  compare(other: Version): number | undefined
}
interface Doc {
  setPeerId(peer: bigint): void
  getList(name: string): { readonly length: number; push(item: string): void }
  commit(): void
  version(): Version
  export(mode: { mode: 'update'; from?: Version }): Uint8Array
  import(update: Uint8Array): unknown
}

/** `ANSWER` is the version of the side that was asked: it is not answered with another one. */
const [ASK, UPDATE, ANSWER] = [0, 1, 2]

export async function create(): Promise<MessageReplica> {
  const loro = (await load('loro-crdt')) as Loro
  const doc = new loro.LoroDoc()
  const entries = doc.getList('entries')
  const message = (type: number, body: Uint8Array): Uint8Array => Buffer.concat([Buffer.of(type), body])
  return {
    write: (writer, texts) => write(doc, writer, texts),
    writeApart(writer, text) {
      const other = new loro.LoroDoc()
      write(other, writer, [text])
      doc.import(other.export({ mode: 'update' }))
    },
    connect: () => {},
    ask: () => [message(ASK, doc.version().encode())],
    receive(received) {
      const body = received.subarray(1)
      if (received[0] === UPDATE) {
        doc.import(body)
        return []
      }
      const [theirs, ours] = [loro.VersionVector.decode(body), doc.version()]
      const order = ours.compare(theirs)
      const hasNews = order === undefined || order > 0
      const answers = received[0] === ASK ? [message(ANSWER, ours.encode())] : []
      return hasNews ? [...answers, message(UPDATE, doc.export({ mode: 'update', from: theirs }))] : answers
    },
    count: () => entries.length,
  }
}

function write(doc: Doc, writer: number, texts: readonly string[]): void {
  doc.setPeerId(BigInt(writerId(writer)) << 31n)
  const entries = doc.getList('entries')
  for (const text of texts) entries.push(text)
  doc.commit()
}
