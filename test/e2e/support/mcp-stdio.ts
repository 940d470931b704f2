/** A spore that speaks MCP over stdio, as `spore mcp` does, over a store that forgets. */
import { silentLog } from '../../../src/core/base/ports.ts'
import { sporeBackend } from '../../../src/http/mcp/backend.ts'
import { createMcpStdio } from '../../../src/http/mcp/stdio.ts'
import { openSpore } from '../../unit/http/support.ts'

await using spore = await openSpore()
const { stdin, stdout } = process
const bridge = createMcpStdio(sporeBackend(spore, '0.0.0-test'), {
  version: '0.0.0-test',
  log: silentLog,
  stdin,
  stdout,
})
await bridge.closed
