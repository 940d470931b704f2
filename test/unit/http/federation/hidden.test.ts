/**
 * Who is no member of a space learns nothing of it, on any route: two spores with the same key, epoch and history, of which one
 * also has a members space, answer every guess with the same bytes. Guesses are the real ids. The routes come from the table of
 * routes: one that is added without guesses here fails.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import type { LogId, SpaceId } from '../../../../src/core/base/brand.ts'
import { concatBytes, utf8ToBytes } from '../../../../src/core/base/bytes.ts'
import { cidToDigest, digestToCid, sha256 } from '../../../../src/core/base/hash.ts'
import { silentLog } from '../../../../src/core/base/ports.ts'
import { err } from '../../../../src/core/base/result.ts'
import { signDescriptor } from '../../../../src/core/identity/descriptor.ts'
import { signRequest } from '../../../../src/core/identity/http-signature.ts'
import { createSigner, type Signer } from '../../../../src/core/identity/keys.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import type { MemoryStore } from '../../../../src/core/memory/store.ts'
import { failure } from '../../../../src/core/protocol/errors.ts'
import { encodeFrame } from '../../../../src/core/protocol/frame.ts'
import { encodeRedemption, proofOf } from '../../../../src/core/protocol/invitation.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { logIdOf } from '../../../../src/core/protocol/log.ts'
import {
  CBOR_MEDIA_TYPE,
  decodeHeads,
  decodePushReply,
  encodeIhave,
  encodeNeighbor,
  encodePull,
} from '../../../../src/core/protocol/messages.ts'
import { encodePayloadRequest } from '../../../../src/core/protocol/payload-messages.ts'
import { encodeProbe } from '../../../../src/core/protocol/probe-messages.ts'
import { encodeAsks } from '../../../../src/core/protocol/reconcile-messages.ts'
import { createSpore, type Spore } from '../../../../src/core/spore.ts'
import { federationRoutes } from '../../../../src/http/federation/routes.ts'
import { createServer } from '../../../../src/http/server.ts'
import { createReplica, memoryPayload, NOW_MS } from '../../core/memory/replica.ts'

const AUTHORITY = 'spore.example'
const NETWORK = 'spore-test'
const CANARY = 'canary'
const signerOf = (name: string): Signer => createSigner(sha256(utf8ToBytes(`hidden test ${name}`)))
const eve = signerOf('eve')

interface Twin extends AsyncDisposable {
  readonly spore: Spore
  readonly store: MemoryStore
  readonly app: FastifyInstance
  readonly clock: { nowMs: number }
}

async function openTwin(): Promise<Twin> {
  const seed = sha256(utf8ToBytes('twin'))
  const clock = { nowMs: NOW_MS + 60_000 }
  let drawn = 0
  const store = createMemoryStore({
    publicKey: createSigner(seed).publicKey,
    network: NETWORK,
    epoch: new Uint8Array(8).fill(7),
  })
  const spore = await createSpore(
    { name: 'twin', defaultSpace: 'commons', pullIntervalMs: 3_600_000 },
    {
      clock: {
        now: () => clock.nowMs,
        sleep: (ms, signal) => (ms === 0 ? new Promise((turn) => setImmediate(turn)) : forEver(signal)),
      },
      random: { bytes: (length) => new Uint8Array(length).fill(++drawn), float: () => 0.5 },
      log: silentLog,
      store,
      transport: {
        admit: () => err(failure('PEER_URL_INVALID', 'no peers in this test')),
        send: async () => err(failure('PEER_UNREACHABLE', 'no peers in this test')),
        stream: async () => err(failure('PEER_UNREACHABLE', 'no peers in this test')),
      },
      compression: zlibCompression,
      seed,
    },
  )
  const app = await createServer(spore, {
    version: '0.0.0-test',
    allowedHosts: [AUTHORITY],
    tokenRequired: true,
    federation: federationRoutes(spore.federation, { publicUrl: `https://${AUTHORITY}` }),
  })
  await spore.federation.start(`https://${AUTHORITY}`, [])
  return {
    spore,
    store,
    app,
    clock,
    async [Symbol.asyncDispose]() {
      await app.close()
      await spore[Symbol.asyncDispose]()
    },
  }
}

const forEver = (signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) resolve()
    signal?.addEventListener('abort', () => resolve(), { once: true })
  })

const must = <T>(result: { ok: true; value: T } | { ok: false; error: unknown }): T => {
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

/** What stands in the log of an author: in `space`, each entry a run of its own. */
async function framesOf(name: string, space: SpaceId, texts: readonly string[]) {
  const author = createReplica({ name })
  for (const text of texts)
    await author.write((draft) =>
      draft.append({ space, kind: KINDS.memory, payload: memoryPayload(text), references: [] }),
    )
  const logId = logIdOf(author.memory.ownLog(space))
  const runs = await Promise.all(texts.map((_, i) => author.run(logId, i)))
  return { author, logId, frames: runs.map((run) => encodeFrame(run as Uint8Array, zlibCompression)) }
}

