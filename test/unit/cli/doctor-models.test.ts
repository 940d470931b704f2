/** What `spore doctor` says of language models, without calling one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkModels } from '../../../src/cli/doctor/models.ts'
import { type Environment, loadConfig } from '../../../src/config/load.ts'
import type { Health } from '../../../src/core/protocol/api.ts'
import type { ModelStatus } from '../../../src/core/protocol/api-models.ts'
import { say, startChatServer } from '../../support/chat-server.ts'

const check = (environment: Environment, health: Partial<Health> | null = null) =>
  checkModels(loadConfig({}, { SPORE_HOME: '/nonexistent/spore', ...environment }), health as Health | null)

const known: ModelStatus = {
  name: 'groq/a',
  family: 'a',
  isFree: true,
  price: null,
  state: 'ready',
  advice: null,
  problem: null,
  retryAfterSeconds: 0,
  latencyMs: null,
  successShare: 1,
  calls: 0,
  failed: 0,
}

test('no model is well; a key that is not used is named, and never shown', async () => {
  assert.match((await check({}))[0]?.detail ?? '', /^none: answers are sentences/)
  const [found] = await check({ GROQ_API_KEY: 'gsk-canary' })
  assert.equal(found?.level, 'ok')
  assert.match(found?.detail ?? '', /keys of groq are set and not used/)
  assert.doesNotMatch(JSON.stringify(found), /canary/)
})

test('a missing key fails, but not where the running spore has it', async () => {
  const environment = { SPORE_MODELS: 'groq/a', SPORE_MODELS_PRICES: 'groq/a=free' }
  const [missing] = await check(environment)
  assert.deepEqual([missing?.level, missing?.detail], ['fail', 'groq/a has no key'])
  assert.match(missing?.fix ?? '', /GROQ_API_KEY/)
  const running = (model: Partial<ModelStatus>) =>
    check(environment, { models: { models: [{ ...known, ...model }], budget: null } })
  assert.deepEqual(await running({}), [{ name: 'models', level: 'ok', detail: 'groq/a (free)', fix: null }])
  const problem = { code: 'MODEL_UNPAID', detail: 'the provider answered with status 402' }
  const [cooling] = await running({ state: 'cooling', retryAfterSeconds: 7, problem })
  assert.equal(cooling?.level, 'warn')
  assert.match(cooling?.detail ?? '', /groq\/a: .*402 \[MODEL_UNPAID\], left alone for 7 s/)
})

test('a model without a price is a warning that names the setting', async () => {
  const health = {
    models: { models: [{ ...known, state: 'barred' as const, advice: 'add it' }], budget: null },
  }
  const [unpriced] = await check({}, health)
  assert.deepEqual(
    [unpriced?.level, unpriced?.detail, unpriced?.fix],
    ['warn', 'groq/a is not called', 'add it.'],
  )
})

test('a server on this machine is looked at: is it there, what does it have, does it take the key', async () => {
  await using server = await startChatServer(() => say('Oslo'))
  const environment = { LLM_ENDPOINT: server.url, LLM_API_KEY: 'canary-key' }
  server.models = ['qwen3:8b', 'llama3.2:latest']
  assert.deepEqual(
    (await check(environment)).map(({ level, detail }) => [level, detail]),
    [
      ['ok', 'local/auto (free)'],
      ['ok', 'local/auto is "qwen3:8b", the first that the server lists; LLM_MODEL names another'],
    ],
  )
  assert.equal((await check({ ...environment, LLM_MODEL: 'llama3.2' }))[0]?.level, 'ok')
  const [unknown] = await check({ ...environment, LLM_MODEL: 'lama' })
  assert.match(unknown?.detail ?? '', /does not list "lama"; it lists qwen3:8b, llama3\.2:latest/)

  const bare = server.url.replace(/\/v1$/, '')
  const [noPath] = await check({ LLM_ENDPOINT: `${bare}/`, LLM_MODEL: 'llama3.2' })
  assert.deepEqual([noPath?.level, noPath?.fix], ['fail', `Set LLM_ENDPOINT to ${server.url}.`])

  server.models = ['nomic-embed-text']
  assert.match((await check(environment))[0]?.detail ?? '', /has no model that chats/)
  server.models = null
  assert.match((await check(environment))[0]?.detail ?? '', /lists no models: .*404/)
  server.key = 'another'
  const [refused] = await check(environment)
  assert.deepEqual([refused?.level, refused?.fix], ['fail', 'Look at LLM_API_KEY.'])
  assert.doesNotMatch(JSON.stringify(refused), /canary/)
  assert.equal(server.requests.length, 0, 'no model was called')

  await server[Symbol.asyncDispose]()
  const [gone] = await check(environment)
  assert.equal(gone?.level, 'warn')
  assert.match(`${gone?.detail} ${gone?.fix}`, /does not answer \(ECONNREFUSED\) Start it/)
})
