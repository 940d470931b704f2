/** The libraries to compare with, installed into this folder on first use; the project itself does not depend on them. */
import { installPinned, pinnedVersions } from '../support/pinned-packages.ts'

const folder = import.meta.dirname
const MEBIBYTES = 270

/** `npm ci` in this folder, unless what its lockfile names is there. Throws where that fails. */
export const installPeers = (note: (text: string) => void): Promise<void> =>
  installPinned(folder, MEBIBYTES, note)

/** Name and version of each library, as pinned. */
export const peerVersions = (): Readonly<Record<string, string>> => pinnedVersions(folder)
