/** MCP as agents use it: the official clients of both lines, both protocol eras, over HTTP and over stdio. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { test } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as OldStdioTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as OldHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { hashToken } from '../../src/http/plugins/access.ts'
import { listen, type Served } from '../unit/http/support.ts'

const INFO = { name: 'test-agent', version: '1.0.0' }
const MODERN = '2026-07-28'
const STDIO_SPORE = {
  command: process.execPath,
  args: [join(import.meta.dirname, 'support', 'mcp-stdio.ts')],
}
const TEXT = 'The heron nests above the old mill.'

interface ToolResult {
  readonly isError?: boolean
  readonly content: readonly { readonly type: string; readonly text?: string }[]
  readonly structuredContent?: Record<string, unknown>
}
/** What the three clients have in common. */
interface Agent extends AsyncDisposable {
  readonly revision: string | undefined
  readonly instructions: string | undefined
  tools(): Promise<
    readonly {
      readonly name: string
      readonly outputSchema?: unknown
      readonly annotations?: object | undefined
    }[]
  >
  call(name: string, args: object): Promise<ToolResult>
}

type Mode = 'auto' | 'legacy'

async function newAgent(
  transport: StreamableHTTPClientTransport | StdioClientTransport,
  mode: Mode,
): Promise<Agent> {
  const client = new Client(INFO, { versionNegotiation: { mode } })
  await client.connect(transport)
  return {
    revision: client.getNegotiatedProtocolVersion(),
    instructions: client.getInstructions(),
    tools: async () => (await client.listTools()).tools,
    call: async (name, args) => (await client.callTool({ name, arguments: { ...args } })) as ToolResult,
    [Symbol.asyncDispose]: () => client.close(),
  }
}

async function oldAgent(transport: OldHttpTransport | OldStdioTransport): Promise<Agent> {
  const client = new OldClient(INFO)
  // The old transport's optional fields are typed without undefined.
  await client.connect(transport as Parameters<OldClient['connect']>[0])
  return {
    revision: transport instanceof OldHttpTransport ? transport.protocolVersion : undefined,
    instructions: client.getInstructions(),
    tools: async () => (await client.listTools()).tools as Awaited<ReturnType<Agent['tools']>>,
    call: async (name, args) => (await client.callTool({ name, arguments: { ...args } })) as ToolResult,
    [Symbol.asyncDispose]: () => client.close(),
  }
}

const mcpUrl = (served: Served): URL => new URL('/mcp', served.url)

/** Lists tools, remembers, finds it again, asks, gets an error: what every client must be able to do. */
async function useAsAgent(agent: Agent): Promise<void> {
  const tools = await agent.tools()
  assert.equal(tools.length, 10)
  for (const tool of tools) {
    assert.ok(tool.outputSchema, tool.name)
    assert.equal(Object.keys(tool.annotations ?? {}).length, 4, tool.name)
  }
  assert.match(agent.instructions ?? '', /query_memory/)

  const remembered = await agent.call('remember', { text: TEXT, tags: ['birds'] })
  const id = remembered.structuredContent?.id
  assert.equal(typeof id, 'string')
  assertSameJson(remembered)

  const found = await agent.call('query_memory', { query: 'where does the heron nest' })
  assertSameJson(found)
  const hits = found.structuredContent?.hits as { id: string; text: string; trust: number }[]
  assert.deepEqual([hits[0]?.id, hits[0]?.text, hits[0]?.trust], [id, TEXT, 1])

  const whole = await agent.call('get_memory', { id })
  assert.deepEqual([whole.structuredContent?.text, whole.structuredContent?.nextOffset], [TEXT, null])

  const asked = await agent.call('submit_task', { task: 'Where does the heron nest?' })
  assertSameJson(asked)
  assert.equal(asked.structuredContent?.status, 'converged')
  assert.match(String(asked.structuredContent?.answer), /old mill/)
  const task = await agent.call('get_task', { task_id: asked.structuredContent?.task_id })
  const sources = (task.structuredContent?.sources ?? []) as { id: string }[]
  assert.equal(sources[0]?.id, id)
  const tasks = await agent.call('list_tasks', {})
  assert.equal(tasks.structuredContent?.total, 1)

  const health = await agent.call('swarm_health', {})
  const own = health.structuredContent?.spore
  const trust = await agent.call('get_trust', { author: own })
  const [row] = (trust.structuredContent?.authors ?? []) as { trust: number; standing: string }[]
  assert.deepEqual([row?.trust, row?.standing], [1, 'self'])
  const why = await agent.call('explain_trust', { author: String(own).slice(-8) })
  assert.deepEqual([why.structuredContent?.author, why.structuredContent?.tier], [own, 'commander'])

  const missing = await agent.call('get_memory', { id: 'nonsense' })
  assert.equal(missing.isError, true)
  const problem = JSON.parse(missing.content[0]?.text ?? '')
  assert.equal(problem.code, 'ID_INVALID')
  assert.match(problem.advice, /id/)
  const misspelt = await agent
    .call('query_memory', { query: 'x', lmit: 1 })
    .catch(() => ({ isError: true, content: [] }))
  assert.equal(misspelt.isError, true)
}

function assertSameJson(result: ToolResult): void {
  assert.ok(!result.isError, result.content[0]?.text)
  assert.deepEqual(JSON.parse(result.content[0]?.text ?? ''), result.structuredContent)
}

test('the v2 client over HTTP speaks the modern era', async () => {
  await using served = await listen()
  await using agent = await newAgent(new StreamableHTTPClientTransport(mcpUrl(served)), 'auto')
  assert.equal(agent.revision, MODERN)
  await useAsAgent(agent)
})

