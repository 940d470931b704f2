/** When the index is kept: when it is worth it and quiet, in nobody's way for long, and at the end. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { silentLog } from '../../../../src/core/base/ports.ts'
import type { SaveOptions } from '../../../../src/core/retrieval/index-keeper.ts'
import { createIndexSaver, KEPT_DOCUMENTS_MIN } from '../../../../src/core/retrieval/index-saver.ts'
import { createVirtualClock } from '../../../support/virtual-clock.ts'

function createHarness() {
  const clock = createVirtualClock(1_795_219_200_000)
  const at = { documents: KEPT_DOCUMENTS_MIN, isWanted: false, exactAt: 5 as number | null, isStuck: false }
  const saves: { readonly kept: boolean; readonly exactAt: number | null }[] = []
  const saver = createIndexSaver({
    retriever: {
      get documents() {
        return at.documents
      },
    },
    clock,
    log: silentLog,
    keeper: {
      load: async () => null,
      async save({ exactAt, goesOn, onRead }: SaveOptions) {
        while (at.isStuck && goesOn()) await clock.sleep(100)
        const kept = !at.isStuck && goesOn()
        saves.push({ kept, exactAt })
        onRead()
        return kept
      },
      noteChange() {},
      erase: async () => {},
    },
    inTurn: (work) => work(),
    isWanted: () => at.isWanted,
    exactAt: () => at.exactAt,
  })
  return { clock, at, saves, saver }
}

describe('the index is kept', () => {
  test('once an eighth of it has changed and it is quiet', async () => {
    const { clock, saves, saver } = createHarness()
    saver.note(KEPT_DOCUMENTS_MIN / 8 - 1)
    saver.wake()
    await clock.advance(60_000)
    assert.equal(saves.length, 0)
    saver.note(1)
    saver.wake()
    await clock.advance(3000)
    saver.note(1)
    await clock.advance(3000)
    assert.equal(saves.length, 0, 'something came')
    await clock.advance(5000)
    assert.deepEqual(saves, [{ kept: true, exactAt: 5 }])
    await clock.advance(600_000)
    assert.equal(saves.length, 1)
  })

  test('not below the number of documents that is worth it, not even at the end', async () => {
    const { clock, at, saves, saver } = createHarness()
    at.documents = KEPT_DOCUMENTS_MIN - 1
    saver.note(at.documents)
    saver.wake()
    await clock.advance(60_000)
    await saver.stop()
    assert.equal(saves.length, 0)
  })

  test('after a minute in which it was never quiet', async () => {
    const { clock, at, saves, saver } = createHarness()
    at.exactAt = null
    saver.note(KEPT_DOCUMENTS_MIN)
    saver.wake()
    for (let seconds = 0; seconds < 55; seconds++) {
      saver.note(1)
      await clock.advance(1000)
    }
    assert.equal(saves.length, 0)
    await clock.advance(10_000)
    assert.deepEqual(saves, [{ kept: true, exactAt: null }])
  })

  test('in nobody’s way, but for once in a while', async () => {
    const { clock, at, saves, saver } = createHarness()
    at.isWanted = true
    saver.note(KEPT_DOCUMENTS_MIN)
    saver.wake()
    await clock.advance(3_600_000)
    assert.deepEqual(
      saves.map(({ kept }) => kept),
      [false, false, false, false, false, true],
    )
  })

  test('at the end, with whatever has changed, and in a bounded time', async () => {
    const ends = createHarness()
    ends.saver.note(1)
    await ends.saver.stop()
    assert.deepEqual(ends.saves, [{ kept: true, exactAt: 5 }])

    const unchanged = createHarness()
    await unchanged.saver.stop()
    assert.equal(unchanged.saves.length, 0)

    const stuck = createHarness()
    stuck.saver.note(1)
    stuck.at.isStuck = true
    const stopped = stuck.saver.stop()
    await stuck.clock.advance(2500)
    await stopped
    assert.deepEqual(stuck.saves, [{ kept: false, exactAt: 5 }])
  })
})
