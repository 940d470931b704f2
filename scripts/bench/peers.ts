/**
 * The same records replicated by us and by the libraries that others would take, in one run:
 *
 *     npm run bench -- peers [--entries 20000] [--writers 1000] [--seed 1] [--json]
 *
 * Each replica is a process of its own. The libraries get the bare texts, written in the batches in which our API takes
 * them, in their most compact container, and speak their own protocols (`peers/<library>.ts`). Ours are two whole
 * spores: a text is a signed entry in a store on disk, found again by search.
 *
 * Like is compared with like. Libraries that only make messages have neither transport nor authors: against them our
 * message bytes are held, that is the bytes on the wire without HTTP's framing and the signatures of requests (`NOTES`). Hypercore
 * signs, verifies and has an encrypted transport: against it our bytes on the wire are held.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { installPeers, peerVersions } from './peers/install.ts'
import { measureHypercore, measureMessages } from './peers/libraries.ts'
import type { Measured, Plan } from './peers/measured.ts'
import { MESSAGE_LIBRARIES } from './peers/replica.ts'
import { type MeasuredSpores, measureSpores } from './peers/spores.ts'
import type { Figure, Report, Run } from './support/harness.ts'
import { makeTexts } from './support/texts.ts'

/** Bytes around the text in a payload of ours: the map, its key and the text's length. */
const PAYLOAD_OVERHEAD_BYTES = 9
const PAYLOAD_BYTES = 330
/** The part of the entries that each of the two adds after the bulk. */
const ADDED = 0.01
/** `crdts` exchanges its whole state each time and looks every element up in a list: time grows with the square. */
const CRDTS_ENTRIES_MAX = 5000
/** Of the CPU time of hypercore, the one that signs and verifies too. */
const CPU_PART = 0.5

/** What is counted of whom. */
const NOTES = [
  'messages of a library: each message that it makes, whole, with a byte for its kind where it has none of its own',
  'messages of spore: bodies, queries, logs that a path names, values of headers that say something of what is exchanged, and a',
  'byte for the kind of each request and each reply; without HTTP’s framing and the signatures of requests, which libraries lack',
  'wire: all bytes of the sockets, held against hypercore’s; each of its figures is a new connection',
  'nothing differs: from one side’s first word until both know: of spore one request, which names the asker’s view, and its reply',
  'nothing differs: a view has a name of 12 bytes, for two writers as for a million; a version vector grows with each writer',
  'nothing differs: an idle hypercore connection sends nothing',
  'gzip: what the libraries would send if each of their messages went through gzip; no bar',
]

type Peer = readonly [name: string, measured: Measured]

export const run: Run = async (args, report) => {
  const { entries, writers, seed } = parseOptions(args)
  await installPeers(report.note)
  const versions = Object.entries(peerVersions()).map(([name, version]) => `${name} ${version}`)
  report.note(`compared with ${versions.join(', ')}`)
  const plan = makePlan(entries, writers, seed)
  const folder = await mkdtemp(join(tmpdir(), 'spore-bench-'))
  try {
    const libraries: Peer[] = []
    for (const library of MESSAGE_LIBRARIES) {
      const ofIt = library === 'crdts' ? makePlan(Math.min(entries, CRDTS_ENTRIES_MAX), writers, seed) : plan
      libraries.push([library, await measureMessages(library, ofIt)])
      report.note(`${library}: done, ${ofIt.texts.length} entries`)
    }
    const hypercore: Peer = ['hypercore', await measureHypercore(folder, plan)]
    report.note('hypercore: done')
    const spores = await measureSpores(folder, plan)
    reportAll({ libraries, hypercore, ...spores }, plan, report)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function parseOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      entries: { type: 'string', default: '20000' },
      writers: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '1' },
    },
  })
  const [entries, writers] = [Number(values.entries), Number(values.writers)]
  if (!Number.isSafeInteger(entries) || entries < 100) throw new Error('--entries is a whole number from 100')
  if (!Number.isSafeInteger(writers) || writers < 1) throw new Error('--writers is a whole number from 1')
  return { entries, writers, seed: values.seed }
}

