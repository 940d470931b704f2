#!/usr/bin/env node
// Plain JavaScript that an old Node can read: it finds a Node that can run the spore, then gets out of the way.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const NODE_MAJOR_MIN = 24
const source = new URL('../src/main.ts', import.meta.url)
const built = new URL('../dist/main.js', import.meta.url)

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  // Compiled code is kept between starts: the next one is faster, and needs no type stripper (17 MiB of memory).
  const { enableCompileCache } = await import('node:module')
  const cache = fileURLToPath(new URL('../node_modules/.cache/spore', import.meta.url))
  enableCompileCache(existsSync(source) ? cache : undefined)
  await import((existsSync(source) ? source : built).href)
} else {
  await runOnOwnNode()
}

/** The `node` package of this project carries the binary; a checkout has it, an installed package may. */
async function runOnOwnNode() {
  const candidates = ['../node_modules/node/bin/node', '../../node/bin/node']
  const node = candidates.map((path) => fileURLToPath(new URL(path, import.meta.url))).find(existsSync)
  if (!node) {
    console.error(`spore needs Node.js ${NODE_MAJOR_MIN} or newer; this is ${process.version}.`)
    console.error('Install it from https://nodejs.org, or run "npm ci" in a checkout, which brings its own.')
    process.exitCode = 1
    return
  }
  const { spawn } = await import('node:child_process')
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  // A terminal sends its signals to both processes; a supervisor sends them to this one only.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`spore could not run ${node}: ${error.message}`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    } else process.exitCode = code ?? 1
  })
}
