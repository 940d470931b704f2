import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRefusal } from '../../../../src/core/reasoning/refusal.ts'

for (const text of [
  'I’m sorry, but I can’t help with that.',
  "I'm sorry, but I can't assist with that request.",
  'I cannot comply with this request.',
  'Sorry, I am unable to provide that information.',
  'As an AI language model, I cannot answer that.',
  'I apologize, but I cannot fulfill this request.',
  'I can’t help.',
])
  test(`a refusal: ${text}`, () => assert.ok(isRefusal(text)))

for (const text of [
  '',
  'Oslo',
  'I cannot see any flaw: the answer is 42.',
  'I’m sorry for your loss.',
  'Sorry, the train left at nine.',
  'Penguins cannot fly, and I can’t help but admire them',
  `I cannot help with that. ${'But here is the answer. '.repeat(30)}`,
])
  test(`no refusal: ${text.slice(0, 40)}`, () => assert.equal(isRefusal(text), false))
