/** Questions on the command line: real processes against a real spore over HTTP whose tasks take their time, and in a folder. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TaskView } from '../../src/core/protocol/api.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/folder.ts'
import { type HeldTasks, type HoldOptions, holdTasks } from '../support/held-tasks.ts'
import { projectFile } from '../support/project.ts'
import { seededRandom, testSeed } from '../support/seeded.ts'
import { type CommandOptions, runSpore } from '../support/spore-process.ts'
import { contribution, idOf, settlement } from '../support/task-samples.ts'
import { listen, type Served } from '../unit/http/support.ts'

let folder: TemporaryFolder
let count = 0
before(() => {
  folder = temporaryFolder()
})
after(() => folder[Symbol.dispose]())
const newPath = (name: string) => join(folder.path, `${count++}-${name}`)
const newOptions = (): CommandOptions => ({ home: newPath('home') })

interface World extends AsyncDisposable {
  readonly served: Served
  readonly held: HeldTasks
  /** Arguments that lead a command here. */
  readonly here: readonly string[]
}

async function openWorld(hold: HoldOptions = {}): Promise<World> {
  let held: HeldTasks | undefined
  const served = await listen({}, (spore) => {
    held = holdTasks(spore, hold)
    return held.spore
  })
  await served.spore.remember({ text: 'The heron nests above the old mill.' })
  const here = ['--url', served.url]
  return { served, held: held!, here, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() }
}

const QUESTION = 'Where does the heron nest?'

