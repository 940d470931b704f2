/**
 * Where the identity's private key comes from: `identity.pem` in the data folder (PKCS#8 PEM, mode 0600), or a secret
 * that the configuration hands over. A key is its 32-byte seed (RFC 8032 §5.1.5); `core/identity` makes the signer.
 *
 * A file that cannot be read is never replaced: a new key is a new identity, and the old one cannot be had back.
 */
import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { base64urlToBytes } from '../core/base/bytes.ts'
import { SporeError } from '../core/protocol/errors.ts'
import { publishFile, writePrivateFile } from './publish-file.ts'

export interface IdentityKey {
  /** Ed25519 seed, 32 bytes. Secret. */
  readonly seed: Uint8Array
}

export const KEY_FILE = 'identity.pem'
const SEED_BYTES = 32
/** Bytes of the key file or the secret: an Ed25519 PEM has ~120; more is another kind of file. */
export const KEY_TEXT_BYTES_MAX = 16 * 1024
/** DER of a PKCS#8 Ed25519 private key up to its seed (RFC 8410 §7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The key in `folder`, null where there is none. Throws `SporeError` IDENTITY_UNREADABLE. */
export const readKeyFile = (folder: string): IdentityKey | null => readKeyAt(join(folder, KEY_FILE))

/** The key in the file `path`, null where there is none. Throws `SporeError` IDENTITY_UNREADABLE. */
export function readKeyAt(path: string): IdentityKey | null {
  const text = readBounded(path)
  return text === null ? null : pemToKey(text, `The identity key ${path}`)
}

/**
 * Draws a key and writes it to `folder`, which is created where it is missing. The caller makes sure that the folder
 * holds neither a key nor a store: a store without its key is a mistake to report, not a reason for a new identity.
 * Throws `SporeError` IDENTITY_UNREADABLE where a key is there already or the file cannot be written.
 */
export const createKeyFile = (folder: string): IdentityKey => createKeyAt(join(folder, KEY_FILE))

/** The same to the file `path`. */
export function createKeyAt(path: string): IdentityKey {
  const draft = `${path}.new-${process.pid}`
  const seed = new Uint8Array(randomBytes(SEED_BYTES))
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    if (readBounded(path) !== null) throw unreadable(`The identity key ${path} is there already`)
    rmSync(draft, { force: true })
    writePrivateFile(draft, seedToPem(seed))
    publishFile(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    if (error instanceof SporeError) throw error
    throw unreadable(`The identity key ${path} cannot be written`, error)
  }
  return { seed }
}

/** Reads a key from a secret: a PKCS#8 PEM (line ends may be written as \n), or the seed in base64url. */
export function parseKeySecret(secret: string): IdentityKey {
  const what = 'The identity secret'
  const text = secret.trim()
  if (text.length > KEY_TEXT_BYTES_MAX) throw unreadable(`${what} is too long`)
  // Environment files often carry a PEM on one line.
  if (text.startsWith('-----')) return pemToKey(text.replaceAll('\\n', '\n'), what)
  const seed = base64urlToBytes(text)
  if (seed?.length !== SEED_BYTES)
    throw unreadable(`${what} is neither a PEM nor ${SEED_BYTES} bytes in base64url`)
  return { seed }
}

/** The text of a file, null where it does not exist. */
function readBounded(path: string): string | null {
  try {
    const file = openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(KEY_TEXT_BYTES_MAX + 1)
      const length = readSync(file, bytes)
      if (length > KEY_TEXT_BYTES_MAX) throw unreadable(`The identity key ${path} is too long`)
      return bytes.toString('latin1', 0, length)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    if (error instanceof SporeError) throw error
    throw unreadable(`The identity key ${path} cannot be read`, error)
  }
}

function pemToKey(text: string, what: string): IdentityKey {
  const key = parsePem(text, what)
  if (key.asymmetricKeyType !== 'ed25519')
    throw unreadable(`${what} is of the type ${key.asymmetricKeyType}, not ed25519`)
  const seed = base64urlToBytes(String(key.export({ format: 'jwk' }).d))
  if (seed?.length !== SEED_BYTES) throw unreadable(`${what} has no seed`)
  return { seed }
}

function parsePem(text: string, what: string): KeyObject {
  try {
    // An empty passphrase: for an encrypted key OpenSSL would otherwise ask at the terminal.
    return createPrivateKey({ key: text, format: 'pem', passphrase: '' })
  } catch {
    // The reason is OpenSSL's and says nothing more; the error must not carry the text of the key.
    throw unreadable(`${what} is not an unencrypted PKCS#8 PEM`)
  }
}

function seedToPem(seed: Uint8Array): string {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  return String(key.export({ format: 'pem', type: 'pkcs8' }))
}

const unreadable = (what: string, cause?: unknown) =>
  new SporeError('IDENTITY_UNREADABLE', `${what}.`, cause === undefined ? {} : { cause })
