/**
 * Bearer tokens of a spore: minted here, shown once, kept as SHA-256 in `$SPORE_HOME/tokens.json` (mode 0600). A token
 * has 256 random bits, so a plain hash is enough at rest: there is nothing to guess (OWASP ASVS 4.0 §2.9, §3.5).
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { z } from 'zod'
import { SporeError } from '../core/protocol/errors.ts'
import { Secret } from './secrets.ts'

/** What a token permits; `admin` permits everything. */
export const SCOPES = ['read', 'write', 'spend', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** Tokens of one spore: each request with a token is compared with all of them. */
export const TOKENS_MAX = 1000
/** Characters of a token's name. */
export const TOKEN_NAME_CHARS_MAX = 64

const tokenSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{8}$/),
  name: z.string().max(TOKEN_NAME_CHARS_MAX),
  scopes: z.array(z.enum(SCOPES)).min(1),
  createdAt: z.iso.datetime(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
const fileSchema = z.object({ version: z.literal(1), tokens: z.array(tokenSchema).max(TOKENS_MAX) })

/** A token as it is kept: the text itself is not there. */
export type TokenRow = z.infer<typeof tokenSchema>

export const tokenFile = (home: string): string => join(home, 'tokens.json')

/** SHA-256 of a token's text, lower-case hex. */
export const hashToken = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex')

/** The tokens of a data folder, oldest first; none where there is no file. Throws CONFIG_INVALID on a damaged file. */
export function readTokens(home: string): readonly TokenRow[] {
  const file = tokenFile(home)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw new SporeError('CONFIG_INVALID', `the token file ${file} cannot be read (${code})`, {
      cause: error,
    })
  }
  const parsed = fileSchema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data.tokens
  throw new SporeError(
    'CONFIG_INVALID',
    `the token file ${file} is damaged: restore it, or delete it and create new tokens`,
  )
}

/** Mints a token and keeps its hash. The text is in the result and nowhere else. */
export function createToken(
  home: string,
  options: { readonly name: string; readonly scopes: readonly Scope[]; readonly now: number },
): { readonly row: TokenRow; readonly token: Secret } {
  const tokens = readTokens(home)
  if (tokens.length >= TOKENS_MAX)
    throw new SporeError('CONFIG_INVALID', `there are ${TOKENS_MAX} tokens already: revoke some`)
  const text = `spore_${randomBytes(32).toString('base64url')}`
  const row: TokenRow = {
    id: randomBytes(4).toString('hex'),
    name: options.name.slice(0, TOKEN_NAME_CHARS_MAX),
    scopes: [...options.scopes],
    createdAt: new Date(options.now).toISOString(),
    sha256: hashToken(text),
  }
  writeTokens(home, [...tokens, row])
  return { row, token: new Secret(text) }
}

/** Removes a token by its id; false where there is none. */
export function revokeToken(home: string, id: string): boolean {
  const tokens = readTokens(home)
  const kept = tokens.filter((token) => token.id !== id)
  if (kept.length === tokens.length) return false
  writeTokens(home, kept)
  return true
}

/** The token whose text this is; null where there is none. Compares in constant time. */
export function findToken(tokens: readonly TokenRow[], text: string): TokenRow | null {
  const hash = Buffer.from(hashToken(text), 'hex')
  let found: TokenRow | null = null
  for (const token of tokens) if (timingSafeEqual(hash, Buffer.from(token.sha256, 'hex'))) found = token
  return found
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Whole or not at all: written beside and renamed, readable by its owner only. */
function writeTokens(home: string, tokens: readonly TokenRow[]): void {
  const file = tokenFile(home)
  const beside = `${file}.${process.pid}.tmp`
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(beside, `${JSON.stringify({ version: 1, tokens }, null, 2)}\n`, { mode: 0o600 })
    chmodSync(beside, 0o600)
    renameSync(beside, file)
  } catch (error) {
    rmSync(beside, { force: true })
    const { code } = error as NodeJS.ErrnoException
    throw new SporeError('CONFIG_INVALID', `the token file ${file} cannot be written (${code})`, {
      cause: error,
    })
  }
}

/**
 * The hashes that a server accepts, for its every request: the file's, read again when it has changed, so that a new
 * token works and a revoked one stops at once; and those of `others`. A damaged file lets nobody in by it.
 */
export function createTokenHashes(home: string, others: readonly Secret[]): () => readonly string[] {
  const fixed = others.map((secret) => hashToken(secret.reveal()))
  let stamp: string | null = null
  let hashes = fixed
  return () => {
    const seen = fileStamp(tokenFile(home))
    if (seen !== stamp) {
      stamp = seen
      hashes = [...fixed, ...fileHashes(home)]
    }
    return hashes
  }
}

/** Changes with every write: each one is a new file by its rename. */
function fileStamp(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true })
  return stat ? `${stat.ino}:${stat.mtimeNs}:${stat.size}` : ''
}

function fileHashes(home: string): readonly string[] {
  try {
    return readTokens(home).map((token) => token.sha256)
  } catch {
    return []
  }
}
