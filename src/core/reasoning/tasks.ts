/**
 * Tasks: questions put to the swarm, and what came of them. The task book is a fold over the change feed; asking writes
 * a task, a contribution and a synthesis, each an entry of its own.
 *
 * The only model for now is the built-in extractive reasoner; every answer it gives is marked degraded.
 */
import type { Digest, SpaceId } from '../base/brand.ts'
import { bytesToDigest, cidToDigest, digestToCid, sha256 } from '../base/hash.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Change } from '../memory/change.ts'
import { timeToIso } from '../memory/clock.ts'
import type { Library } from '../memory/library.ts'
import type { Memory } from '../memory/memory.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { Writer } from '../memory/writer.ts'
import type { Hides, Shown } from '../moderation/shown.ts'
import type * as api from '../protocol/api.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { KINDS } from '../protocol/kinds.ts'
import {
  type ContributionPayload,
  decodeContribution,
  decodeSynthesis,
  decodeTask,
  encodeContribution,
  encodeSynthesis,
  encodeTask,
  type Outcome,
  type SynthesisPayload,
  type TaskPayload,
} from '../protocol/task-payloads.ts'
import { createAnalyser } from '../retrieval/analysis.ts'
import type { Recall } from '../retrieval/recall.ts'
import { extractAnswer } from './extractive.ts'

type Answer<T> = Result<T, Failure>

export interface Tasks {
  /** Follows the change feed. */
  follow(changes: readonly Change[], purged?: readonly Digest[]): void
  submit(input: api.TaskInput): Promise<Answer<api.TaskAccepted>>
  get(id: string): Promise<Answer<api.TaskView>>
  page(query: api.TaskPageQuery): Promise<Answer<api.TaskPage>>
  answers(query: api.AnswerPageQuery): Promise<Answer<api.AnswerPage>>
  convergence(query: api.ConvergenceQuery): Promise<Answer<api.Convergence>>
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
  readonly spaces: Spaces
  readonly shown: Pick<Shown, 'hides'>
}

/** An entry about a task, with its decoded payload. */
interface Noted<Payload> {
  readonly change: Change
  readonly payload: Payload
}

interface TaskRecord {
  readonly id: Digest
  /** This spore asked, or answered. */
  isOwn: boolean
  /** Payload bytes that are kept of it. */
  bytes: number
  /** Null while only contributions to it have arrived. */
  asked: Noted<TaskPayload> | null
  /** The same by this spore’s own author, who may have asked later than one who is hidden here. */
  askedHere: Noted<TaskPayload> | null
  readonly contributions: Map<Digest, Noted<ContributionPayload>>
  readonly syntheses: Map<Digest, Noted<SynthesisPayload>>
}

/** What a contribution of the built-in reasoner names as its model. */
const EXTRACTIVE_MODEL = 'extractive'
/** Passages that the reasoner reads. */
const PASSAGES = 12
/** Entries kept about one task; more are stored but not shown. */
const RECORDS_PER_TASK_MAX = 256
/** Bytes of what others say about one task: 16 answers of the longest, or thousands of the usual. */
export const TASK_BYTES_MAX = 1024 * 1024
/** Tasks of others that are shown, and bytes of their payloads in memory; ~6 KiB a task. */
export const FOREIGN_TASKS_MAX = 10_000
export const FOREIGN_TASK_BYTES_MAX = 64 * 1024 * 1024
const DEGRADED = ['no model: sentences quoted from memories by the built-in extractive reasoner']