describe('spore ask', () => {
  it('follows a task through streams that break off, and shows how its answer came about', async () => {
    await using world = await openWorld({ dress: (task) => ({ ...task, settlement: settlement() }) })
    const { held, here } = world
    const submitted = held.submitted()
    const asked = runSpore(
      ['ask', QUESTION, ...here, '--effort', 'quick', '--role', 'explorer,validator'],
      newOptions(),
    )
    const id = await submitted
    await held.streams(1)
    held.tell(id, { type: 'contribution', contribution: contribution(1) })
    held.cut()
    await held.streams(2)
    await held.end(id)
    const { code, stdout, stderr } = await asked
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(
      stdout,
      /old mill\. \[1\][\s\S]*Sources\n {2}\[1\][\s\S]*Conclusion {2}Canberra\nMargin {6}42 %/,
    )
    assert.match(stdout, /Dissent {5}29 % Sydney/)
  })

  it('prints one JSON document, also where it does not wait', async () => {
    await using world = await openWorld()
    const { held, here } = world
    const options = newOptions()
    const handle = await runSpore(['ask', QUESTION, '--no-wait', '--json', ...here], options)
    const { task_id, status } = JSON.parse(handle.stdout) as { task_id: string; status: string }
    assert.deepEqual([handle.code, status], [0, 'open'])
    const shown = await runSpore(['task', task_id, ...here], options)
    assert.match(shown.stdout, /status open, phase diverge[\s\S]*No answer yet/)
    const followed = runSpore(['task', task_id, '--follow', '--json', ...here], options)
    await held.streams(1)
    await held.end(task_id)
    const { stdout, code } = await followed
    const task = JSON.parse(stdout) as TaskView
    assert.deepEqual([code, task.status, task.task_id], [0, 'converged', task_id])
    const told = await runSpore(['task', task_id, ...here], options)
    assert.match(told.stdout, /Contributions \(1\)\n.*\(extractive\)/)
  })

  it('leaves the task open on Ctrl-C and when the time is up, and says how to look again', async () => {
    await using world = await openWorld()
    const { held, here } = world
    const args = ['ask', QUESTION, ...here]
    const child = spawn(process.execPath, [projectFile('bin/spore.js'), ...args, '--home', newPath('home')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const exited = once(child, 'exit')
    const [stdout, stderr] = [readText(child.stdout), readText(child.stderr)]
    await held.streams(1)
    child.kill('SIGINT')
    assert.deepEqual([await exited, await stdout], [[1, null], ''])
    assert.match(await stderr, /TASK_OPEN[\s\S]*spore task bafyrei/)
    const late = await runSpore([...args, '--timeout', '1', '--json'], newOptions())
    assert.deepEqual([late.code, late.stdout], [1, ''])
    assert.equal((JSON.parse(late.stderr) as { error: { code: string } }).error.code, 'TASK_OPEN')
    const page = await held.spore.tasks({ limit: 10 })
    assert.ok(page.ok && page.value.total === 1)
    assert.equal((await held.spore.task(page.value.tasks[0]!.task_id)).ok, true)
  })

  it('refuses options that say nothing, by name', async () => {
    const options = newOptions()
    const file = newPath('q.jsonl')
    writeFileSync(file, '')
    for (const args of [
      ['ask'],
      ['ask', QUESTION, '--effort', 'endless'],
      ['ask', QUESTION, '--deadline', 'tomorrow'],
      ['ask', QUESTION, '--deadline', '0'],
      ['ask', QUESTION, '--answers', '65'],
      ['ask', QUESTION, '--choice', 'alone'],
      ['ask', QUESTION, '--choice', 'a', '--choice', 'a'],
      ['ask', QUESTION, '--role', 'oracle'],
      ['ask', QUESTION, '--out', 'x'],
      ['ask', QUESTION, '--parallel', '2'],
      ['ask', QUESTION, '--file', file, '--out', newPath('x')],
      ['ask', '--file', file],
      ['ask', '--file', file, '--out', file],
      ['ask', '--file', file, '--out', newPath('x'), '--parallel', '33'],
      ['ask', '--file', newPath('absent'), '--out', newPath('x')],
      ['resolve', 'x', 'perhaps'],
      ['resolve', 'x', 'right', '--correction', 'y'],
      ['resolve', 'x', 'wrong', '--correction', ''],
    ]) {
      const { code, stdout, stderr } = await runSpore(args, options)
      assert.deepEqual([code, stdout], [2, ''], `${args.join(' ')}\n${stderr}`)
    }
  })
})

describe('spore resolve and spore cancel', () => {
  it('send what was said, and give the task', async () => {
    await using real = await openWorld()
    const said: unknown[] = []
    await using served = await listen({}, (spore) => ({
      ...spore,
      async resolveTask(id, input) {
        said.push(input)
        return spore.task(id)
      },
      cancelTask: real.held.spore.cancelTask,
    }))
    const options = newOptions()
    const accepted = await served.spore.submitTask({ task: QUESTION })
    assert.ok(accepted.ok)
    const { task_id: id } = accepted.value
    for (const args of [['right'], ['wrong'], ['wrong', '--correction', 'in the reeds']]) {
      const { code, stdout } = await runSpore(
        ['resolve', id, ...args, '--url', served.url, '--json'],
        options,
      )
      assert.deepEqual([code, (JSON.parse(stdout) as TaskView).task_id], [0, id])
    }
    assert.deepEqual(said, [
      { verdict: 'right' },
      { verdict: 'wrong' },
      { verdict: 'corrected', correction: 'in the reeds' },
    ])
    const open = await real.held.spore.submitTask({ task: QUESTION })
    assert.ok(open.ok)
    const cancelled = await runSpore(['cancel', open.value.task_id, ...real.here], options)
    assert.match(cancelled.stdout, /^cancelled {2}Where does/)
    const missing = await runSpore(['cancel', idOf(1), ...real.here], options)
    assert.equal(missing.code, 1)
    assert.match(missing.stderr, /TASK_NOT_FOUND/)
  })
})

interface AnswerLine {
  readonly id: string | number
  readonly task: string
  readonly status: string
  readonly answer: string | null
  readonly sources: readonly string[]
}

const readAnswers = (path: string): AnswerLine[] =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as AnswerLine)
    : []

describe('spore ask --file', () => {
  it('answers each line once in a folder, reports bad lines with their number, and skips what is answered', async () => {
    const options = newOptions()
    const [file, out] = [newPath('questions.jsonl'), newPath('answers.jsonl')]
    await runSpore(['remember', 'The harbour master of Lisbon keeps the tide tables in a red book.'], options)
    writeFileSync(file, '"who keeps the tide tables?"\n{"task":\n{"task":"zymurgy qwertz?","id":"z"}\n')
    const first = await runSpore(['ask', '--file', file, '--out', out, '--json'], options)
    assert.deepEqual(JSON.parse(first.stdout), {
      out,
      answered: 2,
      failed: 1,
      skipped: 0,
      problems: 1,
      stopped: false,
    })
    assert.equal(first.code, 1)
    const problem = JSON.parse(first.stderr) as { line: number; code: string }
    assert.deepEqual([problem.line, problem.code], [2, 'BODY_MALFORMED'])
    const answers = new Map(readAnswers(out).map((answer) => [answer.id, answer]))
    assert.match(answers.get(1)?.answer ?? '', /red book/)
    assert.equal(answers.get(1)?.sources.length, 1)
    assert.deepEqual([answers.get('z')?.status, answers.get('z')?.answer], ['failed', null])

    writeFileSync(
      file,
      '"who keeps the tide tables?"\n"where is the red book?"\n{"task":"zymurgy qwertz?","id":"z"}\n',
    )
    const again = await runSpore(['ask', '--file', file, '--out', out], options)
    assert.equal(again.code, 0)
    assert.match(again.stdout, /^1 done.*, 2 done before/)
    assert.deepEqual(
      readAnswers(out)
        .map(({ id }) => id)
        .sort(),
      [1, 2, 'z'].sort(),
    )
  })

  it('killed again and again, and resumed, it has answered every line exactly once', async (context) => {
    const seed = testSeed()
    context.diagnostic(`seed ${seed} (repeat with SPORE_SEED=${seed})`)
    const random = seededRandom(seed)
    const LINES = 150
    await using world = await openWorld({ endsAfterMs: 10 })
    const [file, out, home] = [newPath('questions.jsonl'), newPath('answers.jsonl'), newPath('home')]
    const idOfLine = (line: number) => (line % 3 === 0 ? line : `id ${line % 40}`)
    // Some ids come twice, and so do some questions.
    const lines = Array.from({ length: LINES }, (_, i) => {
      const task = `${QUESTION} ${i % 60}`
      return JSON.stringify(typeof idOfLine(i + 1) === 'number' ? task : { task, id: idOfLine(i + 1) })
    })
    writeFileSync(file, `${lines.join('\n')}\n`)
    const args = ['ask', '--file', file, '--out', out, '--parallel', '4', ...world.here]
    for (let kill = 0; kill < 4; kill++) {
      const child = spawn(process.execPath, [projectFile('bin/spore.js'), ...args, '--home', home], {
        stdio: 'ignore',
      })
      const gone = once(child, 'exit')
      // Killed in the middle of its work: when it has written some more lines.
      const until = readAnswers(out).length + random.integer(1, LINES / 8)
      while (child.exitCode === null && readAnswers(out).length < until) await sleep(5)
      child.kill('SIGKILL')
      assert.deepEqual(await gone, [null, 'SIGKILL'], 'it ended before it was killed')
    }
    const before = readAnswers(out).length
    assert.ok(before > 4 && before < LINES, `${before} answers before the last run`)
    const last = await runSpore([...args, '--json'], { home })
    assert.equal(last.code, 0, last.stderr)
    const report = JSON.parse(last.stdout) as { answered: number; skipped: number }
    assert.deepEqual([report.answered + report.skipped, report.skipped], [LINES, before])
    const keys = (answers: readonly Pick<AnswerLine, 'id' | 'task'>[]) =>
      answers.map(({ id, task }) => `${id}\n${task}`).sort()
    const wanted = lines.map((_, i) => ({ id: idOfLine(i + 1), task: `${QUESTION} ${i % 60}` }))
    assert.deepEqual(keys(readAnswers(out)), keys(wanted))
  })

  it('says where it stopped when the spore goes, and goes on when it is back', async () => {
    const [file, out] = [newPath('questions.jsonl'), newPath('answers.jsonl')]
    writeFileSync(file, Array.from({ length: 6 }, (_, i) => JSON.stringify(`${QUESTION} ${i}`)).join('\n'))
    const options = newOptions()
    const refused = await runSpore(
      ['ask', '--file', file, '--out', out, '--url', 'http://127.0.0.1:9'],
      options,
    )
    assert.equal(refused.code, 3)
    await using world = await openWorld({ endsAfterMs: 1 })
    const done = await runSpore(['ask', '--file', file, '--out', out, ...world.here], options)
    assert.equal(done.code, 0, done.stderr)
    assert.equal(readAnswers(out).length, 6)
  })
})
