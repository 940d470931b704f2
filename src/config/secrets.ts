/**
 * Secrets are another type: a `Secret` prints as `[secret]` in every form in which values reach a log, an error or a
 * file (string, JSON, inspect). Only `reveal()` gives the text, so that a search finds each place that uses one.
 */
import { inspect } from 'node:util'
import { PRESETS, type PresetName } from './model-presets.ts'

const MASK = '[secret]'

/** A text that cannot be printed by accident. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself: call it only where it is used, never where it is kept. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return MASK
  }

  toJSON(): string {
    return MASK
  }

  [inspect.custom](): string {
    return MASK
  }
}

/** Variable of the key of each provider of models that is known by name, as its own documents call it: `groqKey`… */
const presetKeys = Object.fromEntries(
  Object.entries(PRESETS).map(([name, { keyVariable }]) => [`${name}Key`, keyVariable]),
) as { readonly [Name in PresetName as `${Name}Key`]: string }

/** Environment variables that hold secrets. They stand in no config file. */
export const SECRET_VARIABLES = {
  /** Bearer token: a server accepts it for every scope, a command sends it. */
  token: 'SPORE_TOKEN',
  /** Identity key for machines without a lasting disk; else the key file in the data folder. */
  identity: 'SPORE_IDENTITY',
  /** Pre-shared key of a private network: spores that do not have it are told nothing. */
  networkKey: 'SPORE_NETWORK_KEY',
  /** Of the embedding provider, where it wants one. */
  embeddingsKey: 'SPORE_EMBEDDINGS_KEY',
  /** Of the model server at `models.endpoint`, where it wants one. */
  localKey: 'LLM_API_KEY',
  ...presetKeys,
} as const

export type SecretName = keyof typeof SECRET_VARIABLES

/** The secrets that a spore takes from its environment; null where there is none. */
export type Secrets = { readonly [Name in SecretName]: Secret | null }

const secretOf = (text: string | undefined): Secret | null =>
  text === undefined || text.trim() === '' ? null : new Secret(text.trim())

/** Takes the secrets out of an environment; empty variables count as not set. */
export function readSecrets(environment: Readonly<Record<string, string | undefined>>): Secrets {
  const secrets = Object.entries(SECRET_VARIABLES).map(([name, variable]) => [
    name,
    secretOf(environment[variable]),
  ])
  return Object.freeze(Object.fromEntries(secrets) as Secrets)
}
