import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  documentKind,
  FILE_BYTES_MAX,
  readDocument,
  walkFile,
  walkFolder,
} from '../../../../src/cli/documents/walk.ts'
import { temporaryFolder } from '../../../support/folder.ts'

describe('the documents of a folder', () => {
  it('are Markdown, text and code, in an order of their own', async () => {
    using folder = temporaryFolder()
    const file = (path: string) => writeFileSync(join(folder.path, path), 'x')
    for (const name of ['sub', '.hidden', 'node_modules']) mkdirSync(join(folder.path, name))
    for (const path of ['b.md', 'a.ts', 'sub/c.txt', 'README', '.env', '.hidden/d.md', 'node_modules/e.md'])
      file(path)
    for (const path of [
      'photo.jpg',
      'data.json',
      'package-lock.json',
      'app.min.js',
      'yarn.lock',
      'noextension',
    ])
      file(path)
    symlinkSync('/etc', join(folder.path, 'outside'))
    symlinkSync(join(folder.path, 'b.md'), join(folder.path, 'link.md'))
    const { files, skipped } = await walkFolder(folder.path)
    assert.deepEqual(
      files.map(({ thread, kind }) => [thread, kind]),
      [
        ['README', 'plain'],
        ['a.ts', 'plain'],
        ['b.md', 'markdown'],
        ['sub/c.txt', 'plain'],
      ],
    )
    assert.deepEqual(skipped, [])
  })

  it('have the same thread and root whether the folder or the file is named', async () => {
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, 'a.md'), 'x')
    const [byFolder, byFile] = [await walkFolder(folder.path), await walkFile(join(folder.path, 'a.md'))]
    assert.deepEqual(byFile, byFolder)
  })

  it('are read as text up to a bound, or it is said why not', async () => {
    using folder = temporaryFolder()
    const path = (name: string, content: string | Buffer) => {
      writeFileSync(join(folder.path, name), content)
      return join(folder.path, name)
    }
    assert.deepEqual(
      await readDocument(path('most.txt', 'x'.repeat(FILE_BYTES_MAX))).then((read) => read.ok),
      true,
    )
    assert.deepEqual(await readDocument(path('more.txt', 'x'.repeat(FILE_BYTES_MAX + 1))), {
      ok: false,
      error: 'larger than 5 MiB',
    })
    assert.deepEqual(await readDocument(path('zero.txt', Buffer.of(65, 0))), { ok: false, error: 'binary' })
    assert.deepEqual(await readDocument(path('latin.txt', Buffer.of(0xe9, 65))), {
      ok: false,
      error: 'not UTF-8 text',
    })
    assert.deepEqual(await readDocument(join(folder.path, 'absent')), { ok: false, error: 'ENOENT' })
  })

  it('are told by their names', () => {
    assert.equal(documentKind('A.MD'), 'markdown')
    assert.equal(documentKind('Makefile'), 'plain')
    assert.equal(documentKind('x.exe'), null)
  })
})
