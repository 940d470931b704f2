/** The quantum-inspired layer in whole spores: what models are told, what is opened again, and what is shown of it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { QuantumTask } from '../../../../src/core/protocol/api-quantum.ts'
import type { QuantumChanges } from '../../../../src/core/reasoning/synthesis/quantum-params.ts'
import { drawOf } from '../../../../src/core/reasoning/synthesis/tunnelling.ts'
import { type Asked, createMind, type Opinion, type Thought } from '../../../../src/sim/model.ts'
import { createLoopback, type Loopback, type Member } from '../../../support/loopback.ts'

const NAMES = ['ann', 'bob', 'cid', 'dee']
const CHOICES = ['north', 'east', 'south', 'west']

/** Spores with a model each, as their operators configured them; every request is kept. */
async function openSwarm(
  network: Loopback,
  think: (name: string, asked: Asked) => Thought,
  quantum: QuantumChanges = {},
): Promise<{ member: Member; members: readonly Member[]; asked: Asked[] }> {
  const asked: Asked[] = []
  const members: Member[] = []
  for (const name of NAMES) {
    const note = (request: Asked): Thought => {
      asked.push(request)
      return think(name, request)
    }
    const models = (clock: Parameters<typeof createMind>[1]['clock']) => [
      createMind({ name: `test/${name}`, family: name, delayMs: 10, think: note }, { clock }),
    ]
    members.push(await network.open(name, { models, quantum, seeds: members.map(({ url }) => url) }))
  }
  for (const one of members) for (const { url } of members) if (url !== one.url) await one.spore.addPeer(url)
  await network.clock.advance(30_000)
  return { member: members[0]!, members, asked }
}

async function settle(
  network: Loopback,
  { spore }: Member,
  task: string,
  effort: 'quick' | 'deep' = 'deep',
): Promise<QuantumTask> {
  const asked = await spore.submitTask({
    task,
    effort,
    choices: CHOICES,
    answers: NAMES.length,
    space: 'commons',
  })
  assert.ok(asked.ok)
  for (let i = 0; i < 100; i++) {
    await network.clock.advance(10_000)
    const found = await spore.task(asked.value.task_id)
    if (found.ok && found.value.status !== 'open') break
  }
  const found = await spore.quantum({ task: asked.value.task_id, limit: 1 })
  assert.ok(found.ok, JSON.stringify(found))
  return found.value.tasks[0]!
}

const temperatures = (asked: readonly Asked[], step: Asked['step']): (number | undefined)[] => [
  ...new Set(asked.filter((one) => one.step === step).map(({ request }) => request.temperature)),
]

describe('annealing', () => {
  /** Nobody ever agrees, so all rounds are used up. */
  const quarrel = (name: string): Opinion => ({
    answer: CHOICES[NAMES.indexOf(name)] as string,
    confidence: 60,
  })

  test('models answer hot in the first round, colder in each, and write at the coldest', async () => {
    await using network = createLoopback('annealing')
    const { member, asked } = await openSwarm(network, quarrel)
    const task = await settle(network, member, 'Where to?')
    assert.deepEqual(temperatures(asked, 'answer'), [1])
    const revised = temperatures(asked, 'revise') as number[]
    assert.equal(revised.length, 7)
    assert.deepEqual(
      revised,
      [...revised].sort((a, b) => b - a),
    )
    assert.ok(Math.abs((revised.at(-1) as number) - 0.3) < 1e-9)
    assert.deepEqual(temperatures(asked, 'write'), [0.3])
    assert.deepEqual(
      task.rounds.map(({ temperature }) => temperature),
      [1, ...revised],
    )
    assert.equal(task.roundsMax, 8)
  })

  test('off, models keep the temperature of their provider', async () => {
    await using network = createLoopback('no annealing')
    const { member, asked } = await openSwarm(network, quarrel, { isOn: { annealing: false } })
    const task = await settle(network, member, 'Where to?')
    assert.ok(asked.length > 8 && asked.every(({ request }) => request.temperature === undefined))
    assert.ok(task.rounds.every(({ temperature }) => temperature === null))
  })
})

