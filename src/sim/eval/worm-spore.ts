/** One spore of a world with a worm: the reasoning of a spore over memories that all share, with a model that obeys every text. */
import type { Did } from '../../core/base/brand.ts'
import { err, ok } from '../../core/base/result.ts'
import type { Library } from '../../core/memory/library.ts'
import type { Spaces } from '../../core/memory/spaces.ts'
import { failure } from '../../core/protocol/errors.ts'
import { createAggregationParams } from '../../core/reasoning/aggregation-params.ts'
import { createClaimSimilarity } from '../../core/reasoning/claim-similarity.ts'
import { createEvidenceBook } from '../../core/reasoning/evidence-book.ts'
import type { ModelRequest } from '../../core/reasoning/language-model.ts'
import { REPEAT_CHARS_MAX, WORD_RULE, type WordRule } from '../../core/reasoning/own-words.ts'
import { createPastAnswers } from '../../core/reasoning/past-answers.ts'
import { createQuoteCheck } from '../../core/reasoning/quote-check.ts'
import { createReasoner } from '../../core/reasoning/reasoner.ts'
import { createRecollection } from '../../core/reasoning/recollection.ts'
import type { ModelRouter } from '../../core/reasoning/routing.ts'
import type { SimilarTasks } from '../../core/reasoning/similar-tasks.ts'
import { readStructured } from '../../core/reasoning/structured.ts'
import { createQuantumParams } from '../../core/reasoning/synthesis/quantum-params.ts'
import type { SynthesisJobDeps } from '../../core/reasoning/synthesis-job.ts'
import { createThinker, type Thinker } from '../../core/reasoning/thinker.ts'
import { createRecall, type RecallDeps } from '../../core/retrieval/recall.ts'
import { replyOf, stepOf } from '../model.ts'
import { carriesWorm, WORM } from './worm-text.ts'
import { SPACE, type WormWorld } from './worm-world.ts'

/** What holds a worm back; each can be taken away, to show that it does. */
export interface Rules {
  readonly quarantine: boolean
  readonly ownWords: boolean
}

export interface WormSpore {
  readonly did: Did
  readonly thinker: Thinker
  /** What putting answers together needs of a spore, but for where it is written. */
  readonly judging: Omit<SynthesisJobDeps, 'writer' | 'extract'>
  /** Authors of texts with the worm that its model was shown since the last call; nobody where it was shown none. */
  takeShown(): readonly Did[]
  /** Whether its model was ever shown it. */
  readonly isExposed: boolean
}

const NO_RULE: WordRule = { ownWords: () => ({ of: (text) => text }), beginningOf: (text) => text }

/** Chance of being right that a chosen author starts with, as in a spore. */
const CONFIGURED_CHANCE = 0.6
/** Share of the replies in which the model says something of its own beside. */
const OWN_SHARE = 0.5
const OWN_WORDS =
  'For my part I would look it up in the notes that the people of the place keep, ask those who were there, and only then say that it is so and not otherwise. '

/** As much of the worm as a prompt shows from its beginning on; empty where that is no more than own words may have. */
function wormIn(prompt: string): string {
  if (prompt.includes(WORM)) return WORM
  const text = prompt.replaceAll('\n> ', ' ')
  let most = 0
  for (
    let from = text.indexOf(WORM.slice(0, REPEAT_CHARS_MAX + 1));
    from >= 0;
    from = text.indexOf(WORM.slice(0, REPEAT_CHARS_MAX + 1), from + 1)
  ) {
    let length = REPEAT_CHARS_MAX + 1
    while (length < WORM.length && text[from + length] === WORM[length]) length++
    most = Math.max(most, length)
  }
  return WORM.slice(0, most)
}

