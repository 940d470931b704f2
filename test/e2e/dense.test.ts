/** Search by meaning, over real HTTP to a provider, through kills, purges and a change of the model. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { SearchReply } from '../../src/core/protocol/api.ts'
import type { EmbeddingsView } from '../../src/core/protocol/api-embeddings.ts'
import { type EmbeddingServer, embed, send, startEmbeddingServer } from '../support/embedding-server.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type RunningSpore, runSpore, startSpore } from '../support/spore-process.ts'
import { unit } from '../support/vectors.ts'
import { health } from './support/swarm.ts'

const KEY = 'sk-canary-of-the-provider'

const envOf = (server: EmbeddingServer, model = 'model-a') => ({
  SPORE_EMBEDDINGS_URL: server.url,
  SPORE_EMBEDDINGS_MODEL: model,
  SPORE_EMBEDDINGS_KEY: KEY,
  SPORE_LOG_LEVEL: 'debug',
})

async function remember({ url }: RunningSpore, text: string): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const reply = await fetch(`${url}/api/memory`, { method: 'POST', headers, body: JSON.stringify({ text }) })
  assert.equal(reply.status, 201)
  return ((await reply.json()) as { id: string }).id
}

async function search({ url }: RunningSpore, query: string): Promise<SearchReply> {
  const reply = await fetch(`${url}/api/memory/search?${query}`)
  assert.equal(reply.status, 200)
  return (await reply.json()) as SearchReply
}

/** Asks for health until everything is embedded. */
async function embedded(spore: RunningSpore, count: number): Promise<EmbeddingsView> {
  for (;;) {
    const { embeddings } = await health(spore)
    if (embeddings?.vectors === count && embeddings.waiting === 0) return embeddings
  }
}

/** Files of the data folder that hold the vector of a text. */
function holding(home: string, text: string): string[] {
  const bytes = Buffer.from(unit(embed(text, 64)).buffer)
  return readdirSync(home).filter(
    (name) => existsSync(join(home, name)) && readFileSync(join(home, name)).includes(bytes),
  )
}

test('meaning is searched through kills, failures, purges and another model', {
  timeout: 120_000,
}, async () => {
  using folder = temporaryFolder()
  await using server = await startEmbeddingServer({ key: KEY })
  const home = join(folder.path, 'home')
  const printed: string[] = []
  const command = async (...args: string[]) => {
    const result = await runSpore([...args, '--json'], { home, env: envOf(server) })
    printed.push(result.stdout, result.stderr)
    return JSON.parse(result.stdout)
  }

  let spore = await startSpore({ home, env: envOf(server) })
  const texts = [
    'my automobile needs new tyres',
    'the kitten sleeps',
    'bread with salt',
    'a letter from Oslo',
  ]
  const ids: string[] = []
  for (const text of texts) ids.push(await remember(spore, text))
  await embedded(spore, texts.length)
  const found = await search(spore, 'q=car&explain=true')
  assert.deepEqual([found.mode, found.hits[0]?.text, found.degraded], ['hybrid', texts[0], undefined])
  assert.equal((await search(spore, 'q=car&mode=lexical')).hits.length, 0)
  assert.equal((await command('search', 'cat', '--mode', 'dense')).hits[0].text, texts[1])

  server.misbehave = (reply) => send(reply, 200, '<html>maintenance</html>')
  const degraded = await search(spore, 'q=salt')
  assert.deepEqual([degraded.mode, degraded.hits[0]?.text], ['lexical', texts[2]])
  assert.equal(degraded.degraded?.code, 'EMBEDDINGS_FAILED')
  server.misbehave = null

  const sent = server.texts.length
  await spore.stop('SIGKILL')
  spore = await startSpore({ home, env: envOf(server) })
  assert.equal((await embedded(spore, texts.length)).index, 'exact')
  assert.equal((await search(spore, 'q=vehicle')).hits[0]?.text, texts[0])
  assert.deepEqual(server.texts.slice(sent), ['vehicle'], 'nothing was embedded twice')

  assert.deepEqual(holding(home, texts[3]!), ['vectors.bin'])
  assert.equal((await command('purge', ids[3]!, '--yes')).purged, 1)
  assert.deepEqual(holding(home, texts[3]!), [])
  await spore.stop()
  printed.push(spore.stdout(), spore.stderr())

  spore = await startSpore({ home, env: envOf(server, 'model-b') })
  const changed = await search(spore, 'q=automobile')
  assert.deepEqual([changed.mode, changed.degraded?.code], ['lexical', 'EMBEDDINGS_CHANGED'])
  const checks = (await command('doctor')).checks as { name: string; level: string; detail: string }[]
  const doctor = checks.find(({ name }) => name === 'embeddings')
  assert.equal(doctor?.level, 'warn')
  assert.match(doctor?.detail ?? '', /"model-a".*"model-b".*EMBEDDINGS_CHANGED/)
  assert.equal((await command('reindex')).model, 'model-b')
  await embedded(spore, 3)
  assert.equal((await search(spore, 'q=car')).hits[0]?.text, texts[0])
  await spore.stop()
  printed.push(spore.stdout(), spore.stderr())

  // Without a running spore: dropped now, and made when it runs.
  assert.equal((await command('reindex')).isOn, true)
  spore = await startSpore({ home, env: envOf(server) })
  await embedded(spore, 3)
  await spore.stop()
  printed.push(spore.stdout(), spore.stderr())

  for (const text of printed) assert.ok(!text.includes(KEY), text)
  for (const name of readdirSync(home)) assert.ok(!readFileSync(join(home, name)).includes(KEY), name)
})
