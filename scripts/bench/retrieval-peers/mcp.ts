/**
 * Ours and the official memory server through MCP, as an agent uses them: the same official client, each server a process
 * of its own. Ours is `spore start` with `/mcp`, theirs speaks over stdio, the only way it has.
 *
 * Theirs is filled by writing its file in its documented form (an entity a line), because each of its tool calls reads and
 * writes all of it: 50,000 calls would take hours. Its search looks for the query as it stands, so it gets one word, the
 * longest of the question: a word that few texts have, or it would send thousands of them. Ours gets the question.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { request } from 'undici'
import { ITEMS_MAX } from '../../../src/core/protocol/limits.ts'
import type { Report } from '../support/harness.ts'
import { quantile } from '../support/quantile.ts'
import { engineFile } from './install.ts'
import { makeWorkload, type Workload, type WorkloadSize } from './workload.ts'

const SEARCH_PART = 1 / 10
const ADD_PART = 1 / 20
const PEER = 'server-memory'
/** Calls before any is timed: such servers run for days, and so many it takes until ours is compiled (the first ones cost twice as much). */
const WARM_UP = 500
/** Adds before any is timed. */
const ADDS_UNTIMED = 5
/** Each is left alone for so long when it is filled: what it does behind that is not what is measured. */
const SETTLE_MS = 5000

interface Figures {
  readonly searchMs: readonly number[]
  readonly addMs: readonly number[]
  readonly hits: number
}

/** A memory server as an agent sees it. */
interface Agent extends AsyncDisposable {
  /** Returns how many were found. */
  search(question: string): Promise<number>
  add(text: string, number: number): Promise<void>
}

