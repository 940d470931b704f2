/**
 * The only reader of the environment. Flags win over environment variables, those over `config.yaml`, that over the
 * defaults; the result is checked, complete and frozen. Whatever is wrong is a `SporeError` CONFIG_INVALID at start.
 */
import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import type { z } from 'zod'
import { SporeError } from '../core/protocol/errors.ts'
import { messageOf, parseConfigFile } from './file.ts'
import { halfSetModels } from './models.ts'
import { MISSPELT_SIMILARITY_MIN, nearestName } from './nearest.ts'
import {
  CONFIG_BYTES_MAX,
  type Config,
  configSchema,
  FIELDS,
  type Field,
  fieldSchema,
  isWebUrl,
  sporeUrlSchema,
} from './schema.ts'
import { readSecrets, SECRET_VARIABLES, type Secrets } from './secrets.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Values of command-line flags by config path; `undefined` where a flag was not given. */
export interface Flags {
  /** `--config`: the file to read instead of `$SPORE_HOME/config.yaml`. */
  readonly config?: string | undefined
  /** `--url`: the running spore that a command talks to. */
  readonly url?: string | undefined
  readonly values?:
    | Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>
    | undefined
}

export type Origin = 'flag' | 'environment' | 'platform' | 'file' | 'default'

export interface LoadedConfig {
  readonly config: Config
  readonly secrets: Secrets
  /** The running spore that commands talk to (`--url`, `SPORE_URL`); null to look in the data folder. */
  readonly sporeUrl: string | null
  /** The config file that was read; null where there is none. */
  readonly file: string | null
  /** Where each field's value comes from, by path. */
  readonly origins: ReadonlyMap<string, Origin>
  /** Where the fields that the file sets stand, as `file:line:column`, by path. */
  readonly places: ReadonlyMap<string, string>
  /** What the operator should know at start, one line each. */
  readonly notices: readonly string[]
}

/** Variables of the CLI's own, beside those of the fields. */
export const SPORE_URL_VARIABLE = 'SPORE_URL'

/** This process's environment, read once. */
export const processEnvironment = (): Environment => ({ ...process.env })

/** Loads the configuration of one process. Throws `SporeError` CONFIG_INVALID with every problem that was found. */
export function loadConfig(flags: Flags = {}, environment: Environment = processEnvironment()): LoadedConfig {
  const layers = new Layers()
  for (const field of FIELDS) fromEnvironment(field, environment, layers)
  for (const field of FIELDS) layers.set(field.path, flags.values?.[field.path], 'flag', flagName(field.path))
  layers.throwProblems()

  const homeBefore = expandHome(layers.text('home') ?? defaultHome())
  const file = readConfigFile(flags.config, homeBefore)
  if (file) {
    for (const [path, value] of file.values) layers.below(path, value, 'file')
    checkHome(file.name, flags.config, file.values.get('home'), homeBefore)
  }
  platformUrl(environment, layers)
  layers.throwProblems()

  const config = layers.build()
  const origins = layers.origins()
  const placeOf = (path: string): string =>
    origins.get(path) === 'file' && file?.places.has(path) ? `${file.places.get(path)}: ` : ''
  const halfSet = halfSetGroups(config, placeOf)
  if (halfSet.length > 0) throw invalid(halfSet.join('\n'))
  return Object.freeze({
    config: deepFreeze({
      ...config,
      home: resolve(expandHome(config.home)),
      bootstrapUrl: toSource(config.bootstrapUrl),
    }),
    secrets: readSecrets(environment),
    sporeUrl: clientUrl(flags.url, environment),
    file: file?.name ?? null,
    origins,
    places: file?.places ?? new Map(),
    notices: [...unusedNotices(file?.withoutEffect ?? []), ...misspeltVariables(environment)],
  })
}

/** True for hosts that only this machine reaches. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return bare === 'localhost' || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare)
}

/** Refuses a bind that others reach while nothing would keep them out. */
export function assertBindAllowed(config: Config, hasToken: boolean): void {
  if (hasToken || isLoopbackHost(config.host)) return
  throw new SporeError(
    'BIND_REFUSED',
    `the host ${config.host} is reachable from other machines and there is no token: run "spore token create", or set SPORE_TOKEN`,
  )
}

