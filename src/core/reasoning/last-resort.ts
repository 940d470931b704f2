/** What can be said without a model: sentences of what is remembered, quoted and cited. */
import type { Digest } from '../base/brand.ts'
import type { Spaces } from '../memory/spaces.ts'
import type { Outcome, TaskPayload } from '../protocol/task-payloads.ts'
import { createAnalyser } from '../retrieval/analysis.ts'
import type { Recall } from '../retrieval/recall.ts'
import { extractAnswer } from './extractive.ts'

/** Passages that the reasoner reads. */
const PASSAGES = 12

export interface LastResortDeps {
  readonly recall: Pick<Recall, 'recall' | 'stemWeights'>
  readonly spaces: Pick<Spaces, 'readableFrom'>
}

/** An answer of quotes, or why nothing that is remembered answers. */
export function createLastResort({ recall, spaces }: LastResortDeps) {
  const analyser = createAnalyser()
  return async ({ text, space }: Pick<TaskPayload, 'text' | 'space'>): Promise<Outcome> => {
    const found = await recall.recall(
      text,
      { spaces: spaces.readableFrom(space) },
      PASSAGES,
      // Nothing is injected where no model reads; each sentence is shown with who says it.
      'everybody',
    )
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
}
