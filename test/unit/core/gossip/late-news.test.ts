/** News that a pull brought before the push did. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogId } from '../../../../src/core/base/brand.ts'
import { createLateNews } from '../../../../src/core/gossip/late-news.ts'
import type { LogTable } from '../../../../src/core/memory/log-table.ts'
import type { LogStart } from '../../../../src/core/protocol/messages.ts'
import { createVirtualClock } from '../../../support/virtual-clock.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const logOf = (n: number): LogStart => ({ logId: `log ${n}` as LogId, from: 3 })

/** What is passed on of logs whose last entry is so old. */
async function passedOn(
  fetched: readonly LogStart[],
  ageMs: number,
  stopsEarly = false,
  linkCount = 3,
): Promise<LogStart[]> {
  const clock = createVirtualClock(NOW_MS)
  const stopping = new AbortController()
  const passed: LogStart[] = []
  const logs = { get: () => ({ row: { clock: (NOW_MS - ageMs) * 1024 } }) } as unknown as LogTable
  const links = {
    stored(some: readonly LogStart[], isOld: boolean) {
      assert.equal(isOld, false)
      passed.push(...some)
    },
  }
  const late = createLateNews({
    clock,
    memory: { logs },
    signal: stopping.signal,
    links,
    linkCount: () => linkCount,
  })
  late.fetched(fetched)
  assert.deepEqual(passed, [], 'at once')
  if (stopsEarly) stopping.abort()
  await clock.advance(1000)
  return passed
}

test('what was written a moment ago goes on, a little later', async () => {
  assert.deepEqual(await passedOn([logOf(1), logOf(2)], 100), [logOf(1), logOf(2)])
})

test('what is old, or much at once, does not: the neighbours have it, or pull it', async () => {
  assert.deepEqual(await passedOn([logOf(1)], 60_000), [])
  const many = Array.from({ length: 9 }, (_, n) => logOf(n))
  assert.deepEqual(await passedOn(many, 100), [])
})

test('nothing goes on after the end', async () => {
  assert.deepEqual(await passedOn([logOf(1)], 100, true), [])
})

test('where there are many links nothing goes on: others bring it', async () => {
  assert.deepEqual(await passedOn([logOf(1)], 100, false, 4), [])
})
