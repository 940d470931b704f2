/**
 * POST /api/memory: remembers one text, up to `ITEMS_MAX` items in one durable commit, or NDJSON of any size. What the
 * reply acknowledges is durable.
 */

import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Remembered, rememberedSchema, rememberSchema } from '../../core/protocol/api.ts'
import { ITEMS_MAX } from '../../core/protocol/limits.ts'
import { problems, unwrap } from '../problem.ts'
import { emptyQuerySchema, type Route } from '../route.ts'
import type { RouteContext } from '../server.ts'
import { check, type SchemaOfRoute, validatorCompiler } from '../validation.ts'
import { type Answered, errorSchema, toAnswer } from './remember-answer.ts'
import { rememberChecked } from './remember-items.ts'
import { rememberLines } from './remember-lines.ts'

const itemsSchema = z
  .strictObject({ items: z.array(rememberSchema).min(1).max(ITEMS_MAX) })
  .meta({ id: 'RememberItems' })
/** The envelope alone: an item that does not match has an error of its own and leaves the others alone. */
const envelopeSchema = z.strictObject({ items: z.array(z.unknown()).min(1).max(ITEMS_MAX) })
const answersSchema = z
  .object({ items: z.array(z.union([rememberedSchema, z.object({ error: errorSchema })])) })
  .meta({ id: 'RememberAnswers' })

const NDJSON = 'application/x-ndjson'

export const rememberRoute: Route = async (app, context) => {
  app.addContentTypeParser(NDJSON, (_request, payload, done) => done(null, payload))
  app.post(
    '/api/memory',
    {
      config: { streams: true },
      schema: {
        tags: ['memory'],
        summary: 'Remember one text, many items, or lines of NDJSON',
        description:
          'A body of `application/x-ndjson` has one Remember object a line and may have any size. It is answered by one line of ' +
          '`{line, id, duplicate}` or `{line, error}` for each, while it is still being sent: read while you write.',
        consumes: ['application/json', NDJSON],
        querystring: emptyQuerySchema,
        body: z.union([rememberSchema, itemsSchema]),
        response: { 201: z.union([rememberedSchema, answersSchema]), ...problems },
      },
      // The body is checked by the handler, which knows which of the three forms was meant and can name the field.
      validatorCompiler: (route) =>
        route.httpPart === 'body'
          ? (value) => ({ value })
          : validatorCompiler(route as unknown as SchemaOfRoute),
    },
    async (request, reply) => {
      const body: unknown = request.body
      if (body instanceof Readable) return sendLines(request, reply, body, context)
      const remembered = isEnvelope(body)
        ? { items: await rememberItems(body, context) }
        : await rememberOne(body, context)
      return reply.code(201).send(remembered)
    },
  )
}

const isEnvelope = (body: unknown): boolean => typeof body === 'object' && body !== null && 'items' in body

async function rememberOne(body: unknown, { spore }: RouteContext): Promise<Remembered> {
  return unwrap(await spore.remember(unwrap(check(rememberSchema, body, 'body'))))
}

async function rememberItems(body: unknown, context: RouteContext): Promise<Answered[]> {
  const { items } = unwrap(check(envelopeSchema, body, 'body'))
  const checked = items.map((item, index) => check(rememberSchema, item, `body.items.${index}`))
  return (await rememberChecked(checked, context)).map(toAnswer)
}

function sendLines(
  request: FastifyRequest,
  reply: FastifyReply,
  body: Readable,
  context: RouteContext,
): FastifyReply {
  request.server.allowLongUpload(request)
  return reply.type(NDJSON).send(Readable.from(rememberLines(body, context), { objectMode: false }))
}
