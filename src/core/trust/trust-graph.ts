/**
 * Who has said what about whom: authors as nodes, and between a rater and a subject's author a pair with the testimonies of the one about
 * the other. Kept up to date row by row; what a row does not touch is not computed again.
 */
import type { Did, SpaceId } from '../base/brand.ts'
import type { EvidenceKind, EvidenceRow } from '../protocol/evidence-payload.ts'
import { createRowSet, type KeptRow, OWN_ROWS_MAX, ROWS_MAX, type RowSet } from './lattice.ts'
import type { Place } from './places.ts'
import { type Assessment, scale } from './posterior.ts'
import { compareCounts, NO_AGREEMENT } from './rater-weight.ts'
import { type Ages, type Counted, compareInCell, NOTHING, type Testimony, testify } from './testimony.ts'
import type { Subject } from './trust-contract.ts'
import type { TrustParams } from './trust-params.ts'

/** Rows of all others, 0.8 kB each in memory: beyond, the raters whom this spore has not judged itself are left out, the last by did:key first. */
export const OTHERS_ROWS_MAX = 131_072

/** What is rated of an author: a subject in a domain. */
export interface Topic {
  readonly subject: Subject
  readonly domain: string
  /** Of all raters. */
  readonly cells: Set<Cell>
  /** What this spore has seen itself. */
  own: Cell | null
}

/** One rater about one topic. */
export interface Cell {
  readonly rater: Author
  readonly topic: Topic
  readonly rows: KeptRow[]
  testimony: Testimony
  /** Beside what this spore has seen itself. */
  shared: number
  excess: number
}

/** One rater about one author. */
export interface Pair {
  readonly rater: Author
  readonly about: Author
  readonly cells: Cell[]
  /** Sum of the cells. */
  said: Said
  /** The same, and no more of it than one rater counts for. */
  claim: Counted
}

export interface Said extends Counted {
  readonly hasFallen: boolean
}

/** What is believed of a rater at one depth: in steps of his weight; and on whose word, where it is not this spore's own. */
export interface Standing {
  readonly steps: number
  readonly root: Author
}

/** How much more than chance a rater's own record says, and who vouches for it. */
export interface Informed {
  readonly value: number
  readonly introducer: Author | null
}

export interface Author {
  readonly did: Did
  readonly topics: Map<string, Topic>
  readonly raters: Map<Author, Pair>
  readonly subjects: Map<Author, Pair>
  /** What this spore itself has seen of it: one of `raters`. */
  own: Pair | null
  readonly rowsBySpace: Map<SpaceId, RowSet>
  /** Sums over what it has rated. */
  shared: number
  excess: number
  /** Itself first, then the places that it shares with others. */
  places: readonly Place[]
  isChosen: boolean
  /** By depth. */
  readonly standings: Standing[]
  /** By depth; null where it is to be computed. */
  readonly informed: (Informed | null)[]
  /** Bits of the depths at which its standing is to be computed. */
  waitsAt: number
  /** By what was asked; null after a change. */
  scores: Map<string, Assessment> | null
}

export interface TrustGraph {
  get(did: Did): Author | null
  authors(): IterableIterator<Author>
  /** Pairs whose testimonies have changed. */
  join(rater: Did, space: SpaceId, row: EvidenceRow): readonly Pair[]
  forget(rater: Did, space?: SpaceId): readonly Pair[]
  row(space: SpaceId, subject: Subject, domain: string, kind: EvidenceKind, period: number): KeptRow | null
  /** Everything anew, at another time. */
  recompute(ages: Ages): void
}

export interface TrustGraphDeps {
  /** Whose rows are own. */
  readonly self: Did
  readonly params: TrustParams
  readonly ages: Ages
  /** A new author, or one that rates for the first time: its places and whether it is chosen are to be filled in. */
  readonly onAuthor: (author: Author) => void
  /** Nothing is held of or by it any more. */
  readonly onGone: (author: Author) => void
  /** A rater whose agreement with this spore has changed. */
  readonly onAgreement: (rater: Author) => void
}

export const ownerOf = (subject: Subject): Did => {
  const end = subject.indexOf(' ')
  return (end < 0 ? subject : subject.slice(0, end)) as Did
}

