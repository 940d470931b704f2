/** The models of a spore: nobody is called before the budget was read, or when it may not be; what people are told of them is true. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { silentLog } from '../../../../src/core/base/ports.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import type { MemoryStore } from '../../../../src/core/memory/store.ts'
import { createWriter } from '../../../../src/core/memory/writer.ts'
import { modelsSchema } from '../../../../src/core/protocol/api-models.ts'
import type { BudgetCaps } from '../../../../src/core/reasoning/budget.ts'
import type { ModelRoute } from '../../../../src/core/reasoning/model-call.ts'
import { familyOf } from '../../../../src/core/reasoning/model-family.ts'
import { CHECK_TOKENS_MAX, createModels } from '../../../../src/core/reasoning/models.ts'
import { toUnusedView } from '../../../../src/core/reasoning/models-view.ts'
import { createScriptedModel, type ScriptedStep } from '../../../../src/core/reasoning/scripted-model.ts'
import { callCaps } from '../../../support/spending.ts'
import { testOrigin } from '../../../support/store-origin.ts'
import { createVirtualClock } from '../../../support/virtual-clock.ts'
import { createReplica } from '../memory/replica.ts'

const REQUEST = { messages: [{ role: 'user', text: 'Where?' }], maxTokens: 10 } as const
const OWN = { task: 'task', asker: null } as const
const CHECK = { timeoutMs: 1000 }
const signal = (): AbortSignal => new AbortController().signal

/** Dollars are capped, as they are unless the operator says otherwise. */
const inDollars: BudgetCaps = {
  ...callCaps(100),
  pots: { ...callCaps(100).pots, own: { calls: 100, microUsd: 1_000_000 } },
}

function modelsOf(
  scripts: Readonly<Record<string, ScriptedStep | readonly ScriptedStep[]>>,
  {
    caps = callCaps(100),
    routes = {} as Readonly<Record<string, Partial<ModelRoute>>>,
    store = createMemoryStore(testOrigin) as MemoryStore,
  } = {},
) {
  const clock = createVirtualClock(0)
  const { memory } = createReplica({ name: 'ada', store })
  const writer = createWriter({ memory, store, clock, log: silentLog })
  const scripted = Object.entries(scripts).map(([name, steps]) => {
    const script = (_request: unknown, call: number) => {
      const list = [steps].flat() as readonly ScriptedStep[]
      return list[Math.min(call, list.length - 1)] as ScriptedStep
    }
    return createScriptedModel({ name, script }, { clock })
  })
  const ports = {
    routes: scripted.map((model) => ({ model, price: null, isFree: false, ...routes[model.name] })),
    caps,
  }
  const models = createModels(ports, { clock, random: { float: () => 0 }, store, writer, log: silentLog })
  const calls = () => scripted.map(({ requests }) => requests.length)
  return { models, clock, scripted, calls, ports }
}

describe('a question', () => {
  test('that comes before the budget was read waits for it, and no provider hears of it', async () => {
    const { models, clock, calls } = modelsOf({ a: { text: 'A' } })
    assert.deepEqual([models.budget(), models.view().budget], [null, null])
    const asked = models.router.ask(REQUEST, OWN)
    await clock.settle()
    assert.deepEqual(calls(), [0])
    await models.open()
    const found = await asked
    assert.ok(found.ok && found.value.text === 'A')
    assert.equal(models.budget()?.pots.own.calls, 1)
  })

  test('has no answer, and calls nobody, where the budget cannot be read', async () => {
    const store = createMemoryStore(testOrigin)
    const broken = Object.assign(Object.create(store), { value: () => Promise.reject(new Error('EIO')) })
    const { models, calls } = modelsOf({ a: { text: 'A' }, b: { text: 'B' } }, { store: broken })
    const asked = models.router.ask(REQUEST, OWN)
    await assert.rejects(models.open(), /EIO/)
    await assert.rejects(models.open(), /EIO/, 'it is read once')
    for (const found of [await asked, await models.router.ask(REQUEST, OWN)])
      assert.ok(!found.ok && found.error.code === 'OVERLOADED')
    assert.deepEqual(calls(), [0, 0])
    assert.equal(models.view().models[0]?.problem, null, 'it is no fault of the model')
  })

  test('is given up where the models are stopped, and later ones are not put', async () => {
    const { models, clock, calls, scripted } = modelsOf({ a: { text: 'A', delayMs: 500 } })
    await models.open()
    const asked = models.router.ask(REQUEST, OWN)
    await clock.settle()
    models.stop()
    for (const found of [await asked, await models.router.ask(REQUEST, OWN)])
      assert.ok(!found.ok && found.error.code === 'MODEL_CANCELLED')
    assert.deepEqual([calls(), scripted[0]?.cancelled], [[1], 1])
  })

  test('to a model without a price is refused where dollars are capped, and told what to set', async () => {
    const { models, calls } = modelsOf({ 'groq/a': { text: 'A' } }, { caps: inDollars })
    await models.open()
    const found = await models.router.ask(REQUEST, OWN)
    assert.ok(!found.ok && found.error.code === 'BUDGET_SPENT')
    assert.match(found.error.detail, /no price is known: add "groq\/a" to models\.prices.*or as free/)
    assert.deepEqual(calls(), [0])
    const foreign = await models.router.ask(REQUEST, { task: 'task', asker: 'eve' })
    assert.ok(!foreign.ok && !foreign.error.detail.includes('price'), 'a price would not help a stranger')
  })
})

