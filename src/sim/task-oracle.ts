/**
 * What must have come of each task, from the stored entries of one spore alone: read and computed here a second time, by the rules of
 * PROTOCOL.md §10 and without the engine's own book, acceptance or sums.
 */
import { createHash } from 'node:crypto'
import type { Did, Digest, HybridTime } from '../core/base/brand.ts'
import { compareText } from '../core/base/bytes.ts'
import { bytesToDigest, digestToBytes, sha256 } from '../core/base/hash.ts'
import { publicKeyToDid } from '../core/identity/keys.ts'
import { KINDS } from '../core/protocol/kinds.ts'
import {
  type ContributionPayload,
  decodeContribution,
  decodeReview,
  decodeSynthesis,
  decodeTask,
  encodeTask,
  type ReviewPayload,
  type SealPayload,
  type SynthesisPayload,
  type TaskPayload,
} from '../core/protocol/task-payloads.ts'
import { createClassifier } from '../core/reasoning/answer-classes.ts'
import { sharesOf } from '../core/reasoning/synthesis/superposition.ts'
import type { Audit, AuditedEntry, AuditedLog } from './audit.ts'
import { dotsRemovedBy } from './oracle.ts'

/** Something said about a task that counts: below the fork point of its log, and not withdrawn. */
export interface Stated<Payload> {
  readonly author: Did
  readonly space: string
  readonly clock: HybridTime
  readonly element: Digest
  readonly payload: Payload
}

export interface OracleTask {
  readonly id: Digest
  /** Null where only what was said about it is held. */
  readonly task: TaskPayload | null
  /** The first attempt at the same question. */
  readonly question: Digest
  /** Each asker once, the first one first; none where all have withdrawn. */
  readonly asks: readonly Stated<TaskPayload>[]
  readonly seals: readonly Stated<SealPayload>[]
  readonly contributions: readonly Stated<ContributionPayload>[]
  readonly reviews: readonly Stated<ReviewPayload>[]
  readonly syntheses: readonly Stated<SynthesisPayload>[]
  readonly accepted: Stated<SynthesisPayload> | null
}

interface Draft {
  task: TaskPayload | null
  readonly asks: Stated<TaskPayload>[]
  readonly seals: Stated<SealPayload>[]
  readonly contributions: Stated<ContributionPayload>[]
  readonly reviews: Stated<ReviewPayload>[]
  readonly syntheses: Stated<SynthesisPayload>[]
}

export function tasksOf(audit: Audit): OracleTask[] {
  const drafts = new Map<Digest, Draft>()
  const at = (id: Digest): Draft => {
    const draft = drafts.get(id) ?? newDraft()
    drafts.set(id, draft)
    return draft
  }
  const removed = new Set<string>()
  const valid: { log: AuditedLog; entry: AuditedEntry }[] = []
  for (const log of audit.logs())
    for (const entry of log.entries.slice(0, log.forkPoint)) {
      if (!entry) continue
      valid.push({ log, entry })
      for (const dot of dotsRemovedBy(log, entry)) removed.add(dot)
    }
  for (const { log, entry } of valid) {
    const { header, payload } = entry
    if (!payload || header.kind < KINDS.task || header.kind > KINDS.synthesis) continue
    const stated = <Payload>(said: Payload): Stated<Payload> => ({
      author: publicKeyToDid(log.row.publicKey),
      space: log.row.space,
      clock: header.clock,
      element: header.payload,
      payload: said,
    })
    const isWithdrawn = removed.has(`${header.logId}/${header.seq}`)
    take(header.kind, payload, isWithdrawn, stated, at, header.payload)
  }
  return [...drafts].map(([id, draft]) => finish(id, draft))
}

function take(
  kind: number,
  payload: Uint8Array,
  isWithdrawn: boolean,
  stated: <Payload>(said: Payload) => Stated<Payload>,
  at: (id: Digest) => Draft,
  element: Digest,
): void {
  if (kind === KINDS.task) {
    const task = decodeTask(payload)
    if (!task || task.space !== stated(task).space) return
    const draft = at(element)
    draft.task = task
    if (!isWithdrawn) draft.asks.push(stated(task))
  } else if (isWithdrawn) return
  else if (kind === KINDS.contribution) {
    const said = decodeContribution(payload)
    if (said?.seal === null) at(said.task).contributions.push(stated(said))
    else if (said) at(said.task).seals.push(stated(said))
  } else if (kind === KINDS.review) {
    const said = decodeReview(payload)
    if (said) at(said.task).reviews.push(stated(said))
  } else if (kind === KINDS.synthesis) {
    const said = decodeSynthesis(payload)
    if (said) at(said.task).syntheses.push(stated(said))
  }
}

const newDraft = (): Draft => ({
  task: null,
  asks: [],
  seals: [],
  contributions: [],
  reviews: [],
  syntheses: [],
})