export async function reportMcp(size: WorkloadSize, report: Report): Promise<void> {
  const workload = makeWorkload(size)
  const folder = await mkdtemp(join(tmpdir(), 'spore-bench-'))
  try {
    const theirs = await measure(await startServerMemory(folder, workload), workload)
    report.note(`${PEER}: done`)
    const ours = await measure(await startOurs(folder, workload), workload)
    reportFigures(ours, theirs, size, report)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function reportFigures(
  ours: Figures,
  theirs: Figures,
  { entries, queries }: WorkloadSize,
  report: Report,
): void {
  const ratio = (what: string, of: (figures: Figures) => readonly number[], part: number): void => {
    const [our, their] = [quantile(of(ours), 0.5), quantile(of(theirs), 0.5)]
    const metric = `mcp, ${entries} entries: ${what}`
    report.row({
      metric: `${metric} p50, part of that of ${PEER}`,
      value: our / their,
      unit: '',
      bar: { atMost: part },
      peer: { name: PEER, value: their },
    })
    for (const [name, figures] of [['spore', ours] as const, [PEER, theirs] as const]) {
      report.row({ metric: `${metric} p50: ${name}`, value: quantile(of(figures), 0.5), unit: 'ms' })
      report.row({ metric: `${metric} p99: ${name}`, value: quantile(of(figures), 0.99), unit: 'ms' })
    }
  }
  ratio('search', ({ searchMs }) => searchMs, SEARCH_PART)
  ratio('add', ({ addMs }) => addMs, ADD_PART)
  const hits = (name: string, figures: Figures): void =>
    report.row({
      metric: `mcp, ${entries} entries: hits a search: ${name}`,
      value: figures.hits / queries,
      unit: '',
    })
  hits('spore', ours)
  hits(PEER, theirs)
}

/** The same calls in the same order, whichever server it is. */
async function measure(agent: Agent, { questions, added }: Workload): Promise<Figures> {
  await using server = agent
  await sleep(SETTLE_MS)
  for (let i = 0; i < WARM_UP; i++) await server.search(questions[i % questions.length]!)
  const searchMs: number[] = []
  let hits = 0
  for (const question of questions) {
    const startedAt = performance.now()
    hits += await server.search(question)
    searchMs.push(performance.now() - startedAt)
  }
  const addMs: number[] = []
  for (const [number, text] of added.entries()) {
    const startedAt = performance.now()
    await server.add(text, number)
    if (number >= ADDS_UNTIMED) addMs.push(performance.now() - startedAt)
  }
  return { searchMs, addMs, hits }
}

async function connect(transport: StdioClientTransport | StreamableHTTPClientTransport) {
  const client = new Client({ name: 'bench', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
  await client.connect(transport)
  // A client that knows the output schemas checks what comes; both servers have such.
  await client.listTools()
  const call = async (name: string, args: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const result = await client.callTool({ name, arguments: args })
    if (result.isError === true || !result.structuredContent)
      throw new Error(`${name}: ${JSON.stringify(result.content)}`)
    return result.structuredContent as Record<string, unknown>
  }
  return { call, close: () => client.close() }
}

async function startServerMemory(folder: string, { texts }: Workload): Promise<Agent> {
  const path = join(folder, 'memory.jsonl')
  const lines = texts.map((text, i) => JSON.stringify(toEntity(`entry ${i}`, text)))
  await writeFile(path, lines.join('\n'))
  const { call, close } = await connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [engineFile('@modelcontextprotocol/server-memory/dist/index.js')],
      env: { ...environment(), MEMORY_FILE_PATH: path },
      stderr: 'ignore',
    }),
  )
  return {
    async search(question) {
      const { entities } = await call('search_nodes', { query: longestWord(question) })
      return (entities as unknown[]).length
    },
    add: async (text, number) => {
      const { type: _, ...entity } = toEntity(`added ${number}`, text)
      await call('create_entities', { entities: [entity] })
    },
    [Symbol.asyncDispose]: close,
  }
}

/** One text as an entity: its file has one such object a line. */
const toEntity = (name: string, text: string) => ({
  type: 'entity',
  name,
  entityType: 'memory',
  observations: [text],
})

const longestWord = (question: string): string =>
  (question.match(/\p{L}+/gu) ?? ['']).reduce((longest, word) =>
    word.length > longest.length ? word : longest,
  )

async function startOurs(folder: string, { texts }: Workload): Promise<Agent> {
  const program = join(import.meta.dirname, '..', '..', '..', 'bin', 'spore.js')
  // As `npm start` runs it.
  const argv = ['--max-semi-space-size=4', program, 'start', '--json', '--port', '0']
  const child = spawn(process.execPath, [...argv, '--home', join(folder, 'spore')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...environment(), SPORE_BOOTSTRAP: 'off', SPORE_LOG_LEVEL: 'warn' },
  })
  const exited = once(child, 'exit')
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([text]) => text as string),
    exited.then(() => null),
  ])
  if (line === null) throw new Error('the spore ended before it listened')
  const { url } = JSON.parse(line) as { url: string }
  await fill(url, texts)
  const { call, close } = await connect(new StreamableHTTPClientTransport(new URL('/mcp', url)))
  return {
    async search(query) {
      const { hits } = await call('query_memory', { query, limit: 10 })
      return (hits as unknown[]).length
    },
    add: async (text) => void (await call('remember', { text })),
    async [Symbol.asyncDispose]() {
      await close()
      child.kill('SIGTERM')
      await exited
    },
  }
}

async function fill(url: string, texts: readonly string[]): Promise<void> {
  for (let from = 0; from < texts.length; from += ITEMS_MAX) {
    const items = texts.slice(from, from + ITEMS_MAX).map((text) => ({ text }))
    const { statusCode, body } = await request(`${url}/api/memory`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items }),
    })
    const reply = await body.text()
    if (statusCode >= 300 || reply.includes('"error"')) throw new Error(reply.slice(0, 500))
  }
}

/** Without the settings of the user's own spore. */
function environment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(SPORE_.*|PORT|HOST|NODE_OPTIONS)$/.test(name),
  )
  return Object.fromEntries(kept.filter((pair): pair is [string, string] => pair[1] !== undefined))
}
