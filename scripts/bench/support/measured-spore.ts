/**
 * A real spore process with a meter in it (`meter.ts`): started on a free port of loopback, asked over HTTP. Other spores
 * reach it through a proxy only (`proxy.ts`), so that what they exchange can be counted and cut.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { Agent, request } from 'undici'
import type { RememberInput } from '../../../src/core/protocol/api.ts'
import { ITEMS_MAX } from '../../../src/core/protocol/limits.ts'
import type { Meter } from './meter.ts'
import { type SporeProxy, startProxy } from './proxy.ts'

export interface MeasuredSpore extends AsyncDisposable {
  /** Where other spores reach it: the proxy. */
  readonly publicUrl: string
  readonly proxy: SporeProxy
  /** Reads the meter. */
  meter(): Promise<Meter>
  /** What the meter says of the processor, without reading the rest. */
  cpuMs(): Promise<number>
  /** Throws unless every item is stored. */
  remember(items: readonly RememberInput[]): Promise<void>
  /** Memories that it holds, and entries that its index has not come to yet. */
  held(): Promise<{ readonly memories: number; readonly behind: number }>
  /** GET where there is no body, else POST; the JSON of the reply. Throws what is not 2xx. */
  ask(path: string, body?: unknown): Promise<unknown>
  join(url: string): Promise<void>
  /** Ends it at once, as a power cut would end its process. */
  kill(): Promise<void>
}

export interface MeasuredOptions {
  readonly home: string
  /** Folder for a CPU profile, written when the spore ends. */
  readonly profiles?: string | undefined
  /** Where it is announced; it stays the caller's. Default: a proxy of its own. */
  readonly proxy?: SporeProxy
}

const project = join(import.meta.dirname, '..', '..', '..')
/** A spore that has not ended by itself after this is killed. */
const STOP_MS = 10_000

export async function startMeasuredSpore(options: MeasuredOptions): Promise<MeasuredSpore> {
  const { home, profiles } = options
  const argv = [
    ...(profiles ? ['--cpu-prof', '--cpu-prof-dir', profiles] : []),
    '--import',
    pathToFileURL(join(import.meta.dirname, 'meter.ts')).href,
    join(project, 'bin', 'spore.js'),
    ...['start', '--json', '--port', '0', '--home', home],
  ]
  // A connection for each request: one that was kept would be closed while this process is at a codec for a minute.
  const agent = new Agent({ pipelining: 0 })
  const proxy = options.proxy ?? (await startProxy())
  const publicUrl = `http://127.0.0.1:${proxy.port}`
  const child = spawn(process.execPath, argv, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { ...environment(), SPORE_PUBLIC_URL: publicUrl },
  })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const line = await Promise.race([
    once(lines, 'line').then(([text]) => text as string),
    exited.then(() => null),
  ])
  if (line === null) throw new Error('the spore ended before it listened')
  const { url } = JSON.parse(line) as { url: string }
  proxy.target = Number(new URL(url).port)
  const ask = async (path: string, body?: unknown): Promise<unknown> => {
    const reply = await request(`${url}${path}`, {
      dispatcher: agent,
      ...(body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    })
    if (reply.statusCode >= 300)
      throw new Error(`${path}: ${reply.statusCode} ${(await reply.body.text()).slice(0, 500)}`)
    return reply.body.json()
  }

  return {
    publicUrl,
    ask,
    proxy,
    async meter() {
      const told = once(child, 'message')
      child.send('meter')
      return (await told)[0] as Meter
    },
    async cpuMs() {
      const told = once(child, 'message')
      child.send('cpu')
      return (await told)[0] as number
    },
    async remember(items) {
      for (let i = 0; i < items.length; i += ITEMS_MAX) {
        const { items: results } = (await ask('/api/memory', { items: items.slice(i, i + ITEMS_MAX) })) as {
          items: readonly { error?: unknown }[]
        }
        const failed = results.find(({ error }) => error !== undefined)
        if (failed) throw new Error(`an item was refused: ${JSON.stringify(failed)}`)
      }
    },
    async held() {
      const { memories, indexing } = (await ask('/api/health')) as {
        memories: number
        indexing?: { behind: number }
      }
      return { memories, behind: indexing?.behind ?? 0 }
    },
    join: async (peer) => void (await ask('/api/peers', { url: peer })),
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await exited
      clearTimeout(timer)
      if (!options.proxy) await proxy[Symbol.asyncDispose]()
      await agent.close()
    },
  }
}

/** Without the settings of the user's own spore. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(SPORE_.*|PORT|HOST|NODE_OPTIONS)$/.test(name),
  )
  return {
    ...Object.fromEntries(kept),
    SPORE_BOOTSTRAP: 'off',
    SPORE_ALLOW_PRIVATE_ADDRESSES: 'true',
    SPORE_LOG_LEVEL: 'warn',
  }
}
