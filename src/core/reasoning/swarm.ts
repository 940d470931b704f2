/**
 * The reasoning swarm as one spore lives it: attempts that it asked, or that it answers, each in its phase. Entries and time move them on;
 * there is no coordinator, and what one spore does alone is what many do together (05-reasoning §1).
 *
 * Invariants: an attempt is worked on while it has no accepted synthesis and somebody here has a part in it, and only then, so that
 * finished ones cost nothing; a phase changes by the table alone (`phases.ts`); an attempt that this spore asked ends.
 */
import type { Did, Digest } from '../base/brand.ts'
import { type Clock, fineMs, type Log, type Random } from '../base/ports.ts'
import { timeToMs } from '../memory/clock.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { Shown } from '../moderation/shown.ts'
import type { Outcome, TaskPayload } from '../protocol/task-payloads.ts'
import { isOver, synthesizersOf } from './acceptance.ts'
import type { AggregationParams } from './aggregation-params.ts'
import { type Attempt, asksOf, type Counts, saidOf } from './attempt.ts'
import { type Ask, appendCall, type Calling } from './calling.ts'
import { areSilent, silentInMs } from './calls.ts'
import type { Similarity } from './claim-similarity.ts'
import { createContributor } from './contributor.ts'
import { EFFORT_BOUNDS, FOREIGN_CONTRIBUTORS, RETRY_MS, TURN_MS } from './efforts.ts'
import type { EvidenceBook } from './evidence-book.ts'
import { sealsOf } from './first-answers.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import { beginsRound, nextPhase, type PhaseEvent } from './phases.ts'
import type { QuoteCheck } from './quote-check.ts'
import { createReserve } from './reserve.ts'
import { synthesize } from './synthesis-job.ts'
import type { TaskBook } from './task-book.ts'
import { dueInMs, eventOf, type ProgressDeps } from './task-progress.ts'
import type { Thinker } from './thinker.ts'
import { newWork, timesOf, totalMsOf, type Work } from './work.ts'

export interface Swarm {
  /** Takes up what is open; once the store is replayed. Again it does nothing. */
  start(): void
  /** Entries about an attempt came, or went. */
  touch(attempt: Attempt): void
  /** Entries were cut off: attempts that had an answer may have none. */
  review(): void
  /** The work on an attempt; null where there is none here. */
  workOf(attempt: Attempt): Work | null
  /** Who is to be called for a new own task; empty where everybody may answer. */
  callFor(task: TaskPayload, id: Digest, ask: Ask): readonly Did[]
  /** Answers that this spore waits for in the round. */
  wantedOf(work: Work): number
  /** Whether nobody but this spore, and no model, can answer in a space: an answer is then there at once. */
  isAlone(task: TaskPayload): boolean
  /** Attempts that are worked on. */
  readonly open: number
  /** No further one is. */
  readonly isFull: boolean
  /** Resolves when an attempt is not worked on. */
  ended(id: Digest): Promise<void>
  stop(): Promise<void>
}

export interface SwarmDeps extends ProgressDeps {
  readonly self: Did
  readonly counts: Counts
  readonly similarity: Similarity
  readonly params: AggregationParams
  readonly book: TaskBook
  readonly writer: Pick<Writer, 'write'>
  readonly store: Pick<MemoryStore, 'value'>
  readonly clock: Clock
  readonly random: Pick<Random, 'bytes'>
  readonly log: Log
  readonly neighbourhood: Neighbourhood
  readonly calling: Calling
  readonly evidence: EvidenceBook
  /** Null where no model is configured. */
  readonly thinker: Thinker | null
  readonly isQuarantined: (author: Did) => boolean
  readonly quotes: QuoteCheck
  /** Whether an element is purged. */
  readonly isDenied: (element: Digest) => boolean
  readonly shown: Pick<Shown, 'hides'>
  /** Families of own models, in the operator's order. */
  readonly families: () => readonly string[]
  readonly extract: (task: TaskPayload) => Promise<Outcome>
  /** Hears of every change of phase; `done` where the attempt is over here. */
  readonly onPhase: (attempt: Attempt, work: Work) => void
}

