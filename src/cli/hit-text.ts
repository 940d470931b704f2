/** A hit as people read it: where it stands, what it says, who says it, and how its score comes about. */
import type { Hit } from '../core/protocol/api.ts'
import { FOLDER_TAG_PREFIX } from './documents/tags.ts'
import { indent, oneLine, printable } from './terminal-text.ts'

/** Characters of a hit's text that the list shows without `--full`. */
const EXCERPT_CHARS = 400

/** A hit as the list of a search shows it; with `full`, its whole text. */
export function describeHit(hit: Hit, number: number, full: boolean): string {
  const text = printable(hit.text)
  const shown =
    full || text.length <= EXCERPT_CHARS ? text : `${text.slice(0, EXCERPT_CHARS).toWellFormed()}…`
  const parts = hit.parts ? `\n   ${explain(hit.parts)}` : ''
  return `${number}. ${placeOf(hit)}  ${hit.score.toFixed(2)}\n${indent(shown, '   ')}\n   ${hit.id}  by ${authorOf(hit)}${tagsOf(hit)}${copiesOf(hit)}${parts}`
}

/** The factors of a score; its other parts are summands. */
const FACTORS: ReadonlySet<string> = new Set(['speaker', 'trust', 'age'])

/** How the score comes about: what is added, then what it is multiplied by. What changes nothing is left out. */
function explain(parts: Readonly<Record<string, number>>): string {
  const show = ([name, part]: readonly [string, number]): string => `${name} ${part.toFixed(3)}`
  const isShown = ([name, part]: readonly [string, number]): boolean =>
    part.toFixed(3) !== (FACTORS.has(name) ? '1.000' : '0.000')
  const shown = Object.entries(parts).filter(isShown)
  const summands = shown.filter(([name]) => !FACTORS.has(name)).map(show)
  const factors = shown.filter(([name]) => FACTORS.has(name)).map(show)
  const sum = summands.length > 1 && factors.length > 0 ? `(${summands.join(' + ')})` : summands.join(' + ')
  return [sum, ...factors].join(' × ')
}

/** Near-duplicates that stand behind a hit. */
function copiesOf({ copies = [] }: Hit): string {
  if (copies.length === 0) return ''
  const authors = new Set(copies.map(({ author }) => author.slice(-8)))
  return `\n   also ${copies.length === 1 ? copies[0]!.id : `${copies.length} near-duplicates`}, by ${[...authors].join(', ')}`
}

/** `thread#position`, and the space where it has no thread. */
export function placeOf(hit: {
  readonly thread: string | null
  readonly position: number | null
  readonly space?: string
}): string {
  if (hit.thread === null) return hit.space ? `(${printable(hit.space)})` : '(no thread)'
  return `${oneLine(hit.thread, 80)}${hit.position === null ? '' : `#${hit.position}`}`
}

const authorOf = (hit: Hit): string =>
  `${hit.author.slice(-8)}${trustOf(hit)}${hit.quarantined ? ' (a stranger)' : ''}${hit.speaker ? `, ${oneLine(hit.speaker, 40)}` : ''}`

/** Of another author how far he is trusted, where something is known. */
function trustOf({ trust, tier }: Hit): string {
  if (tier === undefined) return trust === 1 ? ' (this spore)' : ''
  return trust === null ? '' : ` (${tier}, trust ${trust.toFixed(2)})`
}

/** Without the tag that tells imported folders apart: it says nothing to a person. */
function tagsOf({ tags }: Hit): string {
  const shown = tags.filter((tag) => !tag.startsWith(FOLDER_TAG_PREFIX))
  return shown.length > 0 ? `  [${oneLine(shown.join(', '), 80)}]` : ''
}
