/** Tasks over HTTP: what a question may hold, what is shown of it, and the events of one that takes its time. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { type TaskEvent, taskEventSchema, taskSchema } from '../../../src/core/protocol/api.ts'
import { EVENT_STREAMS_MAX, TASK_CHARS_MAX } from '../../../src/core/protocol/limits.ts'
import * as bounds from '../../../src/core/protocol/task-limits.ts'
import { ROLES } from '../../../src/core/protocol/task-payloads.ts'
import { type HeldTasks, holdTasks } from '../../support/held-tasks.ts'
import { contribution, idOf, review } from '../../support/task-samples.ts'
import { JSON_TYPE, listen, type Served, serve } from './support.ts'

const QUESTION = 'What is the capital of Bhutan?'

async function ask(served: Served, method: 'GET' | 'POST' | 'DELETE', url: string, body?: object) {
  const reply = await served.app.inject({
    method,
    url,
    ...(body ? { headers: JSON_TYPE, payload: JSON.stringify(body) } : {}),
  })
  return { status: reply.statusCode, body: reply.json() }
}

const submit = async (served: Served, more: object = {}): Promise<string> =>
  (await ask(served, 'POST', '/api/task', { task: QUESTION, ...more })).body.task_id

test('a question takes all of its fields at their most, and one more of each is refused by name', async () => {
  await using served = await serve()
  const most = {
    task: 'x'.repeat(TASK_CHARS_MAX),
    effort: 'deep',
    deadline: bounds.TASK_SECONDS_MAX,
    answers: bounds.TASK_ANSWERS_MAX,
    choices: Array.from({ length: bounds.CHOICES_MAX }, (_, i) =>
      `${i}`.padEnd(bounds.CHOICE_CHARS_MAX, 'x'),
    ),
    roles: [...ROLES],
    fresh: true,
    space: 'commons',
  }
  const accepted = await ask(served, 'POST', '/api/task', most)
  assert.deepEqual([accepted.status, Object.keys(accepted.body).sort()], [201, ['status', 'task_id']])
  const wrong: readonly (readonly [string, object])[] = [
    ['task', { task: `${most.task}x` }],
    ['effort', { effort: 'endless' }],
    ['deadline', { deadline: bounds.TASK_SECONDS_MAX + 1 }],
    ['deadline', { deadline: 0 }],
    ['deadline', { deadline: 'tomorrow' }],
    ['answers', { answers: bounds.TASK_ANSWERS_MAX + 1 }],
    ['answers', { answers: 0 }],
    ['choices', { choices: [...most.choices, 'one more'] }],
    ['choices', { choices: ['alone'] }],
    ['choices', { choices: ['a', `${'x'.repeat(bounds.CHOICE_CHARS_MAX)}x`] }],
    ['roles', { roles: Array.from({ length: bounds.TASK_ROLES_MAX + 1 }, () => ROLES[0]) }],
    ['roles', { roles: ['oracle'] }],
    ['fresh', { fresh: 'yes' }],
    ['dedline', { dedline: 3 }],
  ]
  for (const [field, more] of wrong) {
    const { status, body } = await ask(served, 'POST', '/api/task', { ...most, ...more })
    assert.deepEqual([status, body.code], [400, 'REQUEST_INVALID'], JSON.stringify(more).slice(0, 80))
    assert.match(body.detail, new RegExp(field))
  }
})

test('a question that is sent twice is one task', async () => {
  await using served = await serve()
  const [first, again] = [await submit(served), await submit(served)]
  assert.equal(first, again)
  assert.equal((await ask(served, 'GET', '/api/tasks')).body.total, 1)
  assert.equal((await ask(served, 'POST', '/api/task', { task: ' ' })).body.code, 'TEXT_EMPTY')
})

test('pages of tasks and of answers hold each once, the newest first, also while others are asked', async () => {
  await using served = await serve()
  await served.spore.remember({ text: 'The capital of Bhutan is Thimphu.' })
  const asked: string[] = []
  for (let place = 0; place < 12; place++)
    // Every third finds nothing, and fails.
    asked.unshift(
      await submit(served, { task: place % 3 === 0 ? `zymurgy ${place}?` : `${QUESTION} ${place}` }),
    )
  const pages = async (path: string, rows: 'tasks' | 'answers', whilePaging?: () => Promise<unknown>) => {
    const ids: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const { status, body } = await ask(served, 'GET', `${path}${query}`)
      assert.equal(status, 200)
      assert.ok(body[rows].length <= 5 && body[rows].length > 0)
      ids.push(...body[rows].map(({ task_id }: { task_id: string }) => task_id))
      cursor = body.cursor
      await whilePaging?.()
    }
    return ids
  }
  const answered = asked.filter((_, i) => (11 - i) % 3 !== 0)
  assert.deepEqual(await pages('/api/answers?limit=5', 'answers'), answered)
  assert.deepEqual(await pages('/api/tasks?limit=5&status=converged', 'tasks'), answered)
  let more = 0
  const askMore = () => submit(served, { task: `${QUESTION} More: ${more++}` })
  assert.deepEqual(await pages('/api/tasks?limit=5', 'tasks', askMore), asked)
  for (const path of ['/api/tasks', '/api/answers'])
    assert.equal((await ask(served, 'GET', `${path}?cursor=x`)).body.code, 'CURSOR_INVALID')
})

test('answers, convergence, resolution and cancelling say what is wrong with a request', async () => {
  await using served = await serve()
  const id = await submit(served)
  const unknown = idOf(1)
  const wrong: readonly (readonly ['GET' | 'POST', string, object | undefined, string])[] = [
    ['GET', '/api/answers?limit=101', undefined, 'REQUEST_INVALID'],
    ['GET', '/api/answers?status=open', undefined, 'REQUEST_INVALID'],
    ['GET', '/api/convergence?limit=0', undefined, 'REQUEST_INVALID'],
    ['GET', '/api/quantum?limit=0', undefined, 'REQUEST_INVALID'],
    ['GET', '/api/quantum?status=open', undefined, 'REQUEST_INVALID'],
    ['GET', '/api/quantum?task=x', undefined, 'ID_INVALID'],
    ['GET', `/api/quantum?task=${unknown}`, undefined, 'TASK_NOT_FOUND'],
    ['GET', '/api/quantum?cursor=x', undefined, 'CURSOR_INVALID'],
    ['POST', `/api/task/${id}/resolution`, {}, 'REQUEST_INVALID'],
    ['POST', `/api/task/${id}/resolution`, { verdict: 'corrected' }, 'REQUEST_INVALID'],
    ['POST', `/api/task/${id}/resolution`, { verdict: 'right', correction: 'x' }, 'REQUEST_INVALID'],
    [
      'POST',
      `/api/task/${id}/resolution`,
      { verdict: 'corrected', correction: 'x'.repeat(bounds.ANSWER_CHARS_MAX + 1) },
      'REQUEST_INVALID',
    ],
    ['POST', `/api/task/${id}/cancel?why=so`, undefined, 'REQUEST_INVALID'],
    ['GET', `/api/task/${id}/events?since=1`, undefined, 'REQUEST_INVALID'],
    ['GET', '/api/task/x/events', undefined, 'ID_INVALID'],
    ['GET', `/api/task/${unknown}/events`, undefined, 'TASK_NOT_FOUND'],
  ]
  for (const [method, url, body, code] of wrong) {
    const reply = await ask(served, method, url, body)
    assert.equal(reply.body.code, code, `${method} ${url} ${JSON.stringify(body)?.slice(0, 60)}`)
    assert.ok(reply.status >= 400 && reply.status < 500)
  }
  assert.equal((await ask(served, 'GET', '/api/answers')).status, 200)
  assert.equal((await ask(served, 'GET', `/api/convergence?task=${id}`)).status, 200)
  assert.equal((await ask(served, 'GET', `/api/quantum?task=${id}`)).status, 200)
})

test('where a token is required, nothing of a task is served without one', async () => {
  await using served = await serve({ tokenRequired: true })
  const accepted = await served.spore.submitTask({ task: QUESTION })
  assert.ok(accepted.ok)
  const path = `/api/task/${accepted.value.task_id}`
  const routes = [
    ['GET', path],
    ['GET', `${path}/events`],
    ['POST', `${path}/resolution`],
    ['POST', `${path}/cancel`],
    ['POST', '/api/task'],
    ['GET', '/api/tasks'],
    ['GET', '/api/answers'],
    ['GET', '/api/convergence'],
    ['GET', '/api/quantum'],
  ] as const
  for (const [method, url] of routes) {
    const { status, body } = await ask(served, method, url)
    assert.deepEqual([status, body.code], [401, 'TOKEN_MISSING'], `${method} ${url}`)
  }
})

/** The events of a task as they come in; each `next` waits for one. */
async function openEvents(served: Served, id: string) {
  const abort = new AbortController()
  const reply = await fetch(`${served.url}/api/task/${id}/events`, { signal: abort.signal })
  async function* read(): AsyncGenerator<TaskEvent & { readonly name: string }> {
    let text = ''
    for await (const part of reply.body!.pipeThrough(new TextDecoderStream())) {
      text += part
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? []
        text = text.slice(end + 2)
        if (data) yield { ...taskEventSchema.parse(JSON.parse(data)), name: name! }
      }
    }
  }
  const events = read()
  return { reply, next: async () => (await events.next()).value, close: () => abort.abort() }
}

