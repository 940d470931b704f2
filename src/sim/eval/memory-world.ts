/**
 * A world to remember: ships have home harbours, and the light of each harbour has a keeper. Tasks ask for one of these facts, or for two
 * of them in a row; documents tell them one by one, some of them wrongly. All of it is drawn from a seed.
 */
import type { SimRandom } from '../random.ts'

/** What a task needs: the harbour of a ship, the keeper of a harbour, or the keeper of a ship's harbour. */
export type Relation = 'harbour' | 'keeper' | 'ship-keeper'

export interface Need {
  readonly relation: Relation
  /** The ship, or for `keeper` the harbour. */
  readonly of: string
}

export interface MemoryTask extends Need {
  readonly text: string
  readonly right: string
  /** Whether somebody says afterwards if the answer was right, and else what is. */
  readonly isJudged: boolean
  /** What is remembered just before, if anything. */
  readonly document: string | null
}

export interface MemoryWorld {
  readonly tasks: readonly MemoryTask[]
  readonly harbours: readonly string[]
  readonly keepers: readonly string[]
  /** The truth; null for who is not of this world. */
  truth(need: Need): string | null
}

export interface MemoryWorldOptions {
  readonly tasks: number
  /** Percent of the facts that are told by documents, evenly over the tasks. */
  readonly told: number
  /** Percent of the documents that are wrong. */
  readonly wrong: number
  /** Percent of the answers that are judged. */
  readonly judged: number
}

export const SHIPS = 120
export const HARBOURS = 40
/** Shares of tasks by what they need; the rest needs a keeper. */
const HARBOUR_SHARE = 0.4
const BOTH_SHARE = 0.4

/** The ways in which each is asked. */
const WORDINGS: Readonly<Record<Relation, readonly ((name: string) => string)[]>> = {
  harbour: [
    (ship) => `Which harbour is home to the ship ${ship}?`,
    (ship) => `Where is the home harbour of the ship ${ship}?`,
    (ship) => `The ship ${ship} belongs to which harbour?`,
  ],
  keeper: [
    (harbour) => `Who keeps the light at ${harbour}?`,
    (harbour) => `What is the name of the keeper of the light at ${harbour}?`,
    (harbour) => `The light at ${harbour} is kept by whom?`,
  ],
  'ship-keeper': [
    (ship) => `Who keeps the light at the home harbour of the ship ${ship}?`,
    (ship) => `Name the keeper of the light where the ship ${ship} has its home harbour.`,
    (ship) => `By whom is the light kept in the home harbour of the ship ${ship}?`,
  ],
}

const harbourDocument = (ship: string, harbour: string): string =>
  `The home harbour of the ship ${ship} is ${harbour}.`
const keeperDocument = (harbour: string, keeper: string): string =>
  `The light at ${harbour} is kept by ${keeper}.`

export function createMemoryWorld(options: MemoryWorldOptions, random: SimRandom): MemoryWorld {
  const names = createNames(random.stream('names'))
  const ships = Array.from({ length: SHIPS }, names)
  const harbours = Array.from({ length: HARBOURS }, names)
  const keepers = Array.from({ length: HARBOURS }, names)
  const ofFacts = random.stream('facts')
  const homeOf = new Map(ships.map((ship) => [ship, ofFacts.pick(harbours)]))
  const keeperOf = new Map(harbours.map((harbour, i) => [harbour, keepers[i] as string]))
  const truth = ({ relation, of }: Need): string | null => {
    const harbour = relation === 'keeper' ? of : (homeOf.get(of) ?? null)
    return harbour === null || relation === 'harbour' ? harbour : (keeperOf.get(harbour) ?? null)
  }
  const documents = drawDocuments({ ships, harbours, keepers, truth }, options, random.stream('documents'))
  const ofTasks = random.stream('tasks')
  const tasks = Array.from({ length: options.tasks }, (_, at): MemoryTask => {
    const dice = ofTasks.float()
    const relation =
      dice < HARBOUR_SHARE ? 'harbour' : dice < HARBOUR_SHARE + BOTH_SHARE ? 'ship-keeper' : 'keeper'
    const of = ofTasks.pick(relation === 'keeper' ? harbours : ships)
    const text = ofTasks.pick(WORDINGS[relation])(of)
    return {
      ...{ relation, of, text, right: truth({ relation, of }) as string },
      isJudged: ofTasks.chance(options.judged / 100),
      document: documents.get(at) ?? null,
    }
  })
  return { tasks, harbours, keepers, truth }
}

