/**
 * A spore of its own process with generated entries, measured at what its index costs: `retrieval-process.ts <home> <entries>`
 * fills it; the same with `reopen` behind it opens it again. Prints one line of JSON.
 */

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import process from 'node:process'
import { setImmediate as turn } from 'node:timers/promises'
import { SNAPSHOT_FOLDER } from '../../../src/adapters/snapshot-folder.ts'
import { ITEMS_MAX } from '../../../src/core/protocol/limits.ts'
import { createRetriever } from '../../../src/core/retrieval/retriever.ts'
import type { Spore } from '../../../src/core/spore.ts'
import { createGeneratedTexts } from './generated-text.ts'
import { openSporeIn, withSporeIn } from './local-spore.ts'

export interface RetrievalFigures {
  readonly fillSeconds: number
  readonly searchMs: readonly number[]
  readonly addMs: readonly number[]
  /** Hits of the exhaustive scorer among the first ten that the search found, too: 0 … 1. */
  readonly recall: number
  readonly indexBytes: number
  readonly rssBytes: number
  /** Longest stops of the event loop while searches ran, p99. */
  readonly loopDelayMs: number
}

export interface ReopenFigures {
  /** Seconds from the start of the process: until a search is answered, until everything is served, until nothing waits. */
  readonly firstReply: number
  readonly opened: number
  readonly allIndexed: number
  /** Documents that the first search looked at. */
  readonly documents: number
  readonly cpuSeconds: number
  /** Bytes of the kept index. */
  readonly bytes: number
  /** The longest stop of the event loop on the way. */
  readonly blockMs: number
}

const TEXT_CHARS = 200
const QUERIES = 300
const ADDS = 200
/** Questions that the exhaustive scorer answers, too: it takes a second for each at a million. */
const AUDITED = 20

const [home, count, mode] = process.argv.slice(2) as [string, string, string | undefined]
const entries = Number(count)
const retriever = createRetriever()
if (mode === 'reopen') console.log(JSON.stringify(await reopen()))
else await withSporeIn(home, async (spore) => console.log(JSON.stringify(await fill(spore))), { retriever })

/** Opens the spore as a service does: it may be searched before it is open. */
async function reopen(): Promise<ReopenFigures> {
  const bytes = snapshotBytes()
  const opening = openSporeIn(home, { retriever })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  try {
    await ask(opening.spore, 'what did they know')
    const firstReply = process.uptime()
    const { documents } = retriever
    await opening.opened
    const opened = process.uptime()
    await opening.spore.indexed()
    const allIndexed = process.uptime()
    delay.disable()
    const cpuSeconds = (process.cpuUsage().user + process.cpuUsage().system) / 1e6
    return { firstReply, documents, opened, allIndexed, cpuSeconds, bytes, blockMs: delay.max / 1e6 }
  } finally {
    await opening[Symbol.asyncDispose]()
  }
}

/** What is kept of the index. */
function snapshotBytes(): number {
  const folder = join(home, SNAPSHOT_FOLDER)
  if (!existsSync(folder)) return 0
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

async function fill(spore: Spore): Promise<RetrievalFigures> {
  const texts = createGeneratedTexts(7)
  const questions: string[] = []
  const every = Math.ceil(entries / QUERIES)
  const startedAt = performance.now()
  for (let from = 0; from < entries; from += ITEMS_MAX) {
    const batch = Array.from({ length: Math.min(ITEMS_MAX, entries - from) }, () => texts.text(TEXT_CHARS))
    for (const [i, text] of batch.entries())
      if ((from + i) % every === 0) questions.push(texts.question(text))
    const results = await spore.rememberMany(batch.map((text) => ({ text })))
    if (results.some(({ ok }) => !ok)) throw new Error('an entry was refused')
  }
  await spore.indexed()
  const fillSeconds = (performance.now() - startedAt) / 1000
  for (const question of questions) await ask(spore, question)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const searchMs: number[] = []
  for (const question of questions) {
    searchMs.push(await timed(() => ask(spore, question)))
    await turn()
  }
  delay.disable()
  const addMs: number[] = []
  for (let i = 0; i < ADDS; i++) {
    const text = texts.text(TEXT_CHARS)
    addMs.push(await timed(async () => void (await spore.remember({ text }))))
  }
  const { rss } = process.memoryUsage()
  return {
    fillSeconds,
    searchMs,
    addMs,
    recall: audit(questions.slice(0, AUDITED)),
    indexBytes: retriever.bytes,
    rssBytes: rss,
    loopDelayMs: delay.percentile(99) / 1e6,
  }
}

async function ask(spore: Spore, q: string): Promise<void> {
  const reply = await spore.search({ q, limit: 10 })
  if (!reply.ok) throw new Error(reply.error.detail)
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

function audit(questions: readonly string[]): number {
  let sum = 0
  for (const text of questions) {
    const query = { text, limit: 10, scope: {}, explain: false } as const
    const all = new Set(retriever.search({ ...query, isExhaustive: true }).hits.map(({ id }) => id))
    const found = retriever.search(query).hits.filter(({ id }) => all.has(id))
    sum += all.size === 0 ? 1 : found.length / all.size
  }
  return sum / questions.length
}