/** Two spores, and what the one of them hides. */
async function openTwins() {
  const [hiding, plain] = [await openTwin(), await openTwin()]
  // Their descriptors are signed when first asked for.
  for (const { spore } of [hiding, plain]) spore.federation.nodes()
  const space = must(await hiding.spore.createSpace({ name: `${CANARY} space` })).id as SpaceId
  must(await hiding.spore.remember({ text: `${CANARY} text`, space: `${CANARY} space` }))
  // A member that equivocates, so that there is a proof; and one that was removed, so that it knows ids.
  const told = await framesOf('mal', space, [`${CANARY} of a member`, `${CANARY} two`])
  const other = await framesOf('mal', space, [`${CANARY} of a member`, `${CANARY} another two`])
  const gone = await framesOf('gone', space, [`${CANARY} of who is gone`])
  const { did: mal } = told.author.signer
  const { did: left } = gone.author.signer
  for (const did of [mal, left]) must(await hiding.spore.invite(space, { for: did }))
  const push = async (frames: readonly Uint8Array[], caller = mal) =>
    decodePushReply(await hiding.spore.federation.push(concatBytes(...frames), caller))
  assert.equal((await push(told.frames))?.new, 2)
  assert.equal((await push([gone.frames[0] as Uint8Array], left))?.new, 1)
  assert.equal((await push(other.frames))?.failures[0]?.code, 'LOG_FORKED')
  must(await hiding.spore.removeMember(space, left))
  const invitation = must(await hiding.spore.invite(space, {}))
  const proof = (await hiding.store.fork(told.logId))?.proof
  assert.ok(proof)
  // What anybody may read is the same in both, and comes later: cursors count what came before.
  for (const twin of [hiding, plain]) {
    twin.clock.nowMs += 5000
    for (const text of ['one for all', 'two for all'])
      must(await twin.spore.remember({ text, space: 'commons' }))
  }
  const logs = (await hiding.store.logs()).filter((row) => row.space === space).map(({ logId }) => logId)
  assert.equal(logs.length, 3)
  return { hiding, plain, space, logs, told, other, gone, proof, invitation }
}
type Twins = Awaited<ReturnType<typeof openTwins>>

