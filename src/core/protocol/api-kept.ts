/** The parts of the API about bounds: what callers did, and what is kept of them. */
import { z } from 'zod'

/** The newest entries that were set aside. */
export const quarantineSchema = z
  .array(
    z.object({
      stage: z.string().describe('Which part left it out'),
      log: z.string(),
      seq: z.number().int(),
      error: z.string(),
    }),
  )
  .describe('The newest of them, at most 10')

export const keptSchema = z
  .object({
    bytes: z.number().int().describe('Header, payload and proof bytes'),
    bytesMax: z.number().int().describe('Beyond it the oldest payloads of strangers are evicted'),
    evicted: z.number().int().describe('Payloads of strangers that were evicted since the start'),
    declinedLogs: z.number().int().describe('Logs of which no more is taken for now: a quota is full'),
    forks: z.number().int().describe('Logs that are proven to be forked'),
  })
  .describe('What is kept of everybody, and what was not')

/** What a peer did here. */
export const conductShape = {
  standing: z.enum(['ok', 'slowed', 'cut']).describe('Whether it is slowed or cut off for what it did here'),
  standingReason: z.string().nullable().describe('The kind of offence that weighed last, where it is not ok'),
  cutUntil: z.string().nullable().describe('When a peer that is cut off is asked and answered again'),
  refused: z.number().int().describe('Runs and proofs of it that were refused since the start'),
}
