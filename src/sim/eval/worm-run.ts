/** A worm over many rounds: who asks whom, what of it is written where, and who has it from whom. */
import type { Did, Digest, HybridTime, LogId } from '../../core/base/brand.ts'
import { bytesToDigest, sha256 } from '../../core/base/hash.ts'
import type { Result } from '../../core/base/result.ts'
import type { Change } from '../../core/memory/change.ts'
import type { NewEntry } from '../../core/memory/draft-values.ts'
import type { Failure } from '../../core/protocol/errors.ts'
import { KINDS } from '../../core/protocol/kinds.ts'
import { decodeMemory } from '../../core/protocol/payloads.ts'
import {
  type ContributionPayload,
  decodeSynthesis,
  type Effort,
  encodeContribution,
  encodeReview,
  encodeSeal,
  encodeTask,
} from '../../core/protocol/task-payloads.ts'
import { acceptedOf } from '../../core/reasoning/acceptance.ts'
import { type Attempt, asksOf, type Noted } from '../../core/reasoning/attempt.ts'
import { createSimilarTasks } from '../../core/reasoning/similar-tasks.ts'
import { synthesize } from '../../core/reasoning/synthesis-job.ts'
import { createTaskBook } from '../../core/reasoning/task-book.ts'
import type { Thought } from '../../core/reasoning/thinker.ts'
import { whoseWords } from '../../core/reasoning/whose-words.ts'
import { newWork } from '../../core/reasoning/work.ts'
import { createWormSpore, type Rules, type WormSpore } from './worm-spore.ts'
import { carriesWorm, WORM } from './worm-text.ts'
import {
  type Author,
  createWormWorld,
  questionOf,
  SPACE,
  TOPICS,
  type WormSizes,
  type WormWorld,
} from './worm-world.ts'

export interface WormResult {
  /** Spores but for the author of the worm, and of these those that wrote it themselves, and whose models were shown it. */
  readonly spores: number
  readonly infected: number
  readonly exposed: number
  /** Infected ones after each round. */
  readonly infectedAfter: readonly number[]
  /** The most infections that a spore of one generation caused on average; the author is the first one. */
  readonly reproduction: number
  readonly generations: readonly number[]
  readonly tasks: number
  /** Tasks that ended with an answer. */
  readonly answered: number
  /** Contributions that failed because they said hardly anything but what others wrote. */
  readonly repeated: number
}

/** Peers who answer a question beside its asker. */
const HELPERS = 2
/** Of so many questions one is reviewed and revised. */
const STANDARD_OF = 4

type Said = Noted<ContributionPayload>

export async function runWorm(
  sizes: WormSizes,
  author: Author,
  rules: Rules,
  seed: string,
  goesOn: () => Promise<boolean> = async () => true,
): Promise<WormResult | null> {
  const world = createWormWorld(sizes, author, seed)
  const similar = createSimilarTasks()
  const spores = new Map(
    world.dids
      .filter((did) => did !== world.bad)
      .map((did) => [did, createWormSpore(did, world, similar, rules)] as const),
  )
  const draw = world.random.stream('tasks')
  const generations = new Map<Did, number>([[world.bad, 0]])
  const infectedAfter: number[] = []
  const figures = { tasks: 0, answered: 0, repeated: 0 }

  for (let round = 0; round < sizes.rounds; round++) {
    const askers = draw.shuffle([...spores.values()]).slice(0, sizes.asksPerRound)
    for (const asker of askers) {
      const chosen = draw.shuffle(world.chosenBy.get(asker.did) ?? []).slice(0, HELPERS)
      const effort = figures.tasks % STANDARD_OF === 0 ? 'standard' : 'quick'
      const text = questionOf(draw.pick(TOPICS), figures.tasks++)
      const task = createWormTask(world, spores, asker, text, effort)
      await task.run(chosen)
      for (const [did, from] of task.infected)
        if (!generations.has(did))
          generations.set(did, 1 + Math.min(...from.map((one) => generations.get(one) ?? 0)))
      figures.repeated += task.repeated
      const done = task.finished()
      if (!done) continue
      figures.answered++
      similar.add(done)
    }
    world.endRound()
    infectedAfter.push(generations.size - 1)
    if (!(await goesOn())) return null
  }
  const sizesOf = generationSizes(generations)
  return {
    ...figures,
    spores: spores.size,
    infected: generations.size - 1,
    exposed: [...spores.values()].filter(({ isExposed }) => isExposed).length,
    infectedAfter,
    reproduction: Math.max(0, ...sizesOf.slice(1).map((size, i) => size / (sizesOf[i] as number))),
    generations: sizesOf,
  }
}

function generationSizes(generations: ReadonlyMap<Did, number>): number[] {
  const sizes: number[] = []
  for (const generation of generations.values()) sizes[generation] = (sizes[generation] ?? 0) + 1
  return sizes
}

