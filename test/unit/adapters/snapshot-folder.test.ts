/** Snapshots as files: the contract, who may read them, and what a kill leaves. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { createSnapshotFolder } from '../../../src/adapters/snapshot-folder.ts'
import { testSnapshots } from '../../contract/snapshots.ts'
import { temporaryFolder } from '../../support/folder.ts'

describe('the snapshots of a folder', () => {
  const folder = temporaryFolder()
  after(() => folder[Symbol.dispose]())
  let opened = 0
  const path = () => join(folder.path, `of ${opened++}`, 'index')
  testSnapshots(async () => createSnapshotFolder(path()))

  test('are for their owner alone', async () => {
    const at = path()
    await createSnapshotFolder(at).write('index-a', [Buffer.from('one')])
    assert.equal(statSync(at).mode & 0o777, 0o700)
    assert.equal(statSync(join(at, 'index-a')).mode & 0o777, 0o600)
  })

  test('show what a kill in the middle of a write left, so that it can go', async () => {
    const at = path()
    const snapshots = createSnapshotFolder(at)
    mkdirSync(at, { recursive: true })
    writeFileSync(join(at, 'index-a.new'), 'half', { mode: 0o644 })
    assert.deepEqual(await snapshots.names(), ['index-a.new'])
    await snapshots.write('index-a', [Buffer.from('whole')])
    assert.deepEqual(readdirSync(at), ['index-a'])
    assert.equal(statSync(join(at, 'index-a')).mode & 0o777, 0o600)
  })

  test('do not leave their folder', async () => {
    const snapshots = createSnapshotFolder(path())
    for (const name of ['../x', 'a/b', '', '.', 'A', 'x\0'])
      await assert.rejects(snapshots.write(name, []), /no name of a snapshot/)
  })
})
