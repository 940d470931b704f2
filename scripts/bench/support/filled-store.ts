/**
 * A store filled with the signed logs of many authors: the production code makes entries, chains, heads and commits, and
 * only the waiting between them is left out. A million entries take about a minute.
 */

import type { SpaceId } from '../../../src/core/base/brand.ts'
import { utf8ToBytes } from '../../../src/core/base/bytes.ts'
import { sha256 } from '../../../src/core/base/hash.ts'
import { createSigner, createVerifier, type Signer } from '../../../src/core/identity/keys.ts'
import { createDraft, type Draft, type DraftResult } from '../../../src/core/memory/draft.ts'
import { createLogTable } from '../../../src/core/memory/log-table.ts'
import { ADMIT_ALL } from '../../../src/core/memory/quota.ts'
import { emptyBatch, type MemoryStore } from '../../../src/core/memory/store.ts'
import { KINDS } from '../../../src/core/protocol/kinds.ts'
import { encodeMemory, encodeRetract } from '../../../src/core/protocol/payloads.ts'
import { createDraw } from './texts.ts'

const SPACE = 'commons' as SpaceId
const EPOCH = new Uint8Array(8).fill(1)
/** When the entries were written. */
const WRITTEN_MS = Date.UTC(2026, 0, 1)
/** Entries of one commit. */
const COMMIT_ENTRIES = 4096
/** Entries that come from one author in a row, on average: what rounds bring of the logs that they follow. */
const RUN_ENTRIES = 32
/** One entry in so many retracts the author's entry before it. */
const RETRACTION_EVERY = 50

export interface Filling {
  readonly entries: number
  readonly authors: number
  /** Used in turn, each with a number behind it. */
  readonly texts: readonly string[]
  readonly seed: string
}

/** Fills an empty store. Each author has an entry where there are as many entries. */
export async function fillStore(
  store: MemoryStore,
  { entries, authors, texts, seed }: Filling,
): Promise<void> {
  const draw = createDraw(seed)
  const logs = createLogTable()
  const signers = Array.from({ length: authors }, (_, i) => createSigner(sha256(utf8ToBytes(`${seed} ${i}`))))
  const context = {
    logs,
    partials: new Map(),
    drawEpoch: () => EPOCH,
    isDenied: () => false,
    admission: ADMIT_ALL,
    forkPoint: () => Number.POSITIVE_INFINITY,
    validPoint: () => Number.POSITIVE_INFINITY,
    verifier: createVerifier(),
    epoch: EPOCH,
  }
  const mean = Math.max(1, Math.min(RUN_ENTRIES, Math.floor(entries / authors)))
  let waiting: DraftResult[] = []
  let uncommitted = 0
  for (let arrival = 0, time = 0, turn = 0; arrival < entries; turn++) {
    const signer = signers[turn < authors ? turn : Math.floor(draw() * authors)] as Signer
    const size = Math.min(entries - arrival, 1 + Math.floor(draw() * (2 * mean - 1)))
    const { network } = store.origin
    const draft = createDraft({ ...context, signer, network, nowMs: WRITTEN_MS, time, arrival })
    let last: number | null = null
    for (let i = 0; i < size; i++) last = append(draft, ++arrival, last, texts)
    const result = draft.finish() as DraftResult
    for (const row of result.logs) logs.set(row)
    time = result.time
    waiting.push(result)
    uncommitted += size
    if (uncommitted < COMMIT_ENTRIES && arrival < entries) continue
    await commit(store, waiting)
    waiting = []
    uncommitted = 0
  }
}

/** One entry; `last` is the author's memory before it in this run. Returns the sequence number of a memory. */
function append(draft: Draft, number: number, last: number | null, texts: readonly string[]): number | null {
  if (last !== null && number % RETRACTION_EVERY === 0) {
    const payload = encodeRetract({ dots: [{ epoch: EPOCH, seqs: [last] }] })
    draft.append({ space: SPACE, kind: KINDS.retract, payload, references: [] })
    return null
  }
  const text = `${texts[number % texts.length]} ${number}`
  const payload = encodeMemory({ text, tags: [], thread: null, position: null, speaker: null, sources: [] })
  return draft.append({ space: SPACE, kind: KINDS.memory, payload, references: [] }).seq
}

/** Several drafts, each on top of the one before, as one commit: what a later one drops may be an earlier one's head. */
const commit = (store: MemoryStore, drafts: readonly DraftResult[]): Promise<void> =>
  store.commit({
    ...emptyBatch,
    logs: drafts.flatMap(({ batch }) => batch.logs),
    entries: drafts.flatMap(({ batch }) => batch.entries),
    heads: drafts.flatMap(({ batch }) => batch.heads),
    dropHeads: drafts.flatMap(({ batch }) => batch.dropHeads),
  })