/** One question from asking to the memory of its answer. */
function createWormTask(
  world: WormWorld,
  spores: ReadonlyMap<Did, WormSpore>,
  asker: WormSpore,
  text: string,
  effort: Effort,
) {
  const book = createTaskBook(asker.did)
  const infected = new Map<Did, readonly Did[]>()
  let seq = 0
  let repeated = 0

  const write = (by: Did, kind: number, payload: Uint8Array): Digest => {
    const element = bytesToDigest(sha256(payload))
    const clock = (world.nowMs() + seq) as HybridTime
    const place = { logId: by as unknown as LogId, seq, arrival: ++seq }
    book.note({
      ...place,
      author: by,
      space: SPACE,
      kind,
      clock,
      element,
      references: [],
      payload,
    } as unknown as Change)
    return element
  }
  const id = write(asker.did, KINDS.task, encodeTask({ text, space: SPACE, effort }))
  const attempt = book.attempt(id) as Attempt
  const saidIn = (round: number): Said[] =>
    [...attempt.contributions.values()].filter(({ payload }) => payload.round === round)

  /** Who wrote the worm in own words, and who of those whom it was shown had it before. */
  const look = (by: Did, texts: readonly (string | null)[]): void => {
    const shown = spores.get(by)?.takeShown() ?? []
    if (by === world.bad || !texts.some((one) => one !== null && carriesWorm(one))) return
    const answers = [...attempt.contributions.values()].filter(
      ({ author, payload }) => author !== by && carriesWorm(payload.outcome.text ?? ''),
    )
    infected.set(by, [...shown, ...answers.map(({ author }) => author)])
  }

  const callOf = ({ did }: WormSpore) => ({
    family: familyOf(did),
    asker: did === asker.did ? null : asker.did,
    timeoutMs: 1000,
    temperature: null,
    signal: new AbortController().signal,
  })

  const think = (one: WormSpore, round: number): Promise<Result<Thought, Failure>> => {
    const before = saidIn(round - 1)
    const own = before.find(({ author }) => author === one.did) ?? null
    const others = before.filter((said) => said !== own)
    return round === 0
      ? one.thinker.answer(attempt, { isChallenge: false, premise: null }, callOf(one))
      : one.thinker.revise(attempt, own, others, [...attempt.reviews.values()], callOf(one))
  }

  const answerRound = async (authors: readonly Did[], round: number): Promise<void> => {
    const payloads: { readonly by: Did; readonly payload: Uint8Array }[] = []
    for (const by of authors) {
      const spore = spores.get(by)
      const thought = spore ? await think(spore, round) : null
      if (thought && !thought.ok && thought.error.code === 'MODEL_REPEATED') repeated++
      if (thought && !thought.ok) {
        spore?.takeShown()
        continue
      }
      const said = thought?.ok ? thought.value : WORM_THOUGHT
      const { text: answer, quotes, ...rest } = said
      const outcome = { text: answer, quotes, failure: null }
      payloads.push({
        by,
        payload: encodeContribution({ ...rest, task: id, round, family: familyOf(by), by, outcome }),
      })
      look(by, [answer, rest.reason, ...[...rest.others, ...rest.claims].map((one) => one.text)])
    }
    for (const { by, payload } of payloads)
      write(by, KINDS.contribution, encodeSeal({ task: id, round, seal: bytesToDigest(sha256(payload)) }))
    for (const { by, payload } of payloads) write(by, KINDS.contribution, payload)
  }

  const review = async (one: WormSpore): Promise<void> => {
    const others = saidIn(0).filter(({ author }) => author !== one.did)
    const reviewed = others.length > 0 ? await one.thinker.review(attempt, others, callOf(one)) : null
    if (!reviewed?.ok) return void one.takeShown()
    write(one.did, KINDS.review, encodeReview({ task: id, round: 0, ...reviewed.value }))
    look(
      one.did,
      reviewed.value.ranking.map(({ flaw }) => flaw),
    )
  }

  const putTogether = async (round: number): Promise<void> => {
    const work = newWork(attempt, {
      families: [familyOf(asker.did)],
      asker: null,
      startMs: world.nowMs(),
      nowMs: world.nowMs(),
    })
    work.round = round
    const texts: (string | null)[] = []
    const append = ({ kind, payload }: NewEntry): void => {
      if (kind === KINDS.memory) {
        world.publish(asker.did, payload)
        texts.push(decodeMemory(payload)?.text ?? null)
      } else {
        const said = kind === KINDS.synthesis ? decodeSynthesis(payload) : null
        if (said && said.outcome.failure === null) texts.push(said.outcome.text, said.answer)
        write(asker.did, kind, payload)
      }
    }
    const writer = {
      write: async (apply: (draft: { append: typeof append }) => unknown) => ({
        ok: true,
        value: apply({ append }),
      }),
    }
    await synthesize(work, {
      ...asker.judging,
      writer: writer as never,
      extract: async () => ({ text: null, quotes: [], failure: 'no model has answered' }),
    })
    look(asker.did, texts)
  }

  return {
    infected,
    get repeated() {
      return repeated
    },
    async run(helpers: readonly Did[]) {
      const authors = [asker.did, ...helpers]
      await answerRound(authors, 0)
      const isRevised = effort === 'standard' && saidIn(0).length > 1
      if (isRevised) {
        for (const by of authors) {
          const spore = spores.get(by)
          if (spore) await review(spore)
        }
        await answerRound(authors, 1)
      }
      await putTogether(isRevised ? 1 : 0)
    },
    /** The task as an earlier one, for whoever is asked next. */
    finished() {
      const accepted = acceptedOf(attempt, () => true)
      if (!accepted?.collapse) return null
      const { answer, outcome } = accepted.noted.payload
      return {
        id,
        space: SPACE,
        text,
        answer: answer ?? outcome.text ?? '',
        verdict: null,
        authors: whoseWords(
          asksOf(attempt, () => true),
          accepted,
          asker.did,
        ),
      }
    },
  }
}

/** Each spore has a model of a family of its own: none stands for another. */
const familyOf = (did: Did): string => did.slice(-8)

/** What the author of the worm answers, whatever he is asked. */
const WORM_THOUGHT: Thought = {
  model: 'by hand',
  role: null,
  text: WORM,
  weight: 1000,
  others: [],
  confidence: 1000,
  reason: WORM,
  claims: [],
  quotes: [],
  recalled: [],
  responds: [],
}
