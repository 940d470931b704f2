/** Histories and what they leave visible (PROTOCOL.md §6). The result holds for every order of delivery. */
import { cbor, hex } from './cbor.ts'
import {
  type Case,
  checkpoint,
  cid,
  createWriter,
  type Entry,
  logId,
  logOf,
  memory,
  NETWORK,
  NOW_MS,
  retract,
  seeded,
  sha256,
  type Writer,
} from './protocol.ts'

type Dot = readonly [writer: Writer, seq: number]

/** `visible`: the dots that make memories visible; every writer's log is one run. */
function history(name: string, comment: string, writers: readonly Writer[], visible: readonly Dot[]): Case {
  const byId = new Map<string, { log: string; seq: number }[]>()
  for (const [writer, seq] of visible) {
    const id = cid(sha256((writer.entries[seq] as Entry).payload))
    byId.set(id, [...(byId.get(id) ?? []), { log: hex(logId(writer.log)), seq }])
  }
  const order = (a: string, b: string) => (a < b ? -1 : 1)
  return {
    name,
    comment: `§6: ${comment}`,
    network: NETWORK,
    nowMs: NOW_MS,
    runs: writers.map((writer) => hex(writer.run(0, writer.entries.length - 1))),
    visible: [...byId]
      .sort(([a], [b]) => order(a, b))
      .map(([id, dots]) => ({ id, dots: dots.sort((a, b) => order(a.log, b.log) || a.seq - b.seq) })),
  }
}

function writer(name: string, space = 'commons', epoch = 0): Writer {
  return createWriter(name, logOf(name, space, epoch))
}
const epoch = (number: number) => seeded(`epoch ${number}`, 8)

