/**
 * Reads TypeScript just far enough for `architecture.test.ts`: what is code and what is comment, string or regular
 * expression; which tokens there are; what is imported. There is no parser among our dependencies (TypeScript 7 has
 * no JavaScript API), and Node's own type stripping tells types from values.
 *
 * A source that this cannot read throws: a file is never passed because it was not understood.
 */
import { stripTypeScriptTypes } from 'node:module'

export interface Token {
  readonly text: string
  /** First line is 1. */
  readonly line: number
  /** Brackets that are open around it; 0 is the module itself. */
  readonly depth: number
}

export interface Import {
  readonly specifier: string
  readonly line: number
  /** `import type`, `export type` or an `import()` in a type: nothing is loaded at run time. */
  readonly isType: boolean
  /** Names in braces, as the other module exports them. */
  readonly names: readonly string[]
  /** An `import()`; its specifier is empty where it is not a plain string. */
  readonly isDynamic: boolean
}

/** Tokens of what runs: without types, comments and the insides of strings (a string is the token `''`). */
export function sourceToTokens(source: string): Token[] {
  const code = blankText(stripTypes(source))
  const tokens: Token[] = []
  let depth = 0
  let line = 1
  for (const [text] of code.matchAll(TOKEN)) {
    if (text === '\n') line++
    if (/^\s/.test(text)) continue
    if (/^[)\]}]$/.test(text)) depth--
    tokens.push({ text, line, depth })
    if (/^[([{]$/.test(text)) depth++
  }
  return tokens
}

/** Every import and re-export, of values and of types. */
export function sourceToImports(source: string): Import[] {
  const code = blankText(source)
  const running = blankText(stripTypes(source))
  const imports: Import[] = []
  const at = (index: number) => code.slice(0, index).split('\n').length
  const stringAt = (quote: number) => source.slice(quote + 1, code.indexOf(code[quote] as string, quote + 1))
  for (const match of code.matchAll(STATIC_IMPORT)) {
    const { type, clause } = match.groups as { type?: string; clause?: string }
    const quote = match.index + match[0].length - 1
    imports.push({
      specifier: stringAt(quote),
      line: at(match.index),
      isType: type !== undefined,
      names: clauseToNames(clause ?? ''),
      isDynamic: false,
    })
  }
  for (const match of code.matchAll(DYNAMIC_IMPORT)) {
    const quote = match.groups?.quote === undefined ? -1 : match.index + match[0].length - 1
    imports.push({
      specifier: quote < 0 ? '' : stringAt(quote),
      line: at(match.index),
      isType: running.slice(match.index, match.index + 6) !== 'import',
      names: [],
      isDynamic: true,
    })
  }
  return imports
}

const TOKEN = /\n|[^\S\n]+|[\p{ID_Start}$_][\p{ID_Continue}$]*|\d[\w.]*|\.\.\.|\?\.|=>|''|""|``|./gu
const STATIC_IMPORT =
  /(?<![\w$.])(?:import|export)\s*(?<type>type\b(?!\s*(?:,|from\b)))?\s*(?:(?<clause>(?:[\w$]+\s*,\s*)?(?:\{[^}]*\}|\*(?:\s*as\s+[\w$]+)?)|[\w$]+)\s*from\s*)?['"]/g
const DYNAMIC_IMPORT = /(?<![\w$.])import\s*\(\s*(?<quote>['"])?/g

const clauseToNames = (clause: string): string[] =>
  (/\{([^}]*)\}/.exec(clause)?.[1] ?? '')
    .split(',')
    .map((name) =>
      name
        .trim()
        .replace(/^type\s+/, '')
        .replace(/\s+as\s.*$/s, ''),
    )
    .filter(Boolean)

function stripTypes(source: string): string {
  // Node warns once that this function is experimental; the pinned Node is what we run on.
  const emitWarning = process.emitWarning
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(source, { mode: 'strip' })
  } finally {
    process.emitWarning = emitWarning
  }
}

/**
 * The source with comments, the insides of strings, of templates (not of their `${…}`) and of regular expressions as
 * spaces; every other character stays where it was.
 */
export function blankText(source: string): string {
  return new Blanker(source).run()
}

/** Words after which a slash opens a regular expression. */
const BEFORE_VALUE = new Set(
  'return typeof instanceof in of new delete void throw case do else yield await default'.split(' '),
)

class Blanker {
  private readonly source: string
  private readonly out: string[]
  private offset = 0
  /** What stood before, without blanks and comments: tells a division from a regular expression. */
  private before = ''

  constructor(source: string) {
    this.source = source
    this.out = source.split('')
  }

  run(): string {
    this.code(false)
    return this.out.join('')
  }

  /** Reads code to the end, or to the `}` that closes a template's `${`. */
  private code(inTemplate: boolean): void {
    let depth = 0
    while (this.offset < this.source.length) {
      const rest = this.source.slice(this.offset, this.offset + 2)
      const char = rest[0] as string
      if (rest === '//') this.blankTo(/\n|$/g, 0)
      else if (rest === '/*') this.blankTo(/\*\//g, 2)
      else if (char === '"' || char === "'") this.string(char)
      else if (char === '`') this.template()
      else if (char === '/' && this.opensRegExp()) this.regExp()
      else if (char === '}' && inTemplate && depth === 0) return
      else {
        if (char === '{') depth++
        if (char === '}') depth--
        this.word(char)
      }
    }
    if (inTemplate) throw new Error('a template that does not end')
  }

  private word(char: string): void {
    const word = /[\p{ID_Continue}$]+/uy
    word.lastIndex = this.offset
    const text = word.exec(this.source)?.[0] ?? char
    // A `!` right behind a value asserts that it is not null; the value goes on.
    const isAssertion = text === '!' && /[\w$)\]]/.test(this.source[this.offset - 1] ?? '')
    if (!/\s/.test(text) && !isAssertion) this.before = text
    this.offset += text.length
  }

  private opensRegExp(): boolean {
    if (BEFORE_VALUE.has(this.before)) return true
    return !/[\p{ID_Continue}$)\]}'"`]$/u.test(this.before)
  }

  private string(quote: string): void {
    let end = this.offset + 1
    while (this.source[end] !== quote) {
      if (end >= this.source.length || this.source[end] === '\n')
        throw new Error('a string that does not end')
      end += this.source[end] === '\\' ? 2 : 1
    }
    this.blank(this.offset + 1, end)
    this.offset = end + 1
    this.before = quote
  }

  private template(): void {
    this.offset++
    while (this.source[this.offset] !== '`') {
      if (this.offset >= this.source.length) throw new Error('a template that does not end')
      if (this.source.startsWith('${', this.offset)) {
        this.offset += 2
        this.before = '{'
        this.code(true)
        this.offset++
        continue
      }
      const size = this.source[this.offset] === '\\' ? 2 : 1
      this.blank(this.offset, this.offset + size)
      this.offset += size
    }
    this.offset++
    this.before = '`'
  }

  private regExp(): void {
    let end = this.offset + 1
    let inClass = false
    while (inClass || this.source[end] !== '/') {
      const char = this.source[end]
      if (char === undefined || char === '\n') throw new Error('a regular expression that does not end')
      if (char === '[') inClass = true
      if (char === ']') inClass = false
      end += char === '\\' ? 2 : 1
    }
    this.blank(this.offset + 1, end)
    this.offset = end + 1
    this.before = ')'
  }

  private blankTo(pattern: RegExp, tail: number): void {
    pattern.lastIndex = this.offset + tail
    const end = pattern.exec(this.source)
    if (!end) throw new Error('a comment that does not end')
    this.blank(this.offset, end.index + tail)
    this.offset = end.index + tail
  }

  private blank(from: number, to: number): void {
    for (let i = from; i < to && i < this.out.length; i++) if (this.out[i] !== '\n') this.out[i] = ' '
  }
}
