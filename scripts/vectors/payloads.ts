/** Payloads (PROTOCOL.md §5): what each kind asks for. */
import { cbor, hex, raw, type Value } from './cbor.ts'
import { type Case, cid, seeded } from './protocol.ts'

const digest = (name: string): Uint8Array => seeded(name, 32)
const repeat = (length: number, of = 'x'): string => of.repeat(length)
const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i)

/** Hex with long repetitions as [hex, times]: texts at their bounds would be megabytes. */
function shorten(text: string): string | (string | readonly [string, number])[] {
  const found = /(?:..)*?((?:..){1,2}?)\1{999,}/.exec(text)
  if (!found) return text
  const [, unit] = found as unknown as [string, string]
  const start = found[0].length - longest(found[0], unit) * unit.length
  const times = (found[0].length - start) / unit.length
  const rest = text.slice(found[0].length)
  return [text.slice(0, start), [unit, times] as const, rest].filter((part) => part !== '')
}
function longest(text: string, unit: string): number {
  let times = 0
  while (text.endsWith(unit, text.length - times * unit.length)) times++
  return times
}
/** The same for the texts of `fields`. */
const shortenText = (fields: object): unknown =>
  JSON.parse(JSON.stringify(fields), (_, value) =>
    typeof value === 'string' && value.length > 1000 ? { $repeat: [value[0], value.length] } : value,
  )

type Fields = { readonly [key: string]: Value }

const good = (kind: string, name: string, payload: Value, fields: object): Case => ({
  name: `${kind}: ${name}`,
  comment: '§5: interpreted; `fields` is what it says, absent fields null or empty',
  kind,
  payload: shorten(hex(cbor(payload))),
  fields: shortenText(fields),
})
const bad = (kind: string, name: string, payload: Value): Case => ({
  name: `${kind}: ${name}`,
  comment: '§5: an entry with it is verified, stored and forwarded, never interpreted',
  kind,
  payload: shorten(hex(cbor(payload))),
  error: 'PAYLOAD_MALFORMED',
})

function memories(): Case[] {
  const nothing = { tags: [], thread: null, position: null, speaker: null, sources: [] }
  const ok = (name: string, payload: Fields, fields: object = {}) =>
    good('memory', name, payload, { ...nothing, text: payload.text, ...fields })
  const no = (name: string, payload: Value) => bad('memory', name, payload)
  const full = {
    text: 'I said so yesterday.',
    tags: ['Zeta', 'alpha', 'ä'],
    thread: 'chat/7',
    position: 0,
    speaker: 'ada',
    sources: [cid(digest('source')), 'https://spore.example/a', 'notes/a.md'],
  }
  const tags = (count: number) => numbers(count).map((i) => `tag ${String(i).padStart(3, '0')}`)
  return [
    ok('text alone', { text: 'a' }),
    ok('every field', full, full),
    ok('fields that may be null', { text: 'a', thread: null, position: null, speaker: null }),
    ok('fields of later', { text: 'a', later: [1, { two: 2 }] }),
    ok('64 KiB', { text: repeat(64 * 1024) }),
    ok('64 KiB of two-byte letters', { text: repeat(32 * 1024, 'é') }),
    ok('32 tags', { text: 'a', tags: tags(32) }, { tags: tags(32) }),
    ok('a tag of 128 characters', { text: 'a', tags: [repeat(128)] }, { tags: [repeat(128)] }),
    no('no map', ['a']),
    no('nothing', raw('')),
    no('bytes behind', raw(`${hex(cbor({ text: 'a' }))}00`)),
    no('map keys out of order', raw('a266746872656164616164746578746161')),
    no('no text', { tags: ['a'] }),
    no('empty text', { text: '' }),
    no('text as bytes', { text: digest('text') }),
    no('64 KiB and one byte', { text: repeat(64 * 1024 + 1) }),
    no('64 KiB and one byte of two-byte letters', { text: `${repeat(32 * 1024, 'é')}x` }),
    no('tags out of order', { text: 'a', tags: ['b', 'a'] }),
    no('tags ordered as people do, not by code unit', { text: 'a', tags: ['alpha', 'Zeta'] }),
    no('a tag twice', { text: 'a', tags: ['a', 'a'] }),
    no('an empty tag', { text: 'a', tags: [''] }),
    no('33 tags', { text: 'a', tags: tags(33) }),
    no('a tag of 129 characters', { text: 'a', tags: [repeat(129)] }),
    no('tags null', { text: 'a', tags: null }),
    no('sources null', { text: 'a', sources: null }),
    no('tags as text', { text: 'a', tags: 'a' }),
    no('an empty thread', { text: 'a', thread: '' }),
    no('a thread of 513 characters', { text: 'a', thread: repeat(513) }),
    no('a position below 0', { text: 'a', position: -1 }),
    no('a position as text', { text: 'a', position: '1' }),
    no('a speaker of 129 characters', { text: 'a', speaker: repeat(129) }),
    no('65 sources', { text: 'a', sources: numbers(65).map(String) }),
    no('a source of 1,025 characters', { text: 'a', sources: [repeat(1025)] }),
    no('an empty source', { text: 'a', sources: [''] }),
  ]
}