describe('tunnelling', () => {
  /** All say north and are not sure; who is given a premise sees that it is right. */
  const herd = (_: string, { text }: Asked): Opinion =>
    text.includes('<<<premise')
      ? { answer: 'south', confidence: 90 }
      : { answer: 'north', confidence: 5, others: [{ answer: 'south', confidence: 4 }] }
  const on: QuantumChanges = { isOn: { tunnelling: true } }

  /** The first of some questions whose draw fires: at a chance of .92 nearly each. */
  async function tunnelled(network: Loopback, member: Member): Promise<QuantumTask> {
    for (let i = 0; i < 8; i++) {
      const task = await settle(network, member, `Where to? ${i}`)
      if (task.rounds.some(({ tunnelling }) => tunnelling?.isFired)) return task
    }
    throw new Error('no draw of eight fired')
  }

  test('opens once more what agreed and was not sure, hot, with the minority’s answer as premise', async () => {
    await using network = createLoopback('tunnelling')
    const { member, members, asked } = await openSwarm(network, herd, on)
    const task = await tunnelled(network, member)
    const premised = asked.filter(({ text }) => text.includes('<<<premise'))
    assert.equal(premised.length, NAMES.length)
    // All have drawn alike, and show the same.
    for (const { spore } of members) {
      const found = await spore.quantum({ task: task.task_id, limit: 1 })
      assert.ok(found.ok)
      assert.deepEqual(found.value.tasks[0]?.rounds, task.rounds)
    }
    assert.deepEqual(
      task.rounds.map(({ kind }) => kind),
      ['first', 'challenged', 'reopened'],
    )
    assert.deepEqual(task.hypotheses[0]?.answer, 'south')
    for (const { request, text } of premised) {
      assert.equal(request.temperature, 1)
      // What others wrote stands quoted in its fence, and nowhere in the system message.
      assert.match(text, /<<<premise \S+\n> south\n/)
      assert.ok(!request.messages[0]!.text.includes('south'))
    }
  })

  test('its draw is shown with the seed that replays it, and is the formula on what is shown', async () => {
    await using network = createLoopback('replay')
    const { member } = await openSwarm(network, herd, on)
    const { rounds } = await tunnelled(network, member)
    const { tunnelling, agreement } = rounds[1]!
    assert.ok(tunnelling)
    assert.equal(drawOf(tunnelling.seed), tunnelling.draw)
    assert.ok(tunnelling.draw < tunnelling.chance)
    const formula = agreement * (1 - (tunnelling.confidence as number)) * (1 + tunnelling.dissent)
    assert.equal(tunnelling.chance, Math.min(0.92, formula))
    assert.equal(tunnelling.premise, 'south')
    // Behind the round that was opened, the pause has not passed.
    assert.equal(rounds[2]!.tunnelling?.isFired, false)
  })

  test('goes on with a round that it opened once more after a restart', async () => {
    await using network = createLoopback('restart')
    const slow = (name: string, asked: Asked): Thought => {
      const isOpened = asked.text.includes('<<<premise')
      return { ...herd(name, asked), delayMs: isOpened && name !== 'ann' ? 20_000 : 10 }
    }
    const { member, members } = await openSwarm(network, slow, on)
    const models = (clock: Parameters<typeof createMind>[1]['clock']) => [
      createMind(
        { name: 'test/ann', family: 'ann', delayMs: 10, think: (asked) => herd('ann', asked) },
        { clock },
      ),
    ]
    for (let i = 0; i < 8; i++) {
      const asked = await member.spore.submitTask({
        ...{ task: `Where to? ${i}`, effort: 'deep', choices: CHOICES },
        ...{ answers: NAMES.length, space: 'commons' },
      })
      assert.ok(asked.ok)
      await network.clock.advance(10_000)
      const before = await member.spore.convergence({ task: asked.value.task_id, limit: 1 })
      assert.ok(before.ok)
      const [open] = before.value.tasks
      if (open?.status !== 'open') continue
      assert.deepEqual([open.phase, open.round, open.answers], ['diverge', 2, 0])
      await member.close()
      const seeds = members.slice(1).map(({ url }) => url)
      const again = await network.open('ann', { models, quantum: on, store: member.store, seeds })
      await network.clock.advance(3_000)
      const after = await again.spore.convergence({ task: asked.value.task_id, limit: 1 })
      assert.ok(after.ok)
      assert.deepEqual([after.value.tasks[0]?.phase, after.value.tasks[0]?.round], ['diverge', 2])
      await network.clock.advance(120_000)
      const found = await again.spore.quantum({ task: asked.value.task_id, limit: 1 })
      assert.ok(found.ok)
      const [task] = found.value.tasks
      assert.deepEqual(
        [task?.status, task?.rounds[2]?.kind, task?.hypotheses[0]?.answer],
        ['converged', 'reopened', 'south'],
      )
      return
    }
    throw new Error('no draw of eight fired')
  })

  test('is off by default, and says what it would have drawn', async () => {
    await using network = createLoopback('no tunnelling')
    const { member, asked } = await openSwarm(network, herd)
    const task = await settle(network, member, 'Where to?')
    assert.equal(task.rounds.length, 2)
    assert.equal(task.rounds[1]?.tunnelling?.isFired, false)
    assert.ok((task.rounds[1]?.tunnelling?.chance as number) > 0.9)
    assert.ok(!asked.some(({ text }) => text.includes('<<<premise')))
  })

  test('does not open what nobody has another answer to', async () => {
    await using network = createLoopback('no premise')
    const { member } = await openSwarm(network, () => ({ answer: 'north', confidence: 5 }), on)
    for (let i = 0; i < 3; i++) {
      const { rounds } = await settle(network, member, `Where to? ${i}`)
      assert.equal(rounds.length, 2)
      assert.equal(rounds[1]?.tunnelling?.premise, null)
    }
  })
})

