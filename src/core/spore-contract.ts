/** The Spore interface: what HTTP routes, MCP tools, the CLI and the simulator know of a running spore. */
import type { Activities } from './base/activities.ts'
import type { Did } from './base/brand.ts'
import type { Result } from './base/result.ts'
import type { Federation } from './gossip/federation.ts'
import type { Hint } from './gossip/hints.ts'
import type { Quarantined } from './memory/quarantine.ts'
import type { Moderator } from './moderation/moderator.ts'
import type * as api from './protocol/api.ts'
import type { PeerQuery } from './protocol/api-discovery.ts'
import type { CheckModelsInput, ModelsChecked } from './protocol/api-models.ts'
import type { SidecarView } from './protocol/api-sidecar.ts'
import type {
  InvitationInput,
  InvitationView,
  JoinSpaceInput,
  MemberRemoved,
  MemberView,
  SpaceInput,
  SpaceView,
} from './protocol/api-spaces.ts'
import type { Failure } from './protocol/errors.ts'

type Answer<T> = Result<T, Failure>

export interface Spore extends AsyncDisposable {
  /** This spore's author, also its address in the federation. */
  readonly did: Did
  readonly name: string
  /** What is under way; whoever watches over the process checks it (`adapters/watchdog.ts`). */
  readonly activities: Activities
  /** Everything that `GET /api/health` shows, but for what the process alone knows. */
  health(): Omit<api.Health, 'rssBytes' | 'version'>

  /** Remembers one text. Resolves after it is durable and can be found. */
  remember(input: api.RememberInput): Promise<Answer<api.Remembered>>
  /** Remembers many in one durable commit; each item has its own result, in order. At most `ITEMS_MAX`. */
  rememberMany(inputs: readonly api.RememberInput[]): Promise<readonly Answer<api.Remembered>[]>
  memory(id: string): Promise<Answer<api.MemoryView>>
  /** Figures, frontier and the newest memories. */
  memories(query: api.MemoryPageQuery): Promise<Answer<api.MemoryPage>>
  /** Removes this spore's own dots of a memory. Failure RETRACT_FOREIGN where only others carry it. */
  retract(id: string): Promise<Answer<api.Retracted>>
  /** Removes the bytes of a memory here for good, whoever carries it. Failure MEMORY_NOT_FOUND. */
  purge(id: string): Promise<Answer<api.Purged>>
  /** The same for everything that an author wrote, and for what rests on it. Failures AUTHOR_UNKNOWN, PURGE_TOO_LARGE. */
  purgeAuthor(input: api.PurgeAuthorInput): Promise<Answer<api.Purged>>
  /** Lets what was purged be remembered and taken again. */
  undoPurge(id: string): Promise<Answer<api.PurgeUndone>>
  search(query: api.SearchInput): Promise<Answer<api.SearchReply>>
  /** Recalled memories as quoted, fenced data for a model, cut to a token budget. */
  contextPack(query: api.ContextQuery): Promise<Answer<api.ContextPack>>
  /** The search index beside the store, in numbers. */
  sidecar(): SidecarView
  /** Measures what searches miss, beside everything else; resolves when it is known. */
  auditSearch(): Promise<SidecarView>

  /** Puts a question; the task is durable when it resolves, and where no model and no peer can answer it is over. */
  submitTask(input: api.TaskInput): Promise<Answer<api.TaskAccepted>>
  task(id: string): Promise<Answer<api.TaskView>>
  tasks(query: api.TaskPageQuery): Promise<Answer<api.TaskPage>>
  /** Tasks that have an answer, the newest first. */
  answers(query: api.AnswerPageQuery): Promise<Answer<api.AnswerPage>>
  /** How far open tasks are, or one task. Failures ID_INVALID, TASK_NOT_FOUND. */
  convergence(query: api.ConvergenceQuery): Promise<Answer<api.Convergence>>
  /** What the quantum-inspired layer did in the tasks asked last, or in one. Failures as of `convergence`, and CURSOR_INVALID. */
  quantum(query: api.QuantumQuery): Promise<Answer<api.Quantum>>
  /**
   * The operator's word on the answer of a task: from it trust is learnt. Failures ID_INVALID, TASK_NOT_FOUND, TASK_OPEN where there is
   * no answer yet.
   */
  resolveTask(id: string, input: api.ResolutionInput): Promise<Answer<api.TaskView>>
  /** Ends a task that this spore asked. Failures ID_INVALID, TASK_NOT_FOUND, TASK_FOREIGN, TASK_DONE. */
  cancelTask(id: string): Promise<Answer<api.TaskView>>
  /** One small call of each model, for the operator alone: it may cost something. Failure MODELS_OFF. */
  checkModels(input: CheckModelsInput, signal: AbortSignal): Promise<Answer<ModelsChecked>>
  /**
   * What happens at a task: how it stands, then each step, at last how it ended. Ends behind that, or when `signal` aborts. A consumer
   * that is slow misses steps in between, never the end. Failures ID_INVALID, TASK_NOT_FOUND.
   */
  taskEvents(id: string, signal: AbortSignal): Promise<Answer<AsyncIterable<api.TaskEvent>>>

