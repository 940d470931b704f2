/**
 * Models whose chance to be right depends on what their prompt holds, in a stated way: where it states the fact, they mostly say what it
 * states, right or wrong; where it does not, they know some facts of themselves, and guess the others.
 */
import type { Clock } from '../../core/base/ports.ts'
import { estimateTokens } from '../../core/retrieval/context-pack.ts'
import { type Asked, createMind, type Opinion } from '../model.ts'
import { createRandom, type SimRandom } from '../random.ts'
import { documentToFact, type MemoryWorld, type Need, questionToNeed } from './memory-world.ts'

/** Chance that a model says what its prompt states. */
export const FOLLOWS = 0.95
/** Share of the facts that each model knows of itself. */
export const KNOWS: readonly number[] = [0.3, 0.4, 0.2]
/** Percent that it states, by where it has the answer from. */
const CONFIDENCE = { stated: 85, known: 80, guessed: 20 }

/** Hears of each call: tokens of memories and past questions in its prompt, and whether these state a value that is wrong. */
export type OnCall = (recalledTokens: number, isMisled: boolean) => void

export interface MindsOptions {
  readonly models: number
  /** Whether remembered answers that nobody has checked are believed, too, and not only documents and checked answers. */
  readonly believesUnchecked: boolean
}

/** `seed`: the same for all that is compared, so that a model knows and guesses the same everywhere. */
/** What a model takes for evidence: all that is recalled, or documents and checked answers alone. */
export type Believes = 'all' | 'told'

export function createMemoryMinds(
  world: MemoryWorld,
  { models, believesUnchecked }: MindsOptions,
  seed: string,
  clock: Clock,
  onCall: OnCall,
) {
  return KNOWS.slice(0, models).map((knows, i) => {
    const family = `model${i + 1}`
    const think = ({ text }: Asked): Opinion => {
      const { need, recalled } = readPrompt(text)
      if (!need) throw new Error(`no question of this world stands in ${text}`)
      const held = statedIn(recalled, believesUnchecked)
      const found = answerOf(need, held, { world, knows, seed: `${seed} ${family}` }, text)
      onCall(estimateTokens(recalled), found.from === 'stated' && found.value !== world.truth(need))
      return { answer: found.value, confidence: CONFIDENCE[found.from] }
    }
    return createMind({ name: `sim/${family}`, family, think }, { clock })
  })
}

interface Mind {
  readonly world: MemoryWorld
  readonly knows: number
  readonly seed: string
}
interface Found {
  readonly value: string
  readonly from: 'stated' | 'known' | 'guessed'
}

function answerOf(need: Need, held: Held, mind: Mind, prompt: string): Found {
  const whole = lookUp(need, held, mind)
  if (whole) return whole
  if (need.relation === 'ship-keeper') {
    const harbour = lookUp({ relation: 'harbour', of: need.of }, held, mind)
    const keeper = harbour && lookUp({ relation: 'keeper', of: harbour.value }, held, mind)
    if (keeper) return { value: keeper.value, from: harbour.from === 'stated' ? 'stated' : keeper.from }
  }
  const { harbours, keepers } = mind.world
  const random = createRandom(`${mind.seed} guess ${questionIn(prompt)}`)
  return { value: random.pick(need.relation === 'harbour' ? harbours : keepers), from: 'guessed' }
}

/** What it says of one need: what is stated, else what it knows. */
function lookUp(need: Need, held: Held, { world, knows, seed }: Mind): Found | null {
  const stated = held.get(keyOf(need))
  const draw = (label: string): SimRandom => createRandom(`${seed} ${label} ${keyOf(need)}`)
  if (stated !== undefined && draw('follows').chance(FOLLOWS)) return { value: stated, from: 'stated' }
  // Two facts in a row are no fact that anybody would know as such.
  const truth = need.relation === 'ship-keeper' ? null : world.truth(need)
  return truth !== null && draw('knows').chance(knows) ? { value: truth, from: 'known' } : null
}

// --- Reading a prompt ---

/** The value that is stated for each need. */
export type Held = ReadonlyMap<string, string>
const keyOf = ({ relation, of }: Need): string => `${relation} ${of}`

const questionIn = (prompt: string): string =>
  /^<<<question \S+\n> (.*)\n>>>question /m.exec(prompt)?.[1] ?? ''

/** The question of a prompt, and all that was recalled for it. */
export function readPrompt(prompt: string): { readonly need: Need | null; readonly recalled: string } {
  const [, recalled = ''] = /\n>>>question \S+\n([\s\S]*)\nAnswer the question\.$/.exec(prompt) ?? []
  return { need: questionToNeed(questionIn(prompt)), recalled: recalled.trim() }
}

/** Weight of a value by who vouches for it; a checked answer outweighs all that was merely said. */
const CHECKED = 1000

/**
 * What memories and past questions state: the value with the most weight, the first of equals. An answer that was found wrong is struck
 * out wherever it stands as an answer.
 */
export function statedIn(recalled: string, believesUnchecked = true): Held {
  const weights = new Map<string, Map<string, number>>()
  const add = (need: Need | null, value: string, weight: number): void => {
    if (!need) return
    const values = weights.get(keyOf(need)) ?? new Map<string, number>()
    weights.set(keyOf(need), values.set(value, (values.get(value) ?? 0) + weight))
  }
  const unchecked = believesUnchecked ? 1 : 0
  for (const [, line = ''] of recalled.matchAll(/^> (.*)$/gm)) {
    const fact = documentToFact(line)
    if (fact) add(fact, fact.value, 1)
  }
  for (const [, question = '', answer = ''] of recalled.matchAll(/^> Question: (.*)\n> Answer: (.*)$/gm))
    add(questionToNeed(question), answer, unchecked)
  for (const [, question = '', verdict = '', answer = ''] of recalled.matchAll(PAST)) {
    const isChecked = verdict.startsWith('found to be')
    const weight = !isChecked ? unchecked : verdict === 'found to be WRONG' ? -CHECKED : CHECKED
    add(questionToNeed(question), answer, weight)
  }
  const held = new Map<string, string>()
  for (const [key, values] of weights) {
    const [best] = [...values].sort(([, a], [, b]) => b - a)
    if (best && best[1] > 0) held.set(key, best[0])
  }
  return held
}
const PAST = /^past question \d+\n> (.*)\nits answer, (.*)\n> (.*)$/gm
