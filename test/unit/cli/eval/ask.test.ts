/** `spore eval ask` over real HTTP: what is asked, what it says, what it refuses to spend, and what is left when it is stopped. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import type { CliProcess } from '../../../../src/cli/command.ts'
import { run } from '../../../../src/cli/program.ts'
import type { EvalReport } from '../../../../src/sim/eval/report.ts'
import { sendAnswer } from '../../../support/chat-server.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/folder.ts'
import { type MindServer, startMindServer } from '../../../support/mind-server.ts'

const CHOICES = ['Canberra', 'Sydney', 'Perth', 'Hobart']
/** Thirty questions; the right one of the choices goes round. */
const QUESTIONS = Array.from({ length: 30 }, (_, i) => ({
  question: `Question ${i}: which city is meant?`,
  choices: CHOICES,
  answer: CHOICES[i % 4] as string,
}))
const wrong = (i: number): string => CHOICES[(i + 1) % 4] as string

let folder: TemporaryFolder
let minds: MindServer
before(async () => {
  folder = temporaryFolder()
  minds = await startMindServer(think)
})
after(async () => {
  await minds[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

/** llama knows all but every fifth, qwen all but every third, and phi nothing. */
function think({ model, text }: { model: string; text: string }) {
  const i = Number(/Question (\d+):/.exec(text)?.[1])
  const knows = model === 'llama' ? i % 5 !== 0 : model === 'qwen' ? i % 3 !== 0 : false
  return { answer: knows ? (CHOICES[i % 4] as string) : wrong(i), confidence: 70 }
}

let files = 0
const fileOf = (lines: readonly unknown[]): string => {
  const path = join(folder.path, `questions-${files++}.jsonl`)
  writeFileSync(
    path,
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  )
  return path
}

async function evaluate(
  args: readonly string[],
  {
    env = {},
    signal = new AbortController().signal,
  }: { env?: Record<string, string>; signal?: AbortSignal } = {},
) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const environment = {
    ...{ SPORE_HOME: join(folder.path, 'home'), LLM_ENDPOINT: minds.url, LLM_MODEL: 'llama,qwen,phi' },
    ...env,
  }
  const host = { stdin: process.stdin, stdout, stderr, environment, signal } as unknown as CliProcess
  const code = await run(['eval', 'ask', ...args], host)
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') }
}
const reportOf = (stdout: string): EvalReport => JSON.parse(stdout) as EvalReport
const rowOf = ({ tables }: EvalReport, who: string) => tables[0]?.rows.find(([name]) => name === who) ?? []
const shareIn = (report: EvalReport, who: string): number => {
  const cell = rowOf(report, who)[1]
  return typeof cell === 'object' ? cell.value : Number.NaN
}

describe('spore eval ask', () => {
  test('asks every family each question once, and says how often each and all of them are right', async () => {
    const before = minds.requests.length
    const { code, stdout, stderr } = await evaluate([fileOf(QUESTIONS), '--yes', '--json', '--seeds', '5'])
    assert.deepEqual([code, stderr], [0, ''])
    assert.equal(minds.requests.length - before, 90)
    const report = reportOf(stdout)
    assert.deepEqual([report.params.asked, report.params.families], [30, 3])
    assert.equal(Math.round(shareIn(report, 'llama')), 80)
    assert.equal(Math.round(shareIn(report, 'qwen')), 67)
    assert.equal(shareIn(report, 'phi'), 0)
    assert.equal(shareIn(report, 'the best of them'), shareIn(report, 'llama'))
    const [, , none, calls, money, , p50, p95] = rowOf(report, 'all together')
    assert.deepEqual([(none as { value: number }).value, calls, money], [0, 90, '0.0000'])
    assert.ok((p50 as number) > 0 && (p95 as number) >= (p50 as number))
    const halves = report.tables.find(({ title }) => title.startsWith('With one half scored'))
    assert.deepEqual(
      halves?.rows.map(([, cell]) => typeof cell),
      Array(5).fill('object'),
    )
  })

  test('calls nobody without --yes or --calls, and says what it would call', async () => {
    const before = minds.requests.length
    const { code, stdout, stderr } = await evaluate([fileOf(QUESTIONS)])
    assert.deepEqual([code, stdout, minds.requests.length], [2, '', before])
    assert.match(stderr, /30 questions to 3 families \(llama, qwen, phi\): 90 calls, at most 180/)
    assert.match(stderr, /--yes, or --calls/)
  })

  test('names the price of what costs, and stops at the cap on dollars with what it has', async () => {
    const prices = { LLM_MODEL: 'llama', SPORE_MODELS_PRICES: 'local/llama=10000/10000' }
    const told = await evaluate([fileOf(QUESTIONS)], { env: prices })
    const [, most = ''] = /cost at most ([\d.]+) dollars/.exec(told.stderr) ?? []
    // Before a call the most that it can cost must be there; 30 tokens cost 30 cents.
    const env = { ...prices, SPORE_MODELS_DOLLARS_PER_DAY: String(Math.ceil(Number(most) / 30 + 2)) }
    const before = minds.requests.length
    const { code, stdout } = await evaluate([fileOf(QUESTIONS), '--yes', '--at-once', '1'], { env })
    assert.equal(code, 1)
    const calls = minds.requests.length - before
    assert.ok(calls >= 5 && calls <= 12, String(calls))
    assert.match(stdout, new RegExp(`Not all was asked: .* What follows is of ${calls} of 30 questions`))
    assert.match(
      stdout,
      new RegExp(`\\| local/llama +\\| llama +\\| ${calls} +\\| ${(calls * 0.3).toFixed(4)} `),
    )
  })

  test('makes no call more than --calls, and reports what it has', async () => {
    const before = minds.requests.length
    const { code, stdout } = await evaluate([fileOf(QUESTIONS), '--calls', '10', '--at-once', '1', '--json'])
    assert.equal(code, 1)
    assert.equal(minds.requests.length - before, 10)
    const report = reportOf(stdout)
    assert.deepEqual([report.ok, report.params.asked, report.params.questions], [false, 3, 30])
    assert.match(report.notes[0] ?? '', /the 10 calls of --calls are made/)
  })

  test('counts a failure as no answer, and goes on', async () => {
    minds.think = (thinking) => (thinking.model === 'qwen' ? sendAnswer(500, 'down') : think(thinking))
    const { code, stdout } = await evaluate([
      fileOf(QUESTIONS.slice(0, 6)),
      '--yes',
      '--patience',
      '0',
      '--json',
    ])
    minds.think = think
    assert.equal(code, 0)
    const report = reportOf(stdout)
    assert.deepEqual(
      rowOf(report, 'qwen')
        .slice(1, 3)
        .map((cell) => (cell as { value: number }).value),
      [0, 100],
    )
    assert.equal(report.params.asked, 6)
  })

  test('reports what was asked until it was stopped', async () => {
    const stop = new AbortController()
    let asked = 0
    minds.think = (thinking) => {
      if (++asked === 9) stop.abort()
      return think(thinking)
    }
    const { code, stdout } = await evaluate([fileOf(QUESTIONS), '--yes', '--at-once', '1', '--json'], {
      signal: stop.signal,
    })
    minds.think = think
    assert.equal(code, 1)
    const report = reportOf(stdout)
    assert.equal(report.params.asked, 2)
    assert.match(report.notes[0] ?? '', /it was stopped/)
  })

  test('names bad lines by their number before anything is called', async () => {
    const before = minds.requests.length
    const path = fileOf([
      QUESTIONS[0],
      '',
      '{"question": "no answer"}',
      'not JSON',
      { question: 'Which?', choices: ['a', 'b'], answer: 'c' },
      { question: 'Which?', answer: 'x', colour: 'red' },
      { question: 'Which?', answer: '…' },
    ])
    const { code, stderr } = await evaluate([path, '--yes'])
    assert.equal(code, 1)
    for (const part of [
      'line 3 is no question: answer',
      'line 4 is not JSON',
      'line 5 has an answer that is none of its choices',
      'line 6 is no question',
      'line 7 has an answer without words',
    ])
      assert.ok(stderr.includes(part), `${part} in ${stderr}`)
    assert.equal(minds.requests.length, before)
    assert.equal((await evaluate([join(folder.path, 'none.jsonl'), '--yes'])).code, 1)
    assert.equal((await evaluate([fileOf([]), '--yes'])).code, 1)
  })

  test('reads open answers as a spore compares them', async () => {
    minds.think = () => ({ answer: 'The  Moon.', confidence: 60 })
    const path = fileOf([
      { question: 'What circles the earth?', answer: 'the moon', domain: 'astronomy' },
      { question: 'How many moons has it?', answer: '1' },
    ])
    const { stdout } = await evaluate([path, '--yes', '--json'])
    minds.think = think
    assert.equal(shareIn(reportOf(stdout), 'all together'), 50)
  })

  test('shows questions of a stranger as text', async () => {
    const html = join(folder.path, 'hostile.html')
    const question = '<script>alert(1)</script> "\'><img src=x>'
    const { stdout } = await evaluate([fileOf([{ question, answer: '<b>x</b>' }]), '--yes', '--html', html])
    assert.match(stdout, /\\<script\\>alert/)
    const { readFileSync } = await import('node:fs')
    const page = readFileSync(html, 'utf8')
    assert.match(page, /&lt;script&gt;alert\(1\)/)
    assert.doesNotMatch(page, /<script|<img|<b>x/)
  })

  test('says so where no model is configured', async () => {
    const { code, stderr } = await evaluate([fileOf(QUESTIONS), '--yes'], {
      env: { LLM_ENDPOINT: '', LLM_MODEL: '' },
    })
    assert.equal(code, 1)
    assert.match(stderr, /MODELS_OFF/)
  })
})
