/** What advanced behind a cursor is read off the end of a list, whatever stands before it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { LogId, SpaceId } from '../../../../src/core/base/brand.ts'
import { createLogTable, emptyLogRow } from '../../../../src/core/memory/log-table.ts'
import type { LogRow } from '../../../../src/core/memory/store.ts'
import { fuzz } from '../../../support/fuzz.ts'

const rowOf = (number: number, arrival: number, next = 1): LogRow => ({
  ...emptyLogRow({
    publicKey: new Uint8Array(32).fill(number % 7),
    space: 'commons' as SpaceId,
    epoch: Uint8Array.from({ length: 8 }, (_, i) => number >>> (8 * i)),
  }),
  arrival,
  next,
})

describe('the table of logs', () => {
  test('gives what advanced behind a cursor, oldest first, in whatever order logs were set', () =>
    fuzz(
      fc.record({
        sets: fc.array(fc.record({ log: fc.nat(8), arrival: fc.nat(30) })),
        cursor: fc.nat(31),
      }),
      ({ sets, cursor }) => {
        const table = createLogTable()
        const rows = new Map<LogId, LogRow>()
        // An arrival belongs to one log; one that is set again advances or stays.
        const owners = new Map<number, number>()
        for (const { log, arrival } of sets) {
          if ((owners.get(arrival) ?? log) !== log) continue
          owners.set(arrival, log)
          const row = rowOf(log, arrival)
          table.set(row)
          rows.set(row.logId, row)
        }
        const expected = [...rows.values()]
          .filter((row) => row.arrival > cursor)
          .sort((a, b) => a.arrival - b.arrival)
        assert.deepEqual(
          [...table.behind(cursor)].map(({ row }) => row),
          expected,
        )
        assert.deepEqual([...table.values()].map(({ row }) => row.logId).sort(), [...rows.keys()].sort())
      },
    ))

  test('keeps the logs of refused authors out of the digest, as if they were not held, and takes them back in', () =>
    fuzz(
      fc.record({
        sets: fc.array(fc.record({ log: fc.nat(20), next: fc.integer({ min: 1, max: 5 }) }), {
          maxLength: 30,
        }),
        refused: fc.array(fc.nat(6)),
        at: fc.nat(30),
      }),
      ({ sets, refused, at }) => {
        const [table, whole, without] = [createLogTable(), createLogTable(), createLogTable()]
        const commons = ['commons' as SpaceId]
        const isRefused = (row: LogRow): boolean => refused.includes(row.publicKey[0] as number)
        const dids = new Set(
          sets
            .map(({ log, next }) => rowOf(log, 0, next))
            .filter(isRefused)
            .map(({ publicKey }) => table.authorOf(publicKey)),
        )
        for (const [i, { log, next }] of sets.entries()) {
          if (i === at) table.withhold((author) => dids.has(author))
          const row = rowOf(log, i, next)
          for (const into of [table, whole]) into.set(row)
          if (!isRefused(row)) without.set(row)
        }
        table.withhold((author) => dids.has(author))
        assert.equal(table.viewDigest(commons), without.viewDigest(commons))
        const held = [...table.values()].filter(({ row }) => !table.isWithheld(row.logId))
        assert.deepEqual(
          held.map(({ row }) => row.logId).sort(),
          [...without.values()].map(({ row }) => row.logId).sort(),
        )
        table.withhold(() => false)
        assert.equal(table.viewDigest(commons), whole.viewDigest(commons))
      },
    ))

  test('reads one row for one change among ten thousand logs', () => {
    const table = createLogTable()
    let read = 0
    /** A row that counts how often somebody asks when it arrived. */
    const counted = (row: LogRow): LogRow => ({
      ...row,
      get arrival() {
        read++
        return row.arrival
      },
    })
    for (let i = 0; i < 10_000; i++) table.set(counted(rowOf(i, i + 1)))
    read = 0
    table.set(counted(rowOf(5000, 10_001, 2)))
    const behind = [...table.behind(10_000)]
    assert.equal(behind.length, 1)
    assert.ok(read <= 6, `${read} rows were looked at`)
  })

  test('has one digest for one frontier, whatever it went through', () => {
    const [table, other] = [createLogTable(), createLogTable()]
    const spaces = ['commons' as SpaceId]
    for (const row of [rowOf(1, 1), rowOf(2, 2), rowOf(1, 3, 2), rowOf(3, 4)]) table.set(row)
    for (const row of [rowOf(3, 1), rowOf(1, 2, 2), rowOf(2, 3)]) other.set(row)
    assert.equal(table.viewDigest(spaces), other.viewDigest(spaces))
    other.set(rowOf(2, 4, 2))
    assert.notEqual(table.viewDigest(spaces), other.viewDigest(spaces))
  })
})