function checkpoints(): Case[] {
  type Ranges = readonly (readonly [number, number])[]
  const epoch = seeded('epoch', 8)
  const other = seeded('other epoch', 8)
  const ok = (name: string, ...dead: readonly (readonly [Uint8Array, Ranges])[]) =>
    good('checkpoint', name, { dead }, { dead: dead.map(([of, ranges]) => ({ epoch: hex(of), ranges })) })
  const no = (name: string, dead: Value) => bad('checkpoint', name, { dead })
  const ranges = (count: number): Ranges => numbers(count).map((i) => [3 * i, 3 * i + 1])
  return [
    ok('one entry', [epoch, [[0, 0]]]),
    ok(
      'ranges of two epochs',
      [
        epoch,
        [
          [0, 5],
          [7, 7],
          [9, 2 ** 32 - 1],
        ],
      ],
      [other, [[7, 8]]],
    ),
    ok('no ranges', ...[]),
    ok('1,024 ranges', [epoch, ranges(1000)], [other, ranges(24)]),
    no('1,025 ranges', [[epoch, ranges(1025)]]),
    no('1,025 ranges of two epochs', [
      [epoch, ranges(1000)],
      [other, ranges(25)],
    ]),
    no('ranges that touch', [
      [
        epoch,
        [
          [0, 1],
          [2, 3],
        ],
      ],
    ]),
    no('ranges that overlap', [
      [
        epoch,
        [
          [0, 2],
          [2, 3],
        ],
      ],
    ]),
    no('ranges out of order', [
      [
        epoch,
        [
          [5, 6],
          [0, 1],
        ],
      ],
    ]),
    no('a range that ends before it begins', [[epoch, [[5, 4]]]]),
    no('a range from -1 on', [[epoch, [[-1, 4]]]]),
    no('a range to 2^32', [[epoch, [[0, 2 ** 32]]]]),
    no('a range of three items', [[epoch, [[0, 1, 2]]]]),
    no('a range as a number', [[epoch, [0]]]),
    no('an epoch of 7 bytes', [[seeded('x', 7), [[0, 0]]]]),
    no('three items', [[epoch, [[0, 0]], 0]]),
    no('dead as a map', {}),
    bad('checkpoint', 'no dead at all', {}),
    bad('checkpoint', 'no map', [[epoch, [[0, 0]]]]),
  ]
}

function retractions(): Case[] {
  const epoch = seeded('epoch', 8)
  const other = seeded('other epoch', 8)
  const ok = (name: string, ...dots: readonly (readonly [Uint8Array, readonly number[]])[]) =>
    good('retract', name, { dots }, { dots: dots.map(([of, seqs]) => ({ epoch: hex(of), seqs })) })
  const no = (name: string, dots: Value) => bad('retract', name, { dots })
  return [
    ok('one dot', [epoch, [0]]),
    ok('dots of two epochs', [epoch, [0, 5, 2 ** 32 - 1]], [other, [7]]),
    ok('no dots', ...[]),
    ok('1,024 dots', [epoch, numbers(1000)], [other, numbers(24)]),
    no('1,025 dots', [[epoch, numbers(1025)]]),
    no('1,025 dots of two epochs', [
      [epoch, numbers(1000)],
      [other, numbers(25)],
    ]),
    no('seqs out of order', [[epoch, [5, 0]]]),
    no('a seq twice', [[epoch, [5, 5]]]),
    no('seq 2^32', [[epoch, [2 ** 32]]]),
    no('seq -1', [[epoch, [-1]]]),
    no('an epoch of 7 bytes', [[seeded('x', 7), [0]]]),
    no('a dot of three items', [[epoch, [0], 0]]),
    no('dots as a map', {}),
    bad('retract', 'no dots at all', {}),
    bad('retract', 'no map', [[epoch, [0]]]),
  ]
}

