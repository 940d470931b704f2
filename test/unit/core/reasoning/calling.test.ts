/** Who is asked to answer a task, and what becomes of it where these do not: spores on a loopback network and one clock. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { publicKeyToDid } from '../../../../src/core/identity/keys.ts'
import type { TaskInput, TaskView } from '../../../../src/core/protocol/api.ts'
import { createMind } from '../../../../src/sim/model.ts'
import { createLoopback, type Loopback, type Member } from '../../../support/loopback.ts'

const QUESTION = { task: 'Which one?', effort: 'quick', answers: 1, deadline: 20, space: 'commons' } as const

interface Field {
  readonly asker: Member
  readonly others: readonly Member[]
  /** Calls of a model, by name of the spore. */
  readonly calls: Map<string, number>
  /** Milliseconds that a spore's model takes, by name; 100 unless given. */
  readonly delayMs: Map<string, number>
}

/** An asker without models, and others with one each, who know one another. */
async function fieldOf(
  network: Loopback,
  names: readonly string[],
  ask: 'everyone' | 'preferred' = 'preferred',
): Promise<Field> {
  const calls = new Map<string, number>()
  const delayMs = new Map<string, number>()
  const members: Member[] = []
  for (const name of ['asker', ...names]) {
    const models = (clock: Parameters<typeof createMind>[1]['clock']) => [
      createMind(
        {
          name: `test/${name}`,
          family: name,
          think() {
            calls.set(name, (calls.get(name) ?? 0) + 1)
            return { answer: 'green', delayMs: delayMs.get(name) ?? 100 }
          },
        },
        { clock },
      ),
    ]
    const seeds = members.map(({ url }) => url)
    const more = name === 'asker' ? {} : { models, profile: { families: [name] } }
    members.push(await network.open(name, { seeds, ask, ...more }))
  }
  for (const member of members)
    for (const { url } of members) if (url !== member.url) await member.spore.addPeer(url)
  await network.clock.advance(30_000)
  const [asker, ...others] = members as [Member, ...Member[]]
  return { asker, others, calls, delayMs }
}

async function ask({ spore }: Member, input: TaskInput): Promise<string> {
  const asked = await spore.submitTask(input)
  assert.ok(asked.ok, JSON.stringify(asked))
  return asked.value.task_id
}

async function look({ spore }: Member, id: string): Promise<TaskView> {
  const found = await spore.task(id)
  assert.ok(found.ok, JSON.stringify(found))
  return found.value
}

/** Entries that a spore itself has written. */
async function writtenBy({ did, store }: Member): Promise<number> {
  let entries = 0
  for (const { publicKey, next } of await store.logs()) if (publicKeyToDid(publicKey) === did) entries += next
  return entries
}

const sumOf = (calls: ReadonlyMap<string, number>): number => [...calls.values()].reduce((a, b) => a + b, 0)
const nameOf = ({ others }: Field, did: string | undefined): string =>
  others.find((member) => member.did === did)?.name ?? ''

describe('with everyone', () => {
  test('all who serve answer, and nobody is called', async () => {
    await using network = createLoopback('everyone')
    const field = await fieldOf(network, ['ann', 'bob', 'cid'], 'everyone')
    const id = await ask(field.asker, QUESTION)
    await network.clock.advance(5_000)
    assert.deepEqual((await look(field.asker, id)).called, [])
    assert.equal(sumOf(field.calls), 3)
  })

  test('a caller may want the preferred ones for one task', async () => {
    await using network = createLoopback('for one task')
    const field = await fieldOf(network, ['ann', 'bob', 'cid', 'dee', 'eve'], 'everyone')
    const id = await ask(field.asker, { ...QUESTION, ask: 'preferred' })
    await network.clock.advance(5_000)
    const task = await look(field.asker, id)
    assert.ok(task.called.length > 0 && task.called.length < 5)
    assert.equal(sumOf(field.calls), task.called.length)
  })
})

