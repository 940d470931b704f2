/** Files of this repository, for tests about the project itself. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Absolute path of a file, given from the root of the repository. */
export const projectFile = (path: string): string => join(import.meta.dirname, '..', '..', path)

export interface PackageJson {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
  readonly bin: Readonly<Record<string, string>>
}
export const packageJson = (): PackageJson => JSON.parse(readFileSync(projectFile('package.json'), 'utf8'))
