/**
 * The Spore interface: what HTTP routes, MCP tools, the CLI and the simulator know of a running spore; and
 * `createSpore`, the one composition root of the core.
 */
import type { Did } from './base/brand.ts'
import type { Result } from './base/result.ts'
import type * as api from './protocol/api.ts'
import type { Failure } from './protocol/errors.ts'

type Answer<T> = Result<T, Failure>

export interface Spore extends AsyncDisposable {
  /** This spore's author, also its address in the federation. */
  readonly did: Did
  readonly name: string
  /** Everything that `GET /api/health` shows, but for what the process alone knows. */
  health(): Omit<api.Health, 'rssBytes' | 'version'>

  /** Remembers one text. Resolves after it is durable. */
  remember(input: api.RememberInput): Promise<Answer<api.Remembered>>
  /** Remembers many in one durable commit; each item has its own result, in order. At most `ITEMS_MAX`. */
  rememberMany(inputs: readonly api.RememberInput[]): Promise<readonly Answer<api.Remembered>[]>
  memory(id: string): Promise<Answer<api.MemoryView>>
  /** Figures, frontier and the newest memories. */
  memories(query: api.MemoryPageQuery): Promise<Answer<api.MemoryPage>>
  /** Removes this spore's own dots of a memory. Failure RETRACT_FOREIGN where only others carry it. */
  retract(id: string): Promise<Answer<api.Retracted>>
  search(query: api.SearchInput): Promise<Answer<api.SearchReply>>
  /** Recalled memories as quoted, fenced data for a model, cut to a token budget. */
  contextPack(query: string, options?: ContextPackOptions): Promise<Answer<ContextPack>>

  submitTask(input: api.TaskInput): Promise<Answer<api.TaskAccepted>>
  task(id: string): Promise<Answer<api.TaskView>>
  tasks(query: api.TaskPageQuery): Promise<Answer<api.TaskPage>>

  trust(author: string): Answer<api.TrustView>

  peers(): readonly api.PeerView[]
  /** Introduces this spore to the one at `url` and starts to sync with it. */
  addPeer(url: string): Promise<Answer<api.PeerView>>

  /**
   * Follows the change feed: first what is stored behind arrival number `after` (newest only when it is null), then
   * what comes. Ends when `signal` aborts. A consumer that is slow is waited for; nothing is skipped.
   */
  events(after: number | null, signal: AbortSignal): AsyncIterable<api.SporeEvent>

  /** The federation routes: see `gossip/federation.ts`. */
  readonly federation: Federation
}

export interface ContextPackOptions {
  readonly budgetTokens?: number
  readonly spaces?: readonly string[]
}

export interface ContextPack {
  /** The fenced text, ready to be put before a model as data. */
  readonly text: string
  readonly tokens: number
  readonly items: readonly {
    readonly id: string
    readonly author: string
    readonly text: string
    readonly score: number
  }[]
}

/** Filled in with the gossip engine. */
export type Federation = object
