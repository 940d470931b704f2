import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { COMMANDS } from '../../src/cli/program.ts'
import { TEXT_BYTES_MAX } from '../../src/core/protocol/limits.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/folder.ts'
import { type CommandOptions, type RunningSpore, runSpore, startSpore } from '../support/spore-process.ts'

const root = join(import.meta.dirname, '..', '..')
let folder: TemporaryFolder
let count = 0
const newHome = () => join(folder.path, `home-${count++}`)
before(() => {
  folder = temporaryFolder()
})
after(() => folder[Symbol.dispose]())

/** Runs a command that must end well, and gives its JSON. */
async function json<T = Record<string, unknown>>(
  args: readonly string[],
  options: CommandOptions,
): Promise<T> {
  const { code, stdout, stderr } = await runSpore([...args, '--json'], options)
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as T
}

/** Runs a command that must fail, and gives its error. */
async function failing(
  args: readonly string[],
  code: number,
  options: CommandOptions,
): Promise<Record<string, string>> {
  const result = await runSpore([...args, '--json'], options)
  assert.equal(result.code, code, result.stdout + result.stderr)
  assert.equal(result.stdout, '')
  return (JSON.parse(result.stderr) as { error: Record<string, string> }).error
}

describe('spore start', () => {
  it('prints one line of JSON, announces itself, and ends with 0 on SIGTERM', async () => {
    const home = newHome()
    const spore = await startSpore({ home })
    const line = JSON.parse(spore.stdout()) as Record<string, unknown>
    assert.deepEqual(line, { event: 'listening', url: spore.url, spore: spore.did, home })
    assert.equal((await fetch(`${spore.url}/api/health`)).status, 200)
    const run = JSON.parse(readFileSync(join(home, 'run.json'), 'utf8')) as Record<string, unknown>
    assert.deepEqual([run.pid, run.url, run.spore], [spore.process.pid, spore.url, spore.did])
    assert.equal(statSync(join(home, 'run.json')).mode & 0o777, 0o600)
    assert.equal(await spore.stop(), 0)
    assert.equal(existsSync(join(home, 'run.json')), false)
    assert.equal(spore.stdout().trimEnd().split('\n').length, 1)
  })

  it('ends with 0 on SIGINT that comes twice at once, as npm passes it on', async () => {
    const spore = await startSpore({ home: newHome() })
    spore.process.kill('SIGINT')
    assert.equal(await spore.stop('SIGINT'), 0)
  })

  it('tells people where everything is, and gives MCP lines that work as they stand', async () => {
    const home = newHome()
    const child = spawn(
      process.execPath,
      ['src/main.ts', 'start', '--home', home, '--port', '0', '--bootstrap', 'off'],
      {
        cwd: root,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    let text = ''
    for await (const line of createInterface({ input: child.stdout })) {
      text += `${line}\n`
      if (line.startsWith('Ctrl-C')) break
    }
    try {
      for (const part of [
        home,
        'did:key:z6Mk',
        'disk:',
        'claude mcp add --transport http spore http://127.0.0.1:',
        'mcp.json',
      ])
        assert.ok(text.includes(part), `${part} in\n${text}`)
      const desktop = JSON.parse(/^ *(\{.*"command".*\})$/m.exec(text)?.[1] ?? '') as McpServers
      const { command, args } = desktop.mcpServers.spore
      const tools = await listToolsByStdio(command, args)
      assert.ok(tools.includes('remember') && tools.includes('query_memory'), tools.join())
    } finally {
      child.kill('SIGTERM')
      assert.deepEqual(await once(child, 'exit'), [0, null])
    }
  })

  it('says clearly what keeps it from starting', async () => {
    const home = newHome()
    await using running = await startSpore({ home })
    const { port } = new URL(running.url)
    assert.equal((await failing(['start', '--port', port], 1, { home: newHome() })).code, 'PORT_IN_USE')
    assert.equal((await failing(['start', '--port', '0'], 1, { home })).code, 'STORE_IN_USE')
    assert.equal(
      (await failing(['start', '--host', '0.0.0.0', '--port', '0'], 1, { home: newHome() })).code,
      'BIND_REFUSED',
    )
    const config = join(folder.path, 'wrong.yaml')
    writeFileSync(config, 'name: a\nprot: 1\n')
    const error = await failing(['start', '--config', config], 1, { home: newHome() })
    assert.match(error.detail ?? '', /wrong\.yaml:2:1: .*"prot".*"port"/)
  })
})

interface McpServers {
  readonly mcpServers: { readonly spore: { readonly command: string; readonly args: readonly string[] } }
}

/** Speaks MCP to a server on stdio, and asserts that its stdout carries nothing else. */
async function listToolsByStdio(command: string, args: readonly string[]): Promise<readonly string[]> {
  const child = spawn(command, [...args], { stdio: ['pipe', 'pipe', 'inherit'], env: {} })
  const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  const clientInfo = { name: 'test', version: '1' }
  send({
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo },
  })
  let tools: readonly string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const message = JSON.parse(line) as { id?: number; result?: { tools?: { name: string }[] } }
    if (message.id === 1) {
      send({ method: 'notifications/initialized' })
      send({ id: 2, method: 'tools/list' })
    } else if (message.id === 2) {
      tools = (message.result?.tools ?? []).map((tool) => tool.name)
      child.stdin.end()
    }
  }
  if (child.exitCode === null) await once(child, 'exit')
  assert.equal(child.exitCode, 0)
  return tools
}

