/**
 * `config.yaml` → values by path. Everything that is wrong in the file is reported at once, each with file, line and
 * column, an unknown key with the nearest known one.
 */
import { createRequire } from 'node:module'
import type { LineCounter, Node, ParsedNode, YAMLMap } from 'yaml'
import type { z } from 'zod'
import { err, ok, type Result } from '../core/base/result.ts'
import { nearestName } from './nearest.ts'
import { FIELDS, FIRST_SYSTEM_FIELDS, fieldSchema, sectionKeys } from './schema.ts'

/** Loaded with the first file: most spores have none, and the parser takes 72 modules and 3 MiB. */
const yaml = () => createRequire(import.meta.url)('yaml') as typeof import('yaml')

export interface ConfigFile {
  /** Checked values by path, for the fields that the file sets. */
  readonly values: ReadonlyMap<string, unknown>
  /** Where each of them stands, as `file:line:column`. */
  readonly places: ReadonlyMap<string, string>
  /** Fields of the first system that the file sets and that have no effect. */
  readonly withoutEffect: readonly string[]
}

/** Parses and checks the text of a config file; the error is one `file:line:column: reason` a line. */
export function parseConfigFile(text: string, fileName: string): Result<ConfigFile, string> {
  const { isMap, isScalar, LineCounter, parseDocument } = yaml()
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  const check = new Check(fileName, lines)
  for (const error of document.errors)
    check.report(error.pos[0], error.message.split(' at line ')[0] ?? error.code)
  if (check.problems.length > 0) return err(check.problems.join('\n'))

  const root = document.contents as ParsedNode | null
  if (root === null || (isScalar(root) && root.value === null))
    return ok({ values: new Map(), places: new Map(), withoutEffect: [] })
  if (!isMap(root)) return err(`${fileName}:1:1: the file must be a map of keys to values`)
  check.section(root, '', (node) => node.toJS(document, { maxAliasCount: 16 }))
  if (check.problems.length > 0) return err(check.problems.join('\n'))
  return ok({ values: check.values, places: check.places, withoutEffect: check.withoutEffect })
}

class Check {
  readonly values = new Map<string, unknown>()
  readonly places = new Map<string, string>()
  readonly withoutEffect: string[] = []
  readonly problems: string[] = []
  private readonly fileName: string
  private readonly lines: LineCounter

  constructor(fileName: string, lines: LineCounter) {
    this.fileName = fileName
    this.lines = lines
  }

  report(offset: number, reason: string): void {
    this.problems.push(`${this.placeOf(offset)}: ${reason}`)
  }

  private placeOf(offset: number): string {
    const { line, col } = this.lines.linePos(offset)
    return `${this.fileName}:${line}:${col}`
  }

  section(map: YAMLMap, prefix: string, toValue: (node: Node) => unknown): void {
    const { isMap, isScalar, isSeq: isList } = yaml()
    const known = sectionKeys(prefix) ?? []
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? String(key.value) : String(key)
      const at = (key as ParsedNode).range?.[0] ?? 0
      const path = prefix === '' ? name : `${prefix}.${name}`
      const isFirstSystems = FIRST_SYSTEM_FIELDS.includes(name) || (name === 'models' && isList(value))
      if (prefix === '' && isFirstSystems) this.withoutEffect.push(name)
      else if (!known.includes(name)) this.report(at, unknownKey(path, name, prefix))
      else if (value === null) this.report(at, `"${path}" has no value`)
      else if (sectionKeys(path) === null) this.field(value as ParsedNode, path, toValue)
      else if (isMap(value)) this.section(value, path, toValue)
      else if (isScalar(value) && value.value === null) continue
      else this.report(at, `"${path}" is a section: its keys stand below it, indented`)
    }
  }

  private field(node: ParsedNode, path: string, toValue: (node: Node) => unknown): void {
    const parsed = fieldSchema(path).safeParse(toValue(node))
    const at = node.range?.[0] ?? 0
    if (parsed.success) {
      this.values.set(path, parsed.data)
      this.places.set(path, this.placeOf(at))
      return
    }
    const issue = parsed.error.issues[0]
    const inner = issue ? innerOf(node, issue.path) : null
    const of = inner ? `${path}.${inner.keys.join('.')}` : path
    this.report(inner?.at ?? at, `"${of}": ${issue ? messageOf(issue) : 'not valid'}`)
  }
}

/** What in a map is wrong, and where it stands; null where it is the whole value. */
function innerOf(node: ParsedNode, path: readonly PropertyKey[]): { keys: string[]; at: number } | null {
  const { isMap, isScalar } = yaml()
  const keys: string[] = []
  let [at, inner]: [number, unknown] = [0, node]
  for (const key of path) {
    const pair = isMap(inner)
      ? inner.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === String(key))
      : undefined
    if (!pair) break
    keys.push(String(key))
    at = (pair.key as ParsedNode).range?.[0] ?? 0
    inner = pair.value
  }
  return keys.length > 0 ? { keys, at } : null
}

/** A key that is wrong says why within. */
export const messageOf = (issue: z.core.$ZodIssue): string =>
  (issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined) ?? issue.message

/** A key may be misspelt, or be right and in the wrong section: both are looked for. */
function unknownKey(path: string, name: string, prefix: string): string {
  const elsewhere = FIELDS.find((field) => field.path.split('.').at(-1) === name)
  if (elsewhere) return `unknown key "${path}"; the nearest known key is "${elsewhere.path}"`
  const siblings = [...(sectionKeys(prefix) ?? []), ...(prefix === '' ? FIRST_SYSTEM_FIELDS : [])]
  const byLeaf = new Map(siblings.map((key) => [key, prefix === '' ? key : `${prefix}.${key}`]))
  for (const field of FIELDS) {
    const leaf = field.path.split('.').at(-1) as string
    if (!byLeaf.has(leaf)) byLeaf.set(leaf, field.path)
  }
  const nearest = nearestName(name, byLeaf.keys())
  return `unknown key "${path}"; the nearest known key is "${byLeaf.get(nearest?.name ?? '') ?? ''}"`
}
