/** Schemas of what the API says of peers and of the federation as this spore sees it (`api.ts` for the rest). */
import { z } from 'zod'
import { conductShape } from './api-kept.ts'
import * as limits from './limits.ts'
import { PEER_STATES } from './peer-state.ts'

export const peerInputSchema = z
  .strictObject({ url: z.string().max(limits.URL_CHARS_MAX).describe('Where the other spore answers') })
  .meta({ id: 'JoinPeer' })

export const peerStateSchema = z.enum(PEER_STATES)
export const peerSchema = z
  .object({
    spore: z.string().nullable().describe('Its did:key; null until it has answered'),
    name: z.string().nullable(),
    url: z.string(),
    state: peerStateSchema,
    lastSyncAt: z.string().nullable(),
    lastError: z.string().nullable(),
    ...conductShape,
  })
  .meta({ id: 'Peer' })
export type PeerView = z.infer<typeof peerSchema>

const lagSchema = z
  .object({ logs: z.number().int(), entries: z.number().int() })
  .describe('Logs that are behind, and entries that they lack, as far as is known')

/** One peer with everything that is known of it. */
export const peerStatusSchema = peerSchema
  .extend({
    isNeighbor: z.boolean().describe('News are pushed along the link to it'),
    isPinned: z.boolean().describe('An operator configured or joined it'),
    roles: z.array(z.string()),
    tags: z.array(z.string()),
    families: z.array(z.string()).describe('Families of the models that it has'),
    lastHeardSeconds: z.number().nullable().describe('Since anything came from it; null where nothing did'),
    phi: z
      .number()
      .nullable()
      .describe(
        '−log₁₀ of the chance that a silence like this one means nothing; null where none is expected',
      ),
    failures: z.number().int().describe('Requests to it in a row that failed'),
    nextAskSeconds: z.number().nullable().describe('Asleep: until it is asked again'),
    behindHere: lagSchema.describe('What this spore lacks of what it has'),
    behindThere: lagSchema.describe('What it lacks of what this spore has'),
    reachability: z.object({
      weReachIt: z.boolean().nullable(),
      itReachesUs: z.boolean().nullable().describe('As it said when it was asked for a link'),
      others: z
        .array(z.object({ spore: z.string(), state: z.enum(PEER_STATES), at: z.string() }))
        .describe('How other spores see it, by their word'),
    }),
    given: z.object({
      accepted: z.number().int().describe('Entries pushed to it that were new to it, since the start'),
      acceptedAt: z.string().nullable(),
      refusal: z.string().nullable().describe('Code of its last refusal of something that was pushed'),
      refusedAt: z.string().nullable(),
    }),
  })
  .meta({ id: 'PeerStatus' })
export type PeerStatus = z.infer<typeof peerStatusSchema>

export const federationStatusSchema = z
  .object({
    spore: z.string(),
    url: z.string().nullable().describe('Where others are told to reach it; null where none can'),
    network: z.string(),
    dna: z.string().describe('Swarm DNA: spores with another one are refused'),
    isPrivate: z.boolean().describe('The network has a pre-shared key'),
    healthFactor: z
      .number()
      .describe('Above 1 where this spore itself is late or hears from nobody: it judges others more slowly'),
    reachedBy: z.number().int().describe('Peers that said that they reach it'),
    unreachedBy: z.number().int().describe('Peers that said that they do not'),
    neighbors: z.number().int(),
    states: z.record(z.enum(PEER_STATES), z.number().int()),
    peers: z.array(peerStatusSchema),
  })
  .meta({ id: 'FederationStatus' })
export type FederationStatus = z.infer<typeof federationStatusSchema>
