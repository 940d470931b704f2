/**
 * A query in one scope never returns what is in another: over all filters and every route that gives memories, for worlds
 * drawn by chance (`scope-world.ts`). Each memory has a word of its own: that no reply holds such a word of what is outside
 * holds for every field, also of those that are added later. A route or tool that is added without being listed here fails.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type {
  AnswerPage,
  Convergence,
  Hit,
  MemoryPage,
  MemoryView,
  Quantum,
  SearchReply,
  TaskPage,
  TaskView,
} from '../../../src/core/protocol/api.ts'
import { sporeBackend } from '../../../src/http/mcp/backend.ts'
import { tools } from '../../../src/http/mcp/tools.ts'
import { fuzzAsync } from '../../support/fuzz.ts'
import {
  AUTHORS,
  type Dot,
  type Element,
  marksIn,
  momentMs,
  must,
  openWorld,
  QUERIES,
  SPACES,
  type SpaceName,
  TAGS,
  THREADS,
  type World,
  worldArbitrary,
} from './scope-world.ts'

const isOpen = (space: SpaceName): boolean => space === 'commons' || space === 'green'

/** Worlds, each asked some queries; a world takes ~50 ms. */
const WORLDS = 40

interface Filters {
  readonly q: string
  readonly spaces?: readonly SpaceName[]
  /** Places in `AUTHORS`; negative ones by the end of their id. */
  readonly authors?: readonly number[]
  readonly tags?: readonly string[]
  readonly kinds?: readonly string[]
  readonly thread?: string
  readonly since?: number
  readonly until?: number
  readonly fold: boolean
  readonly limit: number
  /** By words and meaning, where the world has a model. */
  readonly mode?: string
}

const filtersArbitrary: fc.Arbitrary<Filters> = fc
  .record({
    q: fc.constantFrom(...QUERIES),
    fold: fc.boolean(),
    limit: fc.constantFrom(1, 3, 100),
    spaces: fc.option(fc.subarray([...SPACES], { minLength: 1 }), { nil: undefined }),
    authors: fc.option(fc.array(fc.integer({ min: -4, max: 3 }), { minLength: 1, maxLength: 2 }), {
      nil: undefined,
    }),
    tags: fc.option(fc.subarray(TAGS, { minLength: 1 }), { nil: undefined }),
    kinds: fc.option(fc.subarray(['memory', 'memory', 'task'], { minLength: 1 }), { nil: undefined }),
    thread: fc.option(fc.constantFrom(...THREADS), { nil: undefined }),
    mode: fc.constantFrom('hybrid', 'lexical', 'dense', undefined),
    since: fc.option(fc.nat(20), { nil: undefined }),
    until: fc.option(fc.nat(20), { nil: undefined }),
  })
  .map(
    (drawn) => Object.fromEntries(Object.entries(drawn).filter(([, value]) => value !== undefined)) as never,
  )

/** The rule, written a second time: the dots by which a memory is inside. */
function dotsInside(
  world: World,
  element: Element,
  filters: Omit<Filters, 'q' | 'fold' | 'limit' | 'mode'>,
): Dot[] {
  const { spaces, tags = [], kinds, thread, since = 0, until = Number.POSITIVE_INFINITY } = filters
  const authors = filters.authors?.map((place) => world.authors[place < 0 ? ~place : place])
  if (kinds && !kinds.includes('memory')) return []
  if (!tags.every((tag) => element.tags.includes(tag))) return []
  if (thread !== undefined && element.thread !== thread) return []
  return element.dots.filter(
    ({ space, author, atMs }) =>
      (!spaces || spaces.includes(space)) &&
      (!authors || authors.includes(author)) &&
      atMs >= momentMs(since) &&
      atMs <= momentMs(until) &&
      !world.isHidden(author, 'list', space),
  )
}

const toInput = (world: World, { authors, since, until, ...rest }: Filters) => ({
  ...rest,
  ...(authors && {
    authors: authors.map((place) => (place < 0 ? world.authors[~place]!.slice(-8) : world.authors[place]!)),
  }),
  ...(since !== undefined && { since: new Date(momentMs(since)).toISOString() }),
  ...(until !== undefined && { until: new Date(momentMs(until)).toISOString() }),
})

