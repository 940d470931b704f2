/** A question that takes its time, as agents ask it: progress while they wait, and a handle where the time is up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { temporaryFolder } from '../support/folder.ts'
import { type HeldTasks, holdTasks } from '../support/held-tasks.ts'
import { projectFile } from '../support/project.ts'
import { contribution, review, settlement } from '../support/task-samples.ts'
import { listen, type Served } from '../unit/http/support.ts'

const INFO = { name: 'test-agent', version: '1.0.0' }
const TASK = { task: 'Where does the heron nest?', space: 'commons' }

interface World extends AsyncDisposable {
  readonly served: Served
  readonly held: HeldTasks
}

async function openWorld(): Promise<World> {
  let held: HeldTasks | undefined
  const served = await listen({}, (spore) => {
    held = holdTasks(spore, { dress: (task) => ({ ...task, settlement: settlement() }) })
    return held.spore
  })
  await served.spore.remember({ text: 'The heron nests above the old mill.', space: 'commons' })
  return { served, held: held!, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() }
}

type Call = (
  args: object,
  onprogress?: (step: { progress: number; message?: string }) => void,
) => Promise<{
  structuredContent?: Record<string, unknown>
}>

const clients: Record<string, (url: URL) => Promise<{ call: Call; close(): Promise<void> }>> = {
  async 'the v2 client in the modern era'(url) {
    const client = new Client(INFO, { versionNegotiation: { mode: 'auto' } })
    await client.connect(new StreamableHTTPClientTransport(url))
    return toCaller(client)
  },
  async 'the v2 client in legacy mode'(url) {
    const client = new Client(INFO, { versionNegotiation: { mode: 'legacy' } })
    await client.connect(new StreamableHTTPClientTransport(url))
    return toCaller(client)
  },
  async 'the v1 client'(url) {
    const client = new OldClient(INFO)
    await client.connect(new OldHttpTransport(url) as Parameters<OldClient['connect']>[0])
    const call: Call = async (args, onprogress) =>
      (await client.callTool({ name: 'submit_task', arguments: { ...args } }, undefined, {
        ...(onprogress && { onprogress: onprogress as never }),
      })) as Awaited<ReturnType<Call>>
    return { call, close: () => client.close() }
  },
}

const toCaller = (client: Client) => ({
  call: (async (args, onprogress) =>
    await client.callTool(
      { name: 'submit_task', arguments: { ...args } },
      { ...(onprogress && { onprogress: onprogress as never }) },
    )) as Call,
  close: () => client.close(),
})

for (const [name, connect] of Object.entries(clients))
  test(`${name} is told what happens while it waits, and gets the answer with how it came about`, async () => {
    await using world = await openWorld()
    const { served, held } = world
    const client = await connect(new URL('/mcp', served.url))
    try {
      const lines: string[] = []
      const { promise: toldThree, resolve } = Promise.withResolvers<void>()
      const submitted = held.submitted()
      const replied = client.call({ ...TASK, effort: 'standard' }, ({ message }) => {
        if (lines.push(message ?? '') === 4) resolve()
      })
      const id = await submitted
      await held.streams(1)
      held.tell(id, { type: 'phase', phase: 'deepen', round: 0 })
      held.tell(id, { type: 'contribution', contribution: contribution(1) })
      held.tell(id, { type: 'review', review: review(1) })
      await Promise.race([toldThree, replied])
      await held.end(id)
      const { structuredContent } = await replied
      assert.match(lines.join('; '), /phase diverge, round 0.*phase deepen.*has answered.*has reviewed/)
      assert.equal(structuredContent?.status, 'converged')
      const told = structuredContent?.settlement as { conclusion: string; margin: number }
      assert.match(told.conclusion, /^<data [^>]*>\nCanberra\n<\/data>$/)
      assert.equal(told.margin, settlement().margin)
    } finally {
      await client.close()
    }
  })

test('a bridge to a running spore passes on what happens there', async () => {
  await using world = await openWorld()
  const { served, held } = world
  using folder = temporaryFolder()
  const args = [projectFile('bin/spore.js'), 'mcp', '--url', served.url, '--home', folder.path]
  const client = new Client(INFO)
  await client.connect(new StdioClientTransport({ command: process.execPath, args }))
  try {
    const lines: string[] = []
    const { promise: told, resolve } = Promise.withResolvers<void>()
    const submitted = held.submitted()
    const replied = toCaller(client).call(TASK, ({ message }) => {
      if (lines.push(message ?? '') === 2) resolve()
    })
    const id = await submitted
    await held.streams(1)
    held.tell(id, { type: 'contribution', contribution: contribution(1) })
    await Promise.race([told, replied])
    await held.end(id)
    assert.equal((await replied).structuredContent?.status, 'converged')
    assert.match(lines.join('; '), /phase diverge, round 0.*has answered/)
  } finally {
    await client.close()
  }
})

test('a call that is given up leaves the task and no stream', async () => {
  await using world = await openWorld()
  const { served, held } = world
  const client = new Client(INFO, { versionNegotiation: { mode: 'auto' } })
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', served.url)))
  try {
    const stop = new AbortController()
    const submitted = held.submitted()
    const call = { name: 'submit_task', arguments: { ...TASK } }
    const replied = client.callTool(call, { signal: stop.signal }).catch((error: unknown) => error)
    const id = await submitted
    await held.streams(1)
    stop.abort()
    assert.ok((await replied) instanceof Error)
    while (held.open > 0) await new Promise((turn) => setImmediate(turn))
    const task = await held.spore.task(id)
    assert.ok(task.ok && task.value.status === 'open')
  } finally {
    await client.close()
  }
})

test('where the time is up the reply is a handle, and the task goes on', async () => {
  await using world = await openWorld()
  const client = await clients['the v2 client in the modern era']!(new URL('/mcp', world.served.url))
  try {
    const { structuredContent } = await client.call({ ...TASK, waitSeconds: 0.2 })
    assert.deepEqual(
      [structuredContent?.status, structuredContent?.phase, structuredContent?.answer],
      ['open', 'diverge', null],
    )
    const id = String(structuredContent?.task_id)
    await world.held.end(id)
    const task = await world.held.spore.task(id)
    assert.ok(task.ok && task.value.status === 'converged')
  } finally {
    await client.close()
  }
})
