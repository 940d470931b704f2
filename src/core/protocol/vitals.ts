/** What `GET /api/health` says of the process itself, as its watchdog sees it. */
import { z } from 'zod'

export const watchdogSchema = z
  .object({
    stalls: z.number().int().describe('Times that the event loop stood still for a second or more'),
    longestMs: z.number().int().describe('The longest of them'),
    lastMs: z.number().int().describe('The last of them'),
    overdue: z
      .array(
        z.object({
          what: z.string(),
          forMs: z.number().int().describe('Milliseconds without progress'),
          isVital: z.boolean().describe('Without it the spore is of no use: it is not ready meanwhile'),
        }),
      )
      .describe('What does not end'),
  })
  .meta({ id: 'Watchdog' })
export type WatchdogView = z.infer<typeof watchdogSchema>
