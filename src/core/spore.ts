/**
 * The Spore interface: what HTTP routes, MCP tools, the CLI and the simulator know of a running spore; and
 * `createSpore`, the one composition root of the core: it builds the engines by rank, and disposes them in reverse.
 */
import type { Activities } from './base/activities.ts'
import type { Did } from './base/brand.ts'
import { err, ok, type Result } from './base/result.ts'
import { createLookup } from './gossip/discovery.ts'
import type { Federation } from './gossip/federation.ts'
import type { Hint } from './gossip/hints.ts'
import { BOOTSTRAP_OFF, createSeeding } from './gossip/seeding.ts'
import { createSigner, createVerifier, shortAuthor } from './identity/keys.ts'
import { EMPTY_PROFILE } from './identity/profile.ts'
import { createEvents } from './memory/events.ts'
import { createLibrary } from './memory/library.ts'
import type { Applied, AppliedFork } from './memory/memory.ts'
import { createPurge } from './memory/purge.ts'
import type { Quarantined } from './memory/quarantine.ts'
import { createSpaces } from './memory/spaces.ts'
import { tableSecret } from './memory/table-secret.ts'
import type { PayloadNews } from './memory/writer.ts'
import { createModerator, type Moderator } from './moderation/moderator.ts'
import { createShown } from './moderation/shown.ts'
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
import { type Failure, failure } from './protocol/errors.ts'
import { createModels, MODELS_OFF } from './reasoning/models.ts'
import { createTasks } from './reasoning/tasks.ts'
import { createReplication } from './replication.ts'
import { createDense } from './retrieval/dense.ts'
import { createIndexKeeper } from './retrieval/index-keeper.ts'
import { createIndexer } from './retrieval/indexer.ts'
import { createRecall } from './retrieval/recall.ts'
import { createRetriever } from './retrieval/retriever.ts'
import { createSearchMeter } from './retrieval/search-meter.ts'
import { createSidecar } from './retrieval/sidecar.ts'
import type { SporeOptions, SporePorts } from './spore-ports.ts'
import { explainTrust, keptView, quarantineView } from './spore-views.ts'

export type { SporeOptions, SporePorts } from './spore-ports.ts'

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
  /** The same for everything that an author wrote. Failure AUTHOR_UNKNOWN. */
  purgeAuthor(author: string): Promise<Answer<api.Purged>>
  /** Lets what was purged be remembered and taken again. */
  undoPurge(id: string): Promise<Answer<api.PurgeUndone>>
  search(query: api.SearchInput): Promise<Answer<api.SearchReply>>
  /** Recalled memories as quoted, fenced data for a model, cut to a token budget. */
  contextPack(query: api.ContextQuery): Promise<Answer<api.ContextPack>>
  /** The search index beside the store, in numbers. */
  sidecar(): SidecarView
  /** Measures what searches miss, beside everything else; resolves when it is known. */
  auditSearch(): Promise<SidecarView>

  /** Puts a question; the task is durable, and answered as far as this spore alone can, when it resolves. */
  submitTask(input: api.TaskInput): Promise<Answer<api.TaskAccepted>>
  task(id: string): Promise<Answer<api.TaskView>>
  tasks(query: api.TaskPageQuery): Promise<Answer<api.TaskPage>>
  /** One small call of each model, for the operator alone: it may cost something. Failure MODELS_OFF. */
  checkModels(input: CheckModelsInput, signal: AbortSignal): Promise<Answer<ModelsChecked>>

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

  trust(author: string): Answer<api.TrustView>

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

/** A spore on its way: it reads what the store holds. */
export interface OpeningSpore {
  /** Only to be searched, and to be disposed, before it is open. */
  readonly spore: Spore
  /** Resolves when all of it serves, and rejects with what hinders it. Searches wait for it unless the kept index answers them before. */
  readonly opened: Promise<void>
}

/** The same once it is open. */
export async function createSpore(options: SporeOptions, ports: SporePorts): Promise<Spore> {
  const { spore, opened } = openSpore(options, ports)
  await opened
  return spore
}

/**
 * Opens the store's content and starts the engines. Throws `SporeError` IDENTITY_MISMATCH where the key is not the one
 * that the store belongs to. The spore owns the store: disposing it drains writes and closes the store.
 */
