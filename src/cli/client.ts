/** A running spore over HTTP: each method is one route, each reply is checked against the schema of the API. */
import { Agent, type Dispatcher } from 'undici'
import { z } from 'zod'
import { err, ok, type Result } from '../core/base/result.ts'
import * as api from '../core/protocol/api.ts'
import { modelsCheckedSchema, providersSchema } from '../core/protocol/api-models.ts'
import { sidecarSchema } from '../core/protocol/api-sidecar.ts'
import * as spaceApi from '../core/protocol/api-spaces.ts'
import { ERRORS, type ErrorCode, type Failure, failure } from '../core/protocol/errors.ts'
import type { SporeAccess } from './access.ts'
import { openEvents, parseJson } from './client-events.ts'
import { httpModeration } from './moderation-access.ts'

/** Bytes of one reply: 100 memories of 64 KiB, every character escaped, is the most that a page can have. */
export const REPLY_BYTES_MAX = 64 * 1024 * 1024
/** A spore that has not begun to answer by then is stuck; an import of 1,000 items takes well under a second. */
export const REPLY_TIMEOUT_MS = 30_000
/** A process that does not accept by then is not there. */
export const CONNECT_TIMEOUT_MS = 3_000

export interface HttpAccessOptions {
  /** Origin and path of the spore, without a slash at the end. */
  readonly url: string
  /** Bearer token; null for none. */
  readonly token: string | null
  readonly signal: AbortSignal
}

const answerSchema = z.union([
  api.rememberedSchema,
  z.object({ error: z.object({ code: z.string(), detail: z.string() }) }),
])
const answersSchema = z.object({ items: z.array(answerSchema) })

export function createHttpAccess(options: HttpAccessOptions): SporeAccess {
  const agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: REPLY_TIMEOUT_MS,
    bodyTimeout: REPLY_TIMEOUT_MS,
    maxResponseSize: REPLY_BYTES_MAX,
  })
  const call: Call = (method, path, schema, body) => request(agent, options, { method, path, body }, schema)
  const withId = (path: string, id: string) => `${path}/${encodeURIComponent(id)}`

  return {
    url: options.url,
    health: () => call('GET', '/api/health', api.healthSchema),
    remember: (input) => call('POST', '/api/memory', api.rememberedSchema, input),
    rememberMany: async (inputs) => {
      if (inputs.length === 0) return []
      const reply = await call('POST', '/api/memory', answersSchema, { items: inputs })
      if (!reply.ok) return inputs.map(() => reply)
      return reply.value.items.map((item) => ('error' in item ? err(toFailure(item.error)) : ok(item)))
    },
    memory: (id) => call('GET', withId('/api/memory', id), api.memorySchema),
    memories: (query) => call('GET', `/api/memory${toQuery(query)}`, api.memoryPageSchema),
    retract: (id) => call('DELETE', withId('/api/memory', id), api.retractedSchema),
    purge: (id) => call('POST', `${withId('/api/memory', id)}/purge`, api.purgedSchema),
    purgeAuthor: (input) => call('POST', '/api/purge', api.purgedSchema, input),
    undoPurge: (id) => call('DELETE', `${withId('/api/memory', id)}/purge`, api.purgeUndoneSchema),
    search: (query) => call('GET', `/api/memory/search${toQuery(query)}`, api.searchReplySchema),
    sidecar: () => call('GET', '/api/sidecar', sidecarSchema),
    auditSearch: () => call('POST', '/api/sidecar/audit', sidecarSchema),
    reindex: () => call('POST', '/api/reindex', api.embeddingsSchema),
    providers: () => call('GET', '/api/providers', providersSchema),
    // A signal of its own is not needed: that of the command ends every request.
    checkModels: (input) => call('POST', '/api/providers/check', modelsCheckedSchema, input),
    submitTask: (input) => call('POST', '/api/task', api.taskAcceptedSchema, input),
    task: (id) => call('GET', withId('/api/task', id), api.taskSchema),
    tasks: (query) => call('GET', `/api/tasks${toQuery(query)}`, api.taskPageSchema),
    answers: (query) => call('GET', `/api/answers${toQuery(query)}`, api.answerPageSchema),
    quantum: (query) => call('GET', `/api/quantum${toQuery(query)}`, api.quantumSchema),
    convergence: (query) => call('GET', `/api/convergence${toQuery(query)}`, api.convergenceSchema),
    resolveTask: (id, input) => call('POST', `${withId('/api/task', id)}/resolution`, api.taskSchema, input),
    cancelTask: (id) => call('POST', `${withId('/api/task', id)}/cancel`, api.taskSchema),
    taskEvents: (id, signal) =>
      openEvents(agent, options, {
        path: `${withId('/api/task', id)}/events`,
        schema: api.taskEventSchema,
        signal,
        refuse: (status, text) => readReply(status, text, options.url, z.never()),
        unreachable: (error) => unreachable(options.url, error),
      }),
    trust: (author) => call('GET', withId('/api/trust', author), api.trustSchema),
    trustPage: (query) => call('GET', `/api/trust${toQuery(query)}`, api.trustPageSchema),
    setTrust: (author, input) =>
      input
        ? call('PUT', withId('/api/trust', author), api.trustSchema, input)
        : call('DELETE', withId('/api/trust', author), api.trustSchema),
    peers: (query = { role: [], tag: [], family: [] }) =>
      call('GET', `/api/peers${toQuery(query)}`, api.peerPageSchema),
    federationStatus: () => call('GET', '/api/federation/status', api.federationStatusSchema),
    addPeer: (url) => call('POST', '/api/peers', api.peerSchema, { url }),
    moderation: httpModeration(
      (path, query, schema) => call('GET', `${path}${toQuery(query)}`, schema),
      (path, body, schema) => call('POST', path, schema, body),
    ),
    spaces: async () => {
      const page = await call('GET', '/api/spaces', spaceApi.spacePageSchema)
      return page.ok ? ok(page.value.spaces) : page
    },
    createSpace: (input) => call('POST', '/api/spaces', spaceApi.spaceViewSchema, input),
    invite: (space, input) =>
      call('POST', `${withId('/api/spaces', space)}/invitations`, spaceApi.invitationSchema, input),
    joinSpace: (input) => call('POST', '/api/spaces/join', spaceApi.spaceViewSchema, input),
    leaveSpace: (space) => call('POST', `${withId('/api/spaces', space)}/leave`, spaceApi.spaceViewSchema),
    members: async (space) => {
      const page = await call('GET', `${withId('/api/spaces', space)}/members`, spaceApi.memberPageSchema)
      return page.ok ? ok(page.value.members) : page
    },
    removeMember: (space, author) =>
      call('DELETE', withId(`${withId('/api/spaces', space)}/members`, author), spaceApi.memberRemovedSchema),
    [Symbol.asyncDispose]: () => agent.close(),
  }
}

