/**
 * What aggregation weighs contributors by: trust says how often each is right, and the operator's latest verdicts how far stated
 * confidence tells, who errs with whom, and whether one is better than all of them together.
 */
import type { Did, Digest, SpaceId } from '../base/brand.ts'
import type { ResolutionPayload } from '../protocol/task-payloads.ts'
import type { Trust } from '../trust/trust-contract.ts'
import type { AggregationParams } from './aggregation-params.ts'
import { type Attempt, type Counts, type Noted, saidOf } from './attempt.ts'
import { BEST_SINGLE_TASKS_MAX, findBestSingle } from './best-single.ts'
import { createEntangledPrior } from './entangled-prior.ts'
import type { QuantumParams } from './synthesis/quantum-params.ts'
import { type Evidence, learnTrackRecord, type ScoredTask, scoresOf } from './track-record.ts'
import { scoredTask } from './verdict-outcomes.ts'

export interface EvidenceBook {
  of(space: SpaceId, domain: string): { readonly evidenceIn: Evidence; readonly bestSingle: string | null }
  /** The operator has judged an answer, or taken it back. */
  note(attempt: Attempt): void
  drop(id: Digest): void
  /** Attempts with a verdict of the operator. */
  judged(): Iterable<Attempt>
  /** How often an own contributor was right, of how many that were judged; null where none was. */
  recordOf(contributor: string): { readonly answers: number; readonly right: number } | null
}

export interface EvidenceBookDeps {
  readonly self: Did
  readonly counts: Counts
  readonly params: AggregationParams
  readonly quantum: QuantumParams
  /** Whether the operator chose this author: his answers start above chance. */
  readonly isTrusted: (author: Did, space: SpaceId) => boolean
  readonly trust: Pick<Trust, 'chanceOf'>
}

/** Judged tasks that are learnt from, the newest: as many as a best single is looked for in. */
export const JUDGED_MAX = BEST_SINGLE_TASKS_MAX

export function createEvidenceBook(deps: EvidenceBookDeps): EvidenceBook {
  const { self, counts, params, quantum, isTrusted, trust } = deps
  /** By attempt; the one judged last at the end. */
  const judged = new Map<Digest, Attempt>()
  let learnt: { space: SpaceId; domain: string; of: ReturnType<EvidenceBook['of']> }[] = []
  let scored: readonly ScoredTask[] | null = null

  const tasks = (): readonly ScoredTask[] => {
    scored ??= [...judged.values()].flatMap((attempt) => {
      const resolution = resolutionOf(attempt, self, counts)
      return (resolution && scoredTask(attempt, resolution.payload, self, counts)) ?? []
    })
    return scored
  }

  return {
    of(space, domain) {
      const known = learnt.find((one) => one.space === space && one.domain === domain)
      if (known) return known.of
      const isConfigured = (contributor: string) => isTrusted(contributor.split(' ', 1)[0] as Did, space)
      const record = learnTrackRecord(tasks(), params, isConfigured)
      const prior = createEntangledPrior(tasks(), record, isConfigured, params, quantum)
      const inDomain = tasks().filter((task) => task.domain === domain)
      const of = {
        evidenceIn: {
          ...record,
          trustOf: (contributor: string, about: string) => {
            const chanceOf = (of: string) => trust.chanceOf(of, about, isConfigured(of))
            return prior(contributor, chanceOf(contributor), chanceOf)
          },
        },
        bestSingle: findBestSingle(inDomain, params, isConfigured),
      }
      learnt = [...learnt.slice(-KEPT + 1), { space, domain, of }]
      return of
    },
    judged: () => judged.values(),
    note(attempt) {
      judged.delete(attempt.id)
      if (resolutionOf(attempt, self, counts)) judged.set(attempt.id, attempt)
      for (const oldest of judged.keys()) {
        if (judged.size <= JUDGED_MAX) break
        judged.delete(oldest)
      }
      learnt = []
      scored = null
    },
    drop(id) {
      if (!judged.delete(id)) return
      learnt = []
      scored = null
    },
    recordOf(contributor) {
      let [answers, right] = [0, 0]
      for (const task of tasks())
        for (const { author, isRight } of scoresOf(task))
          if (author === contributor) {
            answers++
            if (isRight) right++
          }
      return answers > 0 ? { answers, right } : null
    },
  }
}
/** Spaces and domains whose evidence is kept at a time: it differs in who is configured there, and in what was judged. */
const KEPT = 8

/** The word of an author that counts: his latest. */
export function resolutionOf(attempt: Attempt, author: Did, counts: Counts): Noted<ResolutionPayload> | null {
  let latest: Noted<ResolutionPayload> | null = null
  for (const noted of saidOf(attempt, attempt.resolutions, counts))
    if (noted.author === author && (!latest || noted.clock > latest.clock)) latest = noted
  return latest
}
