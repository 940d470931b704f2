/** Multicast DNS on loopback, with the real library and real packets; says so where this machine has no multicast there. */
import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { openLocalNetwork, SERVICES_MAX, toHint } from '../../../src/adapters/local-network.ts'
import type { Did } from '../../../src/core/base/brand.ts'
import { silentLog } from '../../../src/core/base/ports.ts'
import type { Hint } from '../../../src/core/gossip/hints.ts'
import { createSigner } from '../../../src/core/identity/keys.ts'
import { swarmDna } from '../../../src/core/protocol/dna.ts'
import { seededRandom, testSeed } from '../../support/seeded.ts'

const GROUP = '224.0.0.251'
const LOOPBACK = '127.0.0.1'
const HANG_MS = 5000
const didOf = (byte: number): Did => createSigner(new Uint8Array(32).fill(byte)).did

/** A socket in the group, on loopback; its port is free at the time. */
async function openSocket(port = 0): Promise<Socket & AsyncDisposable> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.bind(port, '0.0.0.0')
  await once(socket, 'listening')
  try {
    socket.addMembership(GROUP, LOOPBACK)
    socket.setMulticastInterface(LOOPBACK)
  } catch (error) {
    socket.close()
    throw error
  }
  return Object.assign(socket, {
    async [Symbol.asyncDispose]() {
      socket.close()
      await once(socket, 'close')
    },
  })
}

async function hasMulticast(): Promise<boolean> {
  try {
    await using socket = await openSocket()
    const heard = once(socket, 'message', { signal: AbortSignal.timeout(1000) })
    socket.send('x', socket.address().port, GROUP)
    await heard
    return true
  } catch {
    return false
  }
}

const skip = (await hasMulticast()) ? false : 'skipped: no multicast on the loopback of this machine'

interface Listener extends AsyncDisposable {
  readonly found: Hint[]
  /** Resolves when it has heard of a spore. */
  heardOf(key: Did): Promise<void>
}

async function listen(port: number, did: Did, url: string | null, network = 'spore-test'): Promise<Listener> {
  const found: Hint[] = []
  let changed = Promise.withResolvers<void>()
  const local = await openLocalNetwork({
    network,
    did,
    url,
    log: silentLog,
    port,
    interfaces: () => [LOOPBACK],
    onFound(hint) {
      found.push(hint)
      changed.resolve()
      changed = Promise.withResolvers()
    },
  })
  return {
    found,
    async heardOf(key) {
      const timeout = AbortSignal.timeout(HANG_MS)
      const hung = new Promise<never>((_, reject) =>
        timeout.addEventListener('abort', () => reject(new Error(`never heard of ${key}`))),
      )
      while (!found.some((hint) => hint.key === key)) await Promise.race([changed.promise, hung])
    },
    [Symbol.asyncDispose]: () => local[Symbol.asyncDispose](),
  }
}

/** A port of this test alone. */
async function freePort(): Promise<number> {
  const socket = createSocket({ type: 'udp4' })
  socket.bind(0, '0.0.0.0')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}

