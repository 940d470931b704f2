/** One question, several models: the best that can answers in time, and none is asked that should be left alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { silentLog } from '../../../../src/core/base/ports.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import type { BudgetCaps } from '../../../../src/core/reasoning/budget.ts'
import type { ModelRoute } from '../../../../src/core/reasoning/model-call.ts'
import { COOL_DOWN_MS, FAILURES_MAX } from '../../../../src/core/reasoning/model-health.ts'
import {
  ASK_GRACE_MS,
  ASK_TIMEOUT_MS,
  type AskEvent,
  type AskOptions,
} from '../../../../src/core/reasoning/model-race.ts'
import {
  ASKS_MAX,
  createModelRouter,
  HEDGE_MS_MIN,
  HEDGE_MS_UNKNOWN,
} from '../../../../src/core/reasoning/routing.ts'
import {
  createScriptedModel,
  type ScriptedModelOptions,
  type ScriptedStep,
} from '../../../../src/core/reasoning/scripted-model.ts'
import { structureOf } from '../../../../src/core/reasoning/structured.ts'
import { callCaps, openBudget } from '../../../support/spending.ts'
import { testOrigin } from '../../../support/store-origin.ts'
import { createVirtualClock } from '../../../support/virtual-clock.ts'

const REQUEST = { messages: [{ role: 'user', text: 'Where?' }], maxTokens: 10 } as const
const OWN = { task: 'task', asker: null } as const
type Script = ScriptedStep | ScriptedModelOptions['script']

/** A router over models named by their keys, in that order. */
async function routed(
  scripts: Readonly<Record<string, Script>>,
  {
    caps = callCaps(1000),
    routes = {} as Readonly<Record<string, Partial<ModelRoute>>>,
    store = createMemoryStore(testOrigin),
  } = {},
) {
  const clock = createVirtualClock(0)
  const models = Object.entries(scripts).map(([name, script]) =>
    createScriptedModel({ name, script: typeof script === 'function' ? script : () => script }, { clock }),
  )
  const { ledger } = await openBudget(caps as BudgetCaps, store, clock)
  const router = createModelRouter(
    models.map((model) => ({ model, price: null, isFree: false, ...routes[model.name] })),
    { clock, random: { float: () => 0 }, ledger, log: silentLog },
  )
  const ask = (options: Partial<AskOptions<undefined>> = {}) => router.ask(REQUEST, { ...OWN, ...options })
  const calls = () => models.map(({ requests }) => requests.length)
  return { clock, router, ask, ledger, calls, models }
}

test('the first that the operator named answers, and no other is asked', async () => {
  const { ask, calls } = await routed({ a: { text: 'A' }, b: { text: 'B' } })
  const found = await ask()
  assert.ok(found.ok)
  assert.deepEqual([found.value.text, found.value.model, calls()], ['A', 'a', [1, 0]])
})

for (const code of [
  'MODEL_FAILED',
  'MODEL_BUSY',
  'MODEL_UNPAID',
  'MODEL_SETTINGS',
  'MODEL_REFUSED',
  'MODEL_REPLY_UNUSABLE',
] as const)
  test(`the next one is asked at once: ${code}`, async () => {
    const { ask, calls } = await routed({ a: { code }, b: { code }, c: { text: 'C' } })
    const found = await ask()
    assert.ok(found.ok && found.value.model === 'c')
    assert.deepEqual(calls(), [1, 1, 1])
  })

test('where all fail, the failure is the answer’s place', async () => {
  const { ask } = await routed({ a: { code: 'MODEL_FAILED' }, b: { code: 'MODEL_REFUSED' } })
  const found = await ask()
  assert.ok(!found.ok && found.error.code === 'MODEL_REFUSED')
})

