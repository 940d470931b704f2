import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { Secret } from '../../../src/config/secrets.ts'
import {
  createToken,
  createTokenHashes,
  findToken,
  hashToken,
  readTokens,
  revokeToken,
  TOKENS_MAX,
  tokenFile,
} from '../../../src/config/tokens.ts'

const now = Date.UTC(2026, 10, 21)
let folder: string
let home: string
let count = 0
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'spore-tokens-'))
})
beforeEach(() => {
  home = join(folder, `home-${count++}`)
})
after(() => rmSync(folder, { recursive: true, force: true }))

describe('the token file', () => {
  it('keeps hashes, never the token, readable by its owner only', () => {
    const { row, token } = createToken(home, { name: 'laptop', scopes: ['read', 'write'], now })
    const text = token.reveal()
    const file = readFileSync(tokenFile(home), 'utf8')
    assert.match(text, /^spore_[\w-]{43}$/)
    assert.ok(!file.includes(text) && file.includes(hashToken(text)))
    assert.equal(statSync(tokenFile(home)).mode & 0o777, 0o600)
    assert.deepEqual(readTokens(home), [row])
    assert.doesNotMatch(inspect({ row, token }), new RegExp(text))
  })

  it('finds a token by its text and no longer once it is revoked', () => {
    const first = createToken(home, { name: 'a', scopes: ['admin'], now })
    const second = createToken(home, { name: 'b', scopes: ['read'], now })
    assert.equal(findToken(readTokens(home), second.token.reveal())?.id, second.row.id)
    assert.equal(findToken(readTokens(home), 'spore_else'), null)
    assert.equal(revokeToken(home, second.row.id), true)
    assert.equal(revokeToken(home, second.row.id), false)
    assert.equal(findToken(readTokens(home), second.token.reveal()), null)
    assert.equal(findToken(readTokens(home), first.token.reveal())?.name, 'a')
  })

  it('has no tokens where there is no file, and refuses a damaged one', () => {
    assert.deepEqual(readTokens(home), [])
    createToken(home, { name: 'a', scopes: ['read'], now })
    writeFileSync(tokenFile(home), '{"version":1,"tokens":[{}]}')
    assert.throws(() => readTokens(home), { code: 'CONFIG_INVALID' })
    assert.throws(() => createToken(home, { name: 'b', scopes: ['read'], now }), { code: 'CONFIG_INVALID' })
  })

  it('gives a server what is valid now: new tokens at once, revoked ones no longer', () => {
    const hashes = createTokenHashes(home, [new Secret('from-the-environment')])
    assert.deepEqual(hashes(), [hashToken('from-the-environment')])
    const { row, token } = createToken(home, { name: 'a', scopes: ['read'], now })
    assert.deepEqual(hashes(), [hashToken('from-the-environment'), hashToken(token.reveal())])
    revokeToken(home, row.id)
    assert.equal(hashes().length, 1)
    writeFileSync(tokenFile(home), 'damaged')
    assert.equal(hashes().length, 1)
  })

  it('takes no token beyond its bound', () => {
    const { row } = createToken(home, { name: 'a', scopes: ['read'], now })
    const tokens = Array.from({ length: TOKENS_MAX }, (_, i) => ({
      ...row,
      id: i.toString(16).padStart(8, '0'),
    }))
    writeFileSync(tokenFile(home), JSON.stringify({ version: 1, tokens }))
    assert.throws(() => createToken(home, { name: 'more', scopes: ['read'], now }), /revoke/)
  })
})
