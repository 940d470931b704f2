/** A replica out of the real parts: memory engine, in-memory store and strict verifier; tests hand it runs. */
import type { Did, Digest, LogId, SpaceId } from '../../../../src/core/base/brand.ts'
import { concatBytes, utf8ToBytes } from '../../../../src/core/base/bytes.ts'
import { sha256 } from '../../../../src/core/base/hash.ts'
import { err, type Result } from '../../../../src/core/base/result.ts'
import {
  createSigner,
  createVerifier,
  type Signer,
  type Verifier,
} from '../../../../src/core/identity/keys.ts'
import type { Change } from '../../../../src/core/memory/change.ts'
import type { Appended, Draft, Received } from '../../../../src/core/memory/draft.ts'
import { emptyLogRow } from '../../../../src/core/memory/log-table.ts'
import { createMemory, type Memory } from '../../../../src/core/memory/memory.ts'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import type { DotRef } from '../../../../src/core/memory/or-set.ts'
import type { ReceiveOptions } from '../../../../src/core/memory/partial.ts'
import { createQuota, QUOTAS_DEFAULT, type QuotaLimits } from '../../../../src/core/memory/quota.ts'
import { type JudgedRun, judgeRun } from '../../../../src/core/memory/run-check.ts'
import type { ForkRow, MemoryStore } from '../../../../src/core/memory/store.ts'
import type { Failure } from '../../../../src/core/protocol/errors.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { encodeMemory, encodeRetract } from '../../../../src/core/protocol/payloads.ts'
import { type DecodedRun, decodeRun, encodeRun } from '../../../../src/core/protocol/run.ts'

export const NETWORK = 'spore-test'
/** 2026-11-21T00:00:00Z, what the replicas' clocks show unless told otherwise. */
export const NOW_MS = 1_795_219_200_000
export const COMMONS = 'commons' as SpaceId

export interface Replica {
  readonly signer: Signer
  readonly verifier: Verifier
  readonly memory: Memory
  readonly store: MemoryStore
  /** Drafts, commits and folds in; the value of `prepare`. */
  write<T>(prepare: (draft: Draft) => T, nowMs?: number): Promise<T>
  add(text: string, space?: SpaceId, nowMs?: number): Promise<Appended>
  /** Retracts dots of the replica's own logs of this space. */
  retract(dots: readonly { readonly epoch: Uint8Array; readonly seqs: readonly number[] }[]): Promise<void>
  /** Decodes and takes one run. */
  receive(run: Uint8Array, nowMs?: number, options?: ReceiveOptions): Promise<Result<Received, Failure>>
  /** The run of a log from `from` to the first kept head at or behind `to`. */
  run(logId: LogId, from: number, to?: number): Promise<Uint8Array | null>
  takeFork(proof: Uint8Array): Promise<Result<ForkRow | null, Failure>>
  /** Visible memories with the dots that make them so, in an order of their own. */
  visible(): Promise<{ readonly id: Digest; readonly dots: readonly DotRef[] }[]>
}

export interface ReplicaOptions {
  readonly name: string
  readonly epoch?: number
  readonly network?: string
  readonly store?: MemoryStore
  readonly quotas?: Partial<QuotaLimits>
  /** Names of replicas that are peers. */
  readonly isPeer?: (author: Did) => boolean
  /** How much is kept of an author, in times of what is kept of one. */
  readonly shareOf?: (author: Did) => number
}

