/** What peers do that no honest one does, and what it comes to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OWN_FORKS_MAX } from '../../../../src/core/gossip/tally.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { decodeHeads } from '../../../../src/core/protocol/messages.ts'
import { DAY_ONE, type Loopback, reply } from '../../../support/loopback.ts'
import { COMMONS, createReplica, memoryPayload } from '../memory/replica.ts'
import { tell } from './equivocator.ts'
import { headsReply, inventedRow, type Script, serveLiar } from './liar.ts'
import { framesOf, memoriesOf, rememberMany, testLoopback } from './support.ts'

/** An honest spore alone with a liar, for a while; how the liar stands there by then. */
async function standingOf(net: Loopback, script: Script) {
  const a = await net.open('a')
  const liar = serveLiar(net, 'liar', script)
  // It comes by itself: whom the operator joined is never cut off.
  await a.spore.federation.join(liar.descriptor(), liar.signer.did, '')
  await net.clock.advance(50_000)
  return { a, view: a.spore.federation.conduct.view(liar.signer.did) }
}

test('a reply to a pull that comes back to what it brought is left, and the second such cuts its sender off', async (context) => {
  await using net = testLoopback(context)
  const source = await net.open('source')
  await rememberMany(source, 3)
  const frames = await framesOf(source)
  const heads = decodeHeads(source.spore.federation.heads(null, null).body as Uint8Array)!
  const rows = heads.spaces.flatMap((space) => space.rows)
  await source.close()
  let given = 0
  const { a, view } = await standingOf(net, {
    heads: async () => headsReply([...rows, inventedRow(net)], { cursor: `c${given}`, more: false }),
    pull: async () => {
      given++
      return reply(200, new Uint8Array(Buffer.concat(Array(100).fill(frames))))
    },
  })
  assert.equal(memoriesOf(a), 3)
  assert.deepEqual([given, view?.standing, view?.reason], [2, 'cut', 'lie'])
})

test('who answers as no spore does is cut off for it, and who is merely busy or gone is not', async (context) => {
  await using net = testLoopback(context)
  const { view } = await standingOf(net, {
    heads: async () => ({ status: 302, headers: { location: 'http://elsewhere' }, body: new Uint8Array() }),
    neighbor: async () => reply(200, new Uint8Array(10)),
  })
  assert.deepEqual([view?.standing, view?.reason], ['cut', 'malformed'])
  for (const status of [404, 429, 502, 503]) {
    await using other = testLoopback(context)
    const refusing = await standingOf(other, {
      heads: async () => ({ status, headers: {}, body: new Uint8Array() }),
    })
    assert.equal(refusing.view?.offences.malformed ?? 0, 0, String(status))
  }
})

test('who pushes on though many of its own logs are proven to fork is cut off, a few may', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const equivocate = async (log: number): Promise<void> => {
    for (const text of ['one story', 'another story']) {
      const author = createReplica({ name: 'author', epoch: log })
      const append = (each: string) =>
        author.write((draft) => {
          const payload = memoryPayload(each)
          draft.append({ space: COMMONS, kind: KINDS.memory, payload, references: [] })
        }, DAY_ONE)
      for (const each of ['the same', text]) await append(`${each} of ${log}`)
      await tell(a, author)
    }
  }
  const { signer } = createReplica({ name: 'author' })
  for (let log = 0; log < OWN_FORKS_MAX; log++) await equivocate(log)
  const before = a.spore.federation.conduct.view(signer.did)
  assert.deepEqual([before?.standing, before?.offences.lie], ['ok', 0])
  for (let log = OWN_FORKS_MAX; log < OWN_FORKS_MAX + 4; log++) await equivocate(log)
  const after = a.spore.federation.conduct.view(signer.did)
  assert.deepEqual([after?.standing, after?.reason], ['cut', 'lie'])
})

test('a URL that a stranger gave, and where nobody is, is asked once in a while, however often it is given', async (context) => {
  await using net = testLoopback(context)
  const a = await net.open('a')
  const liar = serveLiar(net, 'liar', {
    join: async () => ({ status: 302, headers: {}, body: new Uint8Array() }),
  })
  for (let i = 0; i < 30; i++) {
    await a.spore.federation.join(liar.descriptor(), liar.signer.did, '')
    await net.clock.advance(1000)
  }
  const asked = net.take().filter(({ request }) => request.base === liar.url)
  assert.ok(asked.length >= 3 && asked.length <= 6, `asked ${asked.length} times`)
})
