/**
 * What this spore's own models do for an attempt: answer alone, seal, show, review, revise. Each is a job of its own, done once, and given up
 * when the attempt is.
 *
 * Invariant: what was sealed is in the store, beside its seal, until it is shown: a spore that is killed in between shows it when it
 * is back.
 */

import type { Did, Digest } from '../base/brand.ts'
import { bytesToDigest, sha256 } from '../base/hash.ts'
import { type Clock, fineMs, type Log, type Random } from '../base/ports.ts'
import type { Result } from '../base/result.ts'
import { sealedValue } from '../memory/sealed-value.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { Failure } from '../protocol/errors.ts'
import { KINDS } from '../protocol/kinds.ts'
import { REFERENCES_MAX } from '../protocol/limits.ts'
import { RECALLED_MAX, ROUND_MAX, SALT_BYTES } from '../protocol/task-limits.ts'
import {
  type ContributionPayload,
  decodeContribution,
  encodeContribution,
  encodeReview,
  encodeSeal,
} from '../protocol/task-payloads.ts'
import { contributorKey, contributorOf, saidOf } from './attempt.ts'
import { CALL_MS_MAX, EFFORT_BOUNDS, RETRY_MS } from './efforts.ts'
import { latestAnswers, roundAnswers, sealsOf } from './first-answers.ts'
import { historyOf } from './round-history.ts'
import { samplingTemperature } from './synthesis/annealing.ts'
import type { QuantumParams } from './synthesis/quantum-params.ts'
import { statedOthers } from './synthesis/superposition.ts'
import type { OwnState, ProgressDeps } from './task-progress.ts'
import { premiseAfter } from './task-tunnelling.ts'
import type { ThinkCall, Thinker, Thought } from './thinker.ts'
import { type Failing, isFinal, timesOf, type UnshownAnswer, type Work } from './work.ts'

export interface Contributor {
  /** Starts what the phase asks of own models and is not under way. */
  act(work: Work): void
  stateOf(work: Work): OwnState
  /** Own contributors that have sealed in the round, or are at it. */
  activeIn(work: Work): number
  /** Brings back how far this spore was before it was started, and what it had sealed and not shown. */
  recover(work: Work): Promise<void>
  /** Milliseconds until a contributor that failed is asked again; Infinity where none is. */
  retryInMs(work: Work): number
}

export interface ContributorDeps extends ProgressDeps {
  readonly thinker: Thinker | null
  /** No model reads the words of such an author. */
  readonly isQuarantined: (author: Did) => boolean
  /** Whether an element is purged: what rests on it is not shown any more. */
  readonly isDenied: (element: Digest) => boolean
  readonly writer: Pick<Writer, 'write'>
  readonly store: Pick<MemoryStore, 'value'>
  readonly clock: Clock
  readonly random: Pick<Random, 'bytes'>
  readonly log: Log
  /** Something was done: look again. */
  readonly onDone: (work: Work) => void
  /** Runs a job, and keeps track of it until it ends. */
  readonly run: (job: () => Promise<void>) => void
}

