/** Sealed segments over HTTP: listed, given out as frames that caches may keep and resume, and only what may be seen. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { ITEMS_MAX, SEGMENT_ENTRIES_MAX, SEQ_MAX } from '../../../../src/core/protocol/limits.ts'
import { CBOR_MEDIA_TYPE, encodePull } from '../../../../src/core/protocol/messages.ts'
import { encodePayloadRequest } from '../../../../src/core/protocol/payload-messages.ts'
import { encodeAnswers, encodeAsks } from '../../../../src/core/protocol/reconcile-messages.ts'
import { chainBeforeRow, decodeSegmentList } from '../../../../src/core/protocol/segment-list.ts'
import { parseRange } from '../../../../src/http/range.ts'
import { type Answered, ask, newSigner, type Served, serveFederation } from './support.ts'

let served: Served
const logs = new Map<string, LogId>()
before(async () => {
  served = await serveFederation()
  for (const space of ['commons', 'private'])
    for (let i = 0; i < 2 * SEGMENT_ENTRIES_MAX + 10; i += ITEMS_MAX) {
      const count = Math.min(ITEMS_MAX, 2 * SEGMENT_ENTRIES_MAX + 10 - i)
      const items = Array.from({ length: count }, (_, j) => ({ text: `${space} ${i + j}`, space }))
      await served.spore.rememberMany(items)
    }
  const page = await served.spore.memories({ limit: 1 })
  assert.ok(page.ok)
  for (const { space, log } of page.value.frontier) logs.set(space, log as LogId)
})
after(() => served[Symbol.asyncDispose]())

const get = (path: string, headers: Record<string, string> = {}): Promise<Answered> =>
  ask(served, { method: 'GET', path: `/federation/v1/log/${path}`, headers })
const commons = () => logs.get('commons') as LogId

test('the sealed segments of a log are listed newest first, with what stands before each', async () => {
  const { status, headers, body } = await get(`${commons()}/segments`)
  assert.deepEqual(
    [status, headers['content-type'], headers['content-encoding']],
    [200, 'application/cbor', undefined],
  )
  const list = decodeSegmentList(body, commons())
  assert.deepEqual(
    list?.rows.map(({ from, seq }) => [from, seq]),
    [
      [1024, 2047],
      [0, 1023],
    ],
  )
  assert.deepEqual(chainBeforeRow(list, commons(), 0), list.rows[1]?.chain)
  const older = decodeSegmentList((await get(`${commons()}/segments?before=2047`)).body, commons())
  assert.deepEqual(
    older?.rows.map(({ from }) => from),
    [0],
  )
  assert.equal(
    decodeSegmentList((await get(`${commons()}/segments?before=5`)).body, commons())?.rows.length,
    0,
  )
})

test('a segment is one frame with a strong ETag that any cache may keep for ever', async () => {
  const first = await get(`${commons()}/segment/1024`)
  assert.equal(first.status, 200)
  assert.equal(first.headers['content-type'], 'application/vnd.spore.frames')
  assert.equal(first.headers['cache-control'], 'public, max-age=31536000, immutable')
  assert.equal(first.headers['content-encoding'], undefined)
  assert.match(first.headers.etag ?? '', /^"[0-9a-f]{64}"$/)
  assert.equal(first.body.readUInt32BE(0), first.body.length - 4)
  const second = await get(`${commons()}/segment/1024`)
  assert.deepEqual([second.headers.etag, second.body], [first.headers.etag, first.body])
  const known = await get(`${commons()}/segment/1024`, { 'if-none-match': first.headers.etag as string })
  assert.deepEqual([known.status, known.body.length], [304, 0])
})

test('parts of a segment are given, and what is no part is refused', async () => {
  const { body: whole, headers } = await get(`${commons()}/segment/0`)
  const { length } = whole
  const part = async (range: string, more: Record<string, string> = {}) => {
    const answer = await get(`${commons()}/segment/0`, { range, ...more })
    return { ...answer, range: answer.headers['content-range'] }
  }
  const middle = await part('bytes=10-19')
  assert.deepEqual([middle.status, middle.range], [206, `bytes 10-19/${length}`])
  assert.deepEqual(middle.body, whole.subarray(10, 20))
  const rest = await part(`bytes=${length - 3}-`)
  assert.deepEqual([rest.status, rest.body], [206, whole.subarray(-3)])
  const last = await part('bytes=-5')
  assert.deepEqual([last.status, last.range], [206, `bytes ${length - 5}-${length - 1}/${length}`])
  const beyond = await part(`bytes=${length}-`)
  assert.deepEqual([beyond.status, beyond.range, beyond.body.length], [416, `bytes */${length}`, 0])
  assert.equal((await part('bytes=-0')).status, 416)
  // Several parts, other units and nonsense are no ranges: all of it is sent.
  for (const range of [
    'bytes=0-1,4-5',
    'lines=0-1',
    'bytes=',
    'bytes=-',
    'bytes=5-2',
    `bytes=${'9'.repeat(40)}-`,
  ])
    assert.deepEqual([(await part(range)).status, range], [200, range])
  assert.equal((await part('bytes=0-0', { 'if-range': '"other"' })).status, 200)
  assert.equal((await part('bytes=0-0', { 'if-range': headers.etag as string })).status, 206)
})

test('a range is read like a server of static files reads it', () => {
  assert.deepEqual(parseRange('bytes=0-', 10), { from: 0, to: 10 })
  assert.deepEqual(parseRange('bytes=0-100', 10), { from: 0, to: 10 })
  assert.deepEqual(parseRange('bytes=-100', 10), { from: 0, to: 10 })
  assert.deepEqual(parseRange(undefined, 10), 'all')
  assert.equal(parseRange('bytes=0-', 0), null)
})

test('what is open, unknown, private or no log is not given', async () => {
  const wanted = [
    [`${commons()}/segment/2048`, 404, 'SEGMENT_UNKNOWN'],
    [`${commons()}/segment/7`, 404, 'SEGMENT_UNKNOWN'],
    [`${commons()}/segment/${SEQ_MAX}`, 404, 'SEGMENT_UNKNOWN'],
    [`${logs.get('private')}/segment/0`, 404, 'SEGMENT_UNKNOWN'],
    [`${logs.get('private')}/segments`, 404, 'SEGMENT_UNKNOWN'],
    [`${'A'.repeat(22)}/segment/0`, 404, 'SEGMENT_UNKNOWN'],
    [`${'A'.repeat(22)}/segments`, 404, 'SEGMENT_UNKNOWN'],
    [`${commons()}/segment/${SEQ_MAX + 2}`, 400, 'REQUEST_INVALID'],
    [`${commons()}/segment/x`, 400, 'REQUEST_INVALID'],
    [`${commons()}/segments?before=-1`, 400, 'REQUEST_INVALID'],
    ['x/segments', 400, 'REQUEST_INVALID'],
    [`${'A'.repeat(400)}/segments`, 400, null],
  ] as const
  for (const [path, status, code] of wanted) {
    const answer = await get(path)
    assert.equal(answer.status, status, path)
    if (code) assert.equal(answer.code, code, path)
  }
  const unsigned = await ask(served, {
    method: 'GET',
    path: `/federation/v1/log/${commons()}/segment/0`,
    headers: { signature: undefined },
  })
  assert.equal(unsigned.code, 'REQUEST_UNSIGNED')
})

test('views are reconciled over HTTP, and what is no request is refused', async () => {
  const reconcile = (body: Uint8Array) =>
    ask(served, { method: 'POST', path: '/federation/v1/reconcile', body, type: 'application/cbor' })
  const bound = (clock: number) => ({ clock, prefix: new Uint8Array() })
  const asked = await reconcile(encodeAsks([{ lower: bound(0), upper: bound(2 ** 53 - 1), tags: [] }]))
  assert.deepEqual([asked.status, asked.headers['content-type']], [200, 'application/cbor'])
  assert.ok(asked.body.includes(Buffer.from(commons(), 'base64url')))
  assert.ok(!asked.body.includes(Buffer.from(logs.get('private') as string, 'base64url')))
  assert.deepEqual((await reconcile(encodeAsks([]))).body, Buffer.from(encodeAnswers([])))
  assert.equal((await reconcile(Buffer.from('[[['))).code, 'REQUEST_INVALID')
})

test('a segment that is asked for as JSON lines is that, under no tag of the frame', async () => {
  const { status, headers, body } = await get(`${commons()}/segment/1024`, { accept: 'application/x-ndjson' })
  assert.deepEqual(
    [status, headers['content-type'], headers.etag, headers.vary],
    [200, 'application/x-ndjson', undefined, 'accept'],
  )
  const lines = body.toString().trimEnd().split('\n')
  assert.equal(lines.length, SEGMENT_ENTRIES_MAX)
  const { seq, kind, content } = JSON.parse(lines[0] as string)
  assert.deepEqual([seq, kind, content], [1024, 'memory', { text: 'commons 1024' }])
})

test('a caller is charged with what it sent and what it was given, whatever it asked for', async () => {
  const log = commons()
  const cbor = (path: string, body: Uint8Array) => ({ method: 'POST', path, body, type: CBOR_MEDIA_TYPE })
  const all = {
    lower: { clock: 0, prefix: new Uint8Array() },
    upper: { clock: 2 ** 52, prefix: new Uint8Array() },
  }
  const asks = encodeAsks([{ ...all, summary: { count: 0, fingerprint: new Uint8Array(16) } }])
  const path = '/federation/v1'
  for (const request of [
    { method: 'GET', path: `${path}/heads` },
    { method: 'GET', path: `${path}/log/${log}/segments` },
    { method: 'GET', path: `${path}/log/${log}/segment/0` },
    cbor(`${path}/reconcile`, asks),
    cbor(`${path}/payloads`, encodePayloadRequest([{ logId: log, seq: 1 }])),
    cbor(`${path}/pull`, encodePull([{ logId: log, from: 2048, to: null }])),
  ]) {
    const signer = newSigner()
    const { status, body } = await ask(served, { ...request, signer })
    assert.equal(status, 200, request.path)
    assert.ok(body.length > 20)
    const sent = 'body' in request ? request.body.length : 0
    assert.equal(served.spore.federation.conduct.view(signer.did)?.bytes, sent + body.length, request.path)
  }
})
