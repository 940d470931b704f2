/**
 * Decoherence on the retriever that a spore runs, with generated documents: facts that newer ones superseded, needles that are old and that
 * nobody repeated, and newer talk of the same things. With it on, an old text loses a few percent of its score.
 */
import type { Did, Digest, SpaceId } from '../../core/base/brand.ts'
import { utf8ToBytes } from '../../core/base/bytes.ts'
import { bytesToDigest, sha256 } from '../../core/base/hash.ts'
import { decoherenceChanges } from '../../core/reasoning/synthesis/decoherence.ts'
import type { QuantumParams } from '../../core/reasoning/synthesis/quantum-params.ts'
import { createRetriever } from '../../core/retrieval/retriever.ts'
import { createRandom, type SimRandom } from '../random.ts'

export interface MemoryFigures {
  /** Share of superseded facts that stand before the fact that superseded them. */
  readonly stale: number
  /** Share of needles among the first ten, by all, and how often one is the first. */
  readonly found: number
  readonly first: number
}

const DAY_MS = 24 * 3_600_000
const NOW_MS = 1_000 * DAY_MS
const FACTS = 60
const NEEDLES = 60
const TALK = 600
/** Ages in days: of what was superseded, of what supersedes it, of needles, of talk. */
const STALE_DAYS = [40, 200] as const
const FRESH_DAYS = [0, 7] as const
const NEEDLE_DAYS = [31, 400] as const
const TALK_DAYS = [0, 30] as const
const PAGE = 10

const THINGS = ['pump', 'valve', 'ladder', 'generator', 'crane', 'winch', 'boiler', 'lamp'] as const
const PLACES = [
  'north shed',
  'south shed',
  'boat house',
  'old mill',
  'quarry',
  'harbour wall',
  'attic',
] as const
const WORDS = [
  'yesterday',
  'again',
  'with some oil',
  'for the winter',
  'before noon',
  'by two of us',
] as const

export function memoryFigures(seed: number, quantum: QuantumParams): MemoryFigures {
  const random = createRandom(`eval ablation decoherence ${seed}`)
  const retriever = createRetriever({ params: decoherenceChanges(quantum), secret: 1 })
  const put = (text: string, days: readonly [number, number]): Digest => {
    const id = bytesToDigest(sha256(utf8ToBytes(`${text} ${random.float()}`)))
    const atMs = NOW_MS - (days[0] + random.float() * (days[1] - days[0])) * DAY_MS
    const provenance = [{ space: 'private' as SpaceId, author: 'did:key:zEval' as Did, atMs }]
    retriever.put({
      id,
      text,
      tags: [],
      thread: null,
      position: null,
      speaker: null,
      provenance,
      sources: [],
    })
    return id
  }
  const facts = Array.from({ length: FACTS }, () => {
    const [thing, name] = [random.pick(THINGS), nameFrom(random)]
    const [old, now] = random.shuffle([...PLACES]) as [string, string]
    const stale = put(factText(thing, name, old, random), STALE_DAYS)
    return {
      ask: `Where does the ${thing} of ${name} stand?`,
      stale,
      fresh: put(factText(thing, name, now, random), FRESH_DAYS),
    }
  })
  const needles = Array.from({ length: NEEDLES }, () => {
    const [thing, name] = [random.pick(THINGS), nameFrom(random)]
    const id = put(factText(thing, name, random.pick(PLACES), random), NEEDLE_DAYS)
    return { ask: `Where does the ${thing} of ${name} stand?`, id }
  })
  for (let i = 0; i < TALK; i++)
    put(`We moved the ${random.pick(THINGS)} to the ${random.pick(PLACES)} ${random.pick(WORDS)}.`, TALK_DAYS)
  const search = (text: string): Digest[] =>
    retriever
      .search({ text, limit: PAGE, scope: {}, nowMs: NOW_MS, isFolded: false, explain: false })
      .hits.map(({ id }) => id)
  const share = (count: number, of: number): number => count / of
  const placeOf = (hits: readonly Digest[], id: Digest): number => {
    const place = hits.indexOf(id)
    return place < 0 ? Number.POSITIVE_INFINITY : place
  }
  const found = needles.map(({ ask, id }) => placeOf(search(ask), id))
  return {
    stale: share(facts.filter(({ ask, stale, fresh }) => isBefore(search(ask), stale, fresh)).length, FACTS),
    found: share(found.filter((place) => place < PAGE).length, NEEDLES),
    first: share(found.filter((place) => place === 0).length, NEEDLES),
  }

  function isBefore(hits: readonly Digest[], a: Digest, b: Digest): boolean {
    return placeOf(hits, a) < placeOf(hits, b)
  }
}

/** The same fact in one of three wordings: what is newer need not be the one closer to the question. */
function factText(thing: string, name: string, place: string, random: SimRandom): string {
  return random.pick([
    `The ${thing} of ${name} stands in the ${place}.`,
    `${name} keeps the ${thing} in the ${place}, where it has stood since.`,
    `In the ${place} stands the ${thing} that belongs to ${name}.`,
  ])
}

const SYLLABLES = ['ba', 'do', 'ki', 'lu', 'me', 'no', 'ra', 'si', 'tu', 've', 'wi', 'zo'] as const
/** A name that hardly occurs twice. */
function nameFrom(random: SimRandom): string {
  const name = Array.from({ length: 4 }, () => random.pick(SYLLABLES)).join('')
  return `${(name[0] as string).toUpperCase()}${name.slice(1)}`
}
