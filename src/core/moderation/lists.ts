/**
 * Block lists of others, and this spore's own as one. What comes in becomes drafts: somebody else's judgement, which holds
 * once the operator has looked at it.
 *
 * Three forms are read: the CSV that Mastodon exports (`#domain,#severity,#reject_media,…`), plain lines with a domain, did or
 * URL each, and the JSON that is written here.
 */
import { utf8Length } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import {
  MODERATION_IMPORT_CHARS_MAX,
  MODERATION_REASON_CHARS_MAX,
  MODERATION_SOURCE_CHARS_MAX,
} from '../protocol/limits.ts'
import { IMPORT_LINES_MAX, IMPORT_PROBLEMS_MAX } from './bounds.ts'
import { parseCsv, toCsvRow } from './csv.ts'
import { ACTIONS, type Action, type Rule } from './rule.ts'
import { guessTargets, parseTarget, TARGET_KINDS, type Target, targetKey } from './target.ts'

export interface ListOptions {
  /** Name of the list. */
  readonly source: string
  /** What plain lines, and rows without a severity, ask for. */
  readonly action: Action
  readonly nowMs: number
}

export interface ParsedList {
  /** One for each target; the last one in the list counts. */
  readonly drafts: readonly Rule[]
  /** Lines that ask for nothing that this spore does (Mastodon's `noop`). */
  readonly skipped: number
  /** Lines that were not understood, by number and what was wrong; at most `IMPORT_PROBLEMS_MAX` of them, and how many there are. */
  readonly problems: readonly { readonly line: number; readonly detail: string }[]
  readonly unreadable: number
}

/** What one line asks for; null for nothing. */
type Asked = {
  readonly targets: readonly Target[]
  readonly action: Action
  readonly reason: string
  readonly untilMs: number | null
} | null

/** Mastodon's words for what is done to a domain. */
const SEVERITIES: Readonly<Record<string, Action | null>> = {
  suspend: 'block',
  silence: 'limit',
  limit: 'limit',
  noop: null,
  none: null,
}

/** Failures BODY_TOO_LARGE, IMPORT_MALFORMED. */
export function parseList(text: string, options: ListOptions): Result<ParsedList, Failure> {
  if (utf8Length(text) > MODERATION_IMPORT_CHARS_MAX)
    return err(failure('BODY_TOO_LARGE', `a list has at most ${MODERATION_IMPORT_CHARS_MAX} bytes`))
  const clean = text.toWellFormed().replace(/^\uFEFF/, '')
  const lines = linesOf(clean, options)
  if (!lines.ok) return lines
  if (lines.value.length > IMPORT_LINES_MAX)
    return err(failure('BODY_TOO_LARGE', `a list has at most ${IMPORT_LINES_MAX} lines`))
  const drafts = new Map<string, Rule>()
  const problems: { line: number; detail: string }[] = []
  let skipped = 0
  let unreadable = 0
  for (const { line, read } of lines.value) {
    const asked = read()
    if (!asked.ok) {
      unreadable++
      if (problems.length < IMPORT_PROBLEMS_MAX) problems.push({ line, detail: asked.error.detail })
    } else if (!asked.value) skipped++
    else for (const draft of toDrafts(asked.value, options)) drafts.set(targetKey(draft.target), draft)
  }
  return ok({ drafts: [...drafts.values()], skipped, problems, unreadable })
}

interface Line {
  readonly line: number
  readonly read: () => Result<Asked, Failure>
}

function linesOf(text: string, options: ListOptions): Result<Line[], Failure> {
  const start = text.trimStart()
  if (start.startsWith('{')) return jsonLines(start)
  const first = start.slice(0, start.search(/[\r\n]|$/)).toLowerCase()
  const isTable = /^#?"?#?domain"?(,|$)/.test(first)
  return ok(isTable ? tableLines(start, options) : plainLines(text, options))
}

