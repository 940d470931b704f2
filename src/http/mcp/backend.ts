/**
 * ToolBackend: what MCP tools need of a spore. Two implementations: a spore in this process (`sporeBackend`), and an
 * HTTP client of one that runs elsewhere (`src/cli/client.ts`), so that `spore mcp` is a bridge to either.
 */
import { ok, type Result } from '../../core/base/result.ts'
import type * as api from '../../core/protocol/api.ts'
import type { SpaceView } from '../../core/protocol/api-spaces.ts'
import type { Failure } from '../../core/protocol/errors.ts'
import type { Spore } from '../../core/spore.ts'

type Reply<T> = Promise<Result<T, Failure>>

/** Each method is the route or `Spore` method of the same name; a failure carries a code of the registry. */
export interface ToolBackend {
  remember(input: api.RememberInput): Reply<api.Remembered>
  memory(id: string): Reply<api.MemoryView>
  memories(query: api.MemoryPageQuery): Reply<api.MemoryPage>
  search(query: api.SearchInput): Reply<api.SearchReply>
  submitTask(input: api.TaskInput): Reply<api.TaskAccepted>
  task(id: string): Reply<api.TaskView>
  tasks(query: api.TaskPageQuery): Reply<api.TaskPage>
  taskEvents(id: string, signal: AbortSignal): Reply<AsyncIterable<api.TaskEvent>>
  trust(author: string): Reply<api.TrustView>
  trustPage(query: Partial<api.TrustPageQuery>): Reply<api.TrustPage>
  health(): Reply<api.Health>
  spaces(): Reply<readonly SpaceView[]>
}

/** What only the process knows of `GET /api/health`, added to what the spore knows. */
export const fullHealth = (spore: Spore, version: string): api.Health => ({
  ...spore.health(),
  version,
  rssBytes: process.memoryUsage.rss(),
})

/** The backend of a spore in this process. */
export function sporeBackend(spore: Spore, version: string): ToolBackend {
  return {
    remember: (input) => spore.remember(input),
    memory: (id) => spore.memory(id),
    memories: (query) => spore.memories(query),
    search: (query) => spore.search(query),
    submitTask: (input) => spore.submitTask(input),
    task: (id) => spore.task(id),
    tasks: (query) => spore.tasks(query),
    taskEvents: (id, signal) => spore.taskEvents(id, signal),
    trust: async (author) => spore.trust(author),
    trustPage: async (query) => spore.trustPage(query),
    health: async () => ok(fullHealth(spore, version)),
    spaces: async () => ok(spore.spaces()),
  }
}
