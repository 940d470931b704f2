/** The thread against the same work on the spot: honest, changed and cut frames; its end, by itself and by force. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { zlibCompression } from '../../../src/adapters/compression.ts'
import {
  createThreadedRunVerifier,
  type ThreadedRunVerifierOptions,
} from '../../../src/adapters/threaded-run-verifier.ts'
import { bytesToHex, concatBytes } from '../../../src/core/base/bytes.ts'
import { silentLog } from '../../../src/core/base/ports.ts'
import { createVerifier } from '../../../src/core/identity/keys.ts'
import { emptyLogRow } from '../../../src/core/memory/log-table.ts'
import {
  createInlineRunVerifier,
  type PositionOf,
  VERIFIED_BYTES,
  type VerifiedFrames,
} from '../../../src/core/memory/run-verifier.ts'
import { encodeFrame } from '../../../src/core/protocol/frame.ts'
import { logIdOf } from '../../../src/core/protocol/log.ts'
import { entryOf } from '../../../src/core/protocol/run.ts'
import { COMMONS, createReplica, memoryEntry, NETWORK, type Replica } from '../core/memory/replica.ts'

const inThread = (options: Partial<ThreadedRunVerifierOptions> = {}) =>
  createThreadedRunVerifier({ network: NETWORK, log: silentLog, threadFromBytes: 0, ...options })
const fromTheStart: PositionOf = (log) => emptyLogRow(log)

const logOf = ({ memory }: Replica) => logIdOf(memory.ownLog(COMMONS))

/** The frame of one run of `count` memories. */
async function frameOf(name: string, count: number): Promise<Uint8Array> {
  const author = createReplica({ name })
  await author.write((draft) => {
    for (let i = 0; i < count; i++)
      draft.append(memoryEntry(`memory ${i} of ${name} ${'and more '.repeat(20)}`))
  })
  return encodeFrame((await author.run(logOf(author), 0, count - 1)) as Uint8Array, zlibCompression)
}

/** Everything that an answer says, in a form that can be compared. */
const told = ({ contents, end }: VerifiedFrames) => ({
  end,
  contents: contents.map((content) => {
    if (!content.ok || 'proof' in content.value) return content
    const { run, verdict } = content.value.run
    const entries = Array.from({ length: run.count }, (_, i) => entryOf(run, i))
    return {
      ...run,
      verdict,
      entries: entries.map(({ header, payload }) => [bytesToHex(header), payload && bytesToHex(payload)]),
    }
  }),
})

describe('a verifying thread', () => {
  test('says of honest, changed, foreign and cut frames what is said on the spot', async () => {
    const [tea, milk] = [await frameOf('tea', 500), await frameOf('milk', 3)]
    const proof = Uint8Array.of(0, 0, 0, 4, 0, 0x8a, 0x6c, 1)
    const verifier = createVerifier()
    const inline = createInlineRunVerifier({ network: NETWORK, verifier, compression: zlibCompression })
    await using threaded = inThread()
    for (const frames of [
      concatBytes(tea, milk),
      concatBytes(milk, proof, tea),
      concatBytes(tea, milk.with(milk.length - 10, 1)),
      concatBytes(milk, tea.subarray(0, 300)),
      new Uint8Array(100),
    ])
      for (const positionOf of [fromTheStart, () => null])
        assert.deepEqual(
          told(await threaded.verify(frames, positionOf)),
          told(await inline.verify(frames, positionOf)),
        )
    assert.ok(threaded.isRunning)
  })

  test('leaves the bytes that it is given as they are, a buffer’s too', async () => {
    const frame = Buffer.from(await frameOf('tea', 50))
    const before = bytesToHex(frame)
    await using threaded = inThread()
    assert.ok((await threaded.verify(frame, fromTheStart)).contents[0]?.ok)
    assert.equal(bytesToHex(frame), before)
  })

  test('reads no more at a time than one answer may hold, and goes on behind it', async () => {
    const frame = await frameOf('tea', 700)
    const frames = concatBytes(...Array.from({ length: 12 }, () => frame))
    await using threaded = inThread()
    const { contents, end } = await threaded.verify(frames, fromTheStart)
    const sizes = contents.map((content) =>
      content.ok && 'run' in content.value ? content.value.run.run.payloads.length : 0,
    )
    const size = sizes.reduce((sum, one) => sum + one, 0)
    assert.ok(size > VERIFIED_BYTES / 2 && size <= VERIFIED_BYTES + 256 * 1024, String(size))
    assert.equal(end, frame.length * contents.length)
  })

  test('is left alone with what is small', async () => {
    await using threaded = inThread({ threadFromBytes: 10_000 })
    assert.equal((await threaded.verify(await frameOf('tea', 2), fromTheStart)).contents.length, 1)
    assert.equal(threaded.isRunning, false)
  })

  test('ends when it has had nothing to do, and is started again', async () => {
    const frame = await frameOf('tea', 2)
    await using threaded = inThread({ idleMs: 1 })
    for (let i = 0; i < 2; i++) {
      assert.equal((await threaded.verify(frame, fromTheStart)).contents.length, 1)
      while (threaded.isRunning) await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })

  test('that is ended in the middle leaves no question unanswered', async () => {
    const frame = await frameOf('tea', 500)
    const threaded = inThread()
    const answers = [1, 2, 3].map(() => threaded.verify(frame, fromTheStart))
    await threaded[Symbol.asyncDispose]()
    for (const { contents } of await Promise.all(answers)) assert.ok(contents[0]?.ok)
  })
})