describe('commands of a running spore', () => {
  let spore: RunningSpore
  let options: CommandOptions
  before(async () => {
    options = { home: newHome() }
    spore = await startSpore(options)
  })
  after(() => spore.stop())

  it('remember a text once and find it', async () => {
    const first = await json(
      ['remember', 'The', 'deploy key rotates every Monday', '--tag', 'ops,keys', '--thread', 'notes'],
      options,
    )
    const again = await json(
      ['remember', 'The deploy key rotates every Monday', '--tag', 'ops,keys', '--thread', 'notes'],
      options,
    )
    assert.deepEqual([first.duplicate, again.duplicate, first.id === again.id], [false, true, true])
    const reply = await json<{ hits: { id: string; thread: string; tags: string[] }[] }>(
      ['search', 'deploy', 'key'],
      options,
    )
    assert.equal(reply.hits[0]?.id, first.id)
    assert.equal(reply.hits[0]?.thread, 'notes')
    const text = await runSpore(['search', 'deploy key', '--url', spore.url], { home: newHome() })
    assert.match(text.stdout, /1\. notes {2}[\d.]+\n {3}The deploy key rotates every Monday\n/)
  })

  it('remember stdin, up to what a memory may be', async () => {
    const text = `${'x'.repeat(TEXT_BYTES_MAX - 1)}y`
    assert.equal((await json(['remember', '-'], { ...options, stdin: text })).duplicate, false)
    assert.equal(
      (await failing(['remember', '-'], 1, { ...options, stdin: `${text}z` })).code,
      'TEXT_TOO_LARGE',
    )
    assert.equal(
      (await failing(['remember', '-'], 1, { ...options, stdin: Buffer.of(0xff, 0xfe) })).code,
      'TEXT_ILL_FORMED',
    )
    assert.equal((await failing(['remember', '-'], 1, options)).code, 'TEXT_EMPTY')
  })

  it('ask with numbered citations, and give no answer without a source', async () => {
    await json(['remember', 'The harbour master of Lisbon keeps the tide tables in a red book.'], options)
    const { code, stdout } = await runSpore(['ask', 'who keeps the tide tables?'], options)
    assert.equal(code, 0)
    assert.match(stdout, /red book\. \[1\][\s\S]*Sources\n {2}\[1\] .*\n {6}bafyrei/)
    const nothing = await runSpore(['ask', 'zymurgy qwertz?'], options)
    assert.equal(nothing.code, 1)
    assert.match(nothing.stdout, /^No answer:/)
    const { tasks } = await json<{ tasks: { status: string }[] }>(['tasks'], options)
    assert.deepEqual(tasks.map((task) => task.status).sort(), ['converged', 'failed'])
  })

  it('do not let stored text command the terminal', async () => {
    await json(['remember', 'evil \u001b[2J\u009b31m title \u202egnp.exe zebra', '--text'], options)
    const { stdout } = await runSpore(['search', 'zebra'], options)
    assert.match(stdout, /evil .*title .*zebra/)
    const raw = (await runSpore(['search', 'zebra', '--json'], options)).stdout
    for (const text of [stdout, raw]) assert.ok(!text.includes('\u001b') && !text.includes('\u009b'))
    assert.ok(!stdout.includes('\u202e'))
  })

  it('serve MCP by the running spore', async () => {
    const program = join(root, 'bin', 'spore.js')
    const tools = await listToolsByStdio(process.execPath, [program, 'mcp', '--home', options.home])
    assert.ok(tools.includes('query_memory'))
  })

  it('diagnose it', async () => {
    const { ok, checks } = await json<{
      ok: boolean
      checks: { name: string; level: string; detail: string }[]
    }>(['doctor'], options)
    assert.equal(ok, true, JSON.stringify(checks))
    assert.match(checks.find((check) => check.name === 'store')?.detail ?? '', /running at http/)
  })

  it('say what is wrong with a space or an author, and end', async () => {
    for (const args of [
      ['space', 'leave', 'nowhere'],
      ['space', 'members', 'nowhere'],
    ])
      assert.equal((await failing(args, 1, options)).code, 'SPACE_UNKNOWN', args.join(' '))
    for (const args of [
      ['trust', 'explain', 'nobody'],
      ['trust', 'set', 'nobody', '1'],
    ])
      assert.equal((await failing(args, 1, options)).code, 'AUTHOR_UNKNOWN', args.join(' '))
  })

  it('refuse what looks like a file and is none, or a flag that documents do not have', async () => {
    assert.match((await failing(['remember', 'absent.md'], 2, options)).detail ?? '', /--text/)
    assert.match((await failing(['remember', root, '--thread', 'x'], 2, options)).detail ?? '', /--thread/)
  })
})

