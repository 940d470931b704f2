/**
 * What trust costs:
 *
 *     npm run bench -- trust [--entries 100000] [--authors 1000] [--rows 1] [--own 0.1] [--json]
 *
 * Authors judge one another at random, each right as often as he is; of `--own` of the entries this spore is the rater. Every author has
 * a place of his own. Measured in CPU time, of one thread: an entry with the score of its subjects up to date; and everything anew, to
 * the score of every author.
 */
import { parseArgs } from 'node:util'
import type { Did } from '../../src/core/base/brand.ts'
import type { Change } from '../../src/core/memory/change.ts'
import { type EvidenceRow, PERIOD_MS } from '../../src/core/protocol/evidence-payload.ts'
import { createTrust } from '../../src/core/trust/trust.ts'
import type { Trust } from '../../src/core/trust/trust-contract.ts'
import { CHOICES } from '../../src/sim/eval/trust-world.ts'
import { grow, toEvidence } from '../../src/sim/eval/trust-writer.ts'
import { createRandom } from '../../src/sim/random.ts'
import type { Run } from './support/harness.ts'
import { quantile } from './support/quantile.ts'

const ENTRY_US_BAR = 50
const FULL_MS_BAR = 2000
const NOW_PERIOD = 700
const SELF = 'did:key:self' as Did

export const run: Run = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      entries: { type: 'string', default: '100000' },
      authors: { type: 'string', default: '1000' },
      rows: { type: 'string', default: '1' },
      own: { type: 'string', default: '0.1' },
    },
  })
  const [entryCount, authorCount, rowCount, own] = [
    values.entries,
    values.authors,
    values.rows,
    values.own,
  ].map(Number) as [number, number, number, number]
  for (const count of [entryCount, authorCount, rowCount])
    if (!Number.isSafeInteger(count) || count < 1) throw new Error('counts are whole numbers from 1')
  const authors = Array.from({ length: authorCount }, (_, i) => `did:key:${i}` as Did)
  const { changes, about } = draw({ entryCount, authors, rowCount, own })
  report.note(
    `${entryCount} entries of ${authorCount} authors, ${rowCount} rows each, ${100 * own} % of them this spore’s own`,
  )

  const incremental = startTrust()
  const micros = new Float64Array(entryCount)
  const startedMs = cpuMs()
  for (const [i, change] of changes.entries()) {
    const before = performance.now()
    incremental.note(change)
    for (const subject of about[i] as Did[]) incremental.scoreOf(subject)
    micros[i] = (performance.now() - before) * 1000
  }
  const entryUs = ((cpuMs() - startedMs) * 1000) / entryCount

  const full = startTrust()
  const fullStartedMs = cpuMs()
  for (const change of changes) full.note(change)
  const notedMs = cpuMs() - fullStartedMs
  for (const author of authors) full.scoreOf(author)
  const fullMs = cpuMs() - fullStartedMs

  let unequal = 0
  for (const author of authors)
    if (JSON.stringify(full.explain(author, 0)) !== JSON.stringify(incremental.explain(author, 0))) unequal++
  const known = authors.filter((author) => full.shownOf(author) !== null).length
  report.note(`${known} of ${authorCount} authors are known at the end`)
  report.row({
    metric: 'an entry and its scores, mean',
    value: entryUs,
    unit: 'µs',
    bar: { atMost: ENTRY_US_BAR },
  })
  report.row({ metric: 'the same, p50', value: quantile([...micros], 0.5), unit: 'µs' })
  report.row({ metric: 'the same, p99', value: quantile([...micros], 0.99), unit: 'µs' })
  report.row({ metric: 'everything anew', value: fullMs, unit: 'ms', bar: { atMost: FULL_MS_BAR } })
  report.row({ metric: 'of it, taking rows in', value: notedMs, unit: 'ms' })
  report.row({
    metric: 'authors whose score differs in any bit',
    value: unequal,
    unit: '',
    bar: { atMost: 0 },
  })
}

const cpuMs = (): number => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000

const startTrust = (): Trust =>
  createTrust(
    {},
    {
      self: SELF,
      clock: { now: () => (NOW_PERIOD + 0.5) * PERIOD_MS },
      isChosen: () => false,
      placeOf: (author) => [`${author.slice(8)}.example`, author.slice(0, -1)],
    },
  )

interface Drawn {
  readonly changes: Change[]
  /** Whom each entry is about. */
  readonly about: Did[][]
}

function draw(sizes: { entryCount: number; authors: Did[]; rowCount: number; own: number }): Drawn {
  const { entryCount, authors, rowCount, own } = sizes
  const random = createRandom('bench trust')
  const said = new Map<string, EvidenceRow>()
  const changes: Change[] = []
  const about: Did[][] = []
  for (let i = 0; i < entryCount; i++) {
    const rater = random.chance(own) ? SELF : (authors[random.integer(0, authors.length - 1)] as Did)
    const first = random.integer(0, authors.length - 1)
    const subjects = Array.from(
      { length: Math.min(rowCount, authors.length) },
      (_, j) => authors[(first + j) % authors.length] as Did,
    )
    const rows = subjects.map((subject) => {
      const quality = 0.2 + (0.7 * authors.indexOf(subject)) / authors.length
      const key = `${rater} ${subject}`
      const row = grow(said.get(key) ?? null, subject, NOW_PERIOD, random.chance(quality), CHOICES)
      said.set(key, row)
      return row
    })
    changes.push(toEvidence(rater, rows))
    about.push(subjects)
  }
  return { changes, about }
}
