/**
 * Tasks: questions put to the swarm, and what came of them. This is the desk at which they are asked, read, judged and withdrawn; what is
 * known of them is in the book (`task-book.ts`), and who works on them is the swarm (`swarm.ts`).
 */
import type { Did, Digest } from '../base/brand.ts'
import { cidToDigest } from '../base/hash.ts'
import type { Clock, Log, Random } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Change } from '../memory/change.ts'
import { timeToMs } from '../memory/clock.ts'
import type { Library } from '../memory/library.ts'
import type { Memory } from '../memory/memory.ts'
import { removedDots } from '../memory/retraction.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { Hides, Shown } from '../moderation/shown.ts'
import type * as api from '../protocol/api.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { KINDS } from '../protocol/kinds.ts'
import type { Recall } from '../retrieval/recall.ts'
import type { Trust } from '../trust/trust-contract.ts'
import { createAggregationParams } from './aggregation-params.ts'
import { type Attempt, authorsOf, type Counts } from './attempt.ts'
import { BACKLOG_MS_MAX, createBacklog } from './backlog.ts'
import { type Ask, createCalling } from './calling.ts'
import { createClaimSimilarity } from './claim-similarity.ts'
import { createEvidenceBook, type EvidenceBook, resolutionOf } from './evidence-book.ts'
import { createJudgements } from './judgements.ts'
import { createLastResort } from './last-resort.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import { createPastAnswers } from './past-answers.ts'
import { createQuoteCheck } from './quote-check.ts'
import { createReasoner } from './reasoner.ts'
import { createRecollection } from './recollection.ts'
import type { ModelRouter } from './routing.ts'
import { createSimilarTasks, SIMILAR_WINDOW } from './similar-tasks.ts'
import { createSwarm, type Swarm } from './swarm.ts'
import type { QuantumParams } from './synthesis/quantum-params.ts'
import { createTaskBook } from './task-book.ts'
import { createTaskDesk } from './task-desk.ts'
import { createTaskEvents } from './task-events.ts'
import { createTaskFigures, type TaskFigures } from './task-figures.ts'
import { createTaskIndex } from './task-index.ts'
import { createTaskLists } from './task-lists.ts'
import { newsOf } from './task-news.ts'
import { createTaskPages } from './task-pages.ts'
import { createTaskViews, type Standing, standingOf } from './task-view.ts'
import { createThinker } from './thinker.ts'
import { whoseWords } from './whose-words.ts'

type Answer<T> = Result<T, Failure>

export interface Tasks extends TaskFigures {
  /** Follows the change feed. `isCut`: entries were cut off by a fork, or by who belongs to a space. */
  follow(changes: readonly Change[], purged?: readonly Digest[], isCut?: boolean): void
  /** What can be read can be read, once the store is replayed. */
  open(): void
  /** Takes up what is open: once peers had the chance to say what became of it, or something is asked here. */
  begin(): void
  stop(): Promise<void>
  submit(input: api.TaskInput): Promise<Answer<api.TaskAccepted>>
  get(id: string): Promise<Answer<api.TaskView>>
  page(query: api.TaskPageQuery): Promise<Answer<api.TaskPage>>
  answers(query: api.AnswerPageQuery): Promise<Answer<api.AnswerPage>>
  resolve(id: string, input: api.ResolutionInput): Promise<Answer<api.TaskView>>
  cancel(id: string): Promise<Answer<api.TaskView>>
  events(id: string, signal: AbortSignal): Promise<Answer<AsyncIterable<api.TaskEvent>>>
  readonly count: number
}

export interface TasksDeps {
  readonly memory: Memory
  readonly library: Library
  readonly recall: Recall
  readonly writer: Writer
  readonly store: Pick<MemoryStore, 'value'>
  readonly spaces: Spaces
  readonly shown: Pick<Shown, 'hides'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly neighbourhood: Neighbourhood
  /** Who is nobody in particular here: no model reads his words (`retrieval/strangers.ts`). */
  readonly isQuarantined: (author: Did) => boolean
  /** Who is asked to answer own tasks, unless the caller says. */
  readonly ask: Ask
  readonly trust: Trust
  /** Null where no model is configured. */
  readonly router: ModelRouter | null
  /** The quantum-inspired layer, and how memories decohere in retrieval. */
  readonly quantum: QuantumParams
  readonly decoherence: api.Quantum['decoherence']
}

