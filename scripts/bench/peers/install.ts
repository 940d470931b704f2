/** The libraries to compare with, installed into this folder on first use; the project itself does not depend on them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = import.meta.dirname

/** `npm ci` in this folder, unless what its lockfile names is there. Throws where that fails. */
export async function installPeers(note: (text: string) => void): Promise<void> {
  if (isInstalled()) return
  note('installing the peers’ packages into scripts/bench/peers (about 270 MB; once)')
  const argv = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  const child = spawn('npm', argv, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`npm ci in scripts/bench/peers: exit code ${code}`)
}

/** Name and version of each library, as pinned. */
export const peerVersions = (): Readonly<Record<string, string>> => readJson('package.json').dependencies

const isInstalled = (): boolean =>
  Object.entries(peerVersions()).every(([name, version]) => {
    const path = join('node_modules', name, 'package.json')
    return existsSync(join(folder, path)) && readJson(path).version === version
  })

const readJson = (path: string): { version: string; dependencies: Record<string, string> } =>
  JSON.parse(readFileSync(join(folder, path), 'utf8'))