interface Guess {
  readonly path: string
  readonly body?: Uint8Array
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What is tried at each federation route. */
function guessesOf({ space, logs, told, other, gone, proof, hiding }: Twins, caller: Signer) {
  const path = '/federation/v1'
  const unknown = Buffer.alloc(16, 9).toString('base64url') as LogId
  const ids = [...logs, unknown, Buffer.from(space).toString('base64url').slice(0, 22) as LogId]
  const cbor = (route: string, ...bodies: readonly Uint8Array[]): Guess[] =>
    bodies.map((body) => ({ path: route, body, type: CBOR_MEDIA_TYPE }))
  const { key: _, signature: __, ...self } = hiding.spore.federation.nodes().self
  const descriptor = signDescriptor({ ...self, url: null, name: 'guess' }, caller)
  const joins = (route: string): Guess[] => [
    { path: route, body: utf8ToBytes(JSON.stringify(descriptor)), type: 'application/json' },
  ]
  const stamp = hiding.spore.federation.heads(null, null, hiding.spore.did).stamp
  const ofMember = hiding.spore.federation.heads(null, null, told.author.signer.did)
  const cursor = decodeHeads(ofMember.body as Uint8Array)?.cursor as string
  const whole = {
    lower: { clock: 0, prefix: new Uint8Array() },
    upper: { clock: 2 ** 52, prefix: new Uint8Array() },
  }
  const tags = Array.from({ length: 4 }, (_, i) => new Uint8Array(6).fill(i))
  const shuffle = { nodes: [descriptor], states: ['alive'] }
  return {
    'POST /federation/v1/probe': cbor(
      `${path}/probe`,
      ...[hiding.spore.did, told.author.signer.did, gone.author.signer.did].map(encodeProbe),
    ),
    'POST /federation/v1/shuffle': [
      { path: `${path}/shuffle`, body: utf8ToBytes(JSON.stringify(shuffle)), type: 'application/json' },
    ],
    'POST /federation/leave': [{ path: '/federation/leave' }],
    'POST /federation/v1/leave': [{ path: `${path}/leave` }],
    'GET /federation/v1/heads': [
      { path: `${path}/heads` },
      { path: `${path}/heads?own=${stamp}` },
      { path: `${path}/heads?own=${ofMember.stamp}&since=${cursor}` },
      { path: `${path}/heads?since=${cursor}` },
      { path: `${path}/heads?since=` },
    ],
    'POST /federation/v1/payloads': cbor(
      `${path}/payloads`,
      encodePayloadRequest(ids.flatMap((logId) => [0, 1, 2].map((seq) => ({ logId, seq })))),
    ),
    'POST /federation/v1/reconcile': cbor(
      `${path}/reconcile`,
      encodeAsks([{ ...whole, summary: { count: 0, fingerprint: new Uint8Array(16) } }]),
      encodeAsks([{ ...whole, tags }]),
    ),
    'POST /federation/v1/pull': [
      ...cbor(
        `${path}/pull`,
        encodePull(ids.map((logId) => ({ logId, from: 0, to: null }))),
        encodePull(ids.map((logId) => ({ logId, from: 1, to: 1 }))),
      ),
      {
        path: `${path}/pull`,
        body: encodePull(ids.map((logId) => ({ logId, from: 0, to: null }))),
        type: CBOR_MEDIA_TYPE,
        headers: { accept: 'application/x-ndjson' },
      },
    ],
    'POST /federation/v1/push': [
      told.frames,
      [told.frames[1] as Uint8Array],
      other.frames,
      gone.frames,
      [encodeFrame(proof, zlibCompression)],
      [flip(told.frames[0] as Uint8Array)],
    ].map((frames) => ({
      path: `${path}/push`,
      body: concatBytes(...frames),
      type: 'application/vnd.spore.frames',
    })),
    'POST /federation/v1/ihave': cbor(
      `${path}/ihave`,
      encodeIhave(ids.map((logId) => ({ logId, next: 1 }))),
      encodeIhave(ids.map((logId) => ({ logId, next: 100 }))),
    ),
    'POST /federation/v1/neighbor': cbor(
      `${path}/neighbor`,
      encodeNeighbor({ ask: 'eager', want: ids.map((logId) => ({ logId, from: 0 })) }),
      encodeNeighbor({ ask: 'room', want: [] }),
    ),
    'POST /federation/v1/space': cbor(
      `${path}/space`,
      ...[space, digestToCid(cidToDigest(digestToCidOf('no space')) as never) as SpaceId].flatMap((id) => [
        encodeRedemption({ space: id, proof: new Uint8Array(32), name: 'guess' }),
        encodeRedemption({
          space: id,
          proof: proofOf(new Uint8Array(16), id, caller.publicKey),
          name: 'guess',
        }),
      ]),
    ),
    'GET /federation/v1/log/:id/segments': ids.flatMap((id) => [
      { path: `${path}/log/${id}/segments` },
      { path: `${path}/log/${id}/segments?before=1` },
    ]),
    'GET /federation/v1/log/:id/segment/:from': ids.flatMap((id) =>
      [0, 1].map((from) => ({ path: `${path}/log/${id}/segment/${from}` })),
    ),
    'POST /federation/join': joins('/federation/join'),
    'POST /federation/v1/join': joins(`${path}/join`),
    'GET /federation/nodes': [{ path: '/federation/nodes' }],
    'GET /federation/v1/nodes': [{ path: `${path}/nodes` }],
    // Below: it does not end.
    'GET /federation/v1/stream': [],
  } satisfies Record<string, readonly Guess[]>
}

const digestToCidOf = (text: string): string =>
  digestToCid(Buffer.from(sha256(utf8ToBytes(text))).toString('base64url') as never)

function flip(bytes: Uint8Array): Uint8Array {
  const flipped = Uint8Array.from(bytes)
  flipped[flipped.length - 3] = (flipped.at(-3) as number) ^ 1
  return flipped
}

let nonces = 0
function signed(method: string, guess: Guess, caller: Signer, nowMs: number): InjectOptions {
  const { path, body = new Uint8Array(), type, headers = {} } = guess
  const at = path.indexOf('?')
  const parts = {
    method,
    authority: AUTHORITY,
    path: at < 0 ? path : path.slice(0, at),
    query: at < 0 ? '' : path.slice(at),
    body,
  }
  const nonce = Buffer.alloc(16)
  nonce.writeUInt32BE(++nonces)
  return {
    method: method as 'GET',
    url: path,
    headers: {
      host: AUTHORITY,
      ...(type && { 'content-type': type }),
      ...headers,
      ...signRequest(parts, caller, Math.floor(nowMs / 1000), nonce),
    },
    ...(body.length > 0 && { payload: Buffer.from(body) }),
  }
}

/** A reply without what no two replies share: the time, and the sealed cursor, of which only the length is looked at. */
async function answerOf({ app }: Twin, request: InjectOptions, key: string) {
  const reply = await app.inject(request)
  const { date: _, ...headers } = reply.headers
  const heads = key === 'GET /federation/v1/heads' ? decodeHeads(reply.rawPayload) : null
  const body = heads
    ? JSON.stringify({ ...heads, cursor: heads.cursor.length })
    : reply.rawPayload.toString('latin1')
  return { status: reply.statusCode, headers, body, raw: reply.rawPayload }
}

test('every federation route answers a stranger and a removed member as if there were no such space', async () => {
  await using stack = new AsyncDisposableStack()
  const twins = await openTwins()
  const { hiding, plain, space, logs } = twins
  stack.use(hiding)
  stack.use(plain)
  const routes = hiding.app.routeTable.filter(
    ({ access, method }) => access === 'signed' && method !== 'HEAD' && method !== 'OPTIONS',
  )
  const secrets = [CANARY, space, ...logs].flatMap((text) => [Buffer.from(text)])
  for (const logId of logs) secrets.push(Buffer.from(logId, 'base64url'))
  secrets.push(Buffer.from(cidToDigest(space) as string, 'base64url'))
  for (const caller of [eve, twins.gone.author.signer]) {
    const guesses: Record<string, readonly Guess[]> = guessesOf(twins, caller)
    assert.deepEqual(
      routes.map(({ method, url }) => `${method} ${url}`).sort(),
      Object.keys(guesses).sort(),
      'each route has guesses here',
    )
    for (const [key, ofRoute] of Object.entries(guesses))
      for (const guess of ofRoute) {
        const request = signed(key.split(' ')[0] as string, guess, caller, hiding.clock.nowMs)
        const [here, there] = [await answerOf(hiding, request, key), await answerOf(plain, request, key)]
        assert.deepEqual({ ...here, raw: null }, { ...there, raw: null }, `${key} ${guess.path}`)
        // What the asker said itself may come back: it is asked for what it announced.
        const said = Buffer.concat([Buffer.from(guess.path), Buffer.from(guess.body ?? [])])
        for (const secret of secrets)
          if (!said.includes(secret)) assert.equal(here.raw.includes(secret), false, `${key} says ${secret}`)
        for (const twin of [hiding, plain]) twin.clock.nowMs += 20
      }
  }
})

test('what is written in a hidden space changes nothing of what a stranger sees, though it holds a stream', async () => {
  await using stack = new AsyncDisposableStack()
  const { hiding, plain, space } = await openTwins()
  stack.use(hiding)
  stack.use(plain)
  const frontier = [hiding, plain].map(({ spore }) => spore.federation.heads(null, null, eve.did).stamp)
  assert.equal(frontier[0], frontier[1])
  for (const { spore } of [hiding, plain]) must(spore.federation.stream(eve.did))
  must(await hiding.spore.remember({ text: `${CANARY} while it listens`, space }))
  const after = [hiding, plain].map(({ spore }) => spore.federation.heads(null, null, eve.did).stamp)
  assert.deepEqual(after, frontier)
})

test('without a token no route of the API says anything that depends on a hidden space', async () => {
  await using stack = new AsyncDisposableStack()
  const { hiding, plain, space, logs } = await openTwins()
  stack.use(hiding)
  stack.use(plain)
  const routes = hiding.app.routeTable.filter(
    ({ access, method }) => access !== 'signed' && method !== 'HEAD' && method !== 'OPTIONS',
  )
  assert.ok(routes.length > 20)
  for (const { method, url } of routes)
    for (const id of [space, logs[0] as string, `${CANARY} space`]) {
      const path = url.replace(/:(\w+)/g, encodeURIComponent(id)).replace('*', encodeURIComponent(id))
      const request = { method: method as 'GET', url: path, headers: { host: AUTHORITY } }
      const [here, there] = [await answerOf(hiding, request, ''), await answerOf(plain, request, '')]
      assert.deepEqual({ ...here, raw: null }, { ...there, raw: null }, `${method} ${path}`)
    }
})
