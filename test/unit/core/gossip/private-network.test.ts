/** A network with a pre-shared key: who has it is in, who has not learns nothing, in either direction. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFederationClient } from '../../../../src/core/gossip/client.ts'
import { createSigner, createVerifier } from '../../../../src/core/identity/keys.ts'
import { createNetworkKey, NETWORK_PROOF_HEADER } from '../../../../src/core/identity/network-key.ts'
import { SporeError } from '../../../../src/core/protocol/errors.ts'
import { NETWORK_KEY_CHARS_MIN } from '../../../../src/core/protocol/limits.ts'
import type { Member } from '../../../support/loopback.ts'
import { serveLiar } from './liar.ts'
import { join, memoriesOf, remember, testLoopback } from './support.ts'

const KEY = 'correct horse battery staple, 192 bits'
const OTHER = 'incorrect horse battery staple, 192 bits'

const refusalOf = async (member: Member, url: string): Promise<string> => {
  const added = await member.spore.addPeer(url)
  return added.ok ? 'joined' : added.error.code
}

test('spores with the key meet and exchange', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a', { networkKey: KEY }), await net.open('b', { networkKey: KEY })]
  await join(a, b.url)
  await remember(a, 'for those who have the key')
  await net.clock.advance(30_000)
  assert.equal(memoriesOf(b), 1)
  assert.ok(a.spore.federationStatus().isPrivate)
})

test('a spore without the key, or with another, is refused, and so is one with it elsewhere', async (context) => {
  await using net = testLoopback(context)
  const inside = await net.open('inside', { networkKey: KEY })
  const without = await net.open('without')
  const other = await net.open('other', { networkKey: OTHER })
  for (const [asker, asked] of [
    [without, inside],
    [other, inside],
    [inside, other],
    [inside, without],
  ] as const) {
    assert.equal(await refusalOf(asker, asked.url), 'NETWORK_KEY_REFUSED', `${asker.name} → ${asked.name}`)
    await net.clock.settle()
    assert.deepEqual(asked.spore.peers(), [])
  }
})

test('whoever does not have the key is told the same on every route, whatever is asked', async (context) => {
  await using net = testLoopback(context)
  const inside = await net.open('inside', { networkKey: KEY, network: 'spore-test' })
  await remember(inside, 'a secret of the network')
  const stranger = await net.open('stranger')
  net.take()
  const { federation } = inside.spore
  const parts = { authority: 'inside.test', query: '', body: new Uint8Array() }
  const answers = new Set<string>()
  for (const path of ['heads', 'pull', 'push', 'ihave', 'neighbor', 'probe', 'shuffle', 'nodes', 'x'])
    for (const headers of [{}, { [NETWORK_PROOF_HEADER]: 'x' }, { signature: 'x', 'signature-input': 'y' }]) {
      const admitted = federation.admit({ ...parts, method: 'POST', path: `/federation/v1/${path}` }, headers)
      answers.add(JSON.stringify(admitted))
    }
  assert.equal(answers.size, 1)
  await refusalOf(stranger, inside.url)
  for (const { reply } of net.take().filter(({ from }) => from === 'stranger')) {
    const said = Buffer.from(reply?.body ?? []).toString() + JSON.stringify(reply?.headers)
    for (const secret of ['spore-test', 'inside', inside.did, 'secret', KEY])
      assert.ok(!said.includes(secret), `${secret} in ${said}`)
  }
})

test('a spore of a private network tells nobody outside who it is or whom it knows', async (context) => {
  await using net = testLoopback(context)
  const inside = await net.open('inside', { networkKey: KEY })
  const friend = await net.open('friend', { networkKey: KEY })
  await join(inside, friend.url)
  const liar = serveLiar(net, 'liar', {})
  net.take()
  assert.equal(await refusalOf(inside, liar.url), 'NETWORK_KEY_REFUSED')
  await net.clock.advance(600_000)
  const told = net.take().filter(({ request }) => request.base === liar.url)
  assert.ok(told.length > 0)
  for (const { request } of told) {
    assert.deepEqual([request.method, request.body.length], ['GET', 0])
    const said = JSON.stringify(request.headers) + request.path + request.query
    for (const secret of [friend.did, friend.url, inside.url, KEY])
      assert.ok(!said.includes(secret), `${secret} in ${said}`)
  }
})

test('a proof is of one request: another signature, or another reply, needs another', async (context) => {
  await using net = testLoopback(context)
  const inside = await net.open('inside', { networkKey: KEY })
  const key = createNetworkKey(KEY)
  const signer = createSigner(Uint8Array.from({ length: 32 }, () => net.random.integer(0, 255)))
  const seen: { headers: Readonly<Record<string, string>>; path: string }[] = []
  const client = createFederationClient({
    signer,
    verifier: createVerifier(),
    networkKey: key,
    clock: net.clock,
    random: { float: net.random.float, bytes: (length) => new Uint8Array(length).fill(seen.length) },
    signal: new AbortController().signal,
    transport: {
      admit: () => assert.fail(),
      stream: () => assert.fail(),
      async send({ headers, path }) {
        seen.push({ headers, path })
        return { ok: true, value: { status: 200, headers: {}, body: Buffer.from('{}') } }
      },
    },
  })
  for (let n = 0; n < 2; n++) {
    const nodes = await client.nodes(inside.url)
    assert.equal(!nodes.ok && nodes.error.code, 'NETWORK_KEY_REFUSED', 'a reply without a proof')
  }
  const [first, second] = seen as [(typeof seen)[0], (typeof seen)[0]]
  assert.ok(key.isProven(first.headers) && key.isProven(second.headers))
  const swapped = { ...first.headers, [NETWORK_PROOF_HEADER]: second.headers[NETWORK_PROOF_HEADER] }
  assert.ok(!key.isProven(swapped))
  const proof = key.proveReply('one', Buffer.from('body'))
  assert.ok(key.isReplyProven('one', Buffer.from('body'), proof))
  assert.ok(!key.isReplyProven('two', Buffer.from('body'), proof))
  assert.ok(!key.isReplyProven('one', Buffer.from('bodY'), proof))
})

test('a key that could be guessed is refused, one of the least length is taken', () => {
  createNetworkKey('x'.repeat(NETWORK_KEY_CHARS_MIN))
  assert.throws(
    () => createNetworkKey('x'.repeat(NETWORK_KEY_CHARS_MIN - 1)),
    (error) =>
      error instanceof SporeError && error.code === 'CONFIG_INVALID' && !error.message.includes('xxx'),
  )
})
