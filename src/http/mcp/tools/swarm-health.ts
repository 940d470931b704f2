/** swarm_health: this spore, what it holds, and how its peers do. */
import { z } from 'zod'
import { ok } from '../../../core/base/result.ts'
import { type Health, healthSchema, peerStateSchema } from '../../../core/protocol/api.ts'
import { defineTool, READS } from '../tool.ts'

/** Peers that are listed one by one; the counts cover all. */
const PEERS_SHOWN = 20

export const swarmHealthTool = defineTool({
  name: 'swarm_health',
  title: 'Swarm health',
  description: 'This spore, what it holds and how durably, and the state of the spores it syncs with.',
  annotations: READS,
  input: z.strictObject({}),
  output: z.object({
    ...healthSchema.omit({ peers: true, rssBytes: true }).shape,
    peers: z.object({
      total: z.number().int(),
      byState: z.partialRecord(peerStateSchema, z.number().int()),
      shown: z.array(
        z.object({
          spore: z.string().nullable(),
          name: z.string().nullable(),
          url: z.string(),
          state: peerStateSchema,
          lastSyncAt: z.string().nullable(),
        }),
      ),
    }),
  }),
  async handle(_input, { backend }) {
    const health = await backend.health()
    return health.ok ? ok(summarise(health.value)) : health
  },
})

function summarise({ peers, rssBytes: _ours, ...spore }: Health) {
  const byState: Partial<Record<Health['peers'][number]['state'], number>> = {}
  for (const { state } of peers) byState[state] = (byState[state] ?? 0) + 1
  return {
    ...spore,
    peers: {
      total: peers.length,
      byState,
      shown: peers.slice(0, PEERS_SHOWN).map(({ spore: did, name, url, state, lastSyncAt }) => ({
        spore: did,
        name,
        url,
        state,
        lastSyncAt,
      })),
    },
  }
}
