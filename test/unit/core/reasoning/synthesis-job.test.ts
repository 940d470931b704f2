/** What a synthesis lists and quotes, and what it says where nobody answered. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did } from '../../../../src/core/base/brand.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import type { NewEntry } from '../../../../src/core/memory/draft.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { REFERENCES_MAX } from '../../../../src/core/protocol/limits.ts'
import { decodeMemory } from '../../../../src/core/protocol/payloads.ts'
import { decodeSynthesis, type SynthesisPayload } from '../../../../src/core/protocol/task-payloads.ts'
import { createAggregationParams } from '../../../../src/core/reasoning/aggregation-params.ts'
import type { Attempt } from '../../../../src/core/reasoning/attempt.ts'
import { createClaimSimilarity } from '../../../../src/core/reasoning/claim-similarity.ts'
import { createQuantumParams } from '../../../../src/core/reasoning/synthesis/quantum-params.ts'
import { LISTED_MAX, QUOTED_MAX, synthesize } from '../../../../src/core/reasoning/synthesis-job.ts'
import { learnTrackRecord } from '../../../../src/core/reasoning/track-record.ts'
import { newWork } from '../../../../src/core/reasoning/work.ts'
import { ADA, all, story, who } from './fixtures-story.ts'

const params = createAggregationParams()

/** What Ada writes. `trusted`: authors above chance. */
async function written(attempt: Attempt, trusted: readonly Did[] = []): Promise<NewEntry[]> {
  const entries: NewEntry[] = []
  const work = newWork(attempt, { families: [], asker: null, startMs: 0, nowMs: 0 })
  const isTrusted = (author: string): boolean => trusted.some((did) => author.startsWith(did))
  const isDone = await synthesize(work, {
    self: ADA,
    counts: all,
    params,
    similarity: createClaimSimilarity(),
    quantum: createQuantumParams(),
    evidence: {
      of: () => ({ evidenceIn: learnTrackRecord([], params, isTrusted), bestSingle: null }),
    },
    thinker: null,
    quotes: {
      checked: async ({ payload }: { payload: { outcome: { quotes: [] } } }) => payload.outcome.quotes,
    },
    shown: { hides: () => undefined },
    writer: {
      async write(prepare: (draft: unknown) => void) {
        prepare({ append: (entry: NewEntry) => void entries.push(entry) })
        return { ok: true }
      },
    },
    clock: { now: () => 0, sleep: async () => {} },
    extract: async () => ({ text: null, quotes: [], failure: 'Nothing was recalled.' }),
  } as never)
  assert.equal(isDone, true)
  return entries
}

const synthesisIn = (entries: readonly NewEntry[]): SynthesisPayload => {
  const entry = entries.find(({ kind }) => kind === KINDS.synthesis)
  return decodeSynthesis(entry?.payload as Uint8Array) as SynthesisPayload
}

test('as many contributions are listed as may be, and of one more the lightest is left out', async () => {
  const of = story()
  of.ask(ADA)
  const authors = Array.from({ length: LISTED_MAX + 1 }, (_, i) => who(`Author${i}`))
  const elements = authors.map((author, i) => of.answer(author, i % 3 === 0 ? 'b' : 'a'))
  const synthesis = synthesisIn(await written(of.told(), authors.slice(1)))
  assert.equal(synthesis.contributions.length, LISTED_MAX)
  assert.ok(!synthesis.contributions.includes(elements[0]!), 'the stranger weighs nothing')
  assert.equal(synthesis.masses.length, LISTED_MAX)
  assert.equal(synthesis.rule, 'weighted')
})

test('as many sentences are quoted as a header has room for', async () => {
  const of = story()
  of.ask(ADA)
  const quotes = Array.from({ length: QUOTED_MAX + 1 }, (_, i) => ({
    memory: bytesToDigest(sha256(Buffer.from(`memory ${i}`))),
    text: `sentence ${i}`,
  }))
  for (let i = 0; i < LISTED_MAX; i++)
    of.answer(who(`Author${i}`), 'a', { outcome: { text: 'a', quotes, failure: null } })
  const entries = await written(of.told())
  const entry = entries.find(({ kind }) => kind === KINDS.synthesis)
  assert.equal(synthesisIn(entries).outcome.quotes.length, QUOTED_MAX)
  assert.equal(entry?.references.length, REFERENCES_MAX)
})

test('an answer becomes a memory that names where it comes from', async () => {
  const of = story()
  of.ask(ADA)
  of.answer(who('Bob'), 'a')
  const memory = (await written(of.told())).find(({ kind }) => kind === KINDS.memory)
  const { text, sources, tags } = decodeMemory(memory?.payload as Uint8Array) ?? {}
  assert.match(text ?? '', /^Question: Which one\?\nAnswer: a$/)
  assert.equal(sources?.length, 1)
  assert.deepEqual(tags, ['synthesis'])
})

test('where nobody answered, none of the choices is said, and nothing is remembered', async () => {
  const of = story()
  of.ask(ADA)
  const entries = await written(of.told())
  assert.equal(synthesisIn(entries).outcome.failure, 'no model has answered')
  assert.deepEqual(synthesisIn(entries).contributions, [])
  assert.ok(!entries.some(({ kind }) => kind === KINDS.memory))
})