/** Attempts that are worked on at a time; those of others leave room for own ones. */
export const OPEN_MAX = 1_024
export const OPEN_FOREIGN_MAX = 256
/** Synthesizers that are waited for, one after the other, before an attempt of another is left alone. */
const TURNS_MAX = 64

export function createSwarm(deps: SwarmDeps): Swarm {
  const { self, counts, book, clock, log, neighbourhood, calling, evidence } = deps
  const works = new Map<Digest, Work>()
  const jobs = new Set<Promise<void>>()
  let isStarted = false
  let isStopped = false
  let foreign = 0

  const run = (todo: () => Promise<void>): void => {
    const job: Promise<void> = todo().finally(() => jobs.delete(job))
    jobs.add(job)
  }

  const contributor = createContributor({ ...deps, run, onDone: (work) => look(work) })
  const reserve = createReserve({ clock, run, onDue: (attempt, asker) => takeUp(attempt, asker) })

  const wantedOf = (work: Work): number => {
    const task = work.attempt.task as TaskPayload
    const called = work.round > 0 ? null : calling.wantedOf(work, contributor.activeIn(work), fineMs(clock))
    if (called !== null) return called
    const others = new Set<Did>(neighbourhood.answerers(task.space))
    for (const { author } of sealsOf(work.attempt, work.round, counts))
      if (author !== self) others.add(author)
    const expected = contributor.activeIn(work) + others.size
    if (expected === 0) return 0
    if (work.round > 0) return Math.min(expected, sealersOf(work, work.round - 1))
    return task.answers ?? Math.min(EFFORT_BOUNDS[task.effort].answers, expected)
  }

  /** Who took part in a round: they are waited for in the next one. */
  const sealersOf = ({ attempt }: Work, round: number): number => {
    const sealers = new Set<string>()
    let own = 0
    for (const { author } of sealsOf(attempt, round, counts)) {
      if (author === self) own++
      else sealers.add(author)
    }
    return sealers.size + own
  }

  /** Everything that happened since the last look. */
  const look = (work: Work): void => {
    if (isStopped || !work.isRecovered || works.get(work.attempt.id) !== work) return
    calling.look(work, fineMs(clock))
    // What is done is left: one whose answer is lost is taken up anew, and one that was withdrawn stays done.
    for (let steps = 0; steps < STEPS_MAX && work.phase !== 'done'; steps++) {
      const event = eventFor(work)
      const to = event && nextPhase(work.phase, event)
      if (!to || to === work.phase) break
      enter(work, to, event)
    }
    if (work.phase === 'done') {
      leave(work)
      return
    }
    contributor.act(work)
    callMore(work)
    if (work.phase === 'synthesize' && isOnTurn(work)) putTogether(work)
    arm(work)
  }

  const eventFor = (work: Work): PhaseEvent | null => {
    const { attempt } = work
    if (isOver(attempt, self, counts)) return 'accepted'
    const times = timesOf(work, fineMs(clock))
    return eventOf(attempt, work, contributor.stateOf(work), times, wantedOf(work), deps)
  }

  const enter = (work: Work, to: Work['phase'], event: PhaseEvent): void => {
    if (beginsRound(work.phase, to)) {
      work.round++
      work.failing.clear()
      if (event === 'premature') work.challenges.add(work.round)
      if (event === 'tunnelling') work.tunnels.add(work.round)
    }
    work.phase = to
    work.phaseMs = fineMs(clock)
    deps.onPhase(work.attempt, work)
  }

  /** Others in the place of those who were called and do not answer. */
  const callMore = (work: Work): void => {
    if (work.running.has('call')) return
    const called = calling.backupsFor(work, fineMs(clock))
    if (called.length === 0) return
    for (const author of called) work.namedSince.add(author)
    work.running.add('call')
    run(async () => {
      const { id: task, task: payload } = work.attempt
      const { space } = payload as TaskPayload
      await deps.writer.write((draft) => appendCall(draft, space, { task, called }))
      work.running.delete('call')
      look(work)
    })
  }

  /** Behind the deadline each in the list has his turn; before it the first one alone. */
  const isOnTurn = (work: Work): boolean => {
    const place = synthesizersOf(work.attempt, counts).indexOf(self)
    return place === 0 || (place > 0 && msToTurn(work, place) <= 0)
  }
  const msToTurn = (work: Work, place: number): number => {
    const { elapsedMs, totalMs } = timesOf(work, fineMs(clock))
    return totalMs + place * TURN_MS - elapsedMs
  }

  const putTogether = (work: Work): void => {
    if (work.running.has('synthesize')) return
    work.running.add('synthesize')
    run(async () => {
      try {
        if (await synthesize(work, deps)) work.syntheses++
        // The disk is full, or what it rested on was withdrawn meanwhile: it is tried again, after a pause.
        if (!isOver(work.attempt, self, counts)) await pause(work)
      } catch (error) {
        log.error('an answer could not be put together', { error })
        await pause(work)
      } finally {
        work.running.delete('synthesize')
        look(work)
      }
    })
  }

  /** Longer each time: what did not help will hardly help the next time. */
  const pause = ({ syntheses, controller }: Work): Promise<void> =>
    clock.sleep(RETRY_MS * 2 ** Math.min(syntheses, RETRY_DOUBLINGS), controller.signal)

  /** Looks again when time alone may change something. */
  const arm = (work: Work): void => {
    work.timer?.abort()
    const place = work.phase === 'synthesize' ? synthesizersOf(work.attempt, counts).indexOf(self) : -1
    // A turn that has come needs no waiting for.
    const turnMs = place > 0 && !isOnTurn(work) ? msToTurn(work, place) : Number.POSITIVE_INFINITY
    const dueMs = Math.min(
      work.phase === 'synthesize' ? turnMs : dueInMs(work, timesOf(work, fineMs(clock))),
      contributor.retryInMs(work),
      calling.dueInMs(work, fineMs(clock)),
    )
    const timer = new AbortController()
    work.timer = timer
    run(async () => {
      await clock.sleep(Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, Math.ceil(dueMs))), timer.signal)
      if (timer.signal.aborted || isStopped) return
      if (isAbandoned(work)) return leave(work)
      look(work)
    })
  }

  /** Of another's attempt that everybody has had his turn at, and that still has no answer. */
  const isAbandoned = (work: Work): boolean => {
    const order = synthesizersOf(work.attempt, counts)
    const askers = asksOf(work.attempt, counts)
    if (askers.some(({ author }) => author === self)) return false
    return msToTurn(work, Math.min(TURNS_MAX, order.length + 1)) <= 0
  }

  const leave = (work: Work): void => {
    if (!works.delete(work.attempt.id)) return
    if (work.asker !== null) foreign--
    else if (work.phase === 'done' && work.attempt.task) {
      const sealers = new Set<Did>()
      for (const { author } of sealsOf(work.attempt, 0, counts)) sealers.add(author)
      neighbourhood.heard(work.attempt.task.space, sealers, calling.ended(work))
    }
    work.timer?.abort()
    work.controller.abort()
  }

  /** Whether this spore has a part in an attempt that is open, and which. */
  const takeUp = (attempt: Attempt, standsInFor: Did | null = null): void => {
    const { task } = attempt
    if (!task || works.has(attempt.id)) return
    if (isOver(attempt, self, counts)) {
      reserve.drop(attempt.id)
      return
    }
    const asks = asksOf(attempt, counts)
    const [first] = asks
    const isOwn = asks.some(({ author }) => author === self)
    const isServed = (author: Did): boolean =>
      (author === standsInFor && !deps.shown.hides('context')?.(author, task.space)) ||
      neighbourhood.serves(author, task.space)
    const served = isOwn ? [] : asks.filter(({ author }) => isServed(author))
    if (!first || (!isOwn && served.length === 0 && !hasOwnPart(attempt))) return
    // Another's clock may say anything: it makes the time shorter, never longer.
    const arrived = (isOwn ? asks.find(({ author }) => author === self) : attempt.asks.find(counts)) ?? first
    const agoMs = Math.max(0, clock.now() - timeToMs(arrived.clock))
    const times = { elapsedMs: agoMs, totalMs: totalMsOf(attempt) }
    const isOpenTo = ({ author }: (typeof asks)[number]): boolean =>
      hasOwnPart(attempt) || calling.isCalledBy({ attempt }, author) || areSilent(attempt, times, counts)
    const asker = served.find(isOpenTo)?.author ?? null
    const most = (isOwn ? EFFORT_BOUNDS[task.effort].contributors : FOREIGN_CONTRIBUTORS) as number
    const families = asker || isOwn ? deps.families().slice(0, most) : []
    if (!isOwn && !asker && !hasOwnPart(attempt)) {
      const [servedFirst] = served
      if (servedFirst && deps.families().length > 0)
        reserve.watch(attempt, servedFirst.author, silentInMs(times))
      return
    }
    if (works.size >= OPEN_MAX || (!isOwn && foreign >= OPEN_FOREIGN_MAX)) return
    if (!isOwn && !hasOwnPart(attempt) && (families.length === 0 || agoMs >= times.totalMs)) return
    reserve.drop(attempt.id)
    const nowMs = fineMs(clock)
    const work = newWork(attempt, {
      families,
      asker: isOwn ? null : (asker ?? first.author),
      startMs: nowMs - agoMs,
      nowMs,
    })
    works.set(attempt.id, work)
    if (!isOwn) foreign++
    deps.onPhase(attempt, work)
    run(async () => {
      await contributor.recover(work)
      work.isRecovered = true
      look(work)
    })
  }

  const hasOwnPart = (attempt: Attempt): boolean => {
    for (const { author } of saidOf(attempt, attempt.seals, counts)) if (author === self) return true
    return false
  }

  book.onDropped((attempt) => {
    const work = works.get(attempt.id)
    if (work) leave(work)
    reserve.drop(attempt.id)
    evidence.drop(attempt.id)
  })

  return {
    start() {
      if (isStarted || isStopped) return
      isStarted = true
      for (const attempt of book.all()) takeUp(attempt)
    },
    touch(attempt) {
      if (!isStarted || isStopped) return
      const work = works.get(attempt.id)
      // Asked here as well, it is this operator's: with all of his models, and on his account.
      const isOwnNow =
        work && work.asker !== null && asksOf(attempt, counts).some(({ author }) => author === self)
      if (isOwnNow) leave(work)
      if (work && !isOwnNow) look(work)
      else takeUp(attempt)
    },
    review() {
      if (!isStarted || isStopped) return
      for (const work of [...works.values()]) look(work)
      for (const attempt of book.all()) if (attempt.isOwn) takeUp(attempt)
    },
    workOf: (attempt) => works.get(attempt.id) ?? null,
    callFor: calling.choose,
    wantedOf,
    isAlone: (task) => deps.families().length === 0 && neighbourhood.answerers(task.space).length === 0,
    get open() {
      return works.size
    },
    get isFull() {
      return works.size >= OPEN_MAX
    },
    ended(id) {
      const work = works.get(id)
      return new Promise((resolve) => {
        if (!work || work.controller.signal.aborted) resolve()
        else work.controller.signal.addEventListener('abort', () => resolve(), { once: true })
      })
    },
    async stop() {
      isStopped = true
      reserve.stop()
      for (const work of [...works.values()]) leave(work)
      while (jobs.size > 0) await Promise.all(jobs)
    },
  }
}

/** Doublings of the pause before an answer is put together again: ten minutes at most. */
const RETRY_DOUBLINGS = 7
/** Phases that one look passes through at most: all of eight rounds. */
const STEPS_MAX = 64
/** Milliseconds after which an open attempt is looked at whatever happens: a peer may be there or gone. */
const LOOK_MS_MAX = 30_000
/** And before which time alone is no reason to look again. */
const LOOK_MS_MIN = 20
