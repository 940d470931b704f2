/** What a caller did to this spore, as the routes show it: when to come back, and that it is turned away. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, newSigner, pullOf, pushOf, serveFederation } from './support.ts'

test('who goes on sending what is no message is slowed, then cut off; nobody else is', async () => {
  await using served = await serveFederation()
  const signer = newSigner()
  const codes: (string | null)[] = []
  let retryAfter: string | undefined
  while (codes.length < 1000 && codes.at(-1) !== 'PEER_CUT_OFF') {
    const { code, headers, status } = await ask(served, { ...pullOf(Uint8Array.of(0xff)), signer })
    codes.push(code)
    if (code === 'OVERLOADED') assert.ok(status === 503 && Number(headers['retry-after']) >= 1)
    if (code === 'PEER_CUT_OFF') {
      assert.equal(status, 403)
      retryAfter = headers['retry-after']
    }
  }
  assert.deepEqual([...new Set(codes)], ['REQUEST_INVALID', 'OVERLOADED', 'PEER_CUT_OFF'])
  assert.ok(Number(retryAfter) > 55 && Number(retryAfter) <= 60, retryAfter)
  assert.equal(served.spore.federation.conduct.view(signer.did)?.standing, 'cut')
  assert.equal((await ask(served, { ...pushOf(new Uint8Array()), signer: newSigner() })).status, 200)
})

test('a request that only says to be from somebody is held against nobody', async () => {
  await using served = await serveFederation()
  const { signer, ...asked } = { ...pullOf(Uint8Array.of(0xff)), signer: newSigner() }
  for (let i = 0; i < 20; i++) {
    const { code } = await ask(served, { ...asked, signer, headers: { signature: 'spore=:AAAA:' } })
    assert.notEqual(code, 'REQUEST_INVALID')
  }
  assert.equal(served.spore.federation.conduct.view(signer.did), null)
})
