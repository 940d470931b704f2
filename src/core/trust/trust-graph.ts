/**
 * Who has said what about whom: authors as nodes, and between a rater and a subject's author a pair with the testimonies of the one about
 * the other. Kept up to date row by row; what a row does not touch is not computed again.
 */
import type { Did, SpaceId } from '../base/brand.ts'
import type { EvidenceKind, EvidenceRow } from '../protocol/evidence-payload.ts'
import { createRowSet, type KeptRow, OWN_ROWS_MAX, ROWS_MAX, type RowSet } from './lattice.ts'
import { outcomesOf } from './posterior.ts'
import { compareCounts } from './rater-weight.ts'
import { type Ages, type Counted, compareInCell, NOTHING, type Testimony, testify } from './testimony.ts'
import type { Subject } from './trust-contract.ts'
import type { TrustParams } from './trust-params.ts'

/** Rows of all others: beyond, the raters whom this spore has not judged itself are left out, the last by did:key first. */
export const OTHERS_ROWS_MAX = 262_144

/** One rater about one subject in one domain. */
export interface Cell {
  readonly subject: Subject
  readonly domain: string
  readonly rows: KeptRow[]
  testimony: Testimony
}

/** One rater about one author. */
export interface Pair {
  readonly rater: Author
  readonly about: Author
  readonly cells: Map<string, Cell>
  /** Sum of the cells. */
  said: Counted
  hasFallen: boolean
  /** Beside this spore's own outcomes. */
  shared: number
  excess: number
}

/** What is believed of a rater at one depth: in steps of his weight; and on whose word, where it is not this spore's own. */
export interface Standing {
  readonly steps: number
  readonly root: Author
}

export interface Author {
  readonly did: Did
  readonly raters: Map<Author, Pair>
  /** What this spore itself has seen of it: one of `raters`. */
  own: Pair | null
  readonly subjects: Map<Author, Pair>
  readonly rowsBySpace: Map<SpaceId, RowSet>
  /** Sums over its pairs. */
  shared: number
  excess: number
  /** Itself, and the places that it shares with others. */
  places: readonly string[]
  isChosen: boolean
  /** By depth. */
  readonly standings: Standing[]
}

export interface TrustGraph {
  /** Own rows are those of `self`. */
  readonly self: Did
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
  readonly self: Did
  readonly params: TrustParams
  readonly ages: Ages
  /** A new author: its places and whether it is chosen are to be filled in. */
  readonly onAuthor: (author: Author) => void
  /** A rater whose agreement with this spore has changed. */
  readonly onAgreement: (rater: Author) => void
}

export const ownerOf = (subject: Subject): Did => {
  const end = subject.indexOf(' ')
  return (end < 0 ? subject : subject.slice(0, end)) as Did
}