export function createContributor(deps: ContributorDeps): Contributor {
  const { self, counts, quantum, isQuarantined, isDenied, thinker, writer, store } = deps
  const { clock, random, log, onDone, run } = deps

  const ownSealed = (work: Work, round: number): Set<string> => {
    const families = new Set<string>()
    for (const { family, round: of } of work.unshown.values()) if (of === round) families.add(family)
    for (const noted of saidOf(work.attempt, work.attempt.contributions, counts))
      if (noted.author === self && noted.payload.round === round)
        families.add(noted.payload.family ?? noted.payload.model)
    return families
  }

  const retryMs = ({
    failure,
    atMs,
  }: {
    failure: Failure & { retryAfterSeconds?: number }
    atMs: number
  }): number => atMs + Math.max(RETRY_MS, (failure.retryAfterSeconds ?? 0) * 1000)

  const mayAsk = (work: Work, family: string): boolean => {
    const failing = work.failing.get(family)
    return !failing || (!failing.isFinal && fineMs(clock) >= retryMs(failing))
  }

  /** A job of a name, once. What it throws is a bug, and ends in the log. */
  const job = (work: Work, name: string, todo: () => Promise<boolean>): void => {
    if (work.running.has(name) || work.done.has(name)) return
    work.running.add(name)
    run(async () => {
      try {
        if (await todo()) work.done.add(name)
      } catch (error) {
        work.done.add(name)
        log.error('a contributor broke', { job: name, error })
      } finally {
        work.running.delete(name)
        onDone(work)
      }
    })
  }

  const callOf = (work: Work, family: string): ThinkCall => {
    const { elapsedMs, totalMs } = timesOf(work, fineMs(clock))
    const timeoutMs = Math.max(1, Math.min(CALL_MS_MAX, totalMs - elapsedMs))
    const temperature = temperatureIn(work, quantum)
    return { family, asker: work.asker, timeoutMs, temperature, signal: work.controller.signal }
  }

  /** Seals what was thought in a round; true once that is durable. */
  const seal = async (
    work: Work,
    family: string,
    round: number,
    thought: Result<Thought, Failure>,
  ): Promise<boolean> => {
    if (work.controller.signal.aborted) return true
    // What comes when the round is shown comes too late: it could know the others, and would stand beside the next round's.
    if (work.round !== round || !isSealing(work)) return true
    if (!thought.ok) {
      work.failing.set(family, failingOf(thought.error, work.failing.get(family), fineMs(clock)))
      log.info('a contributor has no answer', { code: thought.error.code, family })
      return false
    }
    const { attempt } = work
    const { text, quotes, ...said } = thought.value
    const contribution: Partial<ContributionPayload> &
      Pick<ContributionPayload, 'task' | 'model' | 'outcome'> = {
      ...said,
      others: statedOthers(said.others, quantum.isOn.superposition),
      task: attempt.id,
      round,
      family,
      salt: random.bytes(SALT_BYTES),
      by: self,
      outcome: { text, quotes, failure: null },
    }
    const answer = unshownOf(encodeContribution(contribution))
    if (!answer) {
      log.error('an own answer is not one', { family, round })
      return true
    }
    work.sealing++
    const written = await writer.write((draft) => {
      draft.setValue(sealedValue(answer.element), answer.payload)
      const payload = encodeSeal({ task: attempt.id, round, seal: answer.element })
      draft.append({ space: spaceOf(work), kind: KINDS.contribution, payload, references: [attempt.id] })
    })
    work.sealing--
    if (!written.ok) {
      work.failing.set(family, { failure: written.error, atMs: fineMs(clock), isFinal: false })
      return false
    }
    work.unshown.set(answer.element, answer)
    work.failing.delete(family)
    return true
  }

  const show = async (work: Work): Promise<boolean> => {
    const answers = [...work.unshown.values()]
    const written = await writer.write((draft) => {
      for (const { payload, references, element } of answers) {
        if (!references.some(isDenied))
          draft.append({ space: spaceOf(work), kind: KINDS.contribution, payload, references })
        draft.setValue(sealedValue(element), null)
      }
    })
    if (written.ok) for (const { element } of answers) work.unshown.delete(element)
    // Where the disk is full it is tried again, after a pause.
    else await clock.sleep(RETRY_MS, work.controller.signal)
    return false
  }

  const review = async (work: Work, family: string, of: Thinker): Promise<boolean> => {
    const { attempt, round } = work
    const own = contributorKey(self, family)
    const answers = roundAnswers(attempt, round, self, counts).answers.filter(
      (one) => contributorOf(one) !== own,
    )
    if (answers.length === 0) return true
    const reviewed = await of.review(attempt, answers, callOf(work, family))
    if (!reviewed.ok || reviewed.value.ranking.length === 0 || work.controller.signal.aborted) return true
    const payload = encodeReview({ task: attempt.id, round, ...reviewed.value })
    const references = [attempt.id, ...reviewed.value.ranking.map(({ contribution }) => contribution)]
    await writer.write((draft) =>
      draft.append({ space: spaceOf(work), kind: KINDS.review, payload, references }),
    )
    return true
  }

  const revise = async (work: Work, family: string, of: Thinker): Promise<boolean> => {
    const { attempt, round } = work
    const own = contributorKey(self, family)
    const answers = latestAnswers(attempt, round - 1, self, counts)
    const reviews = [...saidOf(attempt, attempt.reviews, counts)].filter(
      ({ payload }) => payload.round === round - 1,
    )
    const before = answers.find((one) => contributorOf(one) === own) ?? null
    const others = answers.filter((one) => one !== before)
    return seal(work, family, round, await of.revise(attempt, before, others, reviews, callOf(work, family)))
  }

  const answer = async (work: Work, family: string, of: Thinker): Promise<boolean> => {
    const { attempt, round, challenges } = work
    const doubt = { isChallenge: challenges.has(round), premise: premiseOf(work) }
    return seal(work, family, round, await of.answer(attempt, doubt, callOf(work, family)))
  }

  /** Of a round that tunnelling began: what the entries before it say, so that all start from the same. */
  const premiseOf = (work: Work): string | null => {
    const { attempt, round, tunnels } = work
    if (!tunnels.has(round)) return null
    return premiseAfter(attempt, round - 1, deps, (author) => !isQuarantined(author))
  }

  return {
    act(work) {
      if (!thinker) return
      const { phase, round } = work
      const sealed = ownSealed(work, round)
      if (isSealing(work)) {
        const think = phase === 'diverge' ? answer : revise
        for (const family of work.families)
          if (!sealed.has(family) && mayAsk(work, family))
            job(work, `answer ${round} ${family}`, () => think(work, family, thinker))
      } else if (phase === 'reveal') {
        if (work.unshown.size > 0) job(work, 'show', () => show(work))
      } else if (phase === 'deepen') {
        for (const family of work.families)
          job(work, `review ${round} ${family}`, () => review(work, family, thinker))
      }
    },
    stateOf(work) {
      const { phase, round } = work
      const unshown = work.unshown.size + work.sealing
      const names = work.families.map((family) =>
        phase === 'deepen' ? `review ${round} ${family}` : `answer ${round} ${family}`,
      )
      if (phase === 'deepen')
        return { hasEnded: names.every((name) => work.done.has(name)), mayReturn: false, unshown }
      const sealed = ownSealed(work, round)
      const failing = work.families.filter((family) => !sealed.has(family))
      return {
        hasEnded: failing.every(
          (family) => work.failing.has(family) && !work.running.has(`answer ${round} ${family}`),
        ),
        mayReturn: failing.some((family) => !work.failing.get(family)?.isFinal),
        unshown,
      }
    },
    activeIn(work) {
      const sealed = ownSealed(work, work.round)
      return work.families.filter((family) => sealed.has(family) || !work.failing.has(family)).length
    },
    async recover(work) {
      const { attempt } = work
      const shown = new Set([...saidOf(attempt, attempt.contributions, counts)].map(({ element }) => element))
      for (let round = 0; round <= ROUND_MAX; round++)
        for (const { author, payload } of sealsOf(attempt, round, counts)) {
          if (author !== self) continue
          // It goes on in the round that it was in: what was reviewed need not be reviewed again.
          work.round = round
          if (round > 0) work.phase = 'converge'
          if (shown.has(payload.seal)) continue
          const kept = await store.value(sealedValue(payload.seal))
          const found = kept && unshownOf(kept)
          if (found) work.unshown.set(found.element, found)
        }
      if (!quantum.isOn.tunnelling || work.round === 0) return
      for (const { round, kind } of historyOf(attempt, work, deps))
        if (kind === 'reopened') work.tunnels.add(round)
      if (work.tunnels.has(work.round)) work.phase = 'diverge'
    },
    retryInMs(work) {
      let least = Number.POSITIVE_INFINITY
      if (!isSealing(work)) return least
      const nowMs = fineMs(clock)
      for (const [family, failing] of work.failing)
        if (!failing.isFinal && !work.running.has(`answer ${work.round} ${family}`))
          least = Math.min(least, Math.max(0, retryMs(failing) - nowMs))
      return least
    },
  }
}

