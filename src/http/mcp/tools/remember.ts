/** remember: one passage, durable when the tool answers. */
import { z } from 'zod'
import { rememberSchema } from '../../../core/protocol/api.ts'
import { defineTool } from '../tool.ts'

export const rememberTool = defineTool({
  name: 'remember',
  title: 'Remember',
  description:
    'Stores one self-contained passage (a fact, decision, preference, solution) durably. The same text twice is stored once. ' +
    'Goes to the private space, which never leaves the machine, unless `space` names another.',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  input: z.strictObject(rememberSchema.shape),
  output: z.object({
    id: z.string().describe('Id of the memory, for get_memory'),
    duplicate: z.boolean().describe('True where it was already remembered'),
  }),
  handle: (input, { backend }) => backend.remember(input),
})
