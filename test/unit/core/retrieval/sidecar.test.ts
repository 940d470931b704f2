import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AUDIT_QUESTIONS_MAX,
  AUDIT_QUESTIONS_MIN,
  AUDIT_SCORES_MAX,
  auditQuestions,
} from '../../../../src/core/retrieval/sidecar.ts'

test('an audit asks as much as its scores allow, a few questions at least', () => {
  const full = AUDIT_SCORES_MAX / AUDIT_QUESTIONS_MAX
  assert.equal(auditQuestions(0), AUDIT_QUESTIONS_MAX)
  assert.equal(auditQuestions(full), AUDIT_QUESTIONS_MAX)
  assert.equal(auditQuestions(full + 1), AUDIT_QUESTIONS_MAX - 1)
  assert.equal(auditQuestions(1_000_000), 5)
  assert.equal(auditQuestions(AUDIT_SCORES_MAX), AUDIT_QUESTIONS_MIN)
})
