/** Schemas of the API of spaces; see `api.ts`. */
import { z } from 'zod'
import { spaceSchema } from './api.ts'
import * as limits from './limits.ts'
import { NO_TIER, SPACE_TYPES } from './space-payloads.ts'

const DAY_SECONDS = 24 * 60 * 60
const didSchema = z.string().max(64).describe('An author: did:key:z6Mk…')
const nameSchema = z.string().min(1).max(limits.SPACE_CHARS_MAX)

export const spaceViewSchema = z
  .object({
    id: z.string().describe('The same everywhere: a content id, or `private` or `commons`'),
    name: z.string().describe('What it is called on this spore'),
    type: z.enum(SPACE_TYPES).describe('`private` is never offered, `members` to its members, `open` to all'),
    joined: z
      .boolean()
      .describe('False where this spore has left it: what is here stays, nothing is exchanged'),
    role: z
      .enum(['founder', 'admin', 'member', 'none'])
      .nullable()
      .describe('Of this spore; null where the space has no members'),
    members: z.number().int().nullable().describe('How many it has; null where it has none'),
    writers: z.string().describe('The tier of trust that it asks of who writes; `none` asks for none'),
  })
  .meta({ id: 'Space' })
export type SpaceView = z.infer<typeof spaceViewSchema>
export const spacePageSchema = z.object({ spaces: z.array(spaceViewSchema) }).meta({ id: 'Spaces' })

export const spaceInputSchema = z
  .strictObject({
    name: nameSchema.describe('What you call it; members are told this name'),
    type: z.enum(SPACE_TYPES).default('members'),
    writers: nameSchema.default(NO_TIER).describe('Tier of trust that an open space asks of who writes'),
  })
  .meta({ id: 'NewSpace' })
export type SpaceInput = z.input<typeof spaceInputSchema>

export const invitationInputSchema = z
  .strictObject({
    for: didSchema
      .optional()
      .describe('Whom it is for: makes it a member at once; the line is of no use to others'),
    role: z.enum(['member', 'admin']).default('member').describe('Only the founder makes admins'),
    expiresInSeconds: z
      .number()
      .int()
      .min(1)
      .max(limits.INVITATION_AGE_MAX_MS / 1000)
      .default(limits.INVITATION_AGE_MS / 1000)
      .describe(`Default ${limits.INVITATION_AGE_MS / 1000 / DAY_SECONDS} days`),
  })
  .meta({ id: 'NewInvitation' })
export type InvitationInput = z.input<typeof invitationInputSchema>

export const invitationSchema = z
  .object({
    invitation: z.string().describe('One line: whoever has it can join, once'),
    space: z.string(),
    expiresAt: z.string(),
    singleUse: z
      .boolean()
      .describe('False where it holds no secret: the space is open, or it names whom it is for'),
  })
  .meta({ id: 'Invitation' })
export type InvitationView = z.infer<typeof invitationSchema>

export const joinSpaceSchema = z
  .strictObject({
    invitation: z
      .string()
      .min(1)
      .max(limits.INVITATION_CHARS_MAX)
      .describe('The line of an invitation, or the name of a space that this spore left'),
    name: nameSchema.optional().describe('What to call it here; default what its founder calls it'),
  })
  .meta({ id: 'JoinSpace' })
export type JoinSpaceInput = z.infer<typeof joinSpaceSchema>

export const memberSchema = z
  .object({
    author: z.string(),
    role: z.enum(['founder', 'admin', 'member']),
    name: z.string().nullable().describe('What it called itself when it joined'),
    self: z.boolean(),
  })
  .meta({ id: 'Member' })
export type MemberView = z.infer<typeof memberSchema>
export const memberPageSchema = z.object({ members: z.array(memberSchema) }).meta({ id: 'Members' })

export const memberRemovedSchema = z
  .object({ space: z.string(), author: z.string(), logs: z.number().int().describe('Logs that were cut') })
  .meta({ id: 'MemberRemoved' })
export type MemberRemoved = z.infer<typeof memberRemovedSchema>

export const spaceParamsSchema = z.strictObject({ space: spaceSchema })
export const memberParamsSchema = z.strictObject({ space: spaceSchema, author: didSchema })