test('superposition: a contributor states what else it holds possible, or its likeliest alone', async () => {
  const think = (): Opinion => ({
    answer: 'north',
    confidence: 60,
    others: [{ answer: 'south', confidence: 30 }],
  })
  for (const [superposition, shares] of [
    [true, [2 / 3, 1 / 3]],
    [false, [1]],
  ] as const) {
    await using network = createLoopback(`superposition ${superposition}`)
    const { member } = await openSwarm(network, think, { isOn: { superposition } })
    const task = await settle(network, member, 'Where to?')
    const found = task.hypotheses.map(({ share }) => Math.round(share * 1000) / 1000)
    assert.deepEqual(
      found,
      shares.map((share) => Math.round(share * 1000) / 1000),
    )
  }
})

test('interference: the factors of first answers are shown, and are in the masses of the synthesis', async () => {
  const think = (name: string): Opinion => ({ answer: name === 'dee' ? 'south' : 'north', confidence: 60 })
  for (const interference of [true, false]) {
    await using network = createLoopback(`interference ${interference}`)
    const { member } = await openSwarm(network, think, { isOn: { interference } })
    const shown = await settle(network, member, 'Where to?', 'quick')
    const factors = shown.contributors.map(({ answer, interference: factor }) => [answer, factor])
    // Of three others two agree with those who say north, and none with the one that stands alone.
    const north = interference ? 1 + (0.4 * 2) / 3 : 1
    for (const [answer, factor] of factors)
      assert.equal(factor, answer === 'north' ? north : interference ? 0.25 : 1)
    assert.equal(factors.length, NAMES.length)
    const task = await member.spore.task(shown.task_id)
    assert.ok(task.ok)
    const masses = task.value.settlement?.participants.map(({ mass }) => mass).sort()
    assert.deepEqual(masses, shown.contributors.map(({ mass }) => mass).sort())
    for (const { weight, independence, confidence, interference: factor, mass } of shown.contributors)
      assert.equal(mass, Math.round(weight * independence * confidence * factor))
  }
})

describe('what is shown', () => {
  test('of the tasks asked last, in pages, and of one', async () => {
    await using network = createLoopback('pages')
    const { member } = await openSwarm(network, () => ({ answer: 'north', confidence: 95 }))
    const ids: string[] = []
    for (let i = 0; i < 3; i++) ids.push((await settle(network, member, `Where to? ${i}`)).task_id)
    const first = await member.spore.quantum({ limit: 2 })
    assert.ok(first.ok)
    assert.deepEqual(
      [first.value.tasks.map(({ task_id }) => task_id), first.value.total],
      [[ids[2], ids[1]], 3],
    )
    const second = await member.spore.quantum({ limit: 2, cursor: first.value.cursor as string })
    assert.ok(second.ok)
    assert.deepEqual(
      [second.value.tasks.map(({ task_id }) => task_id), second.value.cursor],
      [[ids[0]], null],
    )
    assert.deepEqual(first.value.decoherence, { rate: 0.1, floor: 0.15, weight: 0.15 })
  })

  test('without those whom the operator does not want to see', async () => {
    await using network = createLoopback('muted')
    const think = (name: string): Opinion => ({ answer: name === 'dee' ? 'south' : 'north', confidence: 60 })
    const { member, members } = await openSwarm(network, think)
    const before = await settle(network, member, 'Where to?', 'quick')
    assert.equal(before.contributors.length, NAMES.length)
    const dee = members[3]!
    const ruled = await member.spore.moderation.rule(
      { action: 'mute', targets: [{ kind: 'author', value: dee.did }], force: true },
      'test',
    )
    assert.ok(ruled.ok)
    for (const query of [{ task: before.task_id, limit: 1 }, { limit: 1 }]) {
      const found = await member.spore.quantum(query)
      assert.ok(found.ok)
      const shown = JSON.stringify(found.value.tasks)
      assert.equal(found.value.tasks[0]?.contributors.length, NAMES.length - 1)
      assert.ok(!shown.includes(dee.did) && !shown.includes('south'))
    }
  })
})
