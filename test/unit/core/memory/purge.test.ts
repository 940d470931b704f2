/** Purge: bytes that are gone here, for good, whatever others offer. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import { decodeFrames } from '../../../../src/core/protocol/frame.ts'
import { encodePull } from '../../../../src/core/protocol/messages.ts'
import type { Member } from '../../../support/loopback.ts'
import { join, memoriesOf, testLoopback } from '../gossip/support.ts'

const CANARY = 'the canary sings at midnight'

async function remember(member: Member, text: string): Promise<string> {
  const remembered = await member.spore.remember({ text, space: 'commons' })
  assert.ok(remembered.ok, JSON.stringify(remembered))
  return remembered.value.id
}
const purge = async (member: Member, id: string) => {
  const purged = await member.spore.purge(id)
  assert.ok(purged.ok, JSON.stringify(purged))
  return purged.value
}
const hits = async (member: Member, q: string): Promise<number> => {
  const reply = await member.spore.search({ q })
  return reply.ok ? reply.value.hits.length : -1
}
/** Every byte of payloads that a spore keeps or offers. */
async function kept(member: Member): Promise<string> {
  const parts: Uint8Array[] = []
  for (const { payload } of await member.store.entriesAfter(0, 10_000)) if (payload) parts.push(payload)
  for (const { logId } of await member.store.logs()) {
    const pulled = member.spore.federation.pull(encodePull([{ logId, from: 0, to: null }]), member.did)
    assert.ok(pulled.ok)
    for await (const frames of pulled.value)
      for (const body of decodeFrames(frames, zlibCompression)) if (body.ok) parts.push(body.value)
  }
  return Buffer.concat(parts).toString('latin1')
}

describe('a purged memory', () => {
  test('is not visible, found, listed or offered, and its bytes are not in the store', async (context) => {
    await using net = testLoopback(context)
    const a = await net.open('a')
    const id = await remember(a, CANARY)
    await remember(a, 'another one')
    assert.deepEqual(await purge(a, id), { purged: 1, entries: 1, total: 1 })
    assert.equal(memoriesOf(a), 1)
    assert.equal(await hits(a, 'canary'), 0)
    const one = await a.spore.memory(id)
    assert.equal(one.ok || one.error.code, 'MEMORY_NOT_FOUND')
    const page = await a.spore.memories({ limit: 10 })
    assert.deepEqual(page.ok && page.value.recent.map(({ text }) => text), ['another one'])
    assert.ok(!(await kept(a)).includes('canary'))
    assert.equal(a.spore.health().purged, 1)
  })

  test('stays away after a restart, and however often it is offered', async (context) => {
    await using net = testLoopback(context)
    const [a, b] = [await net.open('a'), await net.open('b')]
    const id = await remember(b, CANARY)
    await join(a, b.url)
    await net.clock.settle()
    await purge(a, id)
    const { store } = a
    await a.close()
    const again = await net.open('a', { store })
    const c = await net.open('c')
    await remember(c, CANARY)
    await join(c, again.url)
    await join(again, c.url)
    await net.clock.advance(60_000)
    assert.equal(memoriesOf(again), 0)
    assert.ok(!(await kept(again)).includes('canary'))
    // Others are unaffected, and the views are the same.
    assert.equal(memoriesOf(b), 1)
    assert.equal(memoriesOf(c), 1)
    assert.equal(again.spore.federation.heads(null, null).stamp, c.spore.federation.heads(null, null).stamp)
  })

  test('takes a retracted entry of it along, that of another author, and answers that quote it', async (context) => {
    await using net = testLoopback(context)
    const [a, b] = [await net.open('a'), await net.open('b')]
    const id = await remember(a, CANARY)
    assert.ok((await a.spore.retract(id)).ok)
    await remember(a, CANARY)
    await remember(b, CANARY)
    await join(a, b.url)
    await net.clock.advance(1000)
    const asked = await a.spore.submitTask({ task: 'When does the canary sing?', space: 'commons' })
    assert.ok(asked.ok && asked.value.status === 'converged')
    const { entries, purged } = await purge(a, id)
    assert.deepEqual([entries, purged], [5, 3])
    assert.ok(!(await kept(a)).includes('at midnight'))
    const task = await a.spore.task(asked.value.task_id)
    assert.deepEqual(task.ok && [task.value.answer, task.value.contributions], [null, []])
  })

  test('is refused when the operator writes it again, until that is undone', async (context) => {
    await using net = testLoopback(context)
    const a = await net.open('a')
    const id = await remember(a, CANARY)
    await purge(a, id)
    const refused = await a.spore.remember({ text: CANARY, space: 'commons' })
    assert.equal(refused.ok || refused.error.code, 'PURGED')
    assert.ok((await a.spore.undoPurge(id)).ok)
    assert.equal(a.spore.health().purged, 0)
    assert.equal(await remember(a, CANARY), id)
    assert.equal(await hits(a, 'canary'), 1)
    const { store } = a
    await a.close()
    const again = await net.open('a', { store })
    assert.equal(await hits(again, 'canary'), 1)
  })

  test('that is purged twice, or was never here, changes nothing', async (context) => {
    await using net = testLoopback(context)
    const a = await net.open('a')
    const id = await remember(a, CANARY)
    await purge(a, id)
    assert.deepEqual(await purge(a, id), { purged: 0, entries: 0, total: 1 })
    const unknown = await a.spore.purge(`${id.slice(0, -4)}aaaa`)
    assert.equal(unknown.ok || unknown.error.code, 'MEMORY_NOT_FOUND')
    const malformed = await a.spore.purge('x')
    assert.equal(malformed.ok || malformed.error.code, 'ID_INVALID')
    const undone = await a.spore.undoPurge(`${id.slice(0, -4)}aaaa`)
    assert.equal(undone.ok || undone.error.code, 'MEMORY_NOT_FOUND')
  })
})