test('the v2 client over HTTP in legacy mode speaks the initialize era', async () => {
  await using served = await listen()
  await using agent = await newAgent(new StreamableHTTPClientTransport(mcpUrl(served)), 'legacy')
  assert.equal(agent.revision, '2025-11-25')
  await useAsAgent(agent)
})

test('the v1 client over HTTP is served', async () => {
  await using served = await listen()
  await using agent = await oldAgent(new OldHttpTransport(mcpUrl(served)))
  assert.equal(agent.revision, '2025-11-25')
  await useAsAgent(agent)
})

test('the v2 client over stdio speaks the modern era', async () => {
  await using agent = await newAgent(new StdioClientTransport(STDIO_SPORE), 'auto')
  assert.equal(agent.revision, MODERN)
  await useAsAgent(agent)
})

test('the v2 client over stdio in legacy mode speaks the initialize era', async () => {
  await using agent = await newAgent(new StdioClientTransport(STDIO_SPORE), 'legacy')
  assert.equal(agent.revision, '2025-11-25')
  await useAsAgent(agent)
})

test('the v1 client over stdio is served', async () => {
  await using agent = await oldAgent(new OldStdioTransport(STDIO_SPORE))
  await useAsAgent(agent)
})

test('where a token is wanted, an agent with it is served and one without is told, without OAuth', async () => {
  const token = 'spore_test_token'
  await using served = await listen({ tokenRequired: true, tokenHashes: () => [hashToken(token)] })
  const withToken = () =>
    new StreamableHTTPClientTransport(mcpUrl(served), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    })
  for (const mode of ['auto', 'legacy'] as const) {
    await using agent = await newAgent(withToken(), mode)
    assert.equal((await agent.tools()).length, 10)
    await assert.rejects(
      newAgent(new StreamableHTTPClientTransport(mcpUrl(served)), mode),
      /401|Unauthorized|TOKEN_MISSING/,
    )
  }
})

test('replies keep to 4,000 tokens however long the memories are, and pages cover them all', async () => {
  await using served = await listen()
  const items = Array.from({ length: 25 }, (_, i) => ({
    text: `heron ${i} ${'flies "over" the mill\n'.repeat(900)}`,
  }))
  await served.spore.rememberMany(items)
  await using agent = await newAgent(new StreamableHTTPClientTransport(mcpUrl(served)), 'auto')
  const seen = new Set<string>()
  for (let offset: number | null = 0; offset !== null; ) {
    const page = await agent.call('query_memory', { query: 'heron', offset })
    assert.ok(Buffer.byteLength(page.content[0]?.text ?? '') <= 16_000)
    const { hits, nextOffset } = page.structuredContent as {
      hits: { id: string; cut: boolean }[]
      nextOffset: number | null
    }
    for (const hit of hits) {
      assert.ok(hit.cut)
      seen.add(hit.id)
    }
    offset = nextOffset
  }
  assert.equal(seen.size, 25)

  const [id] = seen
  let text = ''
  for (let offset: number | null = 0; offset !== null; ) {
    const part = await agent.call('get_memory', { id, offset })
    assert.ok(Buffer.byteLength(part.content[0]?.text ?? '') <= 16_000)
    text += part.structuredContent?.text
    offset = part.structuredContent?.nextOffset as number | null
  }
  assert.ok(items.some((item) => item.text === text))
})

test('collective knowledge shows shared spaces by author, and nothing that is private', async () => {
  await using served = await listen()
  await served.spore.remember({ text: 'herons are private here', space: 'private' })
  await using agent = await newAgent(new StreamableHTTPClientTransport(mcpUrl(served)), 'auto')
  const none = await agent.call('collective_knowledge', { topic: 'herons' })
  assert.deepEqual(none.structuredContent, { spaces: [], total: 0, counted: 0, authors: [], otherAuthors: 0 })

  await served.spore.remember({ text: 'herons are common here', space: 'commons' })
  const { structuredContent } = await agent.call('collective_knowledge', { topic: 'herons' })
  const authors = structuredContent?.authors as {
    own: boolean
    author: string
    matches: number
    passages: { text: string; carriers: number }[]
  }[]
  assert.deepEqual(structuredContent?.spaces, ['commons'])
  assert.deepEqual(
    authors.map(({ own, author, matches }) => [own, author, matches]),
    [[true, served.spore.did, 1]],
  )
  assert.deepEqual(
    authors[0]?.passages.map(({ text, carriers }) => [text, carriers]),
    [['herons are common here', 1]],
  )
})

test('stdout carries nothing but protocol, whatever comes in, and the process ends with its stdin', async () => {
  const child = spawn(STDIO_SPORE.command, STDIO_SPORE.args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  const [stdout, stderr] = [readText(child.stdout), readText(child.stderr)]
  const send = (message: object): void =>
    void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  const answered = once(child.stdout, 'data')
  send({
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: INFO },
  })
  await answered
  send({ method: 'notifications/initialized' })
  child.stdin.write('this is no JSON\n{"jsonrpc":"2.0"}\n\n')
  send({ id: 2, method: 'no/such/method' })
  const last = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('"id":3')) resolve()
    })
  })
  send({ id: 3, method: 'tools/call', params: { name: 'get_memory', arguments: { id: 'x' } } })
  await last
  child.stdin.end()
  const [code] = await exited
  assert.equal(code, 0, await stderr)
  const messages = (await stdout).trimEnd().split('\n')
  assert.ok(messages.length >= 3)
  for (const message of messages) assert.equal(JSON.parse(message).jsonrpc, '2.0', message)
})
