import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ERRORS, failure, SporeError } from '../../../../src/core/protocol/errors.ts'

const registry = Object.entries(ERRORS)

test('every code is in capitals and every title is one sentence of its own', () => {
  for (const [code, { title }] of registry) {
    assert.match(code, /^[A-Z]+(_[A-Z]+)*$/)
    assert.match(title, /^[A-Z][^\n]{4,100}\.$/, code)
  }
  assert.equal(new Set(registry.map(([, { title }]) => title)).size, registry.length)
})

test('every status is an HTTP error that a problem can carry', () => {
  for (const [code, { status }] of registry)
    assert.ok(status >= 400 && status <= 599 && Number.isInteger(status), code)
})

test('what only the operator can mend is a 5xx, what the client did is a 4xx', () => {
  for (const [code, { status }] of registry) {
    if (/^(STORE|IDENTITY|CONFIG)_|^INTERNAL$|_FULL$/.test(code)) assert.ok(status >= 500, code)
    if (/_(INVALID|MALFORMED|EMPTY|MISSING|NOT_FOUND|NOT_ALLOWED)$/.test(code) && code !== 'CONFIG_INVALID')
      assert.ok(status < 500, code)
  }
})

const document = new URL('../../../../src/core/protocol/PROTOCOL.md', import.meta.url)
test('PROTOCOL.md lists the same codes with the same status and title', () => {
  const row = /^\| `([A-Z_]+)`\s*\| (\d{3})\s*\| (.*?)\s*\|$/gm
  const listed = [...readFileSync(document, 'utf8').matchAll(row)]
  assert.deepEqual(
    listed.map(([, code, status, title]) => `${code} ${status} ${title}`).sort(),
    registry.map(([code, { status, title }]) => `${code} ${status} ${title}`).sort(),
  )
})

test('a failure and the exception at the edge carry a code and a detail of their own', () => {
  assert.deepEqual(failure('SEQ_GAP', 'expected 4, got 6'), { code: 'SEQ_GAP', detail: 'expected 4, got 6' })
  const cause = new Error('EIO')
  const error = new SporeError('STORE_CORRUPT', 'page 3', { cause })
  assert.ok(error instanceof Error)
  assert.deepEqual(
    [error.name, error.code, error.message, error.cause],
    ['SporeError', 'STORE_CORRUPT', 'page 3', cause],
  )
})