export function createReplica({
  name,
  epoch = 0,
  network = NETWORK,
  store: given,
  ...bounds
}: ReplicaOptions): Replica {
  const signer = createSigner(sha256(utf8ToBytes(`replica ${name}`)))
  const verifier = createVerifier()
  const origin = { publicKey: signer.publicKey, network, epoch: new Uint8Array(8).fill(epoch + 1) }
  const store = given ?? createMemoryStore(origin)
  let epochs = 0
  const memory = createMemory({
    signer,
    verifier,
    network,
    epoch: store.origin.epoch,
    quota: (deps) =>
      createQuota(
        { ...QUOTAS_DEFAULT, ...bounds.quotas },
        {
          ...deps,
          isOpen: (space) => space === COMMONS,
          isPeer: bounds.isPeer ?? (() => true),
          ...(bounds.shareOf && { shareOf: bounds.shareOf }),
        },
      ),
    drawEpoch: () => sha256(concatBytes(origin.epoch, Uint8Array.of(epochs++))).subarray(0, 8),
  })

  const write = async <T>(prepare: (draft: Draft) => T, nowMs = NOW_MS): Promise<T> => {
    const draft = memory.draft(nowMs)
    const value = prepare(draft)
    const result = draft.finish()
    if (result) {
      await store.commit(result.batch)
      memory.apply(result)
      for (const fork of result.batch.forks) memory.applyFork(fork)
      memory.deny(result.batch.denied)
      memory.forget(result.forgotten)
    }
    return value
  }

  return {
    signer,
    verifier,
    memory,
    store,
    write,
    add: (text, space = COMMONS, nowMs = NOW_MS) =>
      write((draft) => draft.append(memoryEntry(text, space)), nowMs),
    retract: (dots) =>
      write((draft) => {
        draft.append({
          space: COMMONS,
          kind: KINDS.retract,
          payload: encodeRetract({ dots }),
          references: [],
        })
      }),
    async receive(bytes, nowMs = NOW_MS, options = {}) {
      const run = decodeRun(bytes)
      if (!run.ok) return err(run.error)
      const { logId, log } = run.value
      const position = memory.logs.get(logId)?.row ?? emptyLogRow(log)
      return write(
        (draft) => draft.receive(judgeRun(run.value, position, { network, verifier }), options),
        nowMs,
      )
    },
    async run(logId, from, to = from) {
      const log = memory.logs.get(logId)?.row
      const head = await store.headFrom(logId, to)
      if (!log || !head) return null
      const entries = await store.entriesOf(logId, from, head.seq)
      return encodeRun({ log, from, entries, chain: head.chain, signature: head.signature })
    },
    takeFork: (proof) => write((draft) => draft.takeFork(proof)),
    async visible() {
      const ids = new Set<Digest>()
      for (const row of await store.entriesAfter(0, Number.MAX_SAFE_INTEGER))
        if (row.payload) ids.add(Buffer.from(sha256(row.payload)).toString('base64url') as Digest)
      return [...ids]
        .sort()
        .map((id) => ({ id, dots: [...memory.dotsOf(id)].sort(byDot) }))
        .filter(({ dots }) => dots.length > 0)
    },
  }
}

export const memoryEntry = (text: string, space: SpaceId = COMMONS) => ({
  space,
  kind: KINDS.memory,
  payload: memoryPayload(text),
  references: [],
})

export const memoryPayload = (text: string): Uint8Array =>
  encodeMemory({ text, tags: [], thread: null, position: null, speaker: null, sources: [] })

/** A run's form; throws where it has none. */
export function decoded(run: Uint8Array): DecodedRun {
  const result = decodeRun(run)
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.detail}`)
  return result.value
}

/** A run that nobody has judged yet: whoever is given it does. */
export const unjudged = (run: Uint8Array): JudgedRun =>
  judgeRun(decoded(run), null, { network: NETWORK, verifier: createVerifier() })

/** Starts a new engine over a store, as a restart does; the changes of entries that are not memories. */
export async function replay(memory: Memory, store: MemoryStore): Promise<(Change | null)[]> {
  memory.load(await store.logs(), await store.forks(), await store.partials())
  const rows = await store.entriesAfter(0, Number.MAX_SAFE_INTEGER)
  return rows.map((row) => memory.replay(row))
}

const byDot = (a: DotRef, b: DotRef): number =>
  a.logId === b.logId ? a.seq - b.seq : a.logId < b.logId ? -1 : 1
