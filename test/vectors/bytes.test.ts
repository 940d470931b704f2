/** V:canonical, clock, dictionary, entry, head, payload, frame: what single byte forms mean. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { makeSource } from '../../scripts/dictionary.ts'
import { zlibCompression } from '../../src/adapters/compression.ts'
import type { HybridTime, LogId, SpaceId } from '../../src/core/base/brand.ts'
import { type Canonical, decodeCanonical, encodeCanonical } from '../../src/core/base/canonical.ts'
import { bytesToDigest, digestToBytes, digestToCid, sha256 } from '../../src/core/base/hash.ts'
import { createVerifier } from '../../src/core/identity/keys.ts'
import { judgeTime, nextTime } from '../../src/core/memory/clock.ts'
import { createDictionary } from '../../src/core/protocol/dictionary.ts'
import {
  bytesToLogId,
  decodeHeader,
  encodeHeader,
  entryDigest,
  leafOf,
  logIdToBytes,
} from '../../src/core/protocol/entry.ts'
import { decodeFrames } from '../../src/core/protocol/frame.ts'
import { extendChain, genesisOf, headBytes, logIdOf } from '../../src/core/protocol/log.ts'
import * as payloads from '../../src/core/protocol/payloads.ts'
import * as taskPayloads from '../../src/core/protocol/task-payloads.ts'
import { projectFile } from '../support/project.ts'
import { hex, load, unhex } from './load.ts'

/** `{"$bytes": hex}` as bytes, everything else as it is. */
function fromJson(value: unknown): Canonical {
  if (Array.isArray(value)) return value.map(fromJson)
  if (typeof value !== 'object' || value === null) return value as Canonical
  if ('$bytes' in value) return unhex(value.$bytes as string)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromJson(item)]))
}
/** Maps come back without a prototype. */
const plain = (value: Canonical): Canonical => {
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(plain)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

describe('canonical', () => {
  for (const { name, bytes, value, error } of load<{ bytes: string; value?: unknown }>('canonical'))
    test(name, () => {
      const result = decodeCanonical(unhex(bytes))
      assert.equal(result.ok, error === undefined)
      if (!result.ok) {
        const header = decodeHeader(unhex(bytes))
        assert.equal(header.ok || header.error.code, error)
        return
      }
      assert.deepEqual(plain(result.value), fromJson(value))
      assert.equal(hex(encodeCanonical(fromJson(value))), bytes)
    })
})

describe('clock', () => {
  type Clock =
    | { of: 'next'; last: number; nowMs: number; time: number }
    | { of: 'judge'; time: number; nowMs: number; verdict?: string }
  for (const one of load<Clock>('clock'))
    test(`${one.of}: ${one.name}`, () => {
      if (one.of === 'next') assert.equal(nextTime(one.last, one.nowMs), one.time)
      else assert.equal(judgeTime(one.time, one.nowMs), one.error ? one.verdict : 'accept')
    })
})

describe('entry', () => {
  type Header = {
    of: 'header'
    header: string
    fields: { logId: string; payload: string; references: string[]; clock: number } & Record<
      'seq' | 'kind' | 'payloadLength',
      number
    >
    leaf: string
    id: string
    element: string
  }
  type Log = Record<'publicKey' | 'space' | 'epoch' | 'logId' | 'genesis', string> & { of: 'log' }
  type Chain = { of: 'chain'; logId: string; headers: string[]; chains: string[] }

  for (const one of load<Header | Log | Chain>('entry'))
    test(`${one.of}: ${one.name}`, () => {
      if (one.of === 'header') checkHeader(one, one.error)
      else if (one.of === 'log') checkLog(one)
      else checkChain(one)
    })

  function checkHeader(one: Header, error: string | undefined): void {
    const bytes = unhex(one.header)
    const result = decodeHeader(bytes)
    assert.equal(result.ok ? undefined : result.error.code, error)
    if (!result.ok) return
    const expected = {
      ...one.fields,
      logId: bytesToLogId(unhex(one.fields.logId)),
      clock: one.fields.clock as HybridTime,
      payload: bytesToDigest(unhex(one.fields.payload)),
      references: one.fields.references.map((reference) => bytesToDigest(unhex(reference))),
    }
    assert.deepEqual(result.value, expected)
    assert.equal(hex(encodeHeader(expected)), one.header)
    assert.equal(hex(leafOf(bytes)), one.leaf)
    assert.equal(digestToCid(entryDigest(bytes)), one.id)
    assert.equal(digestToCid(result.value.payload), one.element)
  }
  function checkLog(one: Log): void {
    const log = { publicKey: unhex(one.publicKey), space: one.space as SpaceId, epoch: unhex(one.epoch) }
    assert.equal(hex(logIdToBytes(logIdOf(log))), one.logId)
    assert.equal(hex(genesisOf(logIdOf(log))), one.genesis)
  }
  function checkChain(one: Chain): void {
    let chain = genesisOf(bytesToLogId(unhex(one.logId)))
    for (const [i, header] of one.headers.entries()) {
      chain = extendChain(chain, leafOf(unhex(header)))
      assert.equal(hex(chain), one.chains[i])
    }
  }
})

describe('head', () => {
  type Head = Record<'publicKey' | 'network' | 'logId' | 'chain' | 'bytes' | 'signature', string> &
    Record<'seq' | 'clock', number>
  for (const one of load<Head>('head'))
    test(one.name, () => {
      const logId: LogId = bytesToLogId(unhex(one.logId))
      const bytes = headBytes(one.network, { ...one, logId, chain: unhex(one.chain) })
      assert.equal(hex(bytes), one.bytes)
      const isSigned = createVerifier().verify(unhex(one.publicKey), bytes, unhex(one.signature))
      assert.equal(isSigned, one.error === undefined)
    })
})

describe('payload', () => {
  type Payload = { kind: string; payload: string | (string | [string, number])[]; fields?: unknown }
  const decoders: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
    memory: payloads.decodeMemory,
    retract: payloads.decodeRetract,
    checkpoint: payloads.decodeCheckpoint,
    task: taskPayloads.decodeTask,
    contribution: taskPayloads.decodeContribution,
    synthesis: taskPayloads.decodeSynthesis,
  }
  const encoders = {
    memory: payloads.encodeMemory,
    retract: payloads.encodeRetract,
    checkpoint: payloads.encodeCheckpoint,
    task: taskPayloads.encodeTask,
    contribution: taskPayloads.encodeContribution,
    synthesis: taskPayloads.encodeSynthesis,
  } as unknown as Readonly<Record<string, (fields: unknown) => Uint8Array>>
  const expand = (parts: Payload['payload']): string =>
    typeof parts === 'string'
      ? parts
      : parts.map((part) => (typeof part === 'string' ? part : part[0].repeat(part[1]))).join('')
  /** Digests and epochs as hex, as the vectors have them. */
  const toHex = (value: unknown, key = ''): unknown => {
    if (value instanceof Uint8Array) return hex(value)
    if (['task', 'memory', 'contributions'].includes(key) && typeof value === 'string')
      return hex(digestToBytes(value as Parameters<typeof digestToBytes>[0]))
    if (Array.isArray(value)) return value.map((item) => toHex(item, key))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toHex(item, name)]))
  }
  const unshorten = (fields: unknown): unknown =>
    JSON.parse(JSON.stringify(fields), (_, value) =>
      value?.$repeat ? value.$repeat[0].repeat(value.$repeat[1]) : value,
    )

  for (const { name, kind, payload, fields, error } of load<Payload>('payload'))
    test(name, () => {
      const bytes = unhex(expand(payload))
      const read = decoders[kind]?.(bytes) ?? null
      assert.equal(read === null, error === 'PAYLOAD_MALFORMED')
      if (read === null) return
      // A field that no case names was added later; what is left out says nothing, and so is not written below.
      const said = unshorten(fields) as Record<string, unknown>
      const shown = toHex(read) as Record<string, unknown>
      assert.deepEqual(Object.fromEntries(Object.keys(said).map((key) => [key, shown[key]])), said)
      // What we write is what we read; fields of later and null ones are what we would not write.
      if (!/later|may be null/.test(name)) assert.equal(hex(encoders[kind]!(read)), expand(payload))
    })
})

