/** Real processes: who turns out right is asked first, and when he is killed the next best is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, settled, startReasoners, submit } from '../support/reasoners.ts'

const CHOICES = ['red', 'green', 'blue', 'none of them']
/** Questions after which all three are known, and after which a killed one must have been noticed. */
const LEARNT = 12
const NOTICED = 10

test('of three spores the one that is right is preferred, and its backup once it is killed', async () => {
  // `llama` is always right, `gemma` every other time, `qwen` never.
  const knows = (model: string, question: number): boolean =>
    model === 'llama' || (model === 'gemma' && question % 2 === 0)
  await using field = await startReasoners({
    think({ model, text }) {
      const question = Number(/Question (\d+)/.exec(text)?.[1])
      return { answer: knows(model, question) ? 'B' : 'C' }
    },
    models: [null, 'llama', 'gemma', 'qwen'],
    env: { SPORE_ASK: 'preferred' },
  })
  const asker = field.at(0)
  const modelOf = (did: string | undefined): string | null =>
    field.models[field.spores.findIndex((spore) => spore.did === did)] ?? null
  let asked = 0
  const askOne = async () => {
    const question = asked++
    const input = { task: `Question ${question}: which colour?`, choices: CHOICES, roles: ['brain' as const] }
    const id = await submit(asker, { ...input, effort: 'quick', answers: 1, space: 'commons' })
    const task = await settled(asker, id)
    assert.equal(task.status, 'converged')
    const isRight = task.settlement?.conclusion === 'green'
    await ask(asker, `/api/task/${id}/resolution`, {
      ...(isRight ? { verdict: 'right' } : { verdict: 'corrected', correction: 'green' }),
    })
    return {
      first: modelOf(task.called[0]),
      isRight,
      answers: task.contributions.length,
      called: task.called,
    }
  }
  while (asked < LEARNT) await askOne()
  const learnt = await askOne()
  assert.deepEqual([learnt.first, learnt.isRight], ['llama', true])
  assert.ok(
    learnt.called.every((did) => modelOf(did) !== null),
    'only spores with models are called',
  )

  await field.kill(1)
  let after = await askOne()
  for (let i = 1; after.first !== 'gemma'; i++) {
    assert.ok(i < NOTICED, 'the killed one is still preferred')
    after = await askOne()
  }
  assert.equal((await askOne()).first, 'gemma')
})
