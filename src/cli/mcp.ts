/** `spore mcp`: MCP over stdin and stdout. Bridges to the running spore, else opens the data folder itself. */
import { once } from 'node:events'
import { createMcpStdio } from '../http/mcp/stdio.ts'
import { openAccess } from './access.ts'
import type { CommandSpec } from './command.ts'
import { EXIT } from './exit.ts'
import { openLog } from './open.ts'
import { packageVersion } from './version.ts'

export const spec: CommandSpec = {
  name: 'mcp',
  summary: 'Serve MCP over stdio, for agents',
  description:
    'An agent starts this by itself. Where a spore runs for the data folder it is used, so several agents can share one;\n' +
    'else the folder is opened for as long as the agent runs. Stdout carries nothing but protocol.',
  examples: [
    'claude mcp add spore -- spore mcp',
    'spore mcp --url https://spore.example.org   # with SPORE_TOKEN',
  ],
  remote: true,
  run: async (context) => {
    const loaded = context.load()
    const { signal, stdin, stdout } = context
    await using access = await openAccess(loaded, signal)
    const stdio = createMcpStdio(access, { version: packageVersion(), log: openLog(loaded), stdin, stdout })
    await Promise.race([stdio.closed, ...(signal.aborted ? [] : [once(signal, 'abort')])])
    await stdio.close()
    // A signal leaves stdin open, and an open pipe would keep the process.
    stdin.destroy()
    return EXIT.ok
  },
}
