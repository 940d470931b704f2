/** `spore bootstrap`: what it writes, and what it refuses, in this process; the real thing is in test/e2e. */
import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import type { CliProcess } from '../../../src/cli/command.ts'
import { run } from '../../../src/cli/program.ts'
import type { SignedSeedList } from '../../../src/core/identity/seed-list.ts'
import { temporaryFolder } from '../../support/folder.ts'

const SEED = { url: 'https://seed.example', key: 'did:key:z6Mkmz9VsKF7do4FT3P3YKshWmJB8oXqP2JLjqg9sDAXyfHC' }
const DRAFT = { version: 1, network: 'my-net', seeds: [SEED] }

async function spore(home: string, ...args: string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const host = {
    stdin: process.stdin,
    stdout,
    stderr,
    environment: { SPORE_HOME: home },
    signal: new AbortController().signal,
  } as unknown as CliProcess
  const code = await run(['bootstrap', ...args], host)
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') }
}

/** A folder with a key and a list that it signed. */
async function prepared(home: string) {
  const [key, list, draft] = ['key.pem', 'list.json', 'draft.json'].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ]
  const did = (await spore(home, 'keygen', key)).stdout.trim()
  writeFileSync(draft, JSON.stringify(DRAFT))
  const signed = await spore(home, 'sign', draft, '--key', key, '--out', list, '--days', '10')
  assert.equal(signed.code, 0, signed.stderr)
  return { key, list, draft, did }
}

describe('spore bootstrap', () => {
  it('makes a key that only its owner can read, and never over another', async () => {
    using folder = temporaryFolder()
    const { key, did } = await prepared(folder.path)
    assert.match(did, /^did:key:z6Mk/)
    assert.equal(statSync(key).mode & 0o777, 0o600)
    const before = readFileSync(key)
    const again = await spore(folder.path, 'keygen', key)
    assert.deepEqual([again.code, readFileSync(key)], [1, before])
    assert.doesNotMatch(again.stderr, /PRIVATE/)
  })

  it('signs a list, leaves the draft as it was, and signs a signed one anew', async () => {
    using folder = temporaryFolder()
    const { key, list, draft, did } = await prepared(folder.path)
    assert.deepEqual(JSON.parse(readFileSync(draft, 'utf8')), DRAFT)
    const signed = JSON.parse(readFileSync(list, 'utf8')) as SignedSeedList
    assert.deepEqual([signed.seeds, signed.network, signed.key], [[SEED], 'my-net', did])
    assert.equal(Date.parse(signed.expires) - Date.parse(signed.issued), 10 * 24 * 3600 * 1000)
    assert.equal((await spore(folder.path, 'sign', list, '--key', key)).code, 0)
    const days = (({ issued, expires }) => (Date.parse(expires) - Date.parse(issued)) / 86_400_000)(
      JSON.parse(readFileSync(list, 'utf8')) as SignedSeedList,
    )
    assert.equal(days, 90)
  })

  it('checks who signed, and every letter', async () => {
    using folder = temporaryFolder()
    const { list, draft, did } = await prepared(folder.path)
    const good = await spore(folder.path, 'check', list, '--key', did, '--json')
    assert.deepEqual([good.code, JSON.parse(good.stdout).signature.key], [0, did])
    const other = await spore(folder.path, 'check', list, '--key', SEED.key)
    assert.deepEqual([other.code, /not a pinned key/.test(other.stderr)], [1, true])
    assert.equal((await spore(folder.path, 'check', draft)).code, 0)
    const unsigned = await spore(folder.path, 'check', draft, '--key', did)
    assert.deepEqual([unsigned.code, /not signed/.test(unsigned.stderr)], [1, true])
    writeFileSync(list, readFileSync(list, 'utf8').replace('seed.example', 'evil.example'))
    const changed = await spore(folder.path, 'check', list)
    assert.deepEqual([changed.code, /signature does not hold/.test(changed.stderr)], [1, true])
  })

  it('says what is missing', async () => {
    using folder = temporaryFolder()
    const { list, key } = await prepared(folder.path)
    assert.equal((await spore(folder.path, 'sign', list)).code, 2)
    assert.equal((await spore(folder.path, 'sign', list, '--key', `${key},${key}`)).code, 2)
    assert.equal((await spore(folder.path, 'sign', list, '--key', join(folder.path, 'absent'))).code, 1)
    assert.equal((await spore(folder.path, 'sign', list, '--key', key, '--days', '367')).code, 2)
    assert.match((await spore(folder.path, 'check', join(folder.path, 'absent'))).stderr, /ENOENT/)
    writeFileSync(list, JSON.stringify({ ...DRAFT, seeds: [SEED, SEED] }))
    assert.match((await spore(folder.path, 'sign', list, '--key', key)).stderr, /stands there twice/)
  })
})