class Layers {
  private readonly values = new Map<string, { value: unknown; origin: Origin }>()
  private readonly problems: string[] = []

  /** Sets a field from a layer stronger than those before it. */
  set(path: string, value: unknown, origin: Origin, label: string): void {
    if (value === undefined) return
    const parsed = fieldSchema(path).safeParse(value)
    if (parsed.success) this.values.set(path, { value: parsed.data, origin })
    else this.problems.push(`${label}: ${firstMessage(parsed.error)}`)
  }

  /** Sets a field, already checked, unless a stronger layer did. */
  below(path: string, value: unknown, origin: Origin): void {
    if (!this.values.has(path)) this.values.set(path, { value, origin })
  }

  has(path: string): boolean {
    return this.values.has(path)
  }

  text(path: string): string | null {
    return (this.values.get(path)?.value as string | undefined) ?? null
  }

  build(): Config {
    const nested: Record<string, unknown> = {}
    for (const [path, { value }] of this.values) {
      const [first, second] = path.split('.') as [string, string | undefined]
      if (second === undefined) nested[first] = value
      else nested[first] = { ...(nested[first] as object | undefined), [second]: value }
    }
    return configSchema.parse(nested)
  }

  origins(): ReadonlyMap<string, Origin> {
    return new Map(FIELDS.map(({ path }) => [path, this.values.get(path)?.origin ?? 'default']))
  }

  throwProblems(): void {
    if (this.problems.length > 0) throw invalid(this.problems.join('\n'))
  }
}

const invalid = (detail: string, cause?: unknown) =>
  new SporeError('CONFIG_INVALID', detail, cause === undefined ? undefined : { cause })
