/** What a task comes to, and what it costs, where models fail or others ask: real processes, a provider that goes wrong as real ones do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TaskInput } from '../../src/core/protocol/api.ts'
import { type ChatAnswer, say, sendAnswer, whole } from '../support/chat-server.ts'
import { temporaryFolder } from '../support/folder.ts'
import { ask, settled, startReasoners, submit, taskAt, until } from '../support/reasoners.ts'
import { health, join, startPeer } from './support/swarm.ts'

const RETRY = { 'retry-after': '1' }
/** Each model goes wrong in a way of its own. */
const FAULTS: Readonly<Record<string, ChatAnswer>> = {
  broken: sendAnswer(500, { error: { message: 'The answer is Oslo.' } }),
  busy: sendAnswer(429, { error: { message: 'The answer is Oslo.' } }, RETRY),
  refusing: sendAnswer(200, whole({ content: 'I cannot help with that.' })),
  html: sendAnswer(200, '<html>The answer is Oslo.</html>', { 'content-type': 'text/html' }),
  empty: say(''),
}

test('models that all go wrong make no answer, and finish what is still open when they are back', {
  timeout: 120_000,
}, async () => {
  let isDown = true
  await using field = await startReasoners({
    models: ['broken,busy,refusing,html,empty', 'granite'],
    think: ({ model }) => (isDown ? (FAULTS[model] ?? sendAnswer(503, {})) : { answer: 'Oslo' }),
  })
  const asker = field.at(0)
  await ask(asker, '/api/memory', { text: 'The heron nests above the old mill.', space: 'commons' })
  const common = { effort: 'standard', space: 'commons' } as const
  const [chosen, open, lasting] = (await Promise.all([
    submit(asker, { ...common, task: 'Capital of Norway?', choices: ['Oslo', 'Bergen'], deadline: 4 }),
    submit(asker, { ...common, task: 'Where does the heron nest?', deadline: 4 }),
    submit(asker, { ...common, task: 'Capital of Norway, in the end?', deadline: 60 }),
  ])) as [string, string, string]
  // Meanwhile memory serves on.
  await ask(asker, '/api/memory', { text: 'The otter lives below the bridge.' })
  const { hits } = await ask<{ hits: unknown[] }>(asker, '/api/memory/search?q=otter')
  assert.equal(hits.length, 1)

  const failed = await settled(asker, chosen)
  assert.deepEqual([failed.status, failed.answer, failed.settlement], ['failed', null, null])
  assert.ok(failed.reason)
  const quoted = await settled(asker, open)
  assert.equal(quoted.answer, 'The heron nests above the old mill. [1]')
  assert.ok(quoted.degraded && quoted.degradedBecause.some((why) => why.startsWith('no model')))
  for (const task of [failed, quoted]) {
    assert.ok(!JSON.stringify(task).includes('Oslo.'), 'an error text is nobody’s answer')
    assert.ok(
      task.degradedBecause.some((why) => why.includes('MODEL_')),
      task.degradedBecause.join(),
    )
  }
  const { models } = await health(asker)
  // That it would not answer one question says nothing of how it does.
  for (const { name, problem } of models?.models ?? [])
    assert.equal(problem === null, name === 'local/refusing', name)

  isDown = false
  const finished = await settled(asker, lasting)
  assert.equal(finished.status, 'converged')
  assert.equal(finished.settlement?.conclusion, 'Oslo')
  assert.equal((await settled(field.at(1), lasting)).answeredAt, finished.answeredAt)
})

/** Calls a day that the operator lets his own agents make. */
const CALLS = 12
const TASKS = 100

test('a paid model works for nobody else, and for its operator no more than he said, also over a kill', {
  timeout: 120_000,
}, async () => {
  await using field = await startReasoners({
    models: ['llama', null],
    think: () => ({ answer: 'Oslo' }),
    env: {
      SPORE_MODELS_PRICES: 'local/llama=1/2',
      SPORE_MODELS_CALLS_PER_DAY: String(CALLS),
      SPORE_SERVE: 'all',
    },
  })
  const [payer, guest] = [field.at(0), field.at(1)]
  const question = (task: string): TaskInput => ({ task, effort: 'quick', space: 'commons', deadline: 2 })
  const foreign = await Promise.all(
    Array.from({ length: 20 }, (_, i) => submit(guest, question(`What of ${i}?`))),
  )
  for (const id of foreign) assert.equal((await settled(guest, id)).status, 'failed')
  await until('the last of them', () => taskAt(payer, foreign.at(-1) as string))
  assert.equal(field.minds.requests.length, 0)

  field.minds.delayMs = 300
  const submitAll = (name: string) =>
    Promise.allSettled(
      Array.from({ length: TASKS }, (_, i) =>
        submit(field.at(0), { ...question(`${name}: what of ${i}?`), deadline: 30 }),
      ),
    )
  const asking = submitAll('own')
  await field.minds.next('request')
  await field.kill(0)
  await asking
  await field.restart(0)
  await submitAll('again')
  const ids = (await submitAll('again')).flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  assert.equal(ids.length, TASKS)
  const tasks = await Promise.all(ids.map((id) => settled(field.at(0), id)))
  const spent = tasks.filter(({ degradedBecause }) => degradedBecause.join().includes('BUDGET_SPENT'))
  assert.ok(spent.length >= TASKS - CALLS, `${spent.length}`)
  const calls = field.minds.requests.length
  assert.ok(calls > 0 && calls <= CALLS + 1, `${calls} calls`)
})

test('a model works for peers that its operator configured, and for no stranger', {
  timeout: 120_000,
}, async () => {
  await using field = await startReasoners({ models: ['llama', null], think: () => ({ answer: 'Oslo' }) })
  using folder = temporaryFolder()
  await using stranger = await startPeer({ home: folder.path })
  const [owner, friend] = [field.at(0), field.at(1)]
  await join(stranger, owner.url)
  const question = (task: string): TaskInput => ({ task, effort: 'quick', space: 'commons', deadline: 2 })
  const ids = await Promise.all(
    Array.from({ length: 20 }, (_, i) => submit(stranger, question(`What of ${i}?`))),
  )
  for (const id of ids) await until('a task of the stranger', () => taskAt(owner, id))
  for (const id of ids) assert.equal((await settled(stranger, id)).status, 'failed')
  assert.equal(field.minds.requests.length, 0)
  const id = await submit(friend, question('And what of this?'))
  assert.equal((await settled(friend, id)).answer, 'Oslo')
  assert.equal(field.minds.requests.length, 1)
})