function makePlan(entries: number, writers: number, seed: string): Plan {
  const added = Math.round(entries * ADDED)
  const all = makeTexts(entries + 2 * added + writers, PAYLOAD_BYTES - PAYLOAD_OVERHEAD_BYTES, seed)
  const cut = (from: number, count: number): string[] => all.slice(from, from + count)
  return {
    texts: cut(0, entries),
    added: [cut(entries, added), cut(entries + added, added)],
    ofWriters: cut(entries + 2 * added, writers),
  }
}

interface All extends MeasuredSpores {
  readonly libraries: readonly Peer[]
  readonly hypercore: Peer
}

/** A kind of bytes, and how it is had of what was measured. */
interface Kind {
  readonly name: string
  value(measured: Measured): number
  /** The same through gzip; none where messages are too small for it to help. */
  gzip?(measured: Measured): number
}

function reportAll(all: All, plan: Plan, report: Report): void {
  const writers = plan.ofWriters.length
  const kinds: readonly Kind[] = [
    {
      name: 'bulk, an entry',
      value: ({ bulk, entries }) => bulk.bytes / entries,
      gzip: ({ bulk, entries }) => bulk.gzipBytes / entries,
    },
    {
      name: '1 % differ on each side, an entry of these',
      value: ({ differing }) => differing.bytes / differing.entries,
      gzip: ({ differing }) => differing.gzipBytes / differing.entries,
    },
    { name: 'nothing differs, 2 writers', value: ({ quiet }) => quiet.bytes },
    {
      name: `nothing differs, ${writers} writers`,
      value: ({ quietWriters }) => quietWriters.bytes,
      gzip: ({ quietWriters }) => quietWriters.gzipBytes,
    },
  ]
  for (const kind of kinds) reportBytes(kind, all, report)
  reportWork(all, report)
  for (const note of NOTES) report.note(note)
}

function reportBytes({ name, value, gzip }: Kind, all: All, report: Report): void {
  const { libraries, hypercore, messages, wire } = all
  const best = least(libraries.map(([peer, measured]) => ({ name: peer, value: value(measured) })))
  const [hypercoreName, ofHypercore] = hypercore
  const row = (metric: string, bytes: number, more: Partial<Figure> = {}): void =>
    report.row({ metric: `${name}: ${metric}`, value: bytes, unit: 'B', ...more })
  row('spore, messages', value(messages), { bar: { atMost: round(best.value) }, peer: best })
  row('spore, wire', value(wire), {
    bar: { atMost: round(value(ofHypercore)) },
    peer: { name: hypercoreName, value: value(ofHypercore) },
  })
  for (const [peer, measured] of [...libraries, hypercore]) row(peer, value(measured))
  if (gzip) for (const [peer, measured] of libraries) row(`${peer}, gzip`, gzip(measured))
}

function reportWork({ libraries, hypercore, wire, bulkAndIndexCpuMs }: All, report: Report): void {
  const cpu = (name: string, { bulkCpuMs, entries }: Measured, more: Partial<Figure> = {}): void =>
    report.row({
      metric: `CPU of both, bulk, an entry: ${name}`,
      value: (bulkCpuMs * 1000) / entries,
      unit: 'µs',
      ...more,
    })
  const [name, ofHypercore] = hypercore
  const theirs = (ofHypercore.bulkCpuMs * 1000) / ofHypercore.entries
  cpu('spore', wire, { bar: { atMost: round(theirs * CPU_PART) }, peer: { name, value: theirs } })
  cpu('spore, with its search index', { ...wire, bulkCpuMs: bulkAndIndexCpuMs })
  for (const [peer, measured] of [...libraries, hypercore]) cpu(peer, measured)
  const rss = (peer: string, { rssBytes }: Measured): void =>
    report.row({ metric: `RSS behind the bulk: ${peer}`, value: rssBytes / 2 ** 20, unit: 'MiB' })
  for (const [peer, measured] of [['spore', wire] as const, ...libraries, hypercore]) rss(peer, measured)
}

const least = (figures: readonly { name: string; value: number }[]) =>
  figures.reduce((best, figure) => (figure.value < best.value ? figure : best))

/** Bars are shown as they are: two decimals are enough. */
const round = (value: number): number => Math.floor(value * 100) / 100
