/**
 * Secrets stay where they are: with a canary in every secret field, two real spores do all they can do, with one another
 * and for their operator, and everything that they say, send or write is searched for the canaries in many guises.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { KEY_FILE, readKeyFile } from '../../src/adapters/key-file.ts'
import { FIELDS } from '../../src/config/schema.ts'
import { SECRET_VARIABLES, type SecretName } from '../../src/config/secrets.ts'
import { LINES_MEDIA_TYPE } from '../../src/core/gossip/lines.ts'
import { createNetworkKey } from '../../src/core/identity/network-key.ts'
import { CBOR_MEDIA_TYPE, decodeHeads, encodePull } from '../../src/core/protocol/messages.ts'
import { type CanarySecret, drawSecrets, filesBelow, findSecrets } from '../support/canary-secrets.ts'
import { say, startChatServer } from '../support/chat-server.ts'
import { startCuttingProxy } from '../support/cutting-proxy.ts'
import { startEmbeddingServer } from '../support/embedding-server.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Asked, createPersona } from '../support/hostile-peer/persona.ts'
import { RUN_NETWORK } from '../support/run-network.ts'
import { type RunningSpore, runSpore } from '../support/spore-process.ts'
import { holds, join, portOf, rememberMany, startPeer } from './support/swarm.ts'

/** Files whose business it is to hold a secret. */
const OWN_FILES = [KEY_FILE, 'run.json']
const secretName = /token|secret|passw|credential|api[-_]?key|private[-_]?key|psk|pre-?shared/i

test('a field of the configuration whose name says that it is a secret is declared as one', () => {
  const declared: readonly string[] = Object.values(SECRET_VARIABLES)
  for (const { path, variables } of FIELDS) {
    assert.doesNotMatch(path, secretName, `${path} could be printed and logged: make it a secret`)
    for (const variable of variables) assert.ok(!declared.includes(variable), variable)
  }
})

test('the search finds a secret in each of its guises', () => {
  const text = 'Y2FuYXJ5IGNhbmFyeSBjYW5hcnkgY2FuYXJ5'
  const secrets = [{ name: 'it', text }]
  const bytes = Buffer.from(text, 'base64url')
  const shown = [
    text,
    bytes,
    bytes.toString('hex'),
    Buffer.from(`x${text}`).toString('base64'),
    encodeURIComponent(text),
  ]
  for (const way of shown) {
    const hay = Buffer.concat([Buffer.from('before '), Buffer.from(way), Buffer.from(' behind')])
    assert.notDeepEqual(findSecrets(secrets, new Map([['hay', hay]])), [], String(way))
  }
  assert.deepEqual(findSecrets(secrets, new Map([['hay', Buffer.from('nothing of the kind')]])), [])
})