/** By the place of the task before which each is told. */
function drawDocuments(
  { ships, harbours, keepers, truth }: Omit<MemoryWorld, 'tasks'> & { readonly ships: readonly string[] },
  { tasks, told, wrong }: MemoryWorldOptions,
  random: SimRandom,
): Map<number, string> {
  const facts: Need[] = [
    ...ships.map((of) => ({ relation: 'harbour', of }) as const),
    ...harbours.map((of) => ({ relation: 'keeper', of }) as const),
  ]
  const chosen = random.shuffle(facts).slice(0, Math.round((facts.length * told) / 100))
  const places = new Map<number, string>()
  for (const [i, fact] of chosen.entries()) {
    const value = random.chance(wrong / 100)
      ? random.pick(fact.relation === 'harbour' ? harbours : keepers)
      : (truth(fact) as string)
    // With fewer tasks than facts, several fall on one place: the first of them is told.
    const at = Math.floor((i * tasks) / chosen.length)
    const text =
      fact.relation === 'harbour' ? harbourDocument(fact.of, value) : keeperDocument(fact.of, value)
    if (!places.has(at)) places.set(at, text)
  }
  return places
}

// --- Reading ---

const NAME = '([A-Z][a-z]+)'
const QUESTIONS: readonly (readonly [Relation, RegExp])[] = (
  ['ship-keeper', 'harbour', 'keeper'] as const
).flatMap((relation) =>
  WORDINGS[relation].map((wording) => [relation, new RegExp(`^${escaped(wording('\u0000'))}$`)] as const),
)

/** What a question of this world asks for; null for any other text. */
export function questionToNeed(text: string): Need | null {
  for (const [relation, pattern] of QUESTIONS) {
    const of = pattern.exec(text)?.[1]
    if (of !== undefined) return { relation, of }
  }
  return null
}

const DOCUMENTS: readonly (readonly [Relation, RegExp])[] = [
  ['harbour', new RegExp(`^${escaped(harbourDocument('\u0000', '\u0000'))}$`)],
  ['keeper', new RegExp(`^${escaped(keeperDocument('\u0000', '\u0000'))}$`)],
]

/** What a document of this world says; null for any other text. */
export function documentToFact(text: string): (Need & { readonly value: string }) | null {
  for (const [relation, pattern] of DOCUMENTS) {
    const [, of, value] = pattern.exec(text) ?? []
    if (of !== undefined && value !== undefined) return { relation, of, value }
  }
  return null
}

/** A pattern in which each NUL is a name. */
function escaped(text: string): string {
  return text.replace(/[.?]/g, '\\$&').replaceAll('\u0000', NAME)
}

/** Names that nobody has yet, of three syllables: no stemmer takes two of them for one. */
function createNames(random: SimRandom): () => string {
  const used = new Set<string>()
  const syllable = (): string => random.pick(CONSONANTS) + random.pick(VOWELS)
  const draw = (): string => `${syllable()}${syllable()}${syllable()}${random.pick(ENDS)}`
  return () => {
    let name = draw()
    while (used.has(name)) name = draw()
    used.add(name)
    return (name[0] as string).toUpperCase() + name.slice(1)
  }
}
const CONSONANTS = [...'bdfghjklmnprtvz']
const VOWELS = [...'aiou']
const ENDS = [...'kmnrtx']