function finish(id: Digest, draft: Draft): OracleTask {
  const { task } = draft
  const here = <Payload>(stated: readonly Stated<Payload>[]): Stated<Payload>[] =>
    stated.filter(({ space }) => space === task?.space)
  const asks = [...draft.asks].sort((a, b) => a.clock - b.clock || compareText(a.author, b.author))
  const whole = {
    id,
    task,
    question: task && task.attempt > 0 ? bytesToDigest(sha256(encodeTask({ ...task, attempt: 0 }))) : id,
    asks: asks.filter(({ author }, i) => asks.findIndex((one) => one.author === author) === i),
    seals: here(draft.seals),
    contributions: here(draft.contributions),
    reviews: here(draft.reviews),
    syntheses: here(draft.syntheses),
  }
  return { ...whole, accepted: task ? acceptedOf({ ...whole, accepted: null }, task) : null }
}

/** Whether a contribution names its author, and was fixed under a seal of his. */
export function wasSealed(
  { seals }: Pick<OracleTask, 'seals'>,
  { author, element, payload }: Stated<ContributionPayload>,
): boolean {
  const isIts = (seal: Stated<SealPayload>): boolean =>
    seal.author === author && seal.payload.round === payload.round && seal.payload.seal === element
  return payload.by === author && seals.some(isIts)
}

function acceptedOf(whole: OracleTask, task: TaskPayload): Stated<SynthesisPayload> | null {
  const askers = whole.asks.map(({ author }) => author)
  const answered = whole.contributions.filter(
    (one) => one.payload.outcome.failure === null && wasSealed(whole, one),
  )
  const rank = (author: Did): string =>
    createHash('sha256')
      .update(`spore/rendezvous/1 ${hex(digestToBytes(whole.id))} ${author}`)
      .digest('hex')
  const others = [...new Set(answered.map(({ author }) => author))]
    .filter((author) => !askers.includes(author))
    .sort((a, b) => compareText(rank(a), rank(b)))
  let lastResort: Stated<SynthesisPayload> | null = null
  for (const author of [...askers, ...others]) {
    const own = whole.syntheses
      .filter((one) => one.author === author)
      .sort((a, b) => a.clock - b.clock || compareText(a.element, b.element))
    for (const said of own) {
      const isFailure = said.payload.outcome.failure !== null
      if (isFailure && askers.includes(author)) lastResort ??= said
      if (isFailure || !follows(whole, task, said)) continue
      if (!isQuoted(whole, said)) return said
      lastResort ??= said
    }
  }
  return lastResort
}

/** Whether it rests on what nobody sealed, which its own author may quote in place of an answer. */
const isQuoted = (whole: OracleTask, { payload }: Stated<SynthesisPayload>): boolean =>
  payload.contributions.some(
    (id) => !whole.contributions.some((one) => one.element === id && wasSealed(whole, one)),
  )

/** Whether what a synthesis says is what the contributions and masses that it lists come to. */
export function follows(
  whole: OracleTask,
  { choices }: TaskPayload,
  { author, payload }: Stated<SynthesisPayload>,
): boolean {
  const classOf = createClassifier(choices)
  const said = payload.contributions.map((element) => {
    return (
      whole.contributions.find((one) => one.element === element && wasSealed(whole, one)) ??
      whole.contributions.find(
        (one) => one.element === element && one.author === author && one.payload.model === 'extractive',
      )
    )
  })
  const keys = said.map((one) => one && `${one.author} ${one.payload.family ?? one.payload.model}`)
  if (said.length === 0 || new Set(keys).size < keys.length) return false
  const owners = said.map((one) => one?.author)
  const sums = new Map<string, { mass: number; heads: number }>()
  const first: string[] = []
  for (const [i, one] of said.entries()) {
    if (!one || one.payload.outcome.failure !== null) return false
    const { outcome, weight, others } = one.payload
    const hypotheses = [{ text: outcome.text, weight }, ...others]
    const shares = sharesOf(
      {
        id: one.element,
        author: '',
        owner: '',
        modelFamily: null,
        outcome: { hypotheses, confidence: null },
      },
      classOf,
    )
    const isVoted = payload.rule === 'unweighted' || payload.masses.length === 0
    const votes = isVoted
      ? Math.round(1e6 / owners.filter((owner) => owner === one.author).length)
      : (payload.masses[i] as number)
    for (const [place, { class: key, share }] of shares.entries()) {
      const sum = sums.get(key) ?? { mass: 0, heads: 0 }
      sum.mass += Math.round(votes * share)
      if (place === 0) sum.heads++
      sums.set(key, sum)
      if (place === 0 && votes > 0) first.push(key)
    }
  }
  const [heaviest] = [...sums].sort(
    ([a, x], [b, y]) => y.mass - x.mass || y.heads - x.heads || compareText(a, b),
  )
  const text = payload.answer ?? payload.outcome.text ?? ''
  const key = classOf(text)
  const possible = payload.rule === 'best-single' ? first : heaviest ? [heaviest[0]] : []
  if (key !== null && possible.includes(key)) return true
  // Another's long answer is named by how it begins.
  const head = text.endsWith('…') ? text.slice(0, -1) : ''
  const named = said.flatMap((one) => [
    one?.payload.outcome.text ?? '',
    ...(one?.payload.others ?? []).map((other) => other.text),
  ])
  return (
    head !== '' && named.some((whole) => whole.startsWith(head) && possible.includes(classOf(whole) ?? ''))
  )
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