export function createTrustGraph(deps: TrustGraphDeps): TrustGraph {
  const { self, params, onAuthor, onGone, onAgreement } = deps
  let { ages } = deps
  const authors = new Map<Did, Author>()
  let othersRows = 0
  /** Strangers from here on are left out: there were too many rows. */
  let strangersEnd: Did | null = null

  const authorOf = (did: Did): Author => {
    const known = authors.get(did)
    if (known) return known
    const author = newAuthor(did)
    authors.set(did, author)
    onAuthor(author)
    return author
  }
  const dropIdle = (author: Author): void => {
    if (author.raters.size > 0 || author.subjects.size > 0 || author.rowsBySpace.size > 0) return
    if (authors.delete(author.did)) onGone(author)
  }
  const isStranger = ({ did, isChosen, own }: Author): boolean => did !== self && !isChosen && own === null

  /** How a cell stands beside what this spore has seen: into the sums of its rater. */
  const compare = (cell: Cell): void => {
    const { rater, topic, testimony } = cell
    if (rater.did === self) return
    const { shared, excess } = topic.own
      ? compareCounts(topic.own.testimony.whole, testimony.whole, params)
      : NO_AGREEMENT
    if (shared === cell.shared && excess === cell.excess) return
    rater.shared += shared - cell.shared
    rater.excess += excess - cell.excess
    cell.shared = shared
    cell.excess = excess
    onAgreement(rater)
  }
  /** After the testimony of a cell has changed. */
  const compareAll = (cell: Cell): void => {
    if (cell.rater.did !== self) compare(cell)
    else for (const other of cell.topic.cells) compare(other)
  }
  const sum = (pair: Pair): void => {
    const [only] = pair.cells
    pair.said = only && pair.cells.length === 1 ? only.testimony : sumCells(pair.cells, null, null)
    pair.claim = scale(pair.said, 1, params.raterAnswersMax)
  }

  const pairOf = (rater: Author, about: Author): Pair => {
    const known = rater.subjects.get(about)
    if (known) return known
    const pair: Pair = { rater, about, cells: [], said: NO_SAYING, claim: NOTHING }
    rater.subjects.set(about, pair)
    about.raters.set(rater, pair)
    if (rater.did === self) about.own = pair
    return pair
  }
  const cellOf = (pair: Pair, topic: Topic): Cell => {
    const known = pair.cells.find((cell) => cell.topic === topic)
    if (known) return known
    const cell: Cell = { rater: pair.rater, topic, rows: [], testimony: NOTHING, shared: 0, excess: 0 }
    pair.cells.push(cell)
    topic.cells.add(cell)
    if (pair.rater.did === self) topic.own = cell
    return cell
  }

  const addRow = (rater: Author, row: KeptRow): Pair => {
    const about = authorOf(ownerOf(row.subject))
    const pair = pairOf(rater, about)
    const cell = cellOf(pair, topicOf(about, row))
    if (!cell.rows.includes(row)) {
      cell.rows.push(row)
      if (cell.rows.length > 1) cell.rows.sort(compareInCell)
    }
    cell.testimony = testify(cell.rows, ages, params)
    sum(pair)
    compareAll(cell)
    return pair
  }
  const dropRow = (rater: Author, row: KeptRow): Pair | null => {
    const about = authors.get(ownerOf(row.subject))
    const pair = about && rater.subjects.get(about)
    const cell = pair?.cells.find(({ topic }) => topic.subject === row.subject && topic.domain === row.domain)
    if (!about || !pair || !cell) return null
    cell.rows.splice(cell.rows.indexOf(row), 1)
    cell.testimony = testify(cell.rows, ages, params)
    if (cell.rows.length === 0) dropCell(pair, cell)
    else compareAll(cell)
    sum(pair)
    if (pair.cells.length > 0) return pair
    rater.subjects.delete(about)
    about.raters.delete(rater)
    if (about.own === pair) about.own = null
    dropIdle(about)
    return pair
  }
  const dropCell = (pair: Pair, cell: Cell): void => {
    const { topic } = cell
    pair.cells.splice(pair.cells.indexOf(cell), 1)
    topic.cells.delete(cell)
    if (topic.own === cell) {
      topic.own = null
      for (const other of topic.cells) compare(other)
    } else compare(cell)
    if (topic.cells.size === 0) pair.about.topics.delete(topicKey(topic))
  }

  function forget(did: Did, space?: SpaceId): readonly Pair[] {
    const rater = authors.get(did)
    if (!rater) return []
    const touched = new Set<Pair>()
    for (const [of, set] of [...rater.rowsBySpace]) {
      if (space !== undefined && of !== space) continue
      if (did !== self) othersRows -= set.size
      for (const row of set.rows()) {
        const pair = dropRow(rater, row)
        if (pair) touched.add(pair)
      }
      rater.rowsBySpace.delete(of)
    }
    dropIdle(rater)
    return [...touched]
  }

  /** The first by did:key stay, so that it makes no difference who came first. */
  const dropStrangers = (): Pair[] => {
    const touched: Pair[] = []
    while (othersRows > OTHERS_ROWS_MAX) {
      let last: Did | null = null
      for (const author of authors.values())
        if (author.rowsBySpace.size > 0 && isStranger(author) && (last === null || author.did > last))
          last = author.did
      if (last === null) break
      touched.push(...forget(last))
      strangersEnd = last
    }
    return touched
  }

  return {
    get: (did) => authors.get(did) ?? null,
    authors: () => authors.values(),
    join(did, space, row) {
      const owner = ownerOf(row.subject)
      // What an author says about himself is no evidence; what this spore has seen of its own models is.
      if (owner === did && did !== self) return []
      const rater = authorOf(did)
      if (strangersEnd !== null && did >= strangersEnd && isStranger(rater)) {
        dropIdle(rater)
        return []
      }
      let set = rater.rowsBySpace.get(space)
      if (!set) {
        // Of those who rate nobody it is not followed where they are.
        if (rater.rowsBySpace.size === 0) onAuthor(rater)
        set = createRowSet(space, did === self ? OWN_ROWS_MAX : ROWS_MAX)
        rater.rowsBySpace.set(space, set)
      }
      const sizeBefore = set.size
      const { changed, dropped } = set.join(row)
      if (did !== self) othersRows += set.size - sizeBefore
      if (!changed) return []
      const touched = [addRow(rater, changed)]
      const without = dropped && dropRow(rater, dropped)
      if (without) touched.push(without)
      return othersRows > OTHERS_ROWS_MAX ? [...touched, ...dropStrangers()] : touched
    },
    forget,
    row: (space, subject, domain, kind, period) =>
      authors.get(self)?.rowsBySpace.get(space)?.get(subject, domain, kind, period) ?? null,
    recompute(now) {
      ages = now
      for (const { subjects } of authors.values())
        for (const pair of subjects.values()) {
          for (const cell of pair.cells) cell.testimony = testify(cell.rows, ages, params)
          sum(pair)
        }
      for (const { topics } of authors.values())
        for (const { cells } of topics.values()) for (const cell of cells) compare(cell)
    },
  }
}

