/** The search engines to compare with, installed into this folder on first use; the project itself does not depend on them. */
import { join } from 'node:path'
import { installPinned, pinnedVersions } from '../support/pinned-packages.ts'

const folder = import.meta.dirname
const MEBIBYTES = 34

/** `npm ci` in this folder, unless what its lockfile names is there. Throws where that fails. */
export const installEngines = (note: (text: string) => void): Promise<void> =>
  installPinned(folder, MEBIBYTES, note)

/** Name and version of each package, as pinned. */
export const engineVersions = (): Readonly<Record<string, string>> => pinnedVersions(folder)

/** A package of this folder. */
export const loadEngine = async (name: string): Promise<unknown> => import(name)

/** The path of a file in a package of this folder. */
export const engineFile = (path: string): string => join(folder, 'node_modules', path)
