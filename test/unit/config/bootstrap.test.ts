import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { loadSeeds, parseSeeds } from '../../../src/config/bootstrap.ts'
import { BOOTSTRAP_BYTES_MAX, BOOTSTRAP_SEEDS_MAX } from '../../../src/core/protocol/limits.ts'
import { DEFAULT_NETWORK } from '../../../src/core/protocol/version.ts'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'spore-bootstrap-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

const seeds = (count: number) => Array.from({ length: count }, (_, i) => ({ url: `https://s${i}.example` }))
const file = (value: object) => JSON.stringify({ version: 1, network: DEFAULT_NETWORK, seeds: [], ...value })

describe('bootstrap seeds', () => {
  it('are none in the package: there is no network to name yet', async () => {
    assert.deepEqual(await loadSeeds(DEFAULT_NETWORK), { ok: true, value: [] })
  })

  it('are taken up to the bound and no further', () => {
    const full = parseSeeds(file({ seeds: seeds(BOOTSTRAP_SEEDS_MAX) }), DEFAULT_NETWORK)
    assert.ok(full.ok && full.value.length === BOOTSTRAP_SEEDS_MAX)
    assert.equal(parseSeeds(file({ seeds: seeds(BOOTSTRAP_SEEDS_MAX + 1) }), DEFAULT_NETWORK).ok, false)
  })

  it('give a reason, never an exception, for a file that is not right', async () => {
    const large = join(folder, 'large.json')
    writeFileSync(large, ' '.repeat(BOOTSTRAP_BYTES_MAX + 1))
    assert.equal((await loadSeeds(DEFAULT_NETWORK, large)).ok, false)
    assert.deepEqual(await loadSeeds(DEFAULT_NETWORK, join(folder, 'absent.json')), {
      ok: false,
      error: 'ENOENT',
    })
    for (const text of [
      '',
      'null',
      '[]',
      file({ version: 2 }),
      file({ seeds: [{ url: 'file:///etc/passwd' }] }),
    ])
      assert.equal(parseSeeds(text, DEFAULT_NETWORK).ok, false, text)
    assert.equal(parseSeeds(file({ network: 'other' }), DEFAULT_NETWORK).ok, false)
  })
})