export function openSpore(options: SporeOptions, ports: SporePorts): OpeningSpore {
  const { clock, store } = ports
  const startedAtMs = clock.now()
  const signer = createSigner(ports.seed)
  const name = options.name ?? `spore-${shortAuthor(signer.did)}`
  const spaces = createSpaces(options.defaultSpace, signer.did)
  const trustOf = (author: Did): number | null => (author === signer.did ? 1 : null)

  const replication = createReplication(
    { ...options, name, spaces, profile: options.profile ?? EMPTY_PROFILE },
    { ...ports, signer, verifier: createVerifier() },
  )
  const { memory, writer, gossip, keeper, federation, moderation } = replication
  const shown = createShown(moderation)
  const seeding = options.bootstrap
    ? createSeeding(
        { ...options.bootstrap, network: store.origin.network },
        {
          ...ports,
          source: options.bootstrap.source,
          writer,
          verifier: createVerifier(),
          hints: gossip.hints,
          firstRound: gossip.firstRound,
        },
      )
    : null
  const retriever = ports.retriever ?? createRetriever({ secret: tableSecret(signer) })
  /** The set is not known yet; an index that is what is visible tells the entries of a memory, too. */
  let isOpening = true
  const library = createLibrary({
    memory,
    writer,
    store,
    spaces,
    trustOf,
    shown,
    dotsOf: (id) => (isOpening ? (retriever.kept?.dots(id) ?? []) : memory.dotsOf(id)),
  })
  const indexer = createIndexer({
    retriever,
    memory,
    library,
    store,
    clock,
    log: ports.log,
    keeper: createIndexKeeper({ ...ports, retriever, writer, signer, version: options.version ?? '' }),
    keptMin: options.keptMin,
  })
  const dense = ports.dense
    ? createDense({ ...ports.dense, memory, library, spaces, shown, store, clock, log: ports.log })
    : null
  const models = ports.models ? createModels(ports.models, { ...ports, writer }) : null
  const meter = createSearchMeter()
  const sidecar = createSidecar({ retriever, indexer, meter, clock, dense: () => dense?.status() ?? null })
  const recall = createRecall({
    retriever,
    indexer,
    dense,
    library,
    spaces,
    clock,
    trustOf,
    shown,
    self: memory.self,
    meter,
  })
  const tasks = createTasks({ memory, library, recall, writer, spaces, shown })

  const follow = async (
    applied: readonly Applied[],
    forks: readonly AppliedFork[] = [],
    payloads: PayloadNews = { purged: [], restored: [] },
  ): Promise<void> => {
    tasks.follow(
      applied.map(({ change }) => change),
      payloads.purged,
    )
    await indexer.follow(applied, forks, payloads)
    await dense?.follow(applied, forks, payloads)
  }
  /** Own entries wait until a peer had the chance to bring back what was lost of the own logs (`Gossip.firstRound`). */
  const caughtUp =
    <Args extends readonly unknown[], T>(write: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      await federation.firstRound()
      return write(...args)
    }
  const remember = caughtUp(library.remember)
  const moderator = createModerator({
    moderation,
    self: signer.did,
    memory,
    store,
    clock,
    peers: gossip.gate.sights,
    selfUrl: () => gossip.self().url,
  })
  const peerViews = () => gossip.peers.all().map(gossip.view)
  const purge = createPurge({ memory, writer, store, clock, eraseDerived: indexer.erase })
  const { promise: searchable, resolve: letSearch } = Promise.withResolvers<void>()
  const open = async (): Promise<void> => {
    await models?.open()
    await replication.replay(tasks.follow, async () => {
      if (await indexer.load()) letSearch()
    })
    writer.onCommitted(follow)
    isOpening = false
    await indexer.resume()
    const defaultSpace = spaces.resolve(undefined)
    if (!defaultSpace.ok)
      ports.log.warn('the default space is not known yet: found or join it', { space: options.defaultSpace })
    await purge.resume()
    indexer.start()
    moderation.onChanged(() => dense?.revise())
    dense?.start()
  }
  const opened = open()
  opened.then(letSearch, letSearch)

  const spore: Spore = {
    did: signer.did,
    name,
    activities: replication.activities,
    health: () => ({
      spore: signer.did,
      name,
      network: store.origin.network,
      memories: memory.memories,
      entries: memory.entries,
      damaged: memory.damaged,
      quarantined: memory.quarantine.size,
      quarantine: quarantineView(replication),
      kept: keptView(replication),
      purged: memory.denied,
      missing: memory.missing,
      peers: peerViews(),
      tasks: tasks.count,
      bootstrap: seeding?.view() ?? BOOTSTRAP_OFF,
      defaultSpace: spaces.nameOf(spaces.defaultSpace),
      durability: store.durability,
      indexing: { behind: indexer.behind },
      ...(dense && { embeddings: dense.status() }),
      ...(models && { models: models.view() }),
      uptimeSeconds: Math.max(0, Math.round((clock.now() - startedAtMs) / 1000)),
    }),
    remember: async (input) => (await remember([input]))[0] as Answer<api.Remembered>,
    rememberMany: remember,
    memory: library.get,
    memories: library.page,
    retract: caughtUp(library.retract),
    purge: purge.purge,
    purgeAuthor: purge.purgeAuthor,
    undoPurge: purge.undo,
    search: (query) => searchable.then(() => recall.search(query)),
    contextPack: (query) => searchable.then(() => recall.contextPack(query)),
    sidecar: sidecar.view,
    auditSearch: sidecar.audit,
    submitTask: caughtUp(tasks.submit),
    task: tasks.get,
    tasks: tasks.page,
    checkModels: async (input, signal) => models?.check(input, signal) ?? err(MODELS_OFF),
    trust(author) {
      const trust = explainTrust(author, signer.did, memory)
      const ruled = trust.ok && moderator.explain(trust.value.author as Did)
      return trust.ok && ruled ? ok({ ...trust.value, reasons: [...trust.value.reasons, ruled] }) : trust
    },
    spaces: keeper.list,
    createSpace: caughtUp(keeper.create),
    invite: caughtUp(keeper.invite),
    joinSpace: keeper.join,
    leaveSpace: keeper.leave,
    members: keeper.members,
    removeMember: caughtUp(keeper.removeMember),
    peers: peerViews,
    federationStatus: gossip.status,
    find: createLookup(gossip),
    addPeer: gossip.addPeer,
    events: createEvents({ memory, store, writer, spaces, hides: () => shown.hides('list') }),
    quarantined: memory.quarantine.all,
    federation,
    moderation: moderator,
    seek: () => seeding?.start(),
    hint: (hint) => void gossip.hints.follow([hint]),
    reindex: async () => (dense ? dense.reindex() : err(failure('EMBEDDINGS_OFF', 'no model is configured'))),
    embedded: async () => dense?.settled(),
    indexed: indexer.catchUp,
    async [Symbol.asyncDispose]() {
      models?.stop()
      await opened.catch(() => {})
      await sidecar.stop()
      const seedingEnds = seeding?.stop()
      await replication.rest()
      await indexer.stop()
      await dense?.stop()
      await replication[Symbol.asyncDispose]()
      // Its requests are those of the replication: they end with it.
      await seedingEnds
    },
  }
  return { spore, opened }
}
