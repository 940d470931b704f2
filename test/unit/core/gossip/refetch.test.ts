/** Payloads that came absent are asked for again, from whoever has them, and not for ever from who has not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { join, memoriesOf, only, remember, testLoopback } from './support.ts'

test('what a peer had purged is brought by another one, found and kept', async (context) => {
  await using net = testLoopback(context)
  const [author, purger, reader] = [
    await net.open('author'),
    await net.open('purger'),
    await net.open('reader'),
  ]
  for (let i = 0; i < 5; i++) await remember(author, `a fact about number ${i}`)
  await join(purger, author.url)
  await net.clock.settle()
  const found = await purger.spore.search({ q: 'number 3', limit: 1 })
  assert.ok(found.ok && found.value.hits[0])
  assert.ok((await purger.spore.purge(found.value.hits[0].id)).ok)

  net.lose = (from, { base }) => from === 'author' || base === author.url
  await join(reader, purger.url)
  await net.clock.advance(60_000)
  assert.equal(memoriesOf(reader), 4)
  net.take()
  await net.clock.advance(3_600_000)
  const asked = only(net.take(), '/pull').filter(({ from }) => from === 'reader')
  assert.ok(asked.length <= 7, `${asked.length} pulls in an hour from a peer that has nothing`)

  net.lose = null
  await join(reader, author.url)
  await net.clock.advance(60_000)
  assert.equal(memoriesOf(reader), 5)
  const hits = await reader.spore.search({ q: 'number 3', limit: 1 })
  assert.ok(hits.ok && hits.value.hits[0]?.text.includes('number 3'))
  // Nobody brings it to who does not want it.
  assert.equal(memoriesOf(purger), 4)
  const { store } = reader
  await reader.close()
  const again = await net.open('reader', { store })
  assert.equal(memoriesOf(again), 5)
})
