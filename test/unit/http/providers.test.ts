/** Language models over HTTP: what is told of them, and a check, on a spore with models and on one without. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/adapters/clock.ts'
import { healthSchema } from '../../../src/core/protocol/api.ts'
import {
  CHECK_TIMEOUT_MS_MAX,
  modelsCheckedSchema,
  providersSchema,
} from '../../../src/core/protocol/api-models.ts'
import { createScriptedModel } from '../../../src/core/reasoning/scripted-model.ts'
import { createServer } from '../../../src/http/server.ts'
import { callCaps } from '../../support/spending.ts'
import { JSON_TYPE, openSpore, type Served, serve } from './support.ts'

const PRESETS = [{ name: 'groq', keyVariable: 'GROQ_API_KEY', hasKey: true, isUsed: false }]

const check = ({ app }: Pick<Served, 'app'>, body: object) =>
  app.inject({
    method: 'POST',
    url: '/api/providers/check',
    headers: JSON_TYPE,
    payload: JSON.stringify(body),
  })

test('without a model there are the providers that could be used, and nothing to check', async () => {
  await using served = await serve({ presets: PRESETS })
  const listed = providersSchema.parse((await served.app.inject('/api/providers')).json())
  assert.deepEqual(listed, { models: [], budget: null, presets: PRESETS })
  const reply = await check(served, {})
  assert.deepEqual([reply.statusCode, reply.json().code], [409, 'MODELS_OFF'])
  assert.equal('models' in (await served.app.inject('/api/health')).json(), false)
})

test('with models health and the list say the same, and a check says what came back', async () => {
  const model = createScriptedModel(
    { name: 'local/a', script: () => ({ text: 'ready' }) },
    { clock: systemClock },
  )
  const routes = [{ model, price: null, isFree: true }]
  await using spore = await openSpore(undefined, { routes, caps: callCaps(5) })
  const app = await createServer(spore, { version: '0.0.0-test', presets: PRESETS })
  const listed = providersSchema.parse((await app.inject('/api/providers')).json())
  const { models } = healthSchema.parse((await app.inject('/api/health')).json())
  const { presets, ...rest } = listed
  assert.deepEqual([rest.models, presets], [models?.models, PRESETS])
  assert.equal(rest.budget?.accounts.find(({ name }) => name === 'free')?.cap.calls, 5)

  const { checks } = modelsCheckedSchema.parse((await check({ app }, { timeoutMs: 1000 })).json())
  assert.deepEqual(
    checks.map(({ name, isOk, reply }) => [name, isOk, reply]),
    [['local/a', true, 'ready']],
  )
  for (const body of [{ timeoutMs: CHECK_TIMEOUT_MS_MAX + 1 }, { timeoutMs: 0 }, { timeout: 5 }, []])
    assert.equal((await check({ app }, body)).statusCode, 400, JSON.stringify(body))
  assert.equal(model.requests.length, 1)
  await app.close()
})
