/** A temporary folder of one test. */
import { hash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TemporaryFolder extends Disposable {
  readonly path: string
}

export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), 'spore-test-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** The hash of every file in a folder, by name: equal before and after where nothing may change. */
export function folderContent(path: string): Record<string, string> {
  const content: Record<string, string> = {}
  for (const name of readdirSync(path).sort()) {
    const file = join(path, name)
    content[name] = statSync(file).isDirectory() ? 'folder' : hash('sha256', readFileSync(file))
  }
  return content
}
