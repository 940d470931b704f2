/**
 * The import rule (`main → cli → {http, adapters, sim, config, deploy} → core/spore.ts → core by rank`) and the purity
 * of the core, as functions from a source to what is wrong with it. `test/architecture.test.ts` applies them to `src/`
 * and shows that each catches what it is there for.
 */
import { posix } from 'node:path'
import { type Import, sourceToImports, sourceToTokens, type Token } from './source-scan.ts'

export interface Violation {
  readonly line: number
  readonly what: string
}

/** Ranks of `src/core`: a folder imports lower ranks and itself. `spore.ts` and its neighbours stand above them all. */
export const CORE_RANKS: Readonly<Record<string, number>> = {
  base: 0,
  protocol: 1,
  identity: 2,
  memory: 3,
  trust: 4,
  moderation: 4,
  gossip: 5,
  retrieval: 5,
  reasoning: 6,
  knowledge: 7,
  skills: 7,
  economy: 8,
}
const CORE_ROOT_RANK = 9
/** Ranks outside the core. The middle ones do not import one another, types excepted. */
const OUTER_RANKS: Readonly<Record<string, number>> = {
  http: 10,
  adapters: 10,
  sim: 10,
  config: 10,
  deploy: 10,
  cli: 11,
  'main.ts': 12,
}
const MIDDLE_RANK = 10

/** Packages that compute and do nothing else, by the paths that may be imported. */
const CORE_PACKAGES = [
  /^ipaddr\.js$/,
  /^zod$/,
  /^multiformats\/[\w/-]+$/,
  /^natural\/lib\/natural\/(stemmers|tokenizers|distance|util|analyzers|phonetics|inflectors)\/[\w/]+(\.js)?$/,
]
/** Files of the core that may hash, sign and verify. */
const CRYPTO_FILES = ['core/base/hash.ts', 'core/identity/keys.ts']

/** Lines of one file of `src/`: beyond that it holds more than one noun. */
export const FILE_LINES_MAX = 400

/** Everything wrong with one file. `path` is relative to `src/`, with slashes. */
export function checkSource(path: string, source: string, runtimePackages: readonly string[]): Violation[] {
  const tokens = sourceToTokens(source)
  const violations = [...checkProcess(path, tokens)]
  for (const found of sourceToImports(source)) {
    const what = checkImport(path, found, runtimePackages)
    if (what) violations.push({ line: found.line, what })
  }
  if (path.startsWith('core/')) violations.push(...checkPurity(tokens))
  // A final newline ends a line and opens none.
  const lines = source.replace(/\n$/, '').split('\n').length
  if (lines > FILE_LINES_MAX)
    violations.push({ line: lines, what: `${lines} lines, ${FILE_LINES_MAX} allowed` })
  return violations
}

function checkImport(path: string, found: Import, runtimePackages: readonly string[]): string | null {
  const { specifier } = found
  if (specifier === '') return 'imports what is computed: nobody can tell what that is'
  if (specifier.startsWith('.')) return checkRelative(path, found)
  return path.startsWith('core/') ? checkCorePackage(path, specifier) : checkPackage(found, runtimePackages)
}

function checkRelative(path: string, { specifier, isType }: Import): string | null {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier))
  if (target.startsWith('../')) return `imports ${specifier}, which is outside src`
  const from = pathToPlace(path)
  const to = pathToPlace(target)
  if (!from) return `${path} stands where STYLE.md §1 knows no place`
  if (!to) return `imports ${target}, which stands where STYLE.md §1 knows no place`
  if (from.place === to.place || to.rank < from.rank) return null
  if (isType && from.rank === MIDDLE_RANK && to.rank === MIDDLE_RANK) return null
  return `${from.place} (rank ${from.rank}) imports ${to.place} (rank ${to.rank})`
}

/** The folder that has a rank, and the rank; null where there is none. */
function pathToPlace(path: string): { readonly place: string; readonly rank: number } | null {
  const [first = '', second = '', ...rest] = path.split('/')
  if (first !== 'core') {
    const rank = OUTER_RANKS[first]
    return rank === undefined ? null : { place: first, rank }
  }
  if (rest.length === 0) return { place: 'core/spore.ts', rank: CORE_ROOT_RANK }
  const rank = CORE_RANKS[second]
  return rank === undefined ? null : { place: `core/${second}`, rank }
}

function checkCorePackage(path: string, specifier: string): string | null {
  if (specifier === 'node:crypto' && CRYPTO_FILES.includes(path)) return null
  if (specifier.startsWith('node:')) return `the core imports ${specifier}`
  return CORE_PACKAGES.some((allowed) => allowed.test(specifier)) ? null : `the core imports ${specifier}`
}

function checkPackage(found: Import, runtimePackages: readonly string[]): string | null {
  const { specifier, isType } = found
  // `import process` gives the name that `checkProcess` follows; a member by itself would be out of its sight.
  if (specifier === 'node:process' && found.names.some((name) => name === 'env' || HARD_EXITS.has(name)))
    return 'imports a member of node:process'
  if (specifier.startsWith('node:')) return null
  if (specifier === 'natural') return 'imports natural whole: it prints to stdout and reads .env'
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (isType || runtimePackages.includes(name)) return null
  return `imports ${name}, which is no dependency of package.json`
}

// --- What only some files may touch ---

const HARD_EXITS = new Set(['exit', 'abort', 'reallyExit'])