describe('spore remember <folder>', () => {
  interface Report {
    readonly files: number
    readonly added: number
    readonly unchanged: number
    readonly retracted: number
    readonly skipped: readonly { thread: string; reason: string }[]
  }

  function documents(): string {
    const docs = join(folder.path, `docs-${count++}`)
    mkdirSync(join(docs, 'guide', '.git'), { recursive: true })
    mkdirSync(join(docs, 'node_modules'))
    writeFileSync(join(docs, 'a.md'), '# Alpha\n\nThe first section.\n\n## Two\n\nThe second section.\n')
    writeFileSync(join(docs, 'guide', 'b.txt'), 'Plain text about lighthouses.\n')
    writeFileSync(join(docs, 'guide', '.git', 'c.md'), 'hidden')
    writeFileSync(join(docs, 'node_modules', 'd.md'), 'foreign')
    writeFileSync(join(docs, 'binary.txt'), Buffer.of(1, 0, 2))
    writeFileSync(join(docs, 'image.png'), 'no document')
    return docs
  }

  it('stores one memory a section, and nothing new on a second run, without a running spore', async () => {
    const options = { home: newHome() }
    const docs = documents()
    const first = await json<Report>(['remember', docs], options)
    assert.deepEqual([first.files, first.added, first.unchanged, first.retracted], [2, 3, 0, 0])
    assert.deepEqual(first.skipped, [{ thread: 'binary.txt', reason: 'binary' }])
    const { hits } = await json<{ hits: { text: string; thread: string; position: number }[] }>(
      ['search', 'second section'],
      options,
    )
    assert.deepEqual(
      [hits[0]?.text, hits[0]?.thread, hits[0]?.position],
      ['Alpha › Two\n\nThe second section.', 'a.md', 1],
    )
    const text = await runSpore(['remember', docs], options)
    assert.match(text.stdout, /^2 files: 0 new, 3 unchanged {2}\(space private\)/)
  })

  it('retracts the sections that a changed file no longer has, and no others', async () => {
    const options = { home: newHome() }
    await using spore = await startSpore(options)
    const docs = documents()
    const other = documents()
    writeFileSync(join(other, 'a.md'), '# Alpha\n\nThe same name in another folder.\n')
    await json(['remember', docs, other], options)
    await json(['remember', 'A note of my own.', '--thread', 'a.md'], options)
    writeFileSync(join(docs, 'a.md'), '# Alpha\n\nThe first section.\n\n## Two\n\nThe second section, new.\n')
    assert.deepEqual(pick(await json<Report>(['remember', docs], options)), {
      added: 1,
      unchanged: 2,
      retracted: 1,
    })
    const { hits } = await json<{ hits: { text: string }[] }>(
      ['search', '--thread', 'a.md', '--url', spore.url],
      options,
    )
    assert.deepEqual(hits.map((hit) => hit.text.split('\n').at(-1)).sort(), [
      'A note of my own.',
      'The first section.',
      'The same name in another folder.',
      'The second section, new.',
    ])
    writeFileSync(join(docs, 'a.md'), '# Alpha\n\nThe first section.\n')
    assert.equal((await json<Report>(['remember', docs, '--keep'], options)).retracted, 0)
    assert.equal((await json<Report>(['remember', docs], options)).retracted, 1)
  })

  it('retracts a file of more sections than one page of a search shows', async () => {
    const options = { home: newHome() }
    const docs = join(folder.path, `docs-${count++}`)
    mkdirSync(docs)
    const sections = (from: number) =>
      Array.from({ length: 250 }, (_, i) => `# S${from + i}\n\nSection number ${from + i}.\n`).join('\n')
    writeFileSync(join(docs, 'long.md'), sections(0))
    assert.equal((await json<Report>(['remember', docs], options)).added, 250)
    writeFileSync(join(docs, 'long.md'), sections(1000))
    const report = await json<Report>(['remember', docs], options)
    assert.equal(report.added, 250)
    assert.equal(report.retracted, 250)
    assert.equal((await json<Report>(['remember', docs], options)).retracted, 0)
  })

  const pick = ({ added, unchanged, retracted }: Report) => ({ added, unchanged, retracted })
})

