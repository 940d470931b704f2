/** Builds the MCP server that one request or connection is served by. Schemas are built once, with the tools. */
import { McpServer, type ServerContext } from '@modelcontextprotocol/server'
import type { Log } from '../../core/base/ports.ts'
import { err } from '../../core/base/result.ts'
import { failure, SporeError } from '../../core/protocol/errors.ts'
import type { ToolBackend } from './backend.ts'
import { INSTRUCTIONS } from './instructions.ts'
import { listedSchema } from './listed-schema.ts'
import { toCallResult } from './result.ts'
import type { Progress, Tool } from './tool.ts'
import { tools } from './tools.ts'

export interface McpOptions {
  readonly version: string
  readonly log: Log
}

/** A factory for `createMcpHandler` and `serveStdio`; what it remembers between servers is the spore's name alone. */
export function createServerFactory(backend: ToolBackend, { version, log }: McpOptions): () => McpServer {
  let own: string | null = null

  const call = async (tool: Tool, input: Record<string, unknown>, mcpReq: ServerContext['mcpReq']) => {
    try {
      if (own === null) {
        const health = await backend.health()
        if (!health.ok) return health
        own = health.value.spore
      }
      return await tool.handle(input, { backend, own, signal: mcpReq.signal, progress: progressOf(mcpReq) })
    } catch (error) {
      if (error instanceof SporeError) return err(failure(error.code, error.message))
      log.error('tool broke', { tool: tool.name, error })
      return err(failure('INTERNAL', 'The log of the spore has the cause.'))
    }
  }

  const listed = tools.map((tool) => {
    const { title, description, annotations, input, output } = tool
    const schemas = { inputSchema: listedSchema(input), outputSchema: listedSchema(output) }
    return { tool, config: { title, description, annotations: { ...annotations }, ...schemas } }
  })

  return () => {
    const server = new McpServer(
      { name: 'spore', title: 'Spore', version },
      { instructions: INSTRUCTIONS, capabilities: { tools: {} } },
    )
    for (const { tool, config } of listed)
      server.registerTool(tool.name, config, async (input, context) =>
        toCallResult(await call(tool, input as Record<string, unknown>, context.mcpReq)),
      )
    return server
  }
}

/** Tells progress to a client that gave a token for it; one that has gone is told nothing, and the call ends by its signal. */
function progressOf({ _meta, notify, signal }: ServerContext['mcpReq']): Progress | null {
  const progressToken = _meta?.progressToken
  if (progressToken === undefined) return null
  return async (progress, message) => {
    if (signal.aborted) return
    const params = { progressToken, progress, message }
    await notify({ method: 'notifications/progress', params }).catch(() => {})
  }
}
