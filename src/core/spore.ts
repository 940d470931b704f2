/** `createSpore`, the one composition root of the core: it builds the engines by rank, and disposes them in reverse. */
import type { Did } from './base/brand.ts'
import { err, type Result } from './base/result.ts'
import { createLookup } from './gossip/discovery.ts'
import { BOOTSTRAP_OFF, createSeeding } from './gossip/seeding.ts'
import { createSigner, createVerifier, shortAuthor } from './identity/keys.ts'
import { createEvents } from './memory/events.ts'
import { createLibrary } from './memory/library.ts'
import type { Applied, AppliedFork } from './memory/memory.ts'
import { createPurge } from './memory/purge.ts'
import { createSpaces } from './memory/spaces.ts'
import { tableSecret } from './memory/table-secret.ts'
import type { PayloadNews } from './memory/writer.ts'
import { createModerator } from './moderation/moderator.ts'
import { createShown } from './moderation/shown.ts'
import type * as api from './protocol/api.ts'
import { type Failure, failure } from './protocol/errors.ts'
import { KINDS } from './protocol/kinds.ts'
import { createModels, MODELS_OFF } from './reasoning/models.ts'
import { createNeighbourhood } from './reasoning/neighbourhood.ts'
import { decoherenceChanges, decoherenceView } from './reasoning/synthesis/decoherence.ts'
import { createQuantumParams } from './reasoning/synthesis/quantum-params.ts'
import { createTasks } from './reasoning/tasks.ts'
import { createReplication } from './replication.ts'
import { createDense } from './retrieval/dense.ts'
import { createIndexKeeper } from './retrieval/index-keeper.ts'
import { createIndexer } from './retrieval/indexer.ts'
import { createRecall } from './retrieval/recall.ts'
import { createRetrievalParams, createRetriever } from './retrieval/retriever.ts'
import { createSearchMeter } from './retrieval/search-meter.ts'
import { createSidecar } from './retrieval/sidecar.ts'
import type { Spore } from './spore-contract.ts'
import type { SporeOptions, SporePorts } from './spore-ports.ts'
import { keptView, profileOf, quarantineView } from './spore-views.ts'
import { quotaShareOf } from './trust/policy.ts'
import { createTrust } from './trust/trust.ts'
import { createTrustDesk } from './trust/trust-desk.ts'

export type { Spore } from './spore-contract.ts'
export type { SporeOptions, SporePorts } from './spore-ports.ts'

type Answer<T> = Result<T, Failure>

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
  const trust = createTrust(
    {},
    {
      self: signer.did,
      clock,
      isChosen: (author) => neighbourhood.isChosen(author),
      placeOf: (author) => neighbourhood.placesOf(author),
    },
  )
  const { isQuarantined, shownOf: trustOf } = trust

  const replication = createReplication(
    { ...options, name, spaces, profile: profileOf(options, ports) },
    {
      ...ports,
      signer,
      verifier: createVerifier(),
      quotaShareOf: (author) => quotaShareOf(trust, author),
      onFault: trust.noteFault,
    },
  )
  const { memory, writer, gossip, keeper, federation, moderation } = replication
  const shown = createShown(moderation, {
    get areAsked() {
      return spaces.asksTiers
    },
    isBelow(author, space) {
      const tier = spaces.writersTier(space)
      return tier !== null && !trust.isAtLeast(author, tier)
    },
  })
  const neighbourhood = createNeighbourhood({
    self: signer.did,
    serve: options.serve ?? 'trusted',
    peers: gossip.peers,
    spaces,
    shown,
    trust,
  })
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
  const quantum = createQuantumParams(options.quantum)
  const retriever =
    ports.retriever ??
    createRetriever({
      secret: tableSecret(signer),
      weightOf: trust.relevanceOf,
      params: decoherenceChanges(quantum),
    })
  /** The set is not known yet; an index that is what is visible tells the entries of a memory, too. */
  let isOpening = true
  const library = createLibrary({
    memory,
    writer,
    store,
    spaces,
    trustOf,
    isQuarantined,
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
    isQuarantined,
    tierOf: trust.tierOf,
    shown,
    self: memory.self,
    meter,
  })
  const tasks = createTasks({
    ...ports,
    memory,
    library,
    recall,
    writer,
    spaces,
    shown,
    neighbourhood,
    isQuarantined,
    quantum,
    decoherence: decoherenceView(createRetrievalParams(decoherenceChanges(quantum))),
    ask: options.ask ?? 'everyone',
    trust,
    router: models?.router ?? null,
  })

  const followChanges: typeof tasks.follow = (changes, purged, isCut) => {
    for (const change of changes)
      if (change.kind === KINDS.evidence)
        memory.quarantine.guard('trust', change, undefined, () => trust.note(change))
    tasks.follow(changes, purged, isCut)
  }
  const follow = async (
    applied: readonly Applied[],
    forks: readonly AppliedFork[] = [],
    payloads: PayloadNews = { purged: [], restored: [] },
  ): Promise<void> => {
    followChanges(
      applied.map(({ change }) => change),
      payloads.purged,
      forks.length > 0,
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
  const trustDesk = createTrustDesk({
    trust,
    self: signer.did,
    logs: memory.logs,
    peers: () => gossip.peers.all().flatMap(({ descriptor }) => descriptor?.key ?? []),
    store,
    writer,
    clock,
    hides: () => shown.rulesOut('list'),
    ruled: moderator.explain,
  })
  const peerViews = () => gossip.peers.all().map(gossip.view)
  const purge = createPurge({ memory, writer, store, clock, eraseDerived: indexer.erase })
  const { promise: searchable, resolve: letSearch } = Promise.withResolvers<void>()
  const open = async (): Promise<void> => {
    await models?.open()
    await trustDesk.load()
    await replication.replay(followChanges, async () => {
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
    tasks.open()
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
      trust: { authors: trustDesk.tiers() },
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
    async purgeAuthor(input) {
      const purged = await purge.purgeAuthor(input)
      // What it counted about others is gone with the rest.
      if (purged.ok && !input.preview) trust.forget(input.author as Did)
      return purged
    },
    undoPurge: purge.undo,
    search: (query) => searchable.then(() => recall.search(query)),
    contextPack: (query) => searchable.then(() => recall.contextPack(query)),
    sidecar: sidecar.view,
    auditSearch: sidecar.audit,
    submitTask: caughtUp(tasks.submit),
    task: tasks.get,
    tasks: tasks.page,
    answers: tasks.answers,
    convergence: tasks.convergence,
    quantum: tasks.quantum,
    resolveTask: caughtUp(tasks.resolve),
    cancelTask: caughtUp(tasks.cancel),
    taskEvents: tasks.events,
    checkModels: async (input, signal) => models?.check(input, signal) ?? err(MODELS_OFF),
    trust: trustDesk.explain,
    trustPage: trustDesk.page,
    setTrust: trustDesk.set,
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
    federation: {
      ...federation,
      async start(url, seeds) {
        await federation.start(url, seeds)
        // Others may have gone on without this spore: what they came to is heard before anything is taken up.
        void federation.firstRound().then(tasks.begin)
      },
    },
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
      await tasks.stop()
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
