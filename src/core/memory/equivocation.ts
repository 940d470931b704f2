/**
 * What a run says about the log that is held here: the same, more of it, or that its author equivocates (PROTOCOL.md §6). Two
 * branches become a proof as soon as both are known from a common chain value on.
 */
import type { LogId } from '../base/brand.ts'
import { equalBytes } from '../base/bytes.ts'
import type { Verifier } from '../identity/keys.ts'
import { leafOf } from '../protocol/entry.ts'
import { extendChain, headBytes } from '../protocol/log.ts'
import { type DecodedRun, entryOf } from '../protocol/run.ts'
import { type Branch, encodeForkProof, firstDifference } from './fork.ts'
import { chainBefore } from './held-chain.ts'
import type { LogTable } from './log-table.ts'
import type { MemoryStore } from './store.ts'

export type Comparison =
  /** Where both hold something, up to `end`, it is the same. */
  | { readonly kind: 'agrees'; readonly end: number }
  /** The run does not follow from what is held before it, or nobody signed it: nothing is proven. */
  | { readonly kind: 'parts' }
  | { readonly kind: 'forks'; readonly proof: Uint8Array }

export interface ComparisonContext {
  readonly store: Pick<MemoryStore, 'headUpTo' | 'headFrom' | 'entriesOf'>
  readonly logs: LogTable
  readonly verifier: Verifier
  readonly network: string
}

/** End of the valid part that is held of a log: what peers are told of, and what a run is compared with. */
export function validEnd(logs: LogTable, logId: LogId): number {
  return Math.min(logs.get(logId)?.row.next ?? 0, logs.validPoint(logId))
}

/** Costs two hashes an entry of the run, and a verification only where it is another branch. */
export async function compareRun(run: DecodedRun, context: ComparisonContext): Promise<Comparison> {
  const { store, logs } = context
  const { logId, from } = run
  const row = logs.get(logId)?.row
  const end = Math.min(from + run.count, validEnd(logs, logId))
  if (!row || end <= from) return { kind: 'parts' }
  if (from + run.count === row.next && equalBytes(run.chain, row.chain)) return { kind: 'agrees', end }
  const base = await chainBefore(store, logId, from)
  const theirs = Array.from({ length: run.count }, (_, i) => leafOf(entryOf(run, i).header))
  if (!base || !equalBytes(theirs.reduce(extendChain, base), run.chain)) return { kind: 'parts' }
  const ours = (await store.entriesOf(logId, from, end - 1)).map(({ header }) => leafOf(header))
  const index = firstDifference(ours, theirs)
  if (index === null) return { kind: 'agrees', end }
  const clock = run.clocks[run.count - 1] as number
  const head = { logId, seq: from + theirs.length - 1, chain: run.chain, clock }
  if (!context.verifier.verify(run.log.publicKey, headBytes(context.network, head), run.signature))
    return { kind: 'parts' }
  const seq = from + index
  const branch = await heldBranch(logId, seq, context)
  if (!branch) return { kind: 'parts' }
  const proof = encodeForkProof({
    log: run.log,
    seq,
    base: ours.slice(0, index).reduce(extendChain, base),
    branches: [branch, { leaves: theirs.slice(index), clock, signature: run.signature }],
  })
  return { kind: 'forks', proof }
}

/** What is held from `seq` on, to the next kept head: within a segment. */
async function heldBranch(logId: LogId, seq: number, { store }: ComparisonContext): Promise<Branch | null> {
  const head = await store.headFrom(logId, seq)
  if (!head) return null
  const rows = await store.entriesOf(logId, seq, head.seq)
  return { leaves: rows.map(({ header }) => leafOf(header)), clock: head.clock, signature: head.signature }
}
