/** What somebody looks for in a spore: labels that its descriptor must all have. As a query: `?role=archive&tag=physics`. */
import { err, ok, type Result } from '../base/result.ts'
import { type Failure, failure } from '../protocol/errors.ts'
import { LABELS_MAX } from '../protocol/limits.ts'
import type { Descriptor } from '../protocol/messages.ts'
import { isLabel, type Profile } from './profile.ts'

/** Empty lists ask for nothing. */
export type Wanted = Profile

type Labelled = Pick<Descriptor, 'roles' | 'tags' | 'families'>

export const wantsNothing = ({ roles, tags, families }: Wanted): boolean =>
  roles.length + tags.length + families.length === 0

/** Whether a descriptor has every label that is wanted. */
export const hasWanted = (descriptor: Labelled, wanted: Wanted): boolean =>
  LISTS.every(([, list]) => wanted[list].every((label) => descriptor[list].includes(label)))

/** Names in a query, in their order in it. */
const LISTS = [
  ['role', 'roles'],
  ['tag', 'tags'],
  ['family', 'families'],
] as const

/** With its leading `?`; empty where nothing is wanted. */
export function wantedToQuery(wanted: Wanted): string {
  const pairs = LISTS.flatMap(([name, list]) =>
    wanted[list].map((label) => `${name}=${encodeURIComponent(label)}`),
  )
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

/** Reads what `get` gives of a query by name. Failure REQUEST_INVALID for what is no label, and for too many. */
export function queryToWanted(get: (name: string) => readonly unknown[]): Result<Wanted, Failure> {
  const read = LISTS.map(([name]) => get(name))
  if (read.some((labels) => labels.length > LABELS_MAX || !labels.every(isLabel)))
    return err(failure('REQUEST_INVALID', `role, tag and family are labels, at most ${LABELS_MAX} of each`))
  const [roles, tags, families] = read as [string[], string[], string[]]
  return ok({ roles, tags, families })
}