test('a slow one gets company, the first to end answers, and the other is given up', async () => {
  const { ask, clock, models, router } = await routed({
    a: { text: 'A', delayMs: 50_000 },
    b: { text: 'B', delayMs: 100 },
    c: { text: 'C' },
  })
  const asked = ask()
  await clock.advance(HEDGE_MS_UNKNOWN - 1)
  assert.equal(models[1]?.requests.length, 0)
  await clock.advance(101)
  const found = await asked
  assert.ok(found.ok && found.value.model === 'b')
  await clock.settle()
  assert.equal(models[0]?.cancelled, 1)
  assert.equal(models[2]?.requests.length, 0)
  assert.equal(router.view()[0]?.latencyMs, HEDGE_MS_UNKNOWN + 100)
})

test('what is long for a model is measured', async () => {
  const { ask, clock, models } = await routed({
    a: (_, call) => ({ text: 'A', delayMs: call === 0 ? 100 : 50_000 }),
    b: { text: 'B' },
  })
  const first = ask()
  await clock.advance(100)
  assert.ok((await first).ok)
  const second = ask()
  await clock.advance(HEDGE_MS_MIN - 1)
  assert.equal(models[1]?.requests.length, 0)
  await clock.advance(1)
  const found = await second
  assert.ok(found.ok && found.value.model === 'b')
})

test('no more than two are asked at a time, and all of it ends in its time', async () => {
  const { ask, clock, calls } = await routed(
    Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, { text: name, delayMs: 1e9 }])),
  )
  let isOver = false
  const asked = ask().finally(() => {
    isOver = true
  })
  await clock.advance(HEDGE_MS_UNKNOWN + 15_000)
  assert.deepEqual(calls(), [1, 1, 0, 0])
  await clock.advance(ASK_TIMEOUT_MS - HEDGE_MS_UNKNOWN - 15_000)
  assert.ok(isOver)
  const found = await asked
  assert.ok(!found.ok && found.error.code === 'MODEL_TIMEOUT')
  assert.ok(calls().every((count) => count <= 1))
})

test('a question is over in its time, though the disk does not answer', async () => {
  const store = createMemoryStore(testOrigin)
  const hanging = Object.assign(Object.create(store), {
    commit: () => new Promise(() => {}),
    value: (name: string) => store.value(name),
  })
  const { ask, clock, calls } = await routed({ a: { text: 'A' } }, { store: hanging })
  const asked = ask()
  await clock.advance(ASK_TIMEOUT_MS + ASK_GRACE_MS)
  const found = await asked
  assert.ok(!found.ok && found.error.code === 'MODEL_TIMEOUT')
  assert.deepEqual(calls(), [0])
})

test('two that hang do not take the third one’s time', async () => {
  const { ask, clock } = await routed({
    a: { text: 'A', delayMs: 1e9 },
    b: { text: 'B', delayMs: 1e9 },
    c: { text: 'C', delayMs: 1000 },
  })
  const asked = ask()
  await clock.advance(ASK_TIMEOUT_MS)
  const found = await asked
  assert.ok(found.ok && found.value.model === 'c')
})

test('who gives up is free, and no other model is asked', async () => {
  const { ask, clock, models, calls } = await routed({ a: { text: 'A', delayMs: 1000 }, b: { text: 'B' } })
  const controller = new AbortController()
  const asked = ask({ signal: controller.signal })
  await clock.advance(1)
  controller.abort()
  const found = await asked
  assert.ok(!found.ok && found.error.code === 'MODEL_CANCELLED')
  await clock.settle()
  assert.deepEqual([models[0]?.cancelled, calls()], [1, [1, 0]])
  const late = await ask({ signal: controller.signal })
  assert.ok(!late.ok && late.error.code === 'MODEL_CANCELLED')
  assert.deepEqual(calls(), [1, 0])
})

