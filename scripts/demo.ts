/**
 * `npm run demo [-- --docs <folder>]`: three spores on free loopback ports, joined. Documents are remembered at the
 * first; when all three hold them, two questions are asked at the third. Real processes, temporary folders, no network
 * beyond this machine. Exit code 0 when everything worked.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const DEADLINE_MS = 60_000
const POLL_MS = 100
const SPORES = 3

const root = fileURLToPath(new URL('..', import.meta.url))
const program = join(root, 'bin', 'spore.js')
const ownDocuments = ['README.md', 'docs', 'src/core/protocol/PROTOCOL.md', 'config.template.yaml']
const ownQuestions = ['What is a frontier?', 'When does a spore start a new epoch?']

const { values } = parseArgs({
  options: { docs: { type: 'string' }, ask: { type: 'string', multiple: true } },
})
const documents = values.docs
  ? [values.docs]
  : ownDocuments.map((path) => join(root, path)).filter((path) => existsSync(path))

interface Spore {
  readonly name: string
  readonly url: string
  readonly process: ChildProcess
}

const startedAt = performance.now()
const deadline = AbortSignal.timeout(DEADLINE_MS)
const folder = mkdtempSync(join(tmpdir(), 'spore-demo-'))
const children: ChildProcess[] = []
try {
  await demo()
  say(`\nDone in ${seconds()} s.`)
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  await Promise.all(children.map(stop))
  rmSync(folder, { recursive: true, force: true })
}

async function demo(): Promise<void> {
  say(`Starting ${SPORES} spores on this machine …`)
  const spores = await Promise.all(Array.from({ length: SPORES }, (_, index) => start(`spore-${index + 1}`)))
  for (const { name, url } of spores) say(`  ${name}  ${url}`)
  const [first, second, third] = spores as [Spore, Spore, Spore]
  await spore(['join', second.url, '--url', first.url])
  await spore(['join', third.url, '--url', second.url])
  say('They are joined: 1 with 2, 2 with 3. 1 and 3 were not introduced.\n')

  say(
    `$ spore remember ${documents.map((path) => relative(process.cwd(), path) || '.').join(' ')}   (at ${first.name})`,
  )
  say(await spore(['remember', ...documents, '--url', first.url]))
  const { memories } = await health(first)
  if (memories === 0) throw new Error('nothing was remembered')
  const rememberedAt = performance.now()
  for (const each of spores) await untilHolds(each, memories)
  say(`All three hold the ${memories} memories, ${Math.round(performance.now() - rememberedAt)} ms later.\n`)

  const isUsers = values.docs !== undefined || values.ask !== undefined
  for (const question of values.ask ?? (values.docs ? await questionsAbout(third) : ownQuestions)) {
    say(`$ spore ask "${question}"   (at ${third.name})`)
    say(`${await spore(['ask', question, '--url', third.url], isUsers)}\n`)
  }
}

/** A spore process that serves requests. */
async function start(name: string): Promise<Spore> {
  const child = spawn(process.execPath, [program, 'start', '--json', '--port', '0', '--name', name], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: environment({
      SPORE_HOME: join(folder, name),
      SPORE_ALLOW_PRIVATE_ADDRESSES: 'true',
      SPORE_DEFAULT_SPACE: 'commons',
      SPORE_BOOTSTRAP: 'off',
      SPORE_PULL_INTERVAL_MS: '1000',
      SPORE_LOG_LEVEL: 'warn',
    }),
  })
  children.push(child)
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${name} ended with code ${code} before it listened`)
  })
  const [line] = (await Promise.race([once(lines, 'line', { signal: deadline }), ended])) as [string]
  ended.catch(() => {})
  const { url } = JSON.parse(line) as { url: string }
  return { name, url, process: child }
}

/** Runs a command and gives what it printed. */
async function spore(args: readonly string[], isUserQuestion = false): Promise<string> {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: environment({ SPORE_HOME: join(folder, 'none') }),
    signal: deadline,
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part
  })
  const [code] = (await once(child, 'close')) as [number | null]
  // To a question of the user's own, "no answer" is an answer.
  if (code !== 0 && !(code === 1 && isUserQuestion && output !== ''))
    throw new Error(`spore ${args[0]} ended with code ${code}\n${output}`)
  return output.trimEnd()
}

/** The environment without settings of the user's own spore. */
function environment(own: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const foreign = Object.entries(process.env).filter(([name]) => !/^(SPORE_.*|PORT|HOST)$/.test(name))
  return { ...Object.fromEntries(foreign), ...own }
}

async function health({ url }: Spore): Promise<{ memories: number }> {
  const reply = await fetch(`${url}/api/health`, { signal: deadline })
  if (!reply.ok) throw new Error(`${url}/api/health answered ${reply.status}`)
  return (await reply.json()) as { memories: number }
}

async function untilHolds(each: Spore, memories: number): Promise<void> {
  while ((await health(each)).memories < memories) await sleep(POLL_MS, undefined, { signal: deadline })
}

/** Two questions from the headings of whatever documents were given. */
async function questionsAbout({ url }: Spore): Promise<string[]> {
  const reply = await fetch(`${url}/api/memory/search?q=&limit=100`, { signal: deadline })
  const { hits } = (await reply.json()) as { hits: { text: string }[] }
  const headings = hits.map(({ text }) => (text.split('\n')[0] ?? '').split(' › ').at(-1)?.slice(0, 80) ?? '')
  return [...new Set(headings)]
    .filter(Boolean)
    .slice(0, 2)
    .map((heading) => `What is said about ${heading}?`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

function say(text: string): void {
  console.log(text)
}

function seconds(): string {
  return ((performance.now() - startedAt) / 1000).toFixed(1)
}
