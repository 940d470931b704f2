/**
 * Bombs against a real spore (N6): what is huge, deep, or becomes so is refused with 4xx, and neither the process nor its
 * memory notices.
 */
import assert from 'node:assert/strict'
import { join as joinPath } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { decodePushReply } from '../../src/core/protocol/messages.ts'
import { temporaryFolder } from '../support/folder.ts'
import { bombFrames, bombRequests, sendHugeBody } from '../support/hostile-peer/modes/bombs.ts'
import { pushOf } from '../support/hostile-peer/modes/forks.ts'
import { type Asked, createPersona } from '../support/hostile-peer/persona.ts'
import { createTally } from '../support/hostile-peer/tally.ts'
import { type Answer, addressOf, createWire } from '../support/hostile-peer/wire.ts'
import { memoryOf } from '../support/process-memory.ts'
import { RUN_NETWORK } from '../support/run-network.ts'
import type { RunningSpore } from '../support/spore-process.ts'
import { health, startPeer } from './support/swarm.ts'

const MIB = 1024 * 1024
/** What all bombs together may add to the memory of the process. */
const GROWTH_BYTES_MAX = 32 * MIB

describe('bombs', () => {
  const stack = new AsyncDisposableStack()
  let bombers = 0
  /** Comes as somebody else from somewhere else each time: who sent a bomb is not heard any more. */
  const sendAsNew = async (asked: Asked): Promise<Answer | null> => {
    await using wire = createWire({
      tally,
      signal: ending.signal,
      from: addressOf(200, bombers++),
      isLocal: true,
    })
    return wire.send(createPersona('bomber', RUN_NETWORK).sign(asked))
  }
  const tally = createTally()
  const ending = new AbortController()
  let spore: RunningSpore

  before(async () => {
    const folder = stack.use(temporaryFolder())
    // As `npm start` has it: without, the heap grows by what was thrown away already.
    const nodeOptions = ['--max-semi-space-size=4']
    spore = stack.use(await startPeer({ home: joinPath(folder.path, 'a'), nodeOptions }))
    // What any start costs is no bomb: a body of each kind, as large as it may be.
    for (let i = 0; i < 4; i++) {
      await sendAsNew(pushOf(spore.url, new Uint8Array(4 * MIB)))
      const body = Buffer.from(JSON.stringify({ text: 'x'.repeat(60_000), space: 'private' }))
      await sendAsNew({
        method: 'POST',
        target: spore.url,
        path: '/api/memory',
        body,
        type: 'application/json',
      })
    }
  })
  after(async () => {
    ending.abort()
    await stack.disposeAsync()
  })

  test('are refused with 4xx, leave nothing behind, and cost less memory than one of them would be', async (context) => {
    const before = memoryOf(spore.process.pid)
    const { memories } = await health(spore)
    for (const [name, asked] of bombRequests(spore.url)) {
      const answer = await sendAsNew(asked)
      assert.ok(
        answer === null || (answer.status >= 400 && answer.status < 500),
        `${name}: ${answer?.status}`,
      )
    }
    for (const [name, frame] of bombFrames()) {
      const answer = await sendAsNew(pushOf(spore.url, frame))
      const refused = answer?.status === 200 ? decodePushReply(answer.body)?.failures.length : 1
      assert.equal(refused, 1, `${name}: ${answer?.status}`)
    }
    for (const isChunked of [false, true]) {
      await using wire = createWire({ tally, signal: ending.signal, from: addressOf(200) })
      const outcome = await sendHugeBody(wire.open(spore.url), spore.url, isChunked, ending.signal)
      assert.equal(outcome, 'cut', `a body of 1 GB, ${isChunked ? 'in chunks' : 'by its length'}`)
    }
    assert.deepEqual(tally.account.broken, [])
    assert.equal((await health(spore)).memories, memories)
    const grown = (memoryOf(spore.process.pid)?.most ?? 0) - (before?.most ?? 0)
    context.diagnostic(`the process came to hold ${Math.round(grown / MIB)} MiB more than before`)
    assert.ok(grown <= GROWTH_BYTES_MAX, `${Math.round(grown / MIB)} MiB`)
  })
})
