/**
 * One engine in a process of its own: `engine-process.ts <engine> <workload size as JSON>` fills it, asks, and adds. Prints one
 * line of JSON. Started with `--expose-gc`, so that memory is what is kept and not what is still to be collected.
 */
import process from 'node:process'
import { setImmediate as turn } from 'node:timers/promises'
import { createEngine, type EngineName } from './engine.ts'
import { makeWorkload, type WorkloadSize } from './workload.ts'

export interface EngineFigures {
  readonly fillSeconds: number
  readonly searchMs: readonly number[]
  readonly addMs: readonly number[]
  /** What the process grew by when it was filled. */
  readonly grownBytes: number
  /** Hits of all questions: one that finds nothing would be fast. */
  readonly hits: number
}

const HITS = 10
/** Texts of one call: an engine that has a form for many gets them so. */
const BATCH = 1000
/** Questions that are asked before any is timed: what is compared is what goes on, not how code is compiled. */
const WARM_UP = 200

const [name, size] = process.argv.slice(2) as [EngineName, string]
const { texts, added, questions } = makeWorkload(JSON.parse(size) as WorkloadSize)
await using engine = await createEngine(name)
const before = settledBytes()
let startedAt = performance.now()
for (let from = 0; from < texts.length; from += BATCH) {
  const batch = texts.slice(from, from + BATCH)
  await engine.add(batch.map((text, i) => ({ id: `d${from + i}`, text })))
}
const fillSeconds = (performance.now() - startedAt) / 1000
const grownBytes = settledBytes() - before

for (let i = 0; i < WARM_UP; i++) await engine.search(questions[i % questions.length]!, HITS)
const searchMs: number[] = []
let hits = 0
for (const question of questions) {
  startedAt = performance.now()
  const found = await engine.search(question, HITS)
  searchMs.push(performance.now() - startedAt)
  hits += found.length
  await turn()
}
const addMs: number[] = []
for (const [i, text] of added.entries()) {
  startedAt = performance.now()
  await engine.add([{ id: `a${i}`, text }])
  addMs.push(performance.now() - startedAt)
}
console.log(JSON.stringify({ fillSeconds, searchMs, addMs, grownBytes, hits } satisfies EngineFigures))

function settledBytes(): number {
  for (let i = 0; i < 3; i++) globalThis.gc?.()
  return process.memoryUsage.rss()
}
