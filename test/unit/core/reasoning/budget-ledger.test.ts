/** A call is made once its reservation is in the store; neither a killed process nor a clock that jumps opens the budget again. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../../../../src/core/base/ports.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import { emptyBatch, type MemoryStore } from '../../../../src/core/memory/store.ts'
import { SporeError } from '../../../../src/core/protocol/errors.ts'
import { DAY_MS } from '../../../../src/core/reasoning/budget.ts'
import { BUDGET_VALUE, type BudgetLedger } from '../../../../src/core/reasoning/budget-ledger.ts'
import { say, startChatServer } from '../../../support/chat-server.ts'
import { temporaryFolder } from '../../../support/folder.ts'
import { callCaps, openBudget } from '../../../support/spending.ts'
import { testOrigin } from '../../../support/store-origin.ts'
import { createVirtualClock } from '../../../support/virtual-clock.ts'

const HOUR_MS = 60 * 60 * 1000
const START_MS = Date.UTC(2026, 10, 21)
const CALL = { pot: 'own', task: 'task', asker: null, microUsd: 0 } as const

/** A clock whose wall may be set, and whose other hand never jumps; `hasFine` false: it has no such hand. */
function createClock(hasFine = true): Clock & { wallMs: number; pass(ms: number): void } {
  let fineMs = 0
  const clock = {
    wallMs: START_MS,
    now: () => clock.wallMs,
    sleep: () => Promise.resolve(),
    pass(ms: number) {
      fineMs += ms
      clock.wallMs += ms
    },
    ...(hasFine && { fineMs: () => fineMs }),
  }
  return clock
}

/** How many calls are granted before one is refused. */
async function exhaust(ledger: BudgetLedger): Promise<number> {
  for (let granted = 0; ; granted++) if (!(await ledger.reserve(CALL)).ok) return granted
}

const open = async (cap: number, clock: Clock, store: MemoryStore = createMemoryStore(testOrigin)) => ({
  store,
  clock,
  ...(await openBudget(callCaps(cap), store, clock)),
})

test('of a hundred at once as many are granted as may be, each of them durable before', async () => {
  const clock = createVirtualClock(START_MS)
  const inner = createMemoryStore(testOrigin)
  let commits = 0
  const store: MemoryStore = Object.assign(Object.create(inner), {
    commit: (batch: Parameters<MemoryStore['commit']>[0]) => {
      commits++
      return inner.commit(batch)
    },
    value: (name: string) => inner.value(name),
  })
  const { ledger } = await open(10, clock, store)
  const found = await Promise.all(Array.from({ length: 100 }, () => ledger.reserve(CALL)))
  assert.equal(found.filter(({ ok }) => ok).length, 10)
  for (const one of found) assert.ok(one.ok || one.error.code === 'BUDGET_SPENT')
  const refused = found.find(({ ok }) => !ok)
  assert.ok(refused && !refused.ok && refused.error.retryAfterSeconds === DAY_MS / 1000)
  assert.equal(commits, 1)
  // Who opens the store now, whatever becomes of the first, sees all of them as spent.
  const again = await open(10, clock, inner)
  assert.equal(await exhaust(again.ledger), 0)
})

test('what could not be written is not granted, and not spent', async () => {
  const inner = createMemoryStore(testOrigin)
  let isFull = true
  const store: MemoryStore = Object.assign(Object.create(inner), {
    commit: async (batch: Parameters<MemoryStore['commit']>[0]) => {
      if (isFull) throw new SporeError('STORE_WRITE_FAILED', 'the disk is full')
      return inner.commit(batch)
    },
    value: (name: string) => inner.value(name),
  })
  const { ledger } = await open(3, createClock(), store)
  const refused = await ledger.reserve(CALL)
  assert.ok(!refused.ok && refused.error.code === 'STORE_WRITE_FAILED')
  isFull = false
  assert.equal(await exhaust(ledger), 3)
})

