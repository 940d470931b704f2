/** Files that appear whole or not at all, also after a loss of power. */
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes what was written to `path` durable. For a folder: the names in it. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Syncs `draft`, gives it the name `path` (replacing what had it) and syncs the folder. */
export function publishFile(draft: string, path: string): void {
  syncPath(draft)
  renameSync(draft, path)
  syncPath(dirname(path))
}

/** Creates a file that only its owner may read; throws EEXIST where there is one. */
export function writePrivateFile(path: string, content: string | Uint8Array): void {
  writeFileSync(path, content, { mode: 0o600, flag: 'wx' })
}