function plainLines(text: string, { action }: ListOptions): Line[] {
  return text.split(/\r?\n/).flatMap((whole, i): Line[] => {
    const [target = '', comment = ''] = whole.split(/\s*#\s*(.*)$/, 2)
    if (target.trim() === '') return []
    const read = (): Result<Asked, Failure> => {
      const targets = guessTargets(target)
      return targets.ok ? ok({ targets: targets.value, action, reason: comment, untilMs: null }) : targets
    }
    return [{ line: i + 1, read }]
  })
}

function tableLines(text: string, options: ListOptions): Line[] {
  const [header = [], ...rows] = parseCsv(text)
  const columns = header.map((name) => name.trim().replace(/^#/, '').toLowerCase())
  const column = (row: readonly string[], name: string): string => row[columns.indexOf(name)]?.trim() ?? ''
  return rows.map((row, i) => ({ line: i + 2, read: () => readRow((name) => column(row, name), options) }))
}

function readRow(column: (name: string) => string, { action }: ListOptions): Result<Asked, Failure> {
  const severity = column('severity').toLowerCase()
  const asked = severity === '' ? action : SEVERITIES[severity]
  if (asked === undefined)
    return err(failure('IMPORT_MALFORMED', `${JSON.stringify(severity.slice(0, 40))} is no severity`))
  const target = parseTarget('domain', column('domain'))
  if (!target.ok) return target
  if (asked === null) return ok(null)
  const reason = column('public_comment') || column('private_comment')
  return ok({ targets: [target.value], action: asked, reason, untilMs: null })
}

function jsonLines(text: string): Result<Line[], Failure> {
  const rules = parseJson(text)?.rules
  if (!Array.isArray(rules))
    return err(failure('IMPORT_MALFORMED', 'JSON of a list is {"rules": [{"target", "kind", "action"}…]}'))
  return ok(rules.map((rule: unknown, i) => ({ line: i + 1, read: () => readJsonRule(rule) })))
}

function readJsonRule(value: unknown): Result<Asked, Failure> {
  const { kind, target, action, reason, until } = (value ?? {}) as Record<string, unknown>
  const [knownKind, knownAction] = [
    TARGET_KINDS.find((known) => known === kind),
    ACTIONS.find((known) => known === action),
  ]
  if (!knownKind || !knownAction || typeof target !== 'string')
    return err(failure('IMPORT_MALFORMED', 'a rule has a kind, a target and an action'))
  const parsed = parseTarget(knownKind, target)
  if (!parsed.ok) return parsed
  const untilMs = typeof until === 'string' ? Date.parse(until) : Number.NaN
  return ok({
    targets: [parsed.value],
    action: knownAction,
    reason: typeof reason === 'string' ? reason : '',
    untilMs: Number.isSafeInteger(untilMs) && untilMs > 0 ? untilMs : null,
  })
}

function parseJson(text: string): { readonly rules?: unknown } | null {
  try {
    return JSON.parse(text) as { rules?: unknown } | null
  } catch {
    return null
  }
}

const toDrafts = (
  { targets, action, reason, untilMs }: NonNullable<Asked>,
  { source, nowMs }: ListOptions,
): Rule[] =>
  targets.map((target) => ({
    target,
    action,
    reason: clip(reason, MODERATION_REASON_CHARS_MAX),
    atMs: nowMs,
    untilMs,
    source: clip(source, MODERATION_SOURCE_CHARS_MAX),
  }))

/** Text of others, on one line, without what could steer a terminal, and no longer than it may be. */
export const clip = (text: string, max: number): string =>
  text
    .replace(/[\p{Cc}\p{Bidi_Control}\s]+/gu, ' ')
    .trim()
    .slice(0, max)
    .toWellFormed()

export const LIST_FORMS = ['json', 'csv'] as const
export type ListForm = (typeof LIST_FORMS)[number]

/** Rules as a list: all of them in the JSON of this spore, or those that Mastodon has a word for in its CSV. */
export function formatList(rules: readonly Rule[], form: ListForm): string {
  if (form === 'json')
    return `${JSON.stringify({ spore: 'moderation/1', rules: rules.map(ruleToJson) }, null, 2)}\n`
  const rows = rules.flatMap(({ target, action, reason }) => {
    const severity = action === 'block' ? 'suspend' : action === 'limit' ? 'silence' : null
    return target.kind === 'domain' && severity
      ? [[target.value, severity, 'false', 'false', reason, 'false']]
      : []
  })
  return `${[MASTODON_HEADER, ...rows].map(toCsvRow).join('\n')}\n`
}

const MASTODON_HEADER = [
  '#domain',
  '#severity',
  '#reject_media',
  '#reject_reports',
  '#public_comment',
  '#obfuscate',
]

const ruleToJson = ({ target, action, reason, untilMs }: Rule) => ({
  kind: target.kind,
  target: target.value,
  action,
  reason,
  until: untilMs === null ? null : new Date(untilMs).toISOString(),
})