async function get<T>({ app }: World, path: string, query: object): Promise<T> {
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value]) pairs.append(name, String(one))
  const reply = await app.inject({ method: 'GET', url: `${path}?${pairs}` })
  assert.equal(reply.statusCode, 200, reply.body)
  return reply.json() as T
}

async function callTool<T>(world: World, name: string, input: object): Promise<T> {
  const tool = tools.find((one) => one.name === name)!
  const context = {
    backend: sporeBackend(world.spore, '0.0.0-test'),
    own: world.spore.did,
    signal: AbortSignal.timeout(10_000),
    progress: null,
  }
  return must(await tool.handle(tool.input.parse(input), context)) as T
}

/** No word of a memory that is not among these. */
function assertOnly(reply: unknown, allowed: readonly Element[]): void {
  const marks = new Set(allowed.map(({ mark }) => mark))
  const stray = marksIn(JSON.stringify(reply)).filter((mark) => !marks.has(mark))
  assert.deepEqual(stray, [], JSON.stringify(reply))
}

const elementOf = (world: World, id: string): Element => world.elements.find((one) => one.id === id)!

test('a search gives what is inside of all its filters, as it was said inside', async () => {
  await fuzzAsync(
    fc.tuple(worldArbitrary, fc.array(filtersArbitrary, { minLength: 4, maxLength: 12 }), fc.boolean()),
    async ([drawn, queries, isDense]) => {
      await using world = await openWorld(drawn, isDense)
      for (const { mode, ...others } of queries) {
        const filters = isDense && mode ? { ...others, mode } : others
        const inside = world.elements.filter((one) => dotsInside(world, one, filters).length > 0)
        const input = toInput(world, filters)
        const reply = await get<SearchReply>(world, '/api/memory/search', { ...input, explain: true })
        assertOnly(reply, inside)
        assertReply(world, filters, inside, reply)
        const { fold, ...rest } = input
        const { q: query, ...mcp } = rest
        const told = await callTool<SearchReply>(world, 'query_memory', { query, fold, ...mcp })
        assertOnly(told, inside)
        assert.deepEqual([told.total, told.removedBy], [reply.total, reply.removedBy])
        for (const { id } of told.hits) assert.ok(reply.hits.some((hit) => hit.id === id))
      }
    },
    WORLDS,
  )
})

function assertReply(
  world: World,
  filters: Filters,
  inside: readonly Element[],
  { hits, total, mode, degraded, removedBy = [] }: SearchReply,
): void {
  assert.equal(degraded, undefined)
  // Meaning is asked, or what is said here of it would say nothing.
  if (filters.mode && filters.q !== '') assert.equal(mode, filters.mode)
  for (const hit of hits) {
    const [first] = dotsInside(world, elementOf(world, hit.id), filters)
    const { author, space, createdAt } = hit
    const { atMs, ...said } = first!
    assert.deepEqual({ author, space, atMs: Date.parse(createdAt) }, { ...said, atMs })
    if (mode !== 'newest') assertExplained(hit)
    for (const copy of hit.copies ?? []) {
      const [earliest] = dotsInside(world, elementOf(world, copy.id), filters)
      assert.equal(copy.author, earliest?.author)
    }
  }
  assert.ok(total <= inside.length && hits.length <= filters.limit)
  if (filters.q === '') assert.equal(total, inside.length)
  if (total > 0) assert.deepEqual(removedBy, [])
  const given = new Set([...Object.keys(filters), 'moderation'])
  for (const filter of removedBy) assert.ok(given.has(filter) && filter !== 'mode', filter)
}

/** The parts make up the score: nothing that counts is left out of the explanation. */
function assertExplained({ score, parts = {} }: Hit): void {
  const { speaker = 1, trust = 1, age = 1, ...summands } = parts
  const sum = Object.values(summands).reduce((total, part) => total + part, 0)
  assert.ok(Math.abs(sum * speaker * trust * age - score) < 1e-9, JSON.stringify({ score, parts }))
}

