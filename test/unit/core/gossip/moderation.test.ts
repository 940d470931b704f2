/** Moderation in the exchange: who is blocked gets nothing and brings nothing, rounds stay quiet, and lifting a rule brings it all back. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import { decodeFrames } from '../../../../src/core/protocol/frame.ts'
import { encodePull } from '../../../../src/core/protocol/messages.ts'
import type { RuleInput } from '../../../../src/core/protocol/moderation-api.ts'
import type { Exchange, Loopback, Member } from '../../../support/loopback.ts'
import { join, memoriesOf, only, remember, rememberMany, testLoopback } from './support.ts'

const MINUTE_MS = 60_000

async function rule(
  member: Member,
  action: RuleInput['action'],
  target: { readonly kind?: 'peer' | 'author' | 'domain'; readonly value: string },
  more: Partial<RuleInput> = {},
) {
  const ruled = await member.spore.moderation.rule({ action, targets: [target], ...more }, 'test')
  assert.ok(ruled.ok, JSON.stringify(ruled))
  return ruled.value
}
async function lift(member: Member, value: string) {
  const lifted = await member.spore.moderation.lift({ targets: [{ value }], force: true }, 'test')
  assert.ok(lifted.ok, JSON.stringify(lifted))
}
async function texts(member: Member): Promise<string[]> {
  await member.spore.indexed()
  const reply = await member.spore.search({ q: '', limit: 100 })
  assert.ok(reply.ok)
  return reply.value.hits.map(({ text }) => text).sort()
}
/** Frames of everything that a spore gives out, as the text in them. */
async function offered(member: Member): Promise<string> {
  const parts: Uint8Array[] = []
  for (const { logId } of await member.store.logs()) {
    const pulled = member.spore.federation.pull(encodePull([{ logId, from: 0, to: null }]), member.did)
    assert.ok(pulled.ok)
    for await (const frames of pulled.value)
      for (const body of decodeFrames(frames, zlibCompression)) if (body.ok) parts.push(body.value)
  }
  return Buffer.concat(parts).toString('latin1')
}
const between = (exchanges: readonly Exchange[], from: Member, to: Member): Exchange[] =>
  exchanges.filter(({ from: name, request }) => name === from.name && request.base === to.url)
const answered = (exchanges: readonly Exchange[]): Exchange[] =>
  exchanges.filter(({ reply }) => reply !== null && reply.status < 400)

/** Three spores, of which the middle one knows the others. */
async function chain(net: Loopback): Promise<[Member, Member, Member]> {
  const [a, b, c] = [await net.open('a'), await net.open('b'), await net.open('c')]
  await join(a, b.url)
  await join(c, b.url)
  await net.clock.advance(MINUTE_MS)
  return [a, b, c]
}

