/**
 * What search by meaning costs as the vectors grow: the thread that owns them, with made vectors around centres as embeddings of
 * texts on some topics are. Without a provider: what that takes is its own.
 *
 *     npm run bench -- dense [--vectors 10000,100000] [--dimension 256] [--json]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createThreadedVectorIndex } from '../../src/adapters/vectors/threaded-vector-index.ts'
import { silentLog } from '../../src/core/base/ports.ts'
import type { Result } from '../../src/core/base/result.ts'
import type { Failure } from '../../src/core/protocol/errors.ts'
import {
  type Embedded,
  NO_PROGRESS,
  VECTOR_IDS_MAX,
  type VectorIndex,
} from '../../src/core/retrieval/vector-index.ts'
import { clustered } from '../../test/support/vectors.ts'
import type { Report, Run } from './support/harness.ts'

/** Of the ten closest, as comparing all finds them. */
const RECALL_BAR = 0.95
/** Of the event loop, while the graph is built and asked. */
const BLOCK_MS_BAR = 20
const QUERIES = 200
/** Neighbours of one question of a search that wants ten hits. */
const NEIGHBOURS = 200
const OWNER = { model: 'bench', dimension: null }

export const run: Run = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      vectors: { type: 'string', default: '10000,100000' },
      dimension: { type: 'string', default: '256' },
    },
  })
  for (const count of values.vectors.split(',').map(Number)) {
    const home = await mkdtemp(join(tmpdir(), 'spore-bench-'))
    try {
      await measure(home, count, Number(values.dimension), report)
    } finally {
      await rm(home, { recursive: true, force: true })
    }
  }
}

async function measure(home: string, count: number, dimension: number, report: Report): Promise<void> {
  const row = (metric: string, value: number, unit: string, bar?: { atMost: number } | { atLeast: number }) =>
    report.row({ metric: `${count} vectors: ${metric}`, value, unit, ...(bar && { bar }) })
  const made = clustered(1, { count: count + QUERIES, dimension, centres: Math.ceil(count / 100) })
  const items = made.slice(0, count)
  const queries = made.slice(count)

  let index = createThreadedVectorIndex({ folder: home, log: silentLog })
  value(await index.open(OWNER))
  row('keep one, durably, 32 at a time', (1e3 * (await seconds(() => putAll(index, items)))) / count, 'ms')

  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  const startedAt = performance.now()
  const whileBuilding: number[] = []
  for (let i = 0; index.status.unbuilt > 0; i++) {
    if (i % 64 === 0)
      whileBuilding.push(1e3 * (await seconds(() => nearest(index, queries[i % QUERIES]!, NEIGHBOURS))))
    else value(await index.missing([]))
    await turn()
  }
  if (whileBuilding.length > 0) {
    row('build the graph', (performance.now() - startedAt) / 1e3, 's')
    row('search while it is built, p50', percentile(whileBuilding, 0.5), 'ms')
    row('search while it is built, p99', percentile(whileBuilding, 0.99), 'ms')
  }
  const took: number[] = []
  for (const query of queries) took.push(1e3 * (await seconds(() => nearest(index, query, NEIGHBOURS))))
  row('search, p50', percentile(took, 0.5), 'ms')
  row('search, p99', percentile(took, 0.99), 'ms')
  loop.disable()
  row('event loop stopped, p99', loop.percentile(99) / 1e6, 'ms', { atMost: BLOCK_MS_BAR })

  let recall = 0
  for (const query of queries.slice(0, 50)) {
    const found = await nearest(index, query, 10)
    const right = await exactly(index, items, query)
    recall += right.filter((id) => found.includes(id)).length / right.length / 50
  }
  row('recall@10 against comparing all', recall, '', { atLeast: RECALL_BAR })
  const narrow = items.slice(0, VECTOR_IDS_MAX).map(({ id }) => id)
  row(
    `compare ${narrow.length} inside a narrow scope`,
    1e3 * (await seconds(() => scan(index, narrow, queries[0]!))),
    'ms',
  )
  row('memory a vector', index.status.bytes / count, 'B')

  row('close', await seconds(async () => index[Symbol.asyncDispose]()), 's')
  index = createThreadedVectorIndex({ folder: home, log: silentLog })
  row('open', await seconds(async () => value(await index.open(OWNER))), 's')
  row('of these to be built again', index.status.unbuilt, '')
  const gone = items.slice(0, 100).map(({ id }) => id)
  row('purge 100', await seconds(async () => value(await index.remove(gone, true))), 's')
  await index[Symbol.asyncDispose]()
}

async function putAll(index: VectorIndex, items: readonly Embedded[]): Promise<void> {
  for (let at = 0; at < items.length; at += 32) value(await index.put(items.slice(at, at + 32), NO_PROGRESS))
}

const nearest = async (index: VectorIndex, { vector }: Embedded, count: number) =>
  value(await index.nearest(vector, count)).ids

const scan = async (index: VectorIndex, ids: readonly Embedded['id'][], { vector }: Embedded) =>
  value(await index.scan(vector, ids, 10)).ids

/** The ten closest of all, compared some at a time. */
async function exactly(index: VectorIndex, items: readonly Embedded[], { vector }: Embedded) {
  const best: { id: Embedded['id']; cosine: number }[] = []
  for (let at = 0; at < items.length; at += VECTOR_IDS_MAX) {
    const ids = items.slice(at, at + VECTOR_IDS_MAX).map(({ id }) => id)
    const found = value(await index.scan(vector, ids, 10))
    best.push(...found.ids.map((id, i) => ({ id, cosine: found.cosines[i]! })))
  }
  return best
    .sort((a, b) => b.cosine - a.cosine)
    .slice(0, 10)
    .map(({ id }) => id)
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (performance.now() - startedAt) / 1e3
}

function value<T>(result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.detail}`)
  return result.value
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * share)] ?? 0
}
