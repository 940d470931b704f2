/** Where a question is asked, judged and withdrawn: each is an entry of its own. */
import type { Did, Digest, SpaceId } from '../base/brand.ts'
import { bytesToDigest, digestToCid, sha256 } from '../base/hash.ts'
import type { Clock } from '../base/ports.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { LogState } from '../memory/log-table.ts'
import type { Memory } from '../memory/memory.ts'
import { retractDots } from '../memory/retraction.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { Writer } from '../memory/writer.ts'
import type { Hides, Shown } from '../moderation/shown.ts'
import type * as api from '../protocol/api.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { KINDS } from '../protocol/kinds.ts'
import { ATTEMPTS_MAX } from '../protocol/task-limits.ts'
import { encodeTask, type TaskPayload } from '../protocol/task-payloads.ts'
import { acceptedOf, statedAnswer } from './acceptance.ts'
import { asksOf, type Counts } from './attempt.ts'
import { type Ask, appendCall } from './calling.ts'
import type { Judgements } from './judgements.ts'
import type { Swarm } from './swarm.ts'
import { questionOf, type TaskBook } from './task-book.ts'
import { toTaskPayload } from './task-input.ts'
import type { Standing } from './task-view.ts'

type Answer<T> = Result<T, Failure>

export interface TaskDesk {
  /**
   * Failures SPACE_UNKNOWN and what else hinders writing there, TEXT_EMPTY, TEXT_ILL_FORMED, REQUEST_INVALID, TASK_FULL,
   * STORE_WRITE_FAILED.
   */
  submit(input: api.TaskInput): Promise<Answer<api.TaskAccepted>>
  /** The same for a question that was asked before. */
  ask(task: TaskPayload, isFresh: boolean, ask?: Ask): Promise<Answer<api.TaskAccepted>>
  /** Failures ID_INVALID, TASK_NOT_FOUND, TASK_OPEN, and what hinders writing. */
  resolve(id: string, input: api.ResolutionInput): Promise<Answer<api.TaskView>>
  /** Failures ID_INVALID, TASK_NOT_FOUND, TASK_DONE, TASK_FOREIGN, and what hinders writing. */
  cancel(id: string): Promise<Answer<api.TaskView>>
}

export interface TaskDeskDeps {
  readonly memory: Memory
  readonly writer: Writer
  readonly spaces: Spaces
  readonly clock: Clock
  readonly shown: Pick<Shown, 'hides'>
  readonly book: TaskBook
  readonly swarm: Swarm
  readonly counts: Counts
  /** Who is asked unless the caller says. */
  readonly usualAsk: Ask
  readonly judgements: Pick<Judgements, 'judge'>
  readonly find: (id: string, hides: Hides | undefined) => Answer<Standing>
  readonly standingAt: (id: Digest, hides: Hides | undefined) => Standing | null
  readonly get: (id: string) => Promise<Answer<api.TaskView>>
}

export function createTaskDesk(deps: TaskDeskDeps): TaskDesk {
  const { memory, writer, spaces, clock, shown, book, swarm, counts } = deps
  const { usualAsk, judgements, find, standingAt, get } = deps
  const { self } = memory

  const submit = async (input: api.TaskInput): Promise<Answer<api.TaskAccepted>> => {
    const space = spaces.resolveWritable(input.space)
    if (!space.ok) return space
    const asked = toTaskPayload(input, space.value, clock.now())
    return asked.ok ? ask(asked.value, input.fresh === true, input.ask) : asked
  }

  const ask: TaskDesk['ask'] = async (asked, isFresh, whom = usualAsk) => {
    const task = attemptFor(asked, isFresh)
    const payload = encodeTask(task)
    const id = bytesToDigest(sha256(payload))
    const before = book.attempt(id)
    const isAsked = before && asksOf(before, counts).some(({ author }) => author === self)
    if (!isAsked && swarm.isFull)
      return err(failure('TASK_FULL', 'too many tasks are open; wait for some to end'))
    swarm.start()
    // The task stands before it is answered: if the process dies in between, the question is not lost.
    const called = isAsked ? [] : swarm.callFor(task, id, whom)
    const written = await append(task.space, id, payload, called)
    if (!written.ok) return written
    // Where nobody else can answer, it is answered in the time of a search: who asked needs not ask again.
    if (swarm.isAlone(task)) await swarm.ended(id)
    const standing = standingAt(id, undefined)
    const question = digestToCid(questionOf(task, id))
    return ok({ task_id: question, status: standing?.status ?? 'open' })
  }

  /** The attempt that is to be asked: one that is open or well answered stands; behind one that is not there is another. */
  const attemptFor = (task: TaskPayload, isFresh: boolean): TaskPayload => {
    for (let attempt = 0; ; attempt++) {
      const next = { ...task, attempt }
      const known = book.attempt(bytesToDigest(sha256(encodeTask(next))))
      const accepted = known && acceptedOf(known, counts)
      const isWell = accepted?.collapse && !accepted.noted.payload.degraded.includes('no-model')
      if (!accepted || (isWell && !isFresh) || attempt === ATTEMPTS_MAX) return next
    }
  }

  /** Asks, unless this spore does already. Whoever has the task has the call: it comes before it. */
  const append = (
    space: SpaceId,
    id: Digest,
    payload: Uint8Array,
    called: readonly Did[],
  ): Promise<Answer<void>> =>
    writer.write((draft) => {
      if (draft.appends(space, KINDS.task, id) || memory.ownDots(KINDS.task, id).length > 0) return
      if (called.length > 0) appendCall(draft, space, { task: id, called })
      draft.append({ space, kind: KINDS.task, payload, references: [] })
    })

  const resolve = async (id: string, input: api.ResolutionInput): Promise<Answer<api.TaskView>> => {
    const found = find(id, shown.hides('id'))
    if (!found.ok) return found
    const { attempt, accepted, task } = found.value
    if (!accepted?.collapse) return err(failure('TASK_OPEN', id))
    const writable = spaces.resolveWritable(spaces.nameOf(task.space))
    if (!writable.ok) return writable
    const { verdict, correction = null } = input
    const answer = statedAnswer(accepted) ?? ''
    const resolution = { task: attempt.id, verdict, answer, correction }
    const written = await judgements.judge(attempt, accepted, resolution)
    return written.ok ? get(id) : written
  }

  const cancel = async (id: string): Promise<Answer<api.TaskView>> => {
    const found = find(id, shown.hides('id'))
    if (!found.ok) return found
    const { attempt, accepted, asks, status } = found.value
    if (accepted || status === 'cancelled') return err(failure('TASK_DONE', id))
    const own = memory.ownDots(KINDS.task, attempt.id)
    if (own.length === 0)
      return err(failure('TASK_FOREIGN', `asked by ${asks.map(({ author }) => author).join(', ')}`))
    // Asked once more, others may be called.
    const calls = [...attempt.calls.values()].filter((one) => one.author === self && counts(one))
    const written = await writer.write((draft) =>
      retractDots(draft, [...own, ...calls], (logId) => memory.logs.get(logId) as LogState),
    )
    return written.ok ? get(id) : written
  }

  return { submit, ask, resolve, cancel }
}
