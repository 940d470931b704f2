/** Spores that reason together, over a loopback network and on one clock: real prompts, router and budget, scripted models. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TaskInput, TaskView } from '../../../../src/core/protocol/api.ts'
import { OPEN_FOREIGN_MAX, OPEN_MAX } from '../../../../src/core/reasoning/swarm.ts'
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

describe('rounds', () => {
  test('answers that differ are reviewed without names, and revised once', async () => {
    await using network = createLoopback('rounds')
    const opinions: Record<string, string> = { ada: '12', bob: '12', cid: '14' }
    const members = await mesh(network, Object.keys(opinions), (name) =>
      mind(name, '', {
        think: ({ step, text }) => {
          if (step === 'review') assert.ok(!members.some(({ did }) => text.includes(did)), 'no names')
          return {
            answer: step === 'revise' ? '12' : (opinions[name] as string),
            reason: `${name} thinks so`,
          }
        },
      }),
    )
    const id = await ask(members[0] as Member, { task: 'How many months?', answers: 3, space: 'commons' })
    await network.clock.advance(60_000)
    for (const member of members) {
      const task = await look(member, id)
      assert.equal(task.status, 'converged', member.name)
      assert.equal(task.settlement?.conclusion, '12')
      assert.deepEqual(
        [...new Set(task.contributions.map(({ round }) => round))],
        [0, 1],
        'both answers are kept',
      )
      assert.equal(task.reviews.length, 3)
      assert.ok(
        task.reviews.every(({ ranking }) => ranking.length === 2),
        'the own answer is left out',
      )
      assert.equal(task.agreement.length, 2)
    }
  })

  test('first answers that agree are doubted once', async () => {
    await using network = createLoopback('doubted')
    const members = await mesh(network, ['ada', 'bob', 'cid'], (name) => mind(name, 'yes'))
    const id = await ask(members[0] as Member, { task: 'Is it so?', answers: 3, space: 'commons' })
    await network.clock.advance(60_000)
    const task = await look(members[1] as Member, id)
    assert.equal(task.status, 'converged')
    const second = task.contributions.filter(({ round }) => round === 1)
    assert.equal(second.length, 3)
    assert.ok(second.every(({ role }) => role === 'adversarial'))
    assert.equal(task.reviews.length, 0)
  })
})

describe('an asker that is gone', () => {
  test('is stood in for by a contributor, and there is one accepted synthesis everywhere', async () => {
    await using network = createLoopback('gone')
    const names = ['ada', 'bob', 'cid', 'dee']
    const members = await mesh(network, names, (name) => mind(name, 'seven', { delayMs: 3_000 }))
    const [ada, ...others] = members as [Member, ...Member[]]
    const id = await ask(ada, {
      task: 'How many?',
      effort: 'quick',
      deadline: 20,
      answers: 4,
      space: 'commons',
    })
    await network.clock.advance(1_500)
    const { store } = ada
    await ada.close()
    await network.clock.advance(60_000)
    const answered = await Promise.all(others.map((member) => look(member, id)))
    for (const task of answered) {
      assert.equal(task.status, 'converged')
      assert.equal(task.settlement?.conclusion, 'seven')
    }
    assert.equal(new Set(answered.map(({ settlement }) => settlement?.synthesizer)).size, 1)
    assert.ok(others.some(({ did }) => did === answered[0]?.settlement?.synthesizer))
    const back = await network.open('ada', {
      store,
      seeds: others.map(({ url }) => url),
      ...mind('ada', 'eight'),
    })
    await network.clock.advance(60_000)
    for (const member of [back, ...others])
      assert.equal((await look(member, id)).answeredAt, answered[0]?.answeredAt, member.name)
  })
})

describe('an asker that is cut off', () => {
  test('says in vain that nobody answered: what the others came to stands everywhere', async () => {
    await using network = createLoopback('cut off')
    const members = await mesh(network, ['ada', 'bob', 'cid'], (name) =>
      name === 'ada'
        ? mind(name, '', { think: () => ({ code: 'MODEL_FAILED' }) })
        : mind(name, 'seven', { delayMs: 3_000 }),
    )
    const [ada, ...others] = members as [Member, ...Member[]]
    const id = await ask(ada, { task: 'How many?', effort: 'quick', deadline: 20, space: 'commons' })
    await network.clock.advance(1_500)
    network.lose = (from, { base }) => from === ada.name || base === ada.url
    await network.clock.advance(60_000)
    assert.equal((await look(ada, id)).status, 'failed')
    for (const member of others) assert.equal((await look(member, id)).answer, 'seven', member.name)
    network.lose = null
    await network.clock.advance(10 * 60_000)
    const [first, ...more] = await Promise.all(members.map((member) => look(member, id)))
    assert.equal(first?.answer, 'seven')
    for (const task of more) assert.equal(task.answeredAt, first?.answeredAt)
  })
})

describe('models that are down', () => {
  test('make no answer of their own: the task fails, or quotes what is remembered, and says so', async () => {
    await using network = createLoopback('down')
    const ada = await network.open('ada', mind('ada', '', { think: () => ({ code: 'MODEL_FAILED' }) }))
    const id = await ask(ada, { task: 'What is the boiling point of water?', effort: 'quick', deadline: 30 })
    await network.clock.advance(10_000)
    assert.equal((await look(ada, id)).status, 'open', 'they may be back')
    await network.clock.advance(25_000)
    const failed = await look(ada, id)
    assert.equal(failed.status, 'failed')
    assert.equal(failed.answer, null)
    assert.ok(
      failed.degradedBecause.includes('own models failed: MODEL_FAILED'),
      JSON.stringify(failed.degradedBecause),
    )
    await ada.spore.remember({ text: 'Water has a boiling point of 100 degrees at sea level.' })
    const again = await ask(ada, {
      task: 'What is the boiling point of water?',
      effort: 'quick',
      deadline: 30,
    })
    assert.equal(again, id, 'the same question is the same task')
    await network.clock.advance(40_000)
    const quoted = await look(ada, id)
    assert.equal(quoted.attempt, 1)
    assert.equal(quoted.status, 'converged')
    assert.equal(quoted.sources.length, 1)
    assert.ok(quoted.degraded)
  })

  test('are asked again when they are back: what they left open is answered', async () => {
    await using network = createLoopback('backlog')
    let isDown = true
    const think = () => (isDown ? ({ code: 'MODEL_FAILED' } as const) : { answer: 'four' })
    const ada = await network.open('ada', mind('ada', '', { think }))
    const id = await ask(ada, { task: 'Two and two?', effort: 'quick', deadline: 10 })
    await network.clock.advance(10 * 60_000)
    assert.equal((await look(ada, id)).status, 'failed')
    isDown = false
    const { store } = ada
    await ada.close()
    const back = await network.open('ada', { store, ...mind('ada', '', { think }) })
    await network.clock.advance(20 * 60_000)
    const task = await look(back, id)
    assert.equal(task.answer, 'four')
    assert.equal(task.attempt, 1)
  })

  test('finish the task when they are back before its deadline', async () => {
    await using network = createLoopback('back')
    let isDown = true
    const think = () => (isDown ? ({ code: 'MODEL_BUSY' } as const) : { answer: 'four' })
    const ada = await network.open('ada', mind('ada', '', { think }))
    const id = await ask(ada, { task: 'Two and two?', effort: 'quick', deadline: 600 })
    await network.clock.advance(60_000)
    isDown = false
    await network.clock.advance(300_000)
    const task = await look(ada, id)
    assert.equal(task.status, 'converged')
    assert.equal(task.answer, 'four')
    assert.equal(task.degradedBecause.length, 0)
  })
})

describe('the same question', () => {
  test('asked by two is one task with two askers, answered once', async () => {
    await using network = createLoopback('twice')
    const [ada, bob] = (await mesh(network, ['ada', 'bob'], (name) => mind(name, 'blue'))) as [Member, Member]
    const input = { task: 'Which colour?', effort: 'quick', space: 'commons', answers: 2 } as const
    const [first, second] = await Promise.all([ask(ada, input), ask(bob, input)])
    assert.equal(first, second)
    await network.clock.advance(20_000)
    const views = await Promise.all([ada, bob].map((member) => look(member, first)))
    assert.deepEqual(new Set(views[0]?.askers), new Set([ada.did, bob.did]))
    assert.equal(views[0]?.settlement?.synthesizer, views[1]?.settlement?.synthesizer)
    assert.equal(await ask(ada, input), first, 'answered is answered')
    assert.equal((await look(ada, first)).attempt, 0)
    assert.equal(await ask(ada, { ...input, fresh: true }), first)
    await network.clock.advance(20_000)
    assert.equal((await look(ada, first)).attempt, 1)
  })
})

describe('cancelling and judging', () => {
  test('who asked may withdraw; the others stop, and nobody else may', async () => {
    await using network = createLoopback('cancel')
    const [ada, bob] = (await mesh(network, ['ada', 'bob'], (name) =>
      mind(name, 'x', { delayMs: 5_000 }),
    )) as [Member, Member]
    const id = await ask(ada, { task: 'Stop?', space: 'commons' })
    await network.clock.advance(1_000)
    const foreign = await bob.spore.cancelTask(id)
    assert.equal(!foreign.ok && foreign.error.code, 'TASK_FOREIGN')
    const cancelled = await ada.spore.cancelTask(id)
    assert.equal(cancelled.ok && cancelled.value.status, 'cancelled')
    await network.clock.advance(30_000)
    assert.equal((await look(bob, id)).status, 'cancelled')
    assert.equal((await look(bob, id)).contributions.length, 0)
    const twice = await ada.spore.cancelTask(id)
    assert.equal(!twice.ok && twice.error.code, 'TASK_DONE')
    await ask(ada, { task: 'Stop?', space: 'commons' })
    await network.clock.advance(60_000)
    assert.equal((await look(ada, id)).status, 'converged', 'asked again it is answered')
  })

  test('the latest verdict counts, and a contributor that was right outweighs two that were wrong', async () => {
    await using network = createLoopback('judge')
    const choices = ['red', 'green', 'blue', 'black']
    const answers: Record<string, (n: number) => string> = {
      ada: () => 'd',
      bob: (n) => 'abc'[n % 3] as string,
      cid: () => 'd',
    }
    let question = 0
    const members = await mesh(network, Object.keys(answers), (name) =>
      mind(name, '', { think: () => ({ answer: (answers[name] as (n: number) => string)(question) }) }),
    )
    const [ada] = members as [Member]
    for (question = 0; question < 12; question++) {
      const id = await ask(ada, {
        task: `Question ${question}?`,
        choices,
        effort: 'quick',
        answers: 3,
        space: 'commons',
      })
      const early = await ada.spore.resolveTask(id, { verdict: 'right' })
      assert.equal(!early.ok && early.error.code, 'TASK_OPEN')
      await network.clock.advance(5_000)
      await ada.spore.resolveTask(id, { verdict: 'wrong' })
      const judged = await ada.spore.resolveTask(id, {
        verdict: 'corrected',
        correction: choices[question % 3] as string,
      })
      assert.equal(judged.ok && judged.value.resolution?.correction, choices[question % 3])
    }
    const id = await ask(ada, {
      task: 'The last one?',
      choices,
      effort: 'quick',
      answers: 3,
      space: 'commons',
    })
    await network.clock.advance(5_000)
    const task = await look(ada, id)
    assert.equal(task.settlement?.conclusion, choices[question % 3])
    assert.equal(task.settlement?.dissent[0]?.authors.length, 2)
  })
})

test('what was purged is no example for a later question', async () => {
  await using network = createLoopback('purged')
  const prompts: string[] = []
  const think: MindOptions['think'] = ({ text }) => {
    prompts.push(text)
    return { answer: 'the Seine' }
  }
  const [ada, bob] = (await mesh(network, ['ada', 'bob'], () => mind('m', '', { think }))) as [Member, Member]
  await ask(bob, { task: 'Which river runs through Paris today?', effort: 'quick', space: 'commons' })
  await network.clock.advance(20_000)
  const again = async (task: string): Promise<string> => {
    prompts.length = 0
    await ask(ada, { task, effort: 'quick', space: 'commons' })
    await network.clock.advance(20_000)
    return prompts.join()
  }
  assert.match(await again('Which river runs through Paris, and which way?'), /through Paris today/)
  assert.ok((await ada.spore.purgeAuthor({ author: bob.did })).ok)
  assert.ok((await bob.spore.purgeAuthor({ author: bob.did })).ok)
  assert.doesNotMatch(await again('Which river runs through Paris at night?'), /through Paris today/)
})

describe('bounds', () => {
  test('so many tasks are open at a time, and with one more none is asked', async () => {
    await using network = createLoopback('open')
    const ada = await network.open('ada', mind('ada', 'x', { delayMs: 1_000_000 }))
    const ids = await Promise.all(
      Array.from({ length: OPEN_MAX }, (_, i) => ask(ada, { task: `Question ${i}?`, effort: 'quick' })),
    )
    const more = await ada.spore.submitTask({ task: 'One more?', effort: 'quick' })
    assert.equal(!more.ok && more.error.code, 'TASK_FULL')
    const cancelled = await ada.spore.cancelTask(ids[0] as string)
    assert.ok(cancelled.ok)
    await ask(ada, { task: 'One more?', effort: 'quick' })
  })

  test('of others so many are worked on, and with one more that is left alone; own ones still are', async () => {
    await using network = createLoopback('open of others')
    const [ada, bob] = (await mesh(network, ['ada', 'bob'], () => ({
      ...mind('m', 'x', { delayMs: 1_000_000 }),
      serve: 'all',
    }))) as [Member, Member]
    const open = async (member: Member) => {
      const found = await member.spore.convergence({ limit: 1 })
      return found.ok ? found.value.open : Number.NaN
    }
    const ask257 = Array.from({ length: OPEN_FOREIGN_MAX + 1 }, (_, i) =>
      ask(bob, { task: `Question ${i}?`, space: 'commons', deadline: 600 }),
    )
    await Promise.all(ask257)
    await network.clock.advance(60_000)
    assert.equal(await open(bob), OPEN_FOREIGN_MAX + 1)
    assert.equal(await open(ada), OPEN_FOREIGN_MAX)
    await ask(ada, { task: 'Mine?', deadline: 600 })
    assert.equal(await open(ada), OPEN_FOREIGN_MAX + 1)
    // What it works on for another is its own once it is asked here too.
    await ask(ada, { task: 'Question 0?', space: 'commons', deadline: 600 })
    assert.equal(await open(ada), OPEN_FOREIGN_MAX + 1)
    await ask(ada, { task: 'Mine as well?', deadline: 600 })
    assert.equal(await open(ada), OPEN_FOREIGN_MAX + 2)
  })
})
