import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createSeedSource, type Fetch, readList } from '../../../src/adapters/seed-source.ts'
import { err, ok } from '../../../src/core/base/result.ts'
import { failure } from '../../../src/core/protocol/errors.ts'
import { BOOTSTRAP_BYTES_MAX, FEDERATION_TIMEOUT_MS } from '../../../src/core/protocol/limits.ts'
import { temporaryFolder } from '../../support/folder.ts'

const { signal } = new AbortController()
const noFetch: Fetch = async () => assert.fail('a file is not fetched')

describe('a seed list in a file', () => {
  it('is read up to its bound, and one byte more is refused', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'list.json')
    writeFileSync(path, 'x'.repeat(BOOTSTRAP_BYTES_MAX))
    const read = await createSeedSource(path, noFetch)(signal)
    assert.ok(read.ok)
    assert.equal(read.value.length, BOOTSTRAP_BYTES_MAX)
    writeFileSync(path, 'x'.repeat(BOOTSTRAP_BYTES_MAX + 1))
    const long = await readList(path)
    assert.ok(!long.ok && /larger than 65536 bytes/.test(long.error.detail))
  })

  it('that is not there, or no file, gives the reason at once', async () => {
    using folder = temporaryFolder()
    const [pipe, inner] = [join(folder.path, 'pipe'), join(folder.path, 'folder')]
    mkdirSync(inner)
    const cases: [string, RegExp][] = [
      [join(folder.path, 'absent'), /ENOENT/],
      [inner, /is no file/],
      ['/dev/zero', /is no file/],
    ]
    // Nobody writes to it: whoever reads it waits for ever.
    if (spawnSync('mkfifo', [pipe]).status === 0) cases.push([pipe, /is no file/])
    for (const [path, reason] of cases) {
      const read = await readList(path)
      assert.ok(!read.ok && read.error.code === 'BOOTSTRAP_REFUSED', path)
      assert.match(read.error.detail, reason)
    }
  })
})

describe('a seed list at a URL', () => {
  const url = 'https://lists.example/bootstrap.json?of=main'

  it('is fetched with its bounds, and taken with status 200 only', async () => {
    let status = 200
    const fetch: Fetch = async (asked, options) => {
      assert.deepEqual(
        [asked, options.maxBytes, options.timeoutMs, options.signal],
        [url, BOOTSTRAP_BYTES_MAX, FEDERATION_TIMEOUT_MS, signal],
      )
      return ok({ status, body: Uint8Array.of(1, 2) })
    }
    assert.deepEqual(await createSeedSource(url, fetch)(signal), ok(Uint8Array.of(1, 2)))
    for (status of [204, 301, 404, 500]) {
      const answer = await createSeedSource(url, fetch)(signal)
      assert.ok(!answer.ok && answer.error.detail.includes(`HTTP ${status}`))
    }
  })

  it('passes on why it could not be fetched', async () => {
    const refusal = failure('URL_REFUSED', 'not on the public internet')
    assert.deepEqual(
      await createSeedSource('HTTP://10.0.0.1/x', async () => err(refusal))(signal),
      err(refusal),
    )
  })
})
