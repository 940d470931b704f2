/**
 * Finished tasks by the stems of their questions: what was asked before that is like what is asked now, and how it ended. Keeps the
 * newest `SIMILAR_WINDOW`, so what a look-up costs does not grow with the tasks that are finished.
 *
 * Invariant: what a caller may not read has no part in what it gets, nor in how that is ordered.
 */
import type { Did, Digest, SpaceId } from '../base/brand.ts'
import { compareText } from '../base/bytes.ts'
import type { Verdict } from '../protocol/task-payloads.ts'
import { createAnalyser } from '../retrieval/analysis.ts'
import { shortened } from './reply-values.ts'

/** A finished task as a model is shown it. */
export interface SimilarTask {
  readonly text: string
  /** The answer that counts: where it was corrected, the correction. */
  readonly answer: string
  /** Null where nobody has said whether it is right. */
  readonly verdict: Verdict | null
  /** Who asked it, who put its answer together, and who gave that: whose words they are. */
  readonly authors?: readonly Did[]
}

export interface FinishedTask extends SimilarTask {
  readonly id: Digest
  readonly space: SpaceId
}

/** Whose words are in a task: nobody's where it is not said. */
const authorsOf = ({ authors = [] }: SimilarTask): readonly Did[] => authors

export interface SimilarTasks {
  /** Takes a task in, as the newest; one that is there is replaced. */
  add(task: FinishedTask): void
  remove(id: Digest): void
  /** Those most like a question, the most alike first, of spaces that may be read and without authors that are left out. */
  query(
    text: string,
    spaces: ReadonlySet<SpaceId>,
    limit?: number,
    isLeftOut?: (author: Did) => boolean,
  ): readonly SimilarTask[]
  readonly count: number
}

/** Tasks that are kept: with their stems and texts 4 MiB at most. */
export const SIMILAR_WINDOW = 1_000
/** Tasks that a question is answered with. */
export const SIMILAR_MAX = 3
/** Stems of a question that count: what it is about stands in its first words or is said again. */
export const SIMILAR_STEMS_MAX = 64
/** Characters of a question and of an answer that are kept, and of a question that are read for its stems. */
export const SIMILAR_CHARS_MAX = 500
const STEMMED_CHARS_MAX = 4_000
/** Share of stems in common, weighted by how rare they are, from which on two questions are alike. */
export const SIMILAR_AT = 0.35

interface Kept {
  readonly task: FinishedTask
  readonly stems: readonly string[]
}

export function createSimilarTasks({ window = SIMILAR_WINDOW } = {}): SimilarTasks {
  const analyser = createAnalyser()
  /** The oldest first. */
  const kept = new Map<Digest, Kept>()
  const idsByStem = new Map<string, Set<Digest>>()

  const stemsOf = (text: string): readonly string[] =>
    [...analyser.query(text.slice(0, STEMMED_CHARS_MAX)).terms.keys()].slice(0, SIMILAR_STEMS_MAX)

  const remove = (id: Digest): void => {
    for (const stem of kept.get(id)?.stems ?? []) {
      const ids = idsByStem.get(stem)
      ids?.delete(id)
      if (ids?.size === 0) idsByStem.delete(stem)
    }
    kept.delete(id)
  }

  return {
    add(task) {
      remove(task.id)
      const stems = stemsOf(task.text)
      const text = shortened(task.text, SIMILAR_CHARS_MAX)
      const answer = shortened(task.answer, SIMILAR_CHARS_MAX)
      kept.set(task.id, { task: { ...task, text, answer }, stems })
      for (const stem of stems) {
        const ids = idsByStem.get(stem)
        if (ids) ids.add(task.id)
        else idsByStem.set(stem, new Set([task.id]))
      }
      for (const oldest of kept.keys()) {
        if (kept.size <= window) break
        remove(oldest)
      }
    },
    remove,
    query(text, spaces, limit = SIMILAR_MAX, isLeftOut = () => false) {
      const stems = stemsOf(text)
      const common = new Map<Kept, string[]>()
      // How rare a stem is, is counted among what may be read: otherwise an order would tell of what may not.
      const countOf = new Map<string, number>()
      for (const stem of stems)
        for (const id of idsByStem.get(stem) ?? []) {
          const one = kept.get(id) as Kept
          if (!spaces.has(one.task.space) || authorsOf(one.task).some(isLeftOut)) continue
          countOf.set(stem, (countOf.get(stem) ?? 0) + 1)
          const shared = common.get(one)
          if (shared) shared.push(stem)
          else common.set(one, [stem])
        }
      const weightOf = (stem: string): number => 1 / (1 + Math.log2(1 + (countOf.get(stem) ?? 0)))
      const sum = (of: readonly string[]): number => of.reduce((total, stem) => total + weightOf(stem), 0)
      const asked = sum(stems)
      return [...common]
        .map(([one, shared]) => ({ one, alike: (2 * sum(shared)) / (asked + sum(one.stems)) }))
        .filter(({ alike }) => alike >= SIMILAR_AT)
        .sort((a, b) => b.alike - a.alike || compareText(a.one.task.id, b.one.task.id))
        .slice(0, limit)
        .map(({ one: { task } }) => ({
          text: task.text,
          answer: task.answer,
          verdict: task.verdict,
          ...(task.authors && { authors: task.authors }),
        }))
    },
    get count() {
      return kept.size
    },
  }
}