function* checkProcess(path: string, tokens: readonly Token[]): Generator<Violation> {
  for (const [index, token] of tokens.entries()) {
    if (token.text !== 'process' || !isGlobal(tokens, index)) continue
    for (const member of processMembers(tokens, index)) {
      const { line } = token
      if (HARD_EXITS.has(member))
        yield { line, what: `process.${member}: whoever creates disposes, and a hard exit loses writes` }
      if (member === 'env' && !path.startsWith('config/'))
        yield { line, what: 'reads process.env outside src/config' }
    }
  }
}

/** What is taken of the `process` at `index`; something in brackets could be the environment. */
function processMembers(tokens: readonly Token[], index: number): string[] {
  const next = tokens[index + 1]?.text ?? ''
  if (next === '.' || next === '?.') {
    const member = tokens[index + 2]?.text ?? ''
    return member === '[' ? ['env'] : [member]
  }
  if (next === '[') return ['env']
  if (tokens[index - 1]?.text !== '=' || tokens[index - 2]?.text !== '}') return []
  const members: string[] = []
  for (let at = index - 3; at >= 0 && tokens[at]?.text !== '{'; at--) members.push(tokens[at]?.text ?? '')
  return members
}

// --- Purity of the core ---

/** Global names that are a clock, chance, a timer, a file, a socket, the environment or a console. */
const IMPURE_GLOBALS = new Set(
  `performance setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask
   process fetch XMLHttpRequest WebSocket EventSource BroadcastChannel MessageChannel Worker crypto console globalThis
   global navigator localStorage sessionStorage require eval Function Atomics WeakRef FinalizationRegistry
   Temporal`.split(/\s+/),
)
/** Members that depend on the machine's locale or time zone: replicas would differ. */
const LOCAL_MEMBERS =
  /^(localeCompare|toLocale\w+|getTimezoneOffset|(get|set)(Date|Day|Hours|Minutes|Month|Seconds|Milliseconds|FullYear|Year)|toDateString|toTimeString)$/
/** Members of `Intl` whose answer does not come from the machine's settings when a locale is given. */
const INTL_ALLOWED = new Set(['Segmenter'])
const EMPTY_CONTAINERS = new Set(['Map', 'Set', 'WeakMap', 'WeakSet', 'Array'])

function* checkPurity(tokens: readonly Token[]): Generator<Violation> {
  for (const [index, token] of tokens.entries()) {
    const what = tokenToImpurity(tokens, index)
    if (what) yield { line: token.line, what: `the core has ${what}` }
  }
}

function tokenToImpurity(tokens: readonly Token[], index: number): string | null {
  const { text, depth } = tokens[index] as Token
  const next = (step: number) => tokens[index + step]?.text ?? ''
  const previous = tokens[index - 1]?.text ?? ''
  if (isMember(previous)) return LOCAL_MEMBERS.test(text) ? `.${text}, which depends on the machine` : null
  if (text === 'import' && next(1) === '.') return 'import.meta'
  if (depth === 0 && (text === 'let' || text === 'var')) return `module state: a top-level ${text}`
  if (depth === 0 && text === 'const') return constToState(tokens, index)
  if (!isGlobal(tokens, index)) return null
  if (IMPURE_GLOBALS.has(text)) return text
  if (text === 'Math')
    return next(1) === '.' && next(2) !== 'random' ? null : 'Math.random, or Math out of sight'
  if (text === 'AbortSignal' && (next(1) !== '.' || next(2) === 'timeout')) return isValue(tokens, index)
  if (text === 'Intl' && !(next(1) === '.' && INTL_ALLOWED.has(next(2))))
    return 'Intl, which depends on the machine'
  return text === 'Date' ? dateToImpurity(previous, next) : null
}

/** `new Date(ms)`, `Date.UTC`, `Date.parse` and `instanceof Date` compute; all else may read the clock. */
function dateToImpurity(previous: string, next: (step: number) => string): string | null {
  if (previous === 'instanceof') return null
  if (previous === 'new' && next(1) === '(' && next(2) !== ')' && next(2) !== '...') return null
  if (previous !== 'new' && next(1) === '.' && (next(2) === 'UTC' || next(2) === 'parse')) return null
  return 'a clock: Date'
}

/** `AbortSignal` itself may be asked with `instanceof`; `AbortSignal.timeout` is a timer. */
const isValue = (tokens: readonly Token[], index: number): string | null =>
  tokens[index - 1]?.text === 'instanceof' ? null : 'a timer: AbortSignal.timeout'

/** `const seen = new Map()` at the top of a module is a place that fills up. */
function constToState(tokens: readonly Token[], index: number): string | null {
  const [name, equals, ...value] = tokens.slice(index + 1, index + 7).map(({ text }) => text)
  if (equals !== '=') return null
  const start = value.join(' ')
  const isEmpty = /^(\[ \]|\{ \})/.test(start)
  const isContainer =
    value[0] === 'new' && EMPTY_CONTAINERS.has(value[1] ?? '') && value[2] === '(' && value[3] === ')'
  return isEmpty || isContainer ? `module state: ${name} starts empty, so something fills it` : null
}

/** Not a member, not a key of an object literal, not a method's name. */
function isGlobal(tokens: readonly Token[], index: number): boolean {
  const previous = tokens[index - 1]?.text ?? ''
  const next = tokens[index + 1]?.text ?? ''
  if (isMember(previous)) return false
  return !(next === ':' && (previous === '{' || previous === ','))
}

const isMember = (previous: string): boolean => previous === '.' || previous === '?.'
