/**
 * What a tier permits (05-reasoning §5): the one place where trust becomes leave to do something. Whoever asks is given the answer
 * as a function; none of them sees a figure.
 */
import type { Did } from '../base/brand.ts'
import type { Tier, Trust } from './trust-contract.ts'

/**
 * How much of what the operator keeps of one author he keeps of one of this tier. Who has contributed writes more, and filling what
 * is kept of him would cost him the name that he has; the bounds of the space and of the store hold all the same.
 */
export const QUOTA_SHARES: Readonly<Record<Tier, number>> = {
  stranger: 1,
  observer: 1,
  contributor: 2,
  peer: 4,
  commander: 4,
}
/** Of one whose fault anybody can check: enough to read on, too little to fill anything. */
export const QUOTA_SHARE_AT_FAULT = 1 / 4

/** The tier from which on an author's tasks are worked on as those of whom the operator chose. */
export const SERVED_TIER: Tier = 'peer'
/** The tier that whom the operator chose has at least, while he is not below chance. */
export const CHOSEN_TIER: Tier = 'contributor'

/** The share of an author's quota. What the operator set by hand counts before a fault, and so do enough right answers since. */
export function quotaShareOf(trust: Pick<Trust, 'tierOf' | 'overrideOf' | 'explain'>, author: Did): number {
  const share = QUOTA_SHARES[trust.tierOf(author)]
  if (share > 1 || trust.overrideOf(author) !== null) return share
  return trust.explain(author, 0).faults.length > 0 ? QUOTA_SHARE_AT_FAULT : share
}

/**
 * Whether an author's tasks are worked on where only those of trusted authors are: of who is at least a peer by what he did, and of
 * whom the operator chose, until he is known to be wrong more often than chance.
 */
export const isServed = (trust: Pick<Trust, 'isAtLeast'>, author: Did, isChosen: boolean): boolean =>
  trust.isAtLeast(author, isChosen ? CHOSEN_TIER : SERVED_TIER)
