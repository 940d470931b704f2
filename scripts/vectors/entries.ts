/** Entries, logs and heads (PROTOCOL.md §5). */
import { cbor, hex, join, raw, type Value } from './cbor.ts'
import { sign } from './ed25519.ts'
import {
  author,
  type Case,
  chainOver,
  cid,
  type Entry,
  genesis,
  headBytes,
  header,
  type Log,
  leaf,
  logId,
  logOf,
  memory,
  NETWORK,
  NOW_MS,
  seeded,
  sha256,
} from './protocol.ts'

const log = logOf('ada')
const CLOCK = NOW_MS * 1024

/** A header and everything that is derived from it. */
function headerCase(name: string, comment: string, of: Log, seq: number, entry: Entry): Case {
  const bytes = header(of, seq, entry)
  return {
    name,
    comment: `§5: ${comment}`,
    of: 'header',
    header: hex(bytes),
    fields: {
      logId: hex(logId(of)),
      seq,
      clock: entry.clock,
      kind: entry.kind,
      payloadLength: entry.length ?? entry.payload.length,
      payload: hex(sha256(entry.payload)),
      references: (entry.references ?? []).map(hex),
    },
    leaf: hex(leaf(bytes)),
    id: cid(sha256(bytes)),
    element: cid(sha256(entry.payload)),
  }
}

function headers(): Case[] {
  const text = memory('the ninth planet is not there')
  const reference = (i: number) => seeded(`reference ${i}`, 32)
  const references = (count: number) => Array.from({ length: count }, (_, i) => reference(i))
  return [
    headerCase('a memory', 'the first entry of a log', log, 0, { ...text, clock: CLOCK }),
    headerCase('a reference', 'an element that the payload names', log, 1, {
      ...text,
      clock: CLOCK,
      references: references(1),
    }),
    headerCase('64 references', 'as many as there may be', log, 2, {
      ...text,
      clock: CLOCK,
      references: references(64),
    }),
    headerCase('seq 2^32 - 1', 'the last of a log', log, 2 ** 32 - 1, { ...text, clock: CLOCK }),
    headerCase('kind 0', 'a kind that is not known', log, 3, { kind: 0, payload: cbor(null), clock: CLOCK }),
    headerCase('kind 255', 'the greatest kind', log, 3, { kind: 255, payload: cbor(null), clock: CLOCK }),
    headerCase('clock 2^53 - 1', 'the greatest time', log, 4, { ...text, clock: Number.MAX_SAFE_INTEGER }),
    headerCase('an empty payload', 'is carried', log, 5, {
      kind: 200,
      payload: new Uint8Array(),
      clock: CLOCK,
    }),
    headerCase('a payload of 80 KiB', 'as long as it may be', log, 6, {
      ...text,
      clock: CLOCK,
      length: 81920,
    }),
  ]
}

function malformedHeaders(): Case[] {
  const good: Value[] = [1, logId(log), 0, CLOCK, 1, 5, seeded('payload', 32), []]
  const changed = (index: number, value: Value): Value =>
    good.map((field, i) => (i === index ? value : field))
  const refused = (name: string, value: Value, error = 'ENTRY_MALFORMED'): Case => ({
    name,
    comment: '§5: refused by its form',
    of: 'header',
    header: hex(cbor(value)),
    error,
  })
  const reference = seeded('reference', 32)
  return [
    refused('version 2', changed(0, 2), 'VERSION_UNSUPPORTED'),
    refused('version 0', changed(0, 0), 'VERSION_UNSUPPORTED'),
    refused('version 2 with other fields', [2, 'whatever'], 'VERSION_UNSUPPORTED'),
    refused('no array', { version: 1 }),
    refused('a field too few', good.slice(0, 7)),
    refused('a field too many', [...good, 0]),
    refused('log id of 15 bytes', changed(1, seeded('x', 15))),
    refused('log id of 17 bytes', changed(1, seeded('x', 17))),
    refused('log id as text', changed(1, 'aaaaaaaaaaaaaaaa')),
    refused('seq 2^32', changed(2, 2 ** 32)),
    refused('seq -1', changed(2, -1)),
    refused('clock -1', changed(3, -1)),
    refused('clock 2^53', changed(3, raw('1b0020000000000000'))),
    refused('clock as a float', changed(3, raw('fb4278000000000000'))),
    refused('kind 256', changed(4, 256)),
    refused('kind -1', changed(4, -1)),
    refused('kind as text', changed(4, 'memory')),
    refused('payload length -1', changed(5, -1)),
    refused('payload length of 80 KiB and one byte', changed(5, 81921), 'ENTRY_TOO_LARGE'),
    refused('payload hash of 31 bytes', changed(6, seeded('x', 31))),
    refused('payload hash null', changed(6, null)),
    refused('references null', changed(7, null)),
    refused('a reference of 31 bytes', changed(7, [seeded('x', 31)])),
    refused('a reference as text', changed(7, ['x'])),
    refused(
      '65 references',
      changed(
        7,
        Array.from({ length: 65 }, () => reference),
      ),
      'ENTRY_TOO_LARGE',
    ),
    refused('bytes behind', raw(`${hex(cbor(good))}00`)),
    refused('an integer not in its shortest form', changed(2, raw('1800'))),
    refused('more bytes than the longest header', [1, seeded('long', 3000)], 'ENTRY_TOO_LARGE'),
  ]
}

