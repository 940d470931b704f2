import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  createKeyFile,
  KEY_FILE,
  KEY_TEXT_BYTES_MAX,
  parseKeySecret,
  readKeyFile,
} from '../../../src/adapters/key-file.ts'
import { bytesToBase64url } from '../../../src/core/base/bytes.ts'
import { temporaryFolder } from '../../support/folder.ts'

const unreadable = { name: 'SporeError', code: 'IDENTITY_UNREADABLE' }
const pemOf = (type: 'ed25519' | 'x25519' | 'ed448') =>
  String(generateKeyPairSync(type as 'ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }))

test('a key that was created is read back; only its owner may read the file', () => {
  using folder = temporaryFolder()
  const home = join(folder.path, 'home')
  assert.equal(readKeyFile(home), null)
  const { seed } = createKeyFile(home)
  assert.equal(seed.length, 32)
  assert.deepEqual(readKeyFile(home)?.seed, seed)
  assert.deepEqual(readdirSync(home), [KEY_FILE])
  assert.equal(statSync(join(home, KEY_FILE)).mode & 0o777, 0o600)
  assert.equal(statSync(home).mode & 0o777, 0o700)
})

test('the file is a PKCS#8 PEM whose key has that seed (RFC 8032 test 1)', () => {
  using folder = temporaryFolder()
  createKeyFile(folder.path)
  const text = readFileSync(join(folder.path, KEY_FILE), 'utf8')
  assert.match(text, /^-----BEGIN PRIVATE KEY-----\n/)
  assert.equal(createPrivateKey(text).asymmetricKeyType, 'ed25519')

  const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const pem = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`
  writeFileSync(join(folder.path, KEY_FILE), pem)
  assert.deepEqual(readKeyFile(folder.path)?.seed, new Uint8Array(seed))
})

test('a key is never written over another file, readable or not', () => {
  for (const content of [pemOf('ed25519'), 'damaged', '']) {
    using folder = temporaryFolder()
    const path = join(folder.path, KEY_FILE)
    writeFileSync(path, content)
    assert.throws(() => createKeyFile(folder.path), unreadable)
    assert.equal(readFileSync(path, 'utf8'), content)
    assert.deepEqual(readdirSync(folder.path), [KEY_FILE])
  }
})

const encrypted = String(
  generateKeyPairSync('ed25519').privateKey.export({
    format: 'pem',
    type: 'pkcs8',
    cipher: 'aes-256-cbc',
    passphrase: 'something',
  }),
)
const publicPem = String(generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }))
const wrongPems = {
  'an empty text': '',
  'another text': 'not a key',
  'a cut PEM': pemOf('ed25519').slice(0, 60),
  'an X25519 key': pemOf('x25519'),
  'an Ed448 key': pemOf('ed448'),
  'a public key': publicPem,
  'an encrypted key': encrypted,
  'one byte more than a key file may have': 'x'.repeat(KEY_TEXT_BYTES_MAX + 1),
}

for (const [name, text] of Object.entries(wrongPems))
  test(`${name} is refused, as a file and as a secret, and stands in no error`, () => {
    using folder = temporaryFolder()
    const path = join(folder.path, KEY_FILE)
    writeFileSync(path, text)
    assert.throws(() => readKeyFile(folder.path), unreadable)
    assert.equal(readFileSync(path, 'utf8'), text)
    assert.throws(
      () => parseKeySecret(text),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'IDENTITY_UNREADABLE')
        const body = text.split('\n')[1]
        if (body) assert.ok(!`${error.stack}${error.cause}`.includes(body))
        return true
      },
    )
  })

test('a folder where the key should be is refused', () => {
  using folder = temporaryFolder()
  mkdirSync(join(folder.path, KEY_FILE))
  assert.throws(() => readKeyFile(folder.path), unreadable)
  rmSync(join(folder.path, KEY_FILE), { recursive: true })
  assert.equal(readKeyFile(folder.path), null)
})

test('a secret is a PEM, a PEM on one line, or a seed in base64url', () => {
  const pem = pemOf('ed25519')
  const { seed } = parseKeySecret(pem)
  assert.equal(seed.length, 32)
  assert.deepEqual(parseKeySecret(pem.replaceAll('\n', '\\n')).seed, seed)
  assert.deepEqual(parseKeySecret(`  ${bytesToBase64url(seed)}\n`).seed, seed)
})

test('a secret of another length or alphabet is refused', () => {
  for (const length of [31, 33, 64])
    assert.throws(() => parseKeySecret(bytesToBase64url(new Uint8Array(length))), unreadable)
  assert.throws(() => parseKeySecret('+'.repeat(43)), unreadable)
})
