/** No sequence of calls, refunds and days takes a count beyond its cap, and what is kept is what comes back. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  BUDGET_ASKERS_MAX,
  BUDGET_TASKS_MAX,
  type BudgetCaps,
  type Cap,
  costOf,
  createBudget,
  DAY_MS,
  decodeBudget,
  POTS,
  type Reserved,
  type Spending,
} from '../../../../src/core/reasoning/budget.ts'
import { fuzz } from '../../../support/fuzz.ts'

const free: Cap = { calls: 1e9, microUsd: null }
const caps = (changes: Partial<BudgetCaps> & { own?: Cap } = {}): BudgetCaps => ({
  pots: { own: changes.own ?? free, community: { calls: 0, microUsd: 0 }, free, freeCommunity: free },
  task: changes.task ?? free,
  asker: changes.asker ?? free,
})
const call = (changes: Partial<Spending> = {}): Spending => ({
  pot: 'own',
  task: 'task',
  asker: null,
  microUsd: 10,
  ...changes,
})

describe('as many calls as the cap says, and not one more', () => {
  const cases: Readonly<Record<string, readonly [BudgetCaps, Spending]>> = {
    'calls a day': [caps({ own: { calls: 3, microUsd: null } }), call()],
    'money a day': [caps({ own: { calls: 100, microUsd: 39 } }), call()],
    'calls of a task': [caps({ task: { calls: 3, microUsd: null } }), call()],
    'money of a task': [caps({ task: { calls: 100, microUsd: 30 } }), call()],
    'calls of an asker': [caps({ asker: { calls: 3, microUsd: null } }), call({ asker: 'ada' })],
    'money of an asker': [caps({ asker: { calls: 100, microUsd: 35 } }), call({ asker: 'ada' })],
  }
  for (const [what, [bounds, spending]] of Object.entries(cases))
    test(what, () => {
      const budget = createBudget(bounds)
      for (let i = 0; i < 3; i++) assert.ok(budget.reserve(spending).ok)
      const refused = budget.reserve(spending)
      assert.ok(!refused.ok && refused.error.code === 'BUDGET_SPENT')
      // What was refused is not counted anywhere.
      assert.deepEqual(budget.spentOf('own'), { calls: 3, microUsd: 30 })
    })
})

test('others spend nothing unless the operator said so, but for models that cost nothing', () => {
  const budget = createBudget(caps())
  assert.equal(budget.reserve(call({ pot: 'community', asker: 'eve', microUsd: 0 })).ok, false)
  assert.ok(budget.reserve(call({ pot: 'freeCommunity', asker: 'eve', microUsd: 0 })).ok)
})

test('a model without a price is not called where money is capped', () => {
  const capped = createBudget(caps({ own: { calls: 9, microUsd: 1e9 } }))
  const refused = capped.reserve(call({ microUsd: null }))
  assert.ok(!refused.ok && /no price/.test(refused.error.detail))
  assert.ok(createBudget(caps()).reserve(call({ microUsd: null })).ok)
})

test('another task and another asker have a budget of their own', () => {
  const budget = createBudget(
    caps({ task: { calls: 1, microUsd: null }, asker: { calls: 2, microUsd: null } }),
  )
  assert.ok(budget.reserve(call({ task: 'a', asker: 'ada' })).ok)
  assert.equal(budget.reserve(call({ task: 'a', asker: 'bob' })).ok, false)
  assert.ok(budget.reserve(call({ task: 'b', asker: 'ada' })).ok)
  assert.equal(budget.reserve(call({ task: 'c', asker: 'ada' })).ok, false)
  assert.ok(budget.reserve(call({ task: 'c', asker: 'bob' })).ok)
})

test('what a call cost less is given back, and what it cost more is counted', () => {
  const budget = createBudget(caps({ own: { calls: 100, microUsd: 20 } }))
  const first = budget.reserve(call({ microUsd: 20 }))
  assert.ok(first.ok)
  assert.equal(budget.reserve(call({ microUsd: 1 })).ok, false)
  budget.settle(first.value, 1, 5)
  assert.deepEqual(budget.spentOf('own'), { calls: 1, microUsd: 5 })
  const second = budget.reserve(call({ microUsd: 15 }))
  assert.ok(second.ok)
  budget.settle(second.value, 1, 1000)
  assert.deepEqual(budget.spentOf('own'), { calls: 2, microUsd: 1005 })
  assert.equal(budget.reserve(call({ microUsd: 0 })).ok, false)
})

test('a new day begins after 24 hours, and takes nothing back of the one before', () => {
  const budget = createBudget(caps({ own: { calls: 1, microUsd: 10 } }))
  const before = budget.reserve(call())
  assert.ok(before.ok)
  budget.pass(DAY_MS - 1)
  assert.equal(budget.reserve(call()).ok, false)
  assert.equal(budget.dayLeftMs, 1)
  budget.pass(1)
  assert.ok(budget.reserve(call()).ok)
  budget.settle(before.value, 0, 0)
  assert.deepEqual(budget.spentOf('own'), { calls: 1, microUsd: 10 })
  budget.pass(-DAY_MS)
  assert.equal(budget.reserve(call()).ok, false)
})

test('a task keeps its budget over days', () => {
  const budget = createBudget(caps({ task: { calls: 1, microUsd: null } }))
  assert.ok(budget.reserve(call()).ok)
  budget.pass(3 * DAY_MS)
  assert.equal(budget.reserve(call()).ok, false)
})

test('one asker more than are told apart shares an account with all others', () => {
  const budget = createBudget(caps({ asker: { calls: 1, microUsd: null } }))
  for (let i = 0; i < BUDGET_ASKERS_MAX; i++) assert.ok(budget.reserve(call({ asker: `asker ${i}` })).ok)
  assert.ok(budget.reserve(call({ asker: 'one more' })).ok)
  assert.equal(budget.reserve(call({ asker: 'and another' })).ok, false)
  assert.equal(budget.reserve(call({ asker: 'asker 0' })).ok, false)
  const bytes = budget.encode(0)
  assert.ok(decodeBudget(bytes, caps()))
  // It is written at each reservation: no more than a few pages of the store.
  assert.ok(bytes.length < 64 * 1024, `${bytes.length} bytes`)
})

test('one task more than are remembered makes the one forgotten that was silent longest', () => {
  const budget = createBudget(caps({ task: { calls: 2, microUsd: null } }))
  for (let i = 0; i < BUDGET_TASKS_MAX; i++) assert.ok(budget.reserve(call({ task: `task ${i}` })).ok)
  assert.ok(budget.reserve(call({ task: 'task 0' })).ok)
  assert.ok(budget.reserve(call({ task: 'one more' })).ok)
  assert.equal(budget.reserve(call({ task: 'task 0' })).ok, false)
  // Task 1 begins anew.
  for (let i = 0; i < 2; i++) assert.ok(budget.reserve(call({ task: 'task 1' })).ok)
})

test('a price in dollars per million tokens is one in micro-dollars per token, rounded up', () => {
  const usage = { inputTokens: 1000, outputTokens: 501 }
  assert.equal(costOf(usage, { inputUsd: 0.15, outputUsd: 0.6 }), 451)
  assert.equal(costOf(usage, null), 0)
})

const spendings = fc.record({
  pot: fc.constantFrom(...POTS),
  task: fc.constantFrom('a', 'b', 'c'),
  asker: fc.constantFrom(null, 'ada', 'bob'),
  microUsd: fc.nat(30),
})
const steps = fc.array(
  fc.oneof(
    fc.record({ reserve: spendings }),
    fc.record({ settle: fc.nat(20), calls: fc.constantFrom(0 as const, 1 as const), share: fc.nat(100) }),
    fc.record({ pass: fc.nat(DAY_MS) }),
    fc.constant({ reopen: true }),
  ),
  { maxLength: 60 },
)

test('whatever happens, no cap is passed, and a kept budget goes on as it was', () => {
  const bounds: BudgetCaps = {
    pots: {
      own: { calls: 5, microUsd: 60 },
      community: { calls: 3, microUsd: 20 },
      free,
      freeCommunity: free,
    },
    task: { calls: 4, microUsd: 70 },
    asker: { calls: 4, microUsd: 50 },
  }
  fuzz(steps, (run) => {
    let budget = createBudget(bounds)
    let open: Reserved[] = []
    for (const step of run) {
      if ('reserve' in step) {
        const granted = budget.reserve(step.reserve)
        if (granted.ok) open.push(granted.value)
      } else if ('settle' in step) {
        const [reserved] = open.splice(step.settle % Math.max(1, open.length), 1)
        // At most what was reserved, as an honest provider charges.
        if (reserved) budget.settle(reserved, step.calls, Math.floor((reserved.microUsd * step.share) / 100))
      } else if ('pass' in step) budget.pass(step.pass)
      else {
        const bytes = budget.encode(7)
        const read = decodeBudget(bytes, bounds)
        assert.ok(read && read.latestMs === 7)
        assert.deepEqual(read.budget.encode(7), bytes)
        budget = read.budget
        open = []
      }
      for (const pot of POTS) {
        const { calls, microUsd } = budget.spentOf(pot)
        assert.ok(calls <= bounds.pots[pot].calls && microUsd <= (bounds.pots[pot].microUsd ?? Infinity))
        assert.ok(calls >= 0 && microUsd >= 0)
      }
    }
  })
})

test('bytes that are no budget are none: cut, longer, or of another form', () => {
  const budget = createBudget(caps())
  budget.reserve(call({ asker: 'ada' }))
  const bytes = budget.encode(1)
  for (let length = 0; length < bytes.length; length++)
    assert.equal(decodeBudget(bytes.subarray(0, length), caps()), null)
  assert.equal(decodeBudget(Uint8Array.of(...bytes, 0), caps()), null)
  fuzz(fc.uint8Array({ maxLength: 64 }), (noise) => {
    assert.equal(decodeBudget(noise, caps()), null)
  })
  // A changed byte is refused, or is another budget: never a throw.
  for (let at = 0; at < bytes.length; at++) {
    const changed = Uint8Array.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    decodeBudget(changed, caps())
  }
})
