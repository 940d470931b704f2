/** Questions to a real spore with three scripted models over real HTTP: asked, followed, resolved and cancelled from outside. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { AnswerPage, Convergence, TaskEvent, TaskPage, TaskView } from '../../src/core/protocol/api.ts'
import {
  type ChatAnswer,
  type ChatRequest,
  type ChatServer,
  hang,
  say,
  startChatServer,
} from '../support/chat-server.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/folder.ts'
import { type CommandOptions, type RunningSpore, runSpore, startSpore } from '../support/spore-process.ts'

const CHOICES = ['Canberra', 'Sydney']
const choiceFlags = CHOICES.flatMap((choice) => ['--choice', choice])
const QUESTION = 'Which city is the capital of Australia?'

/** What each model says, by its name: two are right, the third knows why it is wrong. */
const reply = ({ body }: ChatRequest): ChatAnswer => {
  const text = body.messages.map(({ content }) => content).join('\n')
  if (text.includes('never answered')) return hang
  const schema = JSON.stringify(body.response_format ?? '')
  if (schema.includes('"review"')) {
    const labels = [...new Set(text.match(/\bR\d+\b/g))]
    return say(JSON.stringify({ ranking: labels.map((answer) => ({ answer, flaw: null })) }))
  }
  if (schema.includes('"validation"')) return say(JSON.stringify({ flaw: null, approved: true }))
  if (schema.includes('"synthesis"')) return say(JSON.stringify({ text: 'Canberra is the capital.' }))
  const isWrong = body.model === 'gamma'
  return say(
    JSON.stringify({
      reason: isWrong ? 'it is the largest city' : 'the parliament is there',
      answer: isWrong ? 'B' : 'A',
      confidence: 70,
      others: [],
      claims: [],
    }),
  )
}

let folder: TemporaryFolder
let server: ChatServer
let spore: RunningSpore
let options: CommandOptions

