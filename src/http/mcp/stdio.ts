/** MCP over stdin and stdout, for `spore mcp`. Nothing but protocol may reach `stdout`: logs go elsewhere. */
import type { Readable, Writable } from 'node:stream'
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio'
import type { Log } from '../../core/base/ports.ts'
import type { ToolBackend } from './backend.ts'
import { createServerFactory } from './server.ts'

export interface McpStdioOptions {
  readonly version: string
  readonly log: Log
  readonly stdin: Readable
  readonly stdout: Writable
}

export interface McpStdio {
  /** Resolves when the client has closed its end, or after `close`. */
  readonly closed: Promise<void>
  close(): Promise<void>
}

/** Serves both protocol eras on one pair of streams; the client's first message decides which. */
export function createMcpStdio(backend: ToolBackend, options: McpStdioOptions): McpStdio {
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  options.stdin.once('close', resolve).once('end', resolve)
  const handle = serveStdio(createServerFactory(backend, options), {
    transport: new StdioServerTransport(options.stdin, options.stdout),
    onerror: (error) => options.log.warn('mcp message refused', { error }),
  })
  return {
    closed,
    close: async () => {
      await handle.close()
      resolve()
    },
  }
}
