/** Frames as JSON lines (PROTOCOL.md §7, "For people"): the same entries, for eyes and simple tools. */
import { bytesToBase64url } from '../base/bytes.ts'
import { type Canonical, decodeCanonical } from '../base/canonical.ts'
import { digestToCid } from '../base/hash.ts'
import { publicKeyToDid } from '../identity/keys.ts'
import { timeToIso } from '../memory/clock.ts'
import type { Compression } from '../protocol/compression.ts'
import { entryDigest } from '../protocol/entry.ts'
import { decodeFrames, isForkProof } from '../protocol/frame.ts'
import { KINDS } from '../protocol/kinds.ts'
import { type DecodedRun, decodeRun, elementOf, entryOf, referencesOf } from '../protocol/run.ts'

export const LINES_MEDIA_TYPE = 'application/x-ndjson'

/** The lines of frames that this spore made itself; each piece is the lines of whole frames, with their ends. */
export async function* framesToLines(
  frames: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<string> {
  for await (const piece of frames)
    for (const body of decodeFrames(piece, compression)) {
      if (!body.ok) throw new Error(`own frame does not decode: ${body.error.detail}`)
      yield isForkProof(body.value) ? toLine({ fork: bytesToBase64url(body.value) }) : runToLines(body.value)
    }
}

function runToLines(bytes: Uint8Array): string {
  const run = decodeRun(bytes)
  if (!run.ok) throw new Error(`own run does not decode: ${run.error.detail}`)
  return Array.from({ length: run.value.count }, (_, i) => toLine(entryToJson(run.value, i))).join('')
}

function entryToJson(run: DecodedRun, index: number) {
  const { header, payload } = entryOf(run, index)
  const kind = run.kinds[index] as number
  return {
    author: publicKeyToDid(run.log.publicKey),
    space: run.log.space,
    log: run.logId,
    seq: run.from + index,
    kind: Object.entries(KINDS).find(([, number]) => number === kind)?.[0] ?? kind,
    createdAt: timeToIso(run.clocks[index] as number),
    id: digestToCid(elementOf(run, index)),
    entry: digestToCid(entryDigest(header)),
    references: referencesOf(run, index).map(digestToCid),
    content: payload && payloadToJson(payload),
  }
}

function payloadToJson(payload: Uint8Array): unknown {
  const decoded = decodeCanonical(payload)
  return decoded.ok ? canonicalToJson(decoded.value) : { bytes: bytesToBase64url(payload) }
}

function canonicalToJson(value: Canonical): unknown {
  if (value instanceof Uint8Array) return bytesToBase64url(value)
  if (Array.isArray(value)) return value.map(canonicalToJson)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, canonicalToJson(item)]))
}

const toLine = (value: unknown): string => `${JSON.stringify(value)}\n`
