/**
 * Secrets that are looked for where none may be. Every variable that the configuration calls a secret gets one, so a new
 * field is tried without anybody thinking of it; one of a form of its own has to be added to `FORMS`, or the spore will
 * not start with it.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SECRET_VARIABLES } from '../../src/config/secrets.ts'

export interface CanarySecret {
  /** What it is the secret of: `token`, `identity`… */
  readonly name: string
  readonly text: string
}

/** How the text of a secret is made that is not free text. */
const FORMS: Readonly<Partial<Record<string, () => string>>> = {
  identity: () => randomBytes(32).toString('base64url'),
}

const anyText = (): string => `canary${randomBytes(24).toString('base64url')}`

/** A secret for every variable of the configuration, and the environment that has them. */
export function drawSecrets(): {
  readonly secrets: readonly CanarySecret[]
  readonly env: Readonly<Record<string, string>>
} {
  const secrets = Object.keys(SECRET_VARIABLES).map((name) => ({ name, text: (FORMS[name] ?? anyText)() }))
  const variables: Readonly<Record<string, string>> = SECRET_VARIABLES
  return {
    secrets,
    env: Object.fromEntries(secrets.map(({ name, text }) => [variables[name] as string, text])),
  }
}

/** How a secret may look where it got out: itself, its bytes, and in the codes that programs put texts into. */
function guises({ text }: CanarySecret): ReadonlyMap<string, Buffer> {
  const forms = new Map<string, Buffer>()
  const add = (how: string, value: string | Buffer): void => void forms.set(how, Buffer.from(value))
  const contents: [string, Buffer][] = [['text', Buffer.from(text)]]
  const decoded = Buffer.from(text, 'base64url')
  if (decoded.length >= 16 && decoded.toString('base64url') === text) contents.push(['bytes', decoded])
  for (const [of, bytes] of contents) {
    add(of, bytes)
    add(`${of} in hex`, bytes.toString('hex'))
    add(`${of} in upper-case hex`, bytes.toString('hex').toUpperCase())
    // Inside a longer text the ends depend on what stands beside it.
    for (const shift of [0, 1, 2]) {
      const shifted = Buffer.concat([Buffer.alloc(shift), bytes])
      for (const code of ['base64', 'base64url'] as const)
        add(
          `${of} in ${code}, ${shift} bytes in`,
          shifted
            .toString(code)
            .replaceAll('=', '')
            .slice(shift + 2, -3),
        )
    }
  }
  add('text, percent-encoded', encodeURIComponent(text))
  add('text, backwards', [...text].reverse().join(''))
  return forms
}

/** Where secrets were found: `token in the log, as text`. */
export function findSecrets(
  secrets: readonly CanarySecret[],
  haystacks: ReadonlyMap<string, Buffer>,
): string[] {
  const found: string[] = []
  for (const secret of secrets)
    for (const [how, bytes] of guises(secret))
      for (const [where, hay] of haystacks)
        if (hay.includes(bytes)) found.push(`${secret.name} in ${where}, as ${how}`)
  return found
}

/** Every file below a folder but for the secrets' own, with its bytes. */
export function filesBelow(folder: string, own: readonly string[]): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || own.includes(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    files.set(`the file ${entry.name}`, readFileSync(path))
  }
  return files
}
