/** The contract of the `Snapshots` port: every adapter runs this suite. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Snapshots } from '../../src/core/retrieval/snapshots.ts'

async function bytesOf(snapshots: Snapshots, name: string): Promise<Buffer | null> {
  const chunks = await snapshots.read(name)
  if (!chunks) return null
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

/** Chunks that are used again once the next one is asked for. */
function* chunksOf(...texts: readonly string[]): Iterable<Uint8Array> {
  const all = new Uint8Array(8)
  for (const text of texts) yield all.subarray(0, Buffer.from(all.buffer).write(text))
}

export function testSnapshots(open: () => Promise<Snapshots>): void {
  test('what was written comes back, whatever its length', async () => {
    const snapshots = await open()
    const large = Uint8Array.from({ length: 700_001 }, (_, i) => i % 251)
    await snapshots.write('index-a', chunksOf('one', 'two', 'three'))
    await snapshots.write('large.b', [large, new Uint8Array(0), large.subarray(1)])
    await snapshots.write('empty', [])
    assert.equal(String(await bytesOf(snapshots, 'index-a')), 'onetwothree')
    assert.deepEqual(await bytesOf(snapshots, 'large.b'), Buffer.concat([large, large.subarray(1)]))
    assert.equal((await bytesOf(snapshots, 'empty'))?.length, 0)
    assert.deepEqual([...(await snapshots.names())].sort(), ['empty', 'index-a', 'large.b'])
  })

  test('what is not there is null, and removing it no error', async () => {
    const snapshots = await open()
    assert.equal(await snapshots.read('index-a'), null)
    assert.deepEqual(await snapshots.names(), [])
    await snapshots.remove('index-a')
    await snapshots.write('index-a', chunksOf('one'))
    await snapshots.remove('index-a')
    assert.equal(await snapshots.read('index-a'), null)
    assert.deepEqual(await snapshots.names(), [])
  })

  test('a write that breaks leaves what was there', async () => {
    const snapshots = await open()
    await snapshots.write('index-a', chunksOf('one'))
    const broken = function* (): Iterable<Uint8Array> {
      yield Buffer.from('two')
      throw new Error('no more')
    }
    await assert.rejects(snapshots.write('index-a', broken()), /no more/)
    await assert.rejects(snapshots.write('index-b', broken()), /no more/)
    assert.equal(String(await bytesOf(snapshots, 'index-a')), 'one')
    assert.deepEqual(await snapshots.names(), ['index-a'])
    await snapshots.write('index-a', chunksOf('two'))
    assert.equal(String(await bytesOf(snapshots, 'index-a')), 'two')
  })

  test('a reader may stop before the end', async () => {
    const snapshots = await open()
    await snapshots.write('index-a', [new Uint8Array(1_000_000)])
    for await (const _ of (await snapshots.read('index-a'))!) break
    await snapshots.remove('index-a')
    assert.deepEqual(await snapshots.names(), [])
  })
}
