/** `spore reindex`: drops the vectors of memories and embeds everything again. */
import { openAccess } from './access.ts'
import type { CommandSpec } from './command.ts'
import { EXIT, unwrap } from './exit.ts'
import { oneLine } from './terminal-text.ts'

export const spec: CommandSpec = {
  name: 'reindex',
  summary: 'Embed all memories again, with the model that is configured now',
  description:
    'After a change of embeddings.model or embeddings.dimensions. Memories go on to be found by their words, and by meaning as they are\n' +
    'embedded: in the background of the running spore, or when it runs again. It sends all texts that embeddings.entries names to the\n' +
    'provider once more, which may cost something.',
  examples: ['spore reindex', 'spore reindex --json'],
  remote: true,
  run: async (context) => {
    await using access = await openAccess(context.load(), context.signal)
    const embeddings = unwrap(await access.reindex())
    context.output.result(
      `the vectors were dropped; ${embeddings.waiting} entries wait for "${oneLine(embeddings.model ?? '', 200)}"${access.url ? '' : ' and are embedded when the spore runs'}`,
      embeddings,
    )
    return EXIT.ok
  },
}
