/** Entries that make a handler throw: set aside, after a restart too, and nothing else is harmed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { type Log, silentLog } from '../../../../src/core/base/ports.ts'
import { createQuarantine, STAGES } from '../../../../src/core/memory/quarantine.ts'
import { QUARANTINE_MAX } from '../../../../src/core/protocol/limits.ts'
import { createRetriever, type Retriever } from '../../../../src/core/retrieval/retriever.ts'
import { join, memoriesOf, remember, testLoopback } from '../gossip/support.ts'

const dot = (seq: number) => ({ logId: 'A'.repeat(22) as LogId, seq })
const newQuarantine = (version = '1') => createQuarantine({ version, log: silentLog })
const fail = (): never => {
  throw new TypeError('x is not iterable')
}

test('what throws is set aside at its stage, and is not handed there again', async () => {
  const quarantine = newQuarantine()
  let calls = 0
  const work = () => {
    calls++
    return fail()
  }
  assert.equal(quarantine.guard('index', dot(1), 'otherwise', work), 'otherwise')
  assert.equal(quarantine.guard('index', dot(1), 'otherwise', work), 'otherwise')
  assert.equal(calls, 1)
  assert.equal(
    quarantine.guard('tasks', dot(1), 'otherwise', () => 'done'),
    'done',
  )
  assert.equal(
    quarantine.guard('index', dot(2), 'otherwise', () => 'done'),
    'done',
  )
  assert.deepEqual(quarantine.all(), [{ ...dot(1), stage: 'index', error: 'TypeError: x is not iterable' }])
})

test('whatever is thrown, the guard throws nothing', () => {
  const quarantine = newQuarantine()
  const thrown = [undefined, null, 'x'.repeat(10_000), { toString: fail }, Object.create(null), '\ud800']
  for (const [i, one] of thrown.entries())
    quarantine.guard('fold', dot(i), null, () => {
      throw one
    })
  assert.equal(quarantine.size, thrown.length)
  const again = newQuarantine()
  again.load(quarantine.encode())
  assert.deepEqual(again.all(), quarantine.all())
})

test('the list comes back for the same version; another one tries again', () => {
  const quarantine = newQuarantine()
  for (const [i, stage] of STAGES.entries()) quarantine.guard(stage, dot(i), null, fail)
  const same = newQuarantine()
  same.load(quarantine.encode())
  assert.deepEqual(same.all(), quarantine.all())
  assert.equal(
    same.guard('index', dot(STAGES.indexOf('index')), 'held', () => 'done'),
    'held',
  )
  const next = newQuarantine('2')
  next.load(quarantine.encode())
  assert.equal(next.size, 0)
  for (const bytes of [Uint8Array.of(), Uint8Array.of(0xff), Uint8Array.of(0x80), Uint8Array.of(0x81, 0x01)])
    next.load(bytes)
  assert.equal(next.size, 0)
})

test('so many are remembered, and with one more the oldest is forgotten: it is tried, and caught, again', () => {
  const quarantine = newQuarantine()
  for (let i = 0; i <= QUARANTINE_MAX; i++) quarantine.guard('fold', dot(i), null, fail)
  assert.equal(quarantine.size, QUARANTINE_MAX)
  assert.deepEqual(quarantine.all()[0]?.seq, 1)
  assert.equal(quarantine.guard('fold', dot(0), 'caught', fail), 'caught')
})

/** Finds words, and breaks on one of them. */
function brittle(poison: string): Retriever & { attempts: number } {
  const retriever = createRetriever()
  const broken = {
    ...retriever,
    attempts: 0,
    put(document: Parameters<Retriever['put']>[0]) {
      retriever.put(document)
      if (!document.text.includes(poison)) return
      broken.attempts++
      throw new RangeError('Maximum call stack size exceeded')
    },
  }
  return broken
}

test('an entry that breaks the index kills no spore: the rest is found, and stays so after a restart', async (context) => {
  await using net = testLoopback(context)
  const author = await net.open('author')
  const errors: string[] = []
  const log: Log = { ...silentLog, error: (message) => void errors.push(message) }
  const retriever = brittle('poison')
  const reader = await net.open('reader', { retriever, log })
  await join(reader, author.url)
  for (const text of ['before it', 'a text with poison', 'after it']) await remember(author, text)
  await net.clock.advance(60_000)
  await reader.spore.indexed()

  const check = async ({ spore }: typeof reader): Promise<void> => {
    const { memories, quarantined, indexing } = spore.health()
    assert.deepEqual(
      { memories, quarantined, behind: indexing.behind },
      { memories: 3, quarantined: 1, behind: 0 },
    )
    const [held] = spore.quarantined()
    assert.deepEqual([held?.stage, held?.seq], ['index', 1])
    const found = async (q: string) => {
      const hits = await spore.search({ q, limit: 5 })
      return hits.ok ? hits.value.hits.map(({ text }) => text) : null
    }
    assert.deepEqual(await found('after'), ['after it'])
    assert.deepEqual(await found('poison'), [])
    assert.equal(digestOf(spore), digestOf(author.spore))
  }
  const digestOf = (spore: typeof reader.spore) => spore.federation.heads(null, null).stamp
  await check(reader)
  assert.deepEqual([retriever.attempts, errors], [1, ['an entry was set aside']])

  const { store } = reader
  await reader.close()
  const later = brittle('poison')
  const again = await net.open('reader', { retriever: later, log, store })
  await again.spore.indexed()
  await check(again)
  assert.deepEqual([later.attempts, errors.length], [0, 1])
  await again.close()

  // Another version tries it once, and here it is able to.
  const upgraded = await net.open('reader', { store, version: '2' })
  await upgraded.spore.indexed()
  assert.equal(upgraded.spore.health().quarantined, 0)
  const hits = await upgraded.spore.search({ q: 'poison', limit: 5 })
  assert.equal(hits.ok && hits.value.hits.length, 1)
})

test('an own memory that breaks the index is remembered, acknowledged and told of all the same', async (context) => {
  await using net = testLoopback(context)
  const author = await net.open('author', { retriever: brittle('poison') })
  const reader = await net.open('reader', { seeds: [author.url] })
  await remember(author, 'this is poison')
  await remember(author, 'and this is not')
  await net.clock.advance(60_000)
  assert.equal(memoriesOf(author), 2)
  assert.equal(memoriesOf(reader), 2)
  assert.equal(author.spore.health().quarantined, 1)
})

test('rows that break the replay are set aside, and the spore starts', async (context) => {
  await using net = testLoopback(context)
  const author = await net.open('author')
  for (const text of ['one', 'two', 'three']) await remember(author, text)
  const { store } = author
  await author.close()
  const treacherous = new Proxy(store, {
    get(target, name) {
      if (name !== 'entriesAfter') {
        const value = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      }
      return async (...range: Parameters<typeof store.entriesAfter>) =>
        (await target.entriesAfter(...range)).map((row) =>
          row.seq === 1
            ? {
                ...row,
                get payload(): never {
                  return fail()
                },
              }
            : row,
        )
    },
  })
  const again = await net.open('author', { store: treacherous })
  const { memories, quarantined } = again.spore.health()
  assert.deepEqual({ memories, quarantined }, { memories: 2, quarantined: 1 })
  assert.equal(again.spore.quarantined()[0]?.stage, 'decode')
  await remember(again, 'four')
  assert.equal(memoriesOf(again), 3)
  await again.close()
})
