/** What an address may cost before it is known who asks, and how many replies with entries are under way. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Did } from '../../../../src/core/base/brand.ts'
import { ok } from '../../../../src/core/base/result.ts'
import type { Federation } from '../../../../src/core/gossip/federation.ts'
import { signRequest } from '../../../../src/core/identity/http-signature.ts'
import { FRAMES_MEDIA_TYPE } from '../../../../src/core/protocol/frame.ts'
import {
  ADDRESS_BYTES_BURST,
  ADDRESS_SIGNATURES_BURST,
  ADDRESS_SIGNATURES_PER_SECOND,
  FALSE_SIGNATURE_COST,
  SYNCS_MAX,
  SYNCS_PER_CALLER_MAX,
} from '../../../../src/core/protocol/limits.ts'
import { decodePushReply } from '../../../../src/core/protocol/messages.ts'
import { createAccounts } from '../../../../src/http/bounds/accounts.ts'
import { toOrigin } from '../../../../src/http/bounds/origin.ts'
import {
  ADDRESS_KEYS_BURST,
  NEAR_FACTOR,
  STRANGER_PUSH_ENTRIES_MAX,
  STRANGER_RUN_COST,
} from '../../../../src/http/bounds/strangers.ts'
import { createSyncReplies } from '../../../../src/http/federation/sync-replies.ts'
import { createAuthor } from '../../../support/hostile-peer/author.ts'
import { ask, HEADS, newSigner, PEER, prepare, pullOf, pushOf, serveFederation } from './support.ts'

const HERE = toOrigin('127.0.0.1')
const HERE_HAS = NEAR_FACTOR * ADDRESS_SIGNATURES_BURST

/** A server whose buckets are not refilled, and the requests whose signatures it verified. */
async function setUp(options: { federation?: Partial<Federation>; trustProxy?: string[] } = {}) {
  const accounts = createAccounts(() => 0)
  const http = { accounts, ...(options.trustProxy && { trustProxy: options.trustProxy }) }
  const served = await serveFederation(null, undefined, {
    http,
    ...(options.federation && { federation: options.federation }),
  })
  const left = (signatures: number) => accounts.charge(HERE, null, { signatures: HERE_HAS - signatures })
  return { served, accounts, left, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() }
}

test('as many requests as an address can pay for are verified, one more comes back later', async () => {
  const verified: string[] = []
  await using world = await setUp({
    federation: {
      admit: (parts) => {
        verified.push(parts.path)
        return ok(PEER.did)
      },
    },
  })
  world.left(3)
  for (let i = 0; i < 3; i++) assert.equal((await ask(world.served, HEADS)).status, 200)
  const refused = await ask(world.served, HEADS)
  assert.deepEqual([refused.status, refused.code, verified.length], [503, 'OVERLOADED', 3])
  const seconds = Number(refused.headers['retry-after'])
  assert.equal(seconds, Math.ceil(1 / ADDRESS_SIGNATURES_PER_SECOND))
})

test('what needs no signature needs no tokens', async () => {
  await using world = await setUp()
  world.left(0)
  const reply = await fetch(`http://${world.served.authority}/livez`)
  assert.equal(reply.status, 200)
})

test('a signature that does not hold costs more than one that does', async () => {
  await using world = await setUp()
  world.left(1 + FALSE_SIGNATURE_COST + 1)
  const forged = await ask(world.served, { ...HEADS, sent: { path: '/federation/nodes' } })
  assert.equal(forged.status, 401)
  const replayed = prepare(world.served, HEADS)
  assert.equal((await replayed()).status, 200)
  assert.equal((await ask(world.served, HEADS)).status, 503)
})

test('a request sent again costs as much as a false signature', async () => {
  await using world = await setUp()
  world.left(2 + FALSE_SIGNATURE_COST)
  const again = prepare(world.served, HEADS)
  assert.deepEqual([(await again()).status, (await again()).status], [200, 401])
  assert.equal((await ask(world.served, HEADS)).status, 503)
})

/** Frames of two bytes, which hold nothing. */
const framesOf = (count: number): Buffer => Buffer.concat(Array(count).fill(Buffer.from([0, 0, 0, 2, 0, 0])))

test('a push pays for its frames and what they make this spore do before any is verified', async () => {
  let pushes = 0
  await using world = await setUp({
    federation: {
      push: async () => {
        pushes++
        return new Uint8Array()
      },
    },
  })
  /** Ten signatures, ten runs, and less than two KiB. */
  const cost = 10 + 10 * STRANGER_RUN_COST + 1
  world.left(1 + cost)
  assert.equal((await ask(world.served, pushOf(framesOf(10)))).status, 200)
  world.accounts.charge(HERE, null, { signatures: -(1 + cost - 1) })
  assert.equal((await ask(world.served, pushOf(framesOf(10)))).status, 503)
  assert.equal(pushes, 1)
})