type Call = <T>(
  method: Dispatcher.HttpMethod,
  path: string,
  schema: z.ZodType<T>,
  body?: unknown,
) => Promise<Result<T, Failure>>

interface Sent {
  readonly method: Dispatcher.HttpMethod
  readonly path: string
  readonly body: unknown
}

async function request<T>(
  agent: Agent,
  { url, token, signal }: HttpAccessOptions,
  { method, path, body }: Sent,
  schema: z.ZodType<T>,
): Promise<Result<T, Failure>> {
  const target = new URL(url + path)
  const headers: Record<string, string> = { accept: 'application/json' }
  if (token) headers.authorization = `Bearer ${token}`
  if (body !== undefined) headers['content-type'] = 'application/json'
  try {
    const reply = await agent.request({
      origin: target.origin,
      path: target.pathname + target.search,
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal,
    })
    return readReply(reply.statusCode, await reply.body.text(), url, schema)
  } catch (error) {
    return err(unreachable(url, error))
  }
}

function unreachable(url: string, error: unknown): Failure {
  const { code, message } = error as NodeJS.ErrnoException
  return failure('SPORE_UNREACHABLE', `${url} does not answer (${code ?? message})`)
}

function readReply<T>(status: number, text: string, url: string, schema: z.ZodType<T>): Result<T, Failure> {
  const value = parseJson(text)
  if (status >= 200 && status < 300) {
    const parsed = schema.safeParse(value)
    if (parsed.success) return ok(parsed.data)
  }
  const problem = z.object({ code: z.string(), detail: z.string() }).safeParse(value)
  if (status >= 400 && problem.success) return err(toFailure(problem.data))
  return err(
    failure('SPORE_UNREACHABLE', `what answers at ${url} is not a spore of this version (status ${status})`),
  )
}

function toFailure(error: { readonly code: string; readonly detail: string }): Failure {
  const code = error.code in ERRORS ? (error.code as ErrorCode) : 'INTERNAL'
  return failure(code, error.detail)
}

/** A query string; lists are repeated, what is undefined is left out. */
function toQuery(query: Readonly<Record<string, unknown>>): string {
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    for (const item of Array.isArray(value) ? value : [value]) pairs.append(name, String(item))
  }
  const text = pairs.toString()
  return text === '' ? '' : `?${text}`
}