async function listenHeld(): Promise<{ served: Served; held: HeldTasks }> {
  let held: HeldTasks | undefined
  const served = await listen({ eventStallMs: 200 }, (spore) => {
    held = holdTasks(spore)
    return held.spore
  })
  return { served, held: held! }
}

test('the events of a task come as they happen, and the stream ends behind the last', async () => {
  const { served, held } = await listenHeld()
  await using _served = served
  await served.spore.remember({ text: 'The capital of Bhutan is Thimphu.' })
  const id = await submit(served)
  const events = await openEvents(served, id)
  assert.equal(events.reply.headers.get('content-type'), 'text/event-stream')
  const first = await events.next()
  assert.ok(first?.type === 'task' && first.task.status === 'open')
  const steps: TaskEvent[] = [
    { type: 'phase', phase: 'reveal', round: 0 },
    { type: 'seal', author: served.spore.did, round: 0 },
    { type: 'contribution', contribution: contribution(1) },
    { type: 'review', review: review(1) },
  ]
  for (const step of steps) {
    held.tell(id, step)
    assert.deepEqual(await events.next(), { ...step, name: step.type })
  }
  await held.end(id)
  const last = await events.next()
  assert.ok(last?.type === 'done' && last.name === 'done')
  assert.match(last.task.answer ?? '', /Thimphu/)
  assert.equal(await events.next(), undefined)

  const late = await openEvents(served, id)
  const told = [await late.next(), await late.next()].flatMap((event) => (event ? [event.type] : []))
  assert.equal(told.at(-1), 'done')
})

