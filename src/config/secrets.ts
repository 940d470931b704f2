/**
 * Secrets are another type: a `Secret` prints as `[secret]` in every form in which values reach a log, an error or a
 * file (string, JSON, inspect). Only `reveal()` gives the text, so that a search finds each place that uses one.
 */
import { inspect } from 'node:util'

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

/** The secrets that a spore takes from its environment. They stand in no config file. */
export interface Secrets {
  /** Bearer token (`SPORE_TOKEN`): a server accepts it for every scope, a command sends it. */
  readonly token: Secret | null
  /** Identity key (`SPORE_IDENTITY`) for machines without a lasting disk; else the key file in the data folder. */
  readonly identity: Secret | null
  /** Pre-shared key of a private network (`SPORE_NETWORK_KEY`): spores that do not have it are told nothing. */
  readonly networkKey: Secret | null
  /** Of the embedding provider (`SPORE_EMBEDDINGS_KEY`), where it wants one. */
  readonly embeddingsKey: Secret | null
}

/** Environment variables that hold secrets. */
export const SECRET_VARIABLES = {
  token: 'SPORE_TOKEN',
  identity: 'SPORE_IDENTITY',
  networkKey: 'SPORE_NETWORK_KEY',
  embeddingsKey: 'SPORE_EMBEDDINGS_KEY',
} as const

const secretOf = (text: string | undefined): Secret | null =>
  text === undefined || text.trim() === '' ? null : new Secret(text.trim())

/** Takes the secrets out of an environment; empty variables count as not set. */
export function readSecrets(environment: Readonly<Record<string, string | undefined>>): Secrets {
  return Object.freeze({
    token: secretOf(environment[SECRET_VARIABLES.token]),
    identity: secretOf(environment[SECRET_VARIABLES.identity]),
    networkKey: secretOf(environment[SECRET_VARIABLES.networkKey]),
    embeddingsKey: secretOf(environment[SECRET_VARIABLES.embeddingsKey]),
  })
}
