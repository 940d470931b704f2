/**
 * @automerge/automerge: a list of immutable strings (its plain strings are collaborative texts, an operation a
 * character). The exchange is its sync protocol; the sync state is kept between exchanges, as its documentation advises,
 * so that a new one begins at what both are known to have.
 */
import { load, type MessageReplica, writerId } from './replica.ts'

interface Automerge {
  readonly ImmutableString: new (text: string) => unknown
  init(options: { actor: string }): Doc
  clone(doc: Doc, options: { actor: string }): Doc
  change(doc: Doc, options: { time: number }, change: (draft: Draft) => void): Doc
  merge(doc: Doc, other: Doc): Doc
  initSyncState(): SyncState
  encodeSyncState(state: SyncState): Uint8Array
  decodeSyncState(bytes: Uint8Array): SyncState
  generateSyncMessage(doc: Doc, state: SyncState): [SyncState, Uint8Array | null]
  receiveSyncMessage(doc: Doc, state: SyncState, message: Uint8Array): [Doc, SyncState, null]
}
interface Doc {
  readonly entries: readonly unknown[]
}
interface Draft {
  entries: unknown[]
}
type SyncState = object

export async function create(): Promise<MessageReplica> {
  const automerge = (await load('@automerge/automerge')) as Automerge
  // The list is made by the same change everywhere, as its documentation advises; two lists would be a conflict.
  const empty = automerge.change(automerge.init({ actor: actorOf(-1) }), { time: 0 }, (draft) => {
    draft.entries = []
  })
  const write = (to: Doc, texts: readonly string[]): Doc =>
    automerge.change(to, { time: Math.floor(Date.now() / 1000) }, (draft) => {
      draft.entries.push(...texts.map((text) => new automerge.ImmutableString(text)))
    })
  let writing = -1
  let doc = automerge.clone(empty, { actor: actorOf(writing) })
  let state = automerge.initSyncState()
  const generate = (): Uint8Array[] => {
    const [next, message] = automerge.generateSyncMessage(doc, state)
    state = next
    return message === null ? [] : [message]
  }
  return {
    write(writer, texts) {
      if (writer !== writing) doc = automerge.clone(doc, { actor: actorOf(writer) })
      writing = writer
      doc = write(doc, texts)
    },
    writeApart(writer, text) {
      doc = automerge.merge(doc, write(automerge.clone(empty, { actor: actorOf(writer) }), [text]))
    },
    connect() {
      state = automerge.decodeSyncState(automerge.encodeSyncState(state))
    },
    ask: generate,
    receive(message) {
      const [received, next] = automerge.receiveSyncMessage(doc, state, message)
      doc = received
      state = next
      return generate()
    },
    count: () => doc.entries.length,
  }
}

/** 16 bytes, as those of the random ids that it draws itself. */
const actorOf = (writer: number): string =>
  [0, 1, 2, 3]
    .map((word) =>
      writerId(4 * writer + word)
        .toString(16)
        .padStart(8, '0'),
    )
    .join('')
