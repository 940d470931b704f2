/** The README's commands, run as they stand: by a shell, from the project's folder, with a home of the test's own. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type TemporaryFolder, temporaryFolder } from '../support/folder.ts'
import { type MindServer, startMindServer } from '../support/mind-server.ts'
import { packageJson, projectFile } from '../support/project.ts'

const READY_MS = 30_000
const POLL_MS = 50
/** Ports that the README names: the test puts free ones in their place, and changes nothing else. */
const NAMED_PORTS = ['7860', '7862', '7861']
/** And that of a model server, in the place of which one stands that answers by a script. */
const MODEL_PORT = '11434'

const readme = readFileSync(projectFile('README.md'), 'utf8')
const lines = [...readme.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block]) =>
  (block as string).trimEnd().split('\n'),
)
const isServer = (line: string): boolean => /\bnpm start\b/.test(line)
const isInstall = (line: string): boolean => line === 'npm ci'

/** What a command must print, by the words that tell which one it is. Every command of the README has a row. */
const EXPECTED: readonly (readonly [command: string, output: RegExp])[] = [
  ['npx spore remember docs', /\d+ files: \d+ new, 0 unchanged/],
  ['npx spore remember "The deploy key', /remembered/i],
  ['npx spore search', /The deploy key rotates every Monday/],
  ['npx spore ask "what happens', /The deploy key rotates every Monday/],
  ['npx spore providers --check', /^ok +local\/auto/],
  ['npx spore ask "which city', /Canberra/],
  ['npx spore join', /^alive +http/],
  ['npx spore remember "Bees', /remembered/i],
  ['npx spore peers', /http:\/\/127\.0\.0\.1:\d+/],
  ['npx spore ask "how do bees', /Bees dance to tell where the flowers are/],
  ['npx spore space create team', /team/],
  ['npx spore space invite team', /^spore-invite:/m],
  ['/api/memory -H', /"duplicate":false/],
  ['/api/memory/search', /Ships turn left on Sundays/],
]

describe('the commands of the README', () => {
  let folder: TemporaryFolder
  let env: NodeJS.ProcessEnv
  let ports: readonly string[]
  let models: MindServer
  const servers: ChildProcess[] = []

  before(async () => {
    folder = temporaryFolder()
    models = await startMindServer(() => ({ answer: 'Canberra', confidence: 95 }))
    models.models = ['llama3.1:8b']
    ports = await Promise.all(NAMED_PORTS.map(freePort))
    const kept = Object.entries(process.env).filter(
      ([name]) => !/^(SPORE_.*|PORT|HOST|NODE_OPTIONS|npm_.*)$/i.test(name),
    )
    env = {
      ...Object.fromEntries(kept),
      HOME: folder.path,
      PORT: ports[0],
      SPORE_BOOTSTRAP: 'off',
      // Both spores of "Join two spores" are started with it; the first one is running by then.
      SPORE_ALLOW_PRIVATE_ADDRESSES: 'true',
    }
  })
  after(async () => {
    await Promise.all(servers.map(stopGroup))
    await models[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  const withFreePorts = (line: string): string =>
    NAMED_PORTS.reduce((text, port, i) => text.replaceAll(port, ports[i] as string), line).replaceAll(
      MODEL_PORT,
      new URL(models.url).port,
    )

  it('are all run here, and each kind of them is there', () => {
    const commands = lines.filter((line) => !isServer(line) && !isInstall(line))
    assert.equal(lines.filter(isServer).length, 3)
    assert.equal(lines.filter(isInstall).length, 1)
    assert.deepEqual(
      commands.map((line) => EXPECTED.filter(([words]) => line.includes(words)).length),
      commands.map(() => 1),
      'one row of EXPECTED a command',
    )
    assert.equal(commands.length, EXPECTED.length)
  })

  for (const line of lines.filter((each) => !isInstall(each)))
    it(line, async () => {
      const command = withFreePorts(line)
      if (isServer(line)) {
        const port = ports[servers.length] as string
        servers.push(
          spawn('sh', ['-c', command], { cwd: projectFile('.'), env, stdio: 'ignore', detached: true }),
        )
        return untilServes(`http://127.0.0.1:${port}/readyz`)
      }
      const [, expected] = EXPECTED.find(([words]) => line.includes(words)) as (typeof EXPECTED)[number]
      const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd: projectFile('.'), env })
      assert.match(stdout, expected)
    })

  it('that install, test and start are what .ci/run calls', () => {
    const ci = readFileSync(projectFile('.ci/run'), 'utf8')
    assert.match(ci, /^npm ci\b/m)
    assert.match(ci, /^npm test\b/m)
    assert.match(ci, /\bnpm start\b/)
    assert.match(readme, /`npm test` runs the tests/)
  })

  it('and the scripts that it names exist', () => {
    for (const [, script] of readme.matchAll(/`npm run ([a-z]+)/g))
      assert.ok(packageJson().scripts[script as string], script)
  })
})

describe('the links of the documents', () => {
  for (const file of ['README.md', 'docs/README.md', 'docs/protocol.md'].filter((path) =>
    existsSync(projectFile(path)),
  ))
    it(`of ${file} lead to files and headings that exist`, () => {
      for (const [, target] of readFileSync(projectFile(file), 'utf8').matchAll(
        /\]\((?!https?:)([^)]+)\)/g,
      )) {
        const [path, heading] = (target as string).split('#') as [string, string | undefined]
        const linked = join(dirname(projectFile(file)), path)
        assert.ok(existsSync(linked), target)
        if (heading) assert.ok(headingsOf(linked).includes(heading), target)
      }
    })
})

const headingsOf = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    (title as string)
      .toLowerCase()
      .replace(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  )

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return String(port)
}

async function untilServes(url: string): Promise<void> {
  const deadline = AbortSignal.timeout(READY_MS)
  for (;;) {
    const reply = await fetch(url).catch(() => null)
    if (reply?.ok) return
    deadline.throwIfAborted()
    await sleep(POLL_MS)
  }
}

/** npm does not pass signals on, so the whole group of its processes is told. */
async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return
  const exited = once(child, 'exit')
  process.kill(-child.pid, 'SIGTERM')
  await exited
}