export function sets(): Case[] {
  const cases: Case[] = []
  const add = (name: string, comment: string, make: () => [Writer[], Dot[]]) =>
    cases.push(history(name, comment, ...make()))

  add('two memories', 'an entry adds its dot to its element', () => {
    const ada = writer('ada')
    ada.write(memory('one'), memory('two'))
    return [
      [ada],
      [
        [ada, 0],
        [ada, 1],
      ],
    ]
  })
  add('the same memory of two authors', 'one element with two dots', () => {
    const [ada, bo] = [writer('ada'), writer('bo')]
    ada.write(memory('one'))
    bo.write(memory('one'))
    return [
      [ada, bo],
      [
        [ada, 0],
        [bo, 0],
      ],
    ]
  })
  add('a retraction', 'its dot is removed, so the element is not visible', () => {
    const ada = writer('ada')
    ada.write(memory('one'), retract([epoch(0), [0]]))
    return [[ada], []]
  })
  add('a re-add', 'a new dot, so the element is visible again', () => {
    const ada = writer('ada')
    ada.write(memory('one'), retract([epoch(0), [0]]), memory('one'))
    return [[ada], [[ada, 2]]]
  })
  add('a retraction of all dots and one more add', 'only the dots that were named are removed', () => {
    const ada = writer('ada')
    ada.write(
      memory('one'),
      memory('one'),
      retract([epoch(0), [0, 1]]),
      memory('one'),
      memory('one'),
      retract([epoch(0), [3]]),
    )
    return [[ada], [[ada, 4]]]
  })
  add('one of two authors retracts', 'the other’s dot keeps it visible: add wins', () => {
    const [ada, bo] = [writer('ada'), writer('bo')]
    ada.write(memory('one'), retract([epoch(0), [0]]))
    bo.write(memory('one'))
    return [[ada, bo], [[bo, 0]]]
  })
  add(
    'a retraction by another author with the same seq',
    'it means the dot of its own log, so it has no effect on this one',
    () => {
      const [ada, bo] = [writer('ada'), writer('bo')]
      ada.write(memory('ada’s'))
      bo.write(memory('bo’s'), retract([epoch(0), [0]]))
      return [[ada, bo], [[ada, 0]]]
    },
  )
  add('a retraction from another space', 'the space is that of its own log, so it has no effect', () => {
    const [commons, other] = [writer('ada'), writer('ada', 'other')]
    commons.write(memory('one'))
    other.write(retract([epoch(0), [0]]))
    return [[commons, other], [[commons, 0]]]
  })
  add(
    'a retraction in a later epoch',
    'it names the epoch: an author that lost its disk can retract what it wrote',
    () => {
      const [first, second] = [writer('ada', 'commons', 1), writer('ada', 'commons', 2)]
      first.write(memory('one'), memory('two'))
      second.write(retract([epoch(1), [0]]))
      return [[first, second], [[first, 1]]]
    },
  )
  add('a retraction of a later entry', 'what was not yet seen when it was removed stays removed', () => {
    const ada = writer('ada')
    ada.write(retract([epoch(0), [2, 3]]), memory('one'), memory('two'))
    return [[ada], [[ada, 1]]]
  })
  add('a retraction of what never comes', 'has no effect', () => {
    const ada = writer('ada')
    ada.write(memory('one'), retract([epoch(0), [7, 2 ** 32 - 1]], [epoch(9), [0]]))
    return [[ada], [[ada, 0]]]
  })
  add('a retraction of a retraction', 'a retraction adds no dot, so it cannot be removed', () => {
    const ada = writer('ada')
    ada.write(memory('one'), retract([epoch(0), [0]]), retract([epoch(0), [1]]))
    return [[ada], []]
  })
  add('a malformed retraction', 'is carried and not interpreted', () => {
    const ada = writer('ada')
    ada.write(memory('one'), { kind: 2, payload: cbor({ dots: [[epoch(0), [0, 0]]] }) })
    return [[ada], [[ada, 0]]]
  })
  add('a malformed memory', 'is carried and not visible', () => {
    const ada = writer('ada')
    ada.write({ kind: 1, payload: cbor({ text: '' }) }, memory('one'))
    return [[ada], [[ada, 1]]]
  })
  add('an unknown kind with the payload of a memory', 'is another element and no memory', () => {
    const ada = writer('ada')
    ada.write({ ...memory('one'), kind: 200 })
    return [[ada], []]
  })
  add('the same text with other tags', 'another payload is another element', () => {
    const ada = writer('ada')
    ada.write(memory('one'), memory('one', { tags: ['a'] }), retract([epoch(0), [0]]))
    return [[ada], [[ada, 1]]]
  })
  add('a checkpoint', 'removes the dots in its ranges, both ends included', () => {
    const ada = writer('ada')
    ada.write(
      ...numbered(6),
      checkpoint([
        epoch(0),
        [
          [0, 1],
          [3, 4],
        ],
      ]),
    )
    return [
      [ada],
      [
        [ada, 2],
        [ada, 5],
      ],
    ]
  })
  add(
    'a checkpoint of another author with the same seqs',
    'it means its own log, so it has no effect here',
    () => {
      const [ada, bo] = [writer('ada'), writer('bo')]
      ada.write(...numbered(2))
      bo.write(memory('bo’s'), memory('bo’s other'), checkpoint([epoch(0), [[0, 1]]]))
      return [
        [ada, bo],
        [
          [ada, 0],
          [ada, 1],
        ],
      ]
    },
  )
  add('a checkpoint from another space', 'the space is that of its own log', () => {
    const [commons, other] = [writer('ada'), writer('ada', 'other')]
    commons.write(memory('one'))
    other.write(memory('two'), checkpoint([epoch(0), [[0, 0]]]))
    return [[commons, other], [[commons, 0]]]
  })
  add('a checkpoint in a later epoch', 'it names the epoch', () => {
    const [first, second] = [writer('ada', 'commons', 1), writer('ada', 'commons', 2)]
    first.write(...numbered(3))
    second.write(checkpoint([epoch(1), [[1, 2]]]))
    return [[first, second], [[first, 0]]]
  })
  add('a checkpoint that names itself', 'it may only name what stands before it, and removes nothing', () => {
    const ada = writer('ada')
    ada.write(...numbered(2), checkpoint([epoch(0), [[0, 2]]]))
    return [
      [ada],
      [
        [ada, 0],
        [ada, 1],
      ],
    ]
  })
  add('a checkpoint that names a later entry in a second range', 'all of it removes nothing', () => {
    const ada = writer('ada')
    ada.write(
      ...numbered(2),
      checkpoint([
        epoch(0),
        [
          [0, 0],
          [3, 3],
        ],
      ]),
      memory('later'),
    )
    return [
      [ada],
      [
        [ada, 0],
        [ada, 1],
        [ada, 3],
      ],
    ]
  })
  add('a checkpoint over a retraction', 'a retraction adds no dot: it goes on to hold', () => {
    const ada = writer('ada')
    ada.write(...numbered(2), retract([epoch(0), [0]]), checkpoint([epoch(0), [[2, 2]]]))
    return [[ada], [[ada, 1]]]
  })
  add('a re-add behind a checkpoint', 'a new dot', () => {
    const ada = writer('ada')
    ada.write(memory('one'), checkpoint([epoch(0), [[0, 0]]]), memory('one'))
    return [[ada], [[ada, 2]]]
  })
  add('forgotten payloads in the range of a checkpoint', 'what is dead is not missed', () => {
    const ada = writer('ada')
    ada.write({ ...memory('one'), isAbsent: true }, memory('two'), checkpoint([epoch(0), [[0, 0]]]))
    return [[ada], [[ada, 1]]]
  })
  return cases
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => memory(`memory ${i}`))