const newAuthor = (did: Did): Author => ({
  did,
  topics: new Map(),
  raters: new Map(),
  subjects: new Map(),
  own: null,
  rowsBySpace: new Map(),
  shared: 0,
  excess: 0,
  places: [],
  isChosen: false,
  standings: [],
  informed: [],
  waitsAt: 0,
  scores: null,
})

function topicOf(about: Author, { subject, domain }: Pick<Topic, 'subject' | 'domain'>): Topic {
  const key = topicKey({ subject, domain })
  const known = about.topics.get(key)
  if (known) return known
  const topic: Topic = { subject, domain, cells: new Set(), own: null }
  about.topics.set(key, topic)
  return topic
}

/** The length of the domain keeps two topics from being one. */
const topicKey = ({ subject, domain }: Pick<Topic, 'subject' | 'domain'>): string =>
  `${domain.length} ${domain}${subject}`

export const NO_SAYING: Said = { right: 0, wrong: 0, chance: 0, hasFallen: false }

/** Of the cells that are asked for; all of them where neither is named. */
export const saidOf = (pair: Pair, subject: Subject | null, domain: string | null): Said =>
  subject === null && domain === null ? pair.said : sumCells(pair.cells, subject, domain)

function sumCells(cells: readonly Cell[], subject: Subject | null, domain: string | null): Said {
  let [right, wrong, chance, hasFallen] = [0, 0, 0, false]
  for (const { topic, testimony } of cells) {
    if ((subject !== null && topic.subject !== subject) || (domain !== null && topic.domain !== domain))
      continue
    right += testimony.right
    wrong += testimony.wrong
    chance += testimony.chance
    if (testimony.hasFallen) hasFallen = true
  }
  return { right, wrong, chance, hasFallen }
}
