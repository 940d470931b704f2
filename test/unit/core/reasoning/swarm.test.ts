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

describe('what happens to a task meanwhile', () => {
  const openAt = async ({ spore }: Member): Promise<number> => {
    const found = await spore.convergence({ limit: 1 })
    assert.ok(found.ok)
    return found.value.open
  }
  /** One that answers at once, and one that takes its time. */
  const quickAndSlow = (slowMs: number) => ({
    models: (clock: Parameters<typeof createMind>[1]['clock']) => [
      createMind({ name: 'test/ann', family: 'ann', think: () => ({ answer: 'Paris' }) }, { clock }),
      createMind(
        { name: 'test/bob', family: 'bob', delayMs: slowMs, think: () => ({ answer: 'Lyon' }) },
        { clock },
      ),
    ],
  })
  const question = { task: 'What is the capital of France?', effort: 'quick', deadline: 20 } as const

  test('nobody works on one that was withdrawn, what it had sealed or not', async () => {
    await using network = createLoopback('withdrawn')
    const ada = await network.open('ada', quickAndSlow(60_000))
    const id = await ask(ada, question)
    await network.clock.advance(1_000)
    assert.equal((await look(ada, id)).seals, 1)
    const withdrawn = await ada.spore.cancelTask(id)
    assert.ok(withdrawn.ok && withdrawn.value.status === 'cancelled')
    assert.equal(await openAt(ada), 0)
  })

  test('an answer that comes when the others are shown is not sealed any more', async () => {
    await using network = createLoopback('late')
    const ada = await network.open('ada', quickAndSlow(10_500))
    const id = await ask(ada, question)
    await network.clock.advance(30_000)
    const task = await look(ada, id)
    assert.equal(task.status, 'converged')
    assert.equal(task.seals, 1)
    assert.deepEqual(
      task.contributions.map(({ text }) => text),
      ['Paris'],
    )
  })

  test('what was sealed before a restart is shown after it, and not thought again', async () => {
    await using network = createLoopback('restart')
    let calls = 0
    const models = (clock: Parameters<typeof createMind>[1]['clock']) => [
      createMind(
        { name: 'test/ann', family: 'ann', think: () => ({ answer: `Paris ${calls++}` }) },
        { clock },
      ),
    ]
    const ada = await network.open('ada', { models })
    const id = await ask(ada, { ...question, answers: 2 })
    await network.clock.advance(1_000)
    assert.deepEqual([calls, (await look(ada, id)).contributions.length], [1, 0])
    await ada.close()
    const again = await network.open('ada', { models, store: ada.store })
    await network.clock.advance(30_000)
    const task = await look(again, id)
    assert.equal(task.settlement?.conclusion, 'Paris 0')
    assert.deepEqual([calls, task.seals], [1, 1])
  })
})

describe('a spore that starts again in a later round', () => {
  test('shows what it had sealed there, and comes to an end', async () => {
    await using network = createLoopback('later')
    const models = (clock: Parameters<typeof createMind>[1]['clock']) =>
      ['ann', 'bob'].map((family) =>
        createMind(
          {
            name: `test/${family}`,
            family,
            think: ({ step }) => ({
              answer: family === 'ann' ? 'Paris' : 'Lyon',
              delayMs: step === 'revise' && family === 'bob' ? 15_000 : 0,
            }),
          },
          { clock },
        ),
      )
    const ada = await network.open('ada', { models })
    const id = await ask(ada, { task: 'What is the capital of France?', deadline: 60 })
    await network.clock.advance(5_000)
    const before = await look(ada, id)
    assert.deepEqual([before.phase, before.round, before.seals], ['converge', 1, 3])
    await ada.close()
    const again = await network.open('ada', { models, store: ada.store })
    await network.clock.advance(90_000)
    const task = await look(again, id)
    assert.equal(task.status, 'converged')
    assert.equal(task.seals, task.contributions.length)
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
