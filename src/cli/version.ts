/** Version of the software, from the one place that states it. */
import { readFileSync } from 'node:fs'

/** The `version` of package.json, which lies two folders up in the checkout (`src/cli`) and in the package (`dist/cli`). */
export function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
