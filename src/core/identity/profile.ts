/**
 * What an operator tells others of a spore: roles, tags and model families, as labels. They go into its descriptor, which
 * anyone may read and pass on, so nothing else of the configuration ever gets here.
 */
import { assert } from '../base/assert.ts'
import { LABEL_CHARS_MAX, LABELS_MAX } from '../protocol/limits.ts'

export interface Profile {
  /** What it does for others: `relay`, `archive`, `solver`… */
  readonly roles: readonly string[]
  /** What it is about: `physics`, `lang-de`… */
  readonly tags: readonly string[]
  /** Families of the models that answer there: `llama`, `qwen`… Never a provider's key or address. */
  readonly families: readonly string[]
}

export const EMPTY_PROFILE: Profile = { roles: [], tags: [], families: [] }

/** One alphabet, so that two labels which look the same are the same. */
const LABEL = /^[a-z0-9](?:[a-z0-9._:/+-]*[a-z0-9+])?$/

/** Whether a text can be a label: lower-case ASCII letters, digits and `._:/+-` between them, at most `LABEL_CHARS_MAX`. */
export const isLabel = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= LABEL_CHARS_MAX && LABEL.test(value)

/** Whether a value is a list of labels in the one form that is signed: unique, ascending by code unit. */
export function isLabelList(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length > LABELS_MAX) return false
  return value.every((label, at) => isLabel(label) && (at === 0 || value[at - 1] < label))
}

/** A profile in the form that is signed. The configuration has checked it: a label that is none is a bug. */
export function normalProfile({ roles, tags, families }: Profile): Profile {
  return { roles: normalLabels(roles), tags: normalLabels(tags), families: normalLabels(families) }
}

function normalLabels(labels: readonly string[]): readonly string[] {
  const normal = [...new Set(labels)].sort()
  assert(isLabelList(normal), 'a profile has labels that are none, or too many')
  return normal
}
