/** A stranger cannot make a spore connect to an address inside, by its own descriptor or by those it passes on. */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { createHttpTransport } from '../../../../src/adapters/http-transport.ts'
import { PASSIVE_MAX } from '../../../../src/core/gossip/views.ts'
import { signDescriptor } from '../../../../src/core/identity/descriptor.ts'
import { signReply } from '../../../../src/core/identity/http-signature.ts'
import type { Signer } from '../../../../src/core/identity/keys.ts'
import { descriptorFields } from '../../../support/descriptor.ts'
import { PUBLIC_ADDRESS, startFakeInternet } from '../../../support/fake-internet.ts'
import { internalHosts, trickyUrls } from '../../../support/internal-hosts.ts'
import { ask, joinOf, newSigner, serveFederation } from './support.ts'

const literals = [...internalHosts.map((host) => `https://${host}/`), ...trickyUrls.filter(Boolean)]
const INSIDES = ['127.0.0.1', '10.0.0.7', '169.254.169.254', '::1', '::ffff:192.168.0.1', '64:ff9b::7f00:1']
const insideUrls = INSIDES.map((_, i) => `https://inside-${i}.example`)

const descriptorOf = (url: string, signer: Signer = newSigner()) =>
  signDescriptor(descriptorFields({ url, name: 'evil', issued: Date.now() }), signer)

async function startNetwork(allowPrivateAddresses: boolean) {
  const internet = await startFakeInternet()
  for (const [i, address] of INSIDES.entries()) internet.names.set(`inside-${i}.example`, [[address]])
  const transport = createHttpTransport({ allowPrivateAddresses }, internet.parts)
  const served = await serveFederation(null, transport)
  await served.spore.federation.start('https://me.example', [])
  return {
    internet,
    served,
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      await transport[Symbol.asyncDispose]()
      await internet[Symbol.asyncDispose]()
    },
  }
}

/** A spore on the public internet that knows spores at these URLs. */
const knowing = (urls: readonly string[]) => {
  const signer = newSigner()
  return (asked: IncomingMessage, reply: ServerResponse) => {
    if (!/\/(join|nodes)$/.test(asked.url ?? '')) return reply.writeHead(404).end()
    const nodes = urls.map((url) => descriptorOf(url))
    const body = Buffer.from(JSON.stringify({ self: descriptorOf('https://evil.example', signer), nodes }))
    const requestSignature = String(asked.headers.signature)
    const parts = { status: 200, body, requestSignature }
    reply.writeHead(200, { ...signReply(parts, signer, Math.floor(Date.now() / 1000)) })
    return reply.end(body)
  }
}

test('a join with an internal address of any spelling is answered, and nobody connects there', async () => {
  await using network = await startNetwork(false)
  const { served, internet } = network
  for (const url of [...literals, ...insideUrls]) {
    const signer = newSigner()
    const { status } = await ask(served, { ...joinOf(descriptorOf(url, signer)), signer })
    assert.ok(status < 500, url)
  }
  for (const url of insideUrls) await internet.lookedUp(new URL(url).hostname)
  assert.deepEqual([[...internet.dialled], internet.connections()], [[], 0])
})

test('a peer that knows spores at internal addresses makes nobody connect there', async () => {
  await using network = await startNetwork(false)
  const { served, internet } = network
  for (let i = 0; i < literals.length; i += PASSIVE_MAX) {
    internet.onRequest = knowing(literals.slice(i, i + PASSIVE_MAX))
    const added = await served.spore.addPeer(`https://evil-${i}.example`)
    assert.ok(added.ok, JSON.stringify(added))
  }
  internet.onRequest = knowing(insideUrls)
  assert.ok((await served.spore.addPeer('https://evil.example')).ok)
  for (const url of insideUrls) await internet.lookedUp(new URL(url).hostname)
  assert.deepEqual([[...internet.dialled], internet.connections()], [[PUBLIC_ADDRESS], 0])
})

test('a peer whose name moves inside, or that redirects there, is not followed', async () => {
  await using network = await startNetwork(false)
  const { served, internet } = network
  internet.onRequest = (_, reply) => reply.writeHead(307, { location: 'https://127.0.0.1/' }).end()
  const redirected = await served.spore.addPeer('https://elsewhere.example')
  assert.equal(!redirected.ok && redirected.error.code, 'PEER_REFUSED')
  internet.onRequest = (_, reply) => reply.writeHead(404, { connection: 'close' }).end()
  internet.names.set('rebound.example', [[PUBLIC_ADDRESS], ['127.0.0.1']])
  assert.equal((await served.spore.addPeer('https://rebound.example')).ok, false)
  const rebound = await served.spore.addPeer('https://rebound.example')
  assert.equal(!rebound.ok && rebound.error.code, 'PEER_URL_INVALID')
  assert.deepEqual([[...internet.dialled], internet.connections()], [[PUBLIC_ADDRESS], 0])
})

test('the same join reaches the canary where private addresses are allowed', async () => {
  await using network = await startNetwork(true)
  const signer = newSigner()
  await ask(network.served, { ...joinOf(descriptorOf('https://inside-0.example', signer)), signer })
  await network.internet.reached()
})
