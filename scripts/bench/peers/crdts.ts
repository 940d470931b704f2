/** crdts: its ORSet. It has one exchange, its whole state as JSON; what one side sends, the other answers with its own. */
import { load, type MessageReplica } from './replica.ts'

interface Crdts {
  readonly ORSet: (new () => OrSet) & { from(json: unknown): OrSet }
}
interface OrSet {
  add(value: string, tag: string): void
  merge(other: OrSet): void
  values(): Iterable<string>
  toJSON(): unknown
}

const [ASK, ANSWER] = [0, 1]

export async function create(): Promise<MessageReplica> {
  const { ORSet } = (await load('crdts')) as Crdts
  const set = new ORSet()
  let tags = 0
  const state = (type: number): Uint8Array =>
    Buffer.concat([Buffer.of(type), Buffer.from(JSON.stringify(set.toJSON()))])
  return {
    write(writer, texts) {
      for (const text of texts) set.add(text, `${writer}.${tags++}`)
    },
    writeApart: (writer, text) => set.add(text, `${writer}.0`),
    connect: () => {},
    ask: () => [state(ASK)],
    receive(message) {
      set.merge(ORSet.from(JSON.parse(Buffer.from(message.subarray(1)).toString('utf8'))))
      return message[0] === ASK ? [state(ANSWER)] : []
    },
    count: () => [...set.values()].length,
  }
}
