/** From the configuration to models: which are free, what is capped, whose key goes where, and what a spore does not start with. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemClock } from '../../../src/adapters/clock.ts'
import {
  assertModelKeys,
  configuredModels,
  familiesOf,
  presetViews,
  toCaps,
} from '../../../src/cli/configured-models.ts'
import { openModels } from '../../../src/cli/open-models.ts'
import { type Environment, loadConfig } from '../../../src/config/load.ts'
import { PRESETS } from '../../../src/config/model-presets.ts'
import { silentLog } from '../../../src/core/base/ports.ts'
import { createMemoryStore } from '../../../src/core/memory/memory-store.ts'
import { createWriter } from '../../../src/core/memory/writer.ts'
import { createModels } from '../../../src/core/reasoning/models.ts'
import { say, sendAnswer, startChatServer } from '../../support/chat-server.ts'
import { testOrigin } from '../../support/store-origin.ts'
import { createReplica } from '../core/memory/replica.ts'

const NOWHERE = '/nonexistent/spore'
const load = (environment: Environment) => loadConfig({}, { SPORE_HOME: NOWHERE, ...environment })
const REQUEST = { messages: [{ role: 'user', text: 'Where?' }], maxTokens: 10 } as const

describe('what a model costs', () => {
  const freeOf = (environment: Environment) =>
    Object.fromEntries(configuredModels(load(environment)).map(({ name, isFree }) => [name, isFree]))

  test('is nothing on this machine and in the network around it, unless a price says otherwise', () => {
    for (const host of ['127.0.0.1:11434', 'localhost', '[::1]:8080', '192.168.1.7', 'ollama', 'nas.local'])
      assert.deepEqual(
        freeOf({ LLM_ENDPOINT: `http://${host}/v1`, LLM_MODEL: 'a' }),
        { 'local/a': true },
        host,
      )
    for (const host of ['llm.example.com', '8.8.8.8'])
      assert.deepEqual(
        freeOf({ LLM_ENDPOINT: `https://${host}/v1`, LLM_MODEL: 'a' }),
        { 'local/a': false },
        host,
      )
    const env = { LLM_ENDPOINT: 'https://llm.example.com/v1', LLM_MODEL: 'a,b' }
    assert.deepEqual(freeOf({ ...env, SPORE_MODELS_PRICES: 'local/a=free' }), {
      'local/a': true,
      'local/b': false,
    })
    const near = { LLM_ENDPOINT: 'http://127.0.0.1:1/v1', LLM_MODEL: 'a', SPORE_MODELS_PRICES: 'local/a=1/2' }
    assert.deepEqual(freeOf(near), { 'local/a': false })
  })

  test('is unknown of a provider, unless the name or the operator says that it is free', () => {
    const SPORE_MODELS = 'groq/a,openrouter/x/y:free,groq/b:free,groq/c'
    assert.deepEqual(freeOf({ SPORE_MODELS, SPORE_MODELS_PRICES: 'groq/c=free' }), {
      'groq/a': false,
      'openrouter/x/y:free': true,
      'groq/b:free': false,
      'groq/c': true,
    })
  })
})

test('caps are what the operator set: dollars in micro-dollars, free models in calls alone', () => {
  const { models } = load({
    SPORE_MODELS_CALLS_PER_DAY: '7',
    SPORE_MODELS_DOLLARS_PER_DAY: '0.000001',
    SPORE_MODELS_COMMUNITY_CALLS_PER_DAY: '3',
    SPORE_MODELS_COMMUNITY_DOLLARS_PER_DAY: '0.5',
    SPORE_MODELS_DOLLARS_PER_TASK: '0.05',
  }).config
  assert.deepEqual(toCaps(models), {
    pots: {
      own: { calls: 7, microUsd: 1 },
      community: { calls: 3, microUsd: 500_000 },
      free: { calls: 5_000, microUsd: null },
      freeCommunity: { calls: 500, microUsd: null },
    },
    task: { calls: 32, microUsd: 50_000 },
    asker: { calls: 100, microUsd: null },
  })
})

test('a spore does not start with a model whose key is not there; a command runs without it', async () => {
  const loaded = load({ SPORE_MODELS: 'groq/a,openai/b', OPENAI_API_KEY: 'sk-canary' })
  assert.throws(() => assertModelKeys(loaded), {
    code: 'CONFIG_INVALID',
    message: /^models\.use names "groq\/a", and the variable GROQ_API_KEY, .* is not set$/,
  })
  const warned: string[] = []
  const log = { ...silentLog, info: (...said: unknown[]) => void warned.push(JSON.stringify(said)) }
  await using models = openModels(loaded, log)
  assert.deepEqual(
    models?.ports.routes.map(({ model }) => model.name),
    ['openai/b'],
  )
  assert.match(warned.join(), /groq\/a.*GROQ_API_KEY/)
  assertModelKeys(load({ LLM_ENDPOINT: 'http://127.0.0.1:1/v1' }))
  assert.equal(openModels(load({ OPENAI_API_KEY: 'sk-canary' }), silentLog), null)
})

test('each provider has a key variable of its own, and what is told of it is not the key', () => {
  const variables = Object.values(PRESETS).map(({ keyVariable }) => keyVariable)
  assert.equal(new Set(variables).size, variables.length)
  const env = Object.fromEntries(variables.map((name) => [name, `canary-${name}`]))
  for (const provider of Object.keys(PRESETS)) {
    const [model] = configuredModels(load({ ...env, SPORE_MODELS: `${provider}/a/b` }))
    assert.equal(model?.key?.reveal(), `canary-${model?.keyVariable}`)
    assert.deepEqual([model?.provider, model?.model, model?.isKeyMissing], [provider, 'a/b', false])
  }
  const views = presetViews(load({ ...env, GROQ_API_KEY: ' ', SPORE_MODELS: 'openai/a' }))
  assert.doesNotMatch(JSON.stringify(views), /canary/)
  const of = (name: string) => views.find((view) => view.name === name)
  assert.deepEqual([of('groq')?.hasKey, of('openai')?.hasKey, of('openai')?.isUsed], [false, true, true])
})

test('others are told families, and no more of them than a profile has', () => {
  const names = Array.from({ length: 26 }, (_, i) => `local/${String.fromCharCode(97 + i).repeat(3)}`)
  const env = { LLM_ENDPOINT: 'http://127.0.0.1:1/v1' }
  assert.equal(familiesOf(load({ ...env, SPORE_MODELS: names.join(',') })).length, 16)
  assert.deepEqual(familiesOf(load({})), [])
  // Who tells no family is asked nothing by others.
  assert.deepEqual(familiesOf(load(env)), ['unknown'])
  assert.deepEqual(familiesOf(load({ ...env, LLM_MODEL: 'qwen3:8b,qwen2.5,llama3' })), ['qwen', 'llama'])
})

test('a model of the endpoint is called there by its own name, with the key of the endpoint', async () => {
  await using server = await startChatServer(() => say('Oslo'))
  const loaded = load({
    LLM_ENDPOINT: server.url,
    LLM_MODEL: 'org/a:1',
    LLM_API_KEY: 'canary',
    OPENAI_API_KEY: 'x',
  })
  await using models = openModels(loaded, silentLog)
  const found = await models?.ports.routes[0]?.model.generate(REQUEST, { timeoutMs: 5000 })
  assert.ok(found?.ok)
  assert.deepEqual(
    server.requests.map(({ authorization, body }) => [authorization, body.model]),
    [['Bearer canary', 'org/a:1']],
  )
})

test('where the first of the configuration fails, the next one answers, and both count', async () => {
  await using server = await startChatServer(({ body }) =>
    body.model === 'a' ? sendAnswer(500, {}) : say('Oslo'),
  )
  const loaded = load({ LLM_ENDPOINT: server.url, LLM_MODEL: 'a,b' })
  await using opened = openModels(loaded, silentLog)
  assert.ok(opened)
  const store = createMemoryStore(testOrigin)
  const { memory } = createReplica({ name: 'ada', store })
  const writer = createWriter({ memory, store, clock: systemClock, log: silentLog })
  const deps = { clock: systemClock, random: { float: () => 0 }, store, writer, log: silentLog }
  const models = createModels(opened.ports, deps)
  await models.open()
  const found = await models.router.ask(REQUEST, { task: 'task', asker: null })
  assert.deepEqual(found.ok && [found.value.model, found.value.text], ['local/b', 'Oslo'])
  assert.equal(models.budget()?.pots.free.calls, 2)
  const foreign = await models.router.ask(REQUEST, { task: 'another', asker: 'eve' })
  assert.ok(foreign.ok, 'free models help others, on an account of their own')
  assert.deepEqual([models.budget()?.pots.free.calls, models.budget()?.pots.freeCommunity.calls], [2, 2])
})