test('context packs and answers are made of what their space may know, said by whom the operator lets speak', async () => {
  await fuzzAsync(
    fc.tuple(
      worldArbitrary,
      fc.constantFrom(...SPACES),
      fc.subarray([...SPACES], { minLength: 1 }),
      fc.boolean(),
    ),
    async ([drawn, space, spaces, isDense]) => {
      await using world = await openWorld(drawn, isDense)
      const known = (names: readonly SpaceName[]) => (element: Element) =>
        element.dots.filter(
          (dot) => names.includes(dot.space) && !world.isHidden(dot.author, 'context', dot.space),
        )
      const inside = (names: readonly SpaceName[]) =>
        world.elements.filter((one) => known(names)(one).length > 0)
      const q = 'where does the heron nest above the mill, and where does the owl hunt?'
      const pack = await get<{ items: { id: string; author: string }[] }>(world, '/api/memory/context', {
        q,
        spaces,
      })
      assertOnly(pack, inside(spaces))
      for (const { id, author } of pack.items)
        assert.equal(author, known(spaces)(elementOf(world, id))[0]!.author)

      const { task_id: id } = must(await world.spore.submitTask({ task: q, space }))
      const readable: readonly SpaceName[] =
        space === 'private' ? SPACES : isOpen(space) ? [space] : [space, 'commons', 'green']
      const task = await get<TaskView>(world, `/api/task/${id}`, {})
      assertOnly(task, inside(readable))
      for (const source of task.sources)
        assert.equal(source.author, known(readable)(elementOf(world, source.id))[0]!.author)
      assertOnly(await callTool(world, 'get_task', { task_id: id }), inside(readable))
      const events = await world.app.inject(`/api/task/${id}/events`)
      assert.match(events.body, /event: done/)
      assertOnly(events.body, inside(readable))
      assertOnly(await get<Convergence>(world, '/api/convergence', { task: id }), inside(readable))
      assertOnly(await get<Quantum>(world, '/api/quantum', { task: id }), inside(readable))
      for (const name of SPACES) {
        const { answers, total: answered } = await get<AnswerPage>(world, '/api/answers', { space: name })
        assertOnly(answers, inside(readable))
        const isHere = name === space && task.status === 'converged'
        assert.deepEqual([answers.map((answer) => answer.task_id), answered], isHere ? [[id], 1] : [[], 0])
        const page = await get<TaskPage>(world, '/api/tasks', { space: name })
        assert.deepEqual([page.total, page.tasks.length], name === space ? [1, 1] : [0, 0])
        const { total } = await callTool<TaskPage>(world, 'list_tasks', { space: name })
        assert.equal(total, page.total)
      }
    },
    WORLDS,
  )
})

test('the page of a space, and what spores know together, hold nothing of another space', async () => {
  await fuzzAsync(
    fc.tuple(worldArbitrary, fc.constantFrom(...SPACES), fc.boolean()),
    async ([drawn, space, isDense]) => {
      await using world = await openWorld(drawn, isDense)
      const shown = (element: Element, names: readonly SpaceName[]) =>
        element.dots.filter(
          (dot) => names.includes(dot.space) && !world.isHidden(dot.author, 'list', dot.space),
        )
      const { recent } = await get<MemoryPage>(world, '/api/memory', { space, limit: 100 })
      const inside = world.elements.filter((one) => shown(one, [space]).length > 0)
      assert.deepEqual(recent.map(({ id }) => id).sort(), inside.map(({ id }) => id).sort())
      for (const memory of recent) {
        const dots = shown(elementOf(world, memory.id), [space])
        assert.deepEqual(memory.dots.map(toDot), dots)
        assert.deepEqual(toDot(memory), dots[0])
      }

      const shared = SPACES.filter((name) => name !== 'private')
      const told = await callTool<Collective>(world, 'collective_knowledge', { topic: 'heron owl mill' })
      assertOnly(
        told,
        world.elements.filter((one) => shown(one, shared).length > 0),
      )
      for (const { author, passages } of told.authors)
        for (const passage of passages) {
          const dots = shown(elementOf(world, passage.id), shared)
          assert.deepEqual([author, passage.space], [dots[0]!.author, dots[0]!.space])
          const { dots: all } = elementOf(world, passage.id)
          const carried = all.filter(
            (dot) => dot.space !== 'private' && !world.isHidden(dot.author, 'id', dot.space),
          )
          assert.equal(passage.carriers, new Set(carried.map((dot) => dot.author)).size)
        }
    },
    WORLDS,
  )
})