test('a peer is answered at an address that strangers have used up, and a stranger is not', async () => {
  await using world = await setUp({ federation: { isPeer: (caller) => caller === PEER.did } })
  assert.equal((await ask(world.served, HEADS)).status, 200)
  world.left(0)
  assert.equal((await ask(world.served, HEADS)).status, 200)
  assert.equal((await ask(world.served, { ...HEADS, signer: newSigner() })).status, 503)
})

test('nobody becomes a proven peer by saying so', async () => {
  await using world = await setUp({ federation: { isPeer: () => true } })
  const signer = newSigner()
  const forged = { ...HEADS, signer, sent: { path: '/federation/nodes' } }
  assert.equal((await ask(world.served, forged)).status, 401)
  world.left(0)
  assert.equal((await ask(world.served, { ...HEADS, signer })).status, 503)
})

test('behind a proxy that is trusted each address pays for itself; what others say of it counts for nothing', async () => {
  const from = (address: string) => ({ ...HEADS, headers: { 'x-forwarded-for': address } })
  await using trusting = await setUp({ trustProxy: ['127.0.0.1'] })
  trusting.accounts.charge(toOrigin('93.184.216.34'), null, { signatures: 2 * ADDRESS_SIGNATURES_BURST })
  assert.equal((await ask(trusting.served, from('93.184.216.34'))).status, 503)
  assert.equal((await ask(trusting.served, from('198.41.0.4'))).status, 200)
  // The last hop is the proxy's word; what stands before it is the caller's own.
  assert.equal((await ask(trusting.served, from('198.41.0.4, 93.184.216.34'))).status, 503)
  await using wary = await setUp()
  wary.left(0)
  assert.equal((await ask(wary.served, from('198.41.0.4'))).status, 503)
})

/** Frames that never end, and how many were asked for. */
function endless() {
  const state = { yielded: 0, ended: 0 }
  const frame = randomBytes(64 * 1024)
  const pull = () =>
    ok(
      (async function* () {
        try {
          for (;;) {
            state.yielded++
            yield frame
            await turn()
          }
        } finally {
          state.ended++
        }
      })(),
    )
  return { state, pull }
}

/** A pull whose reply is not read. */
async function pullUnread(served: { readonly port: number; readonly authority: string }) {
  const { body = new Uint8Array(), path, type = '' } = pullOf()
  const parts = { method: 'POST', authority: served.authority, path, query: '', body }
  const signature = signRequest(parts, newSigner(), Math.floor(Date.now() / 1000), randomBytes(16))
  const socket = connect(served.port, '127.0.0.1').on('error', () => {})
  const head = Object.entries({ host: served.authority, 'content-type': type, ...signature })
  const text = head.map(([name, value]) => `${name}: ${value}`).join('\r\n')
  socket.write(`POST ${path} HTTP/1.1\r\n${text}\r\ncontent-length: ${body.length}\r\n\r\n`)
  socket.write(body)
  await once(socket, 'readable')
  return socket
}

test('who does not read its replies holds no place for long: the next caller is answered', async () => {
  const { pull } = endless()
  let hasEnd = false
  await using served = await serveFederation(null, undefined, {
    federation: { pull: () => (hasEnd ? ok((async function* () {})()) : pull()) },
  })
  const slow = []
  for (let i = 0; i < SYNCS_MAX; i++) slow.push(await pullUnread(served))
  hasEnd = true
  // The first may have to come back; the turn of one that holds a place is over by then.
  let { status, headers } = await ask(served, pullOf())
  while (status === 503) {
    assert.ok(Number(headers['retry-after']) > 0)
    ;({ status, headers } = await ask(served, pullOf()))
  }
  assert.equal(status, 200)
  for (const socket of slow) socket.destroy()
})

test('one caller has some replies under way; one more waits, and is told to come back', async () => {
  const { pull } = endless()
  await using served = await serveFederation(null, undefined, { federation: { pull } })
  const stopping = new AbortController()
  const held = []
  for (let i = 0; i < SYNCS_PER_CALLER_MAX; i++) held.push(await heldPull(served, stopping.signal))
  const refused = await ask(served, pullOf())
  assert.deepEqual([refused.status, refused.code], [503, 'OVERLOADED'])
  stopping.abort()
  await Promise.allSettled(held)
})

/** A pull of `PEER` that has begun to be answered, and is read no further. */
async function heldPull(served: { readonly authority: string }, signal: AbortSignal): Promise<Response> {
  const { body = new Uint8Array(), path, type = '' } = pullOf()
  const parts = { method: 'POST', authority: served.authority, path, query: '', body }
  const signature = signRequest(parts, PEER, Math.floor(Date.now() / 1000), randomBytes(16))
  const headers = { 'content-type': type, ...signature }
  return fetch(`http://${served.authority}${path}`, {
    method: 'POST',
    headers,
    body: Buffer.from(body),
    signal,
  })
}

