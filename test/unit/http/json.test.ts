import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utf8ToBytes } from '../../../src/core/base/bytes.ts'
import { JSON_DEPTH_MAX, JSON_ITEMS_MAX, JSON_KEYS_MAX } from '../../../src/core/protocol/limits.ts'
import { parseJson } from '../../../src/http/plugins/json.ts'

const codeOf = (text: string): string | null => {
  const parsed = parseJson(utf8ToBytes(text))
  return parsed.ok ? null : parsed.error.code
}
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

test('what JSON.parse takes is taken as it is, within the bounds', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value)
      const parsed = parseJson(utf8ToBytes(text))
      // Object keys are data here; only `__proto__` is refused.
      if (text.includes('"__proto__"')) return
      assert.deepEqual(parsed, { ok: true, value: JSON.parse(text) })
    }),
    { verbose: true },
  )
})

test('nesting is taken up to the bound and refused one deeper', () => {
  assert.equal(codeOf(nested(JSON_DEPTH_MAX)), null)
  assert.equal(codeOf(nested(JSON_DEPTH_MAX + 1)), 'BODY_TOO_DEEP')
  assert.equal(codeOf('{"a":'.repeat(JSON_DEPTH_MAX + 1)), 'BODY_TOO_DEEP')
})

test('a hundred thousand brackets are refused without a stack', () => {
  assert.equal(codeOf(nested(100_000)), 'BODY_TOO_DEEP')
})

test('brackets and quotes inside of strings are text', () => {
  assert.equal(codeOf(JSON.stringify({ text: `${'['.repeat(100)}"\\"{"text":` })), null)
  assert.equal(codeOf('{"a":"\\\\","b":1}'), null)
})

test('a key that is there twice is refused, however it is spelt', () => {
  assert.equal(codeOf('{"a":1,"a":2}'), 'BODY_MALFORMED')
  assert.equal(codeOf('{"a":1,"\\u0061":2}'), 'BODY_MALFORMED')
  assert.equal(codeOf('{"x":{"a" :1, "b":[], "a"\n:2}}'), 'BODY_MALFORMED')
})

test('the same key in two objects is no repetition', () => {
  assert.equal(codeOf('[{"a":1},{"a":{"a":2}},["a","a"]]'), null)
})

test('the key __proto__ is refused, however it is spelt', () => {
  assert.equal(codeOf('{"__proto__":{"admin":true}}'), 'BODY_MALFORMED')
  assert.equal(codeOf('{"x":{"\\u005f_proto__":1}}'), 'BODY_MALFORMED')
  assert.equal(codeOf('{"text":"__proto__"}'), null)
})

test('an object has keys up to the bound and not one more', () => {
  const keys = (count: number) => `{${Array.from({ length: count }, (_, i) => `"k${i}":0`).join()}}`
  assert.equal(codeOf(keys(JSON_KEYS_MAX)), null)
  assert.equal(codeOf(keys(JSON_KEYS_MAX + 1)), 'BODY_MALFORMED')
})

test('bytes that are not UTF-8 and text that is not JSON are malformed', () => {
  const parsed = parseJson(Uint8Array.of(0x22, 0xc3, 0x28, 0x22))
  assert.equal(parsed.ok || parsed.error.code, 'BODY_MALFORMED')
  for (const text of ['', '{', '{"a":}', '[1,]', 'NaN', '"a', "{'a':1}", '{"a\\x":1}', '1 2'])
    assert.equal(codeOf(text), 'BODY_MALFORMED', text)
})

test('an array has items up to the bound and not one more', () => {
  const items = (count: number) => `{"a":[${'0,'.repeat(count - 1)}0]}`
  assert.equal(codeOf(items(JSON_ITEMS_MAX)), null)
  assert.equal(codeOf(items(JSON_ITEMS_MAX + 1)), 'BODY_MALFORMED')
  assert.equal(codeOf(`[${`[${'0,'.repeat(JSON_ITEMS_MAX / 2)}0],`.repeat(3)}0]`), null)
})