function tasks(): Case[] {
  const no = (name: string, payload: Value) => bad('task', name, payload)
  return [
    good('task', 'a question', { text: 'Why?', space: 'commons' }, { text: 'Why?', space: 'commons' }),
    good(
      'task',
      '8,000 characters',
      { text: repeat(8000), space: 'commons' },
      { text: repeat(8000), space: 'commons' },
    ),
    no('8,001 characters', { text: repeat(8001), space: 'commons' }),
    no('no space', { text: 'Why?' }),
    no('a space of 65 characters', { text: 'Why?', space: repeat(65) }),
    no('empty text', { text: '', space: 'commons' }),
    no('no map', 'Why?'),
  ]
}

/** What a contribution and a synthesis have in common. */
function outcomes(kind: 'contribution' | 'synthesis', base: Fields, baseFields: object): Case[] {
  const memory = digest('memory')
  const quotes = (count: number) => numbers(count).map((i): Value => [digest(`quote ${i}`), `sentence ${i}`])
  const said = (count: number) =>
    numbers(count).map((i) => ({ memory: hex(digest(`quote ${i}`)), text: `sentence ${i}` }))
  const ok = (name: string, fields: Fields, outcome: object) =>
    good(kind, name, { ...base, ...fields }, { ...baseFields, outcome })
  const no = (name: string, fields: Fields) => bad(kind, name, { ...base, ...fields })
  return [
    ok(
      'an answer',
      { text: 'Because.', quotes: quotes(2) },
      { text: 'Because.', quotes: said(2), failure: null },
    ),
    ok(
      'an answer without quotes',
      { text: 'Because.', quotes: [] },
      { text: 'Because.', quotes: [], failure: null },
    ),
    ok(
      '64 quotes',
      { text: 'Because.', quotes: quotes(64) },
      { text: 'Because.', quotes: said(64), failure: null },
    ),
    ok('a failure', { failure: 'nothing is known' }, { text: null, quotes: [], failure: 'nothing is known' }),
    no('both an answer and a failure', { text: 'Because.', quotes: [], failure: 'nothing' }),
    no('quotes beside a failure', { quotes: [], failure: 'nothing' }),
    no('a failure beside text that is null', { text: null, failure: 'nothing' }),
    no('neither', {}),
    no('an answer without the field quotes', { text: 'Because.' }),
    no('an empty answer', { text: '', quotes: [] }),
    no('an empty failure', { failure: '' }),
    no('65 quotes', { text: 'Because.', quotes: quotes(65) }),
    no('a quote of a memory of 31 bytes', { text: 'Because.', quotes: [[seeded('x', 31), 'a']] }),
    no('a quote of 65,537 characters', { text: 'Because.', quotes: [[memory, repeat(65_537)]] }),
    no('an empty quote', { text: 'Because.', quotes: [[memory, '']] }),
    no('a quote of three items', { text: 'Because.', quotes: [[memory, 'a', 0]] }),
    no('a quote of one item', { text: 'Because.', quotes: [[memory]] }),
    no('a task of 31 bytes', { failure: 'nothing', task: seeded('x', 31) }),
  ]
}

export function payloads(): Case[] {
  const task = digest('task')
  const contributions = (count: number) => numbers(count).map((i) => digest(`contribution ${i}`))
  const failed = { text: null, quotes: [], failure: 'nothing' }
  return [
    ...memories(),
    ...retractions(),
    ...checkpoints(),
    ...tasks(),
    ...outcomes('contribution', { task, model: 'extractive-1' }, { task: hex(task), model: 'extractive-1' }),
    bad('contribution', 'no model', { task, failure: 'nothing' }),
    bad('contribution', 'a model of 65 characters', { task, model: repeat(65), failure: 'nothing' }),
    bad('contribution', 'no task', { model: 'm', failure: 'nothing' }),
    ...outcomes(
      'synthesis',
      { task, contributions: contributions(2) },
      { task: hex(task), contributions: contributions(2).map(hex) },
    ),
    good(
      'synthesis',
      '64 contributions',
      { task, contributions: contributions(64), failure: 'nothing' },
      {
        task: hex(task),
        contributions: contributions(64).map(hex),
        outcome: failed,
      },
    ),
    bad('synthesis', '65 contributions', { task, contributions: contributions(65), failure: 'nothing' }),
    bad('synthesis', 'a contribution of 31 bytes', {
      task,
      contributions: [seeded('x', 31)],
      failure: 'nothing',
    }),
    bad('synthesis', 'no contributions', { task, failure: 'nothing' }),
  ]
}