export function createTrustGraph(deps: TrustGraphDeps): TrustGraph {
  const { self, params, onAuthor, onAgreement } = deps
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
  const isStranger = ({ did, isChosen, own }: Author): boolean => did !== self && !isChosen && own === null

  const pairOf = (rater: Author, about: Author): Pair => {
    const known = rater.subjects.get(about)
    if (known) return known
    const pair: Pair = {
      rater,
      about,
      cells: new Map(),
      said: NOTHING,
      hasFallen: false,
      shared: 0,
      excess: 0,
    }
    rater.subjects.set(about, pair)
    about.raters.set(rater, pair)
    if (rater.did === self) about.own = pair
    return pair
  }

  /** The one sum that others' pairs are compared with. */
  const compare = (pair: Pair): void => {
    const own = pair.about.own
    let [shared, excess] = [0, 0]
    if (own && pair.rater.did !== self)
      for (const [key, { testimony }] of pair.cells) {
        const seen = own.cells.get(key)
        if (!seen) continue
        const agreement = compareCounts(seen.testimony.whole, testimony.whole, params)
        shared += agreement.shared
        excess += agreement.excess
      }
    if (shared === pair.shared && excess === pair.excess) return
    pair.rater.shared += shared - pair.shared
    pair.rater.excess += excess - pair.excess
    pair.shared = shared
    pair.excess = excess
    onAgreement(pair.rater)
  }
  const sum = (pair: Pair): void => {
    let [right, wrong, chance] = [0, 0, 0]
    pair.hasFallen = false
    for (const { testimony } of pair.cells.values()) {
      right += testimony.right
      wrong += testimony.wrong
      chance += testimony.chance
      if (testimony.change === 'fall') pair.hasFallen = true
    }
    pair.said = { right, wrong, chance }
  }
  /** After cells of a pair have changed. */
  const settle = (pair: Pair): void => {
    sum(pair)
    if (pair.rater.did === self) for (const other of pair.about.raters.values()) compare(other)
    else compare(pair)
    if (pair.cells.size > 0) return
    pair.rater.subjects.delete(pair.about)
    pair.about.raters.delete(pair.rater)
    if (pair.about.own === pair) pair.about.own = null
    for (const author of [pair.rater, pair.about]) if (isIdle(author)) authors.delete(author.did)
  }

  const addRow = (rater: Author, row: KeptRow): Pair => {
    const pair = pairOf(rater, authorOf(ownerOf(row.subject)))
    const key = cellKey(row.subject, row.domain)
    let cell = pair.cells.get(key)
    if (!cell) {
      cell = { subject: row.subject, domain: row.domain, rows: [], testimony: NOTHING }
      pair.cells.set(key, cell)
    }
    if (!cell.rows.includes(row)) {
      cell.rows.push(row)
      if (cell.rows.length > 1) cell.rows.sort(compareInCell)
    }
    cell.testimony = testify(cell.rows, ages, params)
    return pair
  }
  const dropRow = (rater: Author, row: KeptRow): Pair | null => {
    const pair = rater.subjects.get(authorOf(ownerOf(row.subject)))
    const key = cellKey(row.subject, row.domain)
    const cell = pair?.cells.get(key)
    if (!pair || !cell) return null
    cell.rows.splice(cell.rows.indexOf(row), 1)
    if (cell.rows.length === 0) pair.cells.delete(key)
    else cell.testimony = testify(cell.rows, ages, params)
    return pair
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
    for (const pair of touched) settle(pair)
    if (isIdle(rater)) authors.delete(did)
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
    self,
    get: (did) => authors.get(did) ?? null,
    authors: () => authors.values(),
    join(did, space, row) {
      const owner = ownerOf(row.subject)
      // What an author says about himself is no evidence; what this spore has seen of its own models is.
      if (owner === did && did !== self) return []
      const rater = authorOf(did)
      if (strangersEnd !== null && did >= strangersEnd && isStranger(rater)) return []
      let set = rater.rowsBySpace.get(space)
      if (!set) {
        set = createRowSet(space, did === self ? OWN_ROWS_MAX : ROWS_MAX)
        rater.rowsBySpace.set(space, set)
      }
      const sizeBefore = set.size
      const { changed, dropped } = set.join(row)
      if (did !== self) othersRows += set.size - sizeBefore
      if (!changed) return []
      const touched = new Set([addRow(rater, changed)])
      const without = dropped && dropRow(rater, dropped)
      if (without) touched.add(without)
      for (const pair of touched) settle(pair)
      return [...touched, ...dropStrangers()]
    },
    forget,
    row: (space, subject, domain, kind, period) =>
      authors.get(self)?.rowsBySpace.get(space)?.get(subject, domain, kind, period) ?? null,
    recompute(now) {
      ages = now
      for (const { subjects } of authors.values())
        for (const pair of subjects.values()) {
          for (const cell of pair.cells.values()) cell.testimony = testify(cell.rows, ages, params)
          sum(pair)
        }
      for (const { subjects } of authors.values()) for (const pair of subjects.values()) compare(pair)
    },
  }
}

function newAuthor(did: Did): Author {
  const author: Author = {
    ...{ did, raters: new Map(), own: null, subjects: new Map(), rowsBySpace: new Map() },
    ...{ shared: 0, excess: 0, places: [], isChosen: false, standings: [] },
  }
  return author
}

const isIdle = ({ raters, subjects, rowsBySpace }: Author): boolean =>
  raters.size === 0 && subjects.size === 0 && rowsBySpace.size === 0

const cellKey = (subject: Subject, domain: string): string => `${domain.length} ${domain}${subject}`

/** Of the cells that are asked for; all of them where neither is named. */
export function saidOf(
  pair: Pair,
  subject: Subject | null,
  domain: string | null,
): Counted & { readonly hasFallen: boolean } {
  if (subject === null && domain === null) return { ...pair.said, hasFallen: pair.hasFallen }
  let [right, wrong, chance, hasFallen] = [0, 0, 0, false]
  for (const { subject: about, domain: of, testimony } of pair.cells.values()) {
    if ((subject !== null && about !== subject) || (domain !== null && of !== domain)) continue
    right += testimony.right
    wrong += testimony.wrong
    chance += testimony.chance
    if (testimony.change === 'fall') hasFallen = true
  }
  return { right, wrong, chance, hasFallen }
}

export const hasOutcomes = (counted: Counted): boolean => outcomesOf(counted) > 0