/** What models of this spore are told in the round of an attempt. */
const temperatureIn = ({ attempt, round, tunnels }: Work, quantum: QuantumParams): number | null => {
  const { rounds } = EFFORT_BOUNDS[attempt.task?.effort ?? 'standard']
  return samplingTemperature({ round, rounds, isReopened: tunnels.has(round) }, quantum)
}

const isSealing = ({ phase }: Work): boolean => phase === 'diverge' || phase === 'converge'

const spaceOf = ({ attempt }: Work) => (attempt.task as NonNullable<Work['attempt']['task']>).space

/** A model that is left alone after a failure is busy; why it failed is what tells. */
function failingOf(failure: Failure, before: Failing | undefined, atMs: number): Failing {
  const known = failure.code === 'MODEL_BUSY' ? before?.failure : undefined
  return { failure: known ? { ...failure, code: known.code } : failure, atMs, isFinal: isFinal(failure) }
}

/** The answer that a payload is, once it is shown; null where it is none. */
function unshownOf(payload: Uint8Array): UnshownAnswer | null {
  const said = decodeContribution(payload)
  if (said?.seal !== null || said.outcome.failure !== null) return null
  const element = bytesToDigest(sha256(payload))
  const { task, round, family, model, outcome, responds, recalled } = said
  const named = [
    task,
    ...outcome.quotes.map(({ memory }) => memory),
    ...responds,
    ...recalled.slice(0, RECALLED_MAX),
  ]
  const references = [...new Set(named)].slice(0, REFERENCES_MAX)
  return { round, family: family ?? model, element, payload, references }
}
