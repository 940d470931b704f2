import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as assertInvariant, unreachable } from '../../../../src/core/base/assert.ts'
import { silentLog } from '../../../../src/core/base/ports.ts'
import { err, ok, type Result } from '../../../../src/core/base/result.ts'

test('a result is told apart by its ok field', () => {
  const show = (result: Result<number, string>) =>
    result.ok ? `value ${result.value}` : `error ${result.error}`
  assert.equal(show(ok(1)), 'value 1')
  assert.equal(show(err('late')), 'error late')
})

test('a broken invariant throws and names itself; one that holds does nothing', () => {
  assert.doesNotThrow(() => assertInvariant(true, 'seq grows'))
  for (const value of [false, 0, '', null, undefined])
    assert.throws(() => assertInvariant(value, 'seq grows'), /^Error: invariant broken: seq grows$/)
})

test('a case that the compiler ruled out throws and names its value', () =>
  assert.throws(() => unreachable('new kind' as never), /unreachable: new kind/))

test('the silent log takes every level and its fields', () => {
  for (const level of ['debug', 'info', 'warn', 'error'] as const) silentLog[level]('message', { field: 1 })
})
