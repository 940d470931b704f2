/** What verification costs and on what it stands: signatures counted, logs that move on meanwhile, order of refusals. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import { concatBytes } from '../../../../src/core/base/bytes.ts'
import { createVerifier } from '../../../../src/core/identity/keys.ts'
import { emptyLogRow } from '../../../../src/core/memory/log-table.ts'
import type { JudgedRun, LogPosition } from '../../../../src/core/memory/run-check.ts'
import { createInlineRunVerifier } from '../../../../src/core/memory/run-verifier.ts'
import { encodeFrame } from '../../../../src/core/protocol/frame.ts'
import { CLOCK_AHEAD_MAX_MS } from '../../../../src/core/protocol/limits.ts'
import { logIdOf } from '../../../../src/core/protocol/log.ts'
import { COMMONS, createReplica, memoryEntry, NETWORK, NOW_MS, type Replica } from './replica.ts'

const logOf = ({ memory }: Replica) => logIdOf(memory.ownLog(COMMONS))

/** The runs of an author's writes, each with so many memories, and the one over all of them. */
async function runsOf(...writes: readonly number[]) {
  const author = createReplica({ name: 'ada' })
  const runs: Uint8Array[] = []
  const runFrom = async (from: number) => (await author.run(logOf(author), from)) as Uint8Array
  for (const count of writes) {
    const from = author.memory.entries
    await author.write((draft) => {
      for (let i = 0; i < count; i++) draft.append(memoryEntry(`memory ${from + i}`))
    })
    // Only the newest head is kept: later there is no run that ends here.
    runs.push(await runFrom(from))
  }
  return { runs, whole: await runFrom(0) }
}

function setUp() {
  const verifier = createVerifier()
  const inline = createInlineRunVerifier({ network: NETWORK, verifier, compression: zlibCompression })
  const verify = async (runs: readonly Uint8Array[], position?: LogPosition | null): Promise<JudgedRun[]> => {
    const frames = concatBytes(...runs.map((run) => encodeFrame(run, zlibCompression)))
    const { contents } = await inline.verify(frames, (log) =>
      position === undefined ? emptyLogRow(log) : position,
    )
    return contents.map((content) => {
      assert.ok(content.ok && 'run' in content.value)
      return content.value.run
    })
  }
  return { verifier, verify }
}

describe('a verification', () => {
  test('costs one signature a run, however many entries it has', async () => {
    const { whole } = await runsOf(1000)
    const { verifier, verify } = setUp()
    const [judged] = await verify([whole])
    assert.equal(judged?.run.count, 1000)
    assert.deepEqual([judged?.verdict.failure, verifier.verifications], [null, 1])
  })

  test('costs no more where the log moved on before the run is applied', async () => {
    const { runs, whole } = await runsOf(3, 5)
    const receiver = createReplica({ name: 'bo' })
    const { verifier, verify } = setUp()
    const [judged] = await verify([whole])
    assert.ok((await receiver.receive(runs[0] as Uint8Array)).ok)
    const before = receiver.verifier.verifications
    const received = await receiver.write((draft) => draft.receive(judged as JudgedRun))
    assert.deepEqual(received, { ok: true, value: { fresh: 5, duplicate: 3 } })
    assert.deepEqual([verifier.verifications, receiver.verifier.verifications], [1, before])
  })

  test('follows the runs of one log behind one another', async () => {
    const { runs } = await runsOf(2, 2, 2)
    const { verify } = setUp()
    for (const { verdict, run } of await verify(runs))
      assert.deepEqual([verdict.position?.next, verdict.failure], [run.from, null])
  })

  test('of a run that brings nothing, leaves a gap, or that nobody wants does not look at its signature', async () => {
    const { runs } = await runsOf(2, 2)
    const { verifier, verify } = setUp()
    const held: LogPosition = { next: 4, chain: new Uint8Array(32), clock: 1 }
    const lacking: LogPosition = { next: 1, chain: new Uint8Array(32), clock: 1 }
    const judged = [
      ...(await verify(runs.slice(1), held)),
      ...(await verify(runs.slice(1), lacking)),
      ...(await verify(runs.slice(0, 1), null)),
    ]
    for (const { verdict } of judged)
      assert.deepEqual(verdict, { position: null, failure: null, isSigned: false })
    assert.equal(verifier.verifications, 0)
  })

  test('that found another chain is not the last word: the draft judges by what is held', async () => {
    const { runs } = await runsOf(2, 2)
    const receiver = createReplica({ name: 'bo' })
    const { verify } = setUp()
    assert.ok((await receiver.receive(runs[0] as Uint8Array)).ok)
    const [judged] = await verify(runs.slice(1), { next: 2, chain: new Uint8Array(32), clock: 1 })
    assert.equal(judged?.verdict.failure?.code, 'CHAIN_MISMATCH')
    assert.ok((await receiver.write((draft) => draft.receive(judged as JudgedRun))).ok)
  })

  test('says nothing of the time: the clock of whoever applies it does', async () => {
    const author = createReplica({ name: 'ada' })
    await author.add('tomorrow', COMMONS, NOW_MS + CLOCK_AHEAD_MAX_MS + 1000)
    const { verify } = setUp()
    const [judged] = await verify([(await author.run(logOf(author), 0)) as Uint8Array])
    assert.equal(judged?.verdict.failure, null)
    const receiver = createReplica({ name: 'bo' })
    const early = await receiver.write((draft) => draft.receive(judged as JudgedRun))
    assert.equal(!early.ok && early.error.code, 'CLOCK_AHEAD')
    const later = await receiver.write(
      (draft) => draft.receive(judged as JudgedRun),
      NOW_MS + CLOCK_AHEAD_MAX_MS,
    )
    assert.ok(later.ok)
  })
})