test('what was given back is given back after a restart too; a call stays a call', async () => {
  const clock = createClock()
  const price = { inputUsd: 1, outputUsd: 2 }
  const { ledger, store, writer } = await open(3, clock)
  const costs = ['unsent', 'nothing', { inputTokens: 3, outputTokens: 1 }] as const
  for (const cost of costs) {
    const granted = await ledger.reserve({ ...CALL, microUsd: 1000 })
    assert.ok(granted.ok)
    granted.value.settle(cost, price)
    granted.value.settle('unsent', price)
  }
  await writer.drain()
  const again = await open(3, clock, store)
  assert.deepEqual(again.ledger.view().pots.own, {
    calls: 2,
    microUsd: 5,
    cap: { calls: 3, microUsd: null },
  })
  const unknown = await again.ledger.reserve({ ...CALL, microUsd: 1000 })
  assert.ok(unknown.ok)
  unknown.value.settle('unknown', price)
  assert.equal(again.ledger.view().pots.own.microUsd, 1005)
})

test('a day has 24 hours, whether the process runs or not', async () => {
  const clock = createClock()
  const { ledger, store } = await open(2, clock)
  assert.equal(await exhaust(ledger), 2)
  clock.pass(10 * HOUR_MS)
  assert.equal(await exhaust(ledger), 0)
  const again = await open(2, clock, store)
  clock.pass(13 * HOUR_MS)
  assert.equal(await exhaust(again.ledger), 0)
  clock.pass(HOUR_MS)
  assert.equal(await exhaust(again.ledger), 2)
  // Off for a week: one day's budget, not seven.
  clock.pass(7 * 24 * HOUR_MS)
  assert.equal(await exhaust((await open(2, clock, store)).ledger), 2)
})

for (const hasFine of [true, false])
  test(`a clock that jumps to and fro opens no budget again${hasFine ? '' : ', though there is no other'}`, async () => {
    const clock = createClock(hasFine)
    const used = await open(2, clock)
    let { ledger } = used
    assert.equal(await exhaust(ledger), 2)
    let granted = 0
    for (const jumpMs of [HOUR_MS, -HOUR_MS, -3650 * DAY_MS, 3650 * DAY_MS, -DAY_MS, DAY_MS])
      for (const isRestart of [false, true]) {
        clock.wallMs += jumpMs
        if (isRestart) ledger = (await open(2, clock, used.store)).ledger
        granted += await exhaust(ledger)
        clock.wallMs -= jumpMs
        granted += await exhaust(ledger)
      }
    // Forward by ten years is a day for who cannot tell it from having been away.
    assert.ok(granted <= (hasFine ? 2 : 4), `${granted} calls more`)
  })

test('after a clock that was ten years ahead the days go on', async () => {
  const clock = createClock()
  const { ledger, store } = await open(2, clock)
  clock.wallMs += 3650 * DAY_MS
  await exhaust(ledger)
  clock.wallMs -= 3650 * DAY_MS
  const again = await open(2, clock, store)
  clock.pass(DAY_MS - 1)
  assert.equal(await exhaust(again.ledger), 0)
  clock.pass(1)
  assert.equal(await exhaust(again.ledger), 2)
})

test('a budget that cannot be read is all spent, for a day', async () => {
  const store = createMemoryStore(testOrigin)
  await store.commit({ ...emptyBatch, values: [{ name: BUDGET_VALUE, value: Uint8Array.of(1, 2, 3) }] })
  const clock = createClock()
  const { ledger } = await open(2, clock, store)
  assert.equal(await exhaust(ledger), 0)
  clock.pass(DAY_MS)
  assert.equal(await exhaust(ledger), 2)
})

test('a process that is killed in the middle of its calls has spent them', { timeout: 60_000 }, async () => {
  using folder = temporaryFolder()
  const CAP = 12
  // The first process gets no answers: what it asked for is under way when it is killed.
  await using server = await startChatServer((_, number) => (number < 5 ? () => {} : say('Oslo')))
  const script = fileURLToPath(new URL('../../../support/model-spender.ts', import.meta.url))
  const start = (parallel: number) =>
    spawn(process.execPath, [script, folder.path, server.url, String(CAP), String(parallel)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  const killed = start(5)
  while (server.requests.length < 5) await server.next('request')
  killed.kill('SIGKILL')
  await once(killed, 'exit')

  const second = start(100)
  const [told] = await once(second.stdout, 'data')
  await once(second, 'exit')
  assert.equal(Number(String(told)), CAP - 5)
  assert.equal(server.requests.length, CAP)
})