describe('two spores', () => {
  it('join, list one another, and a private question says how to ask the swarm', async () => {
    const env = { SPORE_ALLOW_PRIVATE_ADDRESSES: 'true', SPORE_PULL_INTERVAL_MS: '100' }
    const [one, two] = [
      { home: newHome(), env },
      { home: newHome(), env },
    ]
    await using first = await startSpore(one)
    await using second = await startSpore(two)
    const peer = await json(['join', second.url], one)
    assert.deepEqual([peer.spore, peer.state], [second.did, 'alive'])
    const { peers } = await json<{ peers: { spore: string }[] }>(['peers'], one)
    assert.deepEqual(
      peers.map(({ spore }) => spore),
      [second.did],
    )
    assert.equal((await failing(['join', first.url], 1, one)).code, 'PEER_SELF')
    await json(['remember', 'The kelp forest grows by the pier.'], one)
    const asked = await runSpore(['ask', "where's the kelp forest?"], one)
    assert.match(
      asked.stdout,
      /Asked privately.*\n {2}spore ask 'where'\\''s the kelp forest\?' --space commons/,
    )
  })
})

describe('commands without a running spore', () => {
  it('use the folder itself, or say that they cannot with exit code 3', async () => {
    const options = { home: newHome() }
    await json(['remember', 'Offline works.'], options)
    assert.equal((await json<{ total: number }>(['search', 'offline'], options)).total, 1)
    assert.deepEqual((await json<{ peers: unknown[] }>(['peers'], options)).peers, [])
    assert.equal((await failing(['join', 'http://127.0.0.1:9'], 3, options)).code, 'SPORE_UNREACHABLE')
    assert.equal(
      (await failing(['search', 'x', '--url', 'http://127.0.0.1:9'], 3, options)).code,
      'SPORE_UNREACHABLE',
    )
  })

  it('find among all that is there, and say what was found in numbers', async () => {
    const home = newHome()
    const options = { home }
    const file = join(folder.path, 'logbook.md')
    const sections = Array.from(
      { length: 150 },
      (_, day) => `# Day ${day}\n\nThe harbour was calm on day ${day}.\n`,
    )
    writeFileSync(file, sections.join('\n'))
    await json(['remember', file], options)
    assert.equal((await json<{ total: number }>(['search', 'harbour'], options)).total, 150)
    const { stdout } = await runSpore(['ask', 'when was the harbour calm?'], options)
    assert.match(stdout, /harbour was calm/)
    assert.match((await runSpore(['doctor'], options)).stdout, /150 memories in .* no search yet/)
  })

  it('serve MCP from the folder, nothing but protocol on stdout', async () => {
    const home = newHome()
    const tools = await listToolsByStdio(process.execPath, [
      join(root, 'bin', 'spore.js'),
      'mcp',
      '--home',
      home,
    ])
    assert.ok(tools.includes('remember'))
  })

  it('are not led astray by a stale run.json, nor by another program at its port', async () => {
    const options = { home: newHome() }
    await json(['remember', 'Stale files are seen through.'], options)
    const server = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as { port: number }
    const run = { url: `http://127.0.0.1:${port}`, spore: 'did:key:z6MkOther' }
    for (const pid of [2 ** 22 - 1, process.pid]) {
      writeFileSync(join(options.home, 'run.json'), JSON.stringify({ ...run, pid }))
      assert.equal((await json<{ total: number }>(['search', 'stale'], options)).total, 1)
    }
    server.close()
  })

  it('find what is wrong with a folder', async () => {
    const options = { home: newHome() }
    await json(['remember', 'x y z'], options)
    rmSync(join(options.home, 'identity.pem'))
    const result = await runSpore(['doctor', '--json'], options)
    assert.equal(result.code, 1)
    const { checks } = JSON.parse(result.stdout) as {
      checks: { name: string; level: string; fix: string | null }[]
    }
    const identity = checks.find((check) => check.name === 'identity')
    assert.equal(identity?.level, 'fail')
    assert.ok(identity?.fix)
  })

  it('verify the store from its bytes, and name what is wrong', async () => {
    const options = { home: newHome() }
    await json(['remember', 'one memory', '--text'], options)
    await json(['remember', 'another memory'], options)
    const sound = await json<{ ok: boolean; entries: number }>(['verify'], options)
    assert.deepEqual([sound.ok, sound.entries], [true, 2])
    const database = new DatabaseSync(join(options.home, 'spore.db'))
    database.exec('UPDATE entries SET payload = zeroblob(length(payload)) WHERE seq = 1')
    database.close()
    const result = await runSpore(['verify', '--json'], options)
    assert.equal(result.code, 1)
    const { findings } = JSON.parse(result.stdout) as { findings: { seq: number; reason: string }[] }
    assert.deepEqual(
      findings.map(({ seq }) => seq),
      [1],
    )
    assert.equal((await failing(['verify'], 2, { home: newHome() })).code, 'USAGE')
    await using _running = await startSpore(options)
    assert.equal((await failing(['verify'], 1, options)).code, 'STORE_IN_USE')
  })

  it('mint tokens once, list them without their text, and revoke them', async () => {
    const options = { home: newHome() }
    const { token, id } = await json<{ token: string; id: string }>(
      ['token', 'create', '--name', 'laptop', '--scope', 'read'],
      options,
    )
    assert.match(token, /^spore_[\w-]{43}$/)
    const listed = await runSpore(['token', 'list', '--json'], options)
    assert.ok(listed.stdout.includes(id) && !listed.stdout.includes(token))
    assert.deepEqual(await json(['token', 'revoke', id], options), { revoked: id })
    assert.equal((await failing(['token', 'revoke', id], 1, options)).code, 'TOKEN_INVALID')
    assert.equal((await failing(['token', 'create', '--scope', 'root'], 2, options)).code, 'USAGE')
  })
})