  /** The spaces that this spore knows. */
  spaces(): readonly SpaceView[]
  createSpace(input: SpaceInput): Promise<Answer<SpaceView>>
  /** One line by which somebody can join a space. */
  invite(space: string, input: InvitationInput): Promise<Answer<InvitationView>>
  /** Joins by that line. */
  joinSpace(input: JoinSpaceInput): Promise<Answer<SpaceView>>
  /** Ends the exchange of a space; what is here stays. */
  leaveSpace(space: string): Promise<Answer<SpaceView>>
  members(space: string): Answer<readonly MemberView[]>
  removeMember(space: string, author: string): Promise<Answer<MemberRemoved>>

  /**
   * What this spore thinks of an author, by its did or, where it is known here, the last 8 characters of it, and why. Failures
   * AUTHOR_UNKNOWN, AUTHOR_AMBIGUOUS.
   */
  trust(author: string): Answer<api.TrustView>
  /** Peers, and authors of whom something is known or held, the most trusted first. Failure CURSOR_INVALID. */
  trustPage(query: Partial<api.TrustPageQuery>): Answer<api.TrustPage>
  /**
   * Sets what this spore is to think of an author, whatever the evidence says; null goes by the evidence again. Failures
   * REQUEST_INVALID, AUTHOR_UNKNOWN, AUTHOR_AMBIGUOUS, TRUST_FIXED, OVERRIDES_FULL, STORE_WRITE_FAILED.
   */
  setTrust(author: string, input: api.TrustInput | null): Promise<Answer<api.TrustView>>

  peers(): readonly api.PeerView[]
  /** Peers with all that is known of them, and how this spore and others see one another. */
  federationStatus(): api.FederationStatus
  /**
   * The peers that have every label that is wanted, and who else has them: those known here, and where these are few, those
   * that the neighbours know. Where nothing is wanted, the peers. Failure REQUEST_INVALID for what is no label.
   */
  find(wanted: PeerQuery): Promise<Answer<api.PeerPage>>
  /** Introduces this spore to the one at `url` and starts to sync with it. */
  addPeer(url: string): Promise<Answer<api.PeerView>>

  /**
   * Follows the change feed: first what is stored behind arrival number `after` (only new ones when it is null), then
   * what comes. Ends when `signal` aborts. A consumer that is slow is waited for; nothing is skipped.
   */
  events(after: number | null, signal: AbortSignal): AsyncIterable<api.SporeEvent>

  /** Entries that were set aside because a handler threw, the oldest first. */
  quarantined(): readonly Quarantined[]

  readonly federation: Federation
  /** What the operator rules about peers, authors and domains. */
  readonly moderation: Moderator
  /** Begins to look for seeds, where bootstrap is on; after `federation.start`, and waited for by nobody. */
  seek(): void
  /** Looks whether a spore is where it is said to be: who is not the one with that key is not joined. */
  hint(hint: Hint): void

  /**
   * Drops the vectors of all memories and embeds everything again, in the background: after a change of the model. Failures
   * EMBEDDINGS_OFF, VECTORS_UNREADABLE.
   */
  reindex(): Promise<Answer<api.EmbeddingsView>>
  /** Resolves when everything that can be embedded now is; at once where there is no model. */
  embedded(): Promise<void>

  /**
   * Resolves when what is remembered now can be found. Own memories can be once they are acknowledged; what others bring,
   * and what was there at the start, is indexed in the background, and `health` says how much waits.
   */
  indexed(): Promise<void>
}
