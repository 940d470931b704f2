/**
 * `npm ci` ends with this: every source is loaded once with the compile cache that `bin/spore.js` uses, so that the first
 * start is as fast and as small as every other. Without it that start also holds the type stripper in memory.
 */
import { spawnSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const NODE_MAJOR_MIN = 24
const root = join(import.meta.dirname, '..')
const cache = join(root, 'node_modules/.cache/spore')

// An install without development packages on an old Node has nothing to warm; `bin/spore.js` says what it lacks.
if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) process.exit(0)

// The entry point runs what it is given, so it is run: with the least that it takes.
spawnSync(process.execPath, [join(root, 'bin/spore.js'), '--version'], { stdio: 'ignore' })
enableCompileCache(cache)
for (const file of await readdir(join(root, 'src'), { recursive: true })) {
  if (file.endsWith('.ts') && file !== 'main.ts') await import(pathToFileURL(join(root, 'src', file)).href)
}