describe('a blocked peer', () => {
  test('is answered with 403 and a code alone, its link ends at once, and nobody asks it any more', async (context) => {
    await using net = testLoopback(context)
    const [a, b] = [await net.open('a'), await net.open('b')]
    await join(a, b.url)
    await remember(a, 'before the block')
    await net.clock.advance(MINUTE_MS)
    assert.equal(memoriesOf(b), 1)
    const { impact } = await rule(b, 'block', { kind: 'peer', value: a.did }, { reason: 'the secret reason' })
    assert.deepEqual([impact.peers, impact.links], [1, 1])
    await net.clock.settle()
    net.take()
    await remember(a, 'written after the block')
    await remember(b, 'written by the blocker')
    await net.clock.advance(5 * MINUTE_MS)
    const since = net.take()
    assert.deepEqual(between(since, b, a), [], 'nothing goes to it')
    const tried = between(since, a, b)
    assert.ok(tried.length > 0, 'it went on asking')
    for (const { reply } of tried) {
      assert.equal(reply?.status, 403)
      const said = Buffer.from(reply?.body ?? []).toString()
      assert.equal((JSON.parse(said) as { code: string }).code, 'PEER_BLOCKED')
      assert.ok(!said.includes('secret'))
    }
    assert.deepEqual(await texts(b), ['before the block', 'written by the blocker'])
    assert.deepEqual(await texts(a), ['before the block', 'written after the block'])

    await lift(b, a.did)
    await net.clock.advance(10 * MINUTE_MS)
    const all = ['before the block', 'written after the block', 'written by the blocker']
    assert.deepEqual([await texts(a), await texts(b)], [all, all], 'all is brought once it is lifted')
  })

  test('that was joined here is protected, stays known while it is blocked by force, and comes back', async (context) => {
    await using net = testLoopback(context)
    const [a, b] = [await net.open('a'), await net.open('b')]
    await join(a, b.url)
    await net.clock.advance(MINUTE_MS)
    for (const target of [{ value: b.did }, { value: b.url }, { value: 'b.test' }]) {
      const refused = await a.spore.moderation.rule({ action: 'block', targets: [target] }, 'test')
      assert.equal(!refused.ok && refused.error.code, 'RULE_PROTECTED', target.value)
    }
    await rule(a, 'block', { value: b.url }, { force: true })
    await net.clock.settle()
    net.take()
    await remember(b, 'not for now')
    await net.clock.advance(2 * MINUTE_MS)
    assert.deepEqual(answered(between(net.take(), a, b)), [])
    const [peer] = a.spore.peers()
    assert.equal(peer?.url, b.url)
    assert.match(peer?.lastError ?? '', /^PEER_BLOCKED/)
    assert.equal(memoriesOf(a), 0)
    await lift(a, b.url)
    await net.clock.advance(2 * MINUTE_MS)
    assert.equal(memoriesOf(a), 1)
  })

  test('cannot be joined, and is not told of by others into the table', async (context) => {
    await using net = testLoopback(context)
    const [a, b, c] = [await net.open('a'), await net.open('b'), await net.open('c')]
    await rule(a, 'block', { value: 'c.test' })
    const refused = await a.spore.addPeer(c.url)
    assert.equal(!refused.ok && refused.error.code, 'PEER_BLOCKED')
    await join(c, b.url)
    await join(a, b.url)
    await net.clock.advance(2 * MINUTE_MS)
    assert.deepEqual(
      a.spore.peers().map(({ url }) => url),
      [b.url],
    )
    assert.deepEqual(answered(between(net.exchanges, c, a)), [])
    assert.deepEqual(between(net.exchanges, a, c), [])
  })

  test('by its domain, is refused by the place that it gives itself', async (context) => {
    await using net = testLoopback(context)
    const [a, b] = [await net.open('a'), await net.open('b')]
    await rule(b, 'block', { kind: 'domain', value: 'a.test' })
    const refused = await a.spore.addPeer(b.url)
    assert.equal(!refused.ok && refused.error.code, 'PEER_REFUSED')
    assert.deepEqual(b.spore.peers(), [])
  })

  test('loses the stream that it holds', async (context) => {
    await using net = testLoopback(context)
    const [a, b] = [await net.open('a', { isReachable: false }), await net.open('b')]
    await join(a, b.url)
    await net.clock.advance(MINUTE_MS)
    await remember(b, 'down the stream')
    await net.clock.advance(1000)
    assert.equal(memoriesOf(a), 1)
    const { impact } = await rule(b, 'block', { kind: 'peer', value: a.did })
    assert.equal(impact.links, 1)
    await net.clock.settle()
    await remember(b, 'not for it')
    await net.clock.advance(5 * MINUTE_MS)
    assert.equal(memoriesOf(a), 1)
  })
})

