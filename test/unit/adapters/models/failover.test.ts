/** Providers that go wrong in each way of 06-faults M1: the next one answers, in time, and nothing wrong is ever an answer. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemClock } from '../../../../src/adapters/clock.ts'
import { createHttpModel } from '../../../../src/adapters/models/http-model.ts'
import { DEFAULT_DIALECT } from '../../../../src/config/model-presets.ts'
import { silentLog } from '../../../../src/core/base/ports.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import { FAILURES_MAX } from '../../../../src/core/reasoning/model-health.ts'
import { createModelRouter } from '../../../../src/core/reasoning/routing.ts'
import {
  breakOff,
  type ChatAnswer,
  drip,
  flood,
  hang,
  reset,
  say,
  sendAnswer,
  startChatServer,
  whole,
} from '../../../support/chat-server.ts'
import { callCaps, openBudget } from '../../../support/spending.ts'
import { testOrigin } from '../../../support/store-origin.ts'

const REQUEST = { messages: [{ role: 'user', text: 'Where?' }], maxTokens: 10 } as const
const ACCOUNT = { task: 'task', asker: null } as const

/** Two providers, the first of which answers so. */
async function pair(answer: ChatAnswer) {
  const servers = [await startChatServer(() => answer), await startChatServer(() => say('Oslo'))] as const
  const models = servers.map(({ url }, i) =>
    createHttpModel(
      { name: `test/${i}`, family: `${i}`, url, model: 'a', key: null, dialect: DEFAULT_DIALECT },
      { clock: systemClock },
    ),
  )
  const { ledger } = await openBudget(callCaps(100), createMemoryStore(testOrigin), systemClock)
  const router = createModelRouter(
    models.map((model) => ({ model, price: null, isFree: false })),
    { clock: systemClock, random: { float: () => 0 }, ledger, log: silentLog },
  )
  return {
    router,
    servers,
    async [Symbol.asyncDispose]() {
      await Promise.all([...models, ...servers].map((one) => one[Symbol.asyncDispose]()))
    },
  }
}

const faults: Readonly<Record<string, ChatAnswer>> = {
  'status 429': sendAnswer(429, {}),
  'status 500': sendAnswer(500, {}),
  'status 503': sendAnswer(503, {}),
  'a reset': reset,
  'a hang': hang,
  'a drip': drip,
  'HTML with status 200': sendAnswer(200, '<html>login</html>', { 'content-type': 'text/html' }),
  'a truncated stream': breakOff(false),
  'a stream that is reset': breakOff(true),
  'empty choices': sendAnswer(200, { ...whole({}), choices: [] }),
  '50 MB': flood(50e6, false),
  'a stream of 50 MB': flood(50e6, true),
}

describe('the next provider answers', { concurrency: 4 }, () => {
  for (const [what, answer] of Object.entries(faults))
    test(`after ${what}`, async () => {
      await using used = await pair(answer)
      const heard: string[] = []
      const found = await used.router.ask(REQUEST, {
        ...ACCOUNT,
        timeoutMs: 6000,
        onEvent: (event) => {
          if (event.kind === 'start') heard.length = 0
          else heard.push(event.text)
        },
      })
      assert.ok(found.ok, JSON.stringify(found))
      assert.deepEqual([found.value.text, found.value.model, heard.join('')], ['Oslo', 'test/1', 'Oslo'])
      assert.ok(used.router.view()[0]?.problem)
    })
})

test('a provider that goes on failing is left alone', async () => {
  await using used = await pair(sendAnswer(500, {}))
  for (let i = 0; i < 10; i++) assert.ok((await used.router.ask(REQUEST, ACCOUNT)).ok)
  assert.equal(used.servers[0].requests.length, FAILURES_MAX)
  assert.equal(used.servers[1].requests.length, 10)
})