interface Collective {
  readonly authors: {
    readonly author: string
    readonly passages: { readonly id: string; readonly space: string; readonly carriers: number }[]
  }[]
}

const toDot = ({ author, space, createdAt }: { author: string; space: string; createdAt: string }) => ({
  author,
  space,
  atMs: Date.parse(createdAt),
})

test('a memory that is named shows nobody whom the operator refuses, and none where nobody is left', async () => {
  await fuzzAsync(
    worldArbitrary,
    async (drawn) => {
      await using world = await openWorld(drawn)
      for (const element of world.elements) {
        const dots = element.dots.filter(({ author, space }) => !world.isHidden(author, 'id', space))
        const reply = await world.app.inject({ method: 'GET', url: `/api/memory/${element.id}` })
        assert.equal(reply.statusCode, dots.length > 0 ? 200 : 404)
        assertOnly(reply.json(), dots.length > 0 ? [element] : [])
        if (dots.length === 0) continue
        assert.deepEqual(reply.json<MemoryView>().dots.map(toDot), dots)
        const told = await callTool<{ carriedBy: string[] }>(world, 'get_memory', { id: element.id })
        assertOnly(told, [element])
        assert.deepEqual(told.carriedBy, [...new Set(dots.map(({ author }) => author))])
      }
    },
    WORLDS / 2,
  )
})

test('what is in other spaces changes neither which memories a scoped search finds nor how many', async () => {
  await fuzzAsync(
    fc.tuple(worldArbitrary, fc.subarray([...SPACES], { minLength: 1 })),
    async ([drawn, spaces]) => {
      const inside = spaces.map((name) => SPACES.indexOf(name))
      const memories = drawn.memories.map((memory) => ({
        ...memory,
        said: memory.said.filter(({ space }) => inside.includes(space)),
      }))
      await using whole = await openWorld(drawn)
      await using alone = await openWorld({ ...drawn, memories })
      for (const q of ['', 'heron', 'where does the heron nest above the old mill']) {
        const query = { q, spaces, limit: 100, fold: false }
        const [one, other] = [must(await whole.spore.search(query)), must(await alone.spore.search(query))]
        const idsOf = ({ hits }: SearchReply): string[] => hits.map(({ id }) => id).sort()
        assert.deepEqual([idsOf(one), one.total], [idsOf(other), other.total])
      }
    },
    WORLDS / 2,
  )
})

test('every tool and every route that reads is part of these tests, or gives no memory', async () => {
  const TESTED = ['collective_knowledge', 'get_memory', 'get_task', 'list_tasks', 'query_memory']
  const WITHOUT_MEMORIES = ['explain_trust', 'get_trust', 'remember', 'swarm_health']
  // Answers as get_task does, about what it has just submitted.
  const SAME_AS_ANOTHER = ['submit_task']
  assert.deepEqual(
    tools.map(({ name }) => name).sort(),
    [...TESTED, ...WITHOUT_MEMORIES, ...SAME_AS_ANOTHER].sort(),
  )
  await using world = await openWorld({ memories: [], rules: AUTHORS.slice(1).map(() => null) })
  const { paths } = (await world.app.inject('/docs/json')).json<{ paths: Record<string, object> }>()
  const reads = Object.keys(paths).filter((path) => 'get' in paths[path]! && path.startsWith('/api/'))
  assert.deepEqual(
    reads.filter((path) => !GIVES_NO_MEMORY.some((prefix) => path.startsWith(prefix))).sort(),
    [
      '/api/answers',
      '/api/convergence',
      '/api/memory',
      '/api/memory/context',
      '/api/memory/search',
      '/api/memory/{id}',
      '/api/quantum',
      '/api/task/{id}',
      '/api/task/{id}/events',
      '/api/tasks',
    ],
  )
})

/** `/api/events` is the whole change feed, without filters; who is hidden in it is tested with moderation. */
const GIVES_NO_MEMORY = [
  '/api/events',
  '/api/federation/status',
  '/api/health',
  '/api/moderation',
  '/api/peers',
  '/api/providers',
  '/api/sidecar',
  '/api/spaces',
  '/api/trust',
]
