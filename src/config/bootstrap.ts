/**
 * `bootstrap.json` of the package: the seeds that a spore tries which was told of no others. It is trusted as the rest of
 * the package is, so it needs no signature; it names nobody until there is a network to name.
 */
import { readFileSync } from 'node:fs'

/** The file in the package. */
export const bootstrapFile = new URL('../../bootstrap.json', import.meta.url)

/** Its bytes; null where the package has lost it. Whether they are good is said by who uses them. */
export function readPackagedSeeds(): Uint8Array | null {
  try {
    return new Uint8Array(readFileSync(bootstrapFile))
  } catch {
    return null
  }
}
