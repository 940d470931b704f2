/** Many authors with one entry each, brought to a spore as any peer would bring them: a signed push of frames. */
import { hash } from 'node:crypto'
import { systemClock } from '../../../src/adapters/clock.ts'
import { createHttpTransport } from '../../../src/adapters/http-transport.ts'
import { systemRandom } from '../../../src/adapters/random.ts'
import type { HybridTime, SpaceId } from '../../../src/core/base/brand.ts'
import { concatBytes } from '../../../src/core/base/bytes.ts'
import { bytesToDigest, sha256 } from '../../../src/core/base/hash.ts'
import { createFederationClient } from '../../../src/core/gossip/client.ts'
import { createSigner, createVerifier } from '../../../src/core/identity/keys.ts'
import { encodeHeader, leafOf } from '../../../src/core/protocol/entry.ts'
import { KINDS } from '../../../src/core/protocol/kinds.ts'
import { FEDERATION_BODY_BYTES_MAX } from '../../../src/core/protocol/limits.ts'
import { extendChain, genesisOf, headBytes, logIdOf } from '../../../src/core/protocol/log.ts'
import { encodeMemory } from '../../../src/core/protocol/payloads.ts'
import { encodeRun } from '../../../src/core/protocol/run.ts'
import { DEFAULT_NETWORK } from '../../../src/core/protocol/version.ts'

/** One request's frames stay below the bound of its body by this much: the largest frame of one entry is smaller. */
const SLACK_BYTES = 128 * 1024

/** Pushes one memory of a new author for each text. Throws unless the spore stores them all. */
export async function pushAuthors(url: string, texts: readonly string[]): Promise<void> {
  await using transport = createHttpTransport({ allowPrivateAddresses: true })
  const client = createFederationClient({
    transport,
    signer: createSigner(seedOf('carrier')),
    verifier: createVerifier(),
    clock: systemClock,
    random: systemRandom,
    signal: AbortSignal.timeout(60_000),
  })
  let stored = 0
  for (const frames of batches(texts.map((text, author) => toFrame(textToRun(text, author))))) {
    const reply = await client.push(url, frames)
    if (!reply.ok) throw new Error(`push: ${reply.error.detail}`)
    stored += reply.value.new
  }
  if (stored !== texts.length) throw new Error(`${stored} of ${texts.length} authors were taken`)
}

function* batches(frames: readonly Uint8Array[]): Generator<Uint8Array> {
  let batch: Uint8Array[] = []
  let bytes = 0
  for (const frame of frames) {
    batch.push(frame)
    bytes += frame.length
    if (bytes < FEDERATION_BODY_BYTES_MAX - SLACK_BYTES) continue
    yield concatBytes(...batch)
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield concatBytes(...batch)
}

function textToRun(text: string, author: number): Uint8Array {
  const signer = createSigner(seedOf(`author ${author}`))
  const log = {
    publicKey: signer.publicKey,
    space: 'commons' as SpaceId,
    epoch: seedOf('epoch').subarray(0, 8),
  }
  const logId = logIdOf(log)
  const payload = encodeMemory({ text, tags: [], thread: null, position: null, speaker: null, sources: [] })
  const clock = (Date.now() * 1024) as HybridTime
  const header = encodeHeader({
    logId,
    seq: 0,
    clock,
    kind: KINDS.memory,
    payloadLength: payload.length,
    payload: bytesToDigest(sha256(payload)),
    references: [],
  })
  const chain = extendChain(genesisOf(logId), leafOf(header))
  const signature = signer.sign(headBytes(DEFAULT_NETWORK, { logId, seq: 0, chain, clock }))
  return encodeRun({ log, from: 0, entries: [{ header, payload }], chain, signature })
}

/** As it is: codec 0. */
function toFrame(body: Uint8Array): Uint8Array {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(body.length + 1)
  return concatBytes(prefix, body)
}

const seedOf = (name: string): Uint8Array => new Uint8Array(hash('sha256', `bench/${name}`, 'buffer'))
