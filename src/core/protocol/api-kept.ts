/** The part of `GET /api/health` about bounds that operators set. */
import { z } from 'zod'

export const keptSchema = z
  .object({
    bytes: z.number().int().describe('Header, payload and proof bytes'),
    bytesMax: z.number().int().describe('Beyond it the oldest payloads of strangers are evicted'),
    evicted: z.number().int().describe('Payloads of strangers that were evicted since the start'),
    declinedLogs: z.number().int().describe('Logs of which no more is taken for now: a quota is full'),
    forks: z.number().int().describe('Logs that are proven to be forked'),
  })
  .describe('What is kept of everybody, and what was not')
