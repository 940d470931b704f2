/** Heads, pull and push over HTTP: what they answer, and what they refuse. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import { decodeFrames } from '../../../../src/core/protocol/frame.ts'
import { FEDERATION_BODY_BYTES_MAX, PULL_RANGES_MAX } from '../../../../src/core/protocol/limits.ts'
import { decodeHeads, decodePushReply, encodePull } from '../../../../src/core/protocol/messages.ts'
import { decodeRun } from '../../../../src/core/protocol/run.ts'
import { headsQuery, VIEW_HEADER } from '../../../../src/core/protocol/view-stamp.ts'
import { alterRun, framesOf, makeRun } from './runs.ts'
import { ask, HEADS, newSigner, pullOf, pushOf, type Served, serveFederation } from './support.ts'

async function push(served: Served, body: Uint8Array) {
  const { status, headers, body: reply } = await ask(served, pushOf(body))
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'application/cbor')
  return decodePushReply(reply)!
}

const heads = (served: Served, since: string | null, own: string | null = null) =>
  ask(served, { method: 'GET', path: `${HEADS.path}${headsQuery(own, since)}` })

test('heads say the stamp of the view, and nothing else to who has it, or has read it', async () => {
  await using served = await serveFederation()
  await served.spore.remember({ text: 'for all', space: 'commons' })
  await served.spore.remember({ text: 'for nobody', space: 'private' })
  const first = await heads(served, null, 'x')
  assert.equal(first.status, 200)
  const stamp = first.headers[VIEW_HEADER] as string
  assert.match(stamp, /^[\w-]{16}$/)
  assert.equal(first.headers['cache-control'], 'no-store')
  const view = decodeHeads(first.body)!
  assert.deepEqual(
    view.spaces.map(({ space, rows }) => [space, rows.map(({ next }) => next)]),
    [['commons', [1]]],
  )
  const other = 'A'.repeat(16)
  for (const [since, own, said] of [
    [null, stamp, undefined],
    [view.cursor, stamp, undefined],
    ['unknown', stamp, undefined],
    [view.cursor, other, stamp],
    [view.cursor, null, stamp],
  ] as const) {
    const { status, body, headers } = await heads(served, since, own)
    assert.deepEqual([status, body.length, headers[VIEW_HEADER]], [204, 0, said])
    assert.equal(headers['cache-control'], 'no-store')
    // Rounds without news are most of an idle spore's traffic; what is for browsers is in replies with a body.
    assert.equal(headers['content-security-policy'], undefined)
  }
  assert.match(String(first.headers['content-security-policy']), /default-src 'none'/)
  // What is private does not change the view.
  await served.spore.remember({ text: 'for nobody either', space: 'private' })
  assert.equal((await heads(served, null, stamp)).status, 204)
  await served.spore.remember({ text: 'for all again', space: 'commons' })
  const third = await heads(served, view.cursor, stamp)
  assert.equal(third.status, 200)
  assert.notEqual(third.headers[VIEW_HEADER], stamp)
  assert.deepEqual(
    decodeHeads(third.body)!.spaces[0]?.rows.map(({ next }) => next),
    [2],
  )
})

test('what is no stamp, or stands twice, is that of no view', async () => {
  await using served = await serveFederation()
  await served.spore.remember({ text: 'for all', space: 'commons' })
  const stamp = (await heads(served, null)).headers[VIEW_HEADER] as string
  for (const query of [
    `own=${stamp}&own=${stamp}`,
    `own="${stamp}"`,
    `own=${stamp}A`,
    'own=',
    `OWN=${stamp}`,
    'own',
  ])
    assert.equal((await ask(served, { method: 'GET', path: `${HEADS.path}?${query}` })).status, 200, query)
})

test('heads behind a cursor list only the logs that advanced', async () => {
  await using served = await serveFederation()
  await served.spore.remember({ text: 'mine', space: 'commons' })
  const { cursor } = decodeHeads((await heads(served, null)).body)!
  await push(served, framesOf(makeRun({ signer: newSigner(), texts: ['theirs'] })))
  const behind = decodeHeads((await heads(served, cursor)).body)!
  assert.deepEqual(
    behind.spaces.map(({ rows }) => rows.length),
    [1],
  )
  const nothing = await heads(served, behind.cursor)
  assert.deepEqual([nothing.status, nothing.body.length], [204, 0])
  assert.match(String(nothing.headers[VIEW_HEADER]), /^[\w-]{16}$/)
  for (const unknown of ['', 'x', 'ff.1', `${cursor.split('.')[0]}.x`]) {
    const all = decodeHeads((await heads(served, unknown)).body)!
    assert.deepEqual(
      all.spaces.map(({ rows }) => rows.length),
      [2],
      unknown,
    )
  }
})

test('a pull gives the runs of its ranges, and nothing for what is private or unknown', async () => {
  await using served = await serveFederation()
  for (const text of ['one', 'two', 'three']) await served.spore.remember({ text, space: 'commons' })
  await served.spore.remember({ text: 'secret', space: 'private' })
  const page = await served.spore.memories({ limit: 10 })
  assert.ok(page.ok)
  const logIn = (space: string) => page.value.frontier.find((log) => log.space === space)!.log as never
  const pull = async (ranges: Parameters<typeof encodePull>[0]) => {
    const { status, headers, body } = await ask(served, pullOf(encodePull(ranges)))
    assert.deepEqual([status, headers['content-type']], [200, 'application/vnd.spore.frames'])
    return [...decodeFrames(body, zlibCompression)].map((frame) => {
      const run = frame.ok ? decodeRun(frame.value) : frame
      assert.ok(run.ok)
      return [run.value.from, run.value.count]
    })
  }
  assert.deepEqual(await pull([{ logId: logIn('commons'), from: 0, to: null }]), [[0, 3]])
  assert.deepEqual(await pull([{ logId: logIn('commons'), from: 1, to: 1 }]), [[1, 2]])
  assert.deepEqual(await pull([{ logId: logIn('commons'), from: 3, to: null }]), [])
  assert.deepEqual(await pull([{ logId: logIn('commons'), from: 2, to: 1 }]), [])
  assert.deepEqual(await pull([{ logId: logIn('private'), from: 0, to: null }]), [])
  assert.deepEqual(await pull([{ logId: 'A'.repeat(22) as never, from: 0, to: null }]), [])
  assert.deepEqual(await pull([]), [])
})

test('a pull that is no pull, or has one range too many, is refused', async () => {
  await using served = await serveFederation()
  const range = { logId: 'A'.repeat(22) as never, from: 0, to: null }
  const bodies = [
    encodePull(Array.from({ length: PULL_RANGES_MAX + 1 }, () => range)),
    Uint8Array.of(0xff, 0xff),
    Uint8Array.of(0x80, 0x00),
    Buffer.from('[]'),
  ]
  for (const body of bodies) {
    const { status, code } = await ask(served, pullOf(body))
    assert.deepEqual([status, code], [400, 'REQUEST_INVALID'])
  }
  assert.equal(
    (await ask(served, pullOf(encodePull(Array.from({ length: PULL_RANGES_MAX }, () => range))))).status,
    200,
  )
})

test('runs that are pushed are stored, and counted as known when they come again', async () => {
  await using served = await serveFederation()
  const body = framesOf(
    makeRun({ signer: newSigner(), texts: ['one', 'two'] }),
    makeRun({ signer: newSigner(), texts: ['three'] }),
  )
  // Nobody has asked for a link, so there is none to prune either.
  const unlinked = { failures: [], want: [], prune: false, linked: false }
  assert.deepEqual(await push(served, body), { new: 3, dup: 0, ...unlinked })
  assert.deepEqual(await push(served, body), { new: 0, dup: 3, ...unlinked })
  assert.equal(served.spore.health().memories, 3)
})

const HOUR_MS = 3600 * 1000
const refused: readonly { readonly what: string; readonly code: string; readonly run: () => Uint8Array }[] = [
  {
    what: 'a head signed by another key',
    code: 'SIGNATURE_INVALID',
    run: () => makeRun({ signer: newSigner(), texts: ['x'], forger: newSigner() }),
  },
  {
    what: 'a head of another network',
    code: 'SIGNATURE_INVALID',
    run: () => makeRun({ signer: newSigner(), texts: ['x'], network: 'elsewhere' }),
  },
  {
    what: 'a payload that was tampered with',
    code: 'CHAIN_MISMATCH',
    run: () =>
      alterRun(makeRun({ signer: newSigner(), texts: ['pay 1 coin'] }), 10, (payloads) => {
        const bytes = Uint8Array.from(payloads as Uint8Array)
        bytes[bytes.length - 1]! ^= 1
        return bytes
      }),
  },
  {
    what: 'a chain that was tampered with',
    code: 'CHAIN_MISMATCH',
    run: () => alterRun(makeRun({ signer: newSigner(), texts: ['x'] }), 11, () => new Uint8Array(32)),
  },
  {
    what: 'a kind that was changed',
    code: 'CHAIN_MISMATCH',
    run: () => alterRun(makeRun({ signer: newSigner(), texts: ['x'] }), 6, () => Uint8Array.of(2)),
  },
  {
    what: 'a log of another author',
    code: 'CHAIN_MISMATCH',
    run: () => alterRun(makeRun({ signer: newSigner(), texts: ['x'] }), 1, () => newSigner().publicKey),
  },
  {
    what: 'a clock an hour ahead',
    code: 'CLOCK_AHEAD',
    run: () => makeRun({ signer: newSigner(), texts: ['x'], startMs: Date.now() + HOUR_MS }),
  },
  {
    what: 'a clock that is held back for now',
    code: 'CLOCK_AHEAD',
    run: () => makeRun({ signer: newSigner(), texts: ['x'], startMs: Date.now() + 5 * 60 * 1000 }),
  },
  {
    what: 'a private space',
    code: 'SPACE_REFUSED',
    run: () => makeRun({ signer: newSigner(), texts: ['x'], space: 'private' }),
  },
  {
    what: 'a space that is not known',
    code: 'SPACE_REFUSED',
    run: () => makeRun({ signer: newSigner(), texts: ['x'], space: 'elsewhere' }),
  },
  {
    what: 'a key of small order',
    code: 'KEY_REFUSED',
    run: () =>
      alterRun(makeRun({ signer: newSigner(), texts: ['x'] }), 1, () =>
        Uint8Array.of(1, ...new Uint8Array(31)),
      ),
  },
  { what: 'a run that is no run', code: 'RUN_MALFORMED', run: () => Uint8Array.of(0x60) },
  { what: 'a run of no fields', code: 'RUN_MALFORMED', run: () => Uint8Array.of(0x80) },
  {
    what: 'a run of another version',
    code: 'VERSION_UNSUPPORTED',
    run: () => alterRun(makeRun({ signer: newSigner(), texts: ['x'] }), 0, () => 2),
  },
]

for (const { what, code, run } of refused)
  test(`${what} is refused with ${code}, alone, and stores nothing`, async () => {
    await using served = await serveFederation()
    const good = makeRun({ signer: newSigner(), texts: ['good'] })
    const reply = await push(served, framesOf(run(), good))
    assert.deepEqual(reply.failures, [{ index: 0, code }])
    assert.deepEqual([reply.new, reply.want], [1, []])
    const { memories, entries } = served.spore.health()
    assert.deepEqual([memories, entries], [1, 1])
  })

test('a run with a gap is refused, and the reply says from where the log is wanted', async () => {
  await using served = await serveFederation()
  const signer = newSigner()
  const startMs = Date.now() - HOUR_MS
  const texts = ['one', 'two', 'three', 'four']
  await push(served, framesOf(makeRun({ signer, texts: texts.slice(0, 2), startMs })))
  const gap = await push(served, framesOf(makeRun({ signer, texts, startMs, from: 3 })))
  assert.deepEqual(gap.failures, [{ index: 0, code: 'SEQ_GAP' }])
  assert.deepEqual(
    gap.want.map(({ from }) => from),
    [2],
  )
  const filled = await push(served, framesOf(makeRun({ signer, texts, startMs, from: 2 })))
  assert.deepEqual([filled.new, filled.failures, filled.want], [2, [], []])
})

test('a run behind which bytes are missing is refused, and those before it are kept', async () => {
  await using served = await serveFederation()
  const body = framesOf(
    makeRun({ signer: newSigner(), texts: ['whole'] }),
    makeRun({ signer: newSigner(), texts: ['cut'] }),
  )
  const reply = await push(served, body.subarray(0, -3))
  assert.deepEqual([reply.new, reply.failures], [1, [{ index: 1, code: 'RUN_MALFORMED' }]])
})

test('a body over the bound is refused with 413, one at the bound is read', async () => {
  await using served = await serveFederation()
  for (const asked of [pushOf, pullOf]) {
    const { status, code } = await ask(served, asked(new Uint8Array(FEDERATION_BODY_BYTES_MAX + 1)))
    assert.deepEqual([status, code], [413, 'BODY_TOO_LARGE'])
  }
  const full = await push(served, new Uint8Array(FEDERATION_BODY_BYTES_MAX))
  assert.deepEqual(full.failures, [{ index: 0, code: 'RUN_MALFORMED' }])
})

test('another media type, and a join that is no descriptor, are refused', async () => {
  await using served = await serveFederation()
  const typed = await ask(served, { ...pullOf(), type: 'text/plain' })
  assert.deepEqual([typed.status, typed.code], [415, 'MEDIA_TYPE_UNSUPPORTED'])
  for (const [body, code] of [
    ['{', 'BODY_MALFORMED'],
    ['{}', 'REQUEST_INVALID'],
    ['null', 'REQUEST_INVALID'],
    [`${'['.repeat(40)}${']'.repeat(40)}`, 'BODY_TOO_DEEP'],
  ] as const) {
    const joined = await ask(served, {
      method: 'POST',
      path: '/federation/join',
      body: Buffer.from(body),
      type: 'application/json',
    })
    assert.deepEqual([joined.status, joined.code], [400, code], body.slice(0, 20))
  }
  const large = await ask(served, {
    method: 'POST',
    path: '/federation/join',
    body: Buffer.alloc(17 * 1024, ' '),
    type: 'application/json',
  })
  assert.deepEqual([large.status, large.code], [413, 'BODY_TOO_LARGE'])
})

test('a pull that accepts JSON lines gives the same entries, one a line, uncompressed', async () => {
  await using served = await serveFederation()
  const texts = ['tea', 'milk ✓', 'a longer text about tea. '.repeat(100)]
  for (const text of texts)
    await served.spore.remember({ text, space: 'commons', tags: ['drink'], thread: 'kitchen' })
  const removed = await served.spore.remember({ text: 'wine', space: 'commons' })
  assert.ok(removed.ok)
  await served.spore.retract(removed.value.id)
  const page = await served.spore.memories({ limit: 10 })
  assert.ok(page.ok)
  const log = page.value.frontier.find(({ space }) => space === 'commons')
  const asked = pullOf(encodePull([{ logId: log?.log as never, from: 0, to: null }]))
  const { status, headers, body } = await ask(served, {
    ...asked,
    headers: { accept: 'application/x-ndjson', 'accept-encoding': 'gzip, br, zstd' },
  })
  assert.deepEqual(
    [status, headers['content-type'], headers['content-encoding'], headers.vary],
    [200, 'application/x-ndjson', undefined, 'accept'],
  )
  const text = body.toString()
  assert.ok(text.endsWith('\n'))
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    lines.map(({ seq, kind, content }) => [seq, kind, content.text]),
    [...[...texts, 'wine'].map((one, i) => [i, 'memory', one]), [4, 'retract', undefined]],
  )
  const view = await served.spore.memory(lines[0].id)
  assert.ok(view.ok)
  const { author, space, dots, createdAt } = view.value
  assert.deepEqual(
    [lines[0].author, lines[0].space, lines[0].log, lines[0].entry, lines[0].createdAt],
    [author, space, dots[0]?.log, dots[0]?.entry, createdAt],
  )
  assert.deepEqual([lines[0].content.tags, lines[0].content.thread], [['drink'], 'kitchen'])
  assert.match(JSON.stringify(lines[4].content), /^\{"dots":\[\["[\w-]{11}",\[3\]\]\]\}$/)
})