describe('on the local network', { skip }, () => {
  test('spores hear of each other: who comes first, who comes later, and who only listens', async () => {
    const port = await freePort()
    await using a = await listen(port, didOf(1), 'http://127.0.0.1:7861')
    await using b = await listen(port, didOf(2), 'http://127.0.0.1:7862')
    await using silent = await listen(port, didOf(3), null)
    await Promise.all([
      a.heardOf(didOf(2)),
      b.heardOf(didOf(1)),
      silent.heardOf(didOf(1)),
      silent.heardOf(didOf(2)),
    ])
    assert.deepEqual(a.found, [{ key: didOf(2), url: 'http://127.0.0.1:7862' }])
    assert.ok(b.found.every(({ key }) => key === didOf(1)))
  })

  test('spores of another network, and the own words, are passed over', async () => {
    const port = await freePort()
    await using a = await listen(port, didOf(1), 'http://127.0.0.1:7861')
    await using _other = await listen(port, didOf(2), 'http://127.0.0.1:7862', 'spore-other')
    await using c = await listen(port, didOf(3), 'http://127.0.0.1:7863')
    await Promise.all([a.heardOf(didOf(3)), c.heardOf(didOf(1))])
    assert.deepEqual(
      [...new Set([...a.found, ...c.found].map(({ key }) => key))].sort(),
      [didOf(1), didOf(3)].sort(),
    )
  })

  test('says nothing but key, URL and a hash of the network', async () => {
    const port = await freePort()
    await using ear = await openSocket(port)
    const heard = Promise.withResolvers<Buffer>()
    ear.on('message', (packet: Buffer) => packet.includes('url=') && heard.resolve(packet))
    await using _a = await listen(port, didOf(1), 'http://127.0.0.1:7861', 'a-private-name')
    const packet = (await heard.promise).toString('latin1')
    assert.ok(packet.includes(`key=${didOf(1)}`) && packet.includes(swarmDna('a-private-name')))
    assert.ok(!packet.includes('a-private-name'))
  })

  test('goes on through packets that nobody should send, and hears of a bounded number of services', async (context) => {
    const port = await freePort()
    const seed = testSeed()
    context.diagnostic(`seed ${seed} (repeat with SPORE_SEED=${seed})`)
    const random = seededRandom(seed)
    await using a = await listen(port, didOf(1), 'http://127.0.0.1:7861')
    await using evil = await openSocket(port)
    const send = (packet: Uint8Array) =>
      new Promise<void>((resolve) => evil.send(packet, port, GROUP, () => resolve()))
    const names = Array.from({ length: SERVICES_MAX + 20 }, (_, i) => `s${i}`)
    for (const name of names) await send(announcement(name, didOf(2), 'http://127.0.0.1:1'))
    const one = announcement('victim', didOf(2), 'http://127.0.0.1:1')
    for (let i = 0; i < 300; i++) {
      const packet = Uint8Array.from(one)
      for (let j = 0; j < 8; j++) packet[random.integer(2, packet.length - 1)] = random.integer(0, 255)
      await send(packet)
    }
    await send(new Uint8Array(20_000))
    // What was sent before it was read before it; a packet can be lost, so it is sent until it comes.
    let isRead = false
    evil.on('message', (packet: Buffer) => {
      isRead ||= packet.toString() === 'last'
    })
    while (!isRead) {
      await send(Buffer.from('last'))
      await turn()
    }
    await turn()
    assert.ok(a.found.length <= SERVICES_MAX, `${a.found.length} were heard of`)
    assert.ok(a.found.length > 0)
  })
})

test('a network that is not there, or a port that is taken, is no error', async () => {
  const messages: string[] = []
  const log = { ...silentLog, warn: (message: string) => void messages.push(message) }
  // Without `reuseAddr` nobody else gets the port.
  const holder = createSocket({ type: 'udp4' })
  holder.bind(0, '0.0.0.0')
  await once(holder, 'listening')
  const options = { network: 'spore-test', did: didOf(1), url: 'http://127.0.0.1:1', log, onFound() {} }
  {
    await using _taken = await openLocalNetwork({ ...options, port: holder.address().port })
    await using _none = await openLocalNetwork({ ...options, port: await freePort(), interfaces: () => [] })
    const interfaces = () => ['192.0.2.77']
    await using _odd = await openLocalNetwork({ ...options, port: await freePort(), interfaces })
  }
  holder.close()
  assert.deepEqual(messages, ['no multicast DNS'])
})

test('a hint has the network, a key and a URL', () => {
  const good = { dna: swarmDna('spore-test'), key: didOf(1), url: 'http://127.0.0.1:1' }
  assert.deepEqual(toHint(good, 'spore-test'), { key: didOf(1), url: 'http://127.0.0.1:1' })
  const wrong = [
    null,
    undefined,
    'x',
    {},
    { ...good, dna: 'x' },
    { ...good, key: 'did:key:z6' },
    { ...good, url: true },
  ]
  for (const txt of [...wrong, { ...good, url: `http://${'a'.repeat(600)}` }])
    assert.equal(toHint(txt, 'spore-test'), null)
})

/** A response with PTR, SRV and TXT of one service, as DNS writes it. */
function announcement(name: string, key: string, url: string): Uint8Array {
  const labels = (text: string) =>
    Buffer.concat([
      ...text.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
      Buffer.from([0]),
    ])
  const record = (owner: string, type: number, data: Buffer) => {
    const head = Buffer.alloc(10)
    head.writeUInt16BE(type, 0)
    head.writeUInt16BE(1, 2)
    head.writeUInt32BE(120, 4)
    head.writeUInt16BE(data.length, 8)
    return Buffer.concat([labels(owner), head, data])
  }
  const full = `${name}._spore._tcp.local`
  const texts = [`dna=${swarmDna('spore-test')}`, `key=${key}`, `url=${url}`].map((text) =>
    Buffer.from([text.length, ...Buffer.from(text)]),
  )
  const head = Buffer.from([0, 0, 0x84, 0, 0, 0, 0, 3, 0, 0, 0, 0])
  return Buffer.concat([
    head,
    record('_spore._tcp.local', 12, labels(full)),
    record(full, 33, Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 1]), labels('host.local')])),
    record(full, 16, Buffer.concat(texts)),
  ])
}
