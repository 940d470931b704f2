/** get_trust: what this spore knows of an author. */
import { z } from 'zod'
import { trustSchema } from '../../../core/protocol/api.ts'
import { defineTool, READS } from '../tool.ts'

export const getTrustTool = defineTool({
  name: 'get_trust',
  title: 'Get trust',
  description:
    'What this spore knows of an author: itself, or unknown, with the reasons and how many of its entries are held here.',
  annotations: READS,
  input: z.strictObject({ author: z.string().describe('did:key of the author, as memories carry it') }),
  output: z.object(trustSchema.shape),
  handle: ({ author }, { backend }) => backend.trust(author),
})
