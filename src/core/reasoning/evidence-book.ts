/**
 * What this spore's operator has said about answers, as evidence about who gave them: only own resolutions count here, and what
 * others say about right and wrong is not yet believed.
 */
import type { Did, Digest, SpaceId } from '../base/brand.ts'
import type { ResolutionPayload } from '../protocol/task-payloads.ts'
import type { AggregationParams } from './aggregation-params.ts'
import { createClassifier } from './answer-classes.ts'
import { type Attempt, type Counts, type Noted, saidOf } from './attempt.ts'
import { BEST_SINGLE_TASKS_MAX, findBestSingle } from './best-single.ts'
import { sharesOf } from './contribution.ts'
import { roundAnswers, toContribution } from './first-answers.ts'
import { type Evidence, learnTrackRecord, type ScoredTask, scoresOf } from './track-record.ts'

export interface EvidenceBook {
  /** What all tasks are about until domains are told apart. */
  readonly domain: string
  of(space: SpaceId): { readonly evidenceIn: Evidence; readonly bestSingle: string | null }
  /** The operator has judged an answer, or taken it back. */
  note(attempt: Attempt): void
  drop(id: Digest): void
  /** How often an own contributor was right, of how many that were judged; null where none was. */
  recordOf(contributor: string): { readonly answers: number; readonly right: number } | null
}

export interface EvidenceBookDeps {
  readonly self: Did
  readonly counts: Counts
  readonly params: AggregationParams
  /** Whether the operator chose this author: his answers start above chance. */
  readonly isTrusted: (author: Did, space: SpaceId) => boolean
}

const DOMAIN = 'general'
/** Judged tasks that are learnt from, the newest: as many as a best single is looked for in. */
export const JUDGED_MAX = BEST_SINGLE_TASKS_MAX

export function createEvidenceBook({ self, counts, params, isTrusted }: EvidenceBookDeps): EvidenceBook {
  /** By attempt; the one judged last at the end. */
  const judged = new Map<Digest, Attempt>()
  let learnt: { space: SpaceId; of: ReturnType<EvidenceBook['of']> }[] = []
  let scored: readonly ScoredTask[] | null = null

  const tasks = (): readonly ScoredTask[] => {
    scored ??= [...judged.values()].flatMap((attempt) => scoredTask(attempt, self, counts) ?? [])
    return scored
  }

  return {
    domain: DOMAIN,
    of(space) {
      const known = learnt.find((one) => one.space === space)
      if (known) return known.of
      const isConfigured = (contributor: string) => isTrusted(contributor.split(' ', 1)[0] as Did, space)
      const of = {
        evidenceIn: learnTrackRecord(tasks(), params, isConfigured),
        bestSingle: findBestSingle(tasks(), params, isConfigured),
      }
      learnt = [...learnt.slice(-SPACES_KEPT + 1), { space, of }]
      return of
    },
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
/** Spaces whose evidence is kept at a time: it differs in who is configured there. */
const SPACES_KEPT = 4

/** The word of an author that counts: his latest. */
export function resolutionOf(attempt: Attempt, author: Did, counts: Counts): Noted<ResolutionPayload> | null {
  let latest: Noted<ResolutionPayload> | null = null
  for (const noted of saidOf(attempt, attempt.resolutions, counts))
    if (noted.author === author && (!latest || noted.clock > latest.clock)) latest = noted
  return latest
}

/**
 * First answers with the right one. An answer that is only said to be wrong tells nothing of the others: those alone are scored who
 * gave it.
 */
function scoredTask(attempt: Attempt, self: Did, counts: Counts): ScoredTask | null {
  const resolution = resolutionOf(attempt, self, counts)
  const { task } = attempt
  if (!resolution || !task) return null
  const { verdict, answer, correction } = resolution.payload
  const { choices } = task
  const contributions = roundAnswers(attempt, 0, self, counts).answers.map(toContribution)
  const base = { id: attempt.id, domain: DOMAIN, choices }
  if (verdict !== 'wrong') return { ...base, contributions, right: correction ?? answer }
  const classOf = createClassifier(choices)
  const wrong = classOf(answer)
  const right = choices.length === 0 ? NOT_AN_ANSWER : choices.find((choice) => classOf(choice) !== wrong)
  if (wrong === null || right === undefined) return null
  const gaveIt = contributions.filter((one) => sharesOf(one, classOf)[0]?.class === wrong)
  return { ...base, contributions: gaveIt, right }
}
/** Nobody answers this by chance. */
const NOT_AN_ANSWER = 'the answer that was said to be wrong is not this one'
