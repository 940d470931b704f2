/**
 * Ours against what an agent's user would otherwise pick, in one run on the same data:
 *
 *     npm run bench -- retrieval-peers [--data <folder>]… [--entries 50000] [--queries 100] [--adds 50] [--seed 1]
 *         [--only quality,speed,mcp] [--json]
 *
 * - quality: each `--data` is a judged collection (`support/collection.ts`); without one, that section is left out. Ours
 *   is to be never more than a point below SQLite FTS5.
 * - speed: generated texts of 200 characters. Each engine has a process of its own, the same texts in the same batches,
 *   questions to warm up, ten hits wanted.
 * - mcp: ours (`spore start`, `/mcp`) and the official memory server (stdio), each asked through the same official client.
 *
 * What each engine gets is its recommended use for English questions, said in its file under `retrieval-peers/engines`; who
 * knows no speakers gets the name in front of the text, titles are part of it for all. Ours runs with its defaults, the full
 * pipeline, both as a library (`spore, retriever`) and with store, signatures and spore around it (`spore, whole`).
 */
import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { engineVersions, installEngines } from './retrieval-peers/install.ts'
import { reportMcp } from './retrieval-peers/mcp.ts'
import { reportQuality } from './retrieval-peers/quality.ts'
import { NATURAL_ENTRIES_MAX, reportSpeed } from './retrieval-peers/speed.ts'
import type { Run } from './support/harness.ts'

/** What is to be known for reading the table. */
const NOTES = [
  `natural TfIdf looks at every document for every word: it gets at most ${NATURAL_ENTRIES_MAX} entries, as its rows say`,
  'memory: what the process grew by when it was filled, the index and what the engine keeps of the texts; of the whole spore without its file',
  'add one: searchable at once; of the whole spore signed and synced to disk, of the others in memory',
  'mcp: the memory server looks for the query as it stands, so it gets the longest word of each question, and ours the question',
]
const SECTIONS = ['quality', 'speed', 'mcp'] as const

export const run: Run = async (args, report) => {
  const { data, sections, size } = parseOptions(args)
  await installEngines(report.note)
  const versions = Object.entries(engineVersions()).map(([name, version]) => `${name} ${version}`)
  report.note(`compared with ${versions.join(', ')}, SQLite ${process.versions.sqlite}`)
  if (sections.has('quality'))
    for (const folder of data) await reportQuality(folder, basename(resolve(folder)), report)
  if (sections.has('speed')) await reportSpeed(size, report)
  if (sections.has('mcp')) await reportMcp(size, report)
  for (const note of NOTES) report.note(note)
}

function parseOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string', multiple: true, default: [] },
      entries: { type: 'string', default: '50000' },
      queries: { type: 'string', default: '100' },
      adds: { type: 'string', default: '50' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: SECTIONS.join(',') },
    },
  })
  const whole = (name: 'entries' | 'queries' | 'adds' | 'seed'): number => {
    const number = Number(values[name])
    if (!Number.isSafeInteger(number) || number < 1) throw new Error(`--${name} is a whole number from 1`)
    return number
  }
  const sections = new Set(values.only.split(','))
  const unknown = [...sections].find((section) => !(SECTIONS as readonly string[]).includes(section))
  if (unknown !== undefined) throw new Error(`--only: ${unknown} is none of ${SECTIONS.join(', ')}`)
  const size = {
    entries: whole('entries'),
    queries: whole('queries'),
    adds: whole('adds'),
    seed: whole('seed'),
  }
  if (size.adds < 10) throw new Error('--adds is a whole number from 10: the first five are not timed')
  return { data: values.data, sections, size }
}
