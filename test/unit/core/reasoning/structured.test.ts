/** A reply is what its schema says, or nothing; what a model is told of its mistake is bounded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { REPLY_CHARS_MAX, usageBound } from '../../../../src/core/reasoning/language-model.ts'
import {
  COMPLAINT_CHARS_MAX,
  readStructured,
  repairRequest,
  SHOWN_REPLY_CHARS_MAX,
  structureOf,
} from '../../../../src/core/reasoning/structured.ts'

const answer = structureOf(
  'answer',
  z.strictObject({ answer: z.string().min(1), confidence: z.number().min(0).max(1) }),
)
const right = { answer: 'Oslo', confidence: 0.5 }
const json = JSON.stringify(right)

for (const text of [
  json,
  `  ${json}\n`,
  `\`\`\`json\n${json}\n\`\`\``,
  `<think>let me see {"answer": 1}</think>\n${json}`,
  `<think>hm</think>\`\`\`\n${json}\n\`\`\``,
])
  test(`read: ${text.slice(0, 40)}`, () => {
    assert.deepEqual(readStructured(text, answer), { ok: true, value: right })
  })

for (const text of [
  '',
  'Oslo',
  '<html></html>',
  '[]',
  'null',
  json.slice(0, -1),
  `${json} and so on`,
  '{"answer":"","confidence":0.5}',
  '{"answer":"Oslo","confidence":2}',
  '{"answer":"Oslo","confidence":0.5,"extra":1}',
  '{"answer":"Oslo"}',
  '```json',
  '<think>never ended',
  '['.repeat(REPLY_CHARS_MAX),
])
  test(`not read: ${text.slice(0, 50)}`, () => assert.equal(readStructured(text, answer).ok, false))

test('a reply of one character more than may be is not parsed', () => {
  const padded = (length: number) => json + ' '.repeat(length - json.length)
  assert.ok(readStructured(padded(REPLY_CHARS_MAX), answer).ok)
  assert.equal(readStructured(padded(REPLY_CHARS_MAX + 1), answer).ok, false)
})

test('the schema that is sent says what is taken', () => {
  const { schema } = answer.schema
  assert.deepEqual(schema.required, ['answer', 'confidence'])
  assert.equal(schema.additionalProperties, false)
})

test('a repair shows the reply and the complaint, each so long at most, and costs what it is', () => {
  const request = {
    messages: [{ role: 'user', text: 'Where?' }],
    maxTokens: 10,
    schema: answer.schema,
  } as const
  const repair = repairRequest(request, 'x'.repeat(1e6), 'y'.repeat(1e6))
  assert.equal(repair.messages.length, 3)
  assert.equal(repair.messages[1]?.text.length, SHOWN_REPLY_CHARS_MAX)
  assert.ok((repair.messages[2]?.text.length ?? 0) < COMPLAINT_CHARS_MAX + 1000)
  assert.ok(usageBound(repair).inputTokens > usageBound(request).inputTokens + SHOWN_REPLY_CHARS_MAX)
})

test('what is reserved for text is no less than a token a byte', () => {
  const request = { messages: [{ role: 'user', text: '😀é' }], maxTokens: 7 } as const
  assert.ok(usageBound(request).inputTokens >= 6)
  assert.equal(usageBound(request).outputTokens, 7)
})
