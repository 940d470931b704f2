/** A provider is asked politely and believed nothing: each way of answering wrongly has a failure, and none of them a text (M1). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import {
  createHttpModel,
  type HttpModelOptions,
  MODEL_REPLY_BYTES_MAX,
  RETRY_AFTER_SECONDS_MAX,
  retryAfter,
} from '../../../../src/adapters/models/http-model.ts'
import { DEFAULT_DIALECT, PRESETS } from '../../../../src/config/model-presets.ts'
import {
  REPLY_CHARS_MAX,
  REPLY_TOKENS_MAX,
  REQUEST_CHARS_MAX,
} from '../../../../src/core/reasoning/language-model.ts'
import {
  breakOff,
  type ChatAnswer,
  chunk,
  drip,
  flood,
  hang,
  reset,
  say,
  sendAnswer,
  startChatServer,
  streamHead,
  whole,
  writeEvent,
} from '../../../support/chat-server.ts'

const KEY = 'sk-canary-0123456789'
const CLOCK = { now: () => Date.UTC(2026, 10, 21) }
const REQUEST = { messages: [{ role: 'user', text: 'Where?' }], maxTokens: 100 } as const
const CALL = { timeoutMs: 10_000 } as const
const NOTHING = 'a secret of the provider'

async function serve(answer: ChatAnswer = say('Oslo'), changes: Partial<HttpModelOptions> = {}) {
  const server = await startChatServer(() => answer)
  const model = createHttpModel(
    {
      name: 'test/a',
      family: 'a',
      url: server.url,
      model: 'a-1',
      key: () => KEY,
      dialect: DEFAULT_DIALECT,
      ...changes,
    },
    { clock: CLOCK },
  )
  return {
    server,
    model,
    async [Symbol.asyncDispose]() {
      await model[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

test('a reply comes whole, with what was used', async () => {
  await using used = await serve()
  assert.deepEqual(await used.model.generate({ ...REQUEST, temperature: 0.5 }, CALL), {
    ok: true,
    value: { text: 'Oslo', usage: { inputTokens: 20, outputTokens: 10 } },
  })
  assert.deepEqual(used.server.requests, [
    {
      authorization: `Bearer ${KEY}`,
      body: {
        model: 'a-1',
        messages: [{ role: 'user', content: 'Where?' }],
        max_tokens: 100,
        temperature: 0.5,
        stream: false,
      },
    },
  ])
})

test('a reply comes in pieces that are the whole', async () => {
  const text = 'Oslo is the capital of Norway 😀 and has a harbour.'
  await using used = await serve(say(text))
  const pieces: string[] = []
  const found = await used.model.generate(REQUEST, { ...CALL, onText: (piece) => pieces.push(piece) })
  assert.deepEqual(found, { ok: true, value: { text, usage: { inputTokens: 20, outputTokens: 10 } } })
  assert.ok(pieces.length > 5)
  assert.equal(pieces.join(''), text)
  assert.deepEqual(used.server.requests[0]?.body.stream_options, { include_usage: true })
})

test('who answers a stream in one piece is understood', async () => {
  await using used = await serve(sendAnswer(200, whole({ content: 'Oslo' })))
  const pieces: string[] = []
  const found = await used.model.generate(REQUEST, { ...CALL, onText: (piece) => pieces.push(piece) })
  assert.ok(found.ok && found.value.text === 'Oslo')
  assert.deepEqual(pieces, ['Oslo'])
})

test('without a count of tokens there is none; one beyond reason is none; what is thought counts', async () => {
  const counts: readonly [unknown, unknown][] = [
    [null, null],
    ['20', null],
    [{ prompt_tokens: -1, completion_tokens: 1 }, null],
    [{ prompt_tokens: 1e12, completion_tokens: 1 }, null],
    [{ prompt_tokens: 1.5, completion_tokens: 1 }, null],
    [
      { prompt_tokens: 5, completion_tokens: 2, total_tokens: 60 },
      { inputTokens: 5, outputTokens: 55 },
    ],
  ]
  for (const [usage, right] of counts) {
    await using used = await serve(sendAnswer(200, whole({ content: 'Oslo' }, 'stop', usage)))
    const found = await used.model.generate(REQUEST, CALL)
    assert.ok(found.ok)
    assert.deepEqual(found.value.usage, right)
  }
})

test('parts of text are joined, and what is not text is left out', async () => {
  const content = [
    { type: 'thinking', thinking: 'hm' },
    { type: 'text', text: 'Os' },
    { type: 'text', text: 'lo' },
    null,
  ]
  await using used = await serve(sendAnswer(200, whole({ content })))
  const found = await used.model.generate(REQUEST, CALL)
  assert.ok(found.ok && found.value.text === 'Oslo')
})

const schema = { name: 'answer', schema: { type: 'object' } }
for (const structure of ['schema', 'object', 'words'] as const)
  test(`JSON is asked for as the provider understands it: ${structure}`, async () => {
    await using used = await serve(say('{}'), { dialect: { ...DEFAULT_DIALECT, structure } })
    await used.model.generate(
      { messages: [{ role: 'system', text: 'You are terse.' }, ...REQUEST.messages], maxTokens: 5, schema },
      CALL,
    )
    const body = used.server.requests[0]?.body
    assert.deepEqual(
      body?.response_format,
      {
        schema: { type: 'json_schema', json_schema: schema },
        object: { type: 'json_object' },
        words: undefined,
      }[structure],
    )
    assert.deepEqual(
      body?.messages.map(({ role }) => role),
      ['system', 'user'],
    )
    assert.match(String(body?.messages[0]?.content), /You are terse\.$/)
    assert.equal(String(body?.messages[0]?.content).includes('JSON schema'), structure !== 'schema')
  })

test('a field that is refused is left out from then on', async () => {
  await using used = await serve((reply, request) => {
    if (request.body.temperature === undefined) return say('Oslo')(reply, request)
    const error = {
      message: 'no',
      type: 'invalid_request_error',
      param: 'temperature',
      code: 'unsupported_value',
    }
    sendAnswer(400, { error })(reply, request)
  })
  for (let i = 0; i < 2; i++) assert.ok((await used.model.generate({ ...REQUEST, temperature: 1 }, CALL)).ok)
  assert.equal(used.server.requests.length, 3)
})

const error = { error: { message: NOTHING, type: NOTHING, code: NOTHING } }
const inStream =
  (...values: unknown[]): ChatAnswer =>
  (reply) => {
    streamHead(reply)
    for (const value of values) writeEvent(reply, value)
    reply.end()
  }

type Lie = readonly [answer: ChatAnswer, code: string, cost: unknown]
const counted = { inputTokens: 20, outputTokens: 10 }
const lies: Readonly<Record<string, Lie>> = {
  'status 429': [sendAnswer(429, error), 'MODEL_BUSY', 'nothing'],
  'status 402': [sendAnswer(402, error), 'MODEL_UNPAID', 'nothing'],
  'a quota that is used up': [
    sendAnswer(429, { error: { code: 'insufficient_quota' } }),
    'MODEL_UNPAID',
    'nothing',
  ],
  'status 500': [sendAnswer(500, error), 'MODEL_FAILED', 'unknown'],
  'status 503': [sendAnswer(503, error), 'MODEL_FAILED', 'nothing'],
  'status 504 in HTML': [
    sendAnswer(504, `<html>${NOTHING}</html>`, { 'content-type': 'text/html' }),
    'MODEL_FAILED',
    'unknown',
  ],
  'status 401': [sendAnswer(401, error), 'MODEL_SETTINGS', 'nothing'],
  'status 404': [sendAnswer(404, error), 'MODEL_SETTINGS', 'nothing'],
  'status 400': [sendAnswer(400, error), 'MODEL_REFUSED', 'nothing'],
  'status 204': [(reply) => reply.writeHead(204).end(), 'MODEL_SETTINGS', 'nothing'],
  'a redirect': [sendAnswer(302, '', { location: 'http://127.0.0.1:9/' }), 'MODEL_SETTINGS', 'nothing'],
  'a reset': [reset, 'MODEL_FAILED', 'unknown'],
  'HTML with status 200': [
    sendAnswer(200, `<html>${NOTHING}</html>`, { 'content-type': 'text/html' }),
    'MODEL_REPLY_UNUSABLE',
    'unknown',
  ],
  'HTML that says it is JSON': [
    sendAnswer(200, `<html>${NOTHING}</html>`),
    'MODEL_REPLY_UNUSABLE',
    'unknown',
  ],
  'a compressed reply': [
    sendAnswer(200, whole({ content: 'x' }), { 'content-encoding': 'gzip' }),
    'MODEL_REPLY_UNUSABLE',
    'unknown',
  ],
  'an empty body': [sendAnswer(200, ''), 'MODEL_REPLY_UNUSABLE', 'unknown'],
  'no choices': [sendAnswer(200, { ...whole({}), choices: [] }), 'MODEL_REPLY_UNUSABLE', counted],
  'null for choices': [sendAnswer(200, { choices: null }), 'MODEL_REPLY_UNUSABLE', 'unknown'],
  'null for a choice': [sendAnswer(200, { choices: [null] }), 'MODEL_REPLY_UNUSABLE', 'unknown'],
  'a list for a reply': [sendAnswer(200, []), 'MODEL_REPLY_UNUSABLE', 'unknown'],
  'an empty text': [sendAnswer(200, whole({ content: '' })), 'MODEL_REPLY_UNUSABLE', counted],
  spaces: [sendAnswer(200, whole({ content: ' \n' })), 'MODEL_REPLY_UNUSABLE', counted],
  'null for a text': [sendAnswer(200, whole({ content: null })), 'MODEL_REPLY_UNUSABLE', counted],
  'a number for a text': [sendAnswer(200, whole({ content: 42 })), 'MODEL_REPLY_UNUSABLE', counted],
  'a text that was cut off': [
    sendAnswer(200, whole({ content: NOTHING }, 'length')),
    'MODEL_REPLY_UNUSABLE',
    counted,
  ],
  'a call of a tool': [
    sendAnswer(200, whole({ content: 'x' }, 'tool_calls')),
    'MODEL_REPLY_UNUSABLE',
    counted,
  ],
  'no reason to end': [sendAnswer(200, whole({ content: 'x' }, null)), 'MODEL_REPLY_UNUSABLE', counted],
  'a filter': [sendAnswer(200, whole({ content: 'x' }, 'content_filter')), 'MODEL_REFUSED', counted],
  'a refusal': [sendAnswer(200, whole({ content: null, refusal: NOTHING })), 'MODEL_REFUSED', counted],
  'a refusal in words': [
    sendAnswer(200, whole({ content: 'I’m sorry, but I can’t help with that.' })),
    'MODEL_REFUSED',
    counted,
  ],
  'an error with status 200': [sendAnswer(200, error), 'MODEL_FAILED', 'unknown'],
  'an error 429 with status 200': [sendAnswer(200, { error: { code: 429 } }), 'MODEL_BUSY', 'unknown'],
  'too long a text': [
    sendAnswer(200, whole({ content: 'x'.repeat(REPLY_CHARS_MAX + 1) })),
    'MODEL_REPLY_UNUSABLE',
    counted,
  ],
  '50 MB': [flood(50e6, false), 'MODEL_REPLY_UNUSABLE', 'unknown'],
}
const streamLies: Readonly<Record<string, Lie>> = {
  'a stream that ends too early': [breakOff(false), 'MODEL_REPLY_UNUSABLE', 'unknown'],
  'a stream that is reset': [breakOff(true), 'MODEL_FAILED', 'unknown'],
  'an empty stream': [inStream(), 'MODEL_REPLY_UNUSABLE', 'unknown'],
  'a stream of nothing but its end': [inStream('[DONE]'), 'MODEL_REPLY_UNUSABLE', 'unknown'],
  'an error in the middle': [inStream(chunk({ content: 'Os' }), error), 'MODEL_FAILED', 'unknown'],
  'what is no JSON': [inStream(NOTHING), 'MODEL_REPLY_UNUSABLE', 'unknown'],
  'a stream that is cut off by its length': [
    inStream(chunk({ content: 'Os' }), chunk({}, 'length'), '[DONE]'),
    'MODEL_REPLY_UNUSABLE',
    'unknown',
  ],
  'a stream that becomes a refusal': [
    inStream(chunk({ refusal: NOTHING }), chunk({}, 'stop'), '[DONE]'),
    'MODEL_REFUSED',
    'unknown',
  ],
  'a stream without an end': [flood(Number.POSITIVE_INFINITY, true), 'MODEL_REPLY_UNUSABLE', 'unknown'],
}
describe('no answer is', () => {
  const cases = [
    ...Object.entries(lies).flatMap(([what, lie]) => [
      { what, lie, isStream: false },
      { what: `${what}, asked for a stream`, lie, isStream: true },
    ]),
    ...Object.entries(streamLies).map(([what, lie]) => ({ what, lie, isStream: true })),
  ]
  for (const {
    what,
    lie: [answer, code, cost],
    isStream,
  } of cases)
    test(what, async () => {
      await using used = await serve(answer)
      const found = await used.model.generate(REQUEST, { ...CALL, ...(isStream && { onText() {} }) })
      assert.ok(!found.ok)
      assert.deepEqual([found.error.code, found.error.cost], [code, cost], found.error.detail)
      assert.equal(used.server.requests.length, 1)
      const shown = inspect(found) + inspect(used.model, { depth: 9, showHidden: true })
      assert.ok(!shown.includes(KEY) && !shown.includes(NOTHING), shown)
    })
})

for (const [what, answer] of [
  ['hangs', hang],
  ['drips', drip],
] as const)
  test(`a provider that ${what} is given up in time`, async () => {
    await using used = await serve(answer)
    const found = await used.model.generate(REQUEST, { timeoutMs: 100, onText() {} })
    assert.ok(!found.ok && found.error.code === 'MODEL_TIMEOUT' && found.error.cost === 'unknown')
  })

test('who gives up is free at once, and the provider is told', async () => {
  await using used = await serve(hang)
  const controller = new AbortController()
  const asked = used.server.next('request')
  const abandoned = used.server.next('abandoned')
  const found = used.model.generate(REQUEST, { ...CALL, signal: controller.signal })
  await asked
  controller.abort()
  const failed = await found
  assert.ok(!failed.ok && failed.error.code === 'MODEL_CANCELLED' && failed.error.cost === 'unknown')
  await abandoned
  assert.equal(used.server.abandoned, 1)
  const late = await used.model.generate(REQUEST, { ...CALL, signal: controller.signal })
  assert.ok(!late.ok && late.error.cost === 'nothing')
  assert.equal(used.server.requests.length, 1)
})

test('nobody there costs nothing', async () => {
  const gone = await startChatServer()
  await gone[Symbol.asyncDispose]()
  await using used = await serve(say('Oslo'), { url: gone.url })
  const found = await used.model.generate(REQUEST, CALL)
  assert.ok(!found.ok && found.error.code === 'MODEL_FAILED' && found.error.cost === 'nothing')
})

test('the key is not sent in the clear over the internet', async () => {
  const options = { name: 'a', family: 'a', model: 'a', dialect: DEFAULT_DIALECT } as const
  let connections = 0
  const connect = () => {
    connections++
  }
  await using open = createHttpModel(
    { ...options, url: 'http://models.example.com/v1', key: () => KEY },
    { clock: CLOCK, connect },
  )
  const found = await open.generate(REQUEST, CALL)
  assert.ok(!found.ok && found.error.code === 'MODEL_SETTINGS')
  assert.equal(connections, 0)
})

test('a request of one more than may be is not sent', async () => {
  await using used = await serve()
  const of = (chars: number, maxTokens: number) =>
    used.model.generate({ messages: [{ role: 'user', text: 'x'.repeat(chars) }], maxTokens }, CALL)
  assert.ok((await of(REQUEST_CHARS_MAX, REPLY_TOKENS_MAX)).ok)
  assert.equal((await of(REQUEST_CHARS_MAX + 1, 1)).ok, false)
  assert.equal((await of(1, REPLY_TOKENS_MAX + 1)).ok, false)
  assert.equal((await of(1, 0)).ok, false)
  assert.equal(used.server.requests.length, 1)
})

test('a reply of as many bytes as may be is read, and of one more is not', async () => {
  for (const [extra, isRead] of [
    [0, true],
    [1, false],
  ] as const) {
    const body = JSON.stringify(whole({ content: 'Oslo' }))
    await using used = await serve(sendAnswer(200, body.padEnd(MODEL_REPLY_BYTES_MAX + extra)))
    assert.equal((await used.model.generate(REQUEST, CALL)).ok, isRead)
  }
})

test('a pause that is asked for is told in seconds, in either form and within a day', () => {
  const date = 'Sat, 21 Nov 2026 12:00:00 GMT'
  const right: readonly [Record<string, string>, number | null][] = [
    [{ 'retry-after': '7' }, 7],
    [{ 'retry-after': '0.2' }, 1],
    [{ 'retry-after': '999999999' }, RETRY_AFTER_SECONDS_MAX],
    [{ 'retry-after': 'Sat, 21 Nov 2026 12:00:30 GMT', date }, 30],
    [{ 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT', date }, 0],
    [{ 'retry-after': 'Sat, 21 Nov 2026 00:01:00 GMT' }, 60],
    [{ 'retry-after': 'soon' }, null],
    [{}, null],
  ]
  for (const [headers, seconds] of right) assert.equal(retryAfter(headers, CLOCK.now()), seconds)
})

test('a pause comes with the failure', async () => {
  await using used = await serve(sendAnswer(429, {}, { 'retry-after': '9' }))
  const found = await used.model.generate(REQUEST, CALL)
  assert.ok(!found.ok && found.error.retryAfterSeconds === 9)
})

test('every preset is a place that https leads to', () => {
  assert.equal(Object.keys(PRESETS).length, 13)
  for (const { url, keyVariable } of Object.values(PRESETS)) {
    assert.match(url, /^https:\/\/[a-z0-9.]+(\/[a-z0-9/]+)?$/)
    assert.match(keyVariable, /^[A-Z_]+$/)
  }
})