export function createTasks({ memory, library, recall, writer, spaces, shown }: TasksDeps): Tasks {
  /** The oldest first. */
  const records = new Map<Digest, TaskRecord>()
  let foreignRecords = 0
  let foreignBytes = 0
  const analyser = createAnalyser()

  const recordOf = (id: Digest): TaskRecord => {
    const known = records.get(id)
    if (known) return known
    const [contributions, syntheses] = [new Map(), new Map()]
    const asked = { asked: null, askedHere: null }
    const record: TaskRecord = { id, isOwn: false, bytes: 0, ...asked, contributions, syntheses }
    records.set(id, record)
    foreignRecords++
    return record
  }

  const countForeign = (record: TaskRecord, sign: 1 | -1): void => {
    if (record.isOwn) return
    foreignRecords += sign
    foreignBytes += sign * record.bytes
  }

  const drop = (record: TaskRecord): void => {
    records.delete(record.id)
    countForeign(record, -1)
  }

  /** Counts what a record keeps; where others’ are too many, their oldest go: they stay stored, and are no longer shown. */
  const grow = (record: TaskRecord, { author, payload }: Change): void => {
    countForeign(record, -1)
    record.bytes += payload?.length ?? 0
    record.isOwn ||= author === memory.self
    countForeign(record, 1)
    for (const oldest of records.values()) {
      if (foreignRecords <= FOREIGN_TASKS_MAX && foreignBytes <= FOREIGN_TASK_BYTES_MAX) return
      if (!oldest.isOwn) drop(oldest)
    }
  }

  const note = (change: Change): void => {
    if (!change.payload) return
    if (change.kind === KINDS.task) {
      const payload = decodeTask(change.payload)
      if (!payload || payload.space !== change.space) return
      const record = recordOf(change.element)
      grow(record, change)
      // Asked by several: the one who asked first is the asker, on every spore.
      if (!record.asked || change.clock < record.asked.change.clock) record.asked = { change, payload }
      if (change.author === memory.self) record.askedHere ??= { change, payload }
    } else if (change.kind === KINDS.contribution) {
      const payload = decodeContribution(change.payload)
      if (payload?.seal === null) keep(recordOf(payload.task), 'contributions', change, payload)
    } else if (change.kind === KINDS.synthesis) {
      const payload = decodeSynthesis(change.payload)
      if (payload) keep(recordOf(payload.task), 'syntheses', change, payload)
    }
  }

  /** Drops what is kept of purged elements. */
  const forget = (purged: ReadonlySet<Digest>): void => {
    for (const record of records.values()) {
      if (purged.has(record.id)) drop(record)
      for (const kept of [record.contributions, record.syntheses])
        for (const id of kept.keys()) if (purged.has(id)) kept.delete(id)
    }
  }

  const answer = async (text: string, space: SpaceId): Promise<Outcome> => {
    const found = await recall.recall(text, { spaces: spaces.readableFrom(space) }, PASSAGES)
    const weights = recall.stemWeights(text)
    const extracted = extractAnswer(
      text,
      found.map(({ hit, memory: { id, payload } }) => ({
        id,
        text: payload.text,
        author: hit.provenance.author,
        score: hit.score,
        thread: payload.thread,
        position: payload.position,
      })),
      { analyser, weightOf: (stem) => weights.get(stem) ?? 1 },
    )
    if ('nothing' in extracted) return { text: null, quotes: [], failure: extracted.nothing }
    const quotes = extracted.sources.map(({ id, quote }) => ({ memory: id as Digest, text: quote }))
    return { text: extracted.answer, quotes, failure: null }
  }

  const submit = async (input: api.TaskInput): Promise<Answer<api.TaskAccepted>> => {
    const text = input.task.trim()
    if (text === '') return err(failure('TEXT_EMPTY', 'there is no question'))
    if (!text.isWellFormed()) return err(failure('TEXT_ILL_FORMED', 'the question holds a lone surrogate'))
    const space = spaces.resolveWritable(input.space)
    if (!space.ok) return space
    const task = encodeTask({ text, space: space.value })
    const id = bytesToDigest(sha256(task))
    // The task stands before it is answered: if the process dies in between, the question is not lost.
    const asked = await append(space.value, KINDS.task, task, [])
    if (!asked.ok) return asked
    const outcome = await answer(text, space.value)
    const written = await writeOutcome(id, space.value, outcome)
    if (!written.ok) return written
    return ok({ task_id: digestToCid(id), status: outcome.failure === null ? 'converged' : 'failed' })
  }

  const writeOutcome = (task: Digest, space: SpaceId, outcome: Outcome): Promise<Answer<void>> => {
    const cited = [...new Set(outcome.quotes.map(({ memory: id }) => id))]
    const contribution = encodeContribution({ task, model: EXTRACTIVE_MODEL, outcome })
    const contributionId = bytesToDigest(sha256(contribution))
    const synthesis = encodeSynthesis({ task, contributions: [contributionId], outcome })
    return writer.write((draft) => {
      // The newest answer counts, so an answer that was given before is given again, by a new entry.
      draft.append({ space, kind: KINDS.contribution, payload: contribution, references: [task, ...cited] })
      draft.append({
        space,
        kind: KINDS.synthesis,
        payload: synthesis,
        references: [task, contributionId, ...cited],
      })
    })
  }

  /** Appends an element unless an own dot carries it in this space. */
  const append = (
    space: SpaceId,
    kind: number,
    payload: Uint8Array,
    references: readonly Digest[],
  ): Promise<Answer<void>> => {
    const element = bytesToDigest(sha256(payload))
    return writer.write((draft) => {
      if (draft.appends(space, kind, element) || memory.ownDots(kind, element).length > 0) return
      draft.append({ space, kind, payload, references })
    })
  }

  const get = async (id: string): Promise<Answer<api.TaskView>> => {
    const digest = cidToDigest(id)
    if (!digest) return err(failure('ID_INVALID', 'a task id'))
    const record = records.get(digest)
    const hides = shown.hides('id')
    const asked = record && askedOf(record, hides)
    return asked ? ok(await view(record, asked, hides)) : err(failure('TASK_NOT_FOUND', id))
  }

  const view = async (
    record: TaskRecord,
    asked: Noted<TaskPayload>,
    hides: Hides | undefined,
  ): Promise<api.TaskView> => {
    const synthesis = chosenSynthesis(record, asked, hides)
    const outcome = synthesis?.payload.outcome ?? null
    return {
      task_id: digestToCid(record.id),
      task: asked.payload.text,
      space: spaces.nameOf(asked.payload.space),
      author: asked.change.author,
      status: statusOf(outcome),
      answer: outcome?.text ?? null,
      reason: outcome?.failure ?? null,
      sources: await sourcesOf(outcome, asked.payload.space, hides),
      degraded: outcome !== null,
      degradedBecause: outcome ? DEGRADED : [],
      contributions: [...record.contributions.values()]
        .filter(({ change }) => !hides?.(change.author))
        .sort(byTime)
        .map(toContribution),
      createdAt: timeToIso(asked.change.clock),
      answeredAt: synthesis ? timeToIso(synthesis.change.clock) : null,
      askers: [asked.change.author],
      effort: asked.payload.effort,
      choices: [...asked.payload.choices],
      attempt: asked.payload.attempt,
      phase: outcome ? 'done' : 'diverge',
      round: 0,
      settlement: null,
      agreement: [],
      missing: [],
      seals: 0,
      reviews: [],
      resolution: null,
      deadlineAt: timeToIso(asked.change.clock),
    }
  }

  /** Who said what is quoted, as far as the task's space may know and the operator lets be seen. */
  const sourcesOf = async (
    outcome: Outcome | null,
    space: SpaceId,
    hides: Hides | undefined,
  ): Promise<api.Source[]> => {
    const quotes = outcome?.quotes ?? []
    const memories = await library.read(quotes.map(({ memory: id }) => id))
    const readable = spaces.readableFrom(space)
    const isUnfit = shown.hides('context')
    const authorOf = (dots: readonly Change[]): string | null => {
      const known = dots.filter((dot) => readable.has(dot.space) && !hides?.(dot.author))
      // The earliest by whom the answer may have it; of an answer from elsewhere, who is kept at a distance here.
      return (known.find(({ author }) => !isUnfit?.(author)) ?? known[0])?.author ?? null
    }
    return quotes.map(({ memory: id, text }, i) => ({
      id: digestToCid(id),
      quote: text,
      author: authorOf(memories[i]?.dots ?? []),
      thread: memories[i]?.payload.thread ?? null,
      position: memories[i]?.payload.position ?? null,
    }))
  }

  return {
    follow: (changes, purged = []) => {
      for (const change of changes) memory.quarantine.guard('tasks', change, undefined, () => note(change))
      if (purged.length > 0) forget(new Set(purged))
    },
    submit,
    get,
    async page({ limit, cursor, status, space }) {
      const resolved = space === undefined ? ok(undefined) : spaces.resolve(space)
      if (!resolved.ok) return resolved
      const offset = cursor === undefined ? 0 : Number(cursor)
      if (!Number.isSafeInteger(offset) || offset < 0)
        return err(failure('CURSOR_INVALID', 'a cursor of tasks'))
      const hides = shown.hides('list')
      const matching = [...records.values()]
        .flatMap((record) => {
          const asked = askedOf(record, hides)
          return asked ? [{ record, asked }] : []
        })
        .filter(({ asked }) => resolved.value === undefined || asked.payload.space === resolved.value)
        .filter(
          ({ record, asked }) =>
            !status || statusOf(chosenSynthesis(record, asked, hides)?.payload.outcome ?? null) === status,
        )
        .sort((a, b) => byTime(b.asked, a.asked))
      const tasks = await Promise.all(
        matching.slice(offset, offset + limit).map(({ record, asked }) => view(record, asked, hides)),
      )
      const next = offset + limit
      return ok({ tasks, total: matching.length, cursor: next < matching.length ? String(next) : null })
    },
    async answers() {
      return ok({ answers: [], total: 0, cursor: null })
    },
    async convergence() {
      return ok({ tasks: [], open: 0 })
    },
    async resolve(id) {
      return err(failure('TASK_OPEN', id))
    },
    async cancel(id) {
      return err(failure('TASK_DONE', id))
    },
    async events(id) {
      const task = await get(id)
      if (!task.ok) return task
      return ok(
        (async function* () {
          yield { type: 'task', task: task.value } as const
          yield { type: 'done', task: task.value } as const
        })(),
      )
    },
    get count() {
      let count = 0
      for (const { asked } of records.values()) if (asked) count++
      return count
    },
  }

  function keep<Part extends 'contributions' | 'syntheses'>(
    record: TaskRecord,
    part: Part,
    change: Change,
    payload: Part extends 'contributions' ? ContributionPayload : SynthesisPayload,
  ): void {
    const into = record[part] as Map<Digest, Noted<typeof payload>>
    // The newest entry of the same element counts: it says when the answer was last given.
    const known = into.get(change.element)
    const isTooMuch = record.bytes + (change.payload?.length ?? 0) > TASK_BYTES_MAX
    if (!known && (into.size >= RECORDS_PER_TASK_MAX || (isTooMuch && change.author !== memory.self))) return
    if (!known) grow(record, change)
    // Whoever repeats what was said here does not take its place: he may be hidden one day.
    if (known?.change.author === memory.self && change.author !== memory.self) return
    if (!known || known.change.clock < change.clock) into.set(change.element, { change, payload })
  }

  /** *The* answer is the asker's newest synthesis; anybody else's counts only while the asker has given none. */
  function chosenSynthesis(
    record: TaskRecord,
    asked: Noted<TaskPayload>,
    hides: Hides | undefined,
  ): Noted<SynthesisPayload> | null {
    const newestFirst = [...record.syntheses.values()]
      .filter(({ change }) => !hides?.(change.author))
      .sort((a, b) => byTime(b, a))
    return newestFirst.find(({ change }) => change.author === asked.change.author) ?? newestFirst[0] ?? null
  }
}

/** Who asked, as far as he may be seen; null where nobody did. */
function askedOf({ asked, askedHere }: TaskRecord, hides: Hides | undefined): Noted<TaskPayload> | null {
  return asked && hides?.(asked.change.author) ? askedHere : asked
}

const statusOf = (outcome: Outcome | null): api.TaskStatus =>
  outcome === null ? 'open' : outcome.failure === null ? 'converged' : 'failed'

const byTime = (a: { readonly change: Change }, b: { readonly change: Change }): number =>
  a.change.clock - b.change.clock || (a.change.element < b.change.element ? -1 : 1)

const toContribution = ({ change, payload }: Noted<ContributionPayload>): api.Contribution => ({
  id: digestToCid(change.element),
  author: change.author,
  model: payload.model,
  text: payload.outcome.text,
  failure: payload.outcome.failure,
  sources: [...new Set(payload.outcome.quotes.map(({ memory }) => digestToCid(memory)))],
  createdAt: timeToIso(change.clock),
  family: payload.family,
  role: payload.role,
  round: payload.round,
  others: [],
  confidence: null,
  reason: payload.reason,
  wasSealed: false,
})