describe('with a canary in every secret field', () => {
  const stack = new AsyncDisposableStack()
  const { secrets: drawn, env } = drawSecrets()
  const secrets: CanarySecret[] = [...drawn]
  const homes: string[] = []
  /** What commands need of the environment of each, beside the secrets. */
  const settingsOf: Readonly<Record<string, string>>[] = []
  const spores: RunningSpore[] = []
  /** What was said, by where. */
  const said = new Map<string, Buffer>()
  const add = (where: string, text: string | Uint8Array): void =>
    void said.set(where, Buffer.concat([said.get(where) ?? Buffer.alloc(0), Buffer.from(text)]))

  const call = async (spore: RunningSpore, path: string, init: RequestInit = {}): Promise<string> => {
    const reply = await fetch(`${spore.url}${path}`, { ...init, signal: AbortSignal.timeout(20_000) })
    const text = await reply.text()
    add(`the reply to ${init.method ?? 'GET'} ${path}`, `${JSON.stringify([...reply.headers])}${text}`)
    return text
  }
  const send = (spore: RunningSpore, path: string, body: unknown, method = 'POST') =>
    call(spore, path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

  before(async () => {
    const folder = stack.use(temporaryFolder())
    // The second has a key file, and all the others that it takes to talk to the first.
    const { [SECRET_VARIABLES.identity]: _, ...shared } = env
    for (const [i, extra] of [env, shared].entries()) {
      const proxy = stack.use(await startCuttingProxy({ onBytes: (bytes) => add('what peers sent', bytes) }))
      const home = joinPath(folder.path, String(i))
      // One whose key is right, and one whose key is wrong and gets into no complaint about that.
      const key = i === 0 ? env[SECRET_VARIABLES.embeddingsKey] : 'another'
      const provider = stack.use(await startEmbeddingServer({ ...(key !== undefined && { key }) }))
      // One that is right again, and one that is wrong, which the provider quotes in its complaint.
      const models = stack.use(await startChatServer(() => say('ready')))
      models.key = i === 0 ? (env[SECRET_VARIABLES.localKey] ?? null) : 'another'
      settingsOf.push({ LLM_ENDPOINT: models.url, LLM_MODEL: 'test' })
      const settings = {
        SPORE_PUBLIC_URL: proxy.url,
        SPORE_LOG_LEVEL: 'debug',
        SPORE_EMBEDDINGS_URL: provider.url,
        SPORE_EMBEDDINGS_MODEL: 'test',
        LLM_ENDPOINT: models.url,
        LLM_MODEL: 'test',
        ...extra,
      }
      const spore = stack.use(await startPeer({ home, env: settings }))
      proxy.target = portOf(spore)
      homes.push(home)
      spores.push(spore)
      if (i === 1) await join(spores[0] as RunningSpore, proxy.url)
    }
    const seed = readKeyFile(homes[1] as string)?.seed
    assert.ok(seed)
    secrets.push({ name: 'key file', text: Buffer.from(seed).toString('base64url') })
    for (const [i, home] of homes.entries()) {
      const { token } = JSON.parse(readFileSync(joinPath(home, 'run.json'), 'utf8')) as { token: string }
      secrets.push({ name: `token of the run of ${i}`, text: token })
      const created = await runSpore(['token', 'create', 'agent', '--json'], { home })
      assert.equal(created.code, 0, created.stderr)
      secrets.push({
        name: `created token of ${i}`,
        text: (JSON.parse(created.stdout) as { token: string }).token,
      })
    }
  })
  after(() => stack.disposeAsync())

  test('all that a spore does for its operator and with a peer shows none of them', async () => {
    const [a, b] = spores as [RunningSpore, RunningSpore]
    await rememberMany(a, 'a', 10)
    await rememberMany(b, 'b', 10)
    await Promise.all([holds(a, 20), holds(b, 20)])
    for (const spore of spores) await operate(spore)
    for (const [i, home] of homes.entries()) await command(home, settingsOf[i] ?? {})
    await readEntries(a)
    for (const [i, spore] of spores.entries()) {
      add(`the command line of ${i}`, readFileSync(`/proc/${spore.process.pid}/cmdline`))
      for (const [where, bytes] of filesBelow(homes[i] as string, OWN_FILES)) add(where, bytes)
      await spore.stop()
      add(`what ${i} printed`, spore.stdout())
      add(`the log of ${i}`, spore.stderr())
      for (const [where, bytes] of filesBelow(homes[i] as string, OWN_FILES))
        add(`${where}, at the end`, bytes)
    }
    assert.ok(said.get('what peers sent')?.includes('keyid='), 'nothing passed between the peers')
    assert.ok(said.get('the log of 0')?.includes('"level"'), 'nothing was logged')
    assert.ok(said.size > 40, `only ${said.size} places were searched`)
    assert.deepEqual(findSecrets(secrets, said), [])
  })

  /** Every route without parameters that can be read, and the others with good and bad input. */
  async function operate(spore: RunningSpore): Promise<void> {
    const document = JSON.parse(await call(spore, '/docs/json')) as { paths: Record<string, object> }
    for (const [path, methods] of Object.entries(document.paths))
      if ('get' in methods && !path.includes('{') && !path.includes('events')) await call(spore, path)
    const remembered = JSON.parse(
      await send(spore, '/api/memory', { text: 'to be forgotten', space: 'commons' }),
    ) as {
      id: string
    }
    await call(spore, `/api/memory/${remembered.id}`)
    await call(spore, `/api/memory/${remembered.id}`, { method: 'DELETE' })
    await call(spore, '/api/memory/search?q=memory')
    await send(spore, '/api/tasks', { text: 'what is remembered?' })
    const checked = await send(spore, '/api/providers/check', {})
    assert.match(checked, spore === spores[0] ? /"reply":"ready"/ : /MODEL_SETTINGS/)
    for (const body of [{}, { text: 1 }, { url: 'http://127.0.0.1:9' }, { url: 'no url' }, null])
      for (const path of ['/api/memory', '/api/peers', '/api/tasks', '/federation/join', '/mcp'])
        await send(spore, path, body)
    const headers = { authorization: `Bearer ${secrets[0]?.text}` }
    for (const path of ['/api/health', '/api/nothing', '/federation/nodes', '/mcp'])
      await call(spore, path, { headers })
    const foreign = { authorization: `Bearer ${secrets[0]?.text}`, 'x-forwarded-for': '192.0.2.1' }
    for (const path of ['/api/health', '/api/peers']) await call(spore, path, { headers: foreign })
  }

  async function command(home: string, settings: Readonly<Record<string, string>>): Promise<void> {
    const lines = [
      'peers',
      'doctor',
      'search memory',
      'token list',
      'verify',
      'join http://127.0.0.1:9',
      // Where its model fails it waits for that until the deadline.
      'ask what --deadline 3',
      'providers',
      'providers --check --json',
      'nothing',
    ]
    for (const line of lines) {
      const { stdout, stderr } = await runSpore(line.split(' '), { home, env: { ...env, ...settings } })
      add(`spore ${line}`, stdout + stderr)
    }
  }

  /** Its entries as lines: what went between the peers was compressed. */
  async function readEntries({ url }: RunningSpore): Promise<void> {
    const reader = createPersona('reader', RUN_NETWORK)
    const networkKey = createNetworkKey(env[SECRET_VARIABLES.networkKey] ?? '')
    const read = async (asked: Omit<Asked, 'target'>): Promise<Uint8Array> => {
      const { method, path, headers: signed, body } = reader.sign({ target: url, ...asked })
      const headers = networkKey.prove({ ...signed })
      const reply = await fetch(`${url}${path}`, {
        method,
        headers: { ...headers },
        ...(method === 'POST' && { body: Buffer.from(body) }),
      })
      return new Uint8Array(await reply.arrayBuffer())
    }
    const heads = decodeHeads(await read({ path: '/federation/v1/heads' }))
    const rows = heads?.spaces.flatMap((view) => view.rows) ?? []
    const body = encodePull(rows.map(({ logId }) => ({ logId, from: 0, to: null })))
    const asLines = { type: CBOR_MEDIA_TYPE, headers: { accept: LINES_MEDIA_TYPE } }
    const lines = await read({ method: 'POST', path: '/federation/v1/pull', body, ...asLines })
    assert.ok(Buffer.from(lines).includes('memory 0 of a'), 'the entries could not be read')
    add('entries', lines)
    add('what it says of itself', await read({ path: '/federation/nodes' }))
  }

  // Keys of providers are taken as they are: one process tries them all.
  const keysOfModels = (Object.keys(SECRET_VARIABLES) as SecretName[]).filter(
    (name) => name.endsWith('Key') && name !== 'networkKey' && name !== 'embeddingsKey',
  )
  const others = (Object.keys(SECRET_VARIABLES) as SecretName[]).filter(
    (name) => !keysOfModels.includes(name),
  )
  for (const names of [...others.map((name) => [name]), keysOfModels])
    test(`a value of ${names.join(', ')} that cannot be used is not shown by the error`, async () => {
      const folder = temporaryFolder()
      stack.use(folder)
      const unusable = `-----BEGIN ${'canary'.repeat(8)}`
      const { stdout, stderr } = await runSpore(['doctor', '--json'], {
        home: joinPath(folder.path, 'x'),
        env: { ...env, ...Object.fromEntries(names.map((name) => [SECRET_VARIABLES[name], unusable])) },
      })
      const printed = new Map([['what was printed', Buffer.from(stdout + stderr)]])
      assert.deepEqual(findSecrets([{ name: names.join(), text: 'canary'.repeat(8) }, ...drawn], printed), [])
    })
})
