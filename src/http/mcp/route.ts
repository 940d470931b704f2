/**
 * `/mcp`: streamable HTTP, stateless, both protocol eras from one handler of the official SDK. The SDK is loaded with
 * the first request: a spore that no agent talks to does not pay its memory.
 */
import type { NodeIncomingMessageLike } from '@modelcontextprotocol/node'
import type { FastifyPluginAsync } from 'fastify'
import { EVENT_STREAMS_MAX } from '../../core/protocol/limits.ts'
import type { RouteContext } from '../server.ts'
import { takeOver } from '../take-over.ts'
import { sporeBackend } from './backend.ts'
import { wholeReply } from './whole-reply.ts'

export const mcpRoute: FastifyPluginAsync<RouteContext> = async (app, { spore, version, log }) => {
  let loading: ReturnType<typeof load> | null = null
  const load = async () => {
    const [{ createMcpHandler }, { toNodeHandler }, { createServerFactory }] = await Promise.all([
      import('@modelcontextprotocol/server'),
      import('@modelcontextprotocol/node'),
      import('./server.ts'),
    ])
    const onerror = (error: Error) => log.debug('mcp request refused', { error })
    const handler = createMcpHandler(createServerFactory(sporeBackend(spore, version), { version, log }), {
      maxSubscriptions: EVENT_STREAMS_MAX,
      onerror,
    })
    return { close: () => handler.close(), handle: toNodeHandler(handler, { onerror }) }
  }

  app.addHook('preClose', async () => {
    await (await loading)?.close()
  })
  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/mcp',
    exposeHeadRoute: false,
    config: { streams: true },
    schema: { hide: true } as object,
    handler: async (request, reply) => {
      loading ??= load()
      const { handle } = await loading
      await handle(request.raw as NodeIncomingMessageLike, wholeReply(takeOver(reply)), request.body)
    },
  })
}