describe('what is told of models', () => {
  test('is of the form of the API, and says which setting bars one', async () => {
    const price = { inputUsd: 1, outputUsd: 2 }
    const { models, ports } = modelsOf(
      { priced: { text: 'A' }, unpriced: { text: 'B' }, free: { text: 'C' } },
      { caps: inDollars, routes: { priced: { price }, free: { isFree: true } } },
    )
    await models.open()
    const view = modelsSchema.parse(models.view())
    assert.deepEqual(
      view.models.map(({ name, state, isFree, price }) => [name, state, isFree, price]),
      [
        ['priced', 'ready', false, price],
        ['unpriced', 'barred', false, null],
        ['free', 'ready', true, null],
      ],
    )
    assert.match(view.models[1]?.advice ?? '', /add "unpriced" to models\.prices/)
    assert.deepEqual(toUnusedView(ports.routes, ports.caps), view, 'as the configuration alone tells it')
    const off = { ...inDollars, pots: { ...inDollars.pots, own: { calls: 0, microUsd: null } } }
    assert.match(toUnusedView(ports.routes, off).models[0]?.advice ?? '', /models\.callsPerDay is 0/)
  })

  test('counts calls and dollars of each account, and when the day ends', async () => {
    const usage = { inputTokens: 1_000, outputTokens: 100 }
    const { models, clock } = modelsOf(
      { a: { text: 'A', usage } },
      { caps: inDollars, routes: { a: { price: { inputUsd: 3, outputUsd: 10 } } } },
    )
    await models.open()
    assert.ok((await models.router.ask(REQUEST, OWN)).ok)
    await clock.advance(60 * 60 * 1000)
    const { budget } = models.view()
    const own = budget?.accounts.find(({ name }) => name === 'own')
    assert.deepEqual([own?.calls, own?.usd, own?.cap], [1, 0.004, { calls: 100, usd: 1 }])
    assert.equal(budget?.dayLeftSeconds, 23 * 60 * 60)
  })

  test('calls nobody', async () => {
    const { models, calls } = modelsOf({ a: { text: 'A' } })
    await models.open()
    for (let i = 0; i < 100; i++) models.view()
    assert.deepEqual([calls(), models.budget()?.pots.own.calls], [[0], 0])
  })
})

describe('a check', () => {
  test('makes one small call of each, on the budget of the operator, and says what came back', async () => {
    const { models, scripted } = modelsOf({
      a: { text: `ready ${'x'.repeat(500)}` },
      b: { code: 'MODEL_UNPAID' },
    })
    await models.open()
    const found = await models.check(CHECK, signal())
    assert.ok(found.ok)
    const [a, b] = found.value.checks
    assert.deepEqual([a?.name, a?.isOk, a?.reply?.length, a?.problem], ['a', true, 80, null])
    assert.deepEqual([b?.name, b?.isOk, b?.reply, b?.problem?.code], ['b', false, null, 'MODEL_UNPAID'])
    assert.deepEqual(
      scripted.map(({ requests }) => requests.map(({ maxTokens }) => maxTokens)),
      [[CHECK_TOKENS_MAX], [CHECK_TOKENS_MAX]],
    )
    assert.equal(models.budget()?.pots.own.calls, 2)
  })

  test('asks one that is left alone, and an answer ends its pause', async () => {
    const { models, calls } = modelsOf({
      a: [{ code: 'MODEL_UNPAID' }, { code: 'MODEL_UNPAID' }, { text: 'A' }],
    })
    await models.open()
    await models.router.ask(REQUEST, OWN)
    assert.equal(models.view().models[0]?.state, 'cooling')
    await models.router.ask(REQUEST, OWN)
    assert.deepEqual(calls(), [1], 'a question does not ask it')
    await models.check(CHECK, signal())
    assert.equal(models.view().models[0]?.state, 'cooling', 'it is still unpaid')
    await models.check(CHECK, signal())
    assert.deepEqual([calls(), models.view().models[0]?.state], [[3], 'ready'])
  })

  test('is a task of its own each time', async () => {
    const { models, calls } = modelsOf(
      { a: { text: 'A' }, b: { text: 'B' } },
      { caps: { ...callCaps(100), task: { calls: 1, microUsd: null } } },
    )
    await models.open()
    for (let i = 0; i < 3; i++) await models.check(CHECK, signal())
    assert.deepEqual(calls(), [3, 3])
  })

  test('makes no call beyond the budget', async () => {
    const { models, calls } = modelsOf({ a: { text: 'A' } }, { caps: callCaps(2) })
    await models.open()
    const codes: (string | undefined)[] = []
    for (let i = 0; i < 4; i++) {
      const found = await models.check(CHECK, signal())
      assert.ok(found.ok)
      codes.push(found.value.checks[0]?.problem?.code)
    }
    assert.deepEqual([calls(), codes], [[2], [undefined, undefined, 'BUDGET_SPENT', 'BUDGET_SPENT']])
  })
})

test('families are guessed by names', () => {
  const families: Readonly<Record<string, string>> = {
    'groq/llama-3.3-70b-versatile': 'llama',
    'huggingface/meta-llama/Meta-Llama-3-8B:groq': 'llama',
    'groq/deepseek-r1-distill-llama-70b': 'deepseek',
    'openai/gpt-5-mini': 'gpt',
    'openai/o3': 'gpt',
    'openrouter/openai/chatgpt-4o-latest': 'gpt',
    'mistral/codestral-latest': 'mistral',
    'local/qwen3:8b': 'qwen',
    'local/nous-hermes': 'nous',
    'local/123': 'unknown',
    'local/constructor': 'constructor',
    'zai/glm-4.6': 'glm',
  }
  for (const [name, family] of Object.entries(families)) assert.equal(familyOf(name), family, name)
})
