/** What authors counted about others, from `evidence.json`: payloads, and the join of their rows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SpaceId } from '../../src/core/base/brand.ts'
import { digestToBytes } from '../../src/core/base/hash.ts'
import { decodeEvidence, encodeEvidence } from '../../src/core/protocol/evidence-payload.ts'
import { compareRows, createRowSet, ROWS_MAX } from '../../src/core/trust/lattice.ts'
import { hex, load, unhex } from './load.ts'

type Case =
  | { of: 'payload'; payload: string; fields?: { because: string[]; rows: unknown[] } }
  | { of: 'join'; entries: string[]; rows: unknown[] }

for (const one of load<Case>('evidence'))
  test(one.name, () => {
    if (one.of === 'join') {
      for (const entries of [one.entries, one.entries.toReversed(), [...one.entries, ...one.entries]])
        assert.deepEqual(join(entries), one.rows)
      return
    }
    const read = decodeEvidence(unhex(one.payload))
    assert.equal(read === null, one.error === 'PAYLOAD_MALFORMED')
    if (read === null) return
    const because = read.because.map((digest) => hex(digestToBytes(digest)))
    assert.deepEqual({ rows: read.rows, because }, one.fields)
    // What we write is what we read, but for fields of later versions.
    if (!one.name.includes('later')) assert.equal(hex(encodeEvidence(read)), one.payload)
  })

function join(entries: readonly string[]): unknown[] {
  const set = createRowSet('commons' as SpaceId, ROWS_MAX)
  for (const entry of entries) for (const row of decodeEvidence(unhex(entry))?.rows ?? []) set.join(row)
  return [...set.rows()].sort(compareRows).map(({ space: _, ...row }) => row)
}
