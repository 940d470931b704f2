/**
 * Every field of the configuration: its schema and default, the variables that set it, its unit and its reason.
 * `config.template.yaml` says the same for people; `test/unit/config/template.test.ts` holds the two equal.
 */
import { isIP } from 'node:net'
import { z } from 'zod'
import { isLabel } from '../core/identity/profile.ts'
import { EMBEDDINGS_FOREIGN_CHARS_PER_DAY } from '../core/protocol/api-embeddings.ts'
import {
  BOOTSTRAP_KEYS_MAX,
  LABEL_CHARS_MAX,
  LABELS_MAX,
  NAME_CHARS_MAX,
  PEERS_MAX,
  QUOTA_AUTHOR_BYTES,
  QUOTA_SPACE_BYTES,
  QUOTA_STORE_BYTES,
  SPACE_CHARS_MAX,
  URL_CHARS_MAX,
} from '../core/protocol/limits.ts'
import { DEFAULT_NETWORK } from '../core/protocol/version.ts'
import { MODEL_FIELDS, modelsSection, reasoningSection } from './models.ts'
import { isSporeUrl } from './urls.ts'

/** Bytes of a config file: every field with a page of comments is ~5 KiB, and YAML parses at ~0.5 MB/s. */
export const CONFIG_BYTES_MAX = 64 * 1024
/** Host names and origins of an allow-list: each request is compared with all of them. */
export const ALLOWED_MAX = 64
/** Characters of a host name (RFC 1035 §2.3.4: 255 octets) and of a network's name. */
export const HOST_CHARS_MAX = 255
export const NETWORK_CHARS_MAX = 64
/** Pulling more often than this is a busy loop; less often than this, peers count as gone. */
export const PULL_INTERVAL_MS_MIN = 20
export const PULL_INTERVAL_MS_MAX = 24 * 60 * 60 * 1000

/** Numbers of a vector: the longest of today have 8,192. */
export const EMBEDDING_DIMENSIONS_MAX = 8192
/** Texts of one call: what comes back is parsed in one go, 0.15 ms a text of 1,536 numbers. */
export const EMBEDDING_BATCH_MAX = 128
/** Characters of a model's name, and of what is put before a text. */
export const EMBEDDING_MODEL_CHARS_MAX = 200

export const MIB = 1024 * 1024

const text = (max: number) => z.string().min(1).max(max)
/** `on`, `off`, `true` or `false`: YAML 1.2 reads the first two as text. */
const toggle = z.union(
  [z.boolean(), z.enum(['on', 'off']).transform((word) => word === 'on')],
  'must be on, off, true or false',
)

/** An IP address, or a block of them as `10.0.0.0/8`. */
const proxyAddressSchema = z
  .string()
  .max(HOST_CHARS_MAX)
  .refine(isAddressBlock, 'not an IP address or a block of them, such as 10.0.0.0/8')