describe('a blocked author', () => {
  test('is not taken from anybody, not shown and not served on, and rounds go quiet', async (context) => {
    await using net = testLoopback(context)
    const [a, b, c] = await chain(net)
    await remember(a, 'early words of a')
    await remember(b, 'words of b')
    await net.clock.advance(MINUTE_MS)
    assert.deepEqual(await texts(c), ['early words of a', 'words of b'])
    const { impact } = await rule(c, 'block', { kind: 'author', value: a.did })
    assert.deepEqual([impact.authors, impact.logs, impact.memories], [1, 1, 1])
    assert.deepEqual(impact.examples.memories[0]?.text, 'early words of a')
    await net.clock.settle()
    assert.deepEqual(await texts(c), ['words of b'])
    assert.ok(!(await offered(c)).includes('early words'), 'it is not served on')
    await remember(a, 'late words of a')
    await net.clock.advance(5 * MINUTE_MS)
    assert.deepEqual(await texts(b), ['early words of a', 'late words of a', 'words of b'])
    assert.deepEqual(await texts(c), ['words of b'])
    assert.equal(memoriesOf(c), 2, 'what was here stays, and nothing came')

    net.take()
    await net.clock.advance(20 * MINUTE_MS)
    // Who belongs to the swarm is asked about all the same; what there is, is not.
    const rounds = net
      .take()
      .filter(({ request }) => !/(shuffle|probe|stream|join|nodes|neighbor)$/.test(request.path))
    assert.ok(rounds.length > 20)
    for (const { request, reply, from } of rounds) {
      if (!request.path.endsWith('/heads')) assert.fail(`${from} asked ${request.method} ${request.path}`)
      assert.equal(reply?.status, 204)
    }

    await lift(c, a.did)
    await net.clock.advance(5 * MINUTE_MS)
    assert.deepEqual(await texts(c), ['early words of a', 'late words of a', 'words of b'])
    assert.ok((await offered(c)).includes('early words'))
  })

  test('whose log was never held is fetched once at most, then left out', async (context) => {
    await using net = testLoopback(context)
    const [a, b, c] = [await net.open('a'), await net.open('b'), await net.open('c')]
    await rule(c, 'block', { kind: 'author', value: a.did })
    await rememberMany(a, 50)
    await remember(b, 'words of b')
    await join(b, a.url)
    await net.clock.advance(MINUTE_MS)
    await join(c, b.url)
    await net.clock.advance(10 * MINUTE_MS)
    assert.deepEqual(await texts(c), ['words of b'])
    assert.equal((await c.store.logs()).length, 1)
    net.take()
    await remember(a, 'one more')
    await net.clock.advance(10 * MINUTE_MS)
    assert.equal(only(net.take(), '/pull').filter(({ from }) => from === 'c').length, 0)
    await lift(c, a.did)
    await net.clock.advance(5 * MINUTE_MS)
    assert.equal((await texts(c)).length, 52)
  })

  test('comes back by itself when the time of the rule is over', async (context) => {
    await using net = testLoopback(context)
    const [a, b] = [await net.open('a'), await net.open('b')]
    await join(b, a.url)
    await rule(b, 'block', { kind: 'author', value: a.did }, { lastsSeconds: 3600, force: true })
    await remember(a, 'words of a')
    await net.clock.advance(10 * MINUTE_MS)
    assert.equal(memoriesOf(b), 0)
    await net.clock.advance(60 * MINUTE_MS)
    assert.deepEqual(await texts(b), ['words of a'])
    const audit = b.spore.moderation.audit({})
    assert.ok(audit.ok)
    assert.deepEqual(
      audit.value.records.map(({ event, by }) => [event, by]),
      [
        ['expired', 'clock'],
        ['set', 'test'],
      ],
    )
  })

  test('stays blocked after a restart', async (context) => {
    await using net = testLoopback(context)
    const [a, b] = [await net.open('a'), await net.open('b')]
    await remember(a, 'words of a')
    await join(b, a.url)
    await net.clock.settle()
    await rule(b, 'block', { kind: 'author', value: a.did }, { force: true })
    const { store } = b
    await b.close()
    const again = await net.open('b', { store })
    assert.deepEqual(await texts(again), [])
    assert.equal(memoriesOf(again), 1)
    assert.ok(!(await offered(again)).includes('words of a'))
  })

  test('who shares a memory with others is only taken out of its provenance', async (context) => {
    await using net = testLoopback(context)
    const [a, b] = [await net.open('a'), await net.open('b')]
    await remember(a, 'said by both')
    await remember(b, 'said by both')
    await join(b, a.url)
    await net.clock.settle()
    await rule(b, 'block', { kind: 'author', value: a.did }, { force: true })
    const found = await b.spore.search({ q: 'said by both' })
    assert.ok(found.ok)
    assert.deepEqual(
      found.value.hits.map(({ author }) => author),
      [b.did],
    )
    const one = await b.spore.memory(found.value.hits[0]?.id ?? '')
    assert.deepEqual(one.ok && one.value.dots.map(({ author }) => author), [b.did])
  })
})

