/** An author that tells everybody another story: lives of one key and epoch, and their runs as frames. */
import assert from 'node:assert/strict'
import { zlibCompression } from '../../../../src/adapters/compression.ts'
import { concatBytes } from '../../../../src/core/base/bytes.ts'
import { encodeFrame } from '../../../../src/core/protocol/frame.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { logIdOf } from '../../../../src/core/protocol/log.ts'
import { decodePushReply, type PushReply } from '../../../../src/core/protocol/messages.ts'
import { DAY_ONE, type Member } from '../../../support/loopback.ts'
import { COMMONS, createReplica, memoryPayload, type Replica } from '../memory/replica.ts'

/** A life of the author `name`: it wrote `texts`, in one flush each or all in one. */
export async function life(
  name: string,
  texts: readonly string[],
  flushes: 'each' | 'one' = 'each',
): Promise<Replica> {
  const author = createReplica({ name })
  const append = (some: readonly string[]) =>
    author.write((draft) => {
      for (const text of some)
        draft.append({ space: COMMONS, kind: KINDS.memory, payload: memoryPayload(text), references: [] })
    }, DAY_ONE)
  if (flushes === 'one') await append(texts)
  else for (const text of texts) await append([text])
  return author
}

export const logIdOfLife = (author: Replica) => logIdOf(author.memory.ownLog(COMMONS))

/** All of a life's log, from `from` on, as frames of runs. */
export async function framesOfLife(author: Replica, from = 0): Promise<Uint8Array> {
  const logId = logIdOfLife(author)
  const frames: Uint8Array[] = []
  const next = author.memory.logs.get(logId)?.row.next ?? 0
  for (let at = from; at < next; ) {
    const run = await author.run(logId, at)
    assert.ok(run)
    frames.push(encodeFrame(run, zlibCompression))
    at = ((await author.store.headFrom(logId, at))?.seq ?? next) + 1
  }
  return concatBytes(...frames)
}

/** Hands a life to a spore, as the author itself would. */
export async function tell(member: Member, author: Replica, from = 0): Promise<PushReply> {
  const reply = decodePushReply(
    await member.spore.federation.push(await framesOfLife(author, from), author.signer.did),
  )
  assert.ok(reply)
  return reply
}