function firstMessage({ issues: [issue] }: z.ZodError): string {
  if (!issue) return 'not valid'
  const of = issue.path.length > 0 && typeof issue.path[0] === 'string' ? `"${issue.path.join('.')}" ` : ''
  return `${of}${messageOf(issue)}`
}
const flagName = (path: string): string =>
  `--${(path.split('.').at(-1) as string).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
const defaultHome = (): string => configSchema.shape.home.parse(undefined)

/** `~` is the shell's, and a config file or a container's environment has no shell. */
const expandHome = (path: string): string =>
  path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path

/** The source of the seed list: a URL as it is, a file by its absolute path. */
const toSource = (source: string | null): string | null =>
  source === null || isWebUrl(source) ? source : resolve(expandHome(source))

/** A setting that can do nothing without another one is an error at start, not a puzzle later. */
function halfSetGroups(
  { bootstrapUrl, bootstrapKeys, federation, embeddings, models }: Config,
  placeOf: (path: string) => string,
): string[] {
  const problems = halfSetModels(models).map(({ path, what }) => `${placeOf(path)}${what}`)
  if ((embeddings.url === null) !== (embeddings.model === null))
    problems.push('embeddings.url and embeddings.model need one another: who embeds, and with what')
  if (bootstrapUrl !== null && bootstrapKeys.length === 0)
    problems.push('bootstrapUrl needs bootstrapKeys: only a list that one of them signed is taken')
  if (federation.mdns && !federation.allowPrivateAddresses)
    problems.push(
      'federation.mdns needs federation.allowPrivateAddresses: what is found has private addresses',
    )
  return problems
}

function fromEnvironment(field: Field, environment: Environment, layers: Layers): void {
  for (const variable of field.variables) {
    const raw = environment[variable]?.trim()
    if (raw === undefined || raw === '') continue
    layers.set(field.path, textToValue(raw, field), 'environment', `the variable ${variable}`)
    return
  }
}

/** What a variable's text means for a field; text that means nothing goes on as it is and fails the field's schema. */
function textToValue(raw: string, field: Field): unknown {
  switch (field.kind) {
    case 'text':
      return raw
    case 'number':
      return /^\d+$/.test(raw) ? Number(raw) : raw
    case 'decimal':
      return /^\d+(\.\d+)?$/.test(raw) ? Number(raw) : raw
    case 'toggle':
      return (
        { true: true, '1': true, on: true, yes: true, false: false, '0': false, off: false, no: false }[
          raw.toLowerCase()
        ] ?? raw
      )
    case 'list':
      return toItems(raw)
    case 'map':
      return toMap(raw)
  }
}

const toItems = (raw: string): string[] =>
  raw
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)

/** `key=value, key=value`; a key may have an equals sign, a value has none. */
function toMap(raw: string): unknown {
  const pairs = toItems(raw).map((item) => {
    const at = item.lastIndexOf('=')
    return at < 0 ? null : ([item.slice(0, at).trim(), item.slice(at + 1).trim()] as const)
  })
  return pairs.includes(null) ? raw : Object.fromEntries(pairs as (readonly [string, string])[])
}

function readConfigFile(flag: string | undefined, home: string) {
  const name = flag === undefined ? join(home, 'config.yaml') : resolve(expandHome(flag))
  let text: string
  try {
    if (statSync(name).size > CONFIG_BYTES_MAX)
      throw invalid(`${name} is larger than ${CONFIG_BYTES_MAX} bytes`)
    text = readFileSync(name, 'utf8')
  } catch (error) {
    if (error instanceof SporeError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (flag === undefined && (code === 'ENOENT' || code === 'ENOTDIR')) return null
    throw invalid(`the config file ${name} cannot be read (${code ?? String(error)})`, error)
  }
  const parsed = parseConfigFile(text, name)
  if (!parsed.ok) throw invalid(parsed.error)
  return { name, ...parsed.value, values: pathsBesideFile(parsed.value.values, name) }
}

/** A relative path in a file means: relative to that file. */
function pathsBesideFile(values: ReadonlyMap<string, unknown>, name: string): ReadonlyMap<string, unknown> {
  const resolved = new Map(values)
  for (const path of ['home', 'bootstrapUrl']) {
    const value = values.get(path)
    if (typeof value === 'string' && !isWebUrl(value))
      resolved.set(path, resolve(dirname(name), expandHome(value)))
  }
  return resolved
}

/** A config file inside a data folder cannot point to another one: which of the two is meant would be a guess. */
function checkHome(file: string, flag: string | undefined, home: unknown, homeBefore: string): void {
  if (flag !== undefined || home === undefined || home === resolve(homeBefore)) return
  throw invalid(`${file}: "home" names another folder than the one the file lies in; use --home or --config`)
}

/** Hosting platforms say the public address in variables of their own; the operator's own setting wins. */
function platformUrl(environment: Environment, layers: Layers): void {
  if (layers.has('publicUrl')) return
  const found: readonly [string, (value: string) => string][] = [
    ['SPACE_HOST', (host) => `https://${host}`],
    ['RENDER_EXTERNAL_URL', (url) => url],
    ['RAILWAY_PUBLIC_DOMAIN', (host) => `https://${host}`],
    ['FLY_APP_NAME', (app) => `https://${app}.fly.dev`],
  ]
  for (const [variable, toUrl] of found) {
    const value = environment[variable]?.trim()
    if (!value) continue
    layers.set('publicUrl', toUrl(value), 'platform', `the variable ${variable}`)
    return
  }
}

function clientUrl(flag: string | undefined, environment: Environment): string | null {
  const value = flag ?? environment[SPORE_URL_VARIABLE]?.trim()
  if (value === undefined || value === '') return null
  const parsed = sporeUrlSchema.safeParse(value)
  if (parsed.success) return value.replace(/\/+$/, '')
  throw invalid(
    `${flag === undefined ? `the variable ${SPORE_URL_VARIABLE}` : '--url'}: ${firstMessage(parsed.error)}`,
  )
}

const unusedNotices = (names: readonly string[]): string[] =>
  names.length === 0
    ? []
    : [`config: accepted from the first system, without effect yet: ${names.join(', ')}`]

/** A misspelt variable is silence where the operator expects an effect: say so. */
function misspeltVariables(environment: Environment): string[] {
  const known = [
    ...FIELDS.flatMap((field) => field.variables),
    ...Object.values(SECRET_VARIABLES),
    SPORE_URL_VARIABLE,
  ]
  const notices: string[] = []
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('SPORE_') || known.includes(name)) continue
    const nearest = nearestName(
      name.slice(6),
      known.filter((each) => each.startsWith('SPORE_')).map((each) => each.slice(6)),
    )
    if (nearest && nearest.similarity >= MISSPELT_SIMILARITY_MIN)
      notices.push(`config: the variable ${name} is not known; did you mean SPORE_${nearest.name}?`)
  }
  return notices
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part)
  return Object.freeze(value)
}