describe('the help', () => {
  it('of every command has examples and exit codes', async () => {
    for (const name of Object.keys(COMMANDS)) {
      const { code, stdout } = await runSpore([name, '--help'], { home: newHome() })
      assert.equal(code, 0, name)
      for (const part of ['Examples:', 'Exit codes:', '--json', '--home'])
        assert.ok(stdout.includes(part), `${name}: ${part}`)
    }
    const { stdout } = await runSpore(['--help'], { home: newHome() })
    for (const name of Object.keys(COMMANDS)) assert.match(stdout, new RegExp(`^ +${name} `, 'm'))
  })

  it('comes with exit code 2 after a command that was not understood', async () => {
    for (const args of [
      ['frobnicate'],
      ['search', '--colour'],
      ['join'],
      ['search', 'x', '--limit', '101'],
      ['token', 'steal'],
    ]) {
      const { code, stdout, stderr } = await runSpore(args, { home: newHome() })
      assert.deepEqual([code, stdout], [2, ''], args.join(' '))
      assert.match(stderr, /error:/)
    }
  })
})

describe('several spores at once', () => {
  it('run in one process as a swarm, joined, and leave nothing behind', async () => {
    const child = spawn(
      process.execPath,
      [join(root, 'bin', 'spore.js'), 'swarm', '--count', '3', '--topology', 'ring', '--json'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    const { spores } = JSON.parse(line) as { spores: { url: string; home: string; spore: string }[] }
    assert.equal(new Set(spores.map(({ spore }) => spore)).size, 3)
    const urlOf = (index: number) => spores[index]?.url as string
    const events = await fetch(`${urlOf(2)}/api/events`)
    await json(['remember', 'Shared with the swarm.', '--url', urlOf(0)], { home: newHome() })
    assert.match(await firstEvent(events), /Shared with the swarm/)
    child.kill('SIGTERM')
    assert.deepEqual(await once(child, 'exit'), [0, null])
    for (const { home } of spores) assert.equal(existsSync(home), false)
  })

  it('are shown by the demo', async () => {
    const docs = join(folder.path, 'demo-docs')
    mkdirSync(docs)
    writeFileSync(join(docs, 'tides.md'), '# Tides\n\nThe moon pulls the sea.\n')
    const before = demoFolders()
    const child = spawn(
      process.execPath,
      [join(root, 'scripts', 'demo.ts'), '--docs', docs, '--ask', 'what pulls the sea?'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    assert.deepEqual(await once(child, 'close'), [0, null])
    assert.match(text, /All three hold the 1 memories/)
    assert.match(text, /The moon pulls the sea\. \[1\]/)
    assert.deepEqual(demoFolders(), before)
  })

  const demoFolders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('spore-demo-'))

  /** Text of a stream of events until the first one is whole. */
  async function firstEvent(reply: Response): Promise<string> {
    let text = ''
    const decoder = new TextDecoder()
    for await (const part of reply.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(part, { stream: true })
      if (/\bdata: .*\n\n/.test(text)) break
    }
    return text
  }
})