before(async () => {
  folder = temporaryFolder()
  server = await startChatServer(reply)
  const env = { LLM_ENDPOINT: server.url, LLM_MODEL: 'alpha,beta,gamma' }
  options = { home: join(folder.path, 'home'), env }
  spore = await startSpore(options)
})
after(async () => {
  await spore?.stop()
  await server?.[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

const get = async <T>(path: string): Promise<T> => (await fetch(spore.url + path)).json() as Promise<T>

describe('a question to several models', () => {
  let id = ''

  it('is asked on the command line, and answered with conclusion, margin and dissent', async () => {
    const args = ['ask', QUESTION, '--effort', 'quick', '--answers', '3', ...choiceFlags]
    const { code, stdout, stderr } = await runSpore([...args, '--json'], options)
    assert.deepEqual([code, stderr], [0, ''])
    const task = JSON.parse(stdout) as TaskView
    id = task.task_id
    assert.deepEqual([task.status, task.settlement?.conclusion], ['converged', 'Canberra'])
    assert.deepEqual(
      task.contributions.map(({ wasSealed }) => wasSealed),
      [true, true, true],
    )
    const again = await runSpore(args, options)
    assert.match(again.stdout, /^ {2}Canberra\n\nMargin {6}33 %/)
    assert.match(again.stdout, /Dissent {5}33 % Sydney.*\n.*: it is the largest city/)
    const { stdout: shown } = await runSpore(['task', id], options)
    assert.match(shown, /Contributions \(3, 3 sealed\)/)
    assert.match(shown, /because: the parliament is there/)
  })

  it('stands among the tasks and the answers, and says how it converged', async () => {
    const tasks = await get<TaskPage>('/api/tasks?status=converged')
    assert.deepEqual(
      tasks.tasks.map(({ task_id }) => task_id),
      [id],
    )
    const { answers, total } = await get<AnswerPage>('/api/answers')
    assert.deepEqual([answers[0]?.task_id, answers[0]?.settlement?.conclusion, total], [id, 'Canberra', 1])
    const { tasks: rows, open } = await get<Convergence>(`/api/convergence?task=${id}`)
    assert.deepEqual([rows[0]?.task_id, rows[0]?.phase, open], [id, 'done', 0])
    assert.deepEqual((await get<Convergence>('/api/convergence')).tasks, [])
  })

  it('is resolved, and the last word counts', async () => {
    const right = await runSpore(['resolve', id, 'right', '--json'], options)
    assert.deepEqual((JSON.parse(right.stdout) as TaskView).resolution?.verdict, 'right')
    const { stdout } = await runSpore(['resolve', id, 'wrong', '--correction', 'Canberra, ACT'], options)
    assert.match(stdout, /^corrected to "Canberra, ACT" {2}Which city/)
    const { resolution } = await get<TaskView>(`/api/task/${id}`)
    assert.deepEqual([resolution?.verdict, resolution?.correction], ['corrected', 'Canberra, ACT'])
    assert.match((await runSpore(['cancel', id], options)).stderr, /TASK_DONE/)
  })

  it('tells its phases over HTTP as they come, first how it stands and last how it ended', async () => {
    const submitted = await fetch(`${spore.url}/api/task`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ task: `${QUESTION} Be quick.`, choices: CHOICES }),
    })
    const { task_id } = (await submitted.json()) as { task_id: string }
    const stream = await (await fetch(`${spore.url}/api/task/${task_id}/events`)).text()
    const events = [...stream.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, name, data]) => {
      const event = JSON.parse(data as string) as TaskEvent
      assert.equal(event.type, name)
      return event
    })
    assert.equal(events[0]?.type, 'task')
    const last = events.at(-1)
    assert.ok(last?.type === 'done' && last.task.status === 'converged')
    const phases = events.flatMap((event) => (event.type === 'phase' ? [event.phase] : []))
    assert.ok(phases.includes('deepen') && phases.includes('synthesize'), phases.join())
  })

  it('is cancelled by who asked it, and its stream ends', async () => {
    const args = ['ask', 'the question that is never answered', '--no-wait', '--json']
    const { task_id, status } = JSON.parse((await runSpore(args, options)).stdout) as TaskView
    assert.equal(status, 'open')
    const { tasks, open } = await get<Convergence>('/api/convergence')
    assert.deepEqual([tasks[0]?.task_id, open], [task_id, 1])
    assert.match((await runSpore(['resolve', task_id, 'right'], options)).stderr, /TASK_OPEN/)
    const followed = runSpore(['task', task_id, '--follow', '--json'], options)
    const { stdout } = await runSpore(['cancel', task_id], options)
    assert.match(stdout, /^cancelled/)
    assert.equal((JSON.parse((await followed).stdout) as TaskView).status, 'cancelled')
  })

  it('is answered to an agent with what happened meanwhile', async () => {
    const client = new Client(
      { name: 'test-agent', version: '1.0.0' },
      { versionNegotiation: { mode: 'auto' } },
    )
    await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', spore.url)))
    try {
      const lines: string[] = []
      const call = { name: 'submit_task', arguments: { task: `${QUESTION} For an agent.`, choices: CHOICES } }
      const { structuredContent } = await client.callTool(call, {
        onprogress: ({ message }) => void lines.push(message ?? ''),
      })
      const { status, settlement, answer } = structuredContent as unknown as Pick<
        TaskView,
        'status' | 'settlement' | 'answer'
      >
      assert.deepEqual([status, settlement?.conclusion], ['converged', 'Canberra'])
      assert.match(answer ?? '', /Canberra/)
      assert.match(lines.join('; '), /has answered.*has reviewed/)
    } finally {
      await client.close()
    }
  })

  it('is answered in a data folder that no spore runs for', async () => {
    const args = ['ask', QUESTION, '--effort', 'quick', ...choiceFlags, '--json']
    const { code, stdout, stderr } = await runSpore(args, { ...options, home: join(folder.path, 'alone') })
    assert.equal(code, 0, stderr)
    const { settlement, contributions } = JSON.parse(stdout) as TaskView
    assert.deepEqual([settlement?.conclusion, contributions.length], ['Canberra', 3])
  })

  it('comes in a file with others, and each has its line', async () => {
    const [file, out] = [join(folder.path, 'questions.jsonl'), join(folder.path, 'answers.jsonl')]
    const lines = Array.from({ length: 12 }, (_, i) => ({
      id: `q${i}`,
      task: `${QUESTION} Number ${i}.`,
      choices: CHOICES,
    }))
    writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'))
    const args = ['ask', '--file', file, '--out', out, '--effort', 'quick', '--json']
    const { code, stdout, stderr } = await runSpore(args, options)
    assert.equal(code, 0, stderr)
    assert.equal((JSON.parse(stdout) as { answered: number }).answered, 12)
    const again = await runSpore(args, options)
    assert.equal((JSON.parse(again.stdout) as { skipped: number }).skipped, 12)
  })
})
