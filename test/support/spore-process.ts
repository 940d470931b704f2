/** Real processes of `bin/spore.js`: one command that ends, or a spore that serves until it is stopped. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { RUN_NETWORK } from './run-network.ts'

const program = join(import.meta.dirname, '..', '..', 'bin', 'spore.js')
/** No command of a test takes this long unless it hangs; the test then fails with what was printed. */
const HANG_MS = 60_000

export interface CommandOptions {
  readonly home: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string | Buffer
  /** Another installation's `bin/spore.js`; this project's own by default. */
  readonly program?: string
  /** Options of Node itself, as `npm start` has some. */
  readonly nodeOptions?: readonly string[]
  /** Milliseconds after which it is taken to hang and is killed; default `HANG_MS`. */
  readonly hangMs?: number
}

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs one command to its end. */
export async function runSpore(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const child = launch(args, options)
  child.stdin?.on('error', () => {}).end(options.stdin ?? '')
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: stdout(), stderr: stderr() }
}

export interface RunningSpore extends AsyncDisposable {
  readonly url: string
  readonly did: string
  readonly home: string
  readonly process: ChildProcess
  stdout(): string
  stderr(): string
  /** Ends it by a signal and gives its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** `spore start --json` on a free port; resolves when it says that it serves requests. */
export async function startSpore(
  options: CommandOptions,
  args: readonly string[] = [],
): Promise<RunningSpore> {
  const child = launch(['start', '--json', '--port', '0', ...args], options)
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const exited = once(child, 'exit') as Promise<[number | null]>
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const line = await Promise.race([
    once(lines, 'line').then(([first]) => first as string),
    exited.then(() => null),
  ])
  if (line === null) throw new Error(`the spore ended before it listened: ${stderr()}`)
  const { url, spore } = JSON.parse(line) as { url: string; spore: string }
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return (await exited)[0]
  }
  return {
    url,
    did: spore,
    home: options.home,
    process: child,
    stdout,
    stderr,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
    },
  }
}

export interface RunningSwarm extends AsyncDisposable {
  readonly spores: readonly { readonly url: string; readonly spore: string }[]
  stderr(): string
}

/** `spore swarm --json`: several spores in one process, on free ports and in temporary folders. */
export async function startSwarm(
  options: Omit<CommandOptions, 'home'>,
  args: readonly string[] = [],
): Promise<RunningSwarm> {
  const child = launch(['swarm', '--json', ...args], { ...options, home: '' })
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  await Promise.race([once(lines, 'line'), exited])
  if (child.exitCode !== null) throw new Error(`the swarm ended before it listened: ${stderr()}`)
  const { spores } = JSON.parse(stdout().split('\n')[0] as string) as Pick<RunningSwarm, 'spores'>
  return {
    spores,
    stderr,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** The environment of a test has no settings of the developer's own spore. */
function launch(args: readonly string[], options: CommandOptions): ChildProcess {
  const { home, env, hangMs = HANG_MS } = options
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(SPORE_.*|LLM_.*|PORT|HOST|NODE_OPTIONS)$/.test(name),
  )
  return spawn(process.execPath, [...(options.nodeOptions ?? []), options.program ?? program, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...Object.fromEntries(kept),
      SPORE_HOME: home,
      SPORE_BOOTSTRAP: 'off',
      SPORE_NETWORK: RUN_NETWORK,
      SPORE_LOG_LEVEL: 'warn',
      ...env,
    },
    timeout: hangMs,
  })
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = ''
  stream?.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  return () => text
}