describe('with preferred', () => {
  test('those who are called answer, and no other spends a call; all show whom', async () => {
    await using network = createLoopback('preferred')
    const field = await fieldOf(network, ['ann', 'bob', 'cid', 'dee'])
    let called = 0
    for (let i = 0; i < 8; i++) {
      const id = await ask(field.asker, { ...QUESTION, task: `Which one is number ${i}?` })
      await network.clock.advance(5_000)
      const task = await look(field.asker, id)
      assert.equal(task.status, 'converged')
      assert.deepEqual(
        task.contributions.map(({ author }) => author).sort(),
        [...task.called].sort(),
        'of all who were called there is an answer, and of nobody else',
      )
      for (const member of field.others) assert.deepEqual((await look(member, id)).called, task.called)
      called += task.called.length
    }
    assert.equal(sumOf(field.calls), called)
    assert.ok(called < 8 * 3, `${called} calls, 32 with everyone`)
  })

  test('as many are called as answers are wanted', async () => {
    await using network = createLoopback('as many')
    const field = await fieldOf(network, ['ann', 'bob', 'cid', 'dee'])
    const id = await ask(field.asker, { ...QUESTION, answers: 3 })
    await network.clock.advance(5_000)
    const task = await look(field.asker, id)
    assert.ok(task.called.length >= 3)
    assert.equal(task.contributions.length, task.called.length)
  })

  test('who is asked again and again is the fastest, where nothing else is known', async () => {
    await using network = createLoopback('fastest')
    const field = await fieldOf(network, ['ann', 'bob', 'cid'])
    field.delayMs.set('ann', 900).set('bob', 20).set('cid', 900)
    const firsts: string[] = []
    for (let i = 0; i < 12; i++) {
      const id = await ask(field.asker, { ...QUESTION, task: `Which one is number ${i}?` })
      await network.clock.advance(5_000)
      firsts.push(nameOf(field, (await look(field.asker, id)).called[0]))
    }
    assert.deepEqual(new Set(firsts.slice(-6)), new Set(['bob']), firsts.join(' '))
  })

  test('a second asker who wants everyone has everyone', async () => {
    await using network = createLoopback('second asker')
    const field = await fieldOf(network, ['ann', 'bob', 'cid', 'dee'])
    for (const { name } of field.others) field.delayMs.set(name, 4_000)
    const id = await ask(field.asker, QUESTION)
    await network.clock.advance(1_000)
    const [ann] = field.others as [Member]
    await ask(ann, { ...QUESTION, ask: 'everyone' })
    await network.clock.advance(10_000)
    assert.equal((await look(field.asker, id)).status, 'converged')
    assert.equal(field.calls.size, 4)
  })

  test('withdrawn and asked again, it is called for again', async () => {
    await using network = createLoopback('again')
    const field = await fieldOf(network, ['ann', 'bob', 'cid'])
    for (const { name } of field.others) field.delayMs.set(name, 3_000)
    const id = await ask(field.asker, QUESTION)
    await network.clock.advance(1_000)
    const withdrawn = await field.asker.spore.cancelTask(id)
    assert.ok(withdrawn.ok)
    assert.deepEqual(withdrawn.value.called, [])
    await ask(field.asker, QUESTION)
    await network.clock.advance(10_000)
    const task = await look(field.asker, id)
    assert.equal(task.status, 'converged')
    assert.ok(task.called.length > 0)
  })
})

