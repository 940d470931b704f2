/** Parts of what a spore shows of itself. */
import { EMPTY_PROFILE, isLabel, type Profile } from './identity/profile.ts'
import type * as api from './protocol/api.ts'
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
