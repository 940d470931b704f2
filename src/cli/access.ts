/**
 * What commands need of a spore, whichever way they reach it: the running one over HTTP, or the data folder opened in
 * this process. Methods are those of the `Spore` interface; a failure carries a code of the registry.
 */
import type { LoadedConfig } from '../config/load.ts'
import type { Result } from '../core/base/result.ts'
import type * as api from '../core/protocol/api.ts'
import type { PeerQuery } from '../core/protocol/api-discovery.ts'
import type { CheckModelsInput, ModelsChecked, ProvidersView } from '../core/protocol/api-models.ts'
import type { SidecarView } from '../core/protocol/api-sidecar.ts'
import type * as spaceApi from '../core/protocol/api-spaces.ts'
import { type Failure, SporeError } from '../core/protocol/errors.ts'
import type { HttpAccessOptions } from './client.ts'
import type { ModerationAccess } from './moderation-access.ts'
import { readRun, runFile } from './run-file.ts'

type Reply<T> = Promise<Result<T, Failure>>

export interface SporeAccess extends AsyncDisposable {
  /** The address of the running spore; null where the folder was opened in this process. */
  readonly url: string | null
  health(): Reply<api.Health>
  remember(input: api.RememberInput): Reply<api.Remembered>
  /** At most `ITEMS_MAX`; one result for each, in order. */
  rememberMany(inputs: readonly api.RememberInput[]): Promise<readonly Result<api.Remembered, Failure>[]>
  memory(id: string): Reply<api.MemoryView>
  memories(query: api.MemoryPageQuery): Reply<api.MemoryPage>
  retract(id: string): Reply<api.Retracted>
  purge(id: string): Reply<api.Purged>
  purgeAuthor(input: api.PurgeAuthorInput): Reply<api.Purged>
  undoPurge(id: string): Reply<api.PurgeUndone>
  search(query: api.SearchInput): Reply<api.SearchReply>
  /** The search index in numbers. */
  sidecar(): Reply<SidecarView>
  /** The same once it is measured what searches miss. */
  auditSearch(): Reply<SidecarView>
  /** Drops all vectors and embeds everything again. */
  reindex(): Reply<api.EmbeddingsView>
  /** The language models, what they may cost, and the providers known by name. Calls nobody. */
  providers(): Reply<ProvidersView>
  /** One small call of each model. */
  checkModels(input: CheckModelsInput, signal: AbortSignal): Reply<ModelsChecked>
  submitTask(input: api.TaskInput): Reply<api.TaskAccepted>
  task(id: string): Reply<api.TaskView>
  tasks(query: api.TaskPageQuery): Reply<api.TaskPage>
  answers(query: api.AnswerPageQuery): Reply<api.AnswerPage>
  convergence(query: api.ConvergenceQuery): Reply<api.Convergence>
  quantum(query: api.QuantumQuery): Reply<api.Quantum>
  resolveTask(id: string, input: api.ResolutionInput): Reply<api.TaskView>
  cancelTask(id: string): Reply<api.TaskView>
  /** What happens at a task. Iterating throws SPORE_UNREACHABLE where the stream of a running spore breaks off. */
  taskEvents(id: string, signal: AbortSignal): Reply<AsyncIterable<api.TaskEvent>>
  trust(author: string): Reply<api.TrustView>
  /** Authors of whom something is known or held, the most trusted first. */
  trustPage(query: Partial<api.TrustPageQuery>): Reply<api.TrustPage>
  /** Null goes by the evidence again. */
  setTrust(author: string, input: api.TrustInput | null): Reply<api.TrustView>
  /** All peers, or where labels are wanted who has them. */
  peers(query?: PeerQuery): Reply<api.PeerPage>
  /** Peers with all that is known of them, and how this spore and others see one another. */
  federationStatus(): Reply<api.FederationStatus>
  addPeer(url: string): Reply<api.PeerView>
  readonly moderation: ModerationAccess
  spaces(): Reply<readonly spaceApi.SpaceView[]>
  createSpace(input: spaceApi.SpaceInput): Reply<spaceApi.SpaceView>
  invite(space: string, input: spaceApi.InvitationInput): Reply<spaceApi.InvitationView>
  joinSpace(input: spaceApi.JoinSpaceInput): Reply<spaceApi.SpaceView>
  leaveSpace(space: string): Reply<spaceApi.SpaceView>
  members(space: string): Reply<readonly spaceApi.MemberView[]>
  removeMember(space: string, author: string): Reply<spaceApi.MemberRemoved>
}

/** Where the running spore of this configuration is; null where none runs. */
export async function findRunning(
  loaded: LoadedConfig,
  signal: AbortSignal,
): Promise<HttpAccessOptions | null> {
  if (loaded.sporeUrl) return { url: loaded.sporeUrl, token: loaded.secrets.token?.reveal() ?? null, signal }
  const run = readRun(loaded.config.home)
  if (!run) return null
  const options = { url: run.url, token: run.token ?? loaded.secrets.token?.reveal() ?? null, signal }
  // The process id may belong to another program by now, and so may the port: nothing private is sent to it.
  const { createHttpAccess } = await import('./client.ts')
  await using access = createHttpAccess(options)
  const health = await access.health()
  return health.ok && health.value.spore === run.spore ? options : null
}

/** The running spore where there is one, else its data folder. Throws `SporeError`, STORE_IN_USE among others. */
export async function openAccess(loaded: LoadedConfig, signal: AbortSignal): Promise<SporeAccess> {
  const running = await findRunning(loaded, signal)
  if (!running) return (await import('./open.ts')).openFolderAccess(loaded)
  return (await import('./client.ts')).createHttpAccess(running)
}

/** The running spore. Throws SPORE_UNREACHABLE where none runs. */
export async function openRunning(loaded: LoadedConfig, signal: AbortSignal): Promise<SporeAccess> {
  const running = await findRunning(loaded, signal)
  if (running) return (await import('./client.ts')).createHttpAccess(running)
  throw new SporeError(
    'SPORE_UNREACHABLE',
    `there is no running spore for the data folder ${loaded.config.home} (no live ${runFile(loaded.config.home)})`,
  )
}
