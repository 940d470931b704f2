/**
 * `bootstrap.json`: addresses where a new spore may find others. They are hints and nothing more: whatever a seed
 * says is verified as from any stranger, and a spore starts and works without one. The list in the package is empty
 * until there is a network to name; its signature by a pinned key comes with the network.
 */
import { readFile, stat } from 'node:fs/promises'
import { z } from 'zod'
import { err, ok, type Result } from '../core/base/result.ts'
import { BOOTSTRAP_BYTES_MAX, BOOTSTRAP_SEEDS_MAX } from '../core/protocol/limits.ts'
import { NETWORK_CHARS_MAX, sporeUrlSchema } from './schema.ts'

export const bootstrapSchema = z.object({
  version: z.literal(1),
  network: z.string().min(1).max(NETWORK_CHARS_MAX),
  seeds: z.array(z.object({ url: sporeUrlSchema })).max(BOOTSTRAP_SEEDS_MAX),
})
export type Bootstrap = z.infer<typeof bootstrapSchema>

/** The file in the package. */
export const bootstrapFile = new URL('../../bootstrap.json', import.meta.url)

/**
 * URLs of the seeds for `network`. A file that is missing, too large, malformed or of another network gives none,
 * and the reason: a spore must start without it.
 */
export async function loadSeeds(
  network: string,
  file: URL | string = bootstrapFile,
): Promise<Result<string[], string>> {
  let text: string
  try {
    if ((await stat(file)).size > BOOTSTRAP_BYTES_MAX) return err(`larger than ${BOOTSTRAP_BYTES_MAX} bytes`)
    text = await readFile(file, 'utf8')
  } catch (error) {
    return err((error as NodeJS.ErrnoException).code ?? 'unreadable')
  }
  return parseSeeds(text, network)
}

/** The same on the file's text. */
export function parseSeeds(text: string, network: string): Result<string[], string> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return err('not JSON')
  }
  const parsed = bootstrapSchema.safeParse(value)
  if (!parsed.success) return err(parsed.error.issues[0]?.message ?? 'not valid')
  if (parsed.data.network !== network) return err(`for the network ${parsed.data.network}`)
  return ok(parsed.data.seeds.map((seed) => seed.url))
}
