/**
 * What a contributor recalls before it answers: memories for the question, similar tasks that are finished, and how its own answers did.
 *
 * Of answers that were given before only those that were found right are memories here; the others are told as similar tasks, with what
 * became of them. Invariant: nothing is recalled from a space that the task's space may not read, whatever the parts that are asked hand
 * out: what a contribution says of it stays where its readers may know it.
 */
import type { Did, Digest, SpaceId } from '../base/brand.ts'
import { digestToCid } from '../base/hash.ts'
import { QUERY_CHARS_MAX } from '../protocol/limits.ts'
import { RECALLED_MAX } from '../protocol/task-limits.ts'
import { createContextPack } from '../retrieval/context-pack.ts'
import type { Recall, Recalled } from '../retrieval/recall.ts'
import type { Scope } from '../retrieval/retriever.ts'
import { freeClass } from './answer-classes.ts'
import type { PastAnswers } from './past-answers.ts'
import { shortened } from './reply-values.ts'
import { SIMILAR_CHARS_MAX, SIMILAR_MAX, type SimilarTask } from './similar-tasks.ts'

/** A memory behind a label of the pack. */
export interface RecalledMemory {
  readonly memory: Digest
  /** All of it, as it is stored; the pack may show its beginning. */
  readonly text: string
  readonly author: Did
}

/** How an author's own answers of this kind did, as far as they were resolved. */
export interface OwnCalibration {
  readonly answers: number
  readonly right: number
}

export interface Recollected {
  /** Fenced; empty where nothing was recalled. */
  readonly pack: string
  /** The memory of label `[n]` is the one at n − 1. */
  readonly memories: readonly RecalledMemory[]
  readonly similar: readonly SimilarTask[]
  readonly calibration: OwnCalibration | null
}

/** Nothing is remembered of what is asked. */
export const NOTHING_RECOLLECTED: Recollected = { pack: '', memories: [], similar: [], calibration: null }

export interface RecollectInput {
  readonly text: string
  readonly choices: readonly string[]
  /** `spaces`: those that may be read from the task's space (`Spaces.readableFrom`). Other filters stay as they are. */
  readonly scope: Scope & { readonly spaces: ReadonlySet<SpaceId> }
  readonly nowMs: number
  readonly calibration: OwnCalibration | null
  /** Tokens of all memories, default `RECALL_TOKENS`. */
  readonly budgetTokens?: number
}

export interface Recollection {
  recollect(input: RecollectInput): Promise<Recollected>
}

export interface RecollectionDeps {
  readonly recall: Pick<Recall, 'recall'>
  /** Finished tasks of these spaces like a question, the most alike first; none that any of whose authors is left out. */
  similarTasks(
    text: string,
    spaces: ReadonlySet<SpaceId>,
    isLeftOut: (author: Did) => boolean,
  ): readonly SimilarTask[]
  /** Who is nobody in particular here: no model is shown what such have asked or answered. */
  readonly isQuarantined: (author: Did) => boolean
  readonly pastAnswers: Pick<PastAnswers, 'isSource'>
  /** This spore's own author, whose share of a pack has no bound. */
  readonly self: Did
}

/** Tokens of the memories that a question is answered with: a few pages, which small local models still read well. */
export const RECALL_TOKENS = 3_000
/** Memories that are looked at for them. */
const HITS = RECALLED_MAX
/** Memories that are found for these: answers among them that nobody has checked are left out. */
const CANDIDATES = 4 * HITS

export function createRecollection({
  recall,
  similarTasks,
  isQuarantined,
  pastAnswers,
  self,
}: RecollectionDeps): Recollection {
  return {
    async recollect({ text, choices, scope, nowMs, calibration, budgetTokens = RECALL_TOKENS }) {
      const query = [text, ...choices].join('\n').slice(0, QUERY_CHARS_MAX).toWellFormed()
      const recalled = await recall.recall(query, scope, CANDIDATES)
      const found = recalled
        .filter(({ hit }) => scope.spaces.has(hit.provenance.space))
        .filter(({ memory }) => pastAnswers.isSource(memory.payload))
        .slice(0, HITS)
      const byId = new Map(found.map((one) => [digestToCid(one.memory.id), one]))
      const pack = createContextPack(
        found.map(({ hit, memory: { id, payload }, standing: { trust } }) => ({
          id: digestToCid(id),
          author: hit.provenance.author,
          text: payload.text,
          atMs: hit.provenance.atMs,
          trust,
          reason:
            payload.thread === null ? 'matches the question' : `matches the question, in ${payload.thread}`,
          score: hit.score,
          speaker: payload.speaker,
        })),
        { budgetTokens, nowMs, isOwn: (author) => author === self },
      )
      return {
        pack: pack.text,
        memories: pack.items.map(({ id }) => {
          const { hit, memory } = byId.get(id) as Recalled
          // Who says the same as this spore says nothing foreign.
          const isOwn = memory.dots.some(({ author }) => author === self)
          const author = isOwn ? self : hit.provenance.author
          return { memory: memory.id, text: memory.payload.text, author }
        }),
        similar: similarTasks(text, scope.spaces, isQuarantined).filter(tells(text)).slice(0, SIMILAR_MAX),
        calibration,
      }
    },
  }
}

/** An answer to the very question that nobody has judged is left out: first answers would be copies of it. */
function tells(text: string): (task: SimilarTask) => boolean {
  const asked = freeClass(shortened(text, SIMILAR_CHARS_MAX))
  return (task) => task.verdict !== null || freeClass(task.text) !== asked
}