function logs(): Case[] {
  const named: [string, Log][] = [
    ['ada in commons', log],
    ['the same in another space', logOf('ada', 'private')],
    ['the same in another epoch', logOf('ada', 'commons', 1)],
    ['another author', logOf('bo')],
    ['a space beyond ASCII', logOf('ada', 'grüße 🍄')],
  ]
  return named.map(([name, one]) => ({
    name: `log of ${name}`,
    comment: '§5: its id and its genesis',
    of: 'log',
    publicKey: hex(one.publicKey),
    space: one.space,
    epoch: hex(one.epoch),
    logId: hex(logId(one)),
    genesis: hex(genesis(one)),
  }))
}

function chains(): Case[] {
  const entries: Entry[] = ['one', 'two', 'three'].map((text, i) => ({ ...memory(text), clock: CLOCK + i }))
  return [
    {
      name: 'a chain of three entries',
      comment: '§5: chain_i = H(1 ‖ chain_{i−1} ‖ leaf_i), from the genesis',
      of: 'chain',
      logId: hex(logId(log)),
      headers: entries.map((entry, i) => hex(header(log, i, entry))),
      chains: entries.map((_, i) => hex(chainOver(log, 0, entries.slice(0, i + 1), genesis(log)))),
    },
  ]
}

export const entries = (): Case[] => [...headers(), ...malformedHeaders(), ...logs(), ...chains()]

export function heads(): Case[] {
  const fields = { network: NETWORK, log, seq: 7, chain: seeded('chain', 32), clock: CLOCK }
  const bytes = (changed: Partial<typeof fields>) => {
    const { network, log: of, seq, chain, clock } = { ...fields, ...changed }
    return headBytes(network, of, seq, chain, clock)
  }
  const signature = sign(author('ada'), bytes({}))
  const head = (name: string, comment: string, changed: Partial<typeof fields>, wrong: object = {}): Case => {
    const { network, log: of, seq, chain, clock } = { ...fields, ...changed }
    return {
      name,
      comment: `§5: ${comment}`,
      publicKey: hex(log.publicKey),
      network,
      logId: hex(logId(of)),
      seq,
      chain: hex(chain),
      clock,
      bytes: hex(bytes(changed)),
      signature: hex(signature),
      ...wrong,
    }
  }
  const refused = { error: 'SIGNATURE_INVALID' }
  const { network, seq, chain, clock } = fields
  const otherDomain = cbor(['spore/head/2', network, logId(log), seq, chain, clock])
  return [
    head('a head', 'what the author signs', {}),
    head(
      'another network',
      'an entry of one network means nothing in another',
      { network: 'spore-main' },
      refused,
    ),
    head('another log', 'the head names its log', { log: logOf('ada', 'private') }, refused),
    head('another seq', 'the head names its place', { seq: 8 }, refused),
    head(
      'another chain',
      'the head covers every entry up to it',
      { chain: seeded('other chain', 32) },
      refused,
    ),
    head('another clock', 'the head covers the time', { clock: CLOCK + 1 }, refused),
    head('another author', 'the key is the log’s', {}, { ...refused, publicKey: hex(logOf('bo').publicKey) }),
    head(
      'another domain',
      'the first item is spore/head/1',
      {},
      { ...refused, signature: hex(sign(author('ada'), otherDomain)) },
    ),
    head(
      'a signature of 63 bytes',
      'a signature has 64',
      {},
      { ...refused, signature: hex(signature.slice(0, 63)) },
    ),
    head(
      'a signature of 65 bytes',
      'a signature has 64',
      {},
      { ...refused, signature: hex(join(signature, Uint8Array.of(0))) },
    ),
  ]
}
