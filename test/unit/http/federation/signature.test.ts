/** Every federation request is signed, for this spore, once, now, and over its very bytes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signDescriptor } from '../../../../src/core/identity/descriptor.ts'
import { SIGNATURE_AGE_MAX_MS } from '../../../../src/core/protocol/limits.ts'
import { encodePull } from '../../../../src/core/protocol/messages.ts'
import { descriptorFields } from '../../../support/descriptor.ts'
import { framesOf, makeRun } from './runs.ts'
import {
  type Asked,
  ask,
  HEADS,
  joinOf,
  newSigner,
  PEER,
  prepare,
  pullOf,
  pushOf,
  serveFederation,
} from './support.ts'

const descriptor = () =>
  signDescriptor(descriptorFields({ url: null, name: 'peer', issued: Date.now() }), PEER)
const frames = () => framesOf(makeRun({ signer: newSigner(), texts: ['one', 'two'] }))

const routes: readonly (() => Asked)[] = [
  () => HEADS,
  () => ({ method: 'GET', path: '/federation/v1/heads?since=x' }),
  () => pullOf(),
  () => pushOf(frames()),
  () => joinOf(descriptor()),
  () => ({ ...joinOf(descriptor()), path: '/federation/v1/join' }),
  () => ({ method: 'GET', path: '/federation/nodes' }),
  () => ({ method: 'GET', path: '/federation/v1/nodes' }),
]

test('every route takes a signed request and refuses an unsigned one', async () => {
  await using served = await serveFederation()
  for (const route of routes) {
    const asked = route()
    const signed = await ask(served, asked)
    assert.equal(signed.status, 200, `${asked.path}: ${signed.body}`)
    const bare = await ask(served, {
      ...asked,
      headers: { signature: undefined, 'signature-input': undefined, 'content-digest': undefined },
    })
    assert.deepEqual([bare.status, bare.code], [401, 'REQUEST_UNSIGNED'], asked.path)
    assert.match(bare.headers['content-type'] ?? '', /^application\/problem\+json/)
  }
})

test('a signature by another key, for another method, path or query, does not hold', async () => {
  await using served = await serveFederation()
  const cases: Asked[] = [
    { ...HEADS, path: '/federation/v1/heads?since=a', sent: { path: '/federation/v1/heads?since=b' } },
    { ...HEADS, sent: { path: '/federation/v1/nodes' } },
    { ...pushOf(frames()), sent: { path: '/federation/v1/pull' } },
  ]
  for (const asked of cases) {
    const { status, code } = await ask(served, asked)
    assert.deepEqual([status, code], [401, 'SIGNATURE_INVALID'], JSON.stringify(asked.sent))
  }
  const stranger = newSigner()
  const other = await ask(served, {
    ...HEADS,
    headers: {
      'signature-input': `spore=("@method" "@authority" "@path");created=${Math.floor(Date.now() / 1000)};nonce="AAAAAAAAAAAAAAAAAAAAAA==";alg="ed25519";keyid="${stranger.did}"`,
    },
  })
  assert.deepEqual([other.status, other.code], [401, 'SIGNATURE_INVALID'])
})

test('a signature in another form is none', async () => {
  await using served = await serveFederation()
  const form = (parameters: string) => ({ ...HEADS, headers: { 'signature-input': parameters } })
  const created = Math.floor(Date.now() / 1000)
  const tail = `;created=${created};nonce="AAAAAAAAAAAAAAAAAAAAAA==";alg="ed25519";keyid="${PEER.did}"`
  const inputs = [
    `other=("@method" "@authority" "@path")${tail}`,
    `spore=("@authority" "@method" "@path")${tail}`,
    `spore=("@method" "@path")${tail}`,
    `spore=("@method" "@authority" "@path" "@query")${tail}`,
    `spore=("@method" "@authority" "@path")${tail.replace('ed25519', 'hmac-sha256')}`,
    `spore=("@method" "@authority" "@path")${tail.replace(PEER.did, 'did:web:example')}`,
    '',
    'x'.repeat(4000),
  ]
  for (const input of inputs) {
    const { status, code } = await ask(served, form(input))
    assert.deepEqual([status, code], [401, 'REQUEST_UNSIGNED'], input.slice(0, 60))
  }
})

test('a request that was received before is refused', async () => {
  await using served = await serveFederation()
  for (const route of routes) {
    const send = prepare(served, route())
    assert.equal((await send()).status, 200)
    const again = await send()
    assert.deepEqual([again.status, again.code], [401, 'REQUEST_REPLAYED'])
  }
})

test('a request for another authority is refused: another name, another port, another address', async () => {
  await using served = await serveFederation()
  const signedFor = async (authority: string, host = authority) => {
    const { status, code } = await ask(served, { ...HEADS, authority, sent: { host } })
    return `${status} ${code}`
  }
  assert.equal(await signedFor('spore.example'), '200 null')
  assert.equal(await signedFor('spore.example', served.authority), '401 SIGNATURE_INVALID')
  assert.equal(await signedFor('other.example'), '403 HOST_NOT_ALLOWED')
  const otherPort = served.port === 65535 ? 1 : served.port + 1
  assert.equal(await signedFor(`127.0.0.1:${otherPort}`), '403 HOST_NOT_ALLOWED')
  assert.equal(await signedFor(`localhost:${otherPort}`), '403 HOST_NOT_ALLOWED')
  assert.equal(await signedFor('127.0.0.1'), '403 HOST_NOT_ALLOWED')
  assert.equal(await signedFor(`127.0.0.1:${otherPort}`, served.authority), '401 SIGNATURE_INVALID')
  assert.equal(await signedFor(`192.0.2.7:${served.port}`), '403 HOST_NOT_ALLOWED')
})

test('a body that is not the signed one is refused', async () => {
  await using served = await serveFederation()
  const body = frames()
  const tampered = Uint8Array.from(body)
  tampered[tampered.length - 1]! ^= 1
  const cases: Asked[] = [
    { ...pushOf(body), sent: { body: tampered } },
    { ...pushOf(body), sent: { body: body.subarray(1) } },
    { ...pushOf(body), headers: { 'content-digest': undefined } },
    { ...pullOf(), sent: { body: encodePull([{ logId: 'A'.repeat(22) as never, from: 0, to: null }]) } },
  ]
  for (const asked of cases) {
    const { status, code } = await ask(served, asked)
    assert.deepEqual([status, code], [401, 'DIGEST_MISMATCH'])
  }
  // A body where none was signed, and none where one was: other components would have to be covered.
  const added = await ask(served, { ...pushOf(new Uint8Array()), sent: { body } })
  assert.deepEqual([added.status, added.code], [401, 'REQUEST_UNSIGNED'])
})

test('a request more than two minutes old or ahead is refused', async () => {
  await using served = await serveFederation()
  const ageS = SIGNATURE_AGE_MAX_MS / 1000
  for (const offS of [-ageS - 5, ageS + 5]) {
    const { status, code } = await ask(served, { ...HEADS, offS })
    assert.deepEqual([status, code], [401, 'REQUEST_STALE'])
  }
  for (const offS of [-ageS + 5, ageS - 5]) assert.equal((await ask(served, { ...HEADS, offS })).status, 200)
})

test('a request for the public URL is taken, whatever port a proxy passes it on to; no other authority is', async () => {
  await using served = await serveFederation('http://192.0.2.7:9000/spore')
  const signedFor = async (authority: string, host = authority) => {
    const { status, code } = await ask(served, { ...HEADS, authority, sent: { host } })
    return `${status} ${code}`
  }
  assert.equal(await signedFor('192.0.2.7:9000'), '200 null')
  assert.equal(await signedFor(served.authority), '200 null')
  for (const other of ['192.0.2.7:9001', '192.0.2.7', '192.0.2.8:9000', '127.0.0.1:9000'])
    assert.equal(await signedFor(other), '403 HOST_NOT_ALLOWED')
  assert.equal(await signedFor('192.0.2.7:9000', served.authority), '401 SIGNATURE_INVALID')
})
