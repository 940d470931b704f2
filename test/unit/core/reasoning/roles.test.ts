/** Who takes which role: the same everywhere, and spread. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ROLES, type Role } from '../../../../src/core/protocol/task-payloads.ts'
import { ANSWER_ROLES, LENSES, roleOf } from '../../../../src/core/reasoning/roles.ts'

const countsOf = (wanted: readonly Role[], task: string, contributors = 1000): Map<Role, number> => {
  const counts = new Map<Role, number>()
  for (let i = 0; i < contributors; i++) {
    const role = roleOf(task, `author ${i}`, wanted)
    counts.set(role, (counts.get(role) ?? 0) + 1)
  }
  return counts
}

test('every role has a lens', () => {
  for (const role of ROLES) assert.ok(LENSES[role].length > 20 && LENSES[role].length < 400)
})

test('contributors spread over the roles that are wanted, and over those that answer where none is', () => {
  for (const wanted of [[], ['explorer', 'brain'], ROLES] as const) {
    const counts = countsOf(wanted, 'task')
    const expected = wanted.length > 0 ? wanted : ANSWER_ROLES
    assert.deepEqual([...counts.keys()].sort(), [...expected].sort())
    for (const count of counts.values()) assert.ok(count > (0.7 * 1000) / expected.length, `${count}`)
  }
})

test('only the doubt of a challenge and the writing of a synthesis are nobody’s by themselves', () => {
  assert.deepEqual(
    ROLES.filter((role) => !ANSWER_ROLES.includes(role)),
    ['synthesizer', 'adversarial'],
  )
})

test('the same contributor has the same role in a task, in whatever order they are wanted, and others in other tasks', () => {
  const wanted: Role[] = ['explorer', 'brain', 'validator']
  assert.equal(roleOf('task', 'ada', wanted), roleOf('task', 'ada', [...wanted].reverse()))
  const roles = new Set(Array.from({ length: 40 }, (_, i) => roleOf(`task ${i}`, 'ada', wanted)))
  assert.equal(roles.size, wanted.length)
})

test('who leaves and who is no longer wanted changes nobody else’s role', () => {
  const wanted: Role[] = ['explorer', 'brain', 'validator']
  for (let i = 0; i < 100; i++) {
    const role = roleOf('task', `author ${i}`, wanted)
    if (role !== 'brain') assert.equal(roleOf('task', `author ${i}`, ['explorer', 'validator']), role)
  }
})
