import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { test } from 'node:test'
import { Agent, buildConnector, request } from 'undici'
import {
  type ConnectorParts,
  guardedConnector,
  isPublicAddress,
  type LookupAll,
  parsePeerUrl,
} from '../../../src/adapters/safe-address.ts'
import { URL_CHARS_MAX } from '../../../src/core/protocol/limits.ts'
import { internalHosts, trickyUrls } from '../../support/internal-hosts.ts'

test('no spelling of an internal address passes as a peer URL', () => {
  for (const host of internalHosts) {
    const parsed = parsePeerUrl(`https://${host}/`, false)
    assert.ok(!parsed.ok, host)
    assert.equal(parsed.error.code, 'PEER_URL_INVALID')
  }
})

test('no trick of writing passes as a peer URL', () => {
  for (const text of trickyUrls) {
    const parsed = parsePeerUrl(text, false)
    assert.ok(!parsed.ok, text)
  }
})

test('only https on its default port passes, without credentials, query or fragment', () => {
  const wrong = [
    'http://a.example',
    'https://a.example:8443',
    'https://a.example:80',
    'ftp://a.example',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://user@a.example',
    'https://user:password@a.example',
    'https://@a.example',
    'https://a.example/?x=1',
    'https://a.example/?',
    'https://a.example/#x',
    'https://a.example/#',
    'https://',
    'https:///',
    'a.example',
    '//a.example',
    '',
    'https://a b.example',
    `https://a.example/${'x'.repeat(URL_CHARS_MAX)}`,
  ]
  for (const text of wrong) {
    const parsed = parsePeerUrl(text, false)
    assert.ok(!parsed.ok, text)
    assert.match(parsed.error.detail, /^The peer URL .*\.$/)
  }
})

test('a peer URL has one form: origin and path, no slash at its end', () => {
  const forms: Record<string, string> = {
    'https://a.example': 'https://a.example',
    'https://A.Example:443/': 'https://a.example',
    'https://a.example/spore/': 'https://a.example/spore',
    'https://a.example/x/../spore//': 'https://a.example/spore',
    'https://8.8.8.8/': 'https://8.8.8.8',
    'https://[2606:4700:0:0::1111]': 'https://[2606:4700::1111]',
  }
  for (const [text, expected] of Object.entries(forms)) {
    const parsed = parsePeerUrl(text, false)
    assert.deepEqual(parsed, { ok: true, value: expected })
  }
  const longest = `https://a.example/${'x'.repeat(URL_CHARS_MAX)}`.slice(0, URL_CHARS_MAX)
  assert.ok(parsePeerUrl(longest, false).ok)
})

test('with private addresses allowed, http and any port pass, and nothing else that was refused', () => {
  const value = (text: string) => {
    const parsed = parsePeerUrl(text, true)
    return parsed.ok ? parsed.value : null
  }
  assert.equal(value('http://127.0.0.1:7860/'), 'http://127.0.0.1:7860')
  assert.equal(value('http://[::1]:80'), 'http://[::1]')
  assert.equal(value('https://192.168.1.5:8443/spore'), 'https://192.168.1.5:8443/spore')
  assert.equal(value('http://localhost:1'), 'http://localhost:1')
  for (const text of ['ftp://127.0.0.1', 'http://u:p@127.0.0.1', 'http://127.0.0.1/#', 'http://127.0.0.1/?a'])
    assert.equal(value(text), null, text)
})

test('an address is public or not, whatever its spelling', () => {
  for (const address of ['8.8.8.8', '1.1.1.1', '2606:4700::1111', '::ffff:8.8.8.8'])
    assert.ok(isPublicAddress(address), address)
  for (const address of [
    '127.0.0.1',
    '::1',
    '::ffff:10.0.0.1',
    'fe80::1%eth0',
    '2606:4700::1%1',
    'a.example',
    '',
  ])
    assert.ok(!isPublicAddress(address), address)
})

// --- Connections: a canary on loopback counts who reaches it ---

interface Canary extends AsyncDisposable {
  readonly port: number
  connections(): number
}

async function startCanary(): Promise<Canary> {
  let connections = 0
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
  })
  // Every address of this machine, both families where there are two.
  server.listen(0)
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function connect(url: string, allowPrivate: boolean, parts: ConnectorParts = {}): Promise<number> {
  const agent = new Agent({ connect: guardedConnector(allowPrivate, parts) })
  try {
    const { statusCode, body } = await request(url, { dispatcher: agent })
    await body.dump()
    return statusCode
  } finally {
    await agent.destroy()
  }
}

test('the canary can be reached: with private addresses allowed it counts', async () => {
  await using canary = await startCanary()
  assert.equal(await connect(`http://127.0.0.1:${canary.port}/`, true), 200)
  assert.equal(canary.connections(), 1)
})

test('the connector alone lets no spelling of an internal address through', async () => {
  await using canary = await startCanary()
  for (const host of internalHosts.filter((each) => URL.canParse(`http://${each}`)))
    await assert.rejects(
      connect(`http://${host}:${canary.port}/`, false),
      (error: Error & { code?: string }) => error.code === 'PEER_URL_INVALID',
      host,
    )
  assert.equal(canary.connections(), 0)
})

const lookupTo =
  (...addresses: string[]): LookupAll =>
  (_hostname, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )

test('a public name that resolves to internal addresses is not connected to', async () => {
  await using canary = await startCanary()
  for (const addresses of [['127.0.0.1'], ['::1'], ['::ffff:127.0.0.1'], ['127.0.0.1', '::1'], []])
    await assert.rejects(
      connect(`http://rebound.example:${canary.port}/`, false, { lookup: lookupTo(...addresses) }),
      { code: 'PEER_URL_INVALID' },
    )
  assert.equal(canary.connections(), 0)
})

test('the connector does not trust its lookup: what it is connected to decides', async () => {
  await using canary = await startCanary()
  const sockets: Socket[] = []
  const astray: ConnectorParts['connect'] = () => (options, callback) => {
    buildConnector({})({ ...options, hostname: '127.0.0.1' }, (...result) => {
      if (result[1]) sockets.push(result[1])
      callback(...result)
    })
  }
  await assert.rejects(connect(`http://astray.example:${canary.port}/`, false, { connect: astray }), {
    code: 'PEER_URL_INVALID',
  })
  assert.equal(sockets.length, 1)
  assert.ok(sockets.every((socket) => socket.destroyed))
})

test('a name that cannot be resolved fails as such', async () => {
  const lookup: LookupAll = (_hostname, _options, callback) =>
    callback(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }), [])
  await assert.rejects(connect('http://nowhere.example/', false, { lookup }), { code: 'ENOTFOUND' })
})
