import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runBench } from '../../../scripts/bench/support/harness.ts'

const FIGURES = `export const run = async (args, report) => {
  report.note('args: ' + args.join(' '))
  report.row({ metric: 'nDCG@10', value: 0.53213, unit: '', bar: { atLeast: 0.52 }, peer: { name: 'fts5', value: 0.5 } })
  report.row({ metric: 'time', value: 12_345.6, unit: 'ms', bar: { atMost: 5000 } })
  report.row({ metric: 'entries', value: 10, unit: 'entries' })
}
`

/** Runs one call of the harness over a folder with these files. */
async function bench(argv: readonly string[], files: Record<string, string> = { 'figures.ts': FIGURES }) {
  const folder = await mkdtemp(join(tmpdir(), 'spore-bench-test-'))
  const printed: string[] = []
  const errors: string[] = []
  try {
    await writeFile(join(folder, 'main.ts'), '')
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const print = (line: string) => printed.push(line)
    const code = await runBench(argv, { folder, print, printError: (line) => errors.push(line) })
    return { code, printed, errors: errors.join('\n') }
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('a table for people: machine, notes, figures, and what falls short; the exit code is still 0', async () => {
  const { code, printed } = await bench(['figures', '--entries', '5'])
  assert.equal(code, 0)
  assert.match(printed[0] ?? '', /^figures on .+, \d+ cores, \d+ GiB, Node 24\.\d+\.\d+, \w+$/)
  assert.equal(printed[1], 'args: --entries 5')
  assert.deepEqual(
    printed.slice(2).map((line) => line.replace(/ {2,}/g, ' · ')),
    [
      'metric · value · bar · compared with',
      'nDCG@10 · 0.5321 · ≥ 0.52 · ok · fts5 0.5',
      'time · 12346 ms · ≤ 5000 · short',
      'entries · 10 entries',
      'falls short: time',
    ],
  )
})

test('with --json, wherever it stands, the last line is for programs and exact', async () => {
  const { code, printed } = await bench(['figures', '--json', 'x'])
  assert.equal(code, 0)
  assert.equal(printed[1], 'args: x')
  const { bench: name, machine, rows } = JSON.parse(printed.at(-1) ?? '')
  assert.equal(name, 'figures')
  assert.deepEqual(Object.keys(machine), ['cpu', 'cores', 'memoryGiB', 'node', 'platform'])
  assert.deepEqual(rows, [
    {
      metric: 'nDCG@10',
      value: 0.53213,
      unit: '',
      bar: '≥ 0.52',
      ok: true,
      peer: { name: 'fts5', value: 0.5 },
    },
    { metric: 'time', value: 12_345.6, unit: 'ms', bar: '≤ 5000', ok: false },
    { metric: 'entries', value: 10, unit: 'entries' },
  ])
})

for (const argv of [[], ['nothing'], ['main'], ['../figures'], ['--json']])
  test(`no benchmark: ${JSON.stringify(argv)} lists those there are`, async () => {
    const { code, printed, errors } = await bench(argv)
    assert.equal(code, 2)
    assert.deepEqual(printed, [])
    assert.match(errors, /npm run bench -- <name>.*\n {2}figures$/s)
  })

for (const [name, body] of Object.entries({
  'one that throws': `export const run = async () => { throw new Error('planted') }`,
  'one without run': 'export const walk = 1',
  'one without a figure': 'export const run = async () => {}',
  'one whose figure is no number': `export const run = async (a, r) => r.row({ metric: 'm', value: 0 / 0, unit: '' })`,
}))
  test(`${name} broke: exit code 1, and no last line`, async () => {
    const { code, printed, errors } = await bench(['broken', '--json'], { 'broken.ts': body })
    assert.equal(code, 1)
    assert.equal(printed.length, 1)
    assert.match(errors, /^broken broke: /)
  })