test('a task that is cancelled ends its stream, and is shown so', async () => {
  const { served } = await listenHeld()
  await using _served = served
  const id = await submit(served)
  const events = await openEvents(served, id)
  await events.next()
  const { status, body } = await ask(served, 'POST', `/api/task/${id}/cancel`)
  assert.deepEqual([status, taskSchema.parse(body).status], [200, 'cancelled'])
  const last = await events.next()
  assert.ok(last?.type === 'done' && last.task.status === 'cancelled')
  assert.equal(await events.next(), undefined)
})

test('streams of tasks and of changes share one bound, and a closed one makes room', async () => {
  const { served, held } = await listenHeld()
  await using _served = served
  const id = await submit(served)
  const changes = await fetch(`${served.url}/api/events`)
  const streams = await Promise.all(
    Array.from({ length: EVENT_STREAMS_MAX - 1 }, () => openEvents(served, id)),
  )
  assert.ok(streams.every(({ reply }) => reply.status === 200))
  for (const path of [`/api/task/${id}/events`, '/api/events']) {
    const refused = await fetch(served.url + path)
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '5'])
    assert.equal(((await refused.json()) as { code: string }).code, 'OVERLOADED')
  }
  await held.streams(EVENT_STREAMS_MAX - 1)
  streams[0]?.close()
  for (;;) {
    const again = await fetch(`${served.url}/api/task/${id}/events`)
    if (again.status === 200) break
    await again.text()
  }
  await changes.body?.cancel()
})

test('whoever goes, stops to read, or is there when the server closes, leaves no stream behind', async () => {
  const { served, held } = await listenHeld()
  await using _served = served
  const id = await submit(served)
  const gone = await openEvents(served, id)
  await gone.next()
  gone.close()
  const socket = connect(Number(new URL(served.url).port), '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(`GET /api/task/${id}/events HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  await held.streams(2)
  await once(socket, 'readable')
  // Buffers of the kernel take some megabytes before that of the stream begins to fill.
  const text = 'x'.repeat(bounds.ANSWER_CHARS_MAX)
  for (let place = 0; held.open > 0; place++) {
    held.tell(id, { type: 'contribution', contribution: contribution(place, { text }) })
    await new Promise((turn) => setImmediate(turn))
  }
  const stays = await openEvents(served, await submit(served, { task: 'And of Nepal?' }))
  await stays.next()
  await served.app.close()
  await stays.next().catch(() => {})
  assert.equal(held.open, 0)
  socket.destroy()
})
