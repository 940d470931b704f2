/** What is said about tasks, from `task.json`: payloads, and who may put an answer together. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did } from '../../src/core/base/brand.ts'
import { bytesToDigest, digestToBytes } from '../../src/core/base/hash.ts'
import { decodeCall, encodeCall } from '../../src/core/protocol/call-payload.ts'
import * as payloads from '../../src/core/protocol/task-payloads.ts'
import { rendezvous } from '../../src/core/reasoning/acceptance.ts'
import { hex, load, unhex } from './load.ts'

type Case =
  | { of: 'payload'; kind: keyof typeof CODECS; payload: string; fields?: unknown }
  | { of: 'rendezvous'; task: string; authors: Did[]; order: Did[] }

const encodeSaid = (said: payloads.ContributionPayload | payloads.SealPayload): Uint8Array =>
  said.seal === null ? payloads.encodeContribution(said) : payloads.encodeSeal(said)
const CODECS = {
  task: [payloads.decodeTask, payloads.encodeTask],
  contribution: [payloads.decodeContribution, encodeSaid],
  call: [decodeCall, encodeCall],
  review: [payloads.decodeReview, payloads.encodeReview],
  synthesis: [payloads.decodeSynthesis, payloads.encodeSynthesis],
  resolution: [payloads.decodeResolution, payloads.encodeResolution],
} as const

/** Digests as hex, as the vectors have them. */
const DIGESTS = ['task', 'memory', 'contributions', 'contribution', 'seal', 'responds', 'recalled']
function toHex(value: unknown, key = ''): unknown {
  if (value instanceof Uint8Array) return hex(value)
  if (DIGESTS.includes(key) && typeof value === 'string')
    return hex(digestToBytes(value as Parameters<typeof digestToBytes>[0]))
  if (Array.isArray(value)) return value.map((item) => toHex(item, key))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toHex(item, name)]))
}

for (const one of load<Case>('task'))
  test(one.name, () => {
    if (one.of === 'rendezvous') {
      assert.deepEqual(rendezvous(bytesToDigest(unhex(one.task)), one.authors), one.order)
      assert.deepEqual(rendezvous(bytesToDigest(unhex(one.task)), one.authors.toReversed()), one.order)
      return
    }
    const [decode, encode] = CODECS[one.kind]
    const read = decode(unhex(one.payload))
    assert.equal(read === null, one.error === 'PAYLOAD_MALFORMED')
    if (read === null) return
    assert.deepEqual(toHex(read), one.fields)
    // What we write is what we read.
    assert.equal(hex((encode as (said: unknown) => Uint8Array)(read)), one.payload)
  })