describe('where those who are called do not answer', () => {
  test('a backup is called when they are late, long before half of the time is over', async () => {
    await using network = createLoopback('late')
    const field = await fieldOf(network, ['ann', 'bob', 'cid', 'dee', 'eve'])
    const id = await ask(field.asker, QUESTION)
    const { called } = await look(field.asker, id)
    assert.ok(called.length < 5)
    for (const did of called) field.delayMs.set(nameOf(field, did), 60_000)
    await network.clock.advance(9_000)
    const task = await look(field.asker, id)
    assert.equal(task.status, 'converged')
    assert.ok(task.called.length > called.length, 'somebody was called in their place')
  })

  test('who is only tried is not waited for long, once as many have answered as are wanted', async () => {
    await using network = createLoopback('only tried')
    const field = await fieldOf(network, ['ann', 'bob', 'cid', 'dee', 'eve'])
    const id = await ask(field.asker, QUESTION)
    const { called } = await look(field.asker, id)
    assert.ok(called.length > 1, 'nothing is known of anybody, so more are tried')
    for (const did of called.slice(1)) field.delayMs.set(nameOf(field, did), 60_000)
    await network.clock.advance(3_000)
    const task = await look(field.asker, id)
    assert.equal(task.status, 'converged')
    assert.deepEqual(
      task.contributions.map(({ author }) => author),
      called.slice(0, 1),
    )
    assert.deepEqual(task.called, called, 'nobody was called in their place')
  })

  test('where more answers are wanted than there are spores, nobody is called twice', async () => {
    await using network = createLoopback('more than there are')
    const field = await fieldOf(network, ['ann', 'bob'])
    const id = await ask(field.asker, { ...QUESTION, answers: 3 })
    const entries = await writtenBy(field.asker)
    await network.clock.advance(8_000)
    const task = await look(field.asker, id)
    assert.deepEqual([task.called.length, task.seals], [2, 2])
    assert.equal(await writtenBy(field.asker), entries, 'the asker waits and writes nothing')
  })

  test('who never answers is called behind those who do', async () => {
    await using network = createLoopback('never answers')
    const field = await fieldOf(network, ['ann', 'bob', 'cid'])
    field.delayMs.set('ann', 600_000)
    for (let i = 0; i < 8; i++) {
      await ask(field.asker, { ...QUESTION, task: `Which one is number ${i}?` })
      await network.clock.advance(15_000)
    }
    const id = await ask(field.asker, { ...QUESTION, answers: 2, task: 'Which one is the last?' })
    const { called } = await look(field.asker, id)
    assert.deepEqual(
      called
        .slice(0, 2)
        .map((did) => nameOf(field, did))
        .sort(),
      ['bob', 'cid'],
    )
  })

  test('a backup is called when one goes away', async () => {
    await using network = createLoopback('away')
    const field = await fieldOf(network, ['ann', 'bob', 'cid', 'dee', 'eve'])
    for (const { name } of field.others) field.delayMs.set(name, 600)
    const id = await ask(field.asker, { ...QUESTION, deadline: 600 })
    const { called } = await look(field.asker, id)
    await network.clock.advance(300)
    for (const member of field.others) if (called.includes(member.did)) await member.close()
    await network.clock.advance(100_000)
    const task = await look(field.asker, id)
    assert.equal(task.status, 'converged', 'before it is late')
    assert.ok(task.called.length > called.length)
  })

  test('others who serve take it up past half of the time, though the asker is gone', async () => {
    await using network = createLoopback('reserve')
    const field = await fieldOf(network, ['ann', 'bob', 'cid', 'dee', 'eve'])
    const id = await ask(field.asker, QUESTION)
    const { called } = await look(field.asker, id)
    assert.ok(called.length < 5)
    for (const did of called) field.delayMs.set(nameOf(field, did), 60_000)
    await network.clock.advance(1_000)
    await field.asker.close()
    await network.clock.advance(8_500)
    const [silent] = field.others.filter(({ did }) => !called.includes(did)) as [Member]
    assert.equal((await look(silent, id)).seals, 0, 'before half of the time they let the called ones answer')
    await network.clock.advance(20_000)
    const task = await look(silent, id)
    assert.equal(task.status, 'converged')
    assert.ok(task.contributions.every(({ author }) => !called.includes(author)))
  })
})
