/**
 * What the rest of a spore asks of trust (05-reasoning §5). Trust is this spore's own opinion of an author, a pure function of evidence,
 * params and time; whoever weighs an author asks here and keeps no figure of his own.
 */
import type { Did, SpaceId } from '../base/brand.ts'
import type { Change } from '../memory/change.ts'
import type * as api from '../protocol/api-trust.ts'
import type { EvidenceKind, EvidenceRow } from '../protocol/evidence-payload.ts'

export { TIERS, type Tier } from '../protocol/api-trust.ts'

import type { Tier } from '../protocol/api-trust.ts'

/** An author's did:key, or a contributor: one and a model family with a space between them. */
export type Subject = string

/** What everybody can check for himself: a log with two continuations, runs that are invalid, a flood. */
export const FAULTS = ['fork', 'invalid-run', 'flood', 'forged-receipt'] as const
export type Fault = (typeof FAULTS)[number]

export interface TrustScore {
  /** Mean of the posterior, 0…1: the chance that what it says in the domain turns out right. */
  readonly mean: number
  /** Standard deviation of the posterior. */
  readonly uncertainty: number
  /** The lower confidence bound that tiers go by. */
  readonly lower: number
  readonly tier: Tier
  /** Judged outcomes that it rests on, weighed: this spore's own, and those of others as far as they are believed. */
  readonly own: { readonly right: number; readonly wrong: number }
  readonly others: { readonly right: number; readonly wrong: number }
}

/** What an operator has set: it wins here, and is shown as such. */
export interface TrustOverride {
  /** 0…1. */
  readonly trust: number
  readonly reason: string | null
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number
}

export interface Trust {
  /** Follows the change feed: evidence of this spore and of others. Anything else is left alone. */
  note(change: Change): void
  /** What an author did that anybody can check; when, where that is not now. The same fault counts once in 30 days. */
  noteFault(author: Did, fault: Fault, atMs?: number): void
  /** An author's evidence is no longer held, or counts no more: it was purged, or cut off. */
  forget(author: Did, space?: SpaceId): void
  /** Over all domains, unless one is named. Own, configured and overridden authors included. */
  scoreOf(subject: Subject, domain?: string): TrustScore
  /**
   * The chance that an answer of a contributor in a domain is right, for aggregation; null where nothing is known: at chance, so it
   * weighs nothing. `isConfigured`: of the operator's own models, or of a peer that he chose for the space.
   */
  chanceOf(contributor: Subject, domain: string, isConfigured: boolean): number | null
  tierOf(author: Did): Tier
  isAtLeast(author: Did, tier: Tier): boolean
  /** Below contributor, not chosen by the operator: searchable and labelled, and in no context pack until it is trusted or asked for. */
  isQuarantined(author: Did): boolean
  /** What is shown beside a text: 1 for own authors, null while nothing is known. */
  shownOf(author: Did): number | null
  /** Factor on the relevance of what an author wrote, never below a floor (04-retrieval §5). */
  relevanceOf(author: Did): number
  /** This spore's own row as it stands, which the next evidence grows from; null where it has none. */
  ownRow(
    space: SpaceId,
    subject: Subject,
    domain: string,
    kind: EvidenceKind,
    period: number,
  ): EvidenceRow | null
  override(author: Did, set: TrustOverride | null): void
  /** Others are blocked than before. */
  revise(): void
  overrideOf(author: Did): TrustOverride | null
  /** Why an author is trusted as far as it is. `entries`: how many of its entries are held. */
  explain(author: Did, entries: number): api.TrustView
  /** Authors of whom something is known, by did:key. */
  authors(): readonly Did[]
}