describe('what is hidden', () => {
  test('are tasks and events of a blocked author, not the same question of one’s own', async (context) => {
    await using net = testLoopback(context)
    const [a, b] = [await net.open('a'), await net.open('b')]
    const asked = await a.spore.submitTask({ task: 'who lives in the tower?', space: 'commons' })
    await a.spore.submitTask({ task: 'another question of a', space: 'commons' })
    await join(b, a.url)
    await net.clock.advance(MINUTE_MS)
    await b.spore.submitTask({ task: 'who lives in the tower?', space: 'commons' })
    await rule(b, 'block', { kind: 'author', value: a.did }, { force: true })
    const page = await b.spore.tasks({ limit: 10 })
    assert.deepEqual(page.ok && page.value.tasks.map(({ task, author }) => [task, author]), [
      ['who lives in the tower?', b.did],
    ])
    const one = await b.spore.task(asked.ok ? asked.value.task_id : '')
    assert.ok(one.ok)
    assert.deepEqual(
      [one.value.author, one.value.contributions.map(({ author }) => author)],
      [b.did, [b.did]],
    )
    const reading = new AbortController()
    const authors = new Set<string>()
    const last = b.spore.health().entries
    for await (const { id, data } of b.spore.events(0, reading.signal)) {
      authors.add(data.author)
      if (id === last) reading.abort()
    }
    assert.deepEqual([...authors], [b.did])
  })

  test('comes back to a peer that had read past it', async (context) => {
    await using net = testLoopback(context)
    const [a, b, c] = await chain(net)
    await remember(a, 'words of a')
    await net.clock.advance(MINUTE_MS)
    await rule(b, 'block', { kind: 'author', value: a.did })
    const d = await net.open('d')
    await join(d, b.url)
    await remember(b, 'words of b')
    await a.close()
    await c.close()
    await net.clock.advance(2 * MINUTE_MS)
    assert.deepEqual(await texts(d), ['words of b'])
    await lift(b, a.did)
    await net.clock.advance(2 * MINUTE_MS)
    assert.deepEqual(await texts(d), ['words of a', 'words of b'])
  })
})

describe('other actions', () => {
  test('a muted author is stored and passed on, and shown to whoever names an id', async (context) => {
    await using net = testLoopback(context)
    const [a, b, c] = await chain(net)
    await rule(b, 'mute', { kind: 'author', value: a.did })
    const said = await a.spore.remember({ text: 'words of a', space: 'commons' })
    assert.ok(said.ok)
    await net.clock.advance(5 * MINUTE_MS)
    assert.deepEqual([await texts(b), await texts(c)], [[], ['words of a']])
    const one = await b.spore.memory(said.value.id)
    assert.deepEqual(one.ok && [one.value.text, one.value.moderation], ['words of a', 'muted'])
    const page = await b.spore.memories({ limit: 10 })
    assert.deepEqual(page.ok && page.value.recent, [])
  })

  test('a limited author is found with a label, and is in no context', async (context) => {
    await using net = testLoopback(context)
    const [a, b] = [await net.open('a'), await net.open('b')]
    await join(b, a.url)
    await remember(a, 'the kettle boils at noon')
    await net.clock.advance(MINUTE_MS)
    await rule(b, 'limit', { kind: 'author', value: a.did }, { force: true })
    const found = await b.spore.search({ q: 'kettle' })
    assert.deepEqual(found.ok && found.value.hits.map(({ moderation }) => moderation), ['limited'])
    const pack = await b.spore.contextPack({ q: 'kettle', budget: 1000 })
    assert.deepEqual(pack.ok && pack.value.items, [])
    const task = await b.spore.submitTask({ task: 'when does the kettle boil?', space: 'commons' })
    const answer = task.ok ? await b.spore.task(task.value.task_id) : task
    assert.equal(answer.ok && answer.value.answer, null)
  })

  test('a limited peer gets no link and is not asked, and still brings what it has', async (context) => {
    await using net = testLoopback(context)
    const [a, b] = [await net.open('a'), await net.open('b')]
    await rule(b, 'limit', { kind: 'peer', value: a.did })
    await remember(a, 'words of a')
    await remember(b, 'words of b')
    await join(a, b.url)
    await net.clock.advance(10 * MINUTE_MS)
    assert.deepEqual(
      between(net.exchanges, b, a).filter(({ request }) => /heads|pull|push|ihave/.test(request.path)),
      [],
    )
    const both = ['words of a', 'words of b']
    assert.deepEqual([await texts(a), await texts(b)], [both, both])
  })

  test('where only peers that are allowed come in, everybody else is refused', async (context) => {
    await using net = testLoopback(context)
    const [a, b, c] = [await net.open('a'), await net.open('b'), await net.open('c')]
    await rule(b, 'allow', { kind: 'domain', value: 'a.test' })
    const only = await b.spore.moderation.allowOnly({ peers: true }, 'test')
    assert.ok(only.ok)
    const refused = await c.spore.addPeer(b.url)
    assert.equal(!refused.ok && refused.error.code, 'PEER_REFUSED')
    await remember(a, 'words of a')
    // It says where it is, is asked there, and is let in the next time.
    await a.spore.addPeer(b.url)
    await net.clock.settle()
    await join(a, b.url)
    await net.clock.advance(2 * MINUTE_MS)
    assert.deepEqual(await texts(b), ['words of a'])
    assert.deepEqual(
      b.spore.peers().map(({ spore }) => spore),
      [a.did],
    )
  })
})