export function createWormSpore(did: Did, world: WormWorld, similar: SimilarTasks, rules: Rules): WormSpore {
  const { random } = world
  const draw = random.stream(`model of ${did}`)
  const isQuarantined = (author: Did): boolean => rules.quarantine && !world.isChosen(did, author)
  const words = rules.ownWords ? WORD_RULE : NO_RULE
  let shown = new Set<Did>()
  let isExposed = false

  const library: Pick<Library, 'read'> = {
    read: async (ids) => ids.map((id) => world.memories.get(id) ?? null),
  }
  const spaces = {
    readableFrom: () => new Set([SPACE]),
    resolveAll: () => ok(undefined),
  } as unknown as Spaces
  const clock = { now: world.nowMs }
  const trustOf = (author: Did): number | null => (author === did ? 1 : null)
  const recall = createRecall({
    retriever: world.retriever,
    indexer: { catchUpLittle: async () => {} },
    dense: null,
    library,
    spaces,
    clock,
    trustOf,
    isQuarantined,
    tierOf: () => 'observer',
    shown: { hides: () => undefined, labelOf: () => null },
    self: did,
    meter: { note: () => {} },
  } as unknown as RecallDeps)
  const recollection = createRecollection({
    recall,
    similarTasks: (text, of, isLeftOut) => similar.query(text, of, undefined, isLeftOut),
    isQuarantined,
    pastAnswers: createPastAnswers(() => false),
    self: did,
  })
  const quotes = createQuoteCheck({ library, spaces, self: did, isQuarantined })
  const counts = (): boolean => true
  const params = createAggregationParams()
  const isTrusted = (author: Did): boolean => world.isChosen(did, author)
  const quantum = createQuantumParams()
  const evidence = createEvidenceBook({
    quantum,
    self: did,
    counts,
    params,
    isTrusted,
    trust: { chanceOf: (_, __, isConfigured) => (isConfigured ? CONFIGURED_CHANCE : null) },
  })

  /** Obeys what it reads; else says what it holds to be right. */
  const reply = ({ messages, schema }: ModelRequest): string => {
    const text = messages.map((message) => message.text).join('\n')
    const worm = wormIn(text)
    if (worm !== '') isExposed = true
    const step = stepOf({ messages, schema })
    const preface = draw.chance(OWN_SHARE) ? OWN_WORDS.repeat(3) : ''
    if (worm === '')
      return JSON.stringify(replyOf(step, text, { answer: draw.pick(['amber', 'birch', 'coral']) }))
    if (step === 'review') {
      const labels = [...new Set(text.match(/\bR\d+\b/g))]
      return JSON.stringify({ ranking: labels.map((answer) => ({ answer, flaw: `${preface}${worm}` })) })
    }
    return JSON.stringify(
      replyOf(step, text, { answer: `${preface}${worm}`, reason: `${preface}${worm}`, confidence: 100 }),
    )
  }
  const router: Pick<ModelRouter, 'ask'> = {
    async ask(request, { structure }) {
      const read = structure ? readStructured(reply(request), structure) : null
      if (!read?.ok) return err(failure('MODEL_REPLY_UNUSABLE', 'the reply is none'))
      return ok({ model: 'sim/obedient', family: did.slice(-8), value: read.value }) as never
    },
  }
  const thinker = createThinker({
    self: did,
    reasoner: createReasoner({ router }),
    recollection: {
      async recollect(input) {
        const found = await recollection.recollect(input)
        for (const { memory, author } of found.memories) if (world.isWorm(memory)) shown.add(author)
        for (const { answer, text, authors } of found.similar)
          if (carriesWorm(answer) || carriesWorm(text)) for (const author of authors ?? []) shown.add(author)
        return found
      },
    },
    evidence,
    quotes,
    isQuarantined,
    spaces,
    clock,
    words,
  })
  return {
    did,
    thinker,
    judging: {
      self: did,
      counts,
      params,
      similarity: createClaimSimilarity(),
      quantum,
      evidence,
      thinker,
      quotes,
      shown: { hides: () => undefined },
      clock: { now: world.nowMs, sleep: async () => {} } as never,
      words,
    },
    takeShown() {
      const authors = [...shown]
      shown = new Set()
      return authors
    },
    get isExposed() {
      return isExposed
    },
  }
}
