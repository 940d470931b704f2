/** A budget over a store, with the writer that a spore has. */
import { type Clock, silentLog } from '../../src/core/base/ports.ts'
import type { MemoryStore } from '../../src/core/memory/store.ts'
import { createWriter, type Writer } from '../../src/core/memory/writer.ts'
import type { BudgetCaps } from '../../src/core/reasoning/budget.ts'
import { type BudgetLedger, openBudgetLedger } from '../../src/core/reasoning/budget-ledger.ts'
import { createReplica } from '../unit/core/memory/replica.ts'

export async function openBudget(
  caps: BudgetCaps,
  store: MemoryStore,
  clock: Clock,
): Promise<{ readonly ledger: BudgetLedger; readonly writer: Writer }> {
  const { memory } = createReplica({ name: 'ada', store })
  const writer = createWriter({ memory, store, clock, log: silentLog })
  return { ledger: await openBudgetLedger(caps, { clock, store, writer, log: silentLog }), writer }
}

/** Caps on calls alone. */
export const callCaps = (calls: number): BudgetCaps => {
  const cap = { calls, microUsd: null }
  const none = { calls: 1e6, microUsd: null }
  const pots = { own: cap, community: { calls: 0, microUsd: 0 }, free: cap, freeCommunity: cap }
  return { pots, task: none, asker: none }
}