test('what is heard is one text: another one begins anew', async () => {
  const { ask } = await routed({
    a: { code: 'MODEL_FAILED', pieces: ['half ', 'a text'] },
    b: { text: 'whole text', pieces: ['whole ', 'text'] },
  })
  const events: AskEvent[] = []
  assert.ok((await ask({ onEvent: (event) => events.push(event) })).ok)
  assert.deepEqual(events, [
    { kind: 'start', model: 'a' },
    { kind: 'text', text: 'half ' },
    { kind: 'text', text: 'a text' },
    { kind: 'start', model: 'b' },
    { kind: 'text', text: 'whole ' },
    { kind: 'text', text: 'text' },
  ])
})

test('of two that speak only one is heard, and who speaks gets no company', async () => {
  const { ask, clock, calls } = await routed({
    a: { text: 'ab', pieces: ['a', 'b'], delayMs: 8000 },
    b: { text: 'B' },
  })
  const events: AskEvent[] = []
  const asked = ask({ onEvent: (event) => events.push(event) })
  await clock.advance(8000)
  assert.ok((await asked).ok)
  assert.deepEqual(calls(), [1, 0])
  assert.deepEqual(events, [
    { kind: 'start', model: 'a' },
    { kind: 'text', text: 'a' },
    { kind: 'text', text: 'b' },
  ])
})

test('a model that is left alone is not asked, and one call tells when it is back', async () => {
  let isDown = true
  const { ask, clock, calls, router } = await routed({
    a: () => (isDown ? { code: 'MODEL_BUSY' } : { text: 'A', delayMs: 10 }),
    b: { text: 'B' },
  })
  for (let i = 0; i < 5; i++) assert.ok((await ask()).ok)
  assert.deepEqual(calls(), [1, 5])
  assert.deepEqual([router.view()[0]?.state, router.view()[0]?.problem?.code], ['cooling', 'MODEL_BUSY'])
  isDown = false
  await clock.advance(COOL_DOWN_MS)
  assert.equal(router.view()[0]?.state, 'trial')
  const asked = [ask(), ask(), ask()]
  await clock.advance(10)
  const found = await Promise.all(asked)
  assert.deepEqual(
    found.map((one) => one.ok && one.value.model),
    ['a', 'b', 'b'],
  )
  assert.equal(router.view()[0]?.state, 'ready')
})

test('all down for ten minutes: few calls, each refusal says when, and then it goes on (M2)', async () => {
  let isDown = true
  const script = () => (isDown ? ({ code: 'MODEL_FAILED' } as const) : { text: 'back' })
  const { ask, clock, calls } = await routed({ a: script, b: script })
  for (let second = 0; second < 600; second++) {
    const found = await ask()
    assert.equal(found.ok, false)
    if (!found.ok && found.error.code === 'MODEL_BUSY') {
      const { retryAfterSeconds = 0 } = found.error
      assert.ok(retryAfterSeconds >= 1 && retryAfterSeconds <= 600)
    }
    await clock.advance(1000)
  }
  // Three, and then one after each pause of 10, 20, 40… seconds.
  for (const count of calls()) assert.ok(count <= FAILURES_MAX + 6, `${count} calls`)
  isDown = false
  await clock.advance(640_000)
  const found = await ask()
  assert.ok(found.ok && found.value.text === 'back')
})

test('who fails half of the time stands behind the others', async () => {
  const { ask, calls } = await routed({
    a: (_, call) => (call % 3 < 2 ? { code: 'MODEL_FAILED' } : { text: 'A' }),
    b: { text: 'B' },
  })
  for (let i = 0; i < 50; i++) assert.ok((await ask()).ok)
  const [a = 0, b = 0] = calls()
  assert.ok(a < 15 && b > 40, `${a} and ${b} calls`)
})

const structure = structureOf('answer', z.strictObject({ answer: z.string() }))
const askFor = (router: Awaited<ReturnType<typeof routed>>['router']) =>
  router.ask(REQUEST, { ...OWN, structure })