function isAddressBlock(value: string): boolean {
  const [address = '', bits, ...rest] = value.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

/** An http(s) URL without credentials, query or fragment. */
export const sporeUrlSchema = z
  .string()
  .max(URL_CHARS_MAX)
  .refine(isSporeUrl, 'not an http(s) URL without credentials, query and fragment')

/** What the descriptor says of a spore, in one alphabet: `archive`, `lang-de`. */
const labels = z
  .array(
    text(LABEL_CHARS_MAX).refine(isLabel, 'must be lower-case letters and digits, with ._:/+- between them'),
  )
  .max(LABELS_MAX)

/** The public key of an Ed25519 identity. Whether it is a good one is asked of what it signed. */
const didSchema = z
  .string()
  .regex(/^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{40,50}$/, 'must be a did:key, as did:key:z6Mk…')

/** True where the seed list is fetched from the network, false where it is a file. */
export const isWebUrl = (source: string): boolean => /^https?:\/\//i.test(source)

/** An http(s) URL, which may have a query, or the path of a file. */
const bootstrapUrlSchema = text(4096).refine(
  (source) => !isWebUrl(source) || (source.length <= URL_CHARS_MAX && isListUrl(source)),
  'neither a file nor an http(s) URL without credentials and fragment',
)

function isListUrl(source: string): boolean {
  const url = URL.parse(source)
  return url !== null && url.username === '' && url.password === '' && url.hash === ''
}

/** Mebibytes, from what a spore of a few authors needs up to a disk of today. */
const mebibytes = z
  .number()
  .int()
  .min(1)
  .max(64 * 1024 * 1024)

/** Numbers of a vector, texts of one call, characters of a text, and milliseconds that a search waits. */
const dimensionsSchema = z.number().int().min(1).max(EMBEDDING_DIMENSIONS_MAX)
const batchSchema = z.number().int().min(1).max(EMBEDDING_BATCH_MAX)
const textCharsSchema = z.number().int().min(100).max(65_536)
const queryTimeoutSchema = z.number().int().min(10).max(30_000)

export const configSchema = z.strictObject({
  home: text(4096).default('~/.spore'),
  port: z.number().int().min(0).max(65535).default(7860),
  host: text(HOST_CHARS_MAX).default('127.0.0.1'),
  name: text(NAME_CHARS_MAX).nullable().default(null),
  roles: labels.default([]),
  tags: labels.default([]),
  network: text(NETWORK_CHARS_MAX).default(DEFAULT_NETWORK),
  peers: z.array(sporeUrlSchema).max(PEERS_MAX).default([]),
  bootstrap: toggle.default(true),
  bootstrapUrl: bootstrapUrlSchema.nullable().default(null),
  bootstrapKeys: z.array(didSchema).max(BOOTSTRAP_KEYS_MAX).default([]),
  publicUrl: sporeUrlSchema.nullable().default(null),
  defaultSpace: text(SPACE_CHARS_MAX).default('private'),
  durability: z.enum(['disk', 'memory']).default('disk'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  allowedHosts: z.array(text(HOST_CHARS_MAX)).max(ALLOWED_MAX).default([]),
  allowedOrigins: z.array(text(URL_CHARS_MAX)).max(ALLOWED_MAX).default([]),
  trustProxy: z.array(proxyAddressSchema).max(ALLOWED_MAX).default([]),
  federation: z
    .strictObject({
      allowPrivateAddresses: toggle.default(false),
      pullIntervalMs: z.number().int().min(PULL_INTERVAL_MS_MIN).max(PULL_INTERVAL_MS_MAX).default(10_000),
      mdns: toggle.default(false),
    })
    .prefault({}),
  embeddings: z
    .strictObject({
      url: sporeUrlSchema.nullable().default(null),
      model: text(EMBEDDING_MODEL_CHARS_MAX).nullable().default(null),
      dimensions: dimensionsSchema.nullable().default(null),
      entries: z.enum(['auto', 'own', 'open', 'all']).default('auto'),
      foreignCharsPerDay: z.number().int().min(0).max(1e12).default(EMBEDDINGS_FOREIGN_CHARS_PER_DAY),
      batch: batchSchema.default(32),
      textChars: textCharsSchema.default(8000),
      queryTimeoutMs: queryTimeoutSchema.default(1000),
      documentPrefix: z.string().max(EMBEDDING_MODEL_CHARS_MAX).default(''),
      queryPrefix: z.string().max(EMBEDDING_MODEL_CHARS_MAX).default(''),
    })
    .prefault({}),
  models: modelsSection,
  reasoning: reasoningSection,
  quotas: z
    .strictObject({
      authorMiB: mebibytes.default(QUOTA_AUTHOR_BYTES / MIB),
      spaceMiB: mebibytes.default(QUOTA_SPACE_BYTES / MIB),
      storeMiB: mebibytes.default(QUOTA_STORE_BYTES / MIB),
    })
    .prefault({}),
})

/** A loaded configuration: checked, complete, frozen. `home` is an absolute path. */
export type Config = z.infer<typeof configSchema>

/** How the text of an environment variable becomes a value. */
export type FieldKind = 'text' | 'number' | 'decimal' | 'toggle' | 'list' | 'map'

export interface Field {
  /** Where it stands in `config.yaml`, sections joined by dots. */
  readonly path: string
  readonly kind: FieldKind
  /** Environment variables that set it, the strongest first. */
  readonly variables: readonly string[]
  readonly unit: string
}

/** Every field, in the order of the template. */
export const FIELDS: readonly Field[] = [
  { path: 'home', kind: 'text', variables: ['SPORE_HOME'], unit: 'path' },
  { path: 'port', kind: 'number', variables: ['PORT'], unit: 'TCP port, 0 = any free one' },
  { path: 'host', kind: 'text', variables: ['HOST'], unit: 'address' },
  { path: 'name', kind: 'text', variables: ['SPORE_NAME'], unit: 'text, at most 64 characters' },
  { path: 'roles', kind: 'list', variables: ['SPORE_ROLES'], unit: 'list of words' },
  { path: 'tags', kind: 'list', variables: ['SPORE_TAGS'], unit: 'list of words' },
  { path: 'network', kind: 'text', variables: ['SPORE_NETWORK'], unit: 'name' },
  { path: 'peers', kind: 'list', variables: ['SPORE_PEERS'], unit: 'list of URLs' },
  { path: 'bootstrap', kind: 'toggle', variables: ['SPORE_BOOTSTRAP'], unit: 'on | off' },
  { path: 'bootstrapUrl', kind: 'text', variables: ['SPORE_BOOTSTRAP_URL'], unit: 'URL or path' },
  { path: 'bootstrapKeys', kind: 'list', variables: ['SPORE_BOOTSTRAP_KEYS'], unit: 'list of did:key' },
  { path: 'publicUrl', kind: 'text', variables: ['SPORE_PUBLIC_URL'], unit: 'URL' },
  { path: 'defaultSpace', kind: 'text', variables: ['SPORE_DEFAULT_SPACE'], unit: 'space' },
  { path: 'durability', kind: 'text', variables: ['SPORE_DURABILITY'], unit: 'disk | memory' },
  {
    path: 'logLevel',
    kind: 'text',
    variables: ['SPORE_LOG_LEVEL'],
    unit: 'debug | info | warn | error | silent',
  },
  { path: 'allowedHosts', kind: 'list', variables: ['SPORE_ALLOWED_HOSTS'], unit: 'list of host names' },
  { path: 'allowedOrigins', kind: 'list', variables: ['SPORE_ALLOWED_ORIGINS'], unit: 'list of origins' },
  { path: 'trustProxy', kind: 'list', variables: ['SPORE_TRUST_PROXY'], unit: 'list of addresses' },
  {
    path: 'federation.allowPrivateAddresses',
    kind: 'toggle',
    variables: ['SPORE_ALLOW_PRIVATE_ADDRESSES'],
    unit: 'on | off',
  },
  {
    path: 'federation.pullIntervalMs',
    kind: 'number',
    variables: ['SPORE_PULL_INTERVAL_MS'],
    unit: 'milliseconds',
  },
  { path: 'federation.mdns', kind: 'toggle', variables: ['SPORE_MDNS'], unit: 'on | off' },
  { path: 'embeddings.url', kind: 'text', variables: ['SPORE_EMBEDDINGS_URL'], unit: 'URL' },
  { path: 'embeddings.model', kind: 'text', variables: ['SPORE_EMBEDDINGS_MODEL'], unit: 'name' },
  {
    path: 'embeddings.dimensions',
    kind: 'number',
    variables: ['SPORE_EMBEDDINGS_DIMENSIONS'],
    unit: 'numbers of a vector',
  },
  {
    path: 'embeddings.entries',
    kind: 'text',
    variables: ['SPORE_EMBEDDINGS_ENTRIES'],
    unit: 'auto | own | open | all',
  },
  {
    path: 'embeddings.foreignCharsPerDay',
    kind: 'number',
    variables: ['SPORE_EMBEDDINGS_FOREIGN_CHARS'],
    unit: 'characters a day',
  },
  { path: 'embeddings.batch', kind: 'number', variables: ['SPORE_EMBEDDINGS_BATCH'], unit: 'texts' },
  {
    path: 'embeddings.textChars',
    kind: 'number',
    variables: ['SPORE_EMBEDDINGS_TEXT_CHARS'],
    unit: 'characters',
  },
  {
    path: 'embeddings.queryTimeoutMs',
    kind: 'number',
    variables: ['SPORE_EMBEDDINGS_QUERY_TIMEOUT_MS'],
    unit: 'milliseconds',
  },
  {
    path: 'embeddings.documentPrefix',
    kind: 'text',
    variables: ['SPORE_EMBEDDINGS_DOCUMENT_PREFIX'],
    unit: 'text',
  },
  {
    path: 'embeddings.queryPrefix',
    kind: 'text',
    variables: ['SPORE_EMBEDDINGS_QUERY_PREFIX'],
    unit: 'text',
  },
  ...MODEL_FIELDS,
  { path: 'quotas.authorMiB', kind: 'number', variables: ['SPORE_QUOTA_AUTHOR_MIB'], unit: 'MiB' },
  { path: 'quotas.spaceMiB', kind: 'number', variables: ['SPORE_QUOTA_SPACE_MIB'], unit: 'MiB' },
  { path: 'quotas.storeMiB', kind: 'number', variables: ['SPORE_QUOTA_STORE_MIB'], unit: 'MiB' },
]

/**
 * Fields of the first system, accepted by name so that its users' files load. `peers` is not among them: it has the
 * same meaning here; nor is `models`: a section here, it is the first system's where it is none. None of these has an effect yet; each
 * one that is set is reported at start.
 */
export const FIRST_SYSTEM_FIELDS: readonly string[] = [
  'hf_token',
  'hf_owner',
  'prefix',
  'count',
  'private',
  'api_keys',
  'deploy_cc',
  'sentinel',
  'cortex',
]

/** The schema at a path, without its default: a layer of the configuration sets a field or leaves it. */
export function fieldSchema(path: string): z.ZodType {
  let schema: z.ZodType = configSchema
  for (const key of path.split('.')) schema = sectionShape(schema)[key] as z.ZodType
  return schema instanceof z.ZodDefault ? (schema.unwrap() as z.ZodType) : schema
}

/** Names of the keys that may stand in a section; null where `path` is a field and not a section. */
export function sectionKeys(path: string): readonly string[] | null {
  const schema = path === '' ? configSchema : fieldSchema(path)
  const inner = schema instanceof z.ZodPrefault ? schema.unwrap() : schema
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : null
}

function sectionShape(schema: z.ZodType): Readonly<Record<string, z.ZodType>> {
  const inner = schema instanceof z.ZodPrefault ? schema.unwrap() : schema
  return inner instanceof z.ZodObject ? (inner.shape as Record<string, z.ZodType>) : {}
}