export function createTasks(deps: TasksDeps): Tasks {
  const { memory, library, recall, writer, spaces, shown, clock, neighbourhood } = deps
  const { isQuarantined, router, quantum, trust } = deps
  const self: Did = memory.self
  const counts: Counts = ({ logId, seq }) => memory.isVisibleDot({ logId, seq })
  const params = createAggregationParams()
  const similarity = createClaimSimilarity()
  const judging = { self, counts, params, similarity, quantum }
  const book = createTaskBook(self)
  const index = createTaskIndex()
  const events = createTaskEvents()
  const evidence: EvidenceBook = createEvidenceBook({
    self,
    counts,
    params,
    quantum,
    isTrusted: neighbourhood.isTrusted,
    trust,
  })
  const judgements = createJudgements({ ...deps, counts })
  const quotes = createQuoteCheck({ library, spaces, self, isQuarantined })
  const similar = createSimilarTasks()
  const pastAnswers = createPastAnswers((id) => {
    const attempt = book.attempt(id)
    return attempt !== undefined && resolutionOf(attempt, self, counts)?.payload.verdict === 'right'
  })
  const recollection = createRecollection({
    recall,
    pastAnswers,
    similarTasks: (text, of, isLeftOut) => similar.query(text, of, undefined, isLeftOut),
    isQuarantined,
    self,
  })
  const reasoner = router && createReasoner({ router })
  const thinker = reasoner && createThinker({ ...deps, self, reasoner, recollection, evidence, quotes })
  const families = (): string[] => [...new Set(router?.view().map(({ family }) => family))]
  const swarm: Swarm = createSwarm({
    ...deps,
    ...judging,
    isDenied: memory.isDenied,
    calling: createCalling({ ...deps, ...judging, families }),
    book,
    evidence,
    quotes,
    thinker,
    families,
    extract: createLastResort({ recall, spaces }),
    onPhase({ question }, { phase, round }) {
      if (phase !== 'done') events.tell(question, { type: 'phase', phase, round })
    },
  })
  const viewDeps = {
    ...judging,
    library,
    spaces,
    shown,
    evidence,
    nowMs: () => clock.now(),
    workOf: swarm.workOf,
    answerers: neighbourhood.answerers,
  }
  const view = createTaskViews(viewDeps)
  let isReplayed = false

  // --- What is shown of a question ---

  /** The latest attempt that this spore asked, else the latest that anybody did. */
  const standingAt = (id: Digest, hides: Hides | undefined): Standing | null => {
    let shownOne: Standing | null = null
    for (const attempt of book.attemptsAt(id)) {
      const standing = standingOf(attempt, hides, viewDeps)
      if (!standing) continue
      const isOwn = standing.asks.some(({ author }) => author === self)
      const wasOwn = shownOne?.asks.some(({ author }) => author === self) === true
      if (!shownOne || isOwn || !wasOwn) shownOne = standing
    }
    return shownOne
  }

  const reindex = (question: Digest): void => {
    const standing = standingAt(question, undefined)
    index.set(
      question,
      standing && {
        space: standing.task.space,
        status: standing.status,
        askedAt: standing.asks[0]?.clock ?? 0,
        answeredAt: standing.accepted?.noted.clock ?? null,
        authors: [...new Set(book.attemptsAt(question).flatMap((attempt) => [...authorsOf(attempt)]))],
      },
    )
    if (standing?.accepted) pastAnswers.note(standing.accepted.noted.element, standing.attempt.id)
    if (!isReplayed) return
    learn(question, standing)
    wait(question, standing)
  }

  /** What is asked next may be like it. */
  const learn = (question: Digest, standing: Standing | null): void => {
    const { accepted, task } = standing ?? {}
    if (!router) return
    if (!task || !accepted?.collapse || accepted.noted.payload.degraded.includes('no-model')) {
      similar.remove(question)
      return
    }
    const { answer, outcome } = accepted.noted.payload
    const verdict = resolutionOf((standing as Standing).attempt, self, counts)?.payload
    similar.add({
      id: question,
      space: task.space,
      text: task.text,
      answer: verdict?.correction ?? answer ?? outcome.text ?? '',
      verdict: verdict?.verdict ?? null,
      authors: whoseWords((standing as Standing).asks, accepted, self),
    })
  }

  /** Own models were down when it ended: it is asked again once they are back. */
  const wait = (question: Digest, standing: Standing | null): void => {
    const said = standing?.accepted?.noted
    const isOwn = said?.author === self && said.payload.degraded.includes('no-model')
    backlog?.note(question, isOwn && said.payload.degraded.some((reason) => MAY_PASS.test(reason)))
  }

  /** Fails with TASK_NOT_FOUND where nobody who may be seen asked it. */
  const find = (id: string, hides: Hides | undefined): Answer<Standing> => {
    const digest = cidToDigest(id)
    if (!digest) return err(failure('ID_INVALID', 'a task id'))
    const standing = standingAt(digest, hides)
    return standing ? ok(standing) : err(failure('TASK_NOT_FOUND', id))
  }

  const get = async (id: string): Promise<Answer<api.TaskView>> => {
    const hides = shown.hides('id')
    const found = find(id, hides)
    return found.ok ? ok(await view(found.value, hides)) : found
  }

  // --- Following ---

  const noteChange = (change: Change, touched: Set<Attempt>): void => {
    const attempt = book.note(change)
    if (!attempt) return
    touched.add(attempt)
    if (change.kind === KINDS.resolution && change.author === self) evidence.note(attempt)
    if (!isReplayed || !events.isFollowed(attempt.question)) return
    for (const event of newsOf(attempt, change, counts)) events.tell(attempt.question, event)
  }

  /** Tells those who follow a question that it has come to its end. */
  const tellEnd = (question: Digest): void => {
    if (!events.isFollowed(question)) return
    const hides = shown.hides('id')
    const standing = standingAt(question, hides)
    if (standing && standing.status !== 'open')
      void view(standing, hides).then((task) => events.tell(question, { type: 'done', task }))
  }

  const settle = (touched: Iterable<Attempt>): void => {
    for (const attempt of touched) {
      reindex(attempt.question)
      swarm.touch(attempt)
      tellEnd(attempt.question)
    }
  }

  const follow: Tasks['follow'] = (changes, purged = [], isCut = false) => {
    const touched = new Set<Attempt>()
    const removals: Change[] = []
    for (const change of changes) {
      memory.quarantine.guard('tasks', change, undefined, () => noteChange(change, touched))
      if (change.kind === KINDS.retract || change.kind === KINDS.checkpoint) removals.push(change)
    }
    if (purged.length > 0) forget(new Set(purged))
    if (!isReplayed) return
    settle(touched)
    // What rested on what was taken back may be open again.
    for (const removal of removals) settle(removedBy(removal))
    if (!isCut) return
    settle([...book.all()])
    swarm.review()
  }

  const forget = (purged: ReadonlySet<Digest>): void => {
    const touched = book.forget(purged)
    for (const attempt of touched) {
      if (book.attempt(attempt.id)) evidence.note(attempt)
      if (isReplayed) reindex(attempt.question)
    }
  }

  /** The attempts that a retraction or a checkpoint takes something from. */
  const removedBy = (removal: Change): Set<Attempt> => {
    const touched = new Set<Attempt>()
    const log = memory.logs.get(removal.logId)
    if (!log) return touched
    for (const { logId, ranges } of removedDots(removal, log.row)) {
      const entries = book.entriesIn(logId)
      for (const [from, to] of ranges)
        for (let seq = from; entries.size > 0 && seq <= to; seq++) {
          const attempt = entries.get(seq)
          if (attempt) touched.add(attempt)
        }
    }
    return touched
  }

  book.onDropped(({ question }) => isReplayed && reindex(question))

  const desk = createTaskDesk({
    memory,
    writer,
    spaces,
    clock,
    shown,
    book,
    swarm,
    counts,
    usualAsk: deps.ask,
    judgements,
    find,
    standingAt,
    get,
  })

  // --- What models that were down left open ---

  const backlog =
    router &&
    createBacklog({
      clock,
      log: deps.log,
      router,
      async askAgain(question) {
        const standing = standingAt(question, undefined)
        if (standing) await desk.ask({ ...standing.task, attempt: 0 }, false)
      },
    })

  // --- Pages ---

  const pages = createTaskPages({ index, spaces, standingAt })
  const lists = createTaskLists({ pages, index, shown, view })
  const figures = createTaskFigures({ ...viewDeps, ...deps, find, pages, index, swarm, view })

  return {
    follow,
    open() {
      for (const question of new Set([...book.all()].map((attempt) => attempt.question))) reindex(question)
      isReplayed = true
      if (!router) return
      const newest = [...index.answered.descend()].slice(0, SIMILAR_WINDOW)
      for (const { key } of newest.reverse()) learn(key, standingAt(key, undefined))
      for (const { key, rank } of index.asked.descend()) {
        if (clock.now() - timeToMs(rank) > BACKLOG_MS_MAX) break
        wait(key, standingAt(key, undefined))
      }
    },
    begin() {
      swarm.start()
      // Of a store that was judged in before there was evidence.
      judgements
        .catchUp(evidence.judged())
        .catch((error: unknown) =>
          deps.log.error('earlier verdicts could not be counted', { error: String(error) }),
        )
    },
    async stop() {
      await backlog?.stop()
      await swarm.stop()
      await judgements.stop()
    },
    submit: desk.submit,
    get,
    ...lists,
    ...figures,
    resolve: desk.resolve,
    cancel: desk.cancel,
    async events(id, signal) {
      const hides = shown.hides('id')
      const found = find(id, hides)
      if (!found.ok) return found
      const task = await view(found.value, hides)
      const { question } = found.value.attempt
      const stream = events.follow(question, { type: 'task', task }, signal)
      if (task.status !== 'open') events.tell(question, { type: 'done', task })
      return ok(stream)
    },
    get count() {
      return index.asked.size
    },
  }
}

/** Failures of models that pass with time. */
const MAY_PASS = /^model-failed MODEL_(?:FAILED|TIMEOUT|BUSY|REPLY_UNUSABLE)$/