describe('dictionary', () => {
  for (const one of load<{ bytes: string; sha256: string }>('dictionary'))
    test(one.name, () => {
      assert.equal(hex(createDictionary()), one.bytes)
      assert.equal(hex(sha256(createDictionary())), one.sha256)
      const text = readFileSync(projectFile('src/core/protocol/PROTOCOL.md'), 'utf8')
      assert.ok(text.includes(one.sha256), 'PROTOCOL.md says its digest')
      assert.equal(readFileSync(projectFile('src/core/protocol/dictionary.ts'), 'utf8'), makeSource())
    })
})

describe('frame', () => {
  type Body = { hex: string } | { byte: number; length: number }
  const toBytes = (body: Body): Uint8Array =>
    'hex' in body ? unhex(body.hex) : new Uint8Array(body.length).fill(body.byte)
  for (const { name, bytes, bodies, error } of load<{ bytes: string; bodies: Body[] }>('frame'))
    test(name, () => {
      const results = [...decodeFrames(unhex(bytes), zlibCompression)]
      const good = results.flatMap((result) => (result.ok ? [result.value] : []))
      const codes = results.flatMap((result) => (result.ok ? [] : [result.error.code]))
      assert.equal(good.length, bodies.length)
      for (const [i, body] of bodies.entries())
        assert.ok(Buffer.compare(good[i]!, toBytes(body)) === 0, `body ${i}`)
      assert.deepEqual(codes, error === undefined ? [] : [error])
      if (error !== undefined)
        assert.equal(results.at(-1)?.ok, false, 'nothing is read behind what is refused')
    })
})
