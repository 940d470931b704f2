/** V:run, set, fork, view: what a receiver makes of whole runs, proofs and views. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SpaceId } from '../../src/core/base/brand.ts'
import { digestToCid } from '../../src/core/base/hash.ts'
import { createVerifier } from '../../src/core/identity/keys.ts'
import { verifyForkProof } from '../../src/core/memory/fork.ts'
import { createLogTable, emptyLogRow } from '../../src/core/memory/log-table.ts'
import { bytesToLogId, logIdToBytes } from '../../src/core/protocol/entry.ts'
import { decodeHeads, encodeHeads } from '../../src/core/protocol/messages.ts'
import { viewStamp } from '../../src/core/protocol/view-stamp.ts'
import { createReplica } from '../unit/core/memory/replica.ts'
import { hex, load, unhex } from './load.ts'

describe('run', () => {
  type Run = {
    network: string
    nowMs: number
    before: string[]
    proofs?: string[]
    run: string
    logId: string
    next: number
    chain: string
    fresh: number
    duplicate: number
    entries?: { header: string; payload: string | null; element: string }[]
  }
  for (const one of load<Run>('run'))
    test(one.name, async () => {
      const replica = createReplica({ name: 'receiver', network: one.network })
      for (const run of one.before) {
        const received = await replica.receive(unhex(run), one.nowMs)
        assert.ok(received.ok, `before: ${JSON.stringify(received)}`)
      }
      for (const proof of one.proofs ?? []) assert.ok((await replica.takeFork(unhex(proof))).ok)
      const held = replica.memory.entries
      const view = () =>
        replica.memory.logs.viewDigest([...replica.memory.logs.values()].map(({ row }) => row.space))
      const digest = view()
      const result = await replica.receive(unhex(one.run), one.nowMs)
      assert.equal(result.ok ? undefined : result.error.code, one.error)
      if (!result.ok) {
        assert.equal(replica.memory.entries, held, 'nothing of it is kept')
        assert.equal(view(), digest)
        return
      }
      assert.deepEqual(result.value, { fresh: one.fresh, duplicate: one.duplicate })
      const logId = bytesToLogId(unhex(one.logId))
      const log = replica.memory.logs.get(logId)?.row
      assert.equal(log?.next, one.next)
      assert.equal(log && hex(log.chain), one.chain)
      if (!one.entries) return
      const from = one.next - one.entries.length
      const rows = await replica.store.entriesOf(logId, from, one.next - 1)
      assert.deepEqual(
        rows.map(({ header, payload }) => ({ header: hex(header), payload: payload && hex(payload) })),
        one.entries.map(({ header, payload }) => ({ header, payload })),
      )
    })
})

describe('set', () => {
  type History = {
    network: string
    nowMs: number
    runs: string[]
    visible: { id: string; dots: { log: string; seq: number }[] }[]
  }
  for (const one of load<History>('set'))
    for (const order of ['forwards', 'backwards'] as const)
      test(`${one.name}, ${order}`, async () => {
        const replica = createReplica({ name: 'receiver', network: one.network })
        for (const run of order === 'forwards' ? one.runs : one.runs.toReversed()) {
          const received = await replica.receive(unhex(run), one.nowMs)
          assert.ok(received.ok, JSON.stringify(received))
        }
        const byText = (a: string, b: string) => (a < b ? -1 : 1)
        const visible = (await replica.visible())
          .map(({ id, dots }) => ({
            id: digestToCid(id),
            dots: dots
              .map(({ logId, seq }) => ({ log: hex(logIdToBytes(logId)), seq }))
              .sort((a, b) => byText(a.log, b.log) || a.seq - b.seq),
          }))
          .sort((a, b) => byText(a.id, b.id))
        assert.deepEqual(visible, one.visible)
        assert.equal(replica.memory.memories, one.visible.length)
      })
})

describe('view', () => {
  type View = {
    reply: string
    rows: { logId: string; next: number; chain: string; forkPoint?: number }[]
    digest: string
    stamp: string
  }
  for (const one of load<View>('view'))
    test(one.name, () => {
      const reply = decodeHeads(unhex(one.reply))
      assert.equal(reply === null, one.error !== undefined)
      if (!reply) return
      const rows = reply.spaces.flatMap((space) => space.rows)
      assert.deepEqual(
        rows.map((row) => ({ ...row, logId: hex(logIdToBytes(row.logId)), chain: hex(row.chain) })),
        one.rows,
      )
      assert.equal(hex(encodeHeads(reply)), one.reply)
      const table = createLogTable()
      const space = 'commons' as SpaceId
      const log = { publicKey: new Uint8Array(32).fill(1), space, epoch: new Uint8Array(8) }
      for (const { logId, next, chain, forkPoint } of rows) {
        table.set({ ...emptyLogRow(log), logId, next, chain })
        if (forkPoint !== undefined) table.setFork({ logId, seq: forkPoint }, chain)
      }
      assert.equal(table.viewDigest([space]), one.digest)
      assert.equal(viewStamp(one.digest), one.stamp)
    })
})

describe('fork', () => {
  for (const one of load<{ network: string; proof: string; logId: string; seq: number }>('fork'))
    test(one.name, () => {
      const result = verifyForkProof(unhex(one.proof), one.network, createVerifier())
      assert.equal(result.ok ? undefined : result.error.code, one.error)
      if (!result.ok) return
      assert.equal(hex(logIdToBytes(result.value.logId)), one.logId)
      assert.equal(result.value.proof.seq, one.seq)
    })
})