test('a reply of another form is repaired once, and both calls are counted', async () => {
  const { router, models, ledger } = await routed({
    a: (_, call) => ({
      text: call === 0 ? 'Oslo' : '{"answer":"Oslo"}',
      usage: { inputTokens: 5, outputTokens: 2 },
    }),
  })
  const found = await askFor(router)
  assert.ok(found.ok)
  assert.deepEqual(
    [found.value.value, found.value.usage],
    [{ answer: 'Oslo' }, { inputTokens: 10, outputTokens: 4 }],
  )
  assert.equal(models[0]?.requests[1]?.messages.length, 3)
  assert.equal(ledger.view().pots.own.calls, 2)
})

test('a reply that stays of another form is no answer: the next model is asked', async () => {
  const { router, calls } = await routed({ a: { text: 'Oslo' }, b: { text: '{"answer":"Oslo"}' } })
  const found = await askFor(router)
  assert.ok(found.ok && found.value.model === 'b')
  assert.deepEqual(calls(), [2, 1])
})

test('a repair that the budget does not allow is not made', async () => {
  const { router, calls } = await routed({ a: { text: 'Oslo' } }, { caps: callCaps(1) })
  const found = await askFor(router)
  assert.ok(!found.ok && found.error.code === 'BUDGET_SPENT')
  assert.deepEqual(calls(), [1])
})

test('a hundred at once make as many calls as the budget has, hedged ones too', async () => {
  const { ask, clock, calls, ledger } = await routed(
    { a: { text: 'A', delayMs: 7000 }, b: { text: 'B', delayMs: 7000 } },
    { caps: callCaps(20) },
  )
  const asked = Promise.all(Array.from({ length: 100 }, () => ask()))
  await clock.advance(60_000)
  const found = await asked
  const made = calls().reduce((sum, count) => sum + count, 0)
  assert.equal(made, 20)
  assert.equal(ledger.view().pots.own.calls, 20)
  assert.equal(found.filter(({ ok }) => ok).length, 20)
  for (const one of found) assert.ok(one.ok || one.error.code === 'BUDGET_SPENT')
})

test('what others ask goes to models that cost nothing, or nowhere', async () => {
  const others = { task: 'task', asker: 'eve' }
  const both = await routed(
    { paid: { text: 'P' }, free: { text: 'F' } },
    { routes: { free: { isFree: true } } },
  )
  const found = await both.router.ask(REQUEST, others)
  assert.ok(found.ok && found.value.model === 'free')
  assert.deepEqual(both.calls(), [0, 1])
  const paid = await routed({ paid: { text: 'P' } })
  for (let i = 0; i < 100; i++) assert.equal((await paid.router.ask(REQUEST, others)).ok, false)
  assert.deepEqual(paid.calls(), [0])
  // It is no fault of the model.
  assert.equal(paid.router.view()[0]?.state, 'ready')
})

test('money is counted by the price of the model that was asked', async () => {
  const { ask, ledger } = await routed(
    { a: { text: 'A', usage: { inputTokens: 100, outputTokens: 10 } } },
    { routes: { a: { price: { inputUsd: 0.5, outputUsd: 2 } } } },
  )
  assert.ok((await ask()).ok)
  assert.equal(ledger.view().pots.own.microUsd, 70)
})

test('only the model that is named is asked; one that is not there is none', async () => {
  const { ask, calls } = await routed({ a: { text: 'A' }, b: { code: 'MODEL_FAILED' } })
  assert.equal((await ask({ only: 'b' })).ok, false)
  assert.deepEqual(calls(), [0, 1])
  const found = await ask({ only: 'c' })
  assert.ok(!found.ok && found.error.code === 'MODELS_OFF')
})

test('one question more than may be under way is refused', async () => {
  const { ask, clock } = await routed({ a: { text: 'A', delayMs: 100 } })
  const asked = Array.from({ length: ASKS_MAX }, () => ask())
  const refused = await ask()
  assert.ok(!refused.ok && refused.error.code === 'OVERLOADED')
  await clock.advance(1000)
  for (const found of await Promise.all(asked)) assert.ok(found.ok)
  const again = ask()
  await clock.advance(100)
  assert.ok((await again).ok)
})
