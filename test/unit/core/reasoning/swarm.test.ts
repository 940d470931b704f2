/** Spores that reason together, over a loopback network and on one clock: real prompts, router and budget, scripted models. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TaskInput, TaskView } from '../../../../src/core/protocol/api.ts'
import { createMind, type MindOptions } from '../../../../src/sim/model.ts'
import { createLoopback, type Loopback, type Member } from '../../../support/loopback.ts'

const mind = (name: string, answer: string, more: Partial<MindOptions> = {}) => ({
  models: (clock: Parameters<typeof createMind>[1]['clock']) => [
    createMind(
      { name: `test/${name}`, family: name, delayMs: 100, think: () => ({ answer }), ...more },
      { clock },
    ),
  ],
})

async function ask(member: Member, input: TaskInput): Promise<string> {
  const asked = await member.spore.submitTask(input)
  assert.ok(asked.ok, JSON.stringify(asked))
  return asked.value.task_id
}

async function look(member: Member, id: string): Promise<TaskView> {
  const found = await member.spore.task(id)
  assert.ok(found.ok, JSON.stringify(found))
  return found.value
}

/** A mesh of spores that know one another, as their operators configured it. */
async function mesh(
  network: Loopback,
  names: readonly string[],
  options: (name: string) => object,
): Promise<Member[]> {
  const members: Member[] = []
  const seeds: string[] = []
  for (const name of names) {
    members.push(await network.open(name, { seeds: [...seeds], ...options(name) }))
    seeds.push(`https://${name}.test`)
  }
  for (const member of members)
    for (const seed of seeds) if (seed !== member.url) await member.spore.addPeer(seed)
  await network.clock.advance(30_000)
  return members
}

describe('one spore', () => {
  test('asks each family of its models, and the answer of most is the answer', async () => {
    await using network = createLoopback('one')
    const models = (clock: never) =>
      ['ann', 'bob', 'cid'].map((name, i) =>
        createMind(
          { name: `test/${name}`, family: name, think: () => ({ answer: i === 2 ? 'Lyon' : 'Paris.' }) },
          { clock },
        ),
      )
    const ada = await network.open('ada', { models: models as never })
    const id = await ask(ada, { task: 'What is the capital of France?', effort: 'quick' })
    await network.clock.advance(2_000)
    const task = await look(ada, id)
    assert.equal(task.status, 'converged')
    assert.equal(task.settlement?.conclusion, 'Paris.')
    assert.equal(task.contributions.length, 3)
    assert.ok(task.contributions.every(({ wasSealed }) => wasSealed))
    assert.deepEqual(
      task.settlement?.dissent.map(({ answer }) => answer),
      ['Lyon'],
    )
  })
})

describe('many spores', () => {
  test('answer together, and all show the same', async () => {
    await using network = createLoopback('many')
    const answers: Record<string, string> = { ada: 'b', bob: 'b', cid: 'b', dee: 'a', eve: 'c' }
    const members = await mesh(network, Object.keys(answers), (name) => mind(name, answers[name] as string))
    const id = await ask(members[0] as Member, {
      task: 'Which one?',
      choices: ['red', 'green', 'blue'],
      effort: 'quick',
      answers: 5,
      space: 'commons',
    })
    await network.clock.advance(10_000)
    for (const member of members) {
      const task = await look(member, id)
      assert.equal(task.status, 'converged', member.name)
      assert.equal(task.settlement?.conclusion, 'green', member.name)
      assert.equal(task.contributions.length, 5, member.name)
    }
  })
})
