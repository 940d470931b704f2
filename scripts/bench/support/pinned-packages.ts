/** Packages to compare with, in a folder with a lockfile of its own, installed on first use; the project does not depend on them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** `npm ci` in the folder, unless what its lockfile names is there. Throws where that fails. */
export async function installPinned(
  folder: string,
  mebibytes: number,
  note: (text: string) => void,
): Promise<void> {
  if (isInstalled(folder)) return
  const shown = `scripts/bench/${basename(folder)}`
  note(`installing the peers’ packages into ${shown} (about ${mebibytes} MB; once)`)
  const argv = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  const child = spawn('npm', argv, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`npm ci in ${shown}: exit code ${code}`)
}

/** Name and version of each package, as pinned. */
export const pinnedVersions = (folder: string): Readonly<Record<string, string>> =>
  readJson(join(folder, 'package.json')).dependencies

const isInstalled = (folder: string): boolean =>
  Object.entries(pinnedVersions(folder)).every(([name, version]) => {
    const path = join(folder, 'node_modules', name, 'package.json')
    return existsSync(path) && readJson(path).version === version
  })

const readJson = (path: string): { version: string; dependencies: Record<string, string> } =>
  JSON.parse(readFileSync(path, 'utf8'))
