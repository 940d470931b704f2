/** What a server lists, and a model that is the first of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../../src/adapters/clock.ts'
import { createHttpModel } from '../../../../src/adapters/models/http-model.ts'
import {
  firstChatModel,
  LIST_BYTES_MAX,
  LIST_MODELS_MAX,
  listModels,
} from '../../../../src/adapters/models/model-list.ts'
import { DEFAULT_DIALECT } from '../../../../src/config/model-presets.ts'
import { say, sendAnswer, startChatServer } from '../../../support/chat-server.ts'
import { type Handler, startLoopback } from './loopback-list.ts'

const soon = (): AbortSignal => AbortSignal.timeout(5_000)
const REQUEST = { messages: [{ role: 'user', text: 'Where?' }], maxTokens: 10 } as const

const autoModel = (url: string, key: string | null = null) =>
  createHttpModel(
    {
      name: 'local/auto',
      family: 'unknown',
      url,
      model: null,
      key: key === null ? null : () => key,
      dialect: DEFAULT_DIALECT,
    },
    { clock: systemClock },
  )

test('the first listed model that chats is asked, and the list is read once', async () => {
  await using server = await startChatServer(() => say('Oslo'))
  server.models = ['nomic-embed-text:latest', 'bge-m3', 'qwen3:8b', 'llama3.2']
  server.key = 'canary-key'
  await using model = autoModel(server.url, 'canary-key')
  for (let i = 0; i < 3; i++) assert.ok((await model.generate(REQUEST, { timeoutMs: 5000 })).ok)
  assert.deepEqual(
    server.requests.map(({ body }) => body.model),
    ['qwen3:8b', 'qwen3:8b', 'qwen3:8b'],
  )
  assert.deepEqual(server.listings, ['Bearer canary-key'])
})

test('a server that has another model by now is asked for its list again', async () => {
  await using server = await startChatServer(({ body }) =>
    body.model === server.models?.[0]
      ? say('Oslo')
      : sendAnswer(404, { error: { message: 'no such model' } }),
  )
  server.models = ['a']
  await using model = autoModel(server.url)
  assert.ok((await model.generate(REQUEST, { timeoutMs: 5000 })).ok)
  server.models = ['b']
  const gone = await model.generate(REQUEST, { timeoutMs: 5000 })
  assert.ok(!gone.ok && gone.error.code === 'MODEL_SETTINGS')
  assert.ok((await model.generate(REQUEST, { timeoutMs: 5000 })).ok)
})

test('a server that lists none that chats, or nothing, is said to, and no chat is tried', async () => {
  await using server = await startChatServer(() => say('Oslo'))
  await using model = autoModel(server.url)
  for (const models of [[], ['mxbai-embed-large']]) {
    server.models = models
    const found = await model.generate(REQUEST, { timeoutMs: 5000 })
    assert.ok(!found.ok && found.error.code === 'MODEL_SETTINGS' && found.error.cost === 'nothing')
    assert.match(found.error.detail, /LLM_MODEL/)
  }
  server.models = null
  const found = await model.generate(REQUEST, { timeoutMs: 5000 })
  assert.ok(!found.ok && found.error.code === 'MODEL_SETTINGS')
  assert.equal(server.requests.length, 0)
})

test('no model that chats is taken for one that does not', () => {
  assert.equal(firstChatModel(['text-embedding-3', 'whisper-1', 'tts-1', 'clip-vit']), null)
  for (const name of ['llama3.2', 'qwen3:8b', 'attsum', 'models/gemini-2.5-flash', 'gpt-5'])
    assert.equal(firstChatModel([name]), name)
})

test('what is no list is a failure that says nothing of what was sent', async () => {
  const canary = 'canary-in-the-reply'
  const names = Array.from({ length: LIST_MODELS_MAX + 1 }, (_, i) => ({ id: `m${i}` }))
  const answers: readonly (readonly [what: string, handler: Handler, code: string | number])[] = [
    ['HTML', (reply) => reply.end(`<html>${canary}</html>`), 'MODEL_REPLY_UNUSABLE'],
    ['another form', (reply) => reply.end(JSON.stringify({ data: { [canary]: 1 } })), 'MODEL_REPLY_UNUSABLE'],
    ['too much', (reply) => reply.end('x'.repeat(LIST_BYTES_MAX + 1)), 'MODEL_REPLY_UNUSABLE'],
    ['odd names', (reply) => reply.end(JSON.stringify({ data: [null, 1, {}, { id: 7 }, { id: '' }] })), 0],
    ['many names', (reply) => reply.end(JSON.stringify({ data: names })), LIST_MODELS_MAX],
    ['a refusal of the key', (reply) => reply.writeHead(401).end(canary), 'MODEL_SETTINGS'],
    ['a redirect', (reply) => reply.writeHead(302, { location: '/elsewhere' }).end(), 'MODEL_SETTINGS'],
    ['an error', (reply) => reply.writeHead(500).end(canary), 'MODEL_FAILED'],
    ['a reset', (reply) => reply.socket?.resetAndDestroy(), 'MODEL_FAILED'],
  ]
  for (const [what, handler, expected] of answers) {
    await using server = await startLoopback(handler)
    const found = await listModels(server.url, null, soon())
    assert.equal(found.ok ? found.value.length : found.error.code, expected, what)
    assert.doesNotMatch(JSON.stringify(found), new RegExp(canary), what)
  }
})

test('a server that does not answer is given up in time, and one that is not there at once', async () => {
  const controller = new AbortController()
  await using server = await startLoopback(() => controller.abort())
  const late = await listModels(server.url, null, controller.signal)
  assert.ok(!late.ok && late.error.code === 'MODEL_TIMEOUT')
  const { url } = server
  await server[Symbol.asyncDispose]()
  const gone = await listModels(url, null, soon())
  assert.ok(!gone.ok && gone.error.code === 'MODEL_FAILED' && gone.error.status === null)
})

test('a key is not sent over the internet in the clear', async () => {
  const found = await listModels('http://models.example.com/v1', () => 'canary', soon())
  assert.ok(!found.ok && found.error.code === 'MODEL_SETTINGS')
})
