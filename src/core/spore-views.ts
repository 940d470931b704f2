/** Parts of what a spore shows of itself. */
import type { Did } from './base/brand.ts'
import { err, ok, type Result } from './base/result.ts'
import { didToPublicKey, shortAuthor } from './identity/keys.ts'
import { EMPTY_PROFILE, isLabel, type Profile } from './identity/profile.ts'
import type { Memory } from './memory/memory.ts'
import type * as api from './protocol/api.ts'
import { type Failure, failure } from './protocol/errors.ts'
import { LABELS_MAX } from './protocol/limits.ts'
import type { Replication } from './replication.ts'
import type { SporeOptions, SporePorts } from './spore-ports.ts'

/** What others are told: with the families of the models that work on their tasks, where any do. */
export function profileOf({ profile = EMPTY_PROFILE, serve }: SporeOptions, { models }: SporePorts): Profile {
  if (serve === 'own') return profile
  const families = models?.routes.map(({ model }) => model.family.toLowerCase()).filter(isLabel) ?? []
  return {
    ...profile,
    families: [...new Set([...profile.families, ...families])].sort().slice(0, LABELS_MAX),
  }
}

const QUARANTINE_SHOWN = 10
export const quarantineView = ({ memory }: Replication): api.Health['quarantine'] =>
  memory.quarantine
    .all()
    .slice(-QUARANTINE_SHOWN)
    .map(({ stage, logId, seq, error }) => ({ stage, log: logId, seq, error }))

/** What is held against the bounds that the operator set, and what of it had to go or was not taken. */
export const keptView = ({ memory, declined }: Replication): api.Health['kept'] => ({
  bytes: memory.usage.total,
  bytesMax: memory.quota.limits.storeBytes,
  evicted: memory.usage.evictions,
  declinedLogs: declined.size,
  forks: memory.usage.forks,
})

/** The one fact that there is until trust is earned: which authors are this spore itself. */
export function explainTrust(author: string, self: Did, memory: Memory): Result<api.TrustView, Failure> {
  const known = [...memory.logs.values()].filter(
    (log) => log.author === author || shortAuthor(log.author) === author,
  )
  const did = known[0]?.author ?? (didToPublicKey(author) ? author : null)
  if (!did || (known.length === 0 && did !== self))
    return err(failure('AUTHOR_UNKNOWN', 'an author is a did:key, or its last 8 characters'))
  const isSelf = did === self
  return ok({
    author: did,
    trust: isSelf ? 1 : null,
    uncertainty: isSelf ? 0 : null,
    lower: isSelf ? 1 : null,
    tier: isSelf ? 'commander' : 'stranger',
    standing: isSelf ? 'self' : 'unknown',
    isQuarantined: !isSelf,
    domains: [],
    override: null,
    faults: [],
    reasons: [isSelf ? 'this spore’s own author' : 'no evidence has been gathered about this author'],
    entries: known.reduce((sum, { row }) => sum + row.next, 0),
  })
}