test('all of an author is purged, and what it retracted stays so', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  for (let i = 0; i < 5; i++) await remember(b, `${CANARY} ${i}`)
  const gone = await remember(b, 'gone')
  assert.ok((await b.spore.retract(gone)).ok)
  await remember(a, 'of a')
  await join(a, b.url)
  await net.clock.advance(1000)
  const purged = await a.spore.purgeAuthor({ author: b.did })
  assert.deepEqual(purged.ok && purged.value, { purged: 6, entries: 6, total: 6 })
  assert.equal(memoriesOf(a), 1)
  assert.ok(!(await kept(a)).includes('canary'))
  const nobody = await a.spore.purgeAuthor({
    author: 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK',
  })
  assert.equal(nobody.ok || nobody.error.code, 'AUTHOR_UNKNOWN')
})

test('a purge that was cut off between its commits is ended at the next start', async (context) => {
  await using net = testLoopback(context)
  const [a, b] = [await net.open('a'), await net.open('b')]
  await remember(a, CANARY)
  await remember(b, CANARY)
  await join(a, b.url)
  await net.clock.advance(1000)
  const { store } = a
  let commits = 0
  const failing = {
    ...store,
    get origin() {
      return store.origin
    },
    commit: async (batch: Parameters<typeof store.commit>[0]) => {
      if (batch.payloads.length > 0 && commits++ > 0) throw new Error('the power failed')
      return store.commit({ ...batch, payloads: batch.payloads.slice(0, 1) })
    },
  }
  await a.close()
  const cut = await net.open('a', { store: failing as typeof store })
  await cut.spore.purge(
    ((await cut.spore.memories({ limit: 1 })) as { value: { recent: { id: string }[] } }).value.recent[0]!.id,
  )
  await cut.close()
  assert.ok((await store.entriesAfter(0, 10)).some(({ payload }) => payload !== null))
  const again = await net.open('a', { store })
  assert.ok(!(await kept(again)).includes('canary'))
  assert.equal(await store.value('purge/pending'), null)
})