test('a reply of which nothing is taken is cut', async () => {
  const isPeer = (_: Did): boolean => false
  const syncs = createSyncReplies(isPeer, { stallMs: 100 })
  const chunk = Buffer.alloc(1024 * 1024)
  const server = createServer(async (_asked, raw) => {
    await syncs.begin({ raw } as Parameters<typeof syncs.begin>[0], 'did:key:zCaller' as Did)
    raw.writeHead(200, { 'content-type': FRAMES_MEDIA_TYPE })
    for (let i = 0; i < 64 && !raw.destroyed; i++)
      if (!raw.write(chunk)) await Promise.race([once(raw, 'drain'), once(raw, 'close')])
    raw.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const open = async () => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await once(socket, 'readable')
    return socket
  }
  const [[cut], stuck] = await Promise.all([once(server, 'connection'), open()])
  await once(cut as Socket, 'close')
  stuck.destroy()
  server.closeAllConnections()
  await once(server.close(), 'close')
})

test('bytes are charged as they come and go, not as they are announced', async () => {
  const reply = randomBytes(100_000)
  await using world = await setUp({ federation: { push: async () => reply } })
  const announced = connect(world.served.port, '127.0.0.1').on('error', () => {})
  announced.write(
    `POST /federation/v1/push HTTP/1.1\r\nhost: ${world.served.authority}\r\ncontent-type: ${FRAMES_MEDIA_TYPE}\r\ncontent-length: 4000000\r\n\r\n`,
  )
  const body = framesOf(10_000)
  assert.equal((await ask(world.served, pushOf(body))).status, 200)
  announced.destroy()
  // What is left is what there was, less both bodies and some heads.
  const left = ADDRESS_BYTES_BURST - body.length - reply.length
  world.accounts.charge(HERE, null, { bytes: left - 4000, signatures: -20_000 })
  assert.notEqual(world.accounts.take(HERE, null, { bytes: 4000 }), 0)
  assert.equal(world.accounts.take(HERE, null, { bytes: 1 }), 0)
})

test('a stranger without a stream that wrote 10,000 entries is rid of them within minutes, and not cut off', async (context) => {
  const time = { nowMs: 0 }
  const accounts = createAccounts(() => time.nowMs)
  await using served = await serveFederation(null, undefined, {
    http: { accounts, trustProxy: ['127.0.0.1'] },
  })
  const signer = newSigner()
  const from = { 'x-forwarded-for': '93.184.216.34' }
  const logs = Array.from({ length: 10 }, (_, log) => {
    const author = createAuthor({ signer, network: 'spore-test', epoch: `backlog ${log}` })
    author.append(Array.from({ length: 1000 }, (_, n) => `entry ${n} of ${log}, written without a network`))
    return author.frame(0)
  })
  let most = 0
  for (let left = logs; left.length > 0; ) {
    const { status, headers, body } = await ask(served, {
      ...pushOf(Buffer.concat(left)),
      signer,
      headers: from,
    })
    if (status === 503) {
      time.nowMs += 1000 * Number(headers['retry-after'])
      continue
    }
    assert.equal(status, 200)
    const reply = decodePushReply(body)
    most = Math.max(most, reply?.new ?? 0)
    const later = new Set(reply?.failures.map(({ index, code }) => (code === 'OVERLOADED' ? index : -1)))
    left = left.filter((_, i) => later.has(i))
  }
  context.diagnostic(`${Math.round(time.nowMs / 1000)} s, at most ${most} entries at once`)
  assert.equal(served.spore.health().memories, 10_000)
  assert.ok(most < 2 * STRANGER_PUSH_ENTRIES_MAX, `${most} entries of one push`)
  assert.ok(time.nowMs < 180_000, `${time.nowMs} ms`)
  assert.equal(served.spore.federation.conduct.view(signer.did)?.standing, 'ok')
})

test('a crowd of keys from one address is turned away, those that it was let in with are not', async () => {
  await using world = await setUp({ trustProxy: ['127.0.0.1'] })
  const from = { 'x-forwarded-for': '93.184.216.34' }
  const signers = Array.from({ length: ADDRESS_KEYS_BURST + 1 }, newSigner)
  const statuses: number[] = []
  for (const signer of signers)
    statuses.push((await ask(world.served, { ...HEADS, signer, headers: from })).status)
  assert.deepEqual(statuses, [...Array(ADDRESS_KEYS_BURST).fill(200), 503])
  assert.equal((await ask(world.served, { ...HEADS, signer: signers[0]!, headers: from })).status, 200)
  // Where there may be a proxy, keys say nothing.
  for (const signer of signers) assert.equal((await ask(world.served, { ...HEADS, signer })).status, 200)
})
